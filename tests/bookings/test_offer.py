"""The offer: what the town hall may set, what it may not, and that no page ever shows an older one (M2, P10)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from portail.bookings.models import Activity, ActivityAudience, Enrolment, Period, Presence, Stop
from portail.bookings.operations.offer import (
    ActivityDraft,
    AudienceDraft,
    OfferError,
    PeriodDraft,
    create_period,
    cutoff_stored,
    enrol,
    save_activity,
    save_dependency,
    save_group,
)
from portail.bookings.operations.periods import (
    PeriodWish,
    UnknownPeriodError,
    ValidatedAlreadyError,
    validate_period,
)
from portail.bookings.queries.offer import cutoff_from, offer_in_force
from portail.bookings.queries.preview import snapshot
from portail.bookings.queries.records import Span
from portail.bookings.verdicts import restored_all
from portail.families.operations.register import save_school
from portail.families.queries import children_of
from portail.rules.booking import DependencyKind, LatePolicy, Outcome, Wish
from portail.rules.calendar import Opening
from portail.rules.cutoffs import Cutoff, CutoffKind
from portail.towns.models import Audit, Town
from portail.towns.scope import in_town
from tests.world import (
    ALINE,
    ANGELINE,
    CLERK,
    EVE_10,
    FRIDAY,
    JAMES,
    MONDAY,
    NEXT_TUESDAY,
    NOW,
    SCHOOL_WEEK,
    THURSDAY_17,
    World,
    activity,
    limit,
    tick,
    validate,
)

DRAFT = ActivityDraft("etude", "Étude", "peri", Opening.SCHOOL_DAYS, SCHOOL_WEEK, EVE_10, THURSDAY_17)
WEEK = Span(MONDAY, FRIDAY)


def fresh(town: Town) -> Town:
    """The town as a new request finds it."""
    return Town.objects.get(pk=town.pk)


@pytest.mark.parametrize(
    "cutoff",
    [
        EVE_10,
        THURSDAY_17,
        Cutoff(CutoffKind.SAME_DAY, 8 * 60),
        Cutoff(CutoffKind.FIXED_DATE, 1440, on=date(2026, 6, 30)),
        Cutoff(CutoffKind.WEEKDAY_BEFORE, 600, weekday=4, weeks=2, moved_back=True),
        Cutoff(CutoffKind.SCHOOL_DAYS, 0, days=3),
    ],
)
def test_a_cutoff_comes_back_as_it_was_stored(demo: World, cutoff: Cutoff):
    assert cutoff_from(cutoff_stored(cutoff)) == cutoff
    save_activity(draft=replace(DRAFT, book=cutoff), by=CLERK, now=NOW)
    with in_town(fresh(demo.demo)):
        assert offer_in_force().rulebook.activities["etude"].book == cutoff
        assert offer_in_force().rulebook.activities["etude"].cancel == THURSDAY_17


def test_an_activity_comes_back_as_it_was_drafted(demo: World):
    draft = replace(
        DRAFT, late=LatePolicy.ACCEPT, late_until=480, weeks_ahead=4, first_day=MONDAY, last_day=FRIDAY, min_age=3,
        max_age=11, audiences=[AudienceDraft("mallerin"), AudienceDraft("ferry", "CE1"), AudienceDraft(level="CE2")],
        stops={"Mairie": 490, "Gare": 500},
    )  # fmt: skip
    save_activity(draft=draft, by=CLERK, now=NOW)
    with in_town(fresh(demo.demo)):
        offer = offer_in_force()
        found = offer.rulebook.activities["etude"]
    assert (found.name, found.opens_on, found.weekdays) == ("Étude", Opening.SCHOOL_DAYS, SCHOOL_WEEK)
    assert (found.late, found.late_until, found.weeks_ahead) == (LatePolicy.ACCEPT, 480, 4)
    assert (found.first_day, found.last_day, found.min_age, found.max_age) == (MONDAY, FRIDAY, 3, 11)
    james, angeline = demo.james.classroom, demo.angeline.classroom
    assert james is not None
    assert angeline is not None
    assert [(a.school_id, a.classroom_id, a.level) for a in found.audiences] == [
        (james.school_id, None, ""),
        (angeline.school_id, angeline.pk, ""),
        (None, None, "CE2"),
    ]
    assert dict(Stop.objects.filter(activity__code="etude").values_list("name", "at")) == {"Mairie": 490, "Gare": 500}
    save_activity(draft=DRAFT, by=CLERK, now=NOW)
    assert not ActivityAudience.objects.exists()
    assert Activity.objects.filter(code="etude").count() == 1


def test_the_planning_lists_activities_in_their_order(demo: World):
    with in_town(fresh(demo.demo)):
        offer = offer_in_force()
    assert list(offer.rulebook.activities) == ["cantine", "midi", "matin", "soir", "mercredi", "bus"]
    assert [group.name for group in offer.groups] == ["PERISCOLAIRE", "MERCREDI", "TRANSPORT"]
    assert offer.group_of["matin"] == "peri"
    assert offer.asks
    with in_town(demo.buchelay):
        assert list(offer_in_force().rulebook.activities) == ["cantine"]
        assert not offer_in_force().asks


def test_an_activity_withdrawn_leaves_the_planning_not_the_records(demo: World):
    validate(tick(JAMES, "midi", MONDAY), demo.as_jamie)
    Activity.objects.filter(code="midi").update(active=False)
    limit("cantine", 5)  # any change of the offer
    wishes = [*tick(JAMES, "midi", NEXT_TUESDAY), *tick(JAMES, "cantine", MONDAY)]
    answer = validate(wishes, demo.as_jamie)
    assert [(v.refusal or v.outcome).value for v in restored_all(answer.verdicts)] == ["unknown_activity", "booked"]
    assert Presence.objects.filter(activity__code="midi").count() == 1


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: save_activity(draft=replace(DRAFT, group="danse"), by=CLERK, now=NOW), "danse"),
        (lambda: save_activity(draft=replace(DRAFT, weekdays=frozenset()), by=CLERK, now=NOW), "aucun jour"),
        (
            lambda: save_activity(draft=replace(DRAFT, audiences=[AudienceDraft("x")]), by=CLERK, now=NOW),
            "L'école « x »",
        ),
        (
            lambda: save_dependency(
                activity="cantine", kind=DependencyKind.REQUIRES, other="piscine", by=CLERK, now=NOW
            ),
            "piscine",
        ),
        (lambda: enrol(person="999", activity="bus", by=CLERK, now=NOW), "999"),
        (lambda: enrol(person=JAMES, activity="bus", stop="Lune", by=CLERK, now=NOW), "Lune"),
        (lambda: create_period(draft=PeriodDraft(FRIDAY, MONDAY, {}), by=CLERK, now=NOW), "avant de commencer"),
        (
            lambda: create_period(draft=PeriodDraft(MONDAY, FRIDAY, {"piscine": SCHOOL_WEEK}), by=CLERK, now=NOW),
            "piscine",
        ),
    ],
)
def test_what_cannot_be_is_said_in_french_and_nothing_is_written(demo: World, act, message):
    audits, revision = Audit.objects.count(), fresh(demo.demo).revision
    with pytest.raises(OfferError, match=message):
        act()
    assert (Audit.objects.count(), fresh(demo.demo).revision) == (audits, revision)
    assert not Activity.objects.filter(code="etude").exists()
    assert not Period.objects.exists()


@pytest.mark.parametrize(
    "act",
    [
        lambda: save_group(code="peri", name="PÉRI", position=9, by=CLERK, now=NOW),
        lambda: save_activity(draft=DRAFT, by=CLERK, now=NOW),
        lambda: save_dependency(activity="soir", kind=DependencyKind.REQUIRES, other="matin", by=CLERK, now=NOW),
        lambda: limit("cantine", 3),
        lambda: create_period(draft=PeriodDraft(MONDAY, FRIDAY, {"matin": SCHOOL_WEEK}), by=CLERK, now=NOW),
        lambda: save_school(code="ferry", name="J. FERRY", school_weekdays=SCHOOL_WEEK, by=CLERK, now=NOW),
    ],
)
def test_the_next_request_sees_every_change_of_the_offer(demo: World, act):
    with in_town(fresh(demo.demo)):
        before = offer_in_force()
        assert offer_in_force() is before  # kept as long as it holds
        act()
    with in_town(fresh(demo.demo)):
        after = offer_in_force()
    assert after is not before
    assert (after.rulebook, after.groups, after.limits, after.periods, after.schools) != (
        before.rulebook, before.groups, before.limits, before.periods, before.schools,
    )  # fmt: skip


def test_an_offer_in_force_costs_no_query(demo: World, django_assert_num_queries):
    with in_town(fresh(demo.demo)):
        offer_in_force()
        with django_assert_num_queries(0):
            offer_in_force()


def test_a_change_rolled_back_is_forgotten(demo: World):
    """The number it drew is never drawn again, so what was compiled under it can mislead nobody."""

    def fail_at_the_end() -> None:
        with transaction.atomic():
            limit("cantine", 7)
            validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie)  # compiles what is about to vanish
            Activity.objects.filter(code="cantine").update(weekdays=0)

    with pytest.raises(IntegrityError):
        fail_at_the_end()
    limit("cantine", 3)
    validate([], demo.as_jamie)
    with in_town(fresh(demo.demo)):
        assert [row.seats for row in offer_in_force().limits["cantine"]] == [3]


def test_what_every_rule_leaves_in_the_trail(demo: World):
    enrol(person=JAMES, activity="bus", stop="Mairie", by=CLERK, now=NOW)
    act = Audit.objects.latest("id")
    assert (act.verb, act.subject, act.after, act.actor, act.at) == (
        "enrol", "007 bus", {"stop": "Mairie"}, "Mme Formatrice", NOW,
    )  # fmt: skip
    assert Enrolment.objects.get().stop.name == "Mairie"


# --- Périscotidien ----------------------------------------------------------------------------------------------------

WEEKS = PeriodDraft(MONDAY, MONDAY + timedelta(days=11), {"matin": SCHOOL_WEEK, "cantine": frozenset({0, 1})})


def test_a_validated_period_books_its_days_under_the_same_rules(demo: World):
    validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie)
    period = create_period(draft=WEEKS, by=CLERK, now=NOW)
    wish = PeriodWish(period.public_id, JAMES, {"cantine": {0, 4}, "matin": {1}, "piscine": {0}})
    answer = validate_period(wish=wish, by=demo.as_jamie, now=NOW)
    assert {v.outcome for v in restored_all(answer.verdicts)} == {Outcome.BOOKED}
    booked = set(Presence.objects.values_list("activity__code", "day"))
    week = timedelta(days=7)
    assert booked == {
        ("cantine", MONDAY),
        ("cantine", MONDAY + week),
        ("matin", NEXT_TUESDAY),
        ("matin", NEXT_TUESDAY + week),
    }
    with pytest.raises(ValidatedAlreadyError):
        validate_period(wish=wish, by=demo.as_jamie, now=NOW)
    validate_period(wish=replace(wish, person=ALINE), by=demo.as_jamie, now=NOW)


def test_a_period_that_freezes_shuts_the_days_it_chose(demo: World):
    period = create_period(draft=replace(WEEKS, freezes=True), by=CLERK, now=NOW)
    validate_period(wish=PeriodWish(period.public_id, JAMES, {"matin": {1}}), by=demo.as_jamie, now=NOW)
    answer = validate([*tick(JAMES, "matin", MONDAY), *tick(JAMES, "soir", MONDAY)], demo.as_jamie)
    assert [(v.refusal or v.outcome).value for v in restored_all(answer.verdicts)] == ["frozen", "booked"]


def test_nobody_validates_the_period_of_another_family_or_town(world: World):
    with in_town(world.demo):
        period = create_period(draft=WEEKS, by=CLERK, now=NOW)
        for person, by in ((ANGELINE, world.as_jamie), ("999", world.as_jamie)):
            with pytest.raises(UnknownPeriodError):
                validate_period(wish=PeriodWish(period.public_id, person, {"matin": {1}}), by=by, now=NOW)
    with in_town(world.buchelay), pytest.raises(UnknownPeriodError):
        validate_period(wish=PeriodWish(period.public_id, JAMES, {"matin": {1}}), by=world.as_lea, now=NOW)


# --- Preview ----------------------------------------------------------------------------------------------------------


def test_a_preview_says_what_validating_would_do(demo: World, django_assert_max_num_queries):
    limit("matin", 1)
    validate(tick(ANGELINE, "matin", MONDAY), demo.as_denise)
    wishes: list[Wish] = [
        wish
        for code in (JAMES, ALINE)
        for name in ("cantine", "matin", "soir", "mercredi", "bus")
        for wish in tick(code, name, *(MONDAY + timedelta(days=n) for n in range(5)))
    ]
    with in_town(fresh(demo.demo)):
        offer = offer_in_force()
        with django_assert_max_num_queries(6):
            found = snapshot(children_of(demo.as_jamie, [JAMES, ALINE]), offer, WEEK).judge(wishes, NOW)
    done = restored_all(validate(wishes, demo.as_jamie).verdicts)
    # One place on each other morning: a preview does not know that the two of them want the same one.
    told = [(v.wish, v.refusal) for v in found if (v.wish.person, v.wish.activity) != (ALINE, "matin")]
    assert told == [(v.wish, v.refusal) for v in done if (v.wish.person, v.wish.activity) != (ALINE, "matin")]


def test_a_new_activity_can_be_booked_at_once(demo: World):
    activity("etude", "Étude")
    assert [v["outcome"] for v in validate(tick(JAMES, "etude", MONDAY), demo.as_jamie).verdicts] == ["booked"]
