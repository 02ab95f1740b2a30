"""One wish, dependencies aside: may it be granted, and if not, which rule says so and until when?

The chains below are the order of the reasons: the first rule that objects gives the refusal that every face shows.
By law (code de l'éducation, L131-13) a canteen takes no rule on the parents' work or debts: there is none here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from portail.rules.booking.values import (
    ActivityRules,
    Audience,
    Channel,
    DayMemo,
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
)
from portail.rules.calendar import ClosedWhy
from portail.rules.cutoffs import Cutoff, CutoffKind, deadline
from portail.rules.weeks import in_alternate_weeks, monday

REMEMBERED = 50_000  # answers a rulebook keeps: many towns' pages, yet a robot asking for every year fills no memory
SENSIBLE_YEARS = range(2000, 2200)  # forged days beyond would overflow the calendar's arithmetic


@dataclass(slots=True)
class _Case:
    """One wish with everything that the rules look at."""

    wish: Wish
    person: PersonFacts
    activity: ActivityRules
    rules: Rulebook
    known: Known
    now: datetime
    today: date  # in the town

    def refused(self, refusal: Refusal, *, when: datetime | None = None, why: str = "", name: str = "") -> Verdict:
        return Verdict(self.wish, Outcome.REFUSED, refusal, when, why, name)


_K = TypeVar("_K")
_V = TypeVar("_V")
_Check = Callable[[_Case], Verdict | None]


def refusal_of(
    wish: Wish, person: PersonFacts, rules: Rulebook, *, known: Known, channel: Channel, now: datetime
) -> Verdict:
    """What would become of this single toggle; the page asks it for every cell, `judge` for every wish.

    `now` is aware, in any zone. The wish is taken as a change: whether the cell already is so is not looked at.
    A granted wish carries its deadline in `when`, except at the town hall, which has none.
    """
    activity = rules.activities.get(wish.activity)
    if activity is None:
        return Verdict(wish, Outcome.REFUSED, Refusal.UNKNOWN_ACTIVITY)
    if wish.day.year not in SENSIBLE_YEARS:
        return Verdict(wish, Outcome.REFUSED, Refusal.UNREADABLE)
    case = _Case(wish, person, activity, rules, known, now, now.astimezone(rules.zone).date())
    for check in _CHAINS[channel is Channel.TOWN_HALL, wish.present]:
        refused = check(case)
        if refused is not None:
            return refused
    return _granted(case, channel)


def deadline_of(activity: str, day: date, present: bool, person: PersonFacts, rules: Rulebook) -> datetime:
    """The cut-off (UTC) for booking (`present`) or cancelling that activity on that day. KeyError when unknown."""
    key = (activity, day, person.school_id, present)
    found = rules.deadlines.get(key)
    if found is None:
        about = rules.activities[activity]
        cutoff = about.book if present else about.cancel
        found = deadline(cutoff, day, rules.calendar, person.school_id, rules.zone)
        _remember(rules.deadlines, key, found)
    return found


def age_on(birth_date: date, day: date) -> int:
    """Age in completed years on `day`; born on 29 February, one turns a year older on 1 March of common years."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def _granted(case: _Case, channel: Channel) -> Verdict:
    outcome = Outcome.BOOKED if case.wish.present else Outcome.CANCELLED
    if channel is Channel.TOWN_HALL:
        return Verdict(case.wish, outcome)
    when = _deadline(case)
    late = case.now >= when
    if late and case.activity.late is LatePolicy.ASK:
        outcome = Outcome.REQUESTED
    return Verdict(case.wish, outcome, when=when, late=late)


def _for_this_person(case: _Case) -> Verdict | None:
    why = _not_for(case.activity, case.person, case.wish.day)
    return case.refused(Refusal.NOT_FOR_THIS_CHILD, why=why) if why else None


def _not_for(activity: ActivityRules, person: PersonFacts, day: date) -> NotFor | None:
    if activity.adults != person.adult:
        return NotFor.ADULTS_ONLY if activity.adults else NotFor.CHILDREN_ONLY
    if activity.audiences and not any(_matches(audience, person) for audience in activity.audiences):
        return NotFor.AUDIENCE
    if activity.min_age is None and activity.max_age is None:
        return None
    return _wrong_age(activity, person.birth_date, day)


def _wrong_age(activity: ActivityRules, birth_date: date | None, day: date) -> NotFor | None:
    """A birth date that the town never entered shuts nobody out."""
    if birth_date is None:
        return None
    age = age_on(birth_date, day)
    if activity.min_age is not None and age < activity.min_age:
        return NotFor.TOO_YOUNG
    if activity.max_age is not None and age > activity.max_age:
        return NotFor.TOO_OLD
    return None


def _matches(audience: Audience, person: PersonFacts) -> bool:
    return (
        audience.school_id in (None, person.school_id)
        and audience.classroom_id in (None, person.classroom_id)
        and audience.level in ("", person.level)
    )


def _enrolled(case: _Case) -> Verdict | None:
    if not case.activity.enrolled_only:
        return None
    for activity, first, last in case.person.enrolled:
        if activity == case.wish.activity and _within(case.wish.day, first, last):
            return None
    return case.refused(Refusal.NOT_ENROLLED)


def _open(case: _Case) -> Verdict | None:
    wish, person = case.wish, case.person
    key = (wish.activity, wish.day, person.school_id, person.classroom_id)
    memo = case.rules.opened.get(key)
    if memo is None:
        memo = _look_up(case)
        _remember(case.rules.opened, key, memo)
    return case.refused(memo.refusal, why=memo.why, name=memo.name) if memo.refusal is not None else None


def _look_up(case: _Case) -> DayMemo:
    activity, day, person, calendar = case.activity, case.wish.day, case.person, case.rules.calendar
    if not _within(day, activity.first_day, activity.last_day):
        return DayMemo(Refusal.NOT_OFFERED)
    state = calendar.opening(activity.opens_on, activity.weekdays, day, person.school_id)
    if not state.offered:
        return DayMemo(Refusal.NOT_OFFERED)
    if not state.open:
        return DayMemo(Refusal.CLOSED, state.why or "", state.name)
    closure = calendar.closure(
        day, activity=activity.code, school_id=person.school_id, classroom_id=person.classroom_id
    )
    return DayMemo(Refusal.CLOSED, ClosedWhy.CLOSURE, closure.reason) if closure else DayMemo(None)


def _past(case: _Case) -> Verdict | None:
    return case.refused(Refusal.PAST) if case.wish.day < case.today else None


def _entitled(case: _Case) -> Verdict | None:
    person = case.person
    if person.occasional:
        return case.refused(Refusal.OCCASIONAL)
    if person.right is Right.READ_ONLY:
        return case.refused(Refusal.READ_ONLY)
    # A link by weeks whose anchor was never entered gives no week: better to call than to write in the other's.
    if person.right is Right.WEEKS and not (
        person.weeks_from is not None and in_alternate_weeks(person.weeks_from, case.wish.day)
    ):
        return case.refused(Refusal.NOT_YOUR_WEEK)
    return None


def _frozen(case: _Case) -> Verdict | None:
    for activity, first, last in case.person.frozen:
        if activity == case.wish.activity and first <= case.wish.day <= last:
            return case.refused(Refusal.FROZEN)
    return None


def _waiting(case: _Case) -> Verdict | None:
    return case.refused(Refusal.WAITING) if case.wish.cell in case.known.waiting else None


def _too_early(case: _Case) -> Verdict | None:
    """Both ways: a day cancelled before its week opens could not be booked again."""
    if case.activity.weeks_ahead is None:
        return None
    opens = monday(case.wish.day) - timedelta(weeks=case.activity.weeks_ahead)
    if case.today >= opens:
        return None
    return case.refused(Refusal.TOO_EARLY, when=_instant(opens, 0, case))


def _too_late(case: _Case) -> Verdict | None:
    when = _deadline(case)
    if case.now < when:
        return None
    if case.activity.late is not LatePolicy.REFUSE and case.now < _instant(
        case.wish.day, case.activity.late_until, case
    ):
        return None
    return case.refused(Refusal.TOO_LATE, when=when)


def _full(case: _Case) -> Verdict | None:
    """A place that the same submission frees is not counted: a day over its capacity has none to give."""
    activity, day, full = case.wish.activity, case.wish.day, case.known.full
    if (activity, day, None) in full or (activity, day, case.person.school_id) in full:
        return case.refused(Refusal.FULL)
    return None


def _deadline(case: _Case) -> datetime:
    return deadline_of(case.wish.activity, case.wish.day, case.wish.present, case.person, case.rules)


def _instant(day: date, minutes: int, case: _Case) -> datetime:
    """Minutes after local midnight of that very day, in UTC."""
    cutoff = Cutoff(CutoffKind.SAME_DAY, at=minutes)
    return deadline(cutoff, day, case.rules.calendar, None, case.rules.zone)


def _within(day: date, first: date | None, last: date | None) -> bool:
    return (first is None or first <= day) and (last is None or day <= last)


def _remember(memo: dict[_K, _V], key: _K, value: _V) -> None:
    if len(memo) >= REMEMBERED:
        memo.clear()
    memo[key] = value


# Eligibility only guards bookings: a child who changed class may always leave what is no longer for him.
# The town hall is bound by what exists (days, places, who an activity is for), never by clocks, rights or requests;
# and it may take any booking away.
_CHAINS: Mapping[tuple[bool, bool], tuple[_Check, ...]] = {
    # (town hall, present)
    (False, True): (
        _for_this_person, _enrolled, _open, _past, _entitled, _frozen, _waiting, _too_early, _too_late, _full,
    ),
    (False, False): (_open, _past, _entitled, _frozen, _waiting, _too_early, _too_late),
    (True, True): (_for_this_person, _enrolled, _open, _full),
    (True, False): (),
}  # fmt: skip
