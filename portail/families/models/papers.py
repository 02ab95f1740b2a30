"""The papers that the town hall asks for (insurance, vaccinations…), and those it has received."""

from django.db import models

from portail.families.models.register import Person
from portail.towns.keys import SameTown
from portail.towns.models import KeptFile, TownModel

KEEP = models.PROTECT


class PaperKind(TownModel):
    """A paper asked for each child: « Attestation d'assurance ». `expires`: it is good until a day that it says."""

    name = models.CharField("pièce", max_length=100)
    note = models.CharField("précision", max_length=300, blank=True)
    expires = models.BooleanField("a une date de fin", default=True)
    required = models.BooleanField("obligatoire", default=True)
    active = models.BooleanField("demandée", default=True)

    class Meta(TownModel.Meta):
        verbose_name = "pièce demandée"
        verbose_name_plural = "pièces demandées"
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "name"], name="paper_kind_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Paper(TownModel):
    """A paper received for a child; a newer one of the same kind takes its place. The file, if any, is sealed."""

    kind = models.ForeignKey(
        PaperKind, on_delete=KEEP, db_constraint=False, related_name="papers", verbose_name="pièce"
    )
    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, db_constraint=False, related_name="papers", verbose_name="enfant"
    )
    received_on = models.DateField("reçue le")
    valid_until = models.DateField("valable jusqu'au", null=True, blank=True)
    file = models.ForeignKey(
        KeptFile, on_delete=models.SET_NULL, null=True, db_constraint=False, related_name="+", verbose_name="fichier"
    )

    class Meta(TownModel.Meta):
        verbose_name = "pièce reçue"
        verbose_name_plural = "pièces reçues"
        indexes = [models.Index(fields=["town", "valid_until"], name="paper_by_end")]
        constraints = [
            models.UniqueConstraint(fields=["town", "kind", "person"], name="paper_once_per_person"),
            SameTown(field="kind", name="paper_same_town_kind"),
            SameTown(field="person", name="paper_same_town_person"),
            SameTown(field="file", name="paper_same_town_file"),
        ]
