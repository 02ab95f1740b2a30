"""Addresses of imports."""

from django.urls import path

from portail.office.imports import views

urlpatterns = [
    path("", views.imports, name="imports"),
    path("<uuid:public_id>/", views.import_page, name="import"),
    path("<uuid:public_id>/colonnes/", views.import_columns, name="import_columns"),
    path("<uuid:public_id>/confirmer/", views.import_confirm, name="import_confirm"),
    path("<uuid:public_id>/annuler/", views.import_undo, name="import_undo"),
]
