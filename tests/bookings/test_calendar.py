"""Closing days and the rest of the calendar: what was booked goes, each family reads why (M2, P12)."""

from datetime import date, timedelta

import pytest

from portail.bookings.models import Activity, Change, ChangeSet, Closure, HolidayPeriod, LateRequest, Presence
from portail.bookings.operations.calendar import (
    ClosureDraft,
    bookings_hit,
    close_days,
    save_holidays,
    set_school_day,
)
from portail.bookings.operations.offer import OfferError, save_dependency
from portail.bookings.queries.history import history_of, latest_changes
from portail.bookings.verdicts import restored_all
from portail.families.operations.register import PersonDraft
from portail.families.queries import children_of
from portail.rules.booking import Channel, DependencyKind, Wish
from portail.rules.calendar import HolidayPeriod as Holidays
from portail.towns.models import Audit, Town
from portail.towns.scope import current_town, in_town
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
    TUESDAY,
    WEDNESDAY,
    World,
    family,
    tick,
    validate,
)

EVERYBODY = {
    (code, name, day)
    for code in (JAMES, ALINE, ANGELINE, BERTRAND)
    for name in ("cantine", "matin")
    for day in (MONDAY, NEXT_TUESDAY)
}


def booked() -> set[tuple[str, str, date]]:
    return set(Presence.objects.values_list("person__code", "activity__code", "day"))


def close(first: date = MONDAY, last: date = MONDAY, **scope: str) -> tuple[Closure, int]:
    return close_days(draft=ClosureDraft(first, last, "Grève", **scope), by=CLERK, now=NOW)


def ask(wishes: list[Wish], by) -> list[tuple[str, str]]:
    return [((v.refusal or v.outcome).value, v.name) for v in restored_all(validate(wishes, by).verdicts)]


@pytest.fixture
def full_week(demo: World) -> World:
    for by, codes in ((demo.as_jamie, (JAMES, ALINE)), (demo.as_denise, (ANGELINE, BERTRAND))):
        validate([w for c in codes for name in ("cantine", "matin") for w in tick(c, name, MONDAY, NEXT_TUESDAY)], by)
    assert booked() == EVERYBODY
    return demo


@pytest.mark.parametrize(
    ("scope", "children", "activities"),
    [
        ({}, {JAMES, ALINE, ANGELINE, BERTRAND}, {"cantine", "matin"}),
        ({"activity": "cantine"}, {JAMES, ALINE, ANGELINE, BERTRAND}, {"cantine"}),
        ({"school": "mallerin"}, {JAMES, ALINE}, {"cantine", "matin"}),
        ({"school": "ferry", "classroom": "CE1"}, {ANGELINE}, {"cantine", "matin"}),
        ({"school": "ferry", "classroom": "CE2", "activity": "matin"}, {BERTRAND}, {"matin"}),
    ],
    ids=["town", "activity", "school", "class", "class and activity"],
)
def test_a_closure_takes_away_what_it_concerns_and_no_more(full_week: World, scope, children, activities):
    gone = {cell for cell in EVERYBODY if cell[0] in children and cell[1] in activities and cell[2] == MONDAY}
    closure, number = close(**scope)
    assert number == len(gone)
    assert booked() == EVERYBODY - gone
    lines = Change.objects.filter(channel="town_hall")
    assert set(lines.values_list("person__code", "activity__code", "day")) == gone
    assert set(lines.values_list("present", "reason", "at")) == {(False, "Grève", NOW)}
    assert bookings_hit(closure) == []


def test_the_preview_says_what_would_go(full_week: World):
    draft = Closure(first=MONDAY, last=NEXT_TUESDAY, activity=Activity.objects.get(code="cantine"))
    preview = bookings_hit(draft)
    assert preview == sorted(preview, key=lambda cell: cell[2])
    assert len(preview) == len({cell for cell in EVERYBODY if cell[1] == "cantine"})


def test_a_closed_day_cannot_be_booked_and_says_why(demo: World):
    close(MONDAY, NEXT_TUESDAY)
    assert ask(tick(JAMES, "cantine", MONDAY), demo.as_jamie) == [("closed", "Grève")]
    assert ask(tick(JAMES, "cantine", NEXT_TUESDAY), CLERK) == [("closed", "Grève")]
    assert ask(tick(JAMES, "cantine", FRIDAY), demo.as_jamie) == [("booked", "")]


def test_both_the_closure_and_the_bookings_leave_a_line_of_audit(full_week: World):
    close()
    acts = {act.verb: act for act in Audit.objects.filter(verb__in=["close_days", "change_presences"])}
    assert acts["close_days"].after == {
        "first": "2026-11-23",
        "last": "2026-11-23",
        "reason": "Grève",
        "bookings": 8,
    }
    assert len(acts["change_presences"].after["changes"]) == 8
    assert {act.actor for act in acts.values()} == {"Mme Formatrice"}
    change_set = ChangeSet.objects.get(channel="town_hall")
    assert (change_set.payer, change_set.actor) == (None, "Mme Formatrice")


def test_a_closure_of_nothing_booked_is_no_submission(demo: World):
    _, number = close()
    assert (number, ChangeSet.objects.count()) == (0, 0)


def test_a_whole_school_may_be_hit(demo: World):
    """Forty children: more codes than a line of audit holds."""
    drafts = [PersonDraft(f"Enfant{n}", "NOMBREUX", "mallerin", "10") for n in range(40)]
    _, persons = family("Parent NOMBREUX", "", drafts)
    validate([w for person in persons for w in tick(person.code, "cantine", MONDAY)], CLERK)
    assert close()[1] == 40
    assert booked() == set()


def test_a_closed_activity_goes_even_where_another_one_requires_it(demo: World):
    """What leans on it goes too: nobody may be expected at a closed activity."""
    save_dependency(activity="soir", kind=DependencyKind.REQUIRES, other="cantine", by=CLERK, now=NOW)
    validate([*tick(JAMES, "cantine", MONDAY), *tick(JAMES, "soir", MONDAY)], demo.as_jamie)
    validate([*tick(ALINE, "matin", MONDAY)], demo.as_jamie)
    assert close(activity="cantine")[1] == 2
    assert booked() == {(ALINE, "matin", MONDAY)}


def test_a_request_about_a_closed_day_is_answered(demo: World):
    evening = NOW.replace(hour=20)
    validate([*tick(JAMES, "soir", TUESDAY), *tick(ALINE, "soir", TUESDAY)], demo.as_jamie, now=evening)
    validate(tick(ANGELINE, "soir", TUESDAY), demo.as_denise, now=evening)
    close(TUESDAY, TUESDAY, school="mallerin")
    answers = dict(LateRequest.objects.order_by("id").values_list("person__code", "status"))
    assert answers == {JAMES: "refused", ALINE: "refused", ANGELINE: "waiting"}
    assert set(LateRequest.objects.filter(status="refused").values_list("answer", flat=True)) == {"Grève"}


@pytest.mark.parametrize(
    ("draft", "message"),
    [
        (ClosureDraft(NEXT_TUESDAY, MONDAY, ""), "avant de commencer"),
        (ClosureDraft(MONDAY, MONDAY, "", activity="piscine"), "piscine"),
        (ClosureDraft(MONDAY, MONDAY, "", school="nulle part"), "nulle part"),
        (ClosureDraft(MONDAY, MONDAY, "", school="mallerin", classroom="CE1"), "CE1"),
    ],
)
def test_what_cannot_be_closed_is_said_in_french_and_nothing_is_written(demo: World, draft, message):
    with pytest.raises(OfferError, match=message):
        close_days(draft=draft, by=CLERK, now=NOW)
    assert not Closure.objects.exists()
    assert not Audit.objects.filter(verb="close_days").exists()


def test_the_neighbour_town_stays_open(world: World):
    with in_town(world.demo):
        close(MONDAY, FRIDAY)
    with in_town(world.buchelay):
        assert ask(tick(JAMES, "cantine", FRIDAY), world.as_lea) == [("booked", "")]


def test_a_catch_up_wednesday_opens_school_and_closes_mercredi(demo: World):
    assert ask(tick(JAMES, "cantine", WEDNESDAY), demo.as_jamie) == [("not_offered", "")]
    set_school_day(day=WEDNESDAY, has_school=True, reason="Jour rattrapé", by=CLERK, now=NOW)
    assert ask(tick(JAMES, "cantine", WEDNESDAY), demo.as_jamie) == [("booked", "")]
    assert ask(tick(JAMES, "mercredi", WEDNESDAY), demo.as_jamie) == [("closed", "Jour rattrapé")]
    set_school_day(day=WEDNESDAY, has_school=False, reason="Finalement non", by=CLERK, now=NOW)
    assert ask(tick(JAMES, "mercredi", WEDNESDAY), demo.as_jamie) == [("booked", "")]


def test_a_day_may_be_particular_for_one_school(demo: World):
    set_school_day(day=MONDAY, has_school=False, reason="Journée pédagogique", school="ferry", by=CLERK, now=NOW)
    assert ask(tick(JAMES, "cantine", MONDAY), demo.as_jamie) == [("booked", "")]
    assert ask(tick(ANGELINE, "cantine", MONDAY), demo.as_denise) == [("closed", "Journée pédagogique")]


def test_holidays_that_begin_the_same_day_are_replaced(demo: World):
    before = HolidayPeriod.objects.count()
    for last in (FRIDAY, NEXT_TUESDAY):
        save_holidays(periods=[Holidays("Pont", MONDAY, last)], by=CLERK, now=NOW)
    assert HolidayPeriod.objects.count() == before + 1
    assert ask(tick(JAMES, "cantine", NEXT_TUESDAY), demo.as_jamie) == [("closed", "Pont")]
    assert ask(tick(JAMES, "cantine", FRIDAY), demo.as_jamie) == [("booked", "")]


@pytest.mark.parametrize(
    "act",
    [
        lambda: close(),
        lambda: set_school_day(day=MONDAY, has_school=False, reason="", by=CLERK, now=NOW),
        lambda: save_holidays(periods=[], by=CLERK, now=NOW),
    ],
)
def test_every_change_of_the_calendar_changes_the_revision(demo: World, act):
    def revision() -> int:
        return Town.objects.get(pk=current_town().pk).revision

    before = revision()
    act()
    assert revision() != before


def test_the_history_is_newest_first_by_activity(full_week: World, django_assert_num_queries):
    later = NOW + timedelta(hours=1)
    close_days(draft=ClosureDraft(MONDAY, MONDAY, "Grève", activity="cantine"), by=CLERK, now=later)
    james, aline = children_of(full_week.as_jamie, [JAMES, ALINE])
    with django_assert_num_queries(1):
        lines = history_of(james, MONDAY)
    assert [(line.activity_name, line.day, line.present, line.channel) for line in lines] == [
        ("Cantine", MONDAY, False, Channel.TOWN_HALL),
        ("Cantine", NEXT_TUESDAY, True, Channel.WEB),
        ("Cantine", MONDAY, True, Channel.WEB),
        ("Accueil matin", NEXT_TUESDAY, True, Channel.WEB),
        ("Accueil matin", MONDAY, True, Channel.WEB),
    ]
    assert (lines[0].reason, lines[0].at) == ("Grève", later)
    assert {line.day for line in history_of(james, NEXT_TUESDAY)} == {NEXT_TUESDAY}
    with django_assert_num_queries(1):
        latest = latest_changes([james, aline], MONDAY, 3)
    assert [(line.present, line.activity) for line in latest[:2]] == [(False, "cantine")] * 2
    assert len(latest) == 3
