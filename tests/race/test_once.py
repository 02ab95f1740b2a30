"""What must happen once, sent many times at once: a form, an undoing, a period, a guess at a code."""

from datetime import date

import pytest

from portail.bookings.models import Change, ChangeSet, PeriodChoice, Presence
from portail.bookings.operations.offer import PeriodDraft, create_period
from portail.bookings.operations.periods import PeriodWish
from portail.bookings.queries.offer import offer_in_force
from portail.families.models import FailedLogin, Throttle
from portail.towns.models import Town
from portail.towns.scope import in_town
from tests.race import acts
from tests.race.crowd import SIZE, Crowd, Task
from tests.world import CLERK, JAMES, MONDAY, NEXT_TUESDAY, NOW, World, limit, tick, validate

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_form_sent_many_times_is_one_submission_with_one_answer(world: World, crowd: Crowd):
    wishes = tick(JAMES, "cantine", MONDAY, NEXT_TUESDAY)
    answers = crowd.run(*[Task(world.demo.pk, acts.validated, (wishes, world.as_jamie, "double-clic"))] * SIZE)
    with in_town(world.demo):
        only = ChangeSet.objects.get()
        assert answers == [[str(only.public_id), "booked", "booked"]] * SIZE
        assert (Change.objects.count(), Presence.objects.count()) == (2, 2)


def test_also_when_no_child_of_the_family_is_in_it(world: World, crowd: Crowd):
    """Nobody to lock then: the token alone keeps the second one out."""
    wishes = tick("999", "cantine", MONDAY)
    answers = crowd.run(*[Task(world.demo.pk, acts.validated, (wishes, world.as_jamie, "double-clic"))] * SIZE)
    with in_town(world.demo):
        assert answers == [[str(ChangeSet.objects.get().public_id), "unknown_child"]] * SIZE


def test_a_submission_is_undone_once(world: World, crowd: Crowd):
    with in_town(world.demo):
        first = validate(tick(JAMES, "cantine", MONDAY), world.as_jamie)
    task = Task(world.demo.pk, acts.undone, (first.public_id, world.as_jamie))
    assert sorted(crowd.run(*[task] * SIZE)) == ["already"] * (SIZE - 1) + ["undone"]
    with in_town(world.demo):
        assert list(Change.objects.order_by("id").values_list("present", flat=True)) == [True, False]
        assert not Presence.objects.exists()


def test_a_period_is_validated_once(world: World, crowd: Crowd):
    draft = PeriodDraft(MONDAY, date(2026, 12, 18), {"matin": frozenset({0, 1}), "soir": frozenset({0})})
    with in_town(world.demo):
        period = create_period(draft=draft, by=CLERK, now=NOW)
    tasks = [
        Task(
            world.demo.pk,
            acts.period_validated,
            (PeriodWish(period.public_id, JAMES, {"matin": {place % 2}}), world.as_jamie),
        )
        for place in range(SIZE)
    ]
    assert sorted(crowd.run(*tasks)) == ["already"] * (SIZE - 1) + ["validated"]
    with in_town(world.demo):
        choices = dict(PeriodChoice.objects.values_list("activity__code", "weekdays"))
        assert choices["soir"] == 0
        assert choices["matin"] in (0b01, 0b10)
        days = {day.weekday() for day in Presence.objects.values_list("day", flat=True)}
        assert days == {choices["matin"].bit_length() - 1}
        assert ChangeSet.objects.count() == 1


@pytest.mark.parametrize("child_code", [JAMES, "999"])
def test_eight_processes_guessing_reach_exactly_five_checks(world: World, crowd: Crowd, child_code: str):
    """A child code that exists and one that does not: 240 tries at the same minute, five of them checked."""
    found = crowd.run(*[Task(world.demo.pk, acts.tried, (child_code, 30))] * SIZE)
    assert sum(checked for _, checked in found) == 5
    assert sum(hashes for hashes, _ in found) == (5 if child_code == JAMES else 0)
    with in_town(world.demo):
        assert FailedLogin.objects.count() == 5
        assert list(Throttle.objects.values_list("key", "tries", "in_a_row")) == [(f"code:{child_code}", 5, 5)]


def test_no_process_remembers_an_older_offer(world: World, crowd: Crowd):
    for seats in range(1, 6):
        with in_town(world.demo):
            limit("cantine", seats)
        ask = [Task(world.demo.pk, acts.seats_known, ("cantine", inside)) for inside in (False, True) * 4]
        assert crowd.run(*ask) == [[seats]] * SIZE
    with in_town(Town.objects.get(pk=world.buchelay.pk)):
        assert offer_in_force().limits == {}


def test_what_was_rolled_back_is_remembered_by_nobody(world: World, crowd: Crowd):
    """A process compiles an offer inside a transaction that fails; the next change must not be taken for that one."""
    task = Task(world.demo.pk, acts.rolled_back_limit, ("cantine", 7))
    for seats in (1, 2):
        assert crowd.run(task) == [[7]]
        with in_town(world.demo):
            limit("cantine", seats)
        ask = [Task(world.demo.pk, acts.seats_known, ("cantine", inside)) for inside in (False, True) * 4]
        assert crowd.run(*ask) == [[seats]] * SIZE
