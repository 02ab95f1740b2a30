"""Who came: what staff writes down, and what an invoice reads of it beside the bookings."""

from datetime import date

import pytest

from portail.bookings.models import Activity, Attendance, Presence
from portail.bookings.operations import attendance
from portail.bookings.operations.attendance import AttendanceError, MarkDraft, record_attendance
from portail.bookings.queries.attendance import consumed_days, recorded_days
from portail.bookings.queries.records import Span
from portail.families.models import Person
from portail.rules import pricing
from portail.towns.models import Audit
from portail.towns.scope import in_town
from tests.world import ALINE, CLERK, JAMES, MONDAY, NEXT_TUESDAY, NOW, THURSDAY, World

PRESENT, ABSENT, JUSTIFIED = Attendance.Mark.PRESENT, Attendance.Mark.ABSENT, Attendance.Mark.JUSTIFIED


def write(*marks: MarkDraft) -> int:
    return record_attendance(marks=marks, by=CLERK, now=NOW)


def written() -> set[tuple]:
    rows = Attendance.objects.values_list("person__code", "activity__code", "day", "mark", "arrived", "left")
    return set(rows)


def test_marks_are_written_and_written_over(demo: World):
    assert write(MarkDraft(JAMES, "matin", MONDAY, PRESENT, 450, 510), MarkDraft(ALINE, "matin", MONDAY, ABSENT)) == 2
    assert write(MarkDraft(JAMES, "matin", MONDAY, ABSENT), MarkDraft(ALINE, "matin", MONDAY, JUSTIFIED)) == 2
    assert written() == {
        (JAMES, "matin", MONDAY, "absent", None, None),
        (ALINE, "matin", MONDAY, "justified", None, None),
    }
    assert Audit.objects.filter(verb="record_attendance").latest("-id").after == {"cells": 2, "days": [str(MONDAY)]}


def test_the_last_word_about_a_cell_holds_and_may_be_taken_back(demo: World):
    assert write(MarkDraft(JAMES, "soir", MONDAY, ABSENT), MarkDraft(JAMES, "soir", MONDAY, PRESENT)) == 1
    assert written() == {(JAMES, "soir", MONDAY, "present", None, None)}
    write(MarkDraft(ALINE, "soir", MONDAY, PRESENT), MarkDraft(JAMES, "cantine", MONDAY, PRESENT))
    write(MarkDraft(JAMES, "soir", MONDAY, None), MarkDraft(ALINE, "cantine", MONDAY, None))
    assert {row[:2] for row in written()} == {(ALINE, "soir"), (JAMES, "cantine")}


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        (MarkDraft("999", "matin", MONDAY, PRESENT), "code 999"),
        (MarkDraft(JAMES, "xx", MONDAY, PRESENT), "L'activité « xx »"),
        (MarkDraft(JAMES, "matin", MONDAY, PRESENT, 510, 450), "avant son arrivée"),
        (MarkDraft(JAMES, "matin", MONDAY, PRESENT, 450, 1441), "minuit"),
        (MarkDraft(JAMES, "matin", MONDAY, PRESENT, -1), "minuit"),
        (MarkDraft(JAMES, "matin", MONDAY, ABSENT, 450), "Seul un enfant présent"),
    ],
)
def test_one_mark_that_cannot_be_and_nothing_is_written(demo: World, mark: MarkDraft, words: str):
    with pytest.raises(AttendanceError, match=words):
        write(MarkDraft(ALINE, "matin", MONDAY, PRESENT), mark)
    assert not Attendance.objects.exists()


def test_too_many_at_once_are_refused(demo: World, monkeypatch):
    monkeypatch.setattr(attendance, "MOST_MARKS", 1)
    with pytest.raises(AttendanceError, match="Pas plus de 1"):
        write(MarkDraft(JAMES, "matin", MONDAY, PRESENT), MarkDraft(ALINE, "matin", MONDAY, PRESENT))


def test_another_towns_child_is_unknown(demo: World):
    with in_town(demo.buchelay), pytest.raises(AttendanceError, match=f"code {ALINE}"):
        write(MarkDraft(ALINE, "cantine", MONDAY, PRESENT))


def test_bookings_and_marks_are_read_together(demo: World, django_assert_num_queries):
    soir = Activity.objects.get(code="soir")
    persons = list(Person.objects.filter(code__in=[JAMES, ALINE]).values_list("id", flat=True))
    for person in persons:
        Presence.objects.create(person_id=person, activity=soir, day=MONDAY)
    Presence.objects.create(person=demo.james, activity=soir, day=NEXT_TUESDAY, late=True)
    Presence.objects.create(person=demo.james, activity=soir, day=date(2026, 12, 1))
    write(
        MarkDraft(JAMES, "soir", MONDAY, PRESENT, 990, 1050),
        MarkDraft(ALINE, "soir", THURSDAY, PRESENT, 990),
        MarkDraft(JAMES, "matin", MONDAY, PRESENT),
    )
    with django_assert_num_queries(2):
        found = consumed_days(persons, [soir.pk], Span(MONDAY, THURSDAY))
    present = pricing.Attendance.PRESENT
    assert {key: sorted(days, key=lambda one: one.day) for key, days in found.items()} == {
        (demo.james.pk, soir.pk): [
            pricing.Consumed(MONDAY, attendance=present, minutes=60),
            pricing.Consumed(NEXT_TUESDAY, late=True),
        ],
        (demo.aline.pk, soir.pk): [
            pricing.Consumed(MONDAY),
            pricing.Consumed(THURSDAY, booked=False, attendance=present),
        ],
    }
    assert recorded_days([soir.pk], Span(MONDAY, THURSDAY)) == {(soir.pk, MONDAY), (soir.pk, THURSDAY)}
