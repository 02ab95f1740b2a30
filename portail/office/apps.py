"""Declares the static files of the office."""

from django.apps import AppConfig


class OfficeConfig(AppConfig):
    """No table: a face owns none."""

    name = "portail.office"
    verbose_name = "mairie"
