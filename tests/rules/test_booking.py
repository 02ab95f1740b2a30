"""One toggle at a time: which rule answers, with what beside it, and until when."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.rules.booking import (
    ActivityRules,
    Audience,
    Channel,
    Dependency,
    DependencyKind,
    Known,
    LatePolicy,
    NotFor,
    Outcome,
    PersonFacts,
    Refusal,
    Right,
    Rulebook,
    Verdict,
    Wish,
    age_on,
    deadline_of,
    refusal_of,
)
from portail.rules.booking import reasons as reasons_module
from portail.rules.calendar import Closure, HolidayPeriod, Opening, TownCalendar
from portail.rules.cutoffs import Cutoff, CutoffKind

PARIS = ZoneInfo("Europe/Paris")
MONDAY, TUESDAY, THURSDAY = date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 26)
NOW = datetime(2026, 11, 20, 9, tzinfo=PARIS)  # the Friday before
EVE_AT_10 = Cutoff(CutoffKind.WORKING_DAYS, at=600, days=1)
CANTEEN = ActivityRules(
    1, "cantine", "Cantine", Opening.SCHOOL_DAYS, frozenset({0, 1, 3, 4}), book=EVE_AT_10, cancel=EVE_AT_10
)
JAMES = PersonFacts("007", school_id=1, classroom_id=10, level="CM2", birth_date=date(2016, 2, 29))
CALENDAR = TownCalendar(
    periods=(HolidayPeriod("Noël", date(2026, 12, 19), date(2027, 1, 3)),),
    closures=(Closure(THURSDAY, THURSDAY, "Grève", school_id=1),),
)


def book(*activities: ActivityRules, dependencies: tuple[Dependency, ...] = (), zone: ZoneInfo = PARIS) -> Rulebook:
    return Rulebook({a.code: a for a in activities}, dependencies, CALENDAR, zone)


def ask(
    activity: ActivityRules = CANTEEN,
    person: PersonFacts = JAMES,
    *,
    day: date = TUESDAY,
    present: bool = True,
    known: Known | None = None,
    channel: Channel = Channel.WEB,
    now: datetime = NOW,
) -> Verdict:
    wish = Wish(person.code, activity.code, day, present)
    return refusal_of(wish, person, book(activity), known=known or Known(), channel=channel, now=now)


def test_a_wish_in_time_is_granted_and_says_until_when() -> None:
    deadline = datetime(2026, 11, 23, 9, tzinfo=UTC)
    wish = Wish("007", "cantine", TUESDAY, True)
    assert ask() == Verdict(wish, Outcome.BOOKED, when=deadline)
    assert ask(present=False) == Verdict(replace(wish, present=False), Outcome.CANCELLED, when=deadline)


def test_the_deadline_itself_is_late_in_whatever_zone_the_clock_reads() -> None:
    deadline = datetime(2026, 11, 23, 9, tzinfo=UTC)
    for zone in (UTC, PARIS, ZoneInfo("Pacific/Noumea")):
        assert ask(now=(deadline - timedelta(microseconds=1)).astimezone(zone)).outcome is Outcome.BOOKED
        late = ask(now=deadline.astimezone(zone))
        assert (late.refusal, late.when) == (Refusal.TOO_LATE, deadline)


def test_booking_and_cancelling_have_their_own_cut_off() -> None:
    activity = replace(CANTEEN, cancel=Cutoff(CutoffKind.SAME_DAY, at=420))
    now = datetime(2026, 11, 24, 6, 59, tzinfo=PARIS)
    assert ask(activity, now=now).refusal is Refusal.TOO_LATE
    assert ask(activity, now=now, present=False).outcome is Outcome.CANCELLED
    rules = book(activity)
    assert deadline_of("cantine", TUESDAY, True, JAMES, rules) == datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert deadline_of("cantine", TUESDAY, False, JAMES, rules) == datetime(2026, 11, 24, 6, tzinfo=UTC)


def test_days_with_school_are_counted_in_the_child_s_own_school() -> None:
    activity = replace(CANTEEN, book=Cutoff(CutoffKind.SCHOOL_DAYS, at=960, days=1))
    calendar = TownCalendar(school_weekdays={2: frozenset(range(5))})
    rules = Rulebook({"cantine": activity}, (), calendar, PARIS)
    eves = [deadline_of("cantine", THURSDAY, True, replace(JAMES, school_id=s), rules).day for s in (1, 2, None)]
    assert eves == [24, 25, 24]


@pytest.mark.parametrize(("policy", "outcome"), [(LatePolicy.ASK, Outcome.REQUESTED), (LatePolicy.ACCEPT, None)])
@pytest.mark.parametrize("present", [True, False])
def test_after_the_cut_off_a_policy_may_still_listen(policy: LatePolicy, outcome: Outcome | None, present) -> None:
    activity = replace(CANTEEN, late=policy, late_until=8 * 60)
    at_once = Outcome.BOOKED if present else Outcome.CANCELLED
    early = ask(activity, present=present)
    assert (early.outcome, early.late) == (at_once, False)
    for now in (datetime(2026, 11, 23, 10, tzinfo=PARIS), datetime(2026, 11, 24, 7, 59, tzinfo=PARIS)):
        verdict = ask(activity, now=now, present=present)
        assert (verdict.outcome, verdict.late) == (outcome or at_once, True)
    over = ask(activity, now=datetime(2026, 11, 24, 8, tzinfo=PARIS), present=present)
    assert (over.refusal, over.when) == (Refusal.TOO_LATE, datetime(2026, 11, 23, 9, tzinfo=UTC))


def test_late_until_zero_means_until_the_day_begins() -> None:
    activity = replace(CANTEEN, late=LatePolicy.ACCEPT)
    assert ask(activity, now=datetime(2026, 11, 23, 23, 59, 59, tzinfo=PARIS)).late
    assert ask(activity, now=datetime(2026, 11, 24, tzinfo=PARIS)).refusal is Refusal.TOO_LATE


def test_the_day_is_past_by_the_town_s_own_clock() -> None:
    now = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)  # already the 25th in Paris, still the 24th in Cayenne
    wish = Wish("007", "cantine", TUESDAY, True)
    found = [
        refusal_of(wish, JAMES, book(CANTEEN, zone=ZoneInfo(zone)), known=Known(), channel=Channel.WEB, now=now).refusal
        for zone in ("Europe/Paris", "America/Cayenne")
    ]
    assert found == [Refusal.PAST, Refusal.TOO_LATE]


def test_weeks_open_on_their_monday_at_local_midnight() -> None:
    activity = replace(CANTEEN, weeks_ahead=2)
    opens = datetime(2026, 11, 22, 23, tzinfo=UTC)  # Monday the 23rd for the week of 7 December
    day = date(2026, 12, 8)
    assert ask(activity, day=date(2026, 12, 4)).outcome is Outcome.BOOKED
    for present in (True, False):
        refused = ask(activity, day=day, present=present)
        assert (refused.refusal, refused.when) == (Refusal.TOO_EARLY, opens)
        assert ask(activity, day=day, present=present, now=opens).refusal is None
        assert ask(activity, day=day, present=present, now=opens - timedelta(seconds=1)).refusal is Refusal.TOO_EARLY


def test_closed_and_not_offered_days_say_why() -> None:
    strike = ask(day=THURSDAY)
    assert (strike.refusal, strike.why, strike.name) == (Refusal.CLOSED, "closure", "Grève")
    assert ask(day=THURSDAY, person=replace(JAMES, school_id=2)).refusal is None
    holidays = ask(day=date(2026, 12, 21))
    assert (holidays.refusal, holidays.why, holidays.name) == (Refusal.CLOSED, "holidays", "Noël")
    assert ask(day=date(2026, 11, 25)).refusal is Refusal.NOT_OFFERED  # Wednesday
    canteen_shut = TownCalendar(closures=(Closure(TUESDAY, TUESDAY, "Four en panne", activity="cantine"),))
    rules = Rulebook({c: replace(CANTEEN, code=c) for c in ("cantine", "nap")}, (), canteen_shut, PARIS)
    found = [
        refusal_of(Wish("007", c, TUESDAY, True), JAMES, rules, known=Known(), channel=Channel.WEB, now=NOW).name
        for c in ("cantine", "nap")
    ]
    assert found == ["Four en panne", ""]
    seasonal = replace(CANTEEN, first_day=TUESDAY, last_day=TUESDAY)
    assert [ask(seasonal, day=day).refusal for day in (MONDAY, TUESDAY, date(2026, 11, 27))] == [
        Refusal.NOT_OFFERED, None, Refusal.NOT_OFFERED,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "person", "why"),
    [
        ({"adults": True}, {}, NotFor.ADULTS_ONLY),
        ({}, {"adult": True}, NotFor.CHILDREN_ONLY),
        ({"adults": True}, {"adult": True}, None),
        ({"audiences": (Audience(school_id=2), Audience(school_id=1, level="CP"))}, {}, NotFor.AUDIENCE),
        ({"audiences": (Audience(school_id=2), Audience(school_id=1, level="CM2"))}, {}, None),
        ({"audiences": (Audience(classroom_id=10),)}, {}, None),
        ({"audiences": (Audience(classroom_id=10),)}, {"classroom_id": None}, NotFor.AUDIENCE),
        ({"min_age": 10}, {}, None),
        ({"min_age": 11}, {}, NotFor.TOO_YOUNG),
        ({"max_age": 10}, {}, None),
        ({"max_age": 9}, {}, NotFor.TOO_OLD),
        ({"max_age": 9}, {"birth_date": None}, None),
    ],
)
def test_who_an_activity_is_for(rule: dict[str, object], person: dict[str, object], why: NotFor | None) -> None:
    activity, someone = replace(CANTEEN, **rule), replace(JAMES, **person)  # type: ignore[arg-type]
    for channel in Channel:
        verdict = ask(activity, someone, channel=channel)
        assert (verdict.refusal, verdict.why) == ((Refusal.NOT_FOR_THIS_CHILD, why) if why else (None, ""))
    assert ask(activity, someone, present=False).outcome is Outcome.CANCELLED  # what one has, one may leave


def test_enrolment_has_its_dates() -> None:
    activity = replace(CANTEEN, enrolled_only=True)
    spans = [("cantine", None, None), ("cantine", TUESDAY, TUESDAY), ("cantine", None, MONDAY), ("nap", None, None)]
    found = [ask(activity, replace(JAMES, enrolled=frozenset({span}))).refusal for span in spans]
    assert found == [None, None, Refusal.NOT_ENROLLED, Refusal.NOT_ENROLLED]
    assert ask(activity).refusal is Refusal.NOT_ENROLLED


def test_rights_of_the_payer_who_asks() -> None:
    assert ask(person=replace(JAMES, right=Right.READ_ONLY)).refusal is Refusal.READ_ONLY
    assert ask(person=replace(JAMES, occasional=True)).refusal is Refusal.OCCASIONAL
    mine = replace(JAMES, right=Right.WEEKS, weeks_from=date(2026, 11, 10))
    assert ask(person=mine).refusal is None
    assert ask(person=mine, day=date(2026, 12, 1)).refusal is Refusal.NOT_YOUR_WEEK
    assert ask(person=replace(mine, weeks_from=None)).refusal is Refusal.NOT_YOUR_WEEK
    # 2026-W53 and 2027-W01 are both odd; 4 January is the week after that of 28 December
    anchored = replace(mine, weeks_from=date(2026, 12, 28))
    assert ask(person=anchored, day=date(2027, 1, 4)).refusal is Refusal.NOT_YOUR_WEEK
    assert ask(person=anchored, day=date(2027, 1, 11)).refusal is None


def test_places_requests_and_frozen_periods() -> None:
    everybody, mine, other = ("cantine", TUESDAY, None), ("cantine", TUESDAY, 1), ("cantine", TUESDAY, 2)
    assert [ask(known=Known(full={key})).refusal for key in (everybody, mine, other)] == [
        Refusal.FULL, Refusal.FULL, None,
    ]  # fmt: skip
    assert ask(known=Known(full={everybody}), present=False).outcome is Outcome.CANCELLED
    assert ask(known=Known(waiting={("007", "cantine", TUESDAY)})).refusal is Refusal.WAITING
    frozen = replace(JAMES, frozen=frozenset({("cantine", MONDAY, TUESDAY)}))
    assert ask(person=frozen, present=False).refusal is Refusal.FROZEN
    assert ask(person=frozen, day=date(2026, 11, 27)).refusal is None


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1999, 12, 31), date(2200, 1, 1), date(9999, 12, 31)])
@pytest.mark.parametrize("channel", list(Channel))
def test_nonsense_dates_and_activities_are_refused_never_a_surprise(day: date, channel: Channel) -> None:
    activity = replace(CANTEEN, opens_on=Opening.ANY_DAY, weekdays=frozenset(range(7)), weeks_ahead=3)
    assert ask(activity, day=day, channel=channel).refusal is Refusal.UNREADABLE
    unknown = Wish("007", "piscine", TUESDAY, True)
    verdict = refusal_of(unknown, JAMES, book(CANTEEN), known=Known(), channel=channel, now=NOW)
    assert verdict == Verdict(unknown, Outcome.REFUSED, Refusal.UNKNOWN_ACTIVITY)


# Every reason at once; lifting the first must uncover the next, on every channel.
WORST = replace(CANTEEN, adults=True, enrolled_only=True, weeks_ahead=0, weekdays=frozenset({0}))
OBSTACLES = {
    Refusal.NOT_FOR_THIS_CHILD: lambda a, p, k: (replace(a, adults=False), p, k),
    Refusal.NOT_ENROLLED: lambda a, p, k: (replace(a, enrolled_only=False), p, k),
    Refusal.NOT_OFFERED: lambda a, p, k: (replace(a, weekdays=frozenset({0, 1, 3})), p, k),
    Refusal.CLOSED: lambda a, p, k: (a, replace(p, school_id=2), k),
    Refusal.OCCASIONAL: lambda a, p, k: (a, replace(p, occasional=False), k),
    Refusal.READ_ONLY: lambda a, p, k: (a, replace(p, right=Right.WEEKS), k),
    Refusal.NOT_YOUR_WEEK: lambda a, p, k: (a, replace(p, right=Right.FULL), k),
    Refusal.FROZEN: lambda a, p, k: (a, replace(p, frozen=frozenset()), k),
    Refusal.WAITING: lambda a, p, k: (a, p, replace(k, waiting=frozenset())),
    Refusal.TOO_EARLY: lambda a, p, k: (replace(a, weeks_ahead=None), p, k),
    Refusal.TOO_LATE: lambda a, p, k: (replace(a, book=EVE_AT_10), p, k),
    Refusal.FULL: lambda a, p, k: (a, p, replace(k, full=frozenset())),
}


@pytest.mark.parametrize("channel", list(Channel))
def test_the_order_of_reasons_and_what_the_town_hall_skips(channel: Channel) -> None:
    long_ago = Cutoff(CutoffKind.FIXED_DATE, at=0, on=date(2026, 1, 1))
    activity = replace(WORST, book=long_ago)
    person = replace(
        JAMES,
        occasional=True,
        right=Right.READ_ONLY,
        frozen=frozenset({("cantine", THURSDAY, THURSDAY)}),
    )
    known = Known(waiting={("007", "cantine", THURSDAY)}, full={("cantine", THURSDAY, None)})
    skipped = {
        Refusal.OCCASIONAL, Refusal.READ_ONLY, Refusal.NOT_YOUR_WEEK, Refusal.FROZEN, Refusal.WAITING,
        Refusal.TOO_EARLY, Refusal.TOO_LATE,
    }  # fmt: skip
    found = []
    for refusal, lift in OBSTACLES.items():
        verdict = ask(activity, person, day=THURSDAY, known=known, channel=channel)
        found += [verdict.refusal] if verdict.refusal is refusal else []
        activity, person, known = lift(activity, person, known)
    assert ask(activity, person, day=THURSDAY, known=known, channel=channel).outcome is Outcome.BOOKED
    assert found == [r for r in OBSTACLES if channel is not Channel.TOWN_HALL or r not in skipped]


@pytest.mark.parametrize(
    ("activity", "person", "known"),
    [
        ({}, {"occasional": True}, {}),
        ({}, {"right": Right.READ_ONLY}, {}),
        ({}, {"right": Right.WEEKS}, {}),
        ({}, {"frozen": frozenset({("cantine", MONDAY, TUESDAY)})}, {}),
        ({}, {}, {"waiting": {("007", "cantine", TUESDAY)}}),
        ({"weeks_ahead": 0}, {}, {}),
        ({"book": Cutoff(CutoffKind.FIXED_DATE, at=0, on=date(2026, 1, 1))}, {}, {}),
    ],
)
def test_what_stops_every_channel_but_the_town_hall(activity, person, known) -> None:
    found = [
        ask(replace(CANTEEN, **activity), replace(JAMES, **person), known=Known(**known), channel=channel).outcome
        for channel in (Channel.WEB, Channel.PHONE, Channel.API, Channel.TOWN_HALL)
    ]
    assert found == [Outcome.REFUSED] * 3 + [Outcome.BOOKED]


def test_past_comes_between_closed_and_rights_and_does_not_stop_the_town_hall() -> None:
    later = NOW + timedelta(days=30)
    reader = replace(JAMES, right=Right.READ_ONLY)
    assert ask(person=reader, day=THURSDAY, now=later).refusal is Refusal.CLOSED
    assert ask(person=reader, now=later).refusal is Refusal.PAST
    assert ask(person=reader, now=later, channel=Channel.TOWN_HALL).outcome is Outcome.BOOKED


def test_the_town_hall_takes_any_booking_away() -> None:
    stranger = replace(JAMES, adult=True, occasional=True, right=Right.READ_ONLY)
    for day in (MONDAY, THURSDAY, date(2026, 11, 25), date(2026, 12, 25)):
        verdict = ask(person=stranger, day=day, present=False, channel=Channel.TOWN_HALL, now=NOW + timedelta(days=60))
        assert (verdict.outcome, verdict.late, verdict.when) == (Outcome.CANCELLED, False, None)


@given(
    birth=st.dates(date(2010, 1, 1), date(2024, 12, 31)) | st.just(date(2016, 2, 29)),
    day=st.dates(date(2025, 1, 1), date(2032, 12, 31)),
)
def test_age_is_the_number_of_birthdays_lived(birth: date, day: date) -> None:
    def birthday(year: int) -> date:
        if (birth.month, birth.day) == (2, 29) and (year % 4 or (year % 100 == 0 and year % 400)):
            return date(year, 3, 1)
        return birth.replace(year=year)

    assert age_on(birth, day) == sum(birthday(year) <= day for year in range(birth.year + 1, day.year + 1))


def test_a_rulebook_forgets_rather_than_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reasons_module, "REMEMBERED", 10)
    rules = book(replace(CANTEEN, opens_on=Opening.ANY_DAY, weekdays=frozenset(range(7))))
    for n in range(100):
        wish = Wish("007", "cantine", MONDAY + timedelta(days=n), True)
        refusal_of(wish, JAMES, rules, known=Known(), channel=Channel.WEB, now=NOW)
        assert max(len(rules.opened), len(rules.deadlines)) <= 10


@given(st.data())
def test_a_warm_rulebook_answers_as_a_cold_one(data: st.DataObject) -> None:
    """What is remembered must depend on all that the answer depends on."""
    activities = (
        replace(CANTEEN, cancel=Cutoff(CutoffKind.SAME_DAY, at=420)),
        replace(CANTEEN, code="matin", book=Cutoff(CutoffKind.SCHOOL_DAYS, at=960, days=1)),
    )
    rhythm = TownCalendar(
        closures=(*CALENDAR.closures, Closure(TUESDAY, TUESDAY, "Sortie", classroom_id=11)),
        school_weekdays={2: frozenset({0, 2, 3})},
    )
    by_code = {a.code: a for a in activities}
    warm = Rulebook(by_code, (), rhythm, PARIS)
    now = NOW + timedelta(hours=data.draw(st.integers(0, 200)))
    for _ in range(12):
        person = replace(
            JAMES,
            school_id=data.draw(st.sampled_from([None, 1, 2])),
            classroom_id=data.draw(st.sampled_from([10, 11])),
        )
        day = MONDAY + timedelta(days=data.draw(st.integers(-1, 6)))
        wish = Wish("007", data.draw(st.sampled_from(["cantine", "matin"])), day, data.draw(st.booleans()))
        answers = [
            refusal_of(wish, person, rules, known=Known(), channel=Channel.WEB, now=now)
            for rules in (warm, Rulebook(by_code, (), rhythm, PARIS))
        ]
        assert answers[0] == answers[1]


def test_a_dependency_on_something_withdrawn_binds_nobody() -> None:
    gone = Dependency("cantine", DependencyKind.REQUIRES, "midi")
    itself = Dependency("cantine", DependencyKind.EXCLUDES, "cantine")
    rules = book(CANTEEN, dependencies=(gone, itself))
    assert (rules.needs, rules.needed_by, rules.excludes, rules.implies) == ({}, {}, {}, {})
