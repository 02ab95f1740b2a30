"""A town described in one TOML file: read into drafts of the operations. The demonstration's files show every key."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from portail.bookings.operations.calendar import ClosureDraft
from portail.bookings.operations.offer import ActivityDraft, AudienceDraft, PeriodDraft
from portail.console.billing_file import BillingFile, read_billing
from portail.console.toml_table import Table, read_toml
from portail.console.typed import TypedError
from portail.news.models import NewsItem
from portail.rules.booking import DependencyKind, LatePolicy
from portail.rules.calendar import HolidayPeriod, Opening
from portail.rules.cutoffs import Cutoff, CutoffKind
from portail.towns.models import Town
from portail.towns.operations import SETTINGS

OTHER_SETTINGS = tuple(name for name in SETTINGS if name not in ("labels", "weeks_shown"))


@dataclass(frozen=True, slots=True)
class ClassroomLine:
    name: str
    teacher: str
    level: str


@dataclass(frozen=True, slots=True)
class SchoolLine:
    code: str
    name: str
    weekdays: frozenset[int]
    classrooms: tuple[ClassroomLine, ...]


@dataclass(frozen=True, slots=True)
class ActivityLine:
    """An activity with its places, for the town ("") or by school, and what it goes with or not."""

    draft: ActivityDraft
    seats: dict[str, int]
    others: tuple[tuple[DependencyKind, str], ...]


@dataclass(frozen=True, slots=True)
class SchoolDayLine:
    day: date
    has_school: bool
    reason: str
    school: str


@dataclass(frozen=True, slots=True)
class NewsLine:
    """An item to post; `published_at` and `until` are wall-clock times of the town, None: now, for good."""

    kind: NewsItem.Kind
    title: str
    body: str
    link: str
    published_at: datetime | None
    until: datetime | None
    files: tuple[tuple[Path, str], ...]  # with the text that describes it


@dataclass(frozen=True, slots=True)
class TownFile:
    """All that the file says."""

    slug: str
    hosts: list[str]
    settings: dict[str, Any]
    status: Town.Status
    opens_on: date | None
    logo: Path | None
    schools: tuple[SchoolLine, ...]
    groups: tuple[tuple[str, str], ...]
    activities: tuple[ActivityLine, ...]
    zone_holidays: bool
    holidays: tuple[HolidayPeriod, ...]
    school_days: tuple[SchoolDayLine, ...]
    closures: tuple[ClosureDraft, ...]
    periods: tuple[PeriodDraft, ...]
    news: tuple[NewsLine, ...]
    billing: BillingFile


def read_town(path: Path) -> TownFile:
    """Read a town. Raises TypedError with the place of the first fault, OSError."""
    file = read_toml(path)
    town, calendar = file.table("town"), file.table("calendar")
    found = TownFile(
        slug=town.text("slug"),
        hosts=[host.strip().lower() for host in town.texts("hosts")],
        settings=_settings(town),
        status=town.choice("status", Town.Status, Town.Status.PREPARING),
        opens_on=town.maybe_day("opens_on"),
        logo=path.parent / town.text("logo") if "logo" in town else None,
        schools=tuple(_school(line) for line in file.tables("schools")),
        groups=tuple((line.text("code"), line.text("name")) for line in file.tables("groups")),
        activities=tuple(_activity(line, place) for place, line in enumerate(file.tables("activities"))),
        zone_holidays=calendar.flag("zone_holidays", default=bool(town.text("zone", ""))),
        holidays=tuple(_holiday(line) for line in calendar.tables("holidays")),
        school_days=tuple(_school_day(line) for line in calendar.tables("school_days")),
        closures=tuple(_closure(line) for line in calendar.tables("closures")),
        periods=tuple(_period(line) for line in file.tables("periods")),
        news=tuple(_news(line, path.parent) for line in file.tables("news")),
        billing=read_billing(file),
    )
    for table in (town, calendar, file):
        table.done()
    if not found.hosts:
        raise TypedError(f"{town.where} : il faut au moins un nom d'hôte dans hosts.")
    return found


def cutoff(table: Table) -> Cutoff:
    """`{ kind = "working_days", days = 1, at = "10:00" }`."""
    weekday = next(iter(table.weekdays("weekday"))) if "weekday" in table else 0
    with table.placed():
        found = Cutoff(
            kind=table.choice("kind", CutoffKind),
            at=table.minutes("at"),
            days=table.number("days", 0),
            weekday=weekday,
            weeks=table.number("weeks", 1),
            on=table.maybe_day("on"),
            moved_back=table.flag("moved_back"),
        )
        if found.kind in _COUNTED and not found.days:
            raise TypedError("il faut days, le nombre de jours avant.")
    table.done()
    return found


_COUNTED = (CutoffKind.CALENDAR_DAYS, CutoffKind.WORKING_DAYS, CutoffKind.SCHOOL_DAYS)


def _settings(town: Table) -> dict[str, Any]:
    settings: dict[str, Any] = {name: town.text(name) for name in OTHER_SETTINGS if name in town}
    if "labels" in town:
        settings["labels"] = town.mapping("labels")
    if "weeks_shown" in town:
        settings["weeks_shown"] = town.number("weeks_shown")
        if not 1 <= settings["weeks_shown"] <= 53:
            raise TypedError(f"{town.where}, weeks_shown : de 1 à 53 semaines.")
    if not settings.get("name"):
        raise TypedError(f"{town.where} : il manque name.")
    return settings


def _school(line: Table) -> SchoolLine:
    classes = tuple(
        ClassroomLine(one.text("name"), one.text("teacher", ""), one.text("level", ""))
        for one in line.tables("classes")
    )
    return SchoolLine(line.text("code"), line.text("name"), line.weekdays("weekdays"), classes)


def _activity(line: Table, place: int) -> ActivityLine:
    book = cutoff(line.table("cutoff"))
    draft = ActivityDraft(
        code=line.text("code"),
        name=line.text("name"),
        group=line.text("group"),
        opens_on=line.choice("opens_on", Opening),
        weekdays=line.weekdays("weekdays"),
        book=book,
        cancel=cutoff(line.table("cancel_cutoff")) if "cancel_cutoff" in line else book,
        position=place,
        late=line.choice("late", LatePolicy, LatePolicy.REFUSE),
        late_until=line.minutes("late_until", 0),
        weeks_ahead=line.maybe_number("weeks_ahead"),
        first_day=line.maybe_day("first_day"),
        last_day=line.maybe_day("last_day"),
        min_age=line.maybe_number("min_age"),
        max_age=line.maybe_number("max_age"),
        enrolled_only=line.flag("enrolled_only"),
        adults=line.flag("adults"),
        audiences=[
            AudienceDraft(one.text("school", ""), one.text("class", ""), one.text("level", ""))
            for one in line.tables("audiences")
        ],
        stops=_stops(line),
    )
    return ActivityLine(
        draft, _seats(line), tuple((kind, o) for kind in DependencyKind for o in line.texts(kind.value))
    )


def _stops(line: Table) -> dict[str, int]:
    stops = line.table("stops")
    return {name: stops.minutes(name) for name in line.mapping("stops")}


def _seats(line: Table) -> dict[str, int]:
    found = {"": line.number("seats")} if "seats" in line else {}
    by_school = line.table("seats_by_school")
    return found | {school: by_school.number(school) for school in line.mapping("seats_by_school")}


def _holiday(line: Table) -> HolidayPeriod:
    found = HolidayPeriod(line.text("name"), line.day("first"), line.day("last"), line.flag("summer"))
    if found.last < found.first:
        raise TypedError(f"{line.where} : les vacances finissent avant de commencer.")
    return found


def _school_day(line: Table) -> SchoolDayLine:
    return SchoolDayLine(
        line.day("day"), line.flag("has_school", default=True), line.text("reason", ""), line.text("school", "")
    )


def _closure(line: Table) -> ClosureDraft:
    first = line.day("first")
    return ClosureDraft(
        first=first,
        last=line.maybe_day("last") or first,
        reason=line.text("reason"),
        school=line.text("school", ""),
        classroom=line.text("class", ""),
        activity=line.text("activity", ""),
    )


def _period(line: Table) -> PeriodDraft:
    weekdays = line.table("weekdays")
    return PeriodDraft(
        first=line.day("first"),
        last=line.day("last"),
        weekdays={activity: weekdays.weekdays(activity) for activity in line.mapping("weekdays")},
        name=line.text("name", ""),
        freezes=line.flag("freezes"),
    )


def _news(line: Table, folder: Path) -> NewsLine:
    return NewsLine(
        kind=line.choice("kind", NewsItem.Kind),
        title=line.text("title"),
        body=line.text("body", ""),
        link=line.text("link", ""),
        published_at=line.moment("published_at"),
        until=line.moment("until"),
        files=tuple((folder / file.text("path"), file.text("alt", "")) for file in line.tables("files")),
    )
