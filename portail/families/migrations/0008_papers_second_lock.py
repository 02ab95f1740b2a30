from django.db import migrations

from portail.towns.second_lock import lock


def enable(apps, editor):
    lock(editor, ["families_paper", "families_paperkind"])


class Migration(migrations.Migration):
    dependencies = [("families", "0007_papers")]
    operations = [migrations.RunPython(enable, migrations.RunPython.noop, elidable=False)]
