from django.db import migrations

from portail.towns.second_lock import lock


def enable(apps, editor):
    lock(editor, ["news_contactreply", "news_campaign"])


class Migration(migrations.Migration):
    dependencies = [("news", "0005_office_messages")]
    operations = [migrations.RunPython(enable, migrations.RunPython.noop, elidable=False)]
