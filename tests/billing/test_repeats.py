"""The cache of a run: what is reckoned once for all who come and pay alike, and never for somebody else."""

from datetime import date
from decimal import Decimal
from functools import partial
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.billing.models import Invoice, InvoiceLine
from portail.billing.operations.runs import repeats
from portail.billing.operations.runs.repeats import AlikeMonth, Repeats
from portail.rules import pricing
from portail.rules.pricing import Bracket, Brackets, Consumed, Increase, Price, Standing, Tariff
from tests.billing.build import SCHOOL_DAYS, book, invoice_of, prepared, quotient
from tests.world import ALINE, ANGELINE, JAMES, World

BY_BRACKET = Tariff(
    Brackets((Bracket(0, Price(60, 140)), Bracket(700, Price(120, 230)))), outside=Increase(Decimal(20))
)
BY_RANK = Tariff(Price(100, 0), rank_reductions=(Decimal(0), Decimal(50)))
PLACES = ((1, (BY_BRACKET,)), (2, (BY_RANK,)), (3, (BY_BRACKET, BY_RANK)))
PATTERNS = [tuple(Consumed(date(2026, 11, day)) for day in days) for days in ((2, 3), (5,), (9, 10, 12))]


def reckoned(cache: Repeats, days: tuple[Consumed, ...], place: int, standing: Standing) -> AlikeMonth:
    """What the cache gives. Its key is told as a label, so that a month of somebody else cannot pass for it."""
    _, tariffs = PLACES[place]

    def reckon() -> AlikeMonth:
        quotes = [pricing.quote(tariff, standing) for tariff in tariffs]
        words = [f"{PLACES[place][0]} {[quote.price for quote in quotes]} {[quote.rank for quote in quotes]}"]
        return AlikeMonth(days, [repeats.Content(word, len(days), 0, 0, 0, 0, 0, "{}") for word in words], [])

    return cache.month(days, PLACES[place], cache.peers(standing), reckon)


standings = st.builds(
    Standing,
    quotient=st.none() | st.sampled_from([0, 1, 699, 700, 701, 2000]),
    resident=st.booleans(),
    rank=st.integers(1, 3),
)
asked = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), standings), max_size=40)


@pytest.mark.parametrize("most", [1, 2, 3, 10_000])
@given(asked=asked)
def test_the_cache_says_what_would_be_reckoned_however_often_it_is_emptied(most, asked):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repeats, "_MOST", most)
        cache = Repeats()
        for pattern, place, standing in asked:
            alone = reckoned(Repeats(), PATTERNS[pattern], place, standing)
            assert reckoned(cache, PATTERNS[pattern], place, standing) == alone
            assert max(len(cache._peers), len(cache._classes), len(cache._months)) <= most


def test_the_same_is_reckoned_once():
    cache = Repeats()
    first = reckoned(cache, PATTERNS[0], 0, Standing(0, rank=1))
    assert reckoned(cache, PATTERNS[0], 0, Standing(699, rank=2)) is first  # one bracket, and the rank is not looked at
    others = [
        reckoned(cache, PATTERNS[0], 0, Standing(700)),
        reckoned(cache, PATTERNS[0], 0, Standing(0, resident=False)),
        reckoned(cache, PATTERNS[0], 0, Standing(None)),
        reckoned(cache, PATTERNS[1], 0, Standing(0)),
        reckoned(cache, PATTERNS[0], 2, Standing(0)),
    ]
    assert len({id(month) for month in [first, *others]}) == 6


def test_equal_days_that_are_not_the_same_value_are_not_mixed_up():
    """Days are told by their place in memory: a month keeps its own alive, and checks that they are the ones."""
    cache, lasts = Repeats(), range(3, 31)
    patterns = [tuple(Consumed(date(2026, 11, day)) for day in (2, last)) for last in lasts]
    kept = [reckoned(cache, pattern, 0, Standing(0)) for pattern in patterns]
    assert [month.days[1].day.day for month in kept] == list(lasts)
    assert reckoned(cache, (*patterns[0][:1], *patterns[0][1:]), 0, Standing(0)) is not kept[0]


def test_emptied_in_the_middle_of_a_child_it_does_not_price_by_another_class(monkeypatch: pytest.MonkeyPatch):
    """Numbers are not given twice: who was classed before the emptying stays in a class of their own."""
    monkeypatch.setattr(repeats, "_MOST", 1)
    cache = Repeats()
    poor, rich = cache.peers(Standing(0)), cache.peers(Standing(2000))
    found = [cache.month(PATTERNS[0], PLACES[0], one, partial(month, one.standing)) for one in (poor, rich) * 2]
    assert [content.label for one in found for content in one.lines] == ["0", "2000"] * 2
    assert poor.classes[1] != rich.classes[1]


def month(standing: Standing) -> AlikeMonth:
    return AlikeMonth(PATTERNS[0], [repeats.Content(str(standing.quotient), 1, 0, 0, 0, 0, 0, "{}")], [])


def test_the_control_numbers_given_again_would_bill_somebody_else():
    cache = Repeats()
    first = reckoned(cache, PATTERNS[0], 0, Standing(0))
    cache._classes.clear()
    cache._fresh = count()
    assert reckoned(cache, PATTERNS[0], 0, Standing(2000)) is first


# --- In a run -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [1, 10_000])
def test_a_run_bills_the_same_with_hardly_any_cache(billing: World, monkeypatch: pytest.MonkeyPatch, most: int):
    monkeypatch.setattr(repeats, "_MOST", most)
    quotient(billing.jamie, 700)
    quotient(billing.denise, 10)
    for child in (JAMES, ALINE, ANGELINE):
        book(child, "cantine", SCHOOL_DAYS[:4])
        book(child, "soir", SCHOOL_DAYS[:4])
    run = prepared()
    found = {
        (line.detail["person"], line.detail["activity"]): (line.amount_cents, line.detail["quotient"])
        for line in InvoiceLine.objects.filter(invoice__run=run)
    }
    assert {name for name, _ in found} == {"James BOND", "Aline BOND", "Angéline MARSONE"}
    assert found["James BOND", "Cantine"] == found["Aline BOND", "Cantine"] == (800, 700)
    assert found["Angéline MARSONE", "Cantine"][0] < 800
    assert invoice_of(billing.denise, run).total_cents == sum(
        cents for (name, _), (cents, _) in found.items() if name == "Angéline MARSONE"
    )


def test_two_quotients_of_one_bracket_each_show_their_own(billing: World):
    for payer, value in ((billing.jamie, 700), (billing.denise, 701)):
        quotient(payer, value)
    book(JAMES, "cantine", SCHOOL_DAYS[:4])
    book(ANGELINE, "cantine", SCHOOL_DAYS[:4])
    lines = InvoiceLine.objects.filter(invoice__run=prepared()).order_by("invoice__payer_id")
    assert {(line.detail["person"], line.detail["quotient"], line.amount_cents) for line in lines} == {
        ("James BOND", 700, 800),
        ("Angéline MARSONE", 701, 800),
    }


def test_a_chunk_reads_its_own_payers_whatever_the_others(billing: World, monkeypatch: pytest.MonkeyPatch):
    """One payer a chunk or all of them in one: the same invoices, line for line."""
    for child in (JAMES, ALINE, ANGELINE):
        book(child, "cantine", SCHOOL_DAYS[:4])
    found = []
    for chunk in (200, 1, 2):
        monkeypatch.setattr("portail.billing.operations.runs.preparing.CHUNK", chunk)
        run = prepared()
        rows = InvoiceLine.objects.filter(invoice__run=run).order_by("person_id")
        found.append(list(rows.values_list("invoice__payer_id", "person_id", "position", "label", "detail")))
    assert found[0] == found[1] == found[2]
    assert (Invoice.objects.count(), len(found[0])) == (2, 3)
