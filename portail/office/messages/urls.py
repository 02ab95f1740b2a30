"""Addresses of the messages."""

from django.urls import path

from portail.office.messages import campaigns, contacts, menus, news

urlpatterns = [
    path("actualites/", news.news, name="news"),
    path("actualites/nouvelle/", news.new_news, name="new_news"),
    path("actualites/<uuid:public_id>/", news.edit_news, name="edit_news"),
    path("actualites/<uuid:public_id>/joindre/", news.attach, name="attach"),
    path("actualites/<uuid:public_id>/retirer/", news.news_out, name="news_out"),
    path("actualites/fichiers/<uuid:public_id>/", news.office_file, name="office_file"),
    path("actualites/fichiers/<uuid:public_id>/retirer/", news.drop_file, name="drop_file"),
    path("menus/", menus.menus, name="menus"),
    path("courriels/", campaigns.campaigns, name="campaigns"),
    path("courriels/nouveau/", campaigns.new_campaign, name="new_campaign"),
    path("courriels/non-remis/", campaigns.abandoned, name="abandoned"),
    path("courriels/reessayer/", campaigns.retry, name="retry"),
    path("courriels/<uuid:public_id>/", campaigns.campaign, name="campaign"),
    path("demandes/", contacts.contacts, name="contacts"),
    path("demandes/<uuid:public_id>/", contacts.contact, name="contact"),
    path("demandes/<uuid:public_id>/etat/", contacts.contact_state, name="contact_state"),
]
