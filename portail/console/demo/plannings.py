"""The ordinary bookings of the demonstration families: weeks ahead, by their parents, as the rules let them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from portail.bookings.operations.offer import enrol
from portail.console.demo.diary import WEEKS_BACK, Diary, change, facts, parents, submit
from portail.families.models import Person
from portail.rules.booking import Cell, Channel, Outcome, PersonFacts, Refusal
from portail.rules.weeks import in_alternate_weeks, monday
from portail.towns.actors import Actor

EVERY = (0, 1, 3, 4)
Habit = Mapping[str, Sequence[int]]

# What a child does in a school week; given out in turn.
HABITS: Sequence[Habit] = (
    {"cantine": EVERY, "accueil-soir": (0, 3)},
    {"cantine": EVERY, "accueil-matin": EVERY, "accueil-soir": EVERY},
    {"cantine": (0, 3), "accueil-midi": (1, 4)},
    {"cantine": EVERY, "nap": (1, 4)},
    {"cantine": (1, 3), "accueil-12h15": (0, 4), "nap": (1,)},
    {"cantine": (0, 1, 4), "accueil-matin": (0, 1), "accueil-soir": (4,)},
    {"cantine": EVERY, "transport-8h30": EVERY, "transport-16h30": EVERY},
    {"transport-11h30": (0, 1), "transport-13h30": (0, 1), "cantine": (3, 4)},
)
ADULT: Habit = {"cantine-adulte": EVERY}
WHOLE_WEEK = (0, 1, 2, 3, 4)
# Holidays and Wednesdays: some come always, some on two days or every second week, so that full days stand beside
# quiet ones.
HOLIDAYS: Sequence[Habit] = (
    {"vacances-matin": WHOLE_WEEK, "vacances-apres-midi": (0, 1), "grandes-vacances": WHOLE_WEEK},
    {"vacances-matin": (0, 1), "grandes-vacances": (0, 1)},
    {"vacances-apres-midi": (1, 3), "grandes-vacances": (1, 3)},
)
WEDNESDAYS: Sequence[str] = ("accueil-de-loisirs", "accueil-de-loisirs", "mercredi")
EVERY_SECOND_WEEK = 1  # place in WEDNESDAYS
OUT_OF = 6  # children; the first three follow the lines above, the others stay at home
TRANSPORT = ("transport-8h30", "transport-11h30", "transport-13h30", "transport-16h30")
BUS_HABITS = (6, 7)  # places in HABITS


def enrol_for_the_bus(diary: Diary, *, stops: Sequence[str], by: Actor, now: datetime) -> None:
    """The children who take the bus, each with a stop."""
    riders = [person for number, person in _numbered(diary) if number % len(HABITS) in BUS_HABITS]
    for place, person in enumerate(riders):
        for activity in TRANSPORT:
            enrol(person=person.code, activity=activity, stop=stops[place % len(stops)], by=by, now=now)


def book_ahead(diary: Diary) -> None:
    """Every family plans its weeks some time before; what was not open yet, it books nine days ago."""
    numbers = {person.pk: number for number, person in _numbered(diary)}
    for place, household in enumerate(diary.households):
        moments = [
            *(
                diary.at(7 * weeks + 14 + place % 5, "17:40") + timedelta(minutes=7 * place)
                for weeks in sorted({diary.weeks_back, WEEKS_BACK}, reverse=True)
            ),
            diary.at(9, "20:05") + timedelta(minutes=3 * place),
        ]
        for by in parents(household):
            known = facts(diary, household, by)
            wished = [cell for p in household.persons for cell in _habits(diary, p, numbers[p.pk])]
            for then in moments:
                if wished:
                    wished = _book(diary, wished, known, by=by, then=then)


def _book(
    diary: Diary, cells: Sequence[Cell], known: Mapping[str, PersonFacts], *, by: Actor, then: datetime
) -> list[Cell]:
    """Submit what the rules allow then; returns the cells that opened later."""
    answers = [(cell, diary.answer(change(cell, present=True), known[cell[0]], Channel.WEB, then)) for cell in cells]
    submit([verdict.wish for _, verdict in answers if verdict.outcome is Outcome.BOOKED], by=by, then=then)
    return [cell for cell, verdict in answers if verdict.refusal is Refusal.TOO_EARLY]


def _numbered(diary: Diary) -> list[tuple[int, Person]]:
    persons = [person for household in diary.households for person in household.persons]
    return list(enumerate(persons))


def _habits(diary: Diary, person: Person, number: int) -> Iterator[Cell]:
    """The cells that a person usually wants, closed days included: the rules sort them out."""
    habits = [ADULT] if person.kind == Person.Kind.ADULT else [HABITS[number % len(HABITS)]]
    turn = number % OUT_OF
    if person.kind != Person.Kind.ADULT and turn < len(HOLIDAYS):
        habits.append(HOLIDAYS[turn])
        habits.append({WEDNESDAYS[turn]: (2,)})
    for habit in habits:
        for activity, weekdays in habit.items():
            for day in _days(diary, weekdays):
                if "loisirs" not in activity or turn != EVERY_SECOND_WEEK or _second_week(diary, day):
                    yield person.code, activity, day


def _days(diary: Diary, weekdays: Sequence[int]) -> Iterator[date]:
    length = (diary.span.last - diary.span.first).days
    for n in range(length + 1):
        day = diary.span.first + timedelta(days=n)
        if day.weekday() in weekdays:
            yield day


def _second_week(diary: Diary, day: date) -> bool:
    return in_alternate_weeks(monday(diary.today) + timedelta(weeks=1), day)
