"""Addresses of bookings by the town hall."""

from django.urls import path

from portail.office.bookings import history, late, planning

urlpatterns = [
    path("", planning.bookings, name="bookings"),
    path("enfants/<uuid:public_id>/", planning.child_bookings, name="child_bookings"),
    path("envois/<uuid:public_id>/", planning.bookings_recap, name="bookings_recap"),
    path("historique/", history.booking_history, name="booking_history"),
    path("demandes/", late.late_requests, name="late_requests"),
    path("demandes/<uuid:public_id>/", late.late_request, name="late_request"),
]
