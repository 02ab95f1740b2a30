"""The demonstration's money: the documents' own invoices, a month's runs, what was paid at the counter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from portail.billing.models import Invoice, Payment
from portail.billing.operations.corrections import CreditDraft, credit_note
from portail.billing.operations.money import CounterDraft, record_payment, reverse_payment
from portail.billing.operations.reprise import TakenInvoice, TakenLine, take_over_invoice
from portail.billing.operations.runs.issuing import issue_run
from portail.billing.operations.runs.preparing import RunDraft, prepare_run
from portail.billing.operations.runs.publishing import publish_run
from portail.billing.wording import month as month_in_words
from portail.bookings.models import Attendance
from portail.bookings.operations.attendance import MarkDraft, record_attendance
from portail.console.demo.diary import Diary, booked
from portail.console.lookups import invoices_of_month
from portail.rules.booking import Cell
from portail.towns.actors import Actor
from portail.towns.queries import public_origin

LABELS: Mapping[str, str] = {
    "periscolaire": "CANTINE ET GARDERIE",
    "extrascolaire": "CENTRE DE LOISIRS",
    "transport": "TRANSPORT SCOLAIRE",
    "cantine": "CANTINE ET ACCUEIL",
}
SMALL = 300  # cents: too little to be told about
PAID_ONLINE, PAID_BY_CHEQUE = "2012-003-000314", "2012-004-000313"


@dataclass(frozen=True, slots=True)
class Old:
    """An invoice of the documents 000 and 003. `lines`: label, cents, food part of them."""

    number: str
    reference: str
    regie: str
    label: str
    issued_on: date
    due_on: date
    lines: Sequence[tuple[str, int, int]]


OLD = (
    Old(PAID_ONLINE, "2012-T5-00-3000314", "periscolaire", "CANTINE ET GARDERIE MARS 2012",
        date(2012, 4, 2), date(2012, 4, 15), (("Cantine", 1540, 1060), ("Garderie", 560, 0))),
    Old(PAID_BY_CHEQUE, "2012-T5-00-4000313", "periscolaire", "CANTINE ET GARDERIE AVRIL 2012",
        date(2012, 5, 2), date(2012, 5, 15), (("Cantine", 770, 530), ("Garderie", 280, 0))),
    Old("2013-019-000345", "2013-T5-00-19000345", "periscolaire", "CANTINE ET GARDERIE JUIN-JUILLET 2013",
        date(2013, 7, 8), date(2013, 7, 31), (("Cantine", 637, 440), ("Garderie", 140, 0))),
    Old("2013-026-000335", "2013-T5-00-26000335", "periscolaire", "CANTINE ET GARDERIE SEPTEMBRE 2013",
        date(2013, 9, 30), date(2013, 10, 15), (("Cantine", 284, 196), ("Garderie", 140, 0))),
    Old("2018-010-000001", "2018-T5-00-10000001", "periscolaire", "CANTINE",
        date(2018, 10, 31), date(2018, 11, 15), (("Cantine", 5687, 3926),)),
    Old("2018-010-000002", "2018-T6-00-10000002", "extrascolaire", "GARDERIE",
        date(2018, 10, 31), date(2018, 11, 15), (("Garderie", 22780, 0),)),
    Old("2018-011-000001", "2018-T5-00-11000001", "periscolaire", "CANTINE ET TRANSPORT NOVEMBRE 2018",
        date(2018, 11, 30), date(2018, 12, 15), (("Cantine", 13995, 9650), ("Transport", 4000, 0))),
)  # fmt: skip


def bill(diary: Diary, regies: Sequence[str], *, documents: bool) -> None:
    """Everything, in the order of time. `documents`: the first family has the documents' own invoices."""
    if documents:
        _take_over(diary)
    _mark_attendance(diary)
    then = _after_the_month(diary)
    for regie in regies:
        _run(diary, regie, then)
    _at_the_counter(diary, then)


def _after_the_month(diary: Diary) -> datetime:
    """When the town hall bills: in the first days of this month, never after the moment of the world."""
    return diary.at((diary.today - diary.today.replace(day=min(diary.today.day, 3))).days, "09:40")


def _take_over(diary: Diary) -> None:
    payer, child = diary.households[0].payers[0][0], diary.households[0].persons[0]
    for old in OLD:
        lines = [TakenLine(label, cents, person=child.code, food_cents=food) for label, cents, food in old.lines]
        draft = TakenInvoice(
            regie=old.regie,
            payer=payer,
            number=old.number,
            reference=old.reference,
            exercise=old.issued_on.year,
            lot=int(old.number.split("-")[1]),
            label=old.label,
            issued_on=old.issued_on,
            due_on=old.due_on,
            lines=lines,
        )
        invoice = take_over_invoice(draft=draft, by=diary.clerk, now=diary.at(60, "14:20"))
        if old.number == PAID_BY_CHEQUE:
            paid = CounterDraft(
                [invoice.public_id], Payment.Means.CHEQUE, invoice.total_cents, date(2012, 8, 16), "0004417"
            )
            record_payment(draft=paid, by=diary.clerk, now=diary.at(60, "14:31"))


def _mark_attendance(diary: Diary) -> None:
    """What the animateurs wrote in that month: hours in the evening, a few absences, a few children nobody expected."""
    month = diary.billed_month
    marks: list[MarkDraft] = []
    for number, household in enumerate(diary.households):
        cells = sorted(cell for cell in booked(diary, household) if cell[2].replace(day=1) == month)
        marks += [mark for place, cell in enumerate(cells) if (mark := _mark(cell, number, place)) is not None]
        marks += _unexpected(cells, number)
    then = diary.at((diary.today - diary.today.replace(day=1)).days, "08:50")
    for start in range(0, len(marks), 2000):
        record_attendance(marks=marks[start : start + 2000], by=diary.clerk, now=then)


def _mark(cell: Cell, number: int, place: int) -> MarkDraft | None:
    person, activity, day = cell
    turn = (7 * number + 3 * place) % 41
    if turn == 5 and activity in ("cantine", "accueil-matin"):
        return MarkDraft(person, activity, day, Attendance.Mark.ABSENT)
    if turn == 11 and activity == "cantine":
        return MarkDraft(person, activity, day, Attendance.Mark.JUSTIFIED)
    if activity == "accueil-soir":
        return MarkDraft(person, activity, day, Attendance.Mark.PRESENT, 16 * 60 + 30, 17 * 60 + (13 * turn) % 85)
    if activity in ("cantine", "accueil-matin", "accueil-de-loisirs"):
        return MarkDraft(person, activity, day, Attendance.Mark.PRESENT)
    return None


def _unexpected(cells: Sequence[Cell], number: int) -> list[MarkDraft]:
    """One family in six sends a child to the canteen on a day that it did not book."""
    if number % 6 != 4:
        return []
    midi = [cell for cell in cells if cell[1] == "accueil-midi"]
    return [MarkDraft(person, "cantine", day, Attendance.Mark.PRESENT) for person, _, day in midi[:1]]


def _run(diary: Diary, regie: str, then: datetime) -> None:
    month = diary.billed_month
    draft = RunDraft(
        regie=regie,
        month=month,
        label=f"{LABELS[regie]} {month_in_words(month).upper()}",
        due_on=then.date() + timedelta(days=21),
        exercise=month.year,
    )
    run = prepare_run(draft=draft, by=diary.clerk, now=then)
    issue_run(run=run.public_id, despite=True, by=diary.clerk, now=then + timedelta(minutes=25))
    publish_run(
        run=run.public_id, page_url=f"{public_origin()}/factures/", by=diary.clerk, now=then + timedelta(minutes=31)
    )


def _at_the_counter(diary: Diary, then: datetime) -> None:
    """Cash, a cheque, CESU, a part only, a cheque that the bank refused, and an error that the town corrected."""
    first = {payer.pk for payer, *_ in diary.households[0].payers}
    issued = invoices_of_month(diary.billed_month)
    found = [one for one in issued if one.payer_id not in first and one.left_cents > SMALL]
    by = diary.clerk
    on = min(then + timedelta(days=2), diary.now)
    for place, invoice in enumerate(found[:8]):
        now = min(on + timedelta(minutes=4 * place), diary.now)
        _settle(invoice, place, on.date(), by, now)


def _settle(invoice: Invoice, place: int, on: date, by: Actor, now: datetime) -> None:
    cents, means = invoice.left_cents, Payment.Means
    if place == 4:
        credit_note(draft=CreditDraft(invoice.public_id, "Erreur de pointage"), by=by, now=now)
        return
    part = cents // 2 if place == 3 else cents
    kind = means.CHEQUE if place in (1, 2, 5, 7) else means.CASH
    if invoice.regie.means and kind not in invoice.regie.means:
        return
    number = f"{4_120_377 + 41 * place:07}" if kind == means.CHEQUE else ""
    draft = CounterDraft([invoice.public_id], kind, part, on, number)
    payment = record_payment(draft=draft, by=by, now=now)
    if place == 5:
        reverse_payment(payment=payment.public_id, reason="Chèque sans provision", by=by, now=now)
