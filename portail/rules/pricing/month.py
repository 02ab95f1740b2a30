"""A month of one person at one activity, priced: which days are billed, at what, and what should be looked at."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from portail.rules.pricing.facts import (
    Anomaly,
    Attendance,
    Consumed,
    DayCharge,
    FreeDay,
    Line,
    Noticed,
    Priced,
    Quote,
    Standing,
    Why,
)
from portail.rules.pricing.quoting import quote
from portail.rules.pricing.values import AbsenceRules, Surcharge, Tariff, Unit, half_up, tariff_on

_MOST_MINUTES = 24 * 60
_FREE = {Why.ABSENT_FREE, Why.JUSTIFIED_FREE, Why.UNRECORDED_FREE, Why.NOT_EXPECTED}
_AWAY = {Why.ABSENT, Why.JUSTIFIED}

_Key = tuple[int, Quote, tuple[Why, ...], bool]


def price_month(
    days: Iterable[Consumed],
    tariffs: Sequence[Tariff],
    standing_on: Callable[[date], Standing],
    *,
    justified_before: int = 0,
) -> Priced:
    """The lines, the free days and the anomalies of the days of one person at one activity in one month.

    Each day takes the tariff and the standing (quotient, residence, rank) of that day. Lines come in the order of their
    first day. `justified_before`: the justified absences in a row just before the first day, for the waiting days of
    an absence that began the month before. Times (« à partir de la n-ième fois ») count billed days only, from the
    first day given, whatever the tariff in force.

    Raises ValueError when a day comes twice or the days are not of one month: the caller is mistaken, not the town.
    """
    ordered = sorted(days, key=lambda consumed: consumed.day)
    if len({consumed.day for consumed in ordered}) < len(ordered):
        raise ValueError("a day may come only once")
    if ordered and ordered[0].day.replace(day=1) != ordered[-1].day.replace(day=1):
        raise ValueError("the days must be of one month")
    month = _Month(tariffs, standing_on, in_a_row=justified_before)
    for consumed in ordered:
        month.add(consumed)
    return month.priced()


@dataclass(slots=True)
class _Group:
    """The days that will make one line."""

    tariff: Tariff
    quote: Quote
    why: tuple[Why, ...]
    days: list[DayCharge] = field(default_factory=list)

    def line(self) -> Line:
        quantity = sum(day.quantity for day in self.days)
        unit = self.quote.price
        extra = sum((day.penalty(unit.cents) for day in self.days if day.surcharge), Fraction(0))
        return Line(
            tariff=self.tariff,
            quote=self.quote,
            why=self.why,
            quantity=quantity,
            care_cents=quantity * unit.care_cents,
            food_cents=quantity * unit.food_cents,
            extra_cents=half_up(extra.numerator, extra.denominator),
            days=tuple(self.days),
        )


@dataclass(slots=True)
class _Month:
    """What the days already seen decide for the next ones. Days come in order."""

    tariffs: Sequence[Tariff]
    standing_on: Callable[[date], Standing]
    in_a_row: int = 0  # justified absences
    times: dict[Why, int] = field(default_factory=dict)
    known: dict[tuple[int, Standing, tuple[Why, ...], bool], _Group] = field(default_factory=dict)
    flat: _Group | None = None
    groups: dict[_Key, _Group] = field(default_factory=dict)
    free: list[FreeDay] = field(default_factory=list)
    noticed: dict[Anomaly, list[date]] = field(default_factory=dict)

    def add(self, consumed: Consumed) -> None:
        present = consumed.attendance is Attendance.PRESENT
        if not consumed.booked and not present:
            self.free.append(FreeDay(consumed.day, Why.NOT_EXPECTED))
            return
        self.in_a_row = self.in_a_row + 1 if consumed.attendance is Attendance.JUSTIFIED else 0
        tariff = tariff_on(self.tariffs, consumed.day)
        if tariff is None:
            self._notice(Anomaly.NO_TARIFF, consumed.day)
            return
        if not consumed.booked:
            self._notice(Anomaly.UNBOOKED_PRESENCE, consumed.day)
        elif consumed.attendance is Attendance.UNKNOWN and tariff.absences.attendance_expected:
            self._notice(Anomaly.BOOKED_NO_ATTENDANCE, consumed.day)
        why = _reason(consumed, tariff.absences, self.in_a_row)
        if why in _FREE:
            self.free.append(FreeDay(consumed.day, why))
            return
        quantity = _quantity(consumed, tariff, why)
        if quantity is None:
            self._notice(Anomaly.MISSING_MINUTES, consumed.day)
            return
        self._charge(consumed, tariff, quantity, why)

    def _charge(self, consumed: Consumed, tariff: Tariff, quantity: int, why: Why) -> None:
        whys, surcharge = self._surcharged(consumed, tariff, why)
        if tariff.unit is Unit.MONTH:
            # The first billed day gives the price of the month; the others cost nothing more.
            if self.flat is None:
                self.flat = self._group(consumed.day, tariff, (), surcharged=False)
            quantity = 0 if self.flat.days else 1
            group = self.flat
        else:
            # Nobody wrote who came: the same line as those who did.
            shared = (Why.PRESENT, *whys[1:]) if why is Why.ASSUMED_PRESENT else whys
            group = self._group(consumed.day, tariff, shared, surcharged=surcharge is not None)
        group.days.append(DayCharge(consumed.day, quantity, whys, surcharge))

    def _group(self, day: date, tariff: Tariff, why: tuple[Why, ...], surcharged: bool) -> _Group:
        standing = self.standing_on(day)
        # The tariffs outlive the month: to hash one each day would cost more than all the rest.
        known = (id(tariff), standing, why, surcharged)
        group = self.known.get(known)
        if group is None:
            # Two standings that the tariff does not tell apart (a rank, a quotient that it ignores) share a line.
            quoted = quote(tariff, standing)
            key = (id(tariff), quoted, why, surcharged)
            group = self.known[known] = self.groups.setdefault(key, _Group(tariff, quoted, why))
        if group.quote.quotient_missing:
            self._notice(Anomaly.UNKNOWN_QUOTIENT, day)
        return group

    def _surcharged(self, consumed: Consumed, tariff: Tariff, why: Why) -> tuple[tuple[Why, ...], Surcharge | None]:
        """The reasons of a billed day and its surcharge, once its time has come. A day bears one surcharge at most."""
        if why is not Why.UNBOOKED and not consumed.late:
            return (why,), None
        kind = Why.UNBOOKED if why is Why.UNBOOKED else Why.LATE
        rule = tariff.unbooked if kind is Why.UNBOOKED else tariff.late
        times = self.times[kind] = self.times.get(kind, 0) + 1
        # Without a rule, being late changes nothing: no reason to part the line.
        whys = (why, kind) if kind is Why.LATE and rule else (why,)
        return whys, rule if rule and times >= rule.from_nth else None

    def _notice(self, anomaly: Anomaly, day: date) -> None:
        self.noticed.setdefault(anomaly, []).append(day)

    def priced(self) -> Priced:
        return Priced(
            lines=tuple(group.line() for group in self.groups.values()),
            free=tuple(self.free),
            anomalies=tuple(Noticed(kind, tuple(self.noticed[kind])) for kind in Anomaly if kind in self.noticed),
        )


def _reason(consumed: Consumed, rules: AbsenceRules, in_a_row: int) -> Why:
    """Why a day booked or attended is billed or free. `in_a_row`: justified absences, this one included."""
    match consumed.attendance:
        case Attendance.PRESENT:
            return Why.PRESENT if consumed.booked else Why.UNBOOKED
        case Attendance.UNKNOWN:
            return Why.ASSUMED_PRESENT if rules.unrecorded_billed else Why.UNRECORDED_FREE
        case Attendance.ABSENT:
            return Why.ABSENT if rules.absent_billed else Why.ABSENT_FREE
        case Attendance.JUSTIFIED:
            billed = rules.justified_billed or in_a_row <= rules.waiting_days
            return Why.JUSTIFIED if billed else Why.JUSTIFIED_FREE


def _quantity(consumed: Consumed, tariff: Tariff, why: Why) -> int | None:
    """Units of a billed day; None when its minutes are missing or impossible."""
    if tariff.unit is not Unit.HALF_HOUR:
        return 1
    if why in _AWAY:
        return tariff.absences.half_hours
    minutes = consumed.minutes
    if minutes is None or not 0 < minutes <= _MOST_MINUTES:
        return None
    return -(-minutes // 30)
