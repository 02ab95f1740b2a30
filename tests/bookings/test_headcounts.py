"""How many are expected, of which meal type, against yesterday, last week and the order."""

from datetime import date, timedelta

from portail.bookings.models import Activity, Attendance, Presence
from portail.bookings.operations.attendance import MarkDraft, record_attendance
from portail.bookings.operations.kitchen import place_order
from portail.bookings.queries.headcounts import (
    ADULTS,
    HeadCount,
    Ordered,
    changes_since,
    counts_of,
    head_counts,
    unmarked,
    week_counts,
)
from portail.bookings.queries.offer import offer_in_force
from portail.bookings.queries.records import Span
from portail.bookings.queries.roll import authorised_names, expected, not_booked, register, register_days, who_is_here
from portail.families.models import AuthorisedPerson, HealthRecord, Person
from portail.rules.weeks import week_days
from tests.world import (
    ALINE,
    ANGELINE,
    BERTRAND,
    CLERK,
    FRIDAY,
    JAMES,
    MONDAY,
    NEXT_TUESDAY,
    NOW,
    THURSDAY,
    World,
    tick,
    untick,
    validate,
)

STANDARD, NO_PORK = Person.Meal.STANDARD, Person.Meal.NO_PORK


def book(person: str, activity: str, *days: date) -> None:
    key = Activity.objects.get(code=activity).pk
    who = Person.objects.get(code=person).pk
    Presence.objects.bulk_create(Presence(person_id=who, activity_id=key, day=day) for day in days)


def line(day: date, school: str, activity: str = "cantine") -> HeadCount:
    (found,) = [one for one in head_counts(day, offer_in_force()) if (one.activity, one.school) == (activity, school)]
    return found


def test_a_day_against_the_time_before_and_last_week(demo: World):
    Person.objects.filter(code=ALINE).update(meal=NO_PORK)
    last_week = THURSDAY - timedelta(days=7)
    book(JAMES, "cantine", last_week, NEXT_TUESDAY, THURSDAY)
    book(ALINE, "cantine", last_week, THURSDAY)
    book(ANGELINE, "cantine", THURSDAY)
    one = line(THURSDAY, "MALLERIN PRIMAIRE")
    assert (one.counts, one.total) == ({STANDARD: 1, NO_PORK: 1}, 2)
    assert (one.before, one.before_day, one.week_ago, one.ordered, one.moved) == (1, NEXT_TUESDAY, 2, None, {})
    other = line(THURSDAY, "JULES FERRY")
    assert (other.total, other.before, other.week_ago) == (1, 0, 0)


def test_adults_are_counted_apart_and_the_inactive_not_at_all(demo: World):
    Person.objects.filter(code=ALINE).update(kind=Person.Kind.ADULT, meal=NO_PORK)
    Person.objects.filter(code=BERTRAND).update(active=False)
    for person in (JAMES, ALINE, BERTRAND):
        book(person, "cantine", MONDAY)
    assert line(MONDAY, "MALLERIN PRIMAIRE").counts == {STANDARD: 1, ADULTS: 1}
    assert len(head_counts(MONDAY, offer_in_force())) == 1


def test_what_moves_after_the_order_is_told(demo: World):
    validate(tick(JAMES, "cantine", FRIDAY), demo.as_jamie)
    order = place_order(activity="cantine", day=FRIDAY, by=CLERK, now=NOW)
    assert order.counts == {str(demo.james.classroom.school_id): {STANDARD: 1}}  # type: ignore[union-attr]
    assert place_order(activity="cantine", day=FRIDAY, by=CLERK, now=NOW + timedelta(hours=1)).pk == order.pk
    later = NOW + timedelta(minutes=5)
    validate(tick(ALINE, "cantine", FRIDAY), demo.as_jamie, now=later)
    validate(untick(JAMES, "cantine", FRIDAY), demo.as_jamie, now=later)
    validate(tick(ANGELINE, "cantine", FRIDAY), demo.as_denise, now=later)
    Person.objects.filter(code=ALINE).update(meal=NO_PORK)
    one = line(FRIDAY, "MALLERIN PRIMAIRE")
    assert (one.moved, one.moved_total) == ({STANDARD: -1, NO_PORK: 1}, 0)
    assert one.ordered == Ordered(NOW, CLERK.name, {STANDARD: 1})
    lines = head_counts(FRIDAY, offer_in_force())
    moves = {(change.person.code, change.present) for change in changes_since(FRIDAY, lines)}
    assert moves == {(ALINE, True), (JAMES, False), (ANGELINE, True)}
    validate(untick(ANGELINE, "cantine", FRIDAY), demo.as_denise, now=later + timedelta(minutes=1))
    assert [one.school for one in head_counts(FRIDAY, offer_in_force())] == ["MALLERIN PRIMAIRE"]
    place_order(activity="cantine", day=FRIDAY, by=CLERK, now=later + timedelta(minutes=2))
    assert line(FRIDAY, "MALLERIN PRIMAIRE").moved == {}


def test_a_place_that_emptied_since_the_order_still_shows(demo: World):
    book(JAMES, "cantine", FRIDAY)
    place_order(activity="cantine", day=FRIDAY, by=CLERK, now=NOW)
    Presence.objects.all().delete()
    assert line(FRIDAY, "MALLERIN PRIMAIRE").moved == {STANDARD: -1}


def test_as_many_queries_for_one_as_for_many(demo: World, django_assert_num_queries):
    offer = offer_in_force()
    book(JAMES, "cantine", MONDAY)
    for _ in range(2):
        with django_assert_num_queries(3):
            head_counts(MONDAY, offer)
        with django_assert_num_queries(2):
            week_counts(week_days(MONDAY), offer)
        for person in (ALINE, ANGELINE, BERTRAND):
            Presence.objects.filter(person__code=person).delete()
            book(person, "cantine", MONDAY, THURSDAY)


def test_the_week(demo: World):
    book(JAMES, "cantine", MONDAY, THURSDAY)
    book(ALINE, "matin", MONDAY)
    lines = week_counts(week_days(MONDAY), offer_in_force())
    assert [(one.activity_name, one.total(MONDAY), one.total(THURSDAY)) for one in lines] == [
        ("Cantine", 1, 1), ("Accueil matin", 1, 0),
    ]  # fmt: skip
    assert counts_of(Span(MONDAY, MONDAY), Activity.objects.get(code="matin").pk)[MONDAY]


def test_booked_and_nobody_said_whether_they_came(demo: World):
    past = NOW.date() - timedelta(days=3)
    book(JAMES, "cantine", past)
    book(ALINE, "cantine", past)
    book(ALINE, "matin", past)  # never ticked by anybody: not asked about
    assert not unmarked(Span(past, past)).exists()
    record_attendance(marks=[MarkDraft(JAMES, "cantine", past, None)], by=CLERK, now=NOW)
    assert not unmarked(Span(past, past)).exists()
    record_attendance(marks=[MarkDraft(JAMES, "cantine", past, Attendance.Mark.ABSENT)], by=CLERK, now=NOW)
    assert [row.person.code for row in unmarked(Span(past, past))] == [ALINE]


def test_the_register_and_who_may_still_come(demo: World, django_assert_num_queries):
    cantine = Activity.objects.get(code="cantine").pk
    book(JAMES, "cantine", MONDAY)
    HealthRecord.objects.create(person=demo.james, sealed=b"", care_plan=True, updated_at=NOW)
    with django_assert_num_queries(3):
        (row,) = register(cantine, MONDAY)
    assert (row.code, row.name, row.care_plan, row.booked, row.mark, row.version) == (
        JAMES, "BOND James", True, True, "", "",
    )  # fmt: skip
    assert [one.code for one in not_booked(cantine, MONDAY)] == [ANGELINE, BERTRAND, ALINE]
    assert [one.code for one in not_booked(cantine, MONDAY, words="angel mars")] == [ANGELINE]
    assert [one.code for one in not_booked(cantine, MONDAY, words=ALINE)] == [ALINE]
    assert not_booked(cantine, MONDAY, words="BOND\0") == not_booked(cantine, MONDAY, words="bond")
    assert not_booked(cantine, MONDAY, words="x" * 10_000) == []
    school = demo.james.classroom.school_id  # type: ignore[union-attr]
    assert register_days(MONDAY) == {(cantine, school): (1, 0)}


def test_lists_of_names(demo: World, django_assert_num_queries):
    book(JAMES, "matin", MONDAY)
    for person in (JAMES, ALINE, ANGELINE):
        book(person, "cantine", MONDAY)
    with django_assert_num_queries(2):
        rows = expected(MONDAY)
    assert [row.code for _, row in rows] == [ANGELINE, ALINE, JAMES, JAMES]
    assert [row.code for _, row in expected(MONDAY, activity="matin")] == [JAMES]
    assert [row.code for _, row in expected(MONDAY, classroom_id=demo.angeline.classroom_id)] == [ANGELINE]
    AuthorisedPerson.objects.create(person=demo.james, name="Mamie", relation="grand-mère", phone="06")
    assert authorised_names([demo.james.pk, demo.aline.pk]) == {demo.james.pk: ["Mamie (grand-mère), 06"]}


def test_who_is_here_now(demo: World):
    day, present, absent = NOW.date(), Attendance.Mark.PRESENT, Attendance.Mark.ABSENT
    for person in (JAMES, ALINE, ANGELINE, BERTRAND):
        book(person, "cantine", day)
    record_attendance(marks=[MarkDraft(JAMES, "matin", day, present), MarkDraft(ALINE, "matin", day, present, 450, 500),
                             MarkDraft(ANGELINE, "matin", day, present)], by=CLERK, now=NOW)  # fmt: skip
    later = NOW + timedelta(hours=3)
    record_attendance(marks=[MarkDraft(ANGELINE, "cantine", day, absent)], by=CLERK, now=later)
    found = {(one.row.code, one.ticked, one.activity_code) for one in who_is_here(day, 540)}
    assert found == {(JAMES, True, "matin"), (BERTRAND, False, "cantine")}
    assert {one.row.code for one in who_is_here(day, 495)} == {JAMES, ALINE, BERTRAND}
