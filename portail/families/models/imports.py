"""Files of pupils or guardians brought into the register: what each line does, and how it was before, to undo it."""

from uuid import uuid4

from django.db import models

from portail.families.models.register import Payer, Person, School
from portail.towns.keys import SameTown
from portail.towns.models import KeptFile, TownModel


class ImportBatch(TownModel):
    """One file brought in: received, its columns matched, its lines tried dry, then done, and perhaps undone."""

    class Kind(models.TextChoices):
        PUPILS = "pupils", "élèves"
        GUARDIANS = "guardians", "responsables"

    class State(models.TextChoices):
        RECEIVED = "received", "à vérifier"
        READY = "ready", "à confirmer"
        RUNNING = "running", "en cours"
        DONE = "done", "importé"
        UNDOING = "undoing", "annulation en cours"
        UNDONE = "undone", "annulé"

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    kind = models.CharField("contenu", max_length=10, choices=Kind.choices)
    state = models.CharField("état", max_length=10, choices=State.choices, default=State.RECEIVED)
    name = models.CharField("nom du fichier", max_length=200)
    file = models.ForeignKey(
        KeptFile, on_delete=models.SET_NULL, null=True, db_constraint=False, related_name="+", verbose_name="fichier"
    )
    headers = models.JSONField("en-têtes", default=list)
    sample = models.JSONField("première ligne", default=list)
    columns = models.JSONField("colonnes", default=dict)  # what a column says -> its place, from 0
    school = models.ForeignKey(
        School, on_delete=models.SET_NULL, null=True, db_constraint=False, related_name="+", verbose_name="école"
    )
    leavers = models.BooleanField("désactiver les absents", default=False)
    lines = models.PositiveIntegerField("lignes", default=0)
    classrooms = models.JSONField("classes créées", default=list)  # keys
    actor = models.CharField("reçu de", max_length=150)
    at = models.DateTimeField("reçu le")
    done_at = models.DateTimeField("importé le", null=True)
    undone_at = models.DateTimeField("annulé le", null=True)

    class Meta(TownModel.Meta):
        verbose_name = "import"
        indexes = [models.Index(fields=["town", "kind", "at"], name="import_by_kind")]
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "public_id"], name="import_public_id"),
            SameTown(field="file", name="import_same_town_file"),
            SameTown(field="school", name="import_same_town_school"),
        ]

    def __str__(self) -> str:
        return self.name


class ImportRow(TownModel):
    """What one line of a file does to one person or payer. `before` and `after` hold only what changes."""

    class Verdict(models.TextChoices):
        NEW = "new", "nouveau"
        CHANGED = "changed", "modifié"
        SAME = "same", "inchangé"
        LEFT = "left", "absent du fichier"
        DOUBLE = "double", "doublon ou doute"
        UNREADABLE = "unreadable", "illisible"

    class State(models.TextChoices):
        IDLE = "idle", "rien à faire"
        PLANNED = "planned", "à faire"
        DONE = "done", "fait"
        REFUSED = "refused", "non fait"
        UNDONE = "undone", "annulé"
        STUCK = "stuck", "annulation refusée"

    batch = models.ForeignKey(
        ImportBatch, on_delete=models.CASCADE, db_constraint=False, related_name="rows", verbose_name="import"
    )
    line = models.PositiveIntegerField("ligne")  # 0: somebody whom the file does not have
    verdict = models.CharField("constat", max_length=10, choices=Verdict.choices)
    state = models.CharField("suite", max_length=8, choices=State.choices)
    name = models.CharField("nom", max_length=170)
    place = models.CharField("classe", max_length=150, blank=True)
    reason = models.CharField("motif", max_length=300, blank=True)
    person = models.ForeignKey(
        Person, on_delete=models.SET_NULL, null=True, db_constraint=False, related_name="+", verbose_name="enfant"
    )
    payer = models.ForeignKey(
        Payer, on_delete=models.SET_NULL, null=True, db_constraint=False, related_name="+", verbose_name="payeur"
    )
    before = models.JSONField("avant", default=dict)
    after = models.JSONField("après", default=dict)

    class Meta(TownModel.Meta):
        verbose_name = "ligne d'un import"
        verbose_name_plural = "lignes d'un import"
        indexes = [models.Index(fields=["town", "batch", "state"], name="import_row_by_state")]
        constraints = [
            SameTown(field="batch", name="import_row_same_town_batch"),
            SameTown(field="person", name="import_row_same_town_person"),
            SameTown(field="payer", name="import_row_same_town_payer"),
        ]
