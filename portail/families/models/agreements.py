"""What families are asked to accept or to answer each school year: rules of the canteen, pictures of the children."""

from django.db import models

from portail.families.models.register import Payer
from portail.rules.booking import Channel
from portail.towns.keys import SameTown
from portail.towns.models import TownModel

CHANNELS = [(channel.value, channel.value) for channel in Channel]


class Agreement(TownModel):
    """A text put to each payer, every school year anew. `required`: to be accepted before booking."""

    class Kind(models.TextChoices):
        RULES = "rules", "règlement à accepter"
        CONSENT = "consent", "accord, oui ou non"

    kind = models.CharField("nature", max_length=7, choices=Kind.choices, default=Kind.RULES)
    title = models.CharField("titre", max_length=150)
    body = models.TextField("texte")
    required = models.BooleanField("obligatoire", default=False)
    active = models.BooleanField("en vigueur", default=True)

    class Meta(TownModel.Meta):
        verbose_name = "règlement ou accord"
        verbose_name_plural = "règlements et accords"
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "title"], name="agreement_title_once"),
        ]

    def __str__(self) -> str:
        return self.title


class AgreementAnswer(TownModel):
    """The answer of a payer for one school year (`school_year`: the year in which it begins); changing it is traced."""

    agreement = models.ForeignKey(
        Agreement, on_delete=models.PROTECT, db_constraint=False, related_name="answers", verbose_name="règlement"
    )
    payer = models.ForeignKey(
        Payer, on_delete=models.CASCADE, db_constraint=False, related_name="answers", verbose_name="payeur"
    )
    school_year = models.PositiveSmallIntegerField("année scolaire")
    agreed = models.BooleanField("d'accord")
    at = models.DateTimeField("répondu le")
    channel = models.CharField("par", max_length=10, choices=CHANNELS)

    class Meta(TownModel.Meta):
        verbose_name = "réponse à un règlement"
        verbose_name_plural = "réponses aux règlements"
        constraints = [
            models.UniqueConstraint(fields=["town", "agreement", "payer", "school_year"], name="agreement_answer_once"),
            SameTown(field="agreement", name="answer_same_town_agreement"),
            SameTown(field="payer", name="answer_same_town_payer"),
        ]
