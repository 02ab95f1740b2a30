"""What the tests of the Treasury's side add: a régie that the accountant knows, invoices with lines and an address."""

from datetime import date
from typing import Any

from portail.billing.models import Attempt, BilledActivity, Invoice, InvoiceLine, Payment, Regie
from portail.billing.operations.money import CounterDraft, record_payment
from portail.bookings.models import Activity
from portail.families.models import Payer
from tests.billing import payfip
from tests.world import CLERK, NOW

TREASURY = {
    "codique": "078012", "siret": "21780118000017", "collectivity": "217", "budget": "00", "label": "Ville de Démo",
    "sigle": "DEMO", "nature": "7067", "product": "PERI",
}  # fmt: skip
ADDRESS = "Bâtiment B\n12 rue de l'Église\n78200 Buchelay"
PAST = date(2026, 11, 10)
LINES = (("cantine", 500), ("matin", 277))


def regie(code: str = "peri", numcli: str = "000123", **more: Any) -> Regie:
    """A régie whose settings for the Treasury are complete."""
    return payfip.regie(code, numcli, **{"treasury": TREASURY, **more})


def billed(activity: str, place: Regie, account: str = "", product: str = "", **more: Any) -> None:
    """How an activity is imputed."""
    columns = {"regie": place, "account": account, "product": product, **more}
    BilledActivity.objects.update_or_create(activity=Activity.objects.get(code=activity), defaults=columns)


def invoice(payer: Payer, lines: Any = LINES, place: Regie | None = None, **columns: Any) -> Invoice:
    """An invoice past its deadline, with (activity, cents) lines; issued, published, addressed."""
    place = place or Regie.objects.filter(code="peri").first() or regie()
    values = {"payer_address": ADDRESS, "due_on": PAST, "payable_until": PAST, **columns}
    total = max(0, sum(cents for _, cents in lines))
    made = payfip.invoice(payer, total, place, **values)
    known = {activity.code: activity for activity in Activity.objects.all()}
    InvoiceLine.objects.bulk_create(
        InvoiceLine(
            invoice=made,
            activity=known.get(code),
            position=position,
            label=f"Ligne {code}",
            quantity=1,
            unit_cents=cents,
            amount_cents=cents,
            care_cents=cents,
            food_cents=0,
            extra_cents=0,
        )
        for position, (code, cents) in enumerate(lines, start=1)
    )
    return made


def counter(debt: Invoice, cents: int, means: Payment.Means = Payment.Means.CASH, **more: Any) -> Payment:
    """A payment at the counter."""
    day = more.pop("on", NOW.date())
    return record_payment(draft=CounterDraft([debt.public_id], means, cents, day, **more), by=CLERK, now=NOW)


def attempt(debt: Invoice, state: str = "waiting", **columns: Any) -> Attempt:
    """An operation on the invoice, whatever its régie's provider."""
    values = {
        "ticket": f"T{Attempt.objects.count():09}",
        "payer": debt.payer,
        "provider": debt.regie.provider,
        "numcli": debt.regie.numcli,
        "mode": "T",
        "reference": debt.reference.replace("-", ""),
        "exercise": debt.exercise,
        "cents": debt.left_cents,
        "email": payfip.EMAIL,
        "idop": f"idop-{Attempt.objects.count()}",
        "created_at": NOW,
        **columns,
    }
    return Attempt.objects.create(invoice=debt, state=state, **values)


def status(debt: Invoice) -> str:
    """Its status as the database has it."""
    return str(Invoice.objects.values_list("status", flat=True).get(pk=debt.pk))
