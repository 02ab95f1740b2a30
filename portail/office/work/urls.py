"""Addresses of the works."""

from django.urls import path

from portail.office.work import views

urlpatterns = [
    path("", views.jobs, name="jobs"),
    path("<uuid:public_id>/", views.job, name="job"),
    path("<uuid:public_id>/etat/", views.job_state, name="job_state"),
    path("<uuid:public_id>/arreter/", views.job_stop, name="job_stop"),
    path("<uuid:public_id>/fichier/", views.job_file, name="job_file"),
]
