"""What happened lately: changes of mind, the town hall's changes, late requests, late bookings, an occasional child."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from portail.bookings.operations.periods import PeriodWish, validate_period
from portail.console.demo.diary import Diary, booked, change, facts, parents, submit
from portail.console.demo.households import Household
from portail.rules.booking import Cell, Channel, LatePolicy, Outcome, PersonFacts, deadline_of
from portail.towns.actors import Actor

SURE = 15  # days ahead: before every cut-off, those of a whole week included
REQUESTS, LATE_BOOKINGS = 4, 3
INSTEAD_OF_CANTEEN = ("accueil-midi", "accueil-12h15", "transport-11h30")
AFTER = timedelta(minutes=95)  # after a cut-off: not suspiciously at once


def play(diary: Diary) -> None:
    """All the scenes, in the order of time."""
    _town_hall_changes(diary)
    _occasional_days(diary)
    for household in diary.households[:1]:
        _changes_of_mind(diary, household)
    for place, household in enumerate(diary.households[5:12]):
        _one_absence(diary, household, diary.at(1 + place % 3, "21:10") + timedelta(minutes=4 * place))
    _late(diary, LatePolicy.ACCEPT, diary.days(-20, 5), LATE_BOOKINGS)
    _late(diary, LatePolicy.ASK, diary.days(0, 20), REQUESTS)


def validate_a_period(diary: Diary) -> None:
    """« Période déjà validée » for one child, in the first period only; the other one is still to be chosen."""
    household = diary.households[0]
    period, (by, *_) = diary.offer.periods[0], parents(household)
    wish = PeriodWish(UUID(period.public_id), household.persons[1].code, {"accueil-matin": (0, 3)})
    validate_period(wish=wish, by=by, now=diary.at(20, "19:25"))


def _ahead(diary: Diary, household: Household, *, days: int = SURE) -> list[Cell]:
    """What the first child of the family has booked from so many days on, by day."""
    code = household.persons[0].code
    found = [cell for cell in booked(diary, household) if cell[0] == code]
    return sorted((c for c in found if c[2] >= diary.today + timedelta(days=days)), key=lambda c: (c[2], c[1]))


def _town_hall_changes(diary: Diary) -> None:
    """« par la Mairie »: one booking taken away, one added, for the first families."""
    for place, household in enumerate(diary.households[:3]):
        then = diary.at(6, "09:12") + timedelta(minutes=11 * place)
        for cell in _ahead(diary, household, days=1)[:1]:
            submit([change(cell, present=False)], by=diary.clerk, then=then, reason="Absence signalée par l'école")
        for cell in _free(diary, household)[:1]:
            submit([change(cell, present=True)], by=diary.clerk, then=then, reason="Demandé par téléphone")


def _free(diary: Diary, household: Household) -> list[Cell]:
    """Days of the coming weeks that the town hall could still book for the first child."""
    known, taken = facts(diary, household, diary.clerk), booked(diary, household)
    person = household.persons[0].code
    cells = [(person, code, day) for day in diary.days(3, 25) for code in diary.offer.rulebook.activities]
    at_work = [c for c in cells if (person, "cantine", c[2]) in taken or "vacances" in c[1]]
    fitting = [c for c in at_work if c not in taken and c[1] not in INSTEAD_OF_CANTEEN]
    return [cell for cell in fitting if _may_book(diary, cell, known[person])]


def _may_book(diary: Diary, cell: Cell, known: PersonFacts) -> bool:
    """Would the rules let the town hall book it?"""
    answer = diary.answer(change(cell, present=True), known, Channel.TOWN_HALL, diary.now)
    return answer.outcome is Outcome.BOOKED


def _occasional_days(diary: Diary) -> None:
    """The town hall books the few days of the children who are « occasionnels »."""
    for household in diary.households:
        for person in household.persons:
            if person.occasional:
                known = facts(diary, household, diary.clerk)
                cells = [
                    (person.code, code, day)
                    for code in ("cantine", "grandes-vacances", "vacances-matin")
                    for day in diary.days(1, 25)
                    if day.weekday() in (1, 3)
                ]
                able = [change(cell, present=True) for cell in cells if _may_book(diary, cell, known[person.code])]
                submit(able, by=diary.clerk, then=diary.at(5, "14:30"), reason="Accueil occasionnel")


def _changes_of_mind(diary: Diary, household: Household) -> None:
    """The history of the manual: booked, cancelled, booked again, all within half an hour."""
    (by, *_), cells = parents(household), _ahead(diary, household)
    steps = (("15:31", cells[:2], False), ("15:43", cells[:1], True), ("15:52", cells[2:3], False))
    for clock, changed, present in steps:
        if changed:
            submit([change(cell, present=present) for cell in changed], by=by, then=diary.at(3, clock))


def _one_absence(diary: Diary, household: Household, then: datetime) -> None:
    for by in parents(household)[:1]:
        cells = _ahead(diary, household)
        day = cells[len(cells) // 2][2] if cells else diary.today
        submit([change(cell, present=False) for cell in cells if cell[2] == day], by=by, then=min(then, diary.now))


def _late(diary: Diary, policy: LatePolicy, days: Sequence[date], wanted: int) -> None:
    """Bookings after the cut-off, one a family: accepted as « hors délai », or asked of the town hall."""
    for household in reversed(diary.households):
        if wanted and any(_late_once(diary, household, by, policy, days) for by in parents(household)):
            wanted -= 1


def _late_once(diary: Diary, household: Household, by: Actor, policy: LatePolicy, days: Sequence[date]) -> bool:
    """Try the days in turn; True once one went through."""
    known, taken = facts(diary, household, by), booked(diary, household)
    for cell, then in _late_moments(diary, known, policy, days):
        if cell in taken:
            continue
        row = submit([change(cell, present=True)], by=by, then=then).verdicts[0]
        if row["outcome"] == Outcome.REQUESTED or row["late"]:
            return True
    return False


def _late_moments(
    diary: Diary, known: dict[str, PersonFacts], policy: LatePolicy, days: Sequence[date]
) -> Iterator[tuple[Cell, datetime]]:
    """The cells of these days that could be booked late, each with a moment between its cut-off and now."""
    rules = diary.offer.rulebook
    late = [code for code, activity in rules.activities.items() if activity.late is policy]
    for day in days:
        for code in late:
            for person, facts_ in known.items():
                cutoff = deadline_of(code, day, True, facts_, rules)
                then = min(cutoff + AFTER, cutoff + (diary.now - cutoff) / 2)
                cell = (person, code, day)
                by_web = diary.answer(change(cell, present=True), facts_, Channel.WEB, then)
                if then >= cutoff and by_web.late:
                    yield cell, then
