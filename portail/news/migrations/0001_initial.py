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
            name='NewsItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, verbose_name='identifiant public')),
                ('kind', models.CharField(choices=[('news', "Au fil de l'actualité"), ('information', "Message d'information"), ('tip', 'Bon à savoir')], max_length=11, verbose_name='rubrique')),
                ('title', models.CharField(max_length=150, verbose_name='titre')),
                ('body', models.TextField(verbose_name='texte (HTML nettoyé)')),
                ('link', models.URLField(blank=True, verbose_name='en savoir plus')),
                ('published_at', models.DateTimeField(verbose_name='publié le')),
                ('until', models.DateTimeField(blank=True, null=True, verbose_name='retiré le')),
                ('town', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='towns.town', verbose_name='commune')),
            ],
            options={
                'verbose_name': 'actualité',
                'verbose_name_plural': 'actualités',
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['town', '-published_at'], name='news_by_date')],
                'constraints': [models.UniqueConstraint(fields=('town', 'id'), name='news_newsitem_town_and_id'), models.UniqueConstraint(fields=('town', 'public_id'), name='news_public_id')],
            },
        ),
        migrations.CreateModel(
            name='NewsFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, verbose_name='identifiant public')),
                ('name', models.CharField(max_length=150, verbose_name='nom')),
                ('alt', models.CharField(blank=True, max_length=200, verbose_name='texte de remplacement')),
                ('content_type', models.CharField(max_length=60, verbose_name='type')),
                ('size', models.PositiveIntegerField(verbose_name='taille en octets')),
                ('content', models.BinaryField(verbose_name='contenu')),
                ('town', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='towns.town', verbose_name='commune')),
                ('item', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='files', to='news.newsitem', verbose_name='actualité')),
            ],
            options={
                'verbose_name': "fichier d'une actualité",
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('town', 'public_id'), name='news_file_public_id'), portail.towns.keys.SameTown(field='item', name='news_file_same_town_item')],
            },
        ),
        migrations.CreateModel(
            name='ContactRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, verbose_name='identifiant public')),
                ('at', models.DateTimeField(verbose_name='reçue le')),
                ('subject', models.CharField(max_length=20, verbose_name='objet')),
                ('name', models.CharField(max_length=150, verbose_name='nom')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='courriel')),
                ('phone', models.CharField(blank=True, max_length=30, verbose_name='téléphone')),
                ('child', models.CharField(blank=True, max_length=150, verbose_name='enfant')),
                ('message', models.TextField(max_length=4000, verbose_name='message')),
                ('status', models.CharField(choices=[('new', 'à traiter'), ('done', 'traitée')], default='new', max_length=4, verbose_name='état')),
                ('town', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='towns.town', verbose_name='commune')),
            ],
            options={
                'verbose_name': 'demande de contact',
                'verbose_name_plural': 'demandes de contact',
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['town', 'status', 'at'], name='contact_by_status')],
                'constraints': [models.UniqueConstraint(fields=('town', 'public_id'), name='contact_public_id')],
            },
        ),
    ]
