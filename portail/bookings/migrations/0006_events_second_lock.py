from django.db import migrations

from portail.towns.second_lock import lock


def enable(apps, editor):
    lock(editor, ["bookings_event"])


class Migration(migrations.Migration):
    dependencies = [("bookings", "0005_events")]
    operations = [migrations.RunPython(enable, migrations.RunPython.noop, elidable=False)]
