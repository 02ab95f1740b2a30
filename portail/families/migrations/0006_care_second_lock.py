from django.db import migrations

from portail.towns.second_lock import lock


def enable(apps, editor):
    lock(editor, ["families_authorisedperson", "families_healthrecord"])


class Migration(migrations.Migration):
    dependencies = [("families", "0005_care")]
    operations = [migrations.RunPython(enable, migrations.RunPython.noop, elidable=False)]
