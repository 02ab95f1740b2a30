"""What the town of the bench offers: twelve activities in three groups, one of them limited."""

from dataclasses import dataclass
from datetime import datetime

from portail.bookings.operations.offer import ActivityDraft, save_activity, save_dependency, save_group, set_limit
from portail.rules.booking import DependencyKind, LatePolicy
from portail.rules.calendar import Opening
from portail.rules.cutoffs import Cutoff, CutoffKind
from portail.towns.actors import town_hall

CLERK = town_hall("bench")
LIMITED, SEATS = "etude", 30

SCHOOL_WEEK = frozenset({0, 1, 3, 4})
WEEK = frozenset(range(5))
EVE_10 = Cutoff(CutoffKind.WORKING_DAYS, 10 * 60, days=1)
EVE_16 = Cutoff(CutoffKind.WORKING_DAYS, 16 * 60, days=1)
THURSDAY_17 = Cutoff(CutoffKind.WEEKDAY_BEFORE, 17 * 60, weekday=3)
GROUPS = (("peri", "PERISCOLAIRE"), ("mercredi", "MERCREDI ET VACANCES"), ("bus", "TRANSPORT"))


@dataclass(frozen=True, slots=True)
class Activity:
    """One activity; `share`: out of 100 children, how many come on one of its days."""

    code: str
    name: str
    group: str
    share: int
    cutoff: Cutoff = EVE_10
    opens_on: Opening = Opening.SCHOOL_DAYS
    weekdays: frozenset[int] = SCHOOL_WEEK
    late: LatePolicy = LatePolicy.REFUSE


ACTIVITIES = (
    Activity("cantine", "Cantine", "peri", 75),
    Activity("midi", "Accueil midi sans repas", "peri", 5),
    Activity("matin", "Accueil matin", "peri", 20, EVE_16),
    Activity("soir", "Accueil soir", "peri", 35, EVE_16, late=LatePolicy.ASK),
    Activity("nap", "NAP", "peri", 30),
    Activity(LIMITED, "Étude surveillée", "peri", 0, EVE_16),
    Activity("mercredi", "Mercredi", "mercredi", 25, THURSDAY_17, Opening.WEDNESDAYS, frozenset({2})),
    Activity("vacances-matin", "Petites vacances matin", "mercredi", 15, THURSDAY_17, Opening.SMALL_HOLIDAYS, WEEK),
    Activity("vacances-soir", "Petites vacances après-midi", "mercredi", 15, THURSDAY_17, Opening.SMALL_HOLIDAYS, WEEK),
    Activity("ete", "Grandes vacances", "mercredi", 10, THURSDAY_17, Opening.SUMMER, WEEK),
    Activity("bus-matin", "Transport 8h30", "bus", 10),
    Activity("bus-soir", "Transport 16h30", "bus", 10),
)


def build_offer(now: datetime) -> None:
    """Save it in the town in force."""
    for position, (code, name) in enumerate(GROUPS):
        save_group(code=code, name=name, position=position, by=CLERK, now=now)
    for position, activity in enumerate(ACTIVITIES):
        save_activity(draft=_draft(activity, position), by=CLERK, now=now)
    save_dependency(activity="midi", kind=DependencyKind.EXCLUDES, other="cantine", by=CLERK, now=now)
    set_limit(activity=LIMITED, seats=SEATS, by=CLERK, now=now)


def _draft(activity: Activity, position: int) -> ActivityDraft:
    return ActivityDraft(
        activity.code,
        activity.name,
        activity.group,
        activity.opens_on,
        activity.weekdays,
        activity.cutoff,
        activity.cutoff,
        position=position,
        late=activity.late,
        late_until=12 * 60,
        enrolled_only=activity.group == "bus",
        stops={"Mairie": 8 * 60 + 10} if activity.group == "bus" else {},
    )
