from django.db import migrations

from portail.towns.second_lock import lock

NEW = [
    "towns_staffrole", "towns_secondfactor", "towns_recoverycode", "towns_staffsession", "towns_staffthrottle",
    "towns_seal", "towns_keptfile", "towns_job",
]  # fmt: skip


def enable(apps, editor):
    lock(editor, NEW)


class Migration(migrations.Migration):
    dependencies = [("towns", "0003_office")]
    operations = [migrations.RunPython(enable, migrations.RunPython.noop, elidable=False)]
