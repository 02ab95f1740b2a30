"""What tablets say: each tap once, in its order, and a word to whoever came second."""

from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from portail.bookings.models import Attendance, AttendanceGesture
from portail.bookings.operations import tablets
from portail.bookings.operations.attendance import AttendanceError, MarkDraft, record_attendance
from portail.bookings.operations.tablets import FUTURE, Gesture, Receipt, receive_gestures
from portail.bookings.queries.roll import register, version_of
from portail.rules.attendance import Outcome
from portail.towns.actors import town_hall
from portail.towns.models import Audit
from portail.towns.scope import in_town
from tests.world import ALINE, CLERK, JAMES, NOW, World

TODAY = NOW.date()
PRESENT, ABSENT, JUSTIFIED = Attendance.Mark.PRESENT, Attendance.Mark.ABSENT, Attendance.Mark.JUSTIFIED
OTHER = town_hall("Kévin")
LATER = NOW + timedelta(minutes=1)


def tap(mark: Attendance.Mark | None, seen: str = "t:", person: str = JAMES, **more: object) -> Gesture:
    draft = MarkDraft(person, str(more.pop("activity", "cantine")), more.pop("day", TODAY), mark, **more)  # type: ignore[arg-type]
    return Gesture(uuid4(), draft, seen, NOW)


def send(*gestures: Gesture, now: datetime = NOW, by=CLERK) -> list[Receipt]:
    return receive_gestures(gestures=gestures, by=by, now=now)


def version(person: str = JAMES) -> str:
    return version_of(Attendance.objects.filter(person__code=person, activity__code="cantine").first())


def test_a_tap_is_written_once_however_often_it_comes(demo: World):
    one = tap(PRESENT)
    (first,), (second,) = send(one), send(one, now=LATER)
    assert first == second
    assert (first.outcome, first.mark, first.version) == (Outcome.APPLIED, "present", version())
    assert AttendanceGesture.objects.count() == 1
    assert Audit.objects.filter(verb="tick_attendance").count() == 1
    assert [receipt.outcome for receipt in send(one, one, now=LATER)] == [Outcome.APPLIED, Outcome.APPLIED]


def test_taps_on_their_way_follow_each_other(demo: World):
    one = tap(PRESENT)
    two = tap(JUSTIFIED, f"g:{one.id}")
    three = tap(None, f"g:{two.id}")
    four = tap(ABSENT, f"g:{three.id}")
    assert {receipt.outcome for receipt in send(one, two)} == {Outcome.APPLIED}
    assert {receipt.outcome for receipt in send(one, two, three, four, now=LATER)} == {Outcome.APPLIED}
    assert Attendance.objects.get().mark == ABSENT
    assert AttendanceGesture.objects.count() == 4


def test_somebody_else_was_first(demo: World):
    seen = tap(PRESENT)
    send(tap(ABSENT), now=LATER, by=OTHER)
    (receipt,) = send(seen, now=LATER + timedelta(minutes=1))
    assert (receipt.outcome, receipt.mark) == (Outcome.CONFLICT, "absent")
    assert "James BOND : vous avez noté « présent », mais quelqu'un a noté « absent » à 09:01" in receipt.words
    assert Attendance.objects.get().mark == ABSENT
    rows = AttendanceGesture.objects.order_by("id").values_list("mark", "outcome", "actor", "kept")
    kept = {"mark": "absent", "arrived": None, "left": None}
    assert list(rows) == [("absent", "applied", "Kévin", None), ("present", "conflict", CLERK.name, kept)]
    insisted = tap(PRESENT, f"t:{receipt.version}")
    assert send(insisted, now=LATER + timedelta(minutes=2))[0].outcome is Outcome.APPLIED
    assert Attendance.objects.get().mark == PRESENT


def test_what_follows_a_tap_that_did_not_hold_does_not_hold_either(demo: World):
    send(tap(ABSENT), by=OTHER)
    one = tap(PRESENT)
    two = tap(JUSTIFIED, f"g:{one.id}")
    assert [receipt.outcome for receipt in send(one, two, now=LATER)] == [Outcome.CONFLICT] * 2
    assert Attendance.objects.get().mark == ABSENT


def test_two_who_say_the_same_agree(demo: World):
    send(tap(PRESENT), by=OTHER)
    assert send(tap(PRESENT), now=LATER)[0].outcome is Outcome.APPLIED
    assert Attendance.objects.get().at == NOW


def test_taken_back_by_another_is_seen(demo: World):
    send(tap(PRESENT))
    seen = version()
    send(tap(None, f"t:{seen}"), now=LATER, by=OTHER)
    (receipt,) = send(tap(ABSENT, f"t:{seen}"), now=LATER)
    assert (receipt.outcome, receipt.mark, receipt.version) == (Outcome.CONFLICT, "", "")
    assert "« rien » entre-temps" in receipt.words


def test_what_the_console_wrote_counts_as_a_version(demo: World):
    record_attendance(marks=[MarkDraft(JAMES, "cantine", TODAY, PRESENT)], by=OTHER, now=NOW)
    assert send(tap(ABSENT), now=LATER)[0].outcome is Outcome.CONFLICT
    assert send(tap(ABSENT, f"t:{version()}"), now=LATER)[0].outcome is Outcome.APPLIED


@pytest.mark.parametrize(
    ("gesture", "words"),
    [
        (tap(PRESENT, person="999"), "Aucun enfant"),
        (tap(PRESENT, person="\0"), "Aucun enfant"),
        (tap(PRESENT, person="\ud800"), "Aucun enfant"),
        (tap(PRESENT, activity="x\0"), "Cette activité"),
        (tap(PRESENT, activity="inconnue"), "Cette activité"),
        (tap(PRESENT, day=date(2026, 11, 17)), FUTURE),
        (tap(PRESENT, arrived=600, left=500), "avant son arrivée"),
        (tap(ABSENT, arrived=600), "Seul un enfant présent"),
    ],
)
def test_a_tap_that_cannot_be_is_refused_and_the_others_go_on(demo: World, gesture: Gesture, words: str):
    refused, done = send(gesture, tap(PRESENT, person=ALINE))
    assert refused.outcome is Outcome.REFUSED
    assert words in refused.words
    assert done.outcome is Outcome.APPLIED
    assert AttendanceGesture.objects.get().person.code == ALINE


def test_a_tap_upon_nonsense_is_a_conflict(demo: World):
    send(tap(ABSENT))
    found = send(tap(PRESENT, "g:nonsense"), tap(PRESENT, f"g:{uuid4()}"), tap(PRESENT, "\0" * 200), now=LATER)
    assert {receipt.outcome for receipt in found} == {Outcome.CONFLICT}


def test_another_town_knows_none_of_it(demo: World):
    one = tap(PRESENT, person=ALINE)
    send(one)
    with in_town(demo.buchelay):
        assert send(one)[0].outcome is Outcome.REFUSED
        assert not AttendanceGesture.objects.exists()


def test_too_many_at_once(demo: World, monkeypatch):
    monkeypatch.setattr(tablets, "MOST_AT_ONCE", 1)
    with pytest.raises(AttendanceError, match="Pas plus de 1"):
        send(tap(PRESENT), tap(PRESENT))


def test_many_taps_cost_as_few_queries_as_one(demo: World, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        send(tap(PRESENT))
    chain = [tap(PRESENT, person=ALINE)]
    for mark in (ABSENT, JUSTIFIED, PRESENT) * 20:
        chain.append(tap(mark, f"g:{chain[-1].id}", person=ALINE))
    with django_assert_max_num_queries(12):
        send(*chain)
    assert {row.code: row.mark for row in register(Attendance.objects.first().activity_id, TODAY)} == {  # type: ignore[union-attr]
        JAMES: "present", ALINE: "present",
    }  # fmt: skip


@given(
    st.lists(st.sampled_from([PRESENT, ABSENT, JUSTIFIED, None]), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 5)), max_size=4),
)
def test_lost_answers_and_repeats_change_nothing(demo: World, marks: list, tries: list[tuple[int, int]]):
    """A tablet sends its queue in pieces, again and again: the end is that of its taps, each kept once."""
    with transaction.atomic():  # taken back after each example: what tablets said cannot be erased
        _queue_is_sent(marks, tries)
        transaction.set_rollback(True)


def _queue_is_sent(marks: list, tries: list[tuple[int, int]]) -> None:
    chain: list[Gesture] = []
    for mark in marks:
        chain.append(tap(mark, f"g:{chain[-1].id}" if chain else "t:"))
    reached = 0
    for back, until in tries:  # it begins again from what was answered: never after what arrived
        receipts = send(*chain[min(back, reached) : until])
        assert {receipt.outcome for receipt in receipts} <= {Outcome.APPLIED}
        reached = max(reached, min(until, len(chain)))
    assert {receipt.outcome for receipt in send(*chain[reached:])} <= {Outcome.APPLIED}
    row = Attendance.objects.first()
    assert (row.mark if row else None) == marks[-1]
    assert set(AttendanceGesture.objects.values_list("gesture_id", flat=True)) == {gesture.id for gesture in chain}
