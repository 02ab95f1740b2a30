"""A verdict kept with its submission comes back word for word."""

import json
from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from portail.bookings.verdicts import restored, restored_all, stored, unread
from portail.rules.booking import NotFor, Outcome, Refusal, Verdict, Wish
from portail.rules.calendar import ClosedWhy

text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80)
maybe = st.none() | st.booleans()
wishes = st.builds(Wish, text, text, st.dates(), st.booleans(), maybe)
moments = st.datetimes(timezones=st.just(UTC))
verdicts = st.builds(
    Verdict,
    wishes,
    st.sampled_from(Outcome),
    st.none() | st.sampled_from(Refusal),
    st.none() | moments,
    st.sampled_from(["", *ClosedWhy, *NotFor]),
    text,
    text,
    st.booleans(),
    st.booleans(),
    maybe,
)


@given(verdicts)
def test_what_is_stored_is_restored(verdict: Verdict):
    assert restored(json.loads(json.dumps(stored(verdict)))) == verdict


@given(st.lists(verdicts, max_size=3), st.lists(text, max_size=3))
def test_what_was_no_cell_is_kept_apart(found: list[Verdict], rubbish: list[str]):
    rows = [*map(stored, found), *map(unread, rubbish)]
    assert restored_all(rows) == found
    assert [row["cell"] for row in rows if "cell" in row] == rubbish


@given(st.text(st.sampled_from("\0\ud800é0"), max_size=200))
def test_whatever_is_sent_can_be_stored_by_both_databases(sent: str):
    row = stored(Verdict(Wish(sent, sent, date(2026, 11, 23), present=True), Outcome.REFUSED, Refusal.UNKNOWN_CHILD))
    for kept in (row.get("person", ""), row.get("activity", ""), unread(sent)["cell"]):
        assert kept.encode().decode() == kept
        assert "\0" not in kept
        assert len(kept) <= 80


def test_a_deadline_keeps_its_instant():
    when = datetime(2026, 11, 20, 9, tzinfo=UTC)
    row = stored(Verdict(Wish("007", "cantine", date(2026, 11, 23), present=True), Outcome.BOOKED, when=when))
    assert row == {
        "person": "007",
        "activity": "cantine",
        "day": "2026-11-23",
        "present": True,
        "outcome": "booked",
        "when": "2026-11-20T09:00:00+00:00",
        "late": False,
        "implied": False,
    }
