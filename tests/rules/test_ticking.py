"""What a tap makes of a mark, quarters of an hour, and which of two tablets holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.rules.attendance import CYCLE, MIDNIGHT, QUARTER, Mark, Outcome, holds, quarter, tapped

MARKS = st.sampled_from(list(Mark))
MINUTES = st.integers(0, MIDNIGHT)


def test_taps_go_round():
    assert [tapped(mark) for mark in CYCLE] == [Mark.PRESENT, Mark.JUSTIFIED, Mark.ABSENT, Mark.NOTHING]


@given(MARKS)
def test_every_mark_is_reached_and_comes_back(mark: Mark):
    seen = [mark]
    for _ in CYCLE:
        seen.append(tapped(seen[-1]))
    assert set(seen) == set(Mark)
    assert seen[-1] == mark


@pytest.mark.parametrize(
    ("minutes", "rounded"),
    [(0, 0), (7, 0), (8, 15), (16 * 60 + 37, 16 * 60 + 30), (17 * 60 + 38, 17 * 60 + 45), (1439, 1440), (1440, 1440)],
)
def test_examples_of_quarters(minutes: int, rounded: int):
    assert quarter(minutes) == rounded


@given(MINUTES, MINUTES)
def test_a_quarter_is_near_in_the_day_and_keeps_the_order(one: int, other: int):
    assert quarter(one) % QUARTER == 0
    assert 0 <= quarter(one) <= MIDNIGHT
    assert abs(quarter(one) - one) <= QUARTER // 2 + 1
    assert (one <= other) <= (quarter(one) <= quarter(other))
    assert quarter(quarter(one)) == quarter(one)


@given(st.text(), st.text(), st.booleans())
def test_only_what_was_seen_or_is_already_written_holds(seen: str, current: str, same: bool):
    expected = Outcome.APPLIED if same or seen == current else Outcome.CONFLICT
    assert holds(seen=seen, current=current, same=same) is expected
    assert holds(seen=seen, current=seen, same=False) is Outcome.APPLIED
