from django.db import migrations

from portail.towns.second_lock import lock


def enable(apps, editor):
    lock(editor, ["bookings_attendance"])


class Migration(migrations.Migration):
    dependencies = [("bookings", "0003_attendance")]
    operations = [migrations.RunPython(enable, migrations.RunPython.noop, elidable=False)]
