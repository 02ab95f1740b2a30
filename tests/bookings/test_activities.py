"""What the office saves of an activity is whole or not at all, and every page knows it at once (M2)."""

from dataclasses import replace

import pytest
from django.db import IntegrityError
from hypothesis import given
from hypothesis import strategies as st

from portail.bookings.models import Activity, ActivityGroup, Limit, Places, Presence, Stop
from portail.bookings.operations import activities
from portail.bookings.operations.activities import (
    ActivityPlan,
    EnrolmentDraft,
    order_activities,
    order_groups,
    remove_group,
    save_plan,
    set_activity_state,
    set_enrolment,
    unenrol,
)
from portail.bookings.operations.offer import ActivityDraft, OfferError, save_group
from portail.bookings.queries.activities import free_code, free_group_code, plan_of
from portail.rules.booking import DependencyKind
from portail.rules.calendar import Opening
from portail.towns.models import Audit, Town
from portail.towns.scope import current_town, in_town
from tests.world import ALINE, CLERK, EVE_10, JAMES, MONDAY, NOW, SCHOOL_WEEK, World, tick, validate

DRAFT = ActivityDraft("etude", "Étude", "peri", Opening.SCHOOL_DAYS, SCHOOL_WEEK, EVE_10, EVE_10, stops={"Gare": 500})
PLAN = ActivityPlan(DRAFT, {"": 10, "ferry": 4}, frozenset({(DependencyKind.REQUIRES, "matin")}))


def save(plan: ActivityPlan, *, new: bool = True) -> Activity:
    return save_plan(plan=plan, new=new, by=CLERK, now=NOW)


def revision() -> int:
    return Town.objects.get(pk=current_town().pk).revision


def test_a_fault_at_the_end_leaves_nothing(demo: World, monkeypatch):
    before, audits = Activity.objects.count(), Audit.objects.count()

    def fail(*_: object, **__: object) -> None:
        raise IntegrityError("cut short")

    monkeypatch.setattr(activities, "_replace_limits", fail)
    with pytest.raises(IntegrityError):
        save(replace(PLAN, draft=replace(DRAFT, group="neuf"), new_group="NEUF"))
    assert (Activity.objects.count(), Audit.objects.count()) == (before, audits)
    assert not ActivityGroup.objects.filter(code="neuf").exists()
    monkeypatch.undo()
    save(PLAN)
    assert Activity.objects.count() == before + 1


def test_the_trail_says_before_and_after(demo: World):
    one = save(PLAN)
    save(replace(PLAN, draft=replace(DRAFT, name="Étude du soir"), seats={"": 12}), new=False)
    act = Audit.objects.filter(verb="save_plan").latest("id")
    assert (act.before["name"], act.after["name"]) == ("Étude", "Étude du soir")
    assert (act.before["seats"], act.after["seats"]) == ({"": 10, "ferry": 4}, {"": 12})
    assert plan_of(Activity.objects.get(pk=one.pk)) == act.after


def test_a_limit_kept_keeps_its_counters(demo: World):
    cantine = Activity.objects.get(code="cantine")
    plan = ActivityPlan(replace(DRAFT, code="cantine", name="Cantine", stops={}), {"": 2})
    save(plan, new=False)
    validate([*tick(JAMES, "cantine", MONDAY), *tick(ALINE, "cantine", MONDAY)], demo.as_jamie)
    save(replace(plan, draft=replace(plan.draft, name="Restaurant")), new=False)
    assert Places.objects.get().taken == 2
    save(replace(plan, seats={}), new=False)
    assert not Limit.objects.filter(activity=cantine).exists()
    assert Presence.objects.count() == 2


@pytest.mark.parametrize(
    "act",
    [
        lambda: save(PLAN),
        lambda: set_activity_state(code="midi", active=False, by=CLERK, now=NOW),
        lambda: order_activities(codes=["soir", "cantine"], by=CLERK, now=NOW),
        lambda: order_groups(codes=["bus", "peri"], by=CLERK, now=NOW),
    ],
)
def test_every_page_knows_it_at_once(demo: World, act):
    before = revision()
    act()
    assert revision() != before


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (replace(PLAN, links=frozenset({(DependencyKind.REQUIRES, "etude")})), "d'elle-même"),
        (replace(PLAN, links=frozenset({(DependencyKind.REQUIRES, "piscine")})), "piscine"),
        (replace(PLAN, seats={"nulle": 3}), "nulle"),
        (replace(PLAN, seats={"": 0}), "au moins une place"),
        (replace(PLAN, draft=replace(DRAFT, code="cantine")), "déjà une activité"),
        (replace(PLAN, draft=replace(DRAFT, name="cantine")), "déjà une activité"),
        (replace(PLAN, draft=replace(DRAFT, min_age=9, max_age=3)), "plus petit"),
    ],
)
def test_what_cannot_be_is_said_in_french_and_nothing_is_written(demo: World, plan, words):
    before = Activity.objects.count(), Audit.objects.count(), revision()
    with pytest.raises(OfferError, match=words):
        save(plan)
    assert (Activity.objects.count(), Audit.objects.count(), revision()) == before


def test_a_stop_in_use_stays(demo: World):
    save(PLAN)
    one = set_enrolment(draft=EnrolmentDraft(JAMES, "etude", "Gare"), by=CLERK, now=NOW)
    without = replace(PLAN, draft=replace(DRAFT, stops={}))
    with pytest.raises(OfferError, match="Gare"):
        save(without, new=False)
    unenrol(enrolment=one, by=CLERK, now=NOW)
    save(without, new=False)
    assert not Stop.objects.filter(name="Gare").exists()


def test_groups_of_another_town_are_not_touched(world: World):
    with in_town(world.demo):
        save_group(code="vide", name="VIDE", position=9, by=CLERK, now=NOW)
    with in_town(world.buchelay), pytest.raises(OfferError, match="n'existe plus"):
        remove_group(code="vide", by=CLERK, now=NOW)
    with in_town(world.demo):
        remove_group(code="vide", by=CLERK, now=NOW)


@given(st.text(max_size=120))
def test_a_code_is_always_found_and_always_free(demo: World, name: str):
    for find, taken in ((free_code, Activity), (free_group_code, ActivityGroup)):
        code = find(name)
        assert 0 < len(code) <= 40
        assert not taken.objects.filter(code=code).exists()
    assert free_code("Cantine") == "cantine-2"
