from django.db import migrations

from portail.towns.second_lock import lock


def enable(apps, editor):
    lock(editor, ["families_quotient"])


class Migration(migrations.Migration):
    dependencies = [("families", "0003_quotients")]
    operations = [migrations.RunPython(enable, migrations.RunPython.noop, elidable=False)]
