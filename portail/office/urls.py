"""Addresses of the office: French, under `/mairie/`; one list per area."""

from django.urls import include, path

from portail.office import home
from portail.office.accounts import access, staff, trail

app_name = "office"
urlpatterns = [
    path("", home.home, name="home"),
    path("connexion/", access.login, name="login"),
    path("connexion/code/", access.code, name="code"),
    path("connexion/telephone/", access.enrol, name="enrol"),
    path("connexion/codes-de-secours/", access.paper_codes, name="paper_codes"),
    path("mot-de-passe/", access.password, name="password"),
    path("deconnexion/", access.logout, name="logout"),
    path("agents/", staff.staff, name="staff"),
    path("agents/nouveau/", staff.new_staff, name="new_staff"),
    path("agents/<int:number>/", staff.edit_staff, name="edit_staff"),
    path("agents/<int:number>/acces/", staff.reset_staff, name="reset_staff"),
    path("journal/", trail.trail, name="trail"),
    path("", include("portail.office.calendar.urls")),
    path("", include("portail.office.today.urls")),
    path("familles/", include("portail.office.families.urls")),
    path("facturation/", include("portail.office.billing.urls")),
    path("reservations/", include("portail.office.bookings.urls")),
    path("imports/", include("portail.office.imports.urls")),
    path("travaux/", include("portail.office.work.urls")),
    path("messages/", include("portail.office.messages.urls")),
]
