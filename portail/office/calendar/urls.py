"""Addresses of activities, enrolments, the calendar, events and périscotidien periods."""

from django.urls import path

from portail.office.calendar import activities, calendar, enrolments, events, periods

urlpatterns = [
    path("activites/", activities.activities, name="activities"),
    path("activites/nouvelle/", activities.new_activity, name="new_activity"),
    path("activites/ordre/", activities.activity_order, name="activity_order"),
    path("activites/<int:number>/", activities.edit_activity, name="edit_activity"),
    path("activites/<int:number>/etat/", activities.activity_state, name="activity_state"),
    path("activites/<int:number>/inscrits/", enrolments.enrolments, name="enrolments"),
    path("activites/inscrits/<int:number>/retirer/", enrolments.end_enrolment, name="end_enrolment"),
    path("calendrier/", calendar.month, name="calendar"),
    path("calendrier/annee/", calendar.year, name="calendar_year"),
    path("calendrier/vacances/", calendar.holidays, name="holidays"),
    path("calendrier/vacances/<int:number>/", calendar.holiday, name="holiday"),
    path("calendrier/jours/", calendar.school_days, name="school_days"),
    path("calendrier/jours/<int:number>/retirer/", calendar.end_school_day, name="end_school_day"),
    path("calendrier/fermetures/", events.events, name="events"),
    path("calendrier/fermetures/nouvelle/", events.new_event, name="new_event"),
    path("calendrier/fermetures/<int:number>/retirer/", calendar.end_closure, name="end_closure"),
    path("calendrier/fermetures/<uuid:public_id>/", events.event, name="event"),
    path("periodes/", periods.periods, name="periods"),
    path("periodes/nouvelle/", periods.new_period, name="new_period"),
    path("periodes/<int:number>/", periods.edit_period, name="edit_period"),
]
