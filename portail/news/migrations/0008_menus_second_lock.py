from django.db import migrations

from portail.towns.second_lock import lock


def enable(apps, editor):
    lock(editor, ["news_menu"])


class Migration(migrations.Migration):
    dependencies = [("news", "0007_menus")]
    operations = [migrations.RunPython(enable, migrations.RunPython.noop, elidable=False)]
