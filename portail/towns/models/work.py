"""Long work that the office asks for, and the files that go with it."""

from uuid import uuid4

from django.db import models
from django.db.models import Q

from portail.towns.keys import SameTown
from portail.towns.models.staff import Staff
from portail.towns.models.towns import TownModel


class KeptFile(TownModel):
    """A file received or made, sealed at rest, destroyed at `expires_at` (letters with codes: after 7 days)."""

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    name = models.CharField("nom du fichier", max_length=200)
    content_type = models.CharField("type", max_length=100)
    content = models.BinaryField("contenu chiffré")
    size = models.PositiveIntegerField("taille (octets)")
    at = models.DateTimeField("gardé le")
    expires_at = models.DateTimeField("détruit le")

    class Meta(TownModel.Meta):
        verbose_name = "fichier gardé"
        indexes = [models.Index(fields=["town", "expires_at"], name="kept_file_by_end")]
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "public_id"], name="kept_file_public_id"),
        ]


class Job(TownModel):
    """Work done by the worker, step by step: may be left, come back to, and survives the death of who does it.

    The row is the truth; whoever does the work holds a lease, and when it runs out somebody else goes on.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "en attente"
        RUNNING = "running", "en cours"
        DONE = "done", "terminé"
        FAILED = "failed", "échoué"
        STOPPED = "stopped", "arrêté"

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    kind = models.CharField("travail", max_length=40)
    label = models.CharField("libellé", max_length=200)
    state = models.CharField("état", max_length=10, choices=State.choices, default=State.WAITING)
    order = models.JSONField("commande", default=dict)  # what was asked, as the work itself understands it
    done = models.PositiveIntegerField("fait", default=0)
    total = models.PositiveIntegerField("à faire", default=0)
    note = models.CharField("où il en est", max_length=200, blank=True)
    result = models.JSONField("résultat", null=True)
    error = models.TextField("échec", blank=True)
    file = models.ForeignKey(
        KeptFile, on_delete=models.SET_NULL, null=True, db_constraint=False, related_name="+", verbose_name="fichier"
    )
    staff = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, db_constraint=False, related_name="+", verbose_name="agent"
    )
    actor = models.CharField("demandé par", max_length=150)
    asked_at = models.DateTimeField("demandé le")
    started_at = models.DateTimeField("commencé le", null=True)
    ended_at = models.DateTimeField("fini le", null=True)
    tries = models.PositiveSmallIntegerField("essais", default=0)
    worker = models.CharField("tenu par", max_length=80, blank=True)
    lease_until = models.DateTimeField("tenu jusqu'au", null=True)
    key = models.CharField("clé d'unicité", max_length=120, blank=True)

    class Meta(TownModel.Meta):
        verbose_name = "travail"
        verbose_name_plural = "travaux"
        indexes = [models.Index(fields=["town", "state", "asked_at"], name="job_by_state")]
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "public_id"], name="job_public_id"),
            # Two clicks, or two clerks: one work.
            models.UniqueConstraint(
                fields=["town", "key"], condition=~Q(key="") & Q(state__in=["waiting", "running"]), name="job_key_once"
            ),
            SameTown(field="file", name="job_same_town_file"),
            SameTown(field="staff", name="job_same_town_staff"),
        ]
