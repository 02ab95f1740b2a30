from django.db import migrations

from portail.towns.second_lock import lock, town_tables


def enable(apps, editor):
    lock(editor, town_tables(apps, "billing"))


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]
    operations = [migrations.RunPython(enable, migrations.RunPython.noop, elidable=False)]
