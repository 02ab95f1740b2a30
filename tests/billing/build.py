"""What the tests of billing add to the world (`tests.world`): a régie, its tariffs, months of bookings, runs.

Two régies of « Ville de Démo »: « peri » bills cantine (2,00 € garde + 1,50 € repas; by quotient from 1 September:
under 500 €, 1,00 €; from 500 €, 2,00 €; from 1000 €, 3,50 €), matin (half-hours, 0,80 €), soir (1,20 €, twice as much
unbooked); « loisirs » bills mercredi (a month: 20,00 €). « midi » and « bus » are free. Invoices are of November 2026.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from portail.billing.models import Invoice, InvoiceLine, InvoiceRun, Regie
from portail.billing.operations.runs import RunDraft, abandon_run, issue_run, prepare_run, publish_run
from portail.billing.operations.setup import (
    BillingDraft,
    RegieDraft,
    TariffDraft,
    bill_activity,
    save_regie,
    save_tariff,
)
from portail.bookings.models import Activity, Attendance, Presence
from portail.bookings.operations.attendance import MarkDraft, record_attendance
from portail.families.models import Payer, Person
from portail.families.operations.quotients import QuotientDraft, set_quotient
from tests.world import CLERK, NOW, PARIS

NOVEMBER = date(2026, 11, 1)
SEPTEMBER = date(2026, 9, 1)
DUE = date(2026, 12, 31)
DECEMBER_3 = datetime(2026, 12, 3, 9, tzinfo=PARIS)
PAGE = "https://demo.example/factures/"
CANTEEN = {
    "brackets": [
        {"from": 0, "care": 60, "food": 40},
        {"from": 500, "care": 120, "food": 80},
        {"from": 1000, "care": 200, "food": 150},
    ]
}
MORNING = {"unit": "half_hour", "price": {"care": 80, "food": 0}}
EVENING = {"price": {"care": 100, "food": 20}, "unbooked": {"multiplier": 2}}
WEDNESDAYS = {"unit": "month", "price": {"care": 1200, "food": 800}}
# The school days of November 2026 after the holidays: Mondays, Tuesdays, Thursdays and Fridays.
SCHOOL_DAYS = [
    day for n in range(1, 30) if (day := NOVEMBER + timedelta(days=n)).weekday() in (0, 1, 3, 4) and day.day != 11
]


def regie(code: str = "peri", **more: Any) -> Regie:
    """Save a régie of the town in force; `more`: any other field of RegieDraft."""
    return save_regie(
        draft=RegieDraft(**{"code": code, "name": f"Régie {code}", "recette": "T5", **more}), by=CLERK, now=NOW
    )


def tariff(activity: str, rule: dict[str, Any], first_day: date = SEPTEMBER, **more: Any) -> int:
    """Save a tariff; returns its key. `more`: any other field of TariffDraft."""
    draft = TariffDraft(activity, more.pop("name", f"Tarif {activity}"), first_day, rule, **more)
    return save_tariff(draft=draft, by=CLERK, now=NOW).pk


def billed(activity: str, where: str = "peri", **more: Any) -> None:
    """Have an activity billed by a régie."""
    bill_activity(draft=BillingDraft(activity, where, **more), by=CLERK, now=NOW)


def setup() -> None:
    """Both régies of the module's docstring, in the town in force."""
    regie()
    regie("loisirs", recette="T6")
    for activity, where, rule in (
        ("cantine", "peri", CANTEEN),
        ("matin", "peri", MORNING),
        ("soir", "peri", EVENING),
        ("mercredi", "loisirs", WEDNESDAYS),
    ):
        billed(activity, where)
        tariff(activity, rule)


def book(person: str, activity: str, days: Iterable[date], *, late: bool = False) -> None:
    """Book these days, behind the operations' back: most are past."""
    who, what = Person.objects.get(code=person), Activity.objects.get(code=activity)
    Presence.objects.bulk_create(Presence(person=who, activity=what, day=day, late=late) for day in days)


def mark(person: str, activity: str, day: date, what: str, *times: int) -> None:
    """Write down « present », « absent » or « justified », with the minutes of arrival and departure."""
    arrived, left = times or (None, None)
    draft = MarkDraft(person, activity, day, Attendance.Mark(what), arrived, left)
    record_attendance(marks=[draft], by=CLERK, now=NOW)


def quotient(payer: Payer, value: int, first_day: date = SEPTEMBER, last_day: date | None = None) -> None:
    """Give a payer a quotient."""
    set_quotient(payer=payer, draft=QuotientDraft(value, first_day, last_day), by=CLERK, now=NOW)


def prepared(where: str = "peri", **more: Any) -> InvoiceRun:
    """Prepare the run of November; `more`: any other field of RunDraft."""
    draft = RunDraft(**{"regie": where, "month": NOVEMBER, "label": "Novembre 2026", "due_on": DUE, **more})
    return prepare_run(draft=draft, by=CLERK, now=DECEMBER_3)


def issued(where: str = "peri", **more: Any) -> InvoiceRun:
    """Prepare and issue it, whatever the check list says."""
    return issue_run(run=prepared(where, **more).public_id, despite=True, by=CLERK, now=DECEMBER_3)


def published(where: str = "peri", **more: Any) -> InvoiceRun:
    """Prepare, issue and publish it."""
    run = issued(where, **more)
    publish_run(run=run.public_id, page_url=PAGE, by=CLERK, now=DECEMBER_3)
    return run


def invoice_of(payer: Payer, run: InvoiceRun) -> Invoice:
    """The invoice of a payer in a run."""
    return Invoice.objects.get(run=run, payer=payer)


def amounts(run: InvoiceRun) -> dict[str, int]:
    """Total cents by payer's last name."""
    return dict(Invoice.objects.filter(run=run).values_list("payer__last_name", "total_cents"))


def lines_of(invoice: Invoice) -> Sequence[InvoiceLine]:
    """Its lines, in order."""
    return list(invoice.lines.order_by("position"))


def kinds(run: InvoiceRun) -> set[str]:
    """The kinds of anomalies of a run."""
    return set(run.anomalies.values_list("kind", flat=True))


def abandoned(run: InvoiceRun) -> None:
    """Abandon it, and forget every booking and mark: another example begins."""
    abandon_run(run=run.public_id, by=CLERK, now=DECEMBER_3)
    Presence.objects.all().delete()
    Attendance.objects.all().delete()
