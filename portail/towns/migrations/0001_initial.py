import django.db.models.deletion
import portail.towns.keys
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='Town',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='nom')),
                ('slug', models.SlugField(unique=True, verbose_name='identifiant')),
                ('status', models.CharField(choices=[('preparing', 'en préparation'), ('open', 'ouvert'), ('suspended', 'suspendu')], default='preparing', max_length=10, verbose_name='état')),
                ('opens_on', models.DateField(blank=True, null=True, verbose_name='ouverture prévue le')),
                ('time_zone', models.CharField(default='Europe/Paris', max_length=40, verbose_name='fuseau horaire')),
                ('zone', models.CharField(blank=True, max_length=1, verbose_name='zone de vacances')),
                ('region', models.CharField(blank=True, max_length=20, verbose_name='jours fériés locaux')),
                ('phone', models.CharField(blank=True, max_length=20, verbose_name='téléphone')),
                ('voice_number', models.CharField(blank=True, max_length=20, verbose_name='serveur vocal')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='courriel')),
                ('address', models.TextField(blank=True, verbose_name='adresse')),
                ('office_hours', models.TextField(blank=True, verbose_name="horaires d'ouverture")),
                ('website', models.URLField(blank=True, verbose_name='site de la commune')),
                ('town_colour', models.CharField(default='#1b3a6b', max_length=7, verbose_name='couleur')),
                ('accent_colour', models.CharField(default='#b34000', max_length=7, verbose_name="couleur d'accent")),
                ('labels', models.JSONField(blank=True, default=dict, verbose_name='libellés')),
                ('weeks_shown', models.PositiveSmallIntegerField(default=4, verbose_name='semaines affichées')),
                ('logo_digest', models.CharField(blank=True, max_length=64, verbose_name='empreinte du logo')),
                ('revision', models.PositiveIntegerField(default=0, verbose_name='révision')),
            ],
            options={
                'verbose_name': 'commune',
                'constraints': [models.CheckConstraint(condition=models.Q(('weeks_shown__range', (1, 53))), name='town_weeks_shown')],
            },
        ),
        migrations.CreateModel(
            name='Host',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=253, unique=True, verbose_name="nom d'hôte")),
                ('canonical', models.BooleanField(default=False, verbose_name='principal')),
                ('town', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='hosts', to='towns.town', verbose_name='commune')),
            ],
            options={
                'verbose_name': "nom d'hôte",
                'constraints': [models.UniqueConstraint(condition=models.Q(('canonical', True)), fields=('town',), name='host_one_canonical_per_town')],
            },
        ),
        migrations.CreateModel(
            name='Staff',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('login', models.CharField(max_length=254, unique=True, verbose_name='identifiant')),
                ('name', models.CharField(max_length=150, verbose_name='nom')),
                ('is_active', models.BooleanField(default=True, verbose_name='actif')),
                ('created_at', models.DateTimeField(verbose_name='créé le')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
                ('town', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='staff', to='towns.town', verbose_name='commune')),
            ],
            options={
                'verbose_name': 'agent',
                'constraints': [models.UniqueConstraint(fields=('town', 'id'), name='towns_staff_town_and_id')],
            },
        ),
        migrations.CreateModel(
            name='Logo',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('content', models.BinaryField(verbose_name='contenu')),
                ('content_type', models.CharField(max_length=20, verbose_name='type')),
                ('town', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='towns.town', verbose_name='commune')),
            ],
            options={
                'verbose_name': 'logo',
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('town',), name='logo_one_per_town')],
            },
        ),
        migrations.CreateModel(
            name='Audit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='le')),
                ('actor', models.CharField(max_length=150, verbose_name='auteur')),
                ('channel', models.CharField(max_length=10, verbose_name='par')),
                ('verb', models.CharField(max_length=60, verbose_name='acte')),
                ('subject', models.CharField(max_length=200, verbose_name='objet')),
                ('before', models.JSONField(null=True, verbose_name='avant')),
                ('after', models.JSONField(null=True, verbose_name='après')),
                ('staff', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='agent')),
                ('town', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='towns.town', verbose_name='commune')),
            ],
            options={
                'verbose_name': 'trace',
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['town', 'at'], name='audit_by_time')],
                'constraints': [portail.towns.keys.SameTown(field='staff', name='audit_same_town_staff')],
            },
        ),
    ]
