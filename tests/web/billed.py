"""One payer with invoices and payments of every kind: all that the pages about money may have to say."""

from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from django.urls import reverse

from portail.billing.models import Attempt, Invoice, InvoiceEmail, InvoiceLine, Payment, Regie, Remittance
from portail.families.models import Payer
from portail.rules.invoicing import InvoiceStatus
from portail.rules.paying import AttemptState
from portail.rules.pricing import Basis, Unit, Why
from tests.web.bills import IDOP, Bills, bills_of
from tests.world import NOW, World

SECRET = "a-secret"  # noqa: S105  the end of an address
WAYS: dict[str, dict[str, Any]] = {
    "late": {"due_on": date(2026, 11, 1), "payable_until": date(2026, 12, 10)},
    "tiny": {"cents": 50},
    "huge": {"cents": 20_000_000},
    "deadline": {"payable_until": date(2026, 11, 10)},
    "transferred": {"status": InvoiceStatus.TRANSFERRED.value},
    "cancelled": {"status": InvoiceStatus.CANCELLED.value, "credited_cents": 5687},
    "credit": {"cents": 500, "kind": Invoice.Kind.CREDIT_NOTE, "paid_cents": 200},
    "free": {"cents": 4000},  # payable, nothing tried
    "explained": {"cents": 4000},
    "part": {"cents": 4000},
    "silent": {"cents": 4000},
    "paid": {"cents": 8000},
}
"""What is particular to an invoice, by name."""
APART = ("offline", "popup", "debit")  # of another régie, or in a direct debit file
DAY = timedelta(days=1)


def id_of(name: str) -> UUID:
    """The public identifier of the invoice, or of the operation, of this name: known before any is made."""
    return uuid5(NAMESPACE_URL, name)


def idop_of(state: AttemptState) -> str:
    """PayFiP's identifier of the operation in this state."""
    return f"{IDOP[:-9]}{state.value}"


def _addresses_of(page: str, *names: str, more: tuple[str, ...] = ("",)) -> list[str]:
    return [reverse(page, kwargs={"public_id": id_of(name)}) + query for name in names for query in more]


PAGES = {
    "invoices": [reverse("invoices") + query for query in ("", "?annee=2024", "?avis=ok", "?avis=envoye")],
    "invoice": _addresses_of("invoice", *WAYS, *APART),
    "pay": _addresses_of("pay", *WAYS, *APART),
    "pay_follow": _addresses_of("pay_follow", "popup", more=("", "?tour=20")),
    "payment": _addresses_of("payment", *AttemptState),
    "invoice_email": [reverse("invoice_email", kwargs={"secret": SECRET})],
}
"""The addresses of all that may be read, by the name of the page."""


def bill_all(world: World) -> None:
    """Every invoice of `WAYS` and `APART`, an operation in each state, payments and addresses; the town in force."""
    Payer.objects.filter(pk=world.jamie.pk).update(email="jamie.bond@server.fr")
    bills = bills_of(world.jamie)
    for name, more in WAYS.items():
        bills.invoice(public_id=id_of(name), **more)
    _apart(bills)
    _lines(bills, world)
    _payments(bills)
    _operations(bills)
    _addresses(world.jamie)


def _named(name: str) -> Invoice:
    return Invoice.objects.get(public_id=id_of(name))


def _apart(bills: Bills) -> None:
    tried: dict[str, Any] = {"name": "REGIE LOISIRS", "provider": bills.regie.provider, "numcli": "000123"}
    popup = Regie.objects.create(code="popup", mode=Regie.Mode.TEST, popup=True, means=[], **tried)
    offline = Regie.objects.create(
        code="guichet", name="REGIE GUICHET", provider=Regie.Provider.NONE, means=list(Payment.Means)
    )
    bills.invoice(1200, public_id=id_of("popup"), regie=popup)
    bills.invoice(1300, public_id=id_of("offline"), regie=offline)
    file = Remittance.objects.create(
        regie=bills.regie, collected_on=date(2026, 12, 11), file_name="d.xml", content=b"", cents=1400, built_at=NOW
    )
    bills.invoice(1400, public_id=id_of("debit"), remittance=file)


def _lines(bills: Bills, world: World) -> None:
    """Every reason of a day, every unit, every ground of a price."""
    invoice = _named("explained")
    days = [
        {"day": str(date(2026, 11, 2) + place * DAY), "why": [why.value], "quantity": 2, "surcharge": surcharge}
        for place, (why, surcharge) in enumerate(
            zip(Why, [{"cents": 200}, {"percent": "25"}, {"multiplier": "1.5"}, *[None] * len(Why)], strict=False)
        )
    ]
    free = [["2026-11-27", Why.JUSTIFIED_FREE.value], ["2026-11-30", Why.UNRECORDED_FREE.value]]
    unit: dict[str, Any] = {"unit_cents": 364, "unit_care_cents": 134, "unit_food_cents": 230}
    details: list[dict[str, Any]] = [
        {"unit": Unit.HALF_HOUR, "days": days, "free": free, "quotient": 850, "bracket": 2, "tariff": "Cantine"},
        {"unit": Unit.PRESENCE, "quotient": 850, "tariff": "Cantine", "valid_from": "2026-09-01", "share": "1/2"},
        {"unit": Unit.MONTH, "quotient_missing": True, "rank": 1, "reduction": "10"},
        {"basis": Basis.FIXED, "rank": 2, "reduction": "12.5", "reason": "Erreur"},
        {"unit": "", "outside": True},
    ]
    for detail in details:
        bills.line(invoice, world.james, 400, **unit, **detail)
    bills.line(invoice, world.aline, 400)
    bills.line(invoice, None, 400)
    InvoiceLine.objects.filter(invoice=invoice, position=0).update(care_cents=200, food_cents=150, extra_cents=50)


def _payments(bills: Bills) -> None:
    """One by each means, one taken back, one of a year that is over, and a part of an invoice."""
    for means in Payment.Means:
        bills.paid(_named("paid"), 1000, means=means)  # eight of them settle it
    part = _named("part")
    first = bills.paid(part, 1000, means=Payment.Means.CHEQUE)
    bills.paid(part, -500, reverses=first, means=Payment.Means.CHEQUE)
    bills.paid(part, 700, date(2024, 5, 2))
    Invoice.objects.filter(pk=part.pk).update(credited_cents=300)


def _operations(bills: Bills) -> None:
    """One in each state, each on an invoice of its own, and an old one that nobody answered."""
    for state in AttemptState:
        invoice = bills.invoice(2500, public_id=id_of(f"invoice {state}"))
        more: dict[str, Any] = {"public_id": id_of(state), "idop": idop_of(state)}
        if state is AttemptState.PAID:
            more |= {"authorisation": "394492", "bank_at": NOW, "mode": Regie.Mode.TEST}
        attempt = bills.attempt(invoice, state, **more)
        if state is AttemptState.PAID:
            bills.paid(invoice, 2500, attempt=attempt)
    bills.attempt(_named("silent"), created_at=NOW - timedelta(minutes=50))
    bills.attempt(_named("popup"), AttemptState.EXPIRED, created_at=NOW - timedelta(hours=3))
    Attempt.objects.filter(public_id=id_of(AttemptState.CREATED)).update(idop=None)


def _addresses(payer: Payer) -> None:
    """The town hall's, one confirmed, and one whose link is `SECRET`."""
    rows = ((0, "jamie.bond@server.fr", NOW), (1, "bond@server.fr", NOW), (2, "jb@server.fr", None))
    for place, address, confirmed_at in rows:
        InvoiceEmail.objects.create(
            payer=payer, place=place, address=address, asked_at=NOW, confirmed_at=confirmed_at,
            secret_hash=sha256(SECRET.encode()).hexdigest() if place == 2 else "",
        )  # fmt: skip
