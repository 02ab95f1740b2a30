"""How the town bills: its régies, which activity each one bills, the tariffs, and who owes what."""

from django.db import models
from django.db.models import F, Q

from portail.bookings.models import Activity
from portail.families.models import Payer, Person
from portail.rules.invoicing import MAX_CENTS, MIN_CENTS, NUMBER_PATTERN, REFERENCE_PATTERN
from portail.towns.keys import SameTown
from portail.towns.models import TownModel

KEEP = models.PROTECT


class Regie(TownModel):
    """A régie de recettes, or the service that issues titres: it issues invoices and takes the money in."""

    class Circuit(models.TextChoices):
        REGIE = "regie", "régie"  # collected by the régisseur until the deadline
        TITRE = "titre", "titre"  # collected by the public accountant

    class Provider(models.TextChoices):
        NONE = "none", "pas de paiement en ligne"
        PAYFIP_WS = "payfip_ws", "PayFiP"
        PAYFIP_REDIRECT = "payfip_redirect", "PayFiP, ancien formulaire TIPI"

    class Mode(models.TextChoices):
        TEST = "T", "test"
        ACTIVATION = "X", "activation"
        PRODUCTION = "W", "production"

    code = models.SlugField("code", max_length=40)
    name = models.CharField("nom", max_length=80)
    circuit = models.CharField("circuit", max_length=5, choices=Circuit.choices, default=Circuit.REGIE)
    provider = models.CharField("paiement en ligne", max_length=16, choices=Provider.choices, default=Provider.NONE)
    numcli = models.CharField("numéro de client PayFiP", max_length=6, blank=True)
    mode = models.CharField("mode PayFiP", max_length=1, choices=Mode.choices, default=Mode.TEST)
    popup = models.BooleanField("page de paiement dans une fenêtre à part", default=False)
    recette = models.CharField("code recette", max_length=4, blank=True)
    number_pattern = models.CharField("modèle de numéro", max_length=60, default=NUMBER_PATTERN)
    reference_pattern = models.CharField("modèle de référence", max_length=60, default=REFERENCE_PATTERN)
    # Smaller invoices are carried over to the next one; never under what PayFiP takes when it is the provider.
    minimum_cents = models.PositiveIntegerField("montant minimal (centimes)", default=MIN_CENTS)
    payable_day = models.PositiveSmallIntegerField("payable en ligne jusqu'au (jour du mois)", null=True, blank=True)
    after_deadline = models.TextField("après la date limite", blank=True)
    officer = models.CharField("régisseur", max_length=100, blank=True)
    issuer = models.CharField("émetteur (nom et qualité)", max_length=150, blank=True)
    means = models.JSONField("moyens acceptés au guichet", default=list, blank=True)
    cash_ceiling_cents = models.PositiveIntegerField("plafond d'encaisse (centimes)", null=True, blank=True)
    float_cents = models.PositiveIntegerField("fonds de caisse (centimes)", default=0)
    treasury = models.JSONField("réglages de la trésorerie", default=dict, blank=True)  # of gateways.helios
    creditor = models.JSONField("créancier des prélèvements", default=dict, blank=True)  # of gateways.sepa
    active = models.BooleanField("active", default=True)

    class Meta(TownModel.Meta):
        verbose_name = "régie"
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "code"], name="regie_code_once_per_town"),
            models.CheckConstraint(condition=Q(minimum_cents__range=(1, MAX_CENTS)), name="regie_minimum_is_payable"),
            models.CheckConstraint(
                condition=Q(payable_day__isnull=True) | Q(payable_day__range=(1, 31)), name="regie_payable_day"
            ),
            models.CheckConstraint(
                condition=Q(provider="none") | Q(numcli__regex=r"^[0-9]{6}$"), name="regie_online_has_a_client_number"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class BilledActivity(TownModel):
    """An activity is billed by one régie. Without a line here it is free."""

    class Cesu(models.TextChoices):
        NONE = "none", "non"
        ALL = "all", "oui"
        UNDER_SIX = "under6", "moins de 6 ans"

    activity = models.ForeignKey(
        Activity, on_delete=KEEP, db_constraint=False, related_name="billing", verbose_name="activité"
    )
    regie = models.ForeignKey(
        Regie, on_delete=KEEP, db_constraint=False, related_name="activities", verbose_name="régie"
    )
    cesu = models.CharField("payable en CESU", max_length=6, choices=Cesu.choices, default=Cesu.NONE)
    deductible = models.BooleanField("garde ouvrant droit au crédit d'impôt", default=False)
    account = models.CharField("imputation comptable", max_length=20, blank=True)
    product = models.CharField("code produit", max_length=4, blank=True)
    cost_cents = models.PositiveIntegerField("coût par usager (centimes)", null=True, blank=True)

    class Meta(TownModel.Meta):
        verbose_name = "facturation d'une activité"
        verbose_name_plural = "facturation des activités"
        constraints = [
            models.UniqueConstraint(fields=["town", "activity"], name="activity_billed_once"),
            SameTown(field="activity", name="billed_same_town_activity"),
            SameTown(field="regie", name="billed_same_town_regie"),
        ]


class Tariff(TownModel):
    """What an activity costs between two days. The rule is a frozen value kept whole: `rules.pricing.Tariff`."""

    activity = models.ForeignKey(
        Activity, on_delete=KEEP, db_constraint=False, related_name="tariffs", verbose_name="activité"
    )
    name = models.CharField("nom", max_length=80)
    first_day = models.DateField("du")
    last_day = models.DateField("au", null=True, blank=True)
    rule = models.JSONField("règle")

    class Meta(TownModel.Meta):
        verbose_name = "tarif"
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "activity", "first_day"], name="tariff_once_per_first_day"),
            models.CheckConstraint(
                condition=Q(last_day__isnull=True) | Q(first_day__lte=F("last_day")), name="tariff_days_in_order"
            ),
            SameTown(field="activity", name="tariff_same_town_activity"),
        ]

    def __str__(self) -> str:
        return self.name


class CostShare(TownModel):
    """What part of a child's days a payer owes, for one activity or (none) for all. Without any: see `owed_by`."""

    person = models.ForeignKey(Person, on_delete=KEEP, db_constraint=False, related_name="+", verbose_name="enfant")
    payer = models.ForeignKey(
        Payer, on_delete=KEEP, db_constraint=False, related_name="cost_shares", verbose_name="payeur"
    )
    activity = models.ForeignKey(
        Activity, on_delete=KEEP, null=True, blank=True, db_constraint=False, related_name="+", verbose_name="activité"
    )
    percent = models.PositiveSmallIntegerField("part (%)")

    class Meta(TownModel.Meta):
        verbose_name = "part d'un payeur"
        verbose_name_plural = "parts des payeurs"
        constraints = [
            models.UniqueConstraint(
                fields=["town", "person", "payer"], condition=Q(activity__isnull=True), name="cost_share_once"
            ),
            models.UniqueConstraint(
                fields=["town", "person", "payer", "activity"],
                condition=Q(activity__isnull=False),
                name="cost_share_once_per_activity",
            ),
            models.CheckConstraint(condition=Q(percent__range=(1, 100)), name="cost_share_is_a_percentage"),
            SameTown(field="person", name="cost_share_same_town_person"),
            SameTown(field="payer", name="cost_share_same_town_payer"),
            SameTown(field="activity", name="cost_share_same_town_activity"),
        ]
