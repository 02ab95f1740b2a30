"""Addresses of the day's work. All of the register is under `pointage/`: its service worker rules that path alone."""

from django.urls import path

from portail.office.today import attendance, counts, kitchen, lists, sync

urlpatterns = [
    path("aujourdhui/", counts.today, name="today"),
    path("aujourdhui/semaine/", counts.week_of_counts, name="today_week"),
    path("aujourdhui/commande/", counts.order, name="kitchen_order"),
    path("aujourdhui/listes/", lists.day_lists, name="day_lists"),
    path("aujourdhui/sans-pointage/", lists.forgotten, name="forgotten"),
    path("aujourdhui/cuisine/", kitchen.kitchen, name="kitchen"),
    path("aujourdhui/cuisine/nouveau/", kitchen.new_recipient, name="new_recipient"),
    path("aujourdhui/cuisine/<int:number>/", kitchen.edit_recipient, name="edit_recipient"),
    path("aujourdhui/cuisine/<int:number>/retirer/", kitchen.drop_recipient, name="drop_recipient"),
    path("pointage/", attendance.attendance, name="attendance"),
    path("pointage/evacuation/", attendance.evacuation, name="evacuation"),
    path("pointage/envoi/", sync.sync_gestures, name="sync_gestures"),
    path("pointage/hors-ligne.js", attendance.service_worker, name="attendance_worker"),
    path("pointage/<slug:activity>/<str:day>/", attendance.register, name="register"),
]
