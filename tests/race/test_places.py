"""Real processes after the last places: exactly as many get one as there are, on both engines."""

import random
from datetime import date, timedelta

import pytest
from django.db import connection

from portail.bookings.models import Change, Places, Presence
from portail.families.operations.register import PersonDraft as Draft
from portail.rules.booking import Wish
from portail.towns.actors import Actor, parent
from portail.towns.scope import in_town
from tests.race import acts
from tests.race.crowd import SIZE, Crowd, Task
from tests.world import (
    ALINE,
    ANGELINE,
    BERTRAND,
    JAMES,
    MONDAY,
    NEXT_TUESDAY,
    THURSDAY,
    World,
    family,
    limit,
    tick,
    untick,
    validate,
)

pytestmark = pytest.mark.django_db(transaction=True)

SCHOOL_DAYS = [MONDAY + timedelta(days=d) for d in range(26) if (MONDAY + timedelta(days=d)).weekday() in (0, 1, 3, 4)]


def big_families(number: int, children: int) -> list[tuple[Actor, list[str]]]:
    """So many payers, each with so many children of the canteen, in the town in force."""
    found = []
    for place in range(number):
        drafts = [Draft(f"Enfant{child}", f"FAMILLE{place}", "mallerin", "10") for child in range(children)]
        payer, persons = family(f"Parent FAMILLE{place}", "", drafts)
        found.append((parent(payer.pk), [person.code for person in persons]))
    return found


def assert_counters_tell_the_truth() -> None:
    """Each counter equals the bookings it counts, and none passes its limit."""
    for counter in Places.objects.select_related("limit"):
        booked = Presence.objects.filter(activity_id=counter.limit.activity_id, day=counter.day)
        if counter.limit.school_id:
            booked = booked.filter(person__classroom__school_id=counter.limit.school_id)
        assert counter.taken == booked.count() <= counter.limit.seats


def test_two_parents_after_the_last_place(world: World, crowd: Crowd):
    with in_town(world.demo):
        limit("cantine", 1)
    for day in SCHOOL_DAYS[:10]:
        answers = crowd.run(
            Task(world.demo.pk, acts.validated, (tick(JAMES, "cantine", day), world.as_jamie)),
            Task(world.demo.pk, acts.validated, (tick(ANGELINE, "cantine", day), world.as_denise)),
        )
        assert sorted(answers) == [["booked"], ["full"]]
    with in_town(world.demo):
        assert Presence.objects.count() == Change.objects.count() == 10
        assert_counters_tell_the_truth()


def test_the_same_race_over_books_without_the_guard(world: World, crowd: Crowd):
    """The control: all count, then all insert. If this gave one booking, the other races would prove nothing.

    On PostgreSQL as an operation would do it, in one transaction. SQLite lets one writing transaction in at a time: its
    control counts outside.
    """
    inside = connection.vendor == "postgresql"
    with in_town(world.demo):
        limit("cantine", 1)
        codes = [JAMES, ALINE, ANGELINE, BERTRAND, *big_families(1, SIZE - 4)[0][1]]
    answers = crowd.run(*(Task(world.demo.pk, acts.naively_booked, (code, MONDAY, inside)) for code in codes))
    assert answers == ["booked"] * SIZE
    with in_town(world.demo):
        assert Presence.objects.filter(day=MONDAY).count() == SIZE


def test_thirty_places_and_sixty_four_children(world: World, crowd: Crowd):
    with in_town(world.demo):
        limit("cantine", 30)
        limit("cantine", 28, school="mallerin")
        families = big_families(SIZE, 8)
    answers = crowd.run(
        *(
            [Task(world.demo.pk, acts.validated, (tick(code, "cantine", MONDAY), by)) for code in codes]
            for by, codes in families
        )
    )
    words = [word for of_one in answers for answer in of_one for word in answer]
    assert sorted(words) == ["booked"] * 28 + ["full"] * 36
    with in_town(world.demo):
        assert Presence.objects.count() == 28
        assert_counters_tell_the_truth()


def test_a_place_passed_between_siblings_is_never_lost_to_a_third(world: World, crowd: Crowd):
    swap = {JAMES: ALINE, ALINE: JAMES}
    with in_town(world.demo):
        limit("cantine", 1)
        validate(tick(JAMES, "cantine", MONDAY), world.as_jamie)
    holder = JAMES
    for _ in range(6):
        wishes = [*tick(swap[holder], "cantine", MONDAY), *untick(holder, "cantine", MONDAY)]
        others = (Task(world.demo.pk, acts.validated, (tick(ANGELINE, "cantine", MONDAY), world.as_denise)),) * 3
        swapped, *found = crowd.run(Task(world.demo.pk, acts.validated, (wishes, world.as_jamie)), *others)
        assert (sorted(swapped), found) == (["booked", "cancelled"], [["full"]] * 3)
        holder = swap[holder]
    with in_town(world.demo):
        assert list(Presence.objects.values_list("person__code", flat=True)) == [holder]
        assert_counters_tell_the_truth()


def test_mixed_adds_and_removes_neither_deadlock_nor_drift(world: World, crowd: Crowd):
    """Everybody books and cancels the same few days, in any order; brothers and sisters are shared by two processes."""
    draw = random.Random(7)  # noqa: S311 -- the same mess at each run
    limited = ("cantine", "matin", "soir")
    with in_town(world.demo):
        for code in limited:
            limit(code, 4)
            limit(code, 3, school="mallerin")
        families = [(world.as_jamie, [JAMES, ALINE]), (world.as_denise, [ANGELINE, BERTRAND]), *big_families(2, 2)]
    lists: list[list[Task]] = [[] for _ in range(SIZE)]
    for start in range(12):  # later days at each step: their counters are still to be made, by several at once
        days = SCHOOL_DAYS[start : start + 3]
        for place, tasks in enumerate(lists):
            by, codes = families[place % len(families)]
            cells = [(code, activity, day) for code in codes for activity in limited for day in days]
            tasks.append(Task(world.demo.pk, acts.validated, (random_wishes(draw, cells), by)))
    crowd.run(*lists)
    with in_town(world.demo):
        assert_counters_tell_the_truth()
        assert history_says() == set(Presence.objects.values_list("person_id", "activity_id", "day"))


def random_wishes(draw: random.Random, cells: list[tuple[str, str, date]]) -> list[Wish]:
    return [Wish(*cell, present=draw.random() < 0.6) for cell in draw.sample(cells, 8)]


def history_says() -> set[tuple[int, int, date]]:
    """What is booked, if one believes the history alone."""
    booked: set[tuple[int, int, date]] = set()
    for person, activity, day, present in Change.objects.order_by("id").values_list(
        "person_id", "activity_id", "day", "present"
    ):
        (booked.add if present else booked.discard)((person, activity, day))
    return booked


def test_a_day_closed_while_families_book_it_ends_empty(world: World, crowd: Crowd):
    with in_town(world.demo):
        families = big_families(SIZE - 1, 1)
    for day in SCHOOL_DAYS[:8]:
        bookings = [Task(world.demo.pk, acts.validated, (tick(codes[0], "matin", day), by)) for by, codes in families]
        crowd.run(*bookings, Task(world.demo.pk, acts.closed, (day, day)))
        with in_town(world.demo):
            assert list(Presence.objects.filter(day=day).values_list("person__code", flat=True)) == []


def test_a_limit_set_while_families_book_is_kept_from_then_on(world: World, crowd: Crowd):
    """Whoever slipped in before the limit stays; the counter knows them all, and nobody comes after."""
    with in_town(world.demo):
        families = big_families(SIZE - 1, 2)
    for place, code in enumerate(("cantine", "matin", "soir")):
        day = (MONDAY, NEXT_TUESDAY, THURSDAY)[place]
        bookings = [
            [Task(world.demo.pk, acts.validated, (tick(child, code, day), by)) for child in codes]
            for by, codes in families
        ]
        crowd.run(*bookings, Task(world.demo.pk, acts.limited, (code, 2)))
        with in_town(world.demo):
            before = Presence.objects.filter(activity__code=code, day=day).count()
            answer = validate(tick(JAMES, code, day), world.as_jamie).verdicts[0]
            assert answer["outcome"] == ("booked" if before < 2 else "refused")
            counter = Places.objects.get(limit__activity__code=code, day=day)
            assert counter.taken == Presence.objects.filter(activity__code=code, day=day).count() == max(before, 2)
