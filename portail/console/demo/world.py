"""Building the demonstration world: one transaction, so that a build that is cut short leaves nothing behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone, translation

from portail.bookings.operations.calendar import ClosureDraft, close_days, save_holidays, set_school_day
from portail.bookings.operations.offer import PeriodDraft, create_period
from portail.bookings.queries.offer import offer_now
from portail.console.command import ConsoleError
from portail.console.demo import scenes
from portail.console.demo.agents import DemoAgent, open_accounts
from portail.console.demo.billing import bill
from portail.console.demo.board import post_buchelay_news, post_demo_news
from portail.console.demo.diary import Diary
from portail.console.demo.households import Household, register_households
from portail.console.demo.moving_days import MovingDays, billed_month, holidays_around, moving_days
from portail.console.demo.online import forget_bank, pay_online
from portail.console.demo.plannings import book_ahead, enrol_for_the_bus
from portail.console.lookups import founded_at
from portail.console.town_apply import apply_town
from portail.console.town_file import TownFile, read_town
from portail.families.models import School
from portail.rules.weekdays import to_mask
from portail.towns.actors import Actor, town_hall
from portail.towns.models import Town
from portail.towns.queries import all_towns, canonical_host, first_town
from portail.towns.scope import in_town

HERE = Path(__file__).parent
SLUGS = ("demo", "buchelay")
CLERK = town_hall("Mme Odile PRUVOST")
FOUNDED = timedelta(days=160)  # before everything that the families did, at the end of September too


@dataclass(frozen=True, slots=True)
class BuiltTown:
    """A town of the demonstration with its families and their codes."""

    name: str
    host: str
    time_zone: str
    households: Sequence[Household]
    agents: Sequence[DemoAgent]


def is_built() -> bool:
    """Are the demonstration towns there? Both or none: they are built in one transaction."""
    return {town.slug for town in all_towns()} == set(SLUGS)


def refuse_real_towns() -> None:
    """Raises ConsoleError when the database holds a town that is not of the demonstration: nothing is erased then."""
    if Town._meta.db_table not in connection.introspection.table_names():
        return
    # Two columns only: the table may be older than this version, and is not migrated before this is known.
    towns = Town.objects.order_by("slug").values_list("slug", "name")
    real = [name for slug, name in towns if slug not in SLUGS]
    if real:
        raise ConsoleError(f"Cette base de données contient {', '.join(real)} : la démonstration n'y touche pas.")


def built_for() -> datetime | None:
    """The moment that the towns were built for."""
    town = first_town()
    if town is None:
        return None
    with in_town(town):
        founded = founded_at()
    return None if founded is None else founded + FOUNDED


def build_world(now: datetime) -> list[BuiltTown]:
    """Empty the database if need be and build both towns as they would be at `now`."""
    refuse_real_towns()
    with transaction.atomic(), translation.override("fr"):
        if all_towns():
            # Keys are not given out again: a server that is running forgets nothing of what it remembers by key.
            call_command("flush", interactive=False, verbosity=0, reset_sequences=False)
        return [_build(read_town(HERE / f"{slug}.toml"), now) for slug in SLUGS]


def pay_the_past(now: datetime, var: Path) -> None:
    """What families paid online before `now`, at the demonstration's own bank, whose file is in `var`.

    Apart from the build: the network is never inside a transaction.
    """
    forget_bank(var)
    for town in all_towns():
        zone = ZoneInfo(town.time_zone)
        with in_town(town), timezone.override(zone), translation.override("fr"):
            month = billed_month(offer_now().rulebook.calendar, now.astimezone(zone).date())
            pay_online(documents=town.slug == SLUGS[0], month=month, now=now, var=var)


def _build(file: TownFile, now: datetime) -> BuiltTown:
    founded = now - FOUNDED
    town, _ = apply_town(file, by=CLERK, now=founded)
    zone = ZoneInfo(town.time_zone)
    with in_town(town), timezone.override(zone):
        today = now.astimezone(zone).date()
        save_holidays(periods=holidays_around(town.zone, today), by=CLERK, now=founded)
        households = register_households(HERE / f"{town.slug}.csv", _levels(file), by=CLERK, now=founded)
        days = moving_days(offer_now().rulebook.calendar, _four_day_school(), today)
        _announce(days, by=CLERK, now=founded)
        _live(town, file, households, days, now)
        agents = open_accounts(town.slug, by=CLERK, now=founded)
    return BuiltTown(town.name, canonical_host(town), town.time_zone, households, agents)


def _levels(file: TownFile) -> dict[tuple[str, str], str]:
    return {(school.code, line.name): line.level for school in file.schools for line in school.classrooms}


def _four_day_school() -> int | None:
    """A school without lessons on Wednesdays, for which a catch-up Wednesday means something."""
    school = School.objects.filter(school_weekdays=to_mask({0, 1, 3, 4})).order_by("pk").first()
    return None if school is None else school.pk


def _announce(days: MovingDays, *, by: Actor, now: datetime) -> None:
    """What families knew before they booked: the catch-up Wednesday, the bridge, the périscotidien periods."""
    set_school_day(day=days.catch_up, has_school=True, reason="rattrapage du pont", by=by, now=now)
    set_school_day(day=days.bridge, has_school=False, reason="pont", by=by, now=now)
    weekdays = {"accueil-matin": frozenset({0, 1, 3, 4}), "accueil-soir": frozenset({0, 1, 3, 4})}
    for number, (first, last) in enumerate(days.periods, start=1):
        draft = PeriodDraft(first=first, last=last, weekdays=weekdays, name=f"Période {number}")
        create_period(draft=draft, by=by, now=now)


def _live(town: Town, file: TownFile, households: Sequence[Household], days: MovingDays, now: datetime) -> None:
    """The weeks up to `now`: plannings, closures, late changes, news."""
    diary = Diary(offer_now(), households, now, CLERK)
    bus = next(line.draft for line in file.activities if line.draft.code == "transport-8h30")
    enrol_for_the_bus(diary, stops=list(bus.stops), by=CLERK, now=now - FOUNDED)
    book_ahead(diary)
    scenes.validate_a_period(diary)
    _close(file, days, diary)
    latest = Diary(offer_now(), households, now, CLERK)
    scenes.play(latest)
    bill(latest, [regie.code for regie in file.billing.regies], documents=town.slug == SLUGS[0])
    if town.slug == SLUGS[0]:
        post_demo_news(days, by=CLERK, now=now)
    else:
        post_buchelay_news(by=CLERK, now=now)


def _close(file: TownFile, days: MovingDays, diary: Diary) -> None:
    """A day closed for all, and an outing that frees one class from the canteen; bookings there are taken away."""
    then = diary.at(8, "11:20")
    journey = "Journée de formation des équipes"
    close_days(draft=ClosureDraft(days.closed, days.closed, journey), by=CLERK, now=then)
    school = file.schools[0]
    outing = ClosureDraft(
        days.outing, days.outing, "Sortie au musée", school.code, school.classrooms[-1].name, activity="cantine"
    )
    close_days(draft=outing, by=CLERK, now=then)
