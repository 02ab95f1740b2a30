"""Registers the checks of an installation."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The console's face."""

    name = "portail.console"
    verbose_name = "console"

    def ready(self) -> None:
        from portail.console import checks  # noqa: F401, PLC0415  imported for its registrations, once apps are ready
