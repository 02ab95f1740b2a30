from django.db import migrations

from portail.towns.second_lock import lock


def enable(apps, editor):
    lock(editor, ["families_importbatch", "families_importrow"])


class Migration(migrations.Migration):
    dependencies = [("families", "0009_imports")]
    operations = [migrations.RunPython(enable, migrations.RunPython.noop, elidable=False)]
