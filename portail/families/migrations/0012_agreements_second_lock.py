from django.db import migrations

from portail.towns.second_lock import lock


def enable(apps, editor):
    lock(editor, ["families_agreement", "families_agreementanswer"])


class Migration(migrations.Migration):
    dependencies = [("families", "0011_agreements")]
    operations = [migrations.RunPython(enable, migrations.RunPython.noop, elidable=False)]
