"""What staff did, and the seals that show that nobody rewrote it."""

from django.db import models

from portail.towns.keys import SameTown
from portail.towns.models.staff import Staff
from portail.towns.models.towns import TownModel


class Audit(TownModel):
    """What staff, or the console in their name, did: append-only, written in the same transaction as the act."""

    at = models.DateTimeField("le")
    staff = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, db_constraint=False, related_name="+", verbose_name="agent"
    )
    actor = models.CharField("auteur", max_length=150)
    channel = models.CharField("par", max_length=10)
    verb = models.CharField("acte", max_length=60)
    subject = models.CharField("objet", max_length=200)
    before = models.JSONField("avant", null=True)
    after = models.JSONField("après", null=True)

    class Meta(TownModel.Meta):
        verbose_name = "trace"
        indexes = [models.Index(fields=["town", "at"], name="audit_by_time")]
        constraints = [SameTown(field="staff", name="audit_same_town_staff")]


class Seal(TownModel):
    """One link of the town's hash chain: what a line of a history was when it was sealed (`rules.sealing`).

    `stream` names the history (« audit », « change »), `row` is its key there, `place` the rank in the chain, without a
    gap. Append-only. The chain is made by the clock, outside the acts, which never wait for each other.
    """

    stream = models.CharField("journal", max_length=10)
    row = models.BigIntegerField("ligne")
    place = models.BigIntegerField("rang")
    digest = models.CharField("empreinte", max_length=64)
    at = models.DateTimeField("scellée le")

    class Meta(TownModel.Meta):
        verbose_name = "sceau"
        constraints = [
            models.UniqueConstraint(fields=["town", "place"], name="seal_place_once"),
            models.UniqueConstraint(fields=["town", "stream", "row"], name="seal_row_once"),
        ]
