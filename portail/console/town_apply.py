"""Make a town be what its file says: create or change, all or nothing; a second time changes nothing more."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from portail.bookings.operations.calendar import ClosureDraft, close_days, save_holidays, set_school_day
from portail.bookings.operations.offer import (
    OfferError,
    PeriodDraft,
    create_period,
    save_activity,
    save_dependency,
    save_group,
    set_limit,
)
from portail.bookings.queries.offer import offer_now
from portail.console.attachments import read_attachment
from portail.console.billing_file import apply_billing
from portail.console.command import counted
from portail.console.lookups import is_closed
from portail.console.town_file import NewsLine, TownFile
from portail.console.typed import TypedError
from portail.families.operations.register import save_classroom, save_school
from portail.news.operations.board import NewsDraft, attach_file, post_news
from portail.news.queries import item_titled
from portail.rules.zones import HOLIDAYS
from portail.towns.actors import Actor
from portail.towns.models import Town
from portail.towns.operations import change_settings, create_town, set_hosts, set_logo, set_status
from portail.towns.queries import all_towns, host_named, hosts_of
from portail.towns.scope import in_town

LOGO_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


@dataclass(frozen=True, slots=True)
class _Act:
    """Who and when, for every operation of one application of a file."""

    by: Actor
    now: datetime

    @property
    def signed(self) -> dict[str, Any]:
        return {"by": self.by, "now": self.now}


def apply_town(file: TownFile, *, by: Actor, now: datetime) -> tuple[Town, list[str]]:
    """Apply a file in one transaction. Returns the town and what was new, in French. Raises what operations raise."""
    act, said = _Act(by, now), list[str]()
    with transaction.atomic():
        town = next((town for town in all_towns() if town.slug == file.slug), None)
        if town is None:
            town = _create(file, act)
            said.append(f"Commune « {town.name} » créée.")
        with in_town(town):
            _apply_settings(town, file, act)
            _apply_register(file, act)
            _apply_offer(file, act)
            apply_billing(file.billing, by=by, now=now)
            said += _apply_calendar(town, file, act)
            said += [said_of for line in file.news if (said_of := _apply_news(town, line, act))]
    return town, said


def _create(file: TownFile, act: _Act) -> Town:
    for host in file.hosts:
        taken = host_named(host)
        if taken is not None:
            raise TypedError(f"Le nom d'hôte {host} est déjà celui de « {taken.town.name} ».")
    return create_town(slug=file.slug, hosts=file.hosts, settings=file.settings, **act.signed)


def _apply_settings(town: Town, file: TownFile, act: _Act) -> None:
    changed = {name: value for name, value in file.settings.items() if getattr(town, name) != value}
    if changed:
        change_settings(settings=changed, **act.signed)
    if hosts_of(town) != file.hosts:
        set_hosts(hosts=file.hosts, **act.signed)
    if (town.status, town.opens_on) != (file.status, file.opens_on):
        set_status(status=file.status, opens_on=file.opens_on, **act.signed)
    if file.logo is not None:
        _apply_logo(town, file.logo, act)


def _apply_logo(town: Town, path: Path, act: _Act) -> None:
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != town.logo_digest:
        set_logo(content=content, content_type=LOGO_TYPES.get(path.suffix.lower(), ""), **act.signed)


def _apply_register(file: TownFile, act: _Act) -> None:
    for school in file.schools:
        save_school(code=school.code, name=school.name, school_weekdays=school.weekdays, **act.signed)
        for line in school.classrooms:
            save_classroom(school=school.code, name=line.name, teacher=line.teacher, level=line.level, **act.signed)


def _apply_offer(file: TownFile, act: _Act) -> None:
    for position, (code, name) in enumerate(file.groups):
        save_group(code=code, name=name, position=position, **act.signed)
    for line in file.activities:
        save_activity(draft=line.draft, **act.signed)
        for school, seats in line.seats.items():
            set_limit(activity=line.draft.code, school=school, seats=seats, **act.signed)
    for line in file.activities:  # once all of them exist
        for kind, other in line.others:
            if other == line.draft.code:
                raise OfferError(f"« {line.draft.name} » ne peut pas dépendre d'elle-même.")
            save_dependency(activity=line.draft.code, kind=kind, other=other, **act.signed)


def _apply_calendar(town: Town, file: TownFile, act: _Act) -> list[str]:
    zone = file.settings.get("zone", town.zone)
    periods = [*(HOLIDAYS.get(zone, ()) if file.zone_holidays else ()), *file.holidays]
    if file.zone_holidays and zone not in HOLIDAYS:
        raise TypedError(f"La zone de vacances « {zone} » n'existe pas : A, B ou C.")
    if periods:
        save_holidays(periods=periods, **act.signed)
    for line in file.school_days:
        set_school_day(day=line.day, has_school=line.has_school, reason=line.reason, school=line.school, **act.signed)
    said = [_close(closure, act) for closure in file.closures if not is_closed(closure)]
    for period in file.periods:
        if not _is_open(period):
            create_period(draft=period, **act.signed)
            said.append(f"Période « {period.name} » ouverte.")
    return said


def _close(draft: ClosureDraft, act: _Act) -> str:
    _, taken = close_days(draft=draft, **act.signed)
    return f"Fermeture « {draft.reason} » posée, {counted(taken, 'présence annulée', 'présences annulées')}."


def _is_open(draft: PeriodDraft) -> bool:
    return any((p.first, p.last, p.name) == (draft.first, draft.last, draft.name) for p in offer_now().periods)


def _apply_news(town: Town, line: NewsLine, act: _Act) -> str:
    if item_titled(line.kind, line.title) is not None:
        return ""
    zone = ZoneInfo(town.time_zone)

    def instant(moment: datetime | None) -> datetime | None:
        return moment.replace(tzinfo=zone) if moment is not None and moment.tzinfo is None else moment

    draft = NewsDraft(
        line.kind, line.title, line.body, line.link, instant(line.published_at) or act.now, instant(line.until)
    )
    item = post_news(draft=draft, **act.signed)
    for path, alt in line.files:
        attach_file(item=item, draft=read_attachment(path, alt), **act.signed)
    return f"Actualité « {line.title} » publiée."
