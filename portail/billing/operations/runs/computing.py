"""From what was read to what each payer owes: values in, values out, no query."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any

from portail.billing.models import Invoice
from portail.billing.operations.runs.drafts import DraftInvoice, DraftLine, to_text
from portail.billing.operations.runs.owing import NOBODY, payer_on, payers_of, rule_of
from portail.billing.operations.runs.reading import Book, Child, Chunk, Household
from portail.billing.operations.runs.repeats import AlikeMonth, Content, Peers
from portail.billing.wording import RunAnomaly, carried_label, credit_label, line_label
from portail.rules import pricing
from portail.rules.invoicing import MAX_CENTS, InvoiceStatus, pro_rata


@dataclass(frozen=True, slots=True)
class _Case:
    """One child at one activity."""

    child: Child
    activity: int
    name: str
    rule: pricing.Rule


def compute(chunk: Chunk, book: Book, minimum: int) -> list[DraftInvoice]:
    """What each payer of the chunk owes, in the order of `chunk.payers`; also those who owe nothing."""
    drafts = {payer: DraftInvoice(chunk.households[payer]) for payer in chunk.payers}
    by_person: dict[int, list[tuple[int, int]]] = {}
    for person, activity in chunk.days:
        by_person.setdefault(person, []).append((book.activities[activity][1], activity))
    for child in chunk.children:
        if child.id in by_person:
            activities = [activity for _, activity in sorted(by_person[child.id])]
            _price_child(child, activities, chunk, book, drafts)
    for payer, draft in drafts.items():
        _close(draft, chunk, payer, minimum)
    return list(drafts.values())


def usable(due: int, credit: int, minimum: int) -> int:
    """What of a payer's credit is used for what is due, so that the rest may be issued: nothing, or `minimum` at least.

    All amounts in cents. A payer whose debt is smaller than the minimum keeps the credit, unless it settles the debt.
    """
    if credit >= due:
        return due
    return max(0, min(credit, due - minimum))


def _price_child(
    child: Child, activities: Iterable[int], chunk: Chunk, book: Book, drafts: Mapping[int, DraftInvoice]
) -> None:
    """All that one child came to."""
    usual = None if child.shares else rule_of(child.ties, {}, NOBODY)
    payer = chunk.households.get(usual.payer) if isinstance(usual, pricing.OnePayer) else None
    standing = payer.steady(child.id, book.span) if payer else None
    peers = book.repeats.peers(standing) if standing else None
    for activity in activities:
        rule = usual or rule_of(child.ties, child.shares, activity)
        case = _Case(child, activity, book.activities[activity][0], rule)
        if payer and peers and (child.id, activity) not in chunk.billed:
            if payer.id in drafts:
                _price_alike(case, chunk, book, peers, drafts[payer.id])
        else:
            _price(case, chunk, book, drafts)


def _price(case: _Case, chunk: Chunk, book: Book, drafts: Mapping[int, DraftInvoice]) -> None:
    consumed = chunk.days[case.child.id, case.activity]
    billed = chunk.billed.get((case.child.id, case.activity), {})
    priced = _priced(case, consumed, book, _standings(case, chunk.households))
    _share_out(priced, case, book, drafts, billed)
    done = {day for (_, day), times in billed.items() if times > 0}
    for noticed in priced.anomalies:
        _notice(noticed, case, book, drafts, done)


def _priced(
    case: _Case,
    consumed: Sequence[pricing.Consumed],
    book: Book,
    standing_on: Callable[[date], pricing.Standing],
) -> pricing.Priced:
    month = [day for day in consumed if day.day >= book.span.first]
    before = _justified_before(consumed, book.span.first) if len(month) < len(consumed) else 0
    return pricing.price_month(month, book.tariffs[case.activity], standing_on, justified_before=before)


def _price_alike(case: _Case, chunk: Chunk, book: Book, peers: Peers, draft: DraftInvoice) -> None:
    """Days that one payer owes, at the same price all month: nearly all of them, and many alike."""
    child, activity = case.child, case.activity
    consumed = chunk.days[child.id, activity]
    place = (activity, book.tariffs[activity])
    month = book.repeats.month(consumed, place, peers, lambda: _alike(case, consumed, peers.standing, book))
    name = to_text(child.name)
    for content in month.lines:
        quotient = peers.standing.quotient if content.by_quotient else "null"
        draft.lines.append(DraftLine(content, f'{{"person":{name},"quotient":{quotient}', child.id, activity))
    for kind, days in month.noticed:
        draft.notice(kind, **_about(case), days=days)


def _alike(case: _Case, consumed: Sequence[pricing.Consumed], standing: pricing.Standing, book: Book) -> AlikeMonth:
    priced = _priced(case, consumed, book, lambda _: standing)
    free = [[one.day.isoformat(), one.why.value] for one in priced.free]
    lines = []
    for line, detail in _explained(priced.lines, case, book, free):
        by_quotient = detail.pop("quotient") is not None
        lines.append(replace(_content(line, case, detail), by_quotient=by_quotient))
    noticed = [
        (kind, days) for one in priced.anomalies for kind, days in [_to_look_at(one, case.activity, book)] if days
    ]
    return AlikeMonth(consumed, lines, [(kind, [day.isoformat() for day in days]) for kind, days in noticed])


def _content(line: pricing.Line, case: _Case, detail: Mapping[str, Any]) -> Content:
    return Content(
        label=line_label(case.name, line),
        quantity=line.quantity,
        unit_cents=line.unit_cents,
        amount_cents=line.amount_cents,
        care_cents=line.care_cents,
        food_cents=line.food_cents,
        extra_cents=line.extra_cents,
        detail=to_text(detail),
    )


def _standings(case: _Case, households: Mapping[int, Household]) -> Callable[[date], pricing.Standing]:
    """By day, the standing of whoever owes it."""

    def standing_on(day: date) -> pricing.Standing:
        household = households.get(payer_on(case.rule, day))
        return household.standing(case.child.id, day) if household else pricing.Standing()

    return standing_on


def _share_out(
    priced: pricing.Priced,
    case: _Case,
    book: Book,
    drafts: Mapping[int, DraftInvoice],
    billed: Mapping[tuple[int, date], int],
) -> None:
    """Give each payer of the chunk what they owe of a month that is priced."""
    for payer, lines in _owed(priced.lines, case.rule, billed):
        if payer in drafts:
            free = _free(priced.free, case.rule, payer)
            drafts[payer].lines += _lines(lines, case, book, free)
        elif payer == NOBODY:
            _nobody(case, lines, drafts)


def _justified_before(consumed: Iterable[pricing.Consumed], first: date) -> int:
    """The justified absences in a row that end just before this day."""
    number = 0
    for day in sorted((day for day in consumed if day.day < first), key=lambda day: day.day, reverse=True):
        if day.attendance is not pricing.Attendance.JUSTIFIED:
            break
        number += 1
    return number


def _owed(
    lines: tuple[pricing.Line, ...], rule: pricing.Rule, billed: Mapping[tuple[int, date], int]
) -> Iterator[tuple[int, tuple[pricing.Line, ...]]]:
    """Who owes what of these lines, without the days that were billed before."""
    if not billed:
        yield from pricing.owed_by(lines, rule).items()
        return
    shared = isinstance(rule, pricing.Shares)
    for payer in payers_of(rule):
        done = {day for (who, day), times in billed.items() if times > 0 and (who == payer or not shared)}
        left = [part for line in lines if (part := _without(line, done)) is not None]
        owed = pricing.owed_by(left, rule).get(payer)
        if owed:
            yield payer, owed


def _without(line: pricing.Line, done: set[date]) -> pricing.Line | None:
    """The line less the days billed before. A price per month is billed once, whatever the days."""
    days = tuple(day for day in line.days if day.day not in done)
    if len(days) == len(line.days):
        return line
    quantity = 0 if line.tariff.unit is pricing.Unit.MONTH else sum(day.quantity for day in days)
    extra = sum((charge.penalty(line.unit_cents) for charge in days), Fraction(0))
    cents = pricing.half_up(extra.numerator, extra.denominator)
    if not days or (not quantity and not cents):
        return None
    price = line.quote.price
    return replace(
        line,
        quantity=quantity,
        care_cents=quantity * price.care_cents,
        food_cents=quantity * price.food_cents,
        extra_cents=cents,
        days=days,
    )


def _free(free: Iterable[pricing.FreeDay], rule: pricing.Rule, payer: int) -> list[list[str]]:
    return [[one.day.isoformat(), one.why.value] for one in free if payer_on(rule, one.day) == payer]


def _lines(lines: Iterable[pricing.Line], case: _Case, book: Book, free: list[list[str]]) -> Iterator[DraftLine]:
    for line, detail in _explained(lines, case, book, free):
        content = _content(line, case, {**detail, "person": case.child.name})
        yield DraftLine(content, person=case.child.id, activity=case.activity)


def _explained(
    lines: Iterable[pricing.Line], case: _Case, book: Book, free: list[list[str]]
) -> Iterator[tuple[pricing.Line, dict[str, Any]]]:
    """Each line with what stands behind it, the name of the child aside."""
    for line in lines:
        detail = pricing.explain(line) | {"tariff_id": book.tariff_keys[id(line.tariff)], "activity": case.name}
        if free:
            detail["free"], free = free, []  # told once
        yield line, detail


def _nobody(case: _Case, lines: Iterable[pricing.Line], drafts: Mapping[int, DraftInvoice]) -> None:
    """Told to the one payer who has weeks of custody, the others being nobody's."""
    days = sorted(day.day.isoformat() for line in lines for day in line.days)
    for payer in payers_of(case.rule):
        if payer in drafts:
            drafts[payer].notice(RunAnomaly.NO_PAYER, **_about(case), days=days)


def _notice(
    noticed: pricing.Noticed, case: _Case, book: Book, drafts: Mapping[int, DraftInvoice], done: set[date]
) -> None:
    """Tell each payer's draft; not of the days billed before, which were looked at then."""
    kind, to_see = _to_look_at(noticed, case.activity, book)
    by_payer: dict[int, list[str]] = {}
    for day in to_see:
        if day not in done:
            by_payer.setdefault(payer_on(case.rule, day), []).append(day.isoformat())
    for payer, days in by_payer.items():
        if payer in drafts:
            drafts[payer].notice(kind, **_about(case), days=days)


def _to_look_at(noticed: pricing.Noticed, activity: int, book: Book) -> tuple[RunAnomaly, Sequence[date]]:
    """Where no register is kept that day, nothing is missing from it."""
    if noticed.anomaly is not pricing.Anomaly.BOOKED_NO_ATTENDANCE:
        return RunAnomaly(noticed.anomaly.value), noticed.days
    return RunAnomaly.BOOKED_NO_ATTENDANCE, [day for day in noticed.days if (activity, day) in book.recorded]


def _about(case: _Case) -> dict[str, str]:
    return {"person": case.child.code, "name": case.child.name, "activity": case.name}


def _close(draft: DraftInvoice, chunk: Chunk, payer: int, minimum: int) -> None:
    """Add what was carried over and what credit notes hold, and see whether the invoice may be issued."""
    priced_at_nothing = bool(draft.lines)
    for invoice, month in chunk.carried.get(payer, ()):
        draft.carries.append(invoice)
        draft.lines += _carried_lines(invoice, month)
    total = draft.total_cents
    if not total:
        draft.lines = []
        if priced_at_nothing:
            draft.notice(RunAnomaly.ZERO)
        return
    notes = chunk.credits.get(payer)
    if notes:
        draft.lines += _credit_lines(notes, usable(total, sum(note.left_cents for note in notes), minimum))
        total = draft.total_cents
    if 0 < total < minimum:
        draft.status = InvoiceStatus.CARRIED
    _look_at(draft, total, told=payer in chunk.told)


def _look_at(draft: DraftInvoice, total: int, *, told: bool) -> None:
    if not total:
        draft.notice(RunAnomaly.ZERO)
    if total > MAX_CENTS:
        draft.notice(RunAnomaly.ABOVE_MAXIMUM, cents=total)
    if not told and not draft.payer.email:
        draft.notice(RunAnomaly.NO_EMAIL)


def _carried_lines(invoice: Invoice, month: date) -> Iterator[DraftLine]:
    for line in sorted(invoice.lines.all(), key=lambda line: line.position):
        content = Content(
            label=carried_label(line.label, month),
            quantity=line.quantity,
            unit_cents=line.unit_cents,
            amount_cents=line.amount_cents,
            care_cents=line.care_cents,
            food_cents=line.food_cents,
            extra_cents=line.extra_cents,
            detail=to_text({"carried_from": str(invoice.public_id), **line.detail}),
        )
        yield DraftLine(content, person=line.person_id, activity=line.activity_id)


def _credit_lines(notes: Iterable[Invoice], cents: int) -> Iterator[DraftLine]:
    for note in notes:
        used = min(cents, note.left_cents)
        cents -= used
        if used:
            yield DraftLine(credit_content(note, used))


def credit_content(note: Invoice, cents: int) -> Content:
    """The line that takes `cents` of a credit note off an invoice, each part in proportion to the note's own lines."""
    lines = list(note.lines.all())
    parts = [sum(getattr(line, f"{part}_cents") for line in lines) for part in ("care", "food", "extra")]
    # Reckoned from the beginning, so that the parts add up to the note's once it is used up.
    before, after = pro_rata(parts, note.paid_cents), pro_rata(parts, note.paid_cents + cents)
    care, food, extra = (one - other for one, other in zip(before, after, strict=True))
    detail = to_text({"credit": str(note.public_id), "number": note.number})
    return Content(credit_label(note.number or ""), 1, -cents, care + food + extra, care, food, extra, detail)
