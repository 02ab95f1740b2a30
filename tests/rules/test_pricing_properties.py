"""Pricing against a slow oracle that counts day by day in exact fractions, and what must hold of every tariff."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from portail.rules.pricing import (
    AbsenceRules,
    Anomaly,
    Attendance,
    Bracket,
    Brackets,
    Consumed,
    Effort,
    Increase,
    Price,
    QuotientSpan,
    Standing,
    Surcharge,
    SurchargeKind,
    Tariff,
    Unit,
    Why,
    half_up,
    price_month,
    quote,
    quotient_on,
    tariff_on,
)

FIRST = date(2026, 11, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(30)]

amounts = st.integers(0, 2000) | st.sampled_from([0, 1, 99, 100, 1_000_000])
prices = st.builds(Price, amounts, amounts)


def decimals(least, most, places=2):
    return st.decimals(least, most, allow_nan=False, allow_infinity=False, places=places)


@st.composite
def brackets(draw, cheapest_first=False):
    lowers = [0, *sorted(draw(st.sets(st.integers(1, 2000), max_size=4)))]
    some = draw(st.lists(prices, min_size=len(lowers), max_size=len(lowers)))
    if cheapest_first:
        some.sort(key=lambda price: price.cents)
    return Brackets(tuple(Bracket(lower, price) for lower, price in zip(lowers, some, strict=True)))


@st.composite
def efforts(draw):
    floor, ceiling = sorted([draw(amounts), draw(amounts)])
    food = draw(st.one_of(st.builds(dict), st.builds(dict, food_cents=amounts),
                          st.builds(dict, food_percent=decimals(0, 100))))  # fmt: skip
    return Effort(draw(decimals("0.00001", "0.02", 6)), floor, ceiling, **food)


scales = prices | brackets() | efforts()
outsides = st.none() | st.builds(Increase, decimals(0, 200)) | scales
nths = st.integers(1, 4)
per_time = st.builds(Surcharge, st.just(SurchargeKind.CENTS), st.integers(0, 999).map(Decimal), nths)
surcharges = (
    per_time
    | st.builds(Surcharge, st.just(SurchargeKind.PERCENT), decimals(0, 300), nths)
    | st.builds(Surcharge, st.just(SurchargeKind.MULTIPLIER), decimals(1, 4), nths)
)
absences = st.builds(
    AbsenceRules,
    absent_billed=st.booleans(),
    waiting_days=st.integers(0, 4),
    unrecorded_billed=st.booleans(),
    attendance_expected=st.booleans(),
    half_hours=st.integers(1, 6),
) | st.builds(AbsenceRules, justified_billed=st.just(True))


@st.composite
def tariffs(draw, units=tuple(Unit)):
    unit = draw(st.sampled_from(units))
    extra = st.none() | (per_time if unit is Unit.MONTH else surcharges)
    return Tariff(
        scale=draw(scales),
        unit=unit,
        outside=draw(outsides),
        rank_reductions=tuple(draw(st.lists(decimals(0, 100), max_size=3))),
        late=draw(extra),
        unbooked=draw(extra),
        absences=draw(absences),
    )


standings = st.builds(Standing, st.none() | st.integers(0, 2500), st.booleans(), st.integers(1, 5))
consumed = st.builds(
    Consumed,
    st.sampled_from(DAYS),
    st.booleans() | st.just(True),
    st.booleans(),
    st.sampled_from(Attendance),
    st.none() | st.integers(-1, 1500) | st.sampled_from([29, 30, 31, 60]),
)
months = st.lists(consumed, max_size=20, unique_by=lambda one: one.day)


# ── the slow oracle ─────────────────────────────────────────────────────────────────────────────────────────────────


def rounded(exact):
    """To the nearest cent, halves upwards, by the decimal module."""
    with localcontext() as context:
        context.prec = 80
        whole, rest = divmod(exact, 1)
        decimal = Decimal(int(whole)) + Decimal(rest.numerator) / Decimal(rest.denominator)
        return int(decimal.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def slow_scale(scale, quotient):
    """(care, food) of one unit."""
    if isinstance(scale, Price):
        return scale.care_cents, scale.food_cents
    if isinstance(scale, Brackets):
        rows = [one.price for one in scale.brackets if quotient is None or one.lower <= quotient]
        return rows[-1].care_cents, rows[-1].food_cents
    price = scale.ceiling_cents
    if quotient is not None:
        price = rounded(Fraction(scale.rate) * 100 * quotient)
        price = scale.floor_cents if price < scale.floor_cents else min(price, scale.ceiling_cents)
    food = min(scale.food_cents, price)
    if scale.food_percent is not None:
        food = rounded(price * Fraction(scale.food_percent) / 100)
    return price - food, food


def slow_price(tariff, standing):
    scale, factor = tariff.scale, Fraction(1)
    if not standing.resident and tariff.outside is not None:
        if isinstance(tariff.outside, Increase):
            factor += Fraction(tariff.outside.percent) / 100
        else:
            scale = tariff.outside
    if tariff.rank_reductions:
        ranks = [*tariff.rank_reductions, *[tariff.rank_reductions[-1]] * 10]
        factor *= 1 - Fraction(ranks[standing.rank - 1]) / 100
    care, food = slow_scale(scale, standing.quotient)
    return rounded((care + food) * factor) - rounded(food * factor), rounded(food * factor)


def slow_billed(day, month, tariff):
    """Is it billed? The run of justified absences is counted backwards among the days expected."""
    rules = tariff.absences
    if day.attendance is Attendance.PRESENT:
        return True
    if not day.booked:
        return False
    if day.attendance is Attendance.JUSTIFIED:
        run = 0
        for other in sorted(month, key=lambda one: one.day, reverse=True):
            expected = other.booked or other.attendance is Attendance.PRESENT
            if other.day <= day.day and expected:
                if other.attendance is not Attendance.JUSTIFIED:
                    break
                run += 1
        return rules.justified_billed or run <= rules.waiting_days
    return rules.absent_billed if day.attendance is Attendance.ABSENT else rules.unrecorded_billed


def slow_units(day, tariff):
    if tariff.unit is not Unit.HALF_HOUR:
        return 1
    if day.attendance in (Attendance.ABSENT, Attendance.JUSTIFIED):
        return tariff.absences.half_hours
    if day.minutes is None or day.minutes not in range(1, 1441):
        return None
    return len(range(0, day.minutes, 30))


def slow_month(month, tariff, standing):
    """(care, food, extra) of a month with one tariff and one standing, and the days billed."""
    care, food = slow_price(tariff, standing)
    billed = [day for day in sorted(month, key=lambda one: one.day) if slow_billed(day, month, tariff)]
    billed = [day for day in billed if slow_units(day, tariff) is not None]
    units = 0
    extras: dict[str, Fraction] = {}
    for day in billed:
        unbooked = not day.booked
        same = [d for d in billed if d.day <= day.day and (not d.booked if unbooked else d.booked and d.late)]
        rule = tariff.unbooked if unbooked else tariff.late if day.late else None
        quantity = slow_units(day, tariff)
        units += quantity
        if rule is not None and len(same) >= rule.from_nth:
            base = Fraction((care + food) * quantity)
            part = {
                SurchargeKind.CENTS: Fraction(rule.value),
                SurchargeKind.PERCENT: base * Fraction(rule.value) / 100,
                SurchargeKind.MULTIPLIER: base * Fraction(rule.value) - base,
            }[rule.kind]
            present = day.attendance in (Attendance.PRESENT, Attendance.UNKNOWN)
            group = "unbooked" if unbooked else "present" if present else day.attendance
            extras[group] = extras.get(group, Fraction(0)) + part
    if tariff.unit is Unit.MONTH:
        units = 1 if billed else 0
    return (units * care, units * food, sum(rounded(part) for part in extras.values())), billed


@given(st.integers(0, 10**30), st.integers(1, 10**30))
def test_half_up_against_decimals(numerator, denominator):
    assert half_up(numerator, denominator) == rounded(Fraction(numerator, denominator))


@given(tariffs(), standings)
def test_unit_prices_against_the_slow_oracle(tariff, standing):
    found = quote(tariff, standing)

    assert (found.price.care_cents, found.price.food_cents) == slow_price(tariff, standing)


@given(months, tariffs(), standings)
def test_months_against_the_slow_oracle(month, tariff, standing):
    result = price_month(month, [tariff], lambda _: standing)
    totals, billed = slow_month(month, tariff, standing)

    assert tuple(
        sum(getattr(line, part) for line in result.lines) for part in ("care_cents", "food_cents", "extra_cents")
    ) == totals  # fmt: skip
    assert sorted(day.day for line in result.lines for day in line.days) == [day.day for day in billed]


# ── what must hold of every tariff ──────────────────────────────────────────────────────────────────────────────────


@st.composite
def worlds(draw):
    """A month, two tariffs that follow each other (with perhaps a hole), and a standing that changes once."""
    change, hole = draw(st.integers(1, 29)), draw(st.integers(0, 3))
    old = replace(draw(tariffs()), valid_to=DAYS[change - 1])
    new = replace(draw(tariffs()), valid_from=DAYS[change] + timedelta(days=hole))
    before, after, moved = draw(standings), draw(standings), draw(st.sampled_from(DAYS))
    return draw(months), [old, new], lambda day: before if day < moved else after


@given(worlds())
def test_each_day_is_priced_once_or_said_why_not(world):
    month, grid, standing_on = world
    result = price_month(month, grid, standing_on)
    told = {one.anomaly: one.days for one in result.anomalies}
    billed = [day.day for line in result.lines for day in line.days]
    dropped = [*told.get(Anomaly.NO_TARIFF, ()), *told.get(Anomaly.MISSING_MINUTES, ())]

    assert sorted([*billed, *(day.day for day in result.free), *dropped]) == sorted(day.day for day in month)
    assert [day for day in told.get(Anomaly.NO_TARIFF, ()) if tariff_on(grid, day)] == []
    came = {day.day for day in month if not day.booked and day.attendance is Attendance.PRESENT}
    assert set(told.get(Anomaly.UNBOOKED_PRESENCE, ())) == {day for day in came if tariff_on(grid, day)}
    assert all(list(days) == sorted(set(days)) for days in told.values())


@given(worlds())
def test_lines_add_up(world):
    month, grid, standing_on = world
    result = price_month(month, grid, standing_on)

    for line in result.lines:
        assert line.unit_cents == line.quote.price.cents
        assert line.quantity == sum(day.quantity for day in line.days) > 0
        assert line.amount_cents == line.quantity * line.unit_cents + line.extra_cents
        assert min(line.care_cents, line.food_cents, line.extra_cents) >= 0
        assert line.care_cents == line.quantity * line.quote.price.care_cents
        if line.tariff.unit is not Unit.MONTH:
            shown = {tuple(Why.PRESENT if w is Why.ASSUMED_PRESENT else w for w in day.why) for day in line.days}
            assert shown == {line.why}
            assert len({day.surcharge for day in line.days}) == 1
    assert result.amount_cents == sum(line.amount_cents for line in result.lines)
    keys = [(id(one.tariff), one.quote, one.why, one.days[0].surcharge is None) for one in result.lines]
    assert len(set(keys)) == len(keys)


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_the_days_changes_nothing(world, random):
    month, grid, standing_on = world
    shuffled = list(month)
    random.shuffle(shuffled)

    assert price_month(shuffled, grid, standing_on) == price_month(month, grid, standing_on)


@given(months, tariffs(units=(Unit.PRESENCE, Unit.HALF_HOUR)), tariffs(), standings, st.integers(1, 29))
def test_a_month_cut_where_the_tariff_changes_is_the_sum_of_its_halves(month, old, new, standing, cut):
    # Counters run through the month: without « à partir de la n-ième fois » nor waiting days, nothing crosses the cut.
    grid = [
        replace(one, late=at_once(one.late), unbooked=at_once(one.unbooked), absences=AbsenceRules())
        for one in (replace(old, valid_to=DAYS[cut - 1]), replace(new, valid_from=DAYS[cut]))
    ]
    halves = [[day for day in month if day.day < DAYS[cut]], [day for day in month if day.day >= DAYS[cut]]]
    amounts = [price_month(half, grid, lambda _: standing).amount_cents for half in halves]

    assert price_month(month, grid, lambda _: standing).amount_cents == sum(amounts)


def at_once(surcharge):
    return replace(surcharge, from_nth=1) if surcharge else None


@given(months, consumed, tariffs(), standings)
def test_one_more_attended_day_at_the_end_never_costs_less(month, day, tariff, standing):
    more = replace(day, day=DAYS[-1], attendance=Attendance.PRESENT)
    month = [one for one in month if one.day != DAYS[-1]]
    before = price_month(month, [tariff], lambda _: standing)

    assert price_month([*month, more], [tariff], lambda _: standing).amount_cents >= before.amount_cents


@given(st.integers(1, 1439), tariffs(units=(Unit.HALF_HOUR,)), standings)
def test_one_more_minute_never_costs_less(minutes, tariff, standing):
    def amount(count):
        day = Consumed(FIRST, attendance=Attendance.PRESENT, late=True, minutes=count)
        return price_month([day], [tariff], lambda _: standing).amount_cents

    assert amount(minutes) <= amount(minutes + 1)


@given(brackets(cheapest_first=True) | efforts(), standings, st.integers(0, 2500), st.integers(0, 2500), outsides)
def test_a_larger_quotient_never_costs_less_and_an_unknown_one_most(scale, standing, one, other, outside):
    tariff = Tariff(scale, outside=outside if isinstance(outside, Increase) else None)
    low, high = sorted((one, other))
    found = [quote(tariff, replace(standing, quotient=value)).price.cents for value in (low, high, None)]

    assert found == sorted(found)


@given(scales, standings)
def test_an_unknown_quotient_pays_as_the_largest(scale, standing):
    assert (
        quote(Tariff(scale), replace(standing, quotient=None)).price
        == quote(Tariff(scale), replace(standing, quotient=10**12)).price
    )


@given(tariffs(), standings)
def test_the_grounds_of_a_price_are_those_that_it_looks_at(tariff, standing):
    """Whatever a quote does not name may change without changing the price: so one line holds only one reason."""
    found = quote(tariff, standing)
    if found.quotient is None and not found.quotient_missing:
        assert quote(tariff, replace(standing, quotient=1)) == quote(tariff, replace(standing, quotient=2400)) == found
    if found.rank is None:
        assert quote(tariff, replace(standing, rank=9)) == found
    if tariff.outside is None:
        assert quote(tariff, replace(standing, resident=not standing.resident)) == found
    assert found.outside is (tariff.outside is not None and not standing.resident)


spans = st.builds(
    lambda first, length, value: QuotientSpan(first, None if length is None else first + timedelta(days=length), value),
    st.sampled_from(DAYS),
    st.none() | st.integers(0, 20),
    st.integers(0, 2000),
)


@given(st.lists(spans, max_size=6), st.sampled_from(DAYS))
def test_the_quotient_of_a_day_against_a_sorted_walk(history, day):
    expected = None
    for span in sorted(history, key=lambda one: one.first):  # stable: of those that begin together, the last given
        if span.first <= day <= (span.last or date.max):
            expected = span.value

    assert quotient_on(history, day) == expected
