"""What the town hall knows to look after someone: who may fetch them, what their health asks for."""

from django.db import models

from portail.families.models.register import Person
from portail.towns.keys import SameTown
from portail.towns.models import TownModel


class AuthorisedPerson(TownModel):
    """Somebody besides the payers who may fetch a child."""

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, db_constraint=False, related_name="authorised", verbose_name="enfant"
    )
    name = models.CharField("nom", max_length=150)
    phone = models.CharField("téléphone", max_length=30, blank=True)
    relation = models.CharField("lien", max_length=60, blank=True)

    class Meta(TownModel.Meta):
        verbose_name = "personne autorisée"
        verbose_name_plural = "personnes autorisées"
        indexes = [models.Index(fields=["town", "person"], name="authorised_by_person")]
        constraints = [SameTown(field="person", name="authorised_same_town_person")]


class HealthRecord(TownModel):
    """Allergies, care plan (PAI), diet: one sealed text a person (`towns.sealing`); each reading leaves a trace.

    In clear, only that there is a care plan: a symbol beside the name on the lists of the day.
    """

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, db_constraint=False, related_name="health", verbose_name="enfant"
    )
    sealed = models.BinaryField("texte chiffré")
    care_plan = models.BooleanField("PAI", default=False)
    updated_at = models.DateTimeField("mis à jour le")

    class Meta(TownModel.Meta):
        verbose_name = "fiche de santé"
        verbose_name_plural = "fiches de santé"
        constraints = [
            models.UniqueConstraint(fields=["town", "person"], name="health_once_per_person"),
            SameTown(field="person", name="health_same_town_person"),
        ]
