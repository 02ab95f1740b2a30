import django.db.models.deletion
import portail.towns.keys
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('towns', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='School',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(max_length=40, verbose_name='code')),
                ('name', models.CharField(max_length=100, verbose_name='nom')),
                ('school_weekdays', models.PositiveSmallIntegerField(default=27, verbose_name="jours d'école")),
                ('town', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='towns.town', verbose_name='commune')),
            ],
            options={
                'verbose_name': 'école',
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('town', 'id'), name='families_school_town_and_id'), models.UniqueConstraint(fields=('town', 'code'), name='school_code_once_per_town'), models.CheckConstraint(condition=models.Q(('school_weekdays__lte', 127)), name='school_weekdays_are_seven_bits')],
            },
        ),
        migrations.CreateModel(
            name='Classroom',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40, verbose_name='nom')),
                ('teacher', models.CharField(blank=True, max_length=100, verbose_name='enseignant')),
                ('level', models.CharField(blank=True, max_length=20, verbose_name='niveau')),
                ('town', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='towns.town', verbose_name='commune')),
                ('school', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='classrooms', to='families.school', verbose_name='école')),
            ],
            options={
                'verbose_name': 'classe',
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('town', 'id'), name='families_classroom_town_and_id'), models.UniqueConstraint(fields=('town', 'school', 'name'), name='classroom_name_once_per_school'), portail.towns.keys.SameTown(field='school', name='classroom_same_town_school')],
            },
        ),
        migrations.CreateModel(
            name='Person',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, verbose_name='identifiant public')),
                ('code', models.CharField(max_length=8, verbose_name='code enfant')),
                ('kind', models.CharField(choices=[('child', 'enfant'), ('adult', 'adulte')], default='child', max_length=5, verbose_name='qualité')),
                ('first_name', models.CharField(max_length=80, verbose_name='prénom')),
                ('last_name', models.CharField(max_length=80, verbose_name='nom')),
                ('sort_key', models.CharField(max_length=170, verbose_name='clé de tri')),
                ('birth_date', models.DateField(blank=True, null=True, verbose_name='date de naissance')),
                ('occasional', models.BooleanField(default=False, verbose_name='occasionnel')),
                ('active', models.BooleanField(default=True, verbose_name='actif')),
                ('classroom', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='persons', to='families.classroom', verbose_name='classe')),
                ('town', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='towns.town', verbose_name='commune')),
            ],
            options={
                'verbose_name': 'enfant ou convive',
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['town', 'sort_key'], name='person_by_name')],
                'constraints': [models.UniqueConstraint(fields=('town', 'id'), name='families_person_town_and_id'), models.UniqueConstraint(fields=('town', 'code'), name='person_code_once_per_town'), models.UniqueConstraint(fields=('town', 'public_id'), name='person_public_id'), portail.towns.keys.SameTown(field='classroom', name='person_same_town_classroom')],
            },
        ),
        migrations.CreateModel(
            name='Payer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, verbose_name='identifiant public')),
                ('first_name', models.CharField(max_length=80, verbose_name='prénom')),
                ('last_name', models.CharField(max_length=80, verbose_name='nom')),
                ('sort_key', models.CharField(max_length=170, verbose_name='clé de tri')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='courriel')),
                ('phone', models.CharField(blank=True, max_length=20, verbose_name='téléphone')),
                ('code_hash', models.CharField(max_length=200, verbose_name='empreinte du code payeur')),
                ('weak_code', models.BooleanField(default=False, verbose_name='code faible')),
                ('credential_version', models.PositiveIntegerField(default=1, verbose_name='version des codes')),
                ('disabled', models.BooleanField(default=False, verbose_name='code bloqué')),
                ('active', models.BooleanField(default=True, verbose_name='actif')),
                ('town', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='towns.town', verbose_name='commune')),
            ],
            options={
                'verbose_name': 'payeur',
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['town', 'sort_key'], name='payer_by_name')],
                'constraints': [models.UniqueConstraint(fields=('town', 'id'), name='families_payer_town_and_id'), models.UniqueConstraint(fields=('town', 'public_id'), name='payer_public_id')],
            },
        ),
        migrations.CreateModel(
            name='Link',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, verbose_name='identifiant public')),
                ('right', models.CharField(choices=[('full', 'full'), ('read_only', 'read_only'), ('weeks', 'weeks')], default='full', max_length=10, verbose_name='droit')),
                ('weeks_from', models.DateField(blank=True, null=True, verbose_name='semaines à partir du')),
                ('feed_version', models.PositiveIntegerField(default=0, verbose_name="version de l'agenda")),
                ('feed_open', models.BooleanField(default=False, verbose_name='agenda partagé')),
                ('town', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='towns.town', verbose_name='commune')),
                ('payer', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='links', to='families.payer', verbose_name='payeur')),
                ('person', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='links', to='families.person', verbose_name='enfant')),
            ],
            options={
                'verbose_name': 'lien payeur-enfant',
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('town', 'id'), name='families_link_town_and_id'), models.UniqueConstraint(fields=('town', 'payer', 'person'), name='link_once'), models.UniqueConstraint(fields=('town', 'public_id'), name='link_public_id'), models.CheckConstraint(condition=models.Q(models.Q(('right', 'weeks'), _negated=True), ('weeks_from__isnull', False), _connector='OR'), name='link_weeks_have_an_anchor'), portail.towns.keys.SameTown(field='payer', name='link_same_town_payer'), portail.towns.keys.SameTown(field='person', name='link_same_town_person')],
            },
        ),
        migrations.CreateModel(
            name='ParentSession',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key_hash', models.CharField(max_length=64, verbose_name='empreinte de la clé')),
                ('credential_version', models.PositiveIntegerField(verbose_name='version des codes')),
                ('started_at', models.DateTimeField(verbose_name='ouverte le')),
                ('ends_at', models.DateTimeField(verbose_name='expire le')),
                ('town', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='towns.town', verbose_name='commune')),
                ('payer', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='sessions', to='families.payer', verbose_name='payeur')),
            ],
            options={
                'verbose_name': "session d'un parent",
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['town', 'ends_at'], name='session_by_end')],
                'constraints': [models.UniqueConstraint(fields=('town', 'key_hash'), name='session_key_once'), portail.towns.keys.SameTown(field='payer', name='session_same_town_payer')],
            },
        ),
        migrations.CreateModel(
            name='Throttle',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=80, verbose_name='clé')),
                ('tries', models.PositiveIntegerField(default=0, verbose_name='échecs des 24 heures')),
                ('in_a_row', models.PositiveIntegerField(default=0, verbose_name='échecs de suite')),
                ('last', models.DateTimeField(null=True, verbose_name='dernier essai')),
                ('town', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='towns.town', verbose_name='commune')),
            ],
            options={
                'verbose_name': "compteur d'essais",
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('town', 'key'), name='throttle_key_once')],
            },
        ),
        migrations.CreateModel(
            name='FailedLogin',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='le')),
                ('network', models.CharField(max_length=45, verbose_name='réseau')),
                ('child_code', models.CharField(max_length=20, verbose_name='code enfant saisi')),
                ('town', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='towns.town', verbose_name='commune')),
            ],
            options={
                'verbose_name': 'connexion refusée',
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['town', 'network', 'at'], name='failed_by_network')],
                'constraints': [models.UniqueConstraint(fields=('town', 'id'), name='families_failedlogin_town_and_id')],
            },
        ),
    ]
