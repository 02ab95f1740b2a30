"""Payments, the online operations that bring some, and how they are shared over the invoices."""

from uuid import uuid4

from django.db import models
from django.db.models import Q

from portail.billing.models.invoices import Invoice, InvoiceRun
from portail.billing.models.setup import KEEP, Regie
from portail.billing.models.treasury import Deposit, StatementLine
from portail.families.models import Payer
from portail.rules.paying import AttemptState
from portail.towns.keys import SameTown
from portail.towns.models import TownModel


class Attempt(TownModel):
    """An online payment operation on one invoice, with what was asked of the provider, word for word."""

    class Trigger(models.TextChoices):
        CREATE = "create", "création"
        NOTIFICATION = "notif", "notification"
        RETURN = "return", "retour du payeur"
        SWEEP = "sweep", "relève"
        MANUAL = "manual", "mairie"

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    # « Ticket LPS »: our own number, which the payer can read out (feature F6).
    ticket = models.CharField("ticket LPS", max_length=12)
    invoice = models.ForeignKey(
        Invoice, on_delete=KEEP, db_constraint=False, related_name="attempts", verbose_name="facture"
    )
    payer = models.ForeignKey(Payer, on_delete=KEEP, db_constraint=False, related_name="+", verbose_name="payeur")
    provider = models.CharField("prestataire", max_length=16, choices=Regie.Provider.choices)
    numcli = models.CharField("numéro de client", max_length=6)
    mode = models.CharField("mode", max_length=1, choices=Regie.Mode.choices)
    reference = models.CharField("référence envoyée", max_length=30)
    exercise = models.PositiveSmallIntegerField("exercice")
    cents = models.PositiveIntegerField("montant (centimes)")
    email = models.EmailField("courriel du ticket", max_length=80)
    # PayFiP's idOp; of the older form, the secret part of the call-back's address.
    idop = models.CharField("identifiant d'opération", max_length=64, null=True, blank=True)  # noqa: DJ001  NULL: none yet
    state = models.CharField(
        "état", max_length=9, choices=[(s.value, s.value) for s in AttemptState], default=AttemptState.CREATED.value
    )
    created_at = models.DateTimeField("ouverte le")
    next_check_at = models.DateTimeField("à relire le", null=True, blank=True)
    silences = models.PositiveSmallIntegerField("erreurs de suite", default=0)
    result = models.CharField("résultat", max_length=8, blank=True)
    authorisation = models.CharField("n° d'autorisation", max_length=40, blank=True)
    bank_at = models.DateTimeField("date de la banque", null=True, blank=True)
    settled_at = models.DateTimeField("conclue le", null=True, blank=True)

    class Meta(TownModel.Meta):
        verbose_name = "opération de paiement"
        verbose_name_plural = "opérations de paiement"
        indexes = [models.Index(fields=["town", "next_check_at"], name="attempt_by_next_check")]
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "public_id"], name="attempt_public_id"),
            models.UniqueConstraint(fields=["town", "ticket"], name="attempt_ticket_once"),
            models.UniqueConstraint(fields=["town", "provider", "idop"], name="attempt_idop_once"),
            SameTown(field="invoice", name="attempt_same_town_invoice"),
            SameTown(field="payer", name="attempt_same_town_payer"),
        ]


class AttemptEvent(TownModel):
    """What was heard about an operation, as it came. Append-only."""

    attempt = models.ForeignKey(
        Attempt, on_delete=KEEP, db_constraint=False, related_name="events", verbose_name="opération"
    )
    trigger = models.CharField("origine", max_length=6, choices=Attempt.Trigger.choices)
    at = models.DateTimeField("le")
    code = models.CharField("code", max_length=20)
    raw = models.JSONField("reçu", default=dict)

    class Meta(TownModel.Meta):
        verbose_name = "événement d'une opération"
        verbose_name_plural = "événements des opérations"
        indexes = [models.Index(fields=["town", "attempt", "at"], name="attempt_event_by_attempt")]
        constraints = [SameTown(field="attempt", name="attempt_event_same_town")]


class Circuit(TownModel):
    """Failures in a row of a provider when an operation is opened: after three, nobody waits for it for a while."""

    provider = models.CharField("prestataire", max_length=16)
    failures = models.PositiveSmallIntegerField("échecs de suite", default=0)
    open_until = models.DateTimeField("coupé jusqu'à", null=True, blank=True)

    class Meta(TownModel.Meta):
        verbose_name = "disjoncteur"
        constraints = [models.UniqueConstraint(fields=["town", "provider"], name="circuit_once_per_provider")]


class ReceiptCounter(TownModel):
    """The last receipt number of a régie in a year."""

    regie = models.ForeignKey(Regie, on_delete=KEEP, db_constraint=False, related_name="+", verbose_name="régie")
    year = models.PositiveSmallIntegerField("année")
    last = models.PositiveIntegerField("dernier reçu", default=0)

    class Meta(TownModel.Meta):
        verbose_name = "compteur de reçus"
        constraints = [
            models.UniqueConstraint(fields=["town", "regie", "year"], name="receipt_counter_once"),
            SameTown(field="regie", name="receipt_counter_same_town_regie"),
        ]


class Payment(TownModel):
    """Money received by a régie, or given back (a negative amount: « prélèvement rejeté », refund). Never changed."""

    class Means(models.TextChoices):
        CARD = "card", "carte bancaire en ligne"
        DEBIT = "debit", "prélèvement en ligne"
        CASH = "cash", "espèces"
        CHEQUE = "cheque", "chèque bancaire"
        CESU = "cesu", "CESU"
        TRANSFER = "transfer", "virement"
        SEPA = "sepa", "prélèvement automatique"
        TREASURY = "treasury", "Trésorerie"

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    regie = models.ForeignKey(Regie, on_delete=KEEP, db_constraint=False, related_name="payments", verbose_name="régie")
    payer = models.ForeignKey(
        Payer, on_delete=KEEP, db_constraint=False, related_name="payments", verbose_name="payeur"
    )
    number = models.CharField("numéro de reçu", max_length=20)
    means = models.CharField("moyen", max_length=8, choices=Means.choices)
    cents = models.IntegerField("montant (centimes)")
    on = models.DateField("réglé le")
    at = models.DateTimeField("enregistré le")
    payer_name = models.CharField("réglé par", max_length=170)
    reference = models.CharField("n° de chèque, de CESU, d'autorisation…", max_length=60, blank=True)
    comment = models.CharField("remarque", max_length=200, blank=True)
    attempt = models.ForeignKey(
        Attempt,
        on_delete=KEEP,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="payments",
        verbose_name="opération",
    )
    reverses = models.ForeignKey(
        "self",
        on_delete=KEEP,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="reversals",
        verbose_name="annule",
    )
    statement_line = models.ForeignKey(
        StatementLine,
        on_delete=KEEP,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="+",
        verbose_name="relevé",
    )
    deposit = models.ForeignKey(
        Deposit,
        on_delete=KEEP,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="payments",
        verbose_name="versement",
    )

    class Meta(TownModel.Meta):
        verbose_name = "règlement"
        indexes = [
            models.Index(fields=["town", "regie", "on"], name="payment_by_day"),
            models.Index(fields=["town", "payer", "-on"], name="payment_by_payer"),
        ]
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "public_id"], name="payment_public_id"),
            models.UniqueConstraint(fields=["town", "regie", "number"], name="payment_receipt_once"),
            models.UniqueConstraint(
                fields=["town", "attempt"], condition=Q(reverses__isnull=True), name="payment_once_per_attempt"
            ),
            models.UniqueConstraint(fields=["town", "reverses"], name="payment_reversed_once"),
            models.UniqueConstraint(fields=["town", "statement_line"], name="payment_once_per_statement_line"),
            models.CheckConstraint(condition=~Q(cents=0), name="payment_of_something"),
            SameTown(field="regie", name="payment_same_town_regie"),
            SameTown(field="payer", name="payment_same_town_payer"),
            SameTown(field="attempt", name="payment_same_town_attempt"),
            SameTown(field="reverses", name="payment_same_town_reverses"),
            SameTown(field="statement_line", name="payment_same_town_statement"),
            SameTown(field="deposit", name="payment_same_town_deposit"),
        ]


class Allocation(TownModel):
    """What of a payment falls on an invoice, in cents; what falls on none is « trop-perçu ».

    A payment that is taken back has its allocations taken back by negative ones, under the reversal.
    """

    payment = models.ForeignKey(
        Payment, on_delete=KEEP, db_constraint=False, related_name="allocations", verbose_name="règlement"
    )
    invoice = models.ForeignKey(
        Invoice, on_delete=KEEP, db_constraint=False, related_name="allocations", verbose_name="facture"
    )
    cents = models.IntegerField("montant (centimes)")

    class Meta(TownModel.Meta):
        verbose_name = "imputation d'un règlement"
        verbose_name_plural = "imputations des règlements"
        constraints = [
            models.UniqueConstraint(fields=["town", "payment", "invoice"], name="allocation_once"),
            models.CheckConstraint(condition=~Q(cents=0), name="allocation_of_something"),
            SameTown(field="payment", name="allocation_same_town_payment"),
            SameTown(field="invoice", name="allocation_same_town_invoice"),
        ]


class Anomaly(TownModel):
    """Something that somebody must look at (« à vérifier »): found when invoices are prepared, or in a payment."""

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    run = models.ForeignKey(
        InvoiceRun,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="anomalies",
        verbose_name="campagne",
    )
    payer = models.ForeignKey(
        Payer, on_delete=KEEP, null=True, blank=True, db_constraint=False, related_name="+", verbose_name="payeur"
    )
    invoice = models.ForeignKey(
        Invoice,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="anomalies",
        verbose_name="facture",
    )
    attempt = models.ForeignKey(
        Attempt,
        on_delete=KEEP,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="anomalies",
        verbose_name="opération",
    )
    kind = models.CharField("anomalie", max_length=40)  # a word of `billing.wording`
    data = models.JSONField("précisions", default=dict)
    at = models.DateTimeField("constatée le")
    solved_at = models.DateTimeField("réglée le", null=True, blank=True)
    answer = models.CharField("réponse", max_length=200, blank=True)

    class Meta(TownModel.Meta):
        verbose_name = "anomalie"
        indexes = [models.Index(fields=["town", "solved_at"], name="anomaly_by_solved")]
        constraints = [
            models.UniqueConstraint(fields=["town", "public_id"], name="anomaly_public_id"),
            SameTown(field="run", name="anomaly_same_town_run"),
            SameTown(field="payer", name="anomaly_same_town_payer"),
            SameTown(field="invoice", name="anomaly_same_town_invoice"),
            SameTown(field="attempt", name="anomaly_same_town_attempt"),
        ]


class InvoiceEmail(TownModel):
    """An address told of new invoices (feature F7): the town hall's (place 0), or up to three of one's own.

    One's own is confirmed by a link before anything else is sent there. The link carries a secret whose hash is here.
    """

    payer = models.ForeignKey(
        Payer, on_delete=models.CASCADE, db_constraint=False, related_name="invoice_emails", verbose_name="payeur"
    )
    place = models.PositiveSmallIntegerField("place")
    address = models.EmailField("courriel", max_length=254)
    secret_hash = models.CharField("empreinte du lien", max_length=64, blank=True)
    asked_at = models.DateTimeField("demandée le")
    confirmed_at = models.DateTimeField("confirmée le", null=True, blank=True)

    class Meta(TownModel.Meta):
        verbose_name = "courriel d'avis de facture"
        verbose_name_plural = "courriels d'avis de facture"
        constraints = [
            models.UniqueConstraint(fields=["town", "payer", "place"], name="invoice_email_place_once"),
            models.CheckConstraint(condition=Q(place__lte=3), name="invoice_email_one_and_three"),
            SameTown(field="payer", name="invoice_email_same_town_payer"),
        ]
