"""What every scene of the demonstration needs: the town, its families, and the moment from which the world is seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from portail.bookings.models import ChangeSet
from portail.bookings.operations.changes import Submission, change_presences
from portail.bookings.queries.offer import Offer
from portail.bookings.queries.records import Span, booked_cells, facts_of
from portail.console.demo.households import Household
from portail.console.demo.moving_days import billed_month
from portail.families.queries import children_of
from portail.rules.booking import Cell, Channel, Known, PersonFacts, Right, Verdict, Wish, refusal_of
from portail.rules.weeks import monday
from portail.towns.actors import Actor, parent

WEEKS_BACK, WEEKS_AHEAD = 9, 6  # back: the whole of last month at least, which is billed most of the year


@dataclass(frozen=True, slots=True)
class Diary:
    """The town in force, as it is when its families begin to book."""

    offer: Offer
    households: Sequence[Household]
    now: datetime
    clerk: Actor

    @property
    def zone(self) -> ZoneInfo:
        return self.offer.rulebook.zone

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    @property
    def billed_month(self) -> date:
        """The first day of the month whose invoices are out."""
        return billed_month(self.offer.rulebook.calendar, self.today)

    @property
    def weeks_back(self) -> int:
        """The whole weeks before this one in which the families have bookings."""
        return max(WEEKS_BACK, (monday(self.today) - monday(self.billed_month)).days // 7)

    @property
    def span(self) -> Span:
        """The days on which the families have bookings."""
        first = monday(self.today)
        return Span(first - timedelta(weeks=self.weeks_back), first + timedelta(weeks=WEEKS_AHEAD + 1, days=-1))

    def at(self, days_ago: int, clock: str) -> datetime:
        """So many days ago, at this time of the town's clock; never after the moment of the world."""
        moment = datetime.combine(self.today - timedelta(days=days_ago), time.fromisoformat(clock), tzinfo=self.zone)
        return min(moment, self.now)

    def days(self, first: int, last: int) -> list[date]:
        """The days from today + `first` to today + `last`."""
        return [self.today + timedelta(days=n) for n in range(first, last + 1)]

    def answer(self, wish: Wish, facts: PersonFacts, channel: Channel, then: datetime) -> Verdict:
        """What the rules would have said of this wish then, places and dependencies aside."""
        return refusal_of(wish, facts, self.offer.rulebook, known=Known(), channel=channel, now=then)


def facts(diary: Diary, household: Household, by: Actor) -> dict[str, PersonFacts]:
    """The persons of the household as `by` may reach them, by code."""
    return facts_of(children_of(by, [person.code for person in household.persons]), diary.offer)


def booked(diary: Diary, household: Household) -> frozenset[Cell]:
    """The bookings of the household over the days of the diary."""
    rows = children_of(diary.clerk, [person.code for person in household.persons])
    return frozenset(booked_cells(rows, diary.offer, diary.span))


def parents(household: Household) -> list[Actor]:
    """Who books in this family: both parents of alternate weeks, else the first who may."""
    able = [(payer, right) for payer, _, right, _ in household.payers if right is not Right.READ_ONLY]
    weeks = [parent(payer.pk) for payer, right in able if right is Right.WEEKS]
    return weeks or [parent(payer.pk) for payer, _ in able[:1]]


def submit(wishes: Sequence[Wish], *, by: Actor, then: datetime, reason: str = "") -> ChangeSet:
    """One « VALIDER » of that day."""
    return change_presences(submission=Submission(wishes, reason=reason), by=by, now=then)


def change(cell: Cell, *, present: bool) -> Wish:
    """The wish to turn a cell over, from a page that showed it the other way."""
    person, activity, day = cell
    return Wish(person, activity, day, present=present, seen=not present)
