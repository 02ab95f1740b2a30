"""Months priced, by example: what is counted, absences, surcharges, anomalies."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from portail.rules.pricing import (
    AbsenceRules,
    Anomaly,
    Attendance,
    Bracket,
    Brackets,
    Consumed,
    Effort,
    FreeDay,
    Noticed,
    Price,
    Standing,
    Surcharge,
    SurchargeKind,
    Tariff,
    Unit,
    Why,
    price_month,
)

MEAL = Price(120, 230)
CANTEEN = Tariff(MEAL)
GRID = Brackets((Bracket(0, Price(30, 70)), Bracket(500, Price(80, 140)), Bracket(900, Price(150, 230))))
EFFORT = Effort(Decimal("0.00453"), floor_cents=100, ceiling_cents=500, food_cents=200)
HALF_HOURS = Tariff(Price(85, 0), Unit.HALF_HOUR)
MONTHLY = Tariff(Price(2500, 500), Unit.MONTH)


def on(day, attendance="present", booked=True, late=False, minutes=None):
    return Consumed(date(2026, 11, day), booked, late, Attendance(attendance), minutes)


def cents(value, nth=1):
    return Surcharge(SurchargeKind.CENTS, Decimal(value), nth)


def percent(value, nth=1):
    return Surcharge(SurchargeKind.PERCENT, Decimal(value), nth)


def times(value, nth=1):
    return Surcharge(SurchargeKind.MULTIPLIER, Decimal(value), nth)


def priced(tariff, *days, standing=None, before=0):
    tariffs = tariff if isinstance(tariff, list) else [tariff]
    known = standing or Standing()
    return price_month(days, tariffs, known if callable(known) else lambda _: known, justified_before=before)


def shown(result):
    """Each line as (days of the month, quantity, unit, care, food, extra)."""
    return [
        (
            [charge.day.day for charge in line.days],
            line.quantity,
            line.unit_cents,
            (line.care_cents, line.food_cents, line.extra_cents),
        )
        for line in result.lines
    ]


def whys(result):
    return {day.day.day: day.why for line in result.lines for day in line.days}


def noticed(result):
    return {one.anomaly: [day.day for day in one.days] for one in result.anomalies}


# ── a month ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_month_of_meals_is_one_line():
    result = priced(CANTEEN, on(3), on(2), on(5))

    assert shown(result) == [([2, 3, 5], 3, 350, (360, 690, 0))]
    assert (result.lines[0].amount_cents, result.amount_cents, result.lines[0].share) == (1050, 1050, Fraction(1))
    assert (result.lines[0].why, result.lines[0].tariff, result.anomalies, result.free) == (
        (Why.PRESENT,), CANTEEN, (), ()
    )  # fmt: skip


def test_nothing_consumed_costs_nothing():
    assert priced(CANTEEN).lines == ()
    assert priced(CANTEEN).amount_cents == 0
    result = priced([], on(2, "absent", booked=False), on(3, "unknown", booked=False), on(4, "justified", booked=False))
    assert result.free == tuple(FreeDay(date(2026, 11, day), Why.NOT_EXPECTED) for day in (2, 3, 4))
    assert (result.lines, result.anomalies) == ((), ())


@pytest.mark.parametrize(
    ("minutes", "halves"), [(1, 1), (29, 1), (30, 1), (31, 2), (60, 2), (61, 3), (90, 3), (600, 20), (1440, 48)]
)
def test_each_half_hour_started(minutes, halves):
    assert shown(priced(HALF_HOURS, on(2, minutes=minutes))) == [([2], halves, 85, (85 * halves, 0, 0))]


def test_half_hours_are_summed():
    line = priced(HALF_HOURS, on(2, minutes=31), on(3, minutes=31)).lines[0]
    assert (line.quantity, [day.quantity for day in line.days]) == (4, [2, 2])  # each day starts its own half-hours


@pytest.mark.parametrize("minutes", [None, 0, -30, 1441])
def test_minutes_missing_or_impossible(minutes):
    result = priced(HALF_HOURS, on(2, minutes=minutes), on(3, minutes=30), on(4, "unknown"))

    assert shown(result) == [([3], 1, 85, (85, 0, 0))]
    assert noticed(result) == {Anomaly.BOOKED_NO_ATTENDANCE: [4], Anomaly.MISSING_MINUTES: [2, 4]}


def test_an_absence_is_billed_its_half_hours():
    tariff = Tariff(Price(85, 0), Unit.HALF_HOUR, absences=AbsenceRules(half_hours=3, waiting_days=1))
    result = priced(tariff, on(2, "absent", minutes=600), on(3, "justified"), on(4, minutes=30))

    assert shown(result) == [([2], 3, 85, (255, 0, 0)), ([3], 3, 85, (255, 0, 0)), ([4], 1, 85, (85, 0, 0))]


def test_a_price_per_month():
    result = priced(MONTHLY, on(2, "justified"), on(3), on(4), on(5, "absent"))

    assert shown(result) == [([3, 4, 5], 1, 3000, (2500, 500, 0))]
    assert [day.quantity for day in result.lines[0].days] == [1, 0, 0]
    assert result.lines[0].why == ()
    assert priced(MONTHLY, on(2, "justified")).lines == ()


def test_a_price_per_month_is_that_of_the_first_billed_day():
    later = Tariff(Price(9000, 0), Unit.MONTH, valid_from=date(2026, 11, 3))
    by_quotient = Tariff(GRID, Unit.MONTH)
    quotients = {2: 100, 3: None}

    assert shown(priced([MONTHLY, later], on(2), on(3))) == [([2, 3], 1, 3000, (2500, 500, 0))]
    assert shown(priced([MONTHLY, later], on(2, "justified"), on(3))) == [([3], 1, 9000, (9000, 0, 0))]
    result = priced(by_quotient, on(2), on(3), standing=lambda day: Standing(quotients[day.day]))
    assert (shown(result), result.anomalies) == ([([2, 3], 1, 100, (30, 70, 0))], ())


def test_each_day_takes_its_own_tariff_and_quotient():
    old = Tariff(GRID, valid_to=date(2026, 11, 3))
    quotients = {2: 450, 3: 600, 4: 600, 5: None}
    new = Tariff(MEAL, valid_from=date(2026, 11, 4))
    result = priced([old, new], on(2), on(3), on(4), on(5), standing=lambda day: Standing(quotients[day.day]))

    # From the 4th on, the price is fixed: a quotient that changes, or is missing, parts no line.
    assert shown(result) == [
        ([2], 1, 100, (30, 70, 0)), ([3], 1, 220, (80, 140, 0)), ([4, 5], 2, 350, (240, 460, 0))
    ]  # fmt: skip
    assert result.anomalies == ()
    assert [(line.quote.bracket, line.quote.quotient) for line in result.lines] == [(1, 450), (2, 600), (None, None)]


def test_two_tariffs_are_two_lines_even_at_the_same_price():
    old, new = Tariff(MEAL, name="2025", valid_to=date(2026, 11, 3)), Tariff(MEAL, valid_from=date(2026, 11, 4))
    result = priced([old, new], on(2), on(4), on(3))
    assert [(line.tariff, line.quantity) for line in result.lines] == [(old, 2), (new, 1)]


def test_a_missing_quotient_is_told_and_pays_the_top_price():
    result = priced(Tariff(GRID), on(2), on(3))
    assert shown(result) == [([2, 3], 2, 380, (300, 460, 0))]
    assert result.anomalies == (Noticed(Anomaly.UNKNOWN_QUOTIENT, (date(2026, 11, 2), date(2026, 11, 3))),)


def test_a_day_without_tariff_is_told_and_not_billed():
    result = priced(Tariff(MEAL, valid_from=date(2026, 11, 3)), on(2), on(3))
    assert (shown(result), noticed(result)) == ([([3], 1, 350, (120, 230, 0))], {Anomaly.NO_TARIFF: [2]})


# ── absences ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_booked_and_did_not_come():
    result = priced(CANTEEN, on(2, "absent"), on(3, "justified"), on(4, "unknown"), on(5))

    assert whys(result) == {2: (Why.ABSENT,), 4: (Why.ASSUMED_PRESENT,), 5: (Why.PRESENT,)}
    assert shown(result) == [([2], 1, 350, (120, 230, 0)), ([4, 5], 2, 350, (240, 460, 0))]
    assert result.free == (FreeDay(date(2026, 11, 3), Why.JUSTIFIED_FREE),)
    assert noticed(result) == {Anomaly.BOOKED_NO_ATTENDANCE: [4]}


def test_the_opposite_choices():
    kind = Tariff(
        MEAL,
        absences=AbsenceRules(
            absent_billed=False, justified_billed=True, unrecorded_billed=False, attendance_expected=False
        ),
    )
    result = priced(kind, on(2, "absent"), on(3, "justified"), on(4, "unknown"))

    assert whys(result) == {3: (Why.JUSTIFIED,)}
    assert [(day.day.day, day.why) for day in result.free] == [(2, Why.ABSENT_FREE), (4, Why.UNRECORDED_FREE)]
    assert result.anomalies == ()


@pytest.mark.parametrize(
    ("waiting", "before", "billed"),
    [(0, 0, []), (1, 0, [2, 6]), (2, 0, [2, 3, 6]), (3, 0, [2, 3, 4, 6]), (1, 1, [6]), (2, 1, [2, 6]), (2, 9, [6])],
)
def test_first_days_of_an_absence(waiting, before, billed):
    sick = [on(day, "justified") for day in (2, 3, 4)]
    tariff = Tariff(MEAL, absences=AbsenceRules(waiting_days=waiting))
    # The 5th interrupts the absence; a day on which nobody was expected does not.
    gap = Consumed(date(2026, 11, 1), booked=False)
    result = priced(tariff, gap, *sick, on(5), on(6, "justified"), before=before)

    assert [day for day, why in sorted(whys(result).items()) if why == (Why.JUSTIFIED,)] == billed


def test_a_day_without_tariff_counts_in_an_absence():
    tariff = Tariff(MEAL, valid_from=date(2026, 11, 3), absences=AbsenceRules(waiting_days=1))
    assert priced(tariff, on(2, "justified"), on(3, "justified")).lines == ()


# ── surcharges ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("surcharge", "extra"),
    [(cents(200), 400), (percent(25), 175), (percent("12.5"), 88), (times(2), 700), (times("1.005"), 4), (times(1), 0)],
)
def test_surcharges_of_two_late_meals(surcharge, extra):
    # 350 × 2 × 12.5 % = 87.5 and 350 × 2 × 0.005 = 3.5: rounded once for the line, never per day (44 + 44, 2 + 2 = 4)
    result = priced(Tariff(MEAL, late=surcharge), on(2, late=True), on(3, late=True))

    assert shown(result) == [([2, 3], 2, 350, (240, 460, extra))]
    assert result.lines[0].why == (Why.PRESENT, Why.LATE)


def test_surcharges_are_rounded_once_per_line():
    tariff = Tariff(Price(1, 0), late=percent(50))
    assert shown(priced(tariff, *[on(day, late=True) for day in (2, 3, 4)])) == [([2, 3, 4], 3, 1, (3, 0, 2))]


def test_surcharges_from_the_nth_time():
    tariff = Tariff(MEAL, late=cents(100, nth=3), unbooked=times(2, nth=2))
    late = [on(day, late=True) for day in (2, 3, 4, 5)]
    came = [on(day, booked=False) for day in (9, 10)]
    result = priced(tariff, *late, on(6), *came)

    assert shown(result) == [
        ([2, 3], 2, 350, (240, 460, 0)),
        ([4, 5], 2, 350, (240, 460, 200)),
        ([6], 1, 350, (120, 230, 0)),
        ([9], 1, 350, (120, 230, 0)),
        ([10], 1, 350, (120, 230, 350)),
    ]
    assert [line.why for line in result.lines] == [
        (Why.PRESENT, Why.LATE), (Why.PRESENT, Why.LATE), (Why.PRESENT,), (Why.UNBOOKED,), (Why.UNBOOKED,)
    ]  # fmt: skip
    assert noticed(result) == {Anomaly.UNBOOKED_PRESENCE: [9, 10]}


def test_without_a_rule_being_late_parts_no_line_and_coming_unbooked_is_told():
    result = priced(Tariff(MEAL), on(2, late=True), on(3), on(4, booked=False, late=True))
    assert shown(result) == [([2, 3], 2, 350, (240, 460, 0)), ([4], 1, 350, (120, 230, 0))]
    assert whys(result) == {2: (Why.PRESENT,), 3: (Why.PRESENT,), 4: (Why.UNBOOKED,)}
    assert noticed(result) == {Anomaly.UNBOOKED_PRESENCE: [4]}


def test_nobody_wrote_who_came_and_it_was_late():
    result = priced(Tariff(MEAL, late=cents(100)), on(2, late=True), on(3, "unknown", late=True), on(4, "unknown"))
    assert shown(result) == [([2, 3], 2, 350, (240, 460, 200)), ([4], 1, 350, (120, 230, 0))]
    assert [line.why for line in result.lines] == [(Why.PRESENT, Why.LATE), (Why.PRESENT,)]
    assert whys(result)[3] == (Why.ASSUMED_PRESENT, Why.LATE)


def test_who_comes_unbooked_is_not_late_too():
    tariff = Tariff(MEAL, late=cents(100), unbooked=cents(300))
    assert shown(priced(tariff, on(2, booked=False, late=True))) == [([2], 1, 350, (120, 230, 300))]


def test_times_count_billed_days_only():
    tariff = Tariff(MEAL, late=cents(100, nth=2))
    result = priced(tariff, on(2, "justified", late=True), on(3, late=True), on(4, "absent", late=True))
    assert [line.extra_cents for line in result.lines] == [0, 100]
    assert whys(result)[4] == (Why.ABSENT, Why.LATE)


def test_a_fixed_surcharge_is_per_time_and_a_percentage_per_half_hour():
    late = on(2, late=True, minutes=90)
    assert shown(priced(Tariff(Price(85, 0), Unit.HALF_HOUR, late=cents(500)), late)) == [([2], 3, 85, (255, 0, 500))]
    assert shown(priced(Tariff(Price(85, 0), Unit.HALF_HOUR, late=percent(10)), late)) == [([2], 3, 85, (255, 0, 26))]


def test_a_surcharge_on_a_price_per_month():
    tariff = Tariff(Price(2500, 0), Unit.MONTH, late=cents(150, nth=2), unbooked=cents(400))
    result = priced(tariff, on(2, late=True), on(3, late=True), on(4, booked=False), on(5))

    assert shown(result) == [([2, 3, 4, 5], 1, 2500, (2500, 0, 550))]
    assert [bool(day.surcharge) for day in result.lines[0].days] == [False, True, True, False]


# ── what cannot be ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_caller_gives_each_day_of_one_month_once():
    with pytest.raises(ValueError, match="only once"):
        priced(CANTEEN, on(2), on(2))
    for other in (on(30).day + timedelta(days=1), date(2027, 11, 30)):
        with pytest.raises(ValueError, match="one month"):
            priced(CANTEEN, on(30), Consumed(other))
