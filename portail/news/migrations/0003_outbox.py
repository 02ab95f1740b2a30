import django.db.models.deletion
import portail.towns.keys
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('families', '0002_second_lock'),
        ('news', '0002_second_lock'),
        ('towns', '0002_second_lock'),
    ]

    operations = [
        migrations.CreateModel(
            name='OutboxMail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, verbose_name='identifiant public')),
                ('key', models.CharField(max_length=150, verbose_name="clé d'unicité")),
                ('kind', models.CharField(max_length=30, verbose_name='nature')),
                ('to', models.EmailField(max_length=254, verbose_name='destinataire')),
                ('subject', models.CharField(max_length=200, verbose_name='objet')),
                ('text', models.TextField(verbose_name='texte')),
                ('html', models.TextField(blank=True, verbose_name='texte (HTML)')),
                ('attachments', models.JSONField(blank=True, default=list, verbose_name='pièces jointes')),
                ('unsubscribe', models.CharField(blank=True, max_length=500, verbose_name='adresse de désabonnement')),
                ('created_at', models.DateTimeField(verbose_name='créé le')),
                ('due_at', models.DateTimeField(verbose_name='à envoyer à partir du')),
                ('status', models.CharField(choices=[('waiting', 'à envoyer'), ('sending', "en cours d'envoi"), ('sent', 'envoyé'), ('failed', 'abandonné'), ('dropped', 'retiré')], default='waiting', max_length=7, verbose_name='état')),
                ('tries', models.PositiveSmallIntegerField(default=0, verbose_name='essais')),
                ('claimed_until', models.DateTimeField(blank=True, null=True, verbose_name="pris jusqu'au")),
                ('claimed_by', models.CharField(blank=True, max_length=80, verbose_name='pris par')),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='envoyé le')),
                ('last_error', models.CharField(blank=True, max_length=300, verbose_name='dernière erreur')),
                ('payer', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='families.payer', verbose_name='payeur')),
                ('town', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='towns.town', verbose_name='commune')),
            ],
            options={
                'verbose_name': 'courriel à envoyer',
                'verbose_name_plural': 'courriels à envoyer',
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(condition=models.Q(('status', 'waiting')), fields=['town', 'due_at', 'id'], name='outbox_waiting'), models.Index(condition=models.Q(('status', 'sending')), fields=['town', 'claimed_until'], name='outbox_sending'), models.Index(fields=['town', 'payer', '-created_at'], name='outbox_by_payer')],
                'constraints': [models.UniqueConstraint(fields=('town', 'key'), name='outbox_key_once_per_town'), models.UniqueConstraint(fields=('town', 'public_id'), name='outbox_public_id'), portail.towns.keys.SameTown(field='payer', name='outbox_same_town_payer'), models.CheckConstraint(condition=models.Q(('status__in', ['waiting', 'sending', 'sent', 'failed', 'dropped'])), name='outbox_known_status'), models.CheckConstraint(condition=models.Q(models.Q(('sent_at__isnull', False), ('status', 'sent')), models.Q(models.Q(('status', 'sent'), _negated=True), ('sent_at__isnull', True)), _connector='OR'), name='outbox_sent_says_when'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'sending'), _negated=True), ('claimed_until__isnull', False), _connector='OR'), name='outbox_sending_is_claimed'), models.CheckConstraint(condition=models.Q(models.Q(('key', ''), _negated=True), models.Q(('to', ''), _negated=True)), name='outbox_goes_somewhere')],
            },
        ),
    ]
