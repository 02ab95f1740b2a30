"""Runs, invoices and their lines. An issued invoice is never changed: a credit note corrects it."""

from uuid import uuid4

from django.db import models
from django.db.models import F, Q

from portail.billing.models.setup import KEEP, Regie
from portail.billing.models.treasury import Remittance
from portail.bookings.models import Activity
from portail.families.models import Payer, Person
from portail.rules.invoicing import LAST_LOT, LAST_SEQUENCE, InvoiceStatus
from portail.towns.keys import SameTown
from portail.towns.models import TownModel


class LotCounter(TownModel):
    """The last « lot de facturation » of a financial year. Moved in the transaction that numbers: never a gap."""

    exercise = models.PositiveSmallIntegerField("exercice")
    last = models.PositiveSmallIntegerField("dernier lot", default=0)
    # Credit notes come one by one: they share one lot a year, taken from the same counter by the first of them.
    credit_lot = models.PositiveSmallIntegerField("lot des avoirs", null=True, blank=True)
    credits = models.PositiveIntegerField("avoirs numérotés", default=0)

    class Meta(TownModel.Meta):
        verbose_name = "compteur de lots"
        constraints = [
            models.UniqueConstraint(fields=["town", "exercise"], name="lot_counter_once_per_year"),
            models.CheckConstraint(condition=Q(last__lte=LAST_LOT), name="lot_counter_fits_the_number"),
            models.CheckConstraint(condition=Q(credits__lte=LAST_SEQUENCE), name="lot_counter_credits_fit"),
        ]


class InvoiceRun(TownModel):
    """The invoices of one régie for one month: prepared, checked, numbered and issued, then published."""

    class State(models.TextChoices):
        PREPARING = "preparing", "en préparation"  # chunks of families still to be computed
        PREPARED = "prepared", "à contrôler"
        NUMBERING = "numbering", "numérotation"  # chunks of invoices still to be numbered and issued
        ISSUED = "issued", "émise"
        PUBLISHED = "published", "en ligne"

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    regie = models.ForeignKey(Regie, on_delete=KEEP, db_constraint=False, related_name="runs", verbose_name="régie")
    month = models.DateField("mois")  # its first day
    rank = models.PositiveSmallIntegerField("rang", default=1)
    label = models.CharField("libellé", max_length=90)
    state = models.CharField("état", max_length=10, choices=State.choices, default=State.PREPARING)
    exercise = models.PositiveSmallIntegerField("exercice")
    lot = models.PositiveSmallIntegerField("lot", null=True, blank=True)
    numbered = models.PositiveIntegerField("factures numérotées", default=0)
    prepared_up_to = models.BigIntegerField("dernier payeur calculé", default=0)
    due_on = models.DateField("échéance")
    payable_until = models.DateField("payable en ligne jusqu'au", null=True, blank=True)
    prepared_at = models.DateTimeField("préparée le", null=True, blank=True)
    issued_at = models.DateTimeField("émise le", null=True, blank=True)
    published_at = models.DateTimeField("mise en ligne le", null=True, blank=True)

    class Meta(TownModel.Meta):
        verbose_name = "campagne de facturation"
        verbose_name_plural = "campagnes de facturation"
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "public_id"], name="run_public_id"),
            models.UniqueConstraint(fields=["town", "regie", "month", "rank"], name="run_once_per_month_and_rank"),
            models.UniqueConstraint(fields=["town", "exercise", "lot"], name="run_lot_once"),
            models.CheckConstraint(condition=Q(rank__range=(1, 99)), name="run_rank"),
            models.CheckConstraint(condition=Q(month__day=1), name="run_month_is_a_first_day"),
            models.CheckConstraint(condition=Q(numbered__lte=LAST_SEQUENCE), name="run_numbers_fit"),
            SameTown(field="regie", name="run_same_town_regie"),
        ]

    def __str__(self) -> str:
        return self.label


class Invoice(TownModel):
    """What a payer owes a régie for a month (« facture »), or what the town gives back of one (« avoir »).

    Amounts in cents, all positive. `paid_cents`: payments allocated; `credited_cents`: credit notes; what is left is
    total − paid − credited. For a credit note, `paid_cents` is what of it has been used.
    """

    class Kind(models.TextChoices):
        INVOICE = "invoice", "facture"
        CREDIT_NOTE = "credit", "avoir"

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    kind = models.CharField("nature", max_length=7, choices=Kind.choices, default=Kind.INVOICE)
    status = models.CharField(
        "état", max_length=11, choices=[(s.value, s.value) for s in InvoiceStatus], default=InvoiceStatus.DRAFT.value
    )
    regie = models.ForeignKey(Regie, on_delete=KEEP, db_constraint=False, related_name="invoices", verbose_name="régie")
    payer = models.ForeignKey(
        Payer, on_delete=KEEP, db_constraint=False, related_name="invoices", verbose_name="payeur"
    )
    run = models.ForeignKey(
        InvoiceRun,
        on_delete=KEEP,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="invoices",
        verbose_name="campagne",
    )
    corrects = models.ForeignKey(
        "self", on_delete=KEEP, null=True, blank=True, db_constraint=False, related_name="+", verbose_name="corrige"
    )
    carried_into = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="carried",
        verbose_name="reportée sur",
    )
    remittance = models.ForeignKey(
        Remittance,
        on_delete=KEEP,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="invoices",
        verbose_name="remise de prélèvements",
    )
    exercise = models.PositiveSmallIntegerField("exercice")
    number = models.CharField("numéro", max_length=30, null=True, blank=True)  # noqa: DJ001  NULL: not numbered, and unique
    reference = models.CharField("référence", max_length=40, blank=True)  # shown; sent without its hyphens
    label = models.CharField("libellé", max_length=90)
    issued_on = models.DateField("émise le", null=True, blank=True)
    due_on = models.DateField("échéance")
    payable_until = models.DateField("payable en ligne jusqu'au", null=True, blank=True)
    published_at = models.DateTimeField("mise en ligne le", null=True, blank=True)
    payer_name = models.CharField("nom du payeur", max_length=170)
    payer_address = models.TextField("adresse du payeur", blank=True)
    total_cents = models.PositiveIntegerField("total (centimes)")
    paid_cents = models.PositiveIntegerField("réglé (centimes)", default=0)
    credited_cents = models.PositiveIntegerField("avoirs (centimes)", default=0)
    reminded_on = models.DateField("relancée le", null=True, blank=True)
    reminders = models.PositiveSmallIntegerField("relances", default=0)

    class Meta(TownModel.Meta):
        verbose_name = "facture"
        indexes = [
            models.Index(fields=["town", "payer", "-issued_on"], name="invoice_by_payer"),
            models.Index(fields=["town", "regie", "status"], name="invoice_by_regie"),
        ]
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "public_id"], name="invoice_public_id"),
            models.UniqueConstraint(fields=["town", "number"], name="invoice_number_once"),
            models.UniqueConstraint(
                fields=["town", "regie", "exercise", "reference"],
                condition=~Q(reference=""),
                name="invoice_reference_once_per_regie",
            ),
            models.UniqueConstraint(
                fields=["town", "run", "payer"], condition=Q(kind="invoice"), name="invoice_once_per_run_and_payer"
            ),
            models.CheckConstraint(
                condition=Q(total_cents__gte=F("paid_cents") + F("credited_cents")), name="invoice_never_over_settled"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "carried"]) | Q(number__isnull=False),
                name="invoice_issued_has_a_number",
            ),
            SameTown(field="regie", name="invoice_same_town_regie"),
            SameTown(field="payer", name="invoice_same_town_payer"),
            SameTown(field="run", name="invoice_same_town_run"),
            SameTown(field="corrects", name="invoice_same_town_corrects"),
            SameTown(field="carried_into", name="invoice_same_town_carried_into"),
            SameTown(field="remittance", name="invoice_same_town_remittance"),
        ]

    def __str__(self) -> str:
        return self.number or self.label

    @property
    def left_cents(self) -> int:
        """What is still owed; for a credit note, what may still be used."""
        return self.total_cents - self.paid_cents - self.credited_cents


class InvoiceLine(TownModel):
    """One line: the same unit price for the same reason. Its detail opens to the days, the tariff and the quotient.

    Amounts in cents; negative on a line that takes back (an earlier credit note). care + food + extra = amount.
    """

    invoice = models.ForeignKey(
        Invoice, on_delete=models.CASCADE, db_constraint=False, related_name="lines", verbose_name="facture"
    )
    person = models.ForeignKey(
        Person, on_delete=KEEP, null=True, blank=True, db_constraint=False, related_name="+", verbose_name="enfant"
    )
    activity = models.ForeignKey(
        Activity, on_delete=KEEP, null=True, blank=True, db_constraint=False, related_name="+", verbose_name="activité"
    )
    position = models.PositiveSmallIntegerField("ordre")
    label = models.CharField("libellé", max_length=200)
    quantity = models.PositiveIntegerField("quantité")
    unit_cents = models.IntegerField("prix unitaire (centimes)")
    amount_cents = models.IntegerField("montant (centimes)")
    care_cents = models.IntegerField("dont garde (centimes)")
    food_cents = models.IntegerField("dont repas (centimes)")
    extra_cents = models.IntegerField("dont majorations (centimes)")
    detail = models.JSONField("détail", default=dict)

    class Meta(TownModel.Meta):
        verbose_name = "ligne de facture"
        verbose_name_plural = "lignes de facture"
        constraints = [
            models.UniqueConstraint(fields=["town", "invoice", "position"], name="invoice_line_order"),
            models.CheckConstraint(
                condition=Q(amount_cents=F("care_cents") + F("food_cents") + F("extra_cents")),
                name="invoice_line_parts_sum",
            ),
            SameTown(field="invoice", name="invoice_line_same_town_invoice"),
            SameTown(field="person", name="invoice_line_same_town_person"),
            SameTown(field="activity", name="invoice_line_same_town_activity"),
        ]
