"""Quotients: a history without overlaps, whatever the order in which it is entered."""

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portail.families.models import Payer, Quotient
from portail.families.operations.quotients import QuotientDraft, set_quotient
from portail.families.operations.register import RegisterError
from portail.towns.models import Audit
from tests.world import CLERK, NOW, World

SEPTEMBER, JANUARY = date(2026, 9, 1), date(2027, 1, 1)


def enter(payer: Payer, value: int, first_day: date, last_day: date | None = None, **more) -> Quotient:
    return set_quotient(payer=payer, draft=QuotientDraft(value, first_day, last_day, **more), by=CLERK, now=NOW)


def spans(payer: Payer) -> list[tuple[int, date, date | None]]:
    return list(payer.quotients.order_by("first_day").values_list("value", "first_day", "last_day"))


def test_a_new_quotient_closes_the_one_in_force(demo: World):
    enter(demo.jamie, 700, SEPTEMBER, source="CAF")
    enter(demo.jamie, 650, JANUARY)
    assert spans(demo.jamie) == [(700, SEPTEMBER, date(2026, 12, 31)), (650, JANUARY, None)]
    assert spans(demo.denise) == []
    assert Audit.objects.filter(verb="set_quotient").count() == 2


def test_one_that_begins_the_same_day_is_a_correction(demo: World):
    enter(demo.jamie, 700, SEPTEMBER)
    enter(demo.jamie, 710, SEPTEMBER, JANUARY)
    assert spans(demo.jamie) == [(710, SEPTEMBER, JANUARY)]


def test_an_earlier_one_ends_where_the_next_begins(demo: World):
    enter(demo.jamie, 650, JANUARY)
    enter(demo.jamie, 700, SEPTEMBER)
    assert spans(demo.jamie)[0] == (700, SEPTEMBER, date(2026, 12, 31))
    with pytest.raises(RegisterError, match="01/01/2027"):
        enter(demo.jamie, 720, SEPTEMBER, JANUARY)


@pytest.mark.parametrize(
    ("value", "more", "words"),
    [
        (-1, {}, "nombre entier"),
        (100_001, {}, "nombre entier"),
        (700, {"last_day": date(2026, 8, 31)}, "finit avant"),
        (700, {"source": "x" * 61}, "origine"),
    ],
)
def test_what_cannot_be_is_refused(demo: World, value, more, words):
    with pytest.raises(RegisterError, match=words):
        enter(demo.jamie, value, SEPTEMBER, **more)
    assert not Quotient.objects.exists()


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(entries=st.lists(st.tuples(st.integers(0, 60), st.none() | st.integers(0, 20)), max_size=8))
def test_spans_never_overlap_and_the_last_word_holds_on_its_first_day(demo: World, entries):
    Quotient.objects.all().delete()
    for value, (start, length) in enumerate(entries):
        first = SEPTEMBER + timedelta(days=start)
        try:
            enter(demo.jamie, value, first, None if length is None else first + timedelta(days=length))
        except RegisterError:
            continue
        found = spans(demo.jamie)
        assert next(one for one in found if one[1] <= first and (one[2] is None or first <= one[2]))[0] == value
        for before, after in itertools.pairwise(found):
            assert before[2] is not None
            assert before[2] < after[1]
