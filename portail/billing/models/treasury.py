"""The Treasury's side: direct debit mandates and files, payments to the accountant, statements imported."""

from uuid import uuid4

from django.db import models
from django.db.models import Q

from portail.billing.models.setup import KEEP, Regie
from portail.families.models import Payer
from portail.towns.keys import SameTown
from portail.towns.models import TownModel


class Mandate(TownModel):
    """A payer's SEPA mandate. Bank details are encrypted: only the last digits are ever shown."""

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    payer = models.ForeignKey(
        Payer, on_delete=KEEP, db_constraint=False, related_name="mandates", verbose_name="payeur"
    )
    regie = models.ForeignKey(Regie, on_delete=KEEP, db_constraint=False, related_name="mandates", verbose_name="régie")
    rum = models.CharField("référence unique du mandat", max_length=35)
    holder = models.CharField("titulaire du compte", max_length=70)
    account = models.BinaryField("coordonnées bancaires (chiffrées)")
    tail = models.CharField("fin de l'IBAN", max_length=4)
    signed_on = models.DateField("signé le")
    revoked_on = models.DateField("révoqué le", null=True, blank=True)
    last_used_on = models.DateField("dernier prélèvement", null=True, blank=True)

    class Meta(TownModel.Meta):
        verbose_name = "mandat de prélèvement"
        verbose_name_plural = "mandats de prélèvement"
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "public_id"], name="mandate_public_id"),
            models.UniqueConstraint(fields=["town", "rum"], name="mandate_rum_once"),
            models.UniqueConstraint(
                fields=["town", "payer", "regie"], condition=Q(revoked_on__isnull=True), name="mandate_one_in_force"
            ),
            SameTown(field="payer", name="mandate_same_town_payer"),
            SameTown(field="regie", name="mandate_same_town_regie"),
        ]


class Remittance(TownModel):
    """A direct debit file (pain.008): its invoices are not payable online while it stands."""

    class State(models.TextChoices):
        BUILT = "built", "préparée"
        SETTLED = "settled", "prélevée"
        CANCELLED = "cancelled", "annulée"

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    regie = models.ForeignKey(
        Regie, on_delete=KEEP, db_constraint=False, related_name="remittances", verbose_name="régie"
    )
    state = models.CharField("état", max_length=9, choices=State.choices, default=State.BUILT)
    collected_on = models.DateField("date de prélèvement")
    file_name = models.CharField("nom du fichier", max_length=80)
    content = models.BinaryField("fichier (chiffré)")
    cents = models.PositiveBigIntegerField("total (centimes)")
    built_at = models.DateTimeField("préparée le")

    class Meta(TownModel.Meta):
        verbose_name = "remise de prélèvements"
        verbose_name_plural = "remises de prélèvements"
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "public_id"], name="remittance_public_id"),
            models.UniqueConstraint(fields=["town", "regie", "file_name"], name="remittance_file_once"),
            SameTown(field="regie", name="remittance_same_town_regie"),
        ]


class Deposit(TownModel):
    """What the régisseur pays over to the accountant (« versement »), by means; cheques with their slip."""

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    regie = models.ForeignKey(Regie, on_delete=KEEP, db_constraint=False, related_name="deposits", verbose_name="régie")
    number = models.PositiveIntegerField("numéro")
    means = models.CharField("moyen", max_length=10)
    on = models.DateField("versé le")
    cents = models.BigIntegerField("montant (centimes)")
    at = models.DateTimeField("enregistré le")

    class Meta(TownModel.Meta):
        verbose_name = "versement au comptable"
        verbose_name_plural = "versements au comptable"
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "public_id"], name="deposit_public_id"),
            models.UniqueConstraint(fields=["town", "regie", "number"], name="deposit_number_once"),
            SameTown(field="regie", name="deposit_same_town_regie"),
        ]


class StatementLayout(TownModel):
    """How to read one kind of statement: the saved column mapping of `gateways.statements`."""

    name = models.CharField("nom", max_length=80)
    mapping = models.JSONField("colonnes")

    class Meta(TownModel.Meta):
        verbose_name = "format de relevé"
        verbose_name_plural = "formats de relevé"
        constraints = [models.UniqueConstraint(fields=["town", "name"], name="statement_layout_name_once")]

    def __str__(self) -> str:
        return self.name


class StatementLine(TownModel):
    """A line of an imported statement, kept as it was read. Imported twice, it is still one line."""

    regie = models.ForeignKey(Regie, on_delete=KEEP, db_constraint=False, related_name="+", verbose_name="régie")
    fingerprint = models.CharField("empreinte", max_length=64)
    on = models.DateField("date")
    reference = models.CharField("référence", max_length=80, blank=True)
    cents = models.BigIntegerField("montant (centimes)")
    means = models.CharField("moyen", max_length=10)
    authorisation = models.CharField("autorisation", max_length=40, blank=True)
    raw = models.TextField("ligne lue")
    file_name = models.CharField("fichier", max_length=150)
    imported_at = models.DateTimeField("importée le")

    class Meta(TownModel.Meta):
        verbose_name = "ligne de relevé"
        verbose_name_plural = "lignes de relevé"
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "regie", "fingerprint"], name="statement_line_once"),
            SameTown(field="regie", name="statement_line_same_town_regie"),
        ]
