"""The one world of the tests, built through the operations; to be known by heart.

It is NOW: Monday 16 November 2026, 9:00 in Paris. The canteen of TUESDAY closes in an hour, that of today closed on
Friday. Every day of the next week (MONDAY 23 to FRIDAY 27 November) can still be booked, except « Mercredi ».

« Ville de Démo », demo.localhost, zone B
    school « mallerin » (MALLERIN PRIMAIRE, 4 days), class « 10 » of Mme Béatrice ESCO
    school « ferry » (JULES FERRY, 4,5 days), classes « CE1 » and « CE2 »
    Jamie BOND, code K7M2P-9QXDT:      James BOND 007 and Aline BOND 008, both of mallerin 10
    Denise MARSONE, code M4RS0-NE123:  Angéline 123456 (ferry CE1) and Bertrand 123457 (ferry CE2)
    group PERISCOLAIRE
        cantine   Lu Ma Je Ve of school; until the working day before, 10 h
        midi      the same days, without a meal; excludes cantine
        matin     the same days; until the working day before, 16 h
        soir      the same days; until the working day before, 16 h, then asks the town hall until 12 h the same day
    group MERCREDI
        mercredi  Wednesdays of school weeks; until Thursday 17 h for the whole next week
    group TRANSPORT
        bus       school days, for the enrolled only (nobody is); stop « Mairie » at 8 h 10
    No activity has a limit: `limit("cantine", 1)` sets one.

« Buchelay », buchelay.localhost, zone C
    school « pasteur », class « CP »; Léa LEROY, code BVCH3-RAY00: Zoé LEROY, whose code is also 007
    group PERISCOLAIRE: cantine, until Thursday 17 h for the whole next week
"""

from collections.abc import Sequence
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.db.models import Model

from portail.bookings.models import ChangeSet
from portail.bookings.operations.calendar import save_holidays
from portail.bookings.operations.changes import Submission, change_presences
from portail.bookings.operations.offer import ActivityDraft, save_activity, save_dependency, save_group, set_limit
from portail.families.models import Payer, Person
from portail.families.operations.access import LoginAttempt, LoginResult, log_in
from portail.families.operations.register import (
    FamilyDraft,
    PayerDraft,
    PersonDraft,
    register_family,
    save_classroom,
    save_school,
)
from portail.rules import zones
from portail.rules.booking import DependencyKind, LatePolicy, Wish
from portail.rules.calendar import Opening
from portail.rules.cutoffs import Cutoff, CutoffKind
from portail.towns.actors import Actor, parent, town_hall
from portail.towns.models import Host, Town, TownModel
from portail.towns.operations import create_town, set_status
from portail.towns.scope import current_town, in_town

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 16, 9, tzinfo=PARIS)
TUESDAY = date(2026, 11, 17)
MONDAY, NEXT_TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (date(2026, 11, day) for day in range(23, 28))

JAMES, ALINE, ANGELINE, BERTRAND = "007", "008", "123456", "123457"
JAMIE_CODE, DENISE_CODE, LEA_CODE = "K7M2P-9QXDT", "M4RS0-NE123", "BVCH3-RAY00"

SCHOOL_WEEK = frozenset({0, 1, 3, 4})
EVE_10 = Cutoff(CutoffKind.WORKING_DAYS, 10 * 60, days=1)
EVE_16 = Cutoff(CutoffKind.WORKING_DAYS, 16 * 60, days=1)
THURSDAY_17 = Cutoff(CutoffKind.WEEKDAY_BEFORE, 17 * 60, weekday=3)
CLERK = town_hall("Mme Formatrice")


@dataclass(frozen=True, slots=True)
class World:
    """What `build` made. Payers act as `world.as_jamie`, `world.as_denise`, `world.as_lea`."""

    demo: Town
    buchelay: Town
    jamie: Payer
    denise: Payer
    lea: Payer
    james: Person
    aline: Person
    angeline: Person
    bertrand: Person
    zoe: Person

    @property
    def as_jamie(self) -> Actor:
        return parent(self.jamie.pk)

    @property
    def as_denise(self) -> Actor:
        return parent(self.denise.pk)

    @property
    def as_lea(self) -> Actor:
        return parent(self.lea.pk)


def build() -> World:
    """Both towns, open, with their families and activities."""
    demo = _town("demo", "Ville de Démo", "B")
    buchelay = _town("buchelay", "Buchelay", "C")
    with in_town(demo):
        _demo_schools()
        _demo_offer()
        jamie, (james, aline) = family("Jamie BOND", JAMIE_CODE, [_bond("James", JAMES), _bond("Aline", ALINE)])
        denise, (angeline, bertrand) = family(
            "Denise MARSONE",
            DENISE_CODE,
            [
                PersonDraft("Angéline", "MARSONE", "ferry", "CE1", code=ANGELINE),
                PersonDraft("Bertrand", "MARSONE", "ferry", "CE2", code=BERTRAND),
            ],
        )
    with in_town(buchelay):
        save_school(code="pasteur", name="PASTEUR", school_weekdays=SCHOOL_WEEK, by=CLERK, now=NOW)
        save_classroom(school="pasteur", name="CP", by=CLERK, now=NOW)
        save_group(code="peri", name="PERISCOLAIRE", position=1, by=CLERK, now=NOW)
        activity("cantine", "Cantine", cutoff=THURSDAY_17)
        lea, (zoe,) = family("Léa LEROY", LEA_CODE, [PersonDraft("Zoé", "LEROY", "pasteur", "CP", code=JAMES)])
    return World(demo, buchelay, jamie, denise, lea, james, aline, angeline, bertrand, zoe)


_first: tuple[World, list[tuple[Town | None, type[Model], list[Any]]]] | None = None


def restored() -> World:
    """The same world, built by the operations once per process, then copied row by row, which is much faster."""
    global _first  # noqa: PLW0603 -- one world per process
    if _first is None:
        world = build()
        _first = (deepcopy(world), [*_rows(None), *_rows(world.demo), *_rows(world.buchelay)])
        return world
    for town, model, rows in _first[1]:
        with in_town(town) if town else nullcontext():
            model._default_manager.bulk_create(rows)
    return deepcopy(_first[0])


def _rows(town: Town | None) -> list[tuple[Town | None, type[Model], list[Any]]]:
    """The rows of every table of that town; of the shared tables for None."""
    models = [Town, Host] if town is None else [m for m in apps.get_models() if issubclass(m, TownModel)]
    with in_town(town) if town else nullcontext():
        return [(town, model, rows) for model in models if (rows := list(model._default_manager.order_by("pk")))]


def family(payer: str, code: str, persons: Sequence[PersonDraft], **right: object) -> tuple[Payer, tuple[Person, ...]]:
    """Register a payer (« Jamie BOND ») with this code for these persons, in the town in force."""
    first_name, last_name = payer.split(" ", 1)
    draft = FamilyDraft([PayerDraft(first_name, last_name, code=code, **right)], persons)  # type: ignore[arg-type]
    issued, found = register_family(draft=draft, by=CLERK, now=NOW)
    return issued[0].payer, tuple(found)


def activity(
    code: str, name: str, group: str = "peri", *, cutoff: Cutoff = EVE_10, opens_on: Opening = Opening.SCHOOL_DAYS,
    weekdays: frozenset[int] = SCHOOL_WEEK, **more: object,
) -> None:  # fmt: skip
    """Save an activity of the town in force; `more`: any other field of ActivityDraft."""
    draft = ActivityDraft(code, name, group, opens_on, weekdays, cutoff, cutoff, **more)  # type: ignore[arg-type]
    save_activity(draft=draft, by=CLERK, now=NOW)


def limit(code: str, seats: int, school: str = "") -> None:
    """Limit an activity of the town in force to so many places a day, in all or for one school."""
    set_limit(activity=code, school=school, seats=seats, by=CLERK, now=NOW)


def tick(person: str, code: str, *days: date, seen: bool | None = False) -> list[Wish]:
    """The wishes of a parent who ticks these days, on a page that showed them empty."""
    return [Wish(person, code, day, present=True, seen=seen) for day in days]


def untick(person: str, code: str, *days: date, seen: bool | None = True) -> list[Wish]:
    """The wishes of a parent who unticks these days, on a page that showed them ticked."""
    return [Wish(person, code, day, present=False, seen=seen) for day in days]


def validate(wishes: Sequence[Wish], by: Actor, *, token: str = "", now: datetime = NOW) -> ChangeSet:
    """« VALIDER MES MODIFICATIONS » in the town in force."""
    return change_presences(submission=Submission(wishes, token=token), by=by, now=now)


def connect(child_code: str, payer_code: str, *, now: datetime = NOW, network: str = "192.0.2.1") -> LoginResult:
    """One try at the login of the town in force."""
    return log_in(attempt=LoginAttempt(child_code, payer_code, network), now=now)


def _town(slug: str, name: str, zone: str) -> Town:
    town = create_town(slug=slug, hosts=[f"{slug}.localhost"], settings={"name": name, "zone": zone}, by=CLERK, now=NOW)
    with in_town(town):
        set_status(status=Town.Status.OPEN, by=CLERK, now=NOW)
        save_holidays(periods=zones.HOLIDAYS[zone], by=CLERK, now=NOW)
    return Town.objects.get(pk=town.pk)


def _bond(first_name: str, code: str) -> PersonDraft:
    return PersonDraft(first_name, "BOND", "mallerin", "10", code=code)


def _demo_schools() -> None:
    save_school(code="mallerin", name="MALLERIN PRIMAIRE", school_weekdays=SCHOOL_WEEK, by=CLERK, now=NOW)
    save_classroom(school="mallerin", name="10", teacher="Mme Béatrice ESCO", by=CLERK, now=NOW)
    save_school(code="ferry", name="JULES FERRY", school_weekdays=SCHOOL_WEEK | {2}, by=CLERK, now=NOW)
    save_classroom(school="ferry", name="CE1", teacher="Mme Formatrice", level="CE1", by=CLERK, now=NOW)
    save_classroom(school="ferry", name="CE2", teacher="Mr Formateur", level="CE2", by=CLERK, now=NOW)


def _demo_offer() -> None:
    for position, (code, name) in enumerate((("peri", "PERISCOLAIRE"), ("mercredi", "MERCREDI"), ("bus", "TRANSPORT"))):
        save_group(code=code, name=name, position=position, by=CLERK, now=NOW)
    activity("cantine", "Cantine", position=1)
    activity("midi", "Accueil midi sans repas", position=2)
    activity("matin", "Accueil matin", position=3, cutoff=EVE_16)
    activity("soir", "Accueil soir", position=4, cutoff=EVE_16, late=LatePolicy.ASK, late_until=12 * 60)
    activity(
        "mercredi", "Mercredi", "mercredi", cutoff=THURSDAY_17, opens_on=Opening.WEDNESDAYS, weekdays=frozenset({2})
    )
    activity("bus", "Transport 8h30", "bus", enrolled_only=True, stops={"Mairie": 8 * 60 + 10})
    save_dependency(activity="midi", kind=DependencyKind.EXCLUDES, other="cantine", by=CLERK, now=NOW)
    current_town().refresh_from_db()
