from django.db import migrations

from portail.towns.second_lock import lock

NEW = ["bookings_attendancegesture", "bookings_kitchenrecipient", "bookings_kitchenorder"]


def enable(apps, editor):
    lock(editor, NEW)


class Migration(migrations.Migration):
    dependencies = [("bookings", "0007_attendance_gestures_and_kitchen")]
    operations = [migrations.RunPython(enable, migrations.RunPython.noop, elidable=False)]
