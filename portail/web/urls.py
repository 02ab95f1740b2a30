"""Addresses of the parents' face: short, French, without primary keys."""

from django.urls import path
from django.views.i18n import set_language

from portail.web import access, board, bulk, feed, history, home, periods, planning, public, recap, texts

urlpatterns = [
    path("", access.login, name="login"),
    path("deconnexion/", access.logout, name="logout"),
    path("prolonger/", access.extend, name="extend"),
    path("accueil/", home.home, name="home"),
    path("enfants/", home.children, name="children"),
    path("planning/recap/<uuid:public_id>/", recap.recap, name="recap"),
    path("planning/recap/<uuid:public_id>/annuler/", planning.undo_changes, name="undo"),
    path("planning/<str:code>/", planning.planning, name="planning"),
    path("planning/<str:code>/pourquoi/<slug:activity>/<str:day>/", planning.why, name="why"),
    path("planning/<str:code>/copier/", bulk.copy, name="copy"),
    path("planning/<str:code>/semaine-type/", bulk.pattern, name="pattern"),
    path("planning/<str:code>/absence/", bulk.absence, name="absence"),
    path("planning/<str:code>/autres-enfants/", bulk.siblings, name="siblings"),
    path("planning/<str:code>/periscotidien/", periods.periods, name="periods"),
    path("planning/<str:code>/agenda/", feed.feed_page, name="feed_page"),
    path("agenda/<uuid:link>-<str:secret>.ics", feed.feed, name="feed"),
    path("modifications/", history.latest, name="modifications"),
    path("modifications/<str:code>/", history.history, name="history"),
    path("factures/", public.invoices, name="invoices"),
    path("contact/", public.contact, name="contact"),
    path("aide/", texts.help_page, name="help"),
    path("mentions-legales/", texts.legal, name="legal"),
    path("donnees-personnelles/", texts.privacy, name="privacy"),
    path("accessibilite/", texts.accessibility, name="accessibility"),
    path("actualites/fichier/<uuid:public_id>/", board.news_file, name="news_file"),
    path("couleurs/<str:digest>.css", public.town_css, name="town_css"),
    path("logo/<str:digest>/", public.logo, name="logo"),
    path("langue/", set_language, name="language"),
]
