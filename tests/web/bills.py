"""Invoices for the tests of the pages, written straight into the tables: how a run makes them does not matter here."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from portail.billing.models import Allocation, Attempt, Invoice, InvoiceLine, Payment, Regie
from portail.families.models import Payer, Person
from portail.rules.invoicing import InvoiceStatus
from portail.rules.paying import AttemptState
from tests.world import NOW

JUNE, SEPTEMBER = "CANTINE ET GARDERIE JUIN-JUILLET 2026", "CANTINE ET GARDERIE SEPTEMBRE 2026"
IDOP = "cc0cb210-1cd4-11ea-8cca-0213ad91a103"


@dataclass
class Bills:
    """A régie and what is made for one payer, in the town in force."""

    payer: Payer
    regie: Regie
    made: int = 0

    def invoice(self, cents: int = 5687, label: str = SEPTEMBER, **more: Any) -> Invoice:
        """An issued invoice that is online."""
        self.made += 1
        fields: dict[str, Any] = {
            "status": InvoiceStatus.ISSUED.value,
            "regie": self.regie,
            "exercise": 2026,
            "number": f"2026-{self.payer.pk:03}-{self.made:06}",
            "reference": f"2026-T5-00-{self.payer.pk:02}{self.made:06}",
            "label": label,
            "issued_on": date(2026, 11, 2),
            "due_on": date(2026, 11, 30),
            "published_at": NOW - timedelta(days=3),
            "payer_name": str(self.payer),
            "total_cents": cents,
        }
        return Invoice.objects.create(payer=self.payer, **fields | more)

    def line(self, invoice: Invoice, child: Person | None, cents: int, label: str = "Cantine", **detail: Any) -> None:
        """A line; all its cents are food."""
        InvoiceLine.objects.create(
            invoice=invoice, person=child, position=invoice.lines.count(), label=label, quantity=1, unit_cents=cents,
            amount_cents=cents, care_cents=0, food_cents=cents, extra_cents=0, detail=detail,
        )  # fmt: skip

    def attempt(self, invoice: Invoice, state: AttemptState = AttemptState.WAITING, **more: Any) -> Attempt:
        """An operation opened a minute ago."""
        count = Attempt.objects.count()
        fields: dict[str, Any] = {
            "ticket": f"TICKET{count:04}",
            "provider": self.regie.provider,
            "numcli": self.regie.numcli,
            "mode": self.regie.mode,
            "reference": invoice.reference.replace("-", ""),
            "exercise": invoice.exercise,
            "cents": invoice.left_cents,
            "email": "jamie.bond@server.fr",
            "idop": IDOP[:-4] + f"{count:04}",
            "state": state.value,
            "created_at": NOW - timedelta(minutes=1),
        }
        return Attempt.objects.create(invoice=invoice, payer=self.payer, **fields | more)

    def paid(self, invoice: Invoice, cents: int, on: date = date(2026, 11, 10), **more: Any) -> Payment:
        """A payment that fell on the invoice."""
        fields: dict[str, Any] = {"means": Payment.Means.CARD, "at": NOW, "payer_name": str(self.payer)}
        payment = Payment.objects.create(
            regie=self.regie, payer=self.payer, cents=cents, on=on, number=f"R{Payment.objects.count():05}",
            **fields | more,
        )  # fmt: skip
        Allocation.objects.create(payment=payment, invoice=invoice, cents=cents)
        invoice.paid_cents += cents
        invoice.save(update_fields=["paid_cents"])
        return payment


def bills_of(payer: Payer, **more: Any) -> Bills:
    """The régie « REGIE PERISCOLAIRE » of the town in force, made once."""
    fields: dict[str, Any] = {
        "name": "REGIE PERISCOLAIRE", "provider": Regie.Provider.PAYFIP_WS, "numcli": "000123", "mode": "W",
        "means": ["cash", "cheque"],
    }  # fmt: skip
    regie, _made = Regie.objects.get_or_create(code="peri", defaults=fields)
    if more:
        Regie.objects.filter(pk=regie.pk).update(**more)
        regie.refresh_from_db()
    return Bills(payer, regie)
