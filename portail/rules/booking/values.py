"""What the booking rules take in and give back: plain values, no behaviour beyond their own indexes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

from portail.rules.calendar import Opening, TownCalendar
from portail.rules.cutoffs import Cutoff

Cell = tuple[str, str, date]
"""One box of a planning: (person code, activity code, day)."""


class Channel(StrEnum):
    """By which door a wish came in."""

    WEB = "web"
    TOWN_HALL = "town_hall"
    PHONE = "phone"
    API = "api"


class LatePolicy(StrEnum):
    """What happens after the cut-off: refuse, ask the town hall, or accept as « hors délai »."""

    REFUSE = "refuse"
    ASK = "ask"
    ACCEPT = "accept"


class Refusal(StrEnum):
    """Why a wish may not be granted; every face has words for each."""

    UNREADABLE = "unreadable"  # not a wish at all: given by the faces, and by the rules for a nonsense year
    UNKNOWN_CHILD = "unknown_child"
    UNKNOWN_ACTIVITY = "unknown_activity"
    NOT_FOR_THIS_CHILD = "not_for_this_child"  # why: a NotFor value
    NOT_ENROLLED = "not_enrolled"
    NOT_OFFERED = "not_offered"  # never on that weekday, or outside the activity's own dates
    CLOSED = "closed"  # why: a ClosedWhy value; name: the holiday's or the closure's
    PAST = "past"
    OCCASIONAL = "occasional"
    READ_ONLY = "read_only"
    NOT_YOUR_WEEK = "not_your_week"
    FROZEN = "frozen"
    WAITING = "waiting"
    TOO_EARLY = "too_early"  # when: the instant the day opens
    TOO_LATE = "too_late"  # when: the deadline missed
    FULL = "full"
    CHANGED_MEANWHILE = "changed_meanwhile"  # booked_now: what the database holds
    REQUIRES = "requires"  # other: the activity that is missing
    REQUIRED_BY = "required_by"  # other: the booked activity that needs this one
    EXCLUDES = "excludes"  # other: the activity it cannot go with


class NotFor(StrEnum):
    """The eligibility rule behind NOT_FOR_THIS_CHILD."""

    ADULTS_ONLY = "adults_only"
    CHILDREN_ONLY = "children_only"
    AUDIENCE = "audience"
    TOO_YOUNG = "too_young"
    TOO_OLD = "too_old"


class Outcome(StrEnum):
    """What becomes of a wish."""

    BOOKED = "booked"
    CANCELLED = "cancelled"
    REQUESTED = "requested"  # sent to the town hall; changes no booking by itself
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class DependencyKind(StrEnum):
    """REQUIRES: the other must be booked the same day. IMPLIES: so, and it is added by itself. EXCLUDES: never both."""

    REQUIRES = "requires"
    IMPLIES = "implies"
    EXCLUDES = "excludes"


class Right(StrEnum):
    """What a payer may do with a child's planning."""

    FULL = "full"
    READ_ONLY = "read_only"
    WEEKS = "weeks"  # one week in two, anchored on PersonFacts.weeks_from


@dataclass(frozen=True, slots=True)
class Wish:
    """What a visitor asks for one cell; `seen` is the state that the page showed (None: phone, API)."""

    person: str
    activity: str
    day: date
    present: bool
    seen: bool | None = None

    @property
    def cell(self) -> Cell:
        """The box that the wish is about."""
        return (self.person, self.activity, self.day)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one wish. `when` is in UTC: the deadline (also of a granted wish), or the instant a day opens."""

    wish: Wish
    outcome: Outcome
    refusal: Refusal | None = None
    when: datetime | None = None
    why: str = ""
    name: str = ""
    other: str = ""
    late: bool = False
    implied: bool = False
    booked_now: bool | None = None


@dataclass(frozen=True, slots=True)
class Dependency:
    """`activity` requires, implies or excludes `other` on the same day for the same person."""

    activity: str
    kind: DependencyKind
    other: str


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom an activity is for: every part that is set must match."""

    school_id: int | None = None
    classroom_id: int | None = None
    level: str = ""


@dataclass(frozen=True)
class ActivityRules:
    """The rules of one activity. `late_until`: minutes of the day itself; `weeks_ahead` None: no limit."""

    id: int
    code: str
    name: str
    opens_on: Opening
    weekdays: frozenset[int]
    book: Cutoff
    cancel: Cutoff
    late: LatePolicy = LatePolicy.REFUSE
    late_until: int = 0
    weeks_ahead: int | None = None
    audiences: tuple[Audience, ...] = ()
    min_age: int | None = None
    max_age: int | None = None
    enrolled_only: bool = False
    adults: bool = False
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class DayMemo:
    """Memo of one (activity, day, school, class): why it is shut; refusal None when it is open."""

    refusal: Refusal | None
    why: str = ""
    name: str = ""


@dataclass(frozen=True)
class Rulebook:
    """All the rules of a town at one moment. Keep one as long as its settings hold: it remembers what it worked out."""

    activities: Mapping[str, ActivityRules]
    dependencies: tuple[Dependency, ...]
    calendar: TownCalendar
    zone: ZoneInfo
    deadlines: dict[tuple[str, date, int | None, bool], datetime] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    opened: dict[tuple[str, date, int | None, int | None], DayMemo] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @cached_property
    def order(self) -> Mapping[str, int]:
        """Rank of each activity on the screen."""
        return {code: rank for rank, code in enumerate(self.activities)}

    @cached_property
    def needs(self) -> Mapping[str, tuple[str, ...]]:
        """What must be booked beside each activity (requires and implies), in display order."""
        return self._index([(d.activity, d.other) for d in self._live if d.kind is not DependencyKind.EXCLUDES])

    @cached_property
    def needed_by(self) -> Mapping[str, tuple[str, ...]]:
        """The same, the other way round."""
        return self._index([(d.other, d.activity) for d in self._live if d.kind is not DependencyKind.EXCLUDES])

    @cached_property
    def implies(self) -> Mapping[str, tuple[str, ...]]:
        """What booking an activity adds by itself, in display order."""
        return self._index([(d.activity, d.other) for d in self._live if d.kind is DependencyKind.IMPLIES])

    @cached_property
    def excludes(self) -> Mapping[str, tuple[str, ...]]:
        """What each activity cannot go with: said once, true both ways."""
        pairs = [(d.activity, d.other) for d in self._live if d.kind is DependencyKind.EXCLUDES]
        return self._index(pairs + [(other, activity) for activity, other in pairs])

    @cached_property
    def _live(self) -> tuple[Dependency, ...]:
        """A dependency on an activity withdrawn from the town, or on itself, binds nobody."""
        return tuple(
            d
            for d in self.dependencies
            if d.activity in self.activities and d.other in self.activities and d.activity != d.other
        )

    def _index(self, pairs: Collection[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, set[str]] = {}
        for activity, other in pairs:
            found.setdefault(activity, set()).add(other)
        return {code: tuple(sorted(others, key=self.order.__getitem__)) for code, others in found.items()}


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What the rules need to know of a child (or adult eater) as seen by the payer who asks."""

    code: str
    school_id: int | None = None
    classroom_id: int | None = None
    level: str = ""
    birth_date: date | None = None
    adult: bool = False
    occasional: bool = False
    enrolled: frozenset[tuple[str, date | None, date | None]] = frozenset()
    right: Right = Right.FULL
    weeks_from: date | None = None
    frozen: frozenset[tuple[str, date, date]] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """What the database holds now about the cells in question. Give sets: they are asked once per cell."""

    booked: Collection[Cell] = frozenset()
    waiting: Collection[Cell] = frozenset()
    full: Collection[tuple[str, date, int | None]] = frozenset()  # school None: full for everybody
