"""Reads about towns: which one a host leads to, which ones an installation serves."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from portail.rules.staff import Right, Role, rights_of
from portail.towns.models import Audit, Host, Logo, SecondFactor, Staff, StaffRole, StaffSession, Town
from portail.towns.scope import current_town
from portail.towns.sealing import unseal


def host_named(name: str) -> Host | None:
    """The host of exactly this name with its town, or None; one query."""
    return Host.objects.select_related("town").filter(name=name).first()


def town_day(now: datetime) -> date:
    """The day that it is in the town in force."""
    return now.astimezone(ZoneInfo(current_town().time_zone)).date()


def canonical_host(town: Town) -> str:
    """The host name under which families know the town."""
    host = Host.objects.filter(town=town).order_by("-canonical", "pk").first()
    return "" if host is None else host.name


def public_origin() -> str:
    """« https://demo.example »: where families reach the town in force, for the links of letters and e-mails."""
    scheme = "https" if settings.HTTPS else "http"
    return f"{scheme}://{canonical_host(current_town())}{settings.PUBLIC_PORT}"


def hosts_of(town: Town) -> list[str]:
    """Every host name of the town, the canonical one first."""
    return list(Host.objects.filter(town=town).order_by("-canonical", "pk").values_list("name", flat=True))


def first_town() -> Town | None:
    """The oldest town: what a bare address shows in demonstration mode."""
    return Town.objects.order_by("pk").first()


def all_towns() -> list[Town]:
    """Every town of the installation, by name as people sort it."""
    return list(Town.objects.order_by("slug"))


def logo_of(town: Town) -> Logo | None:
    """The logo in force."""
    return Logo.objects.filter(town=town).first()


def revision_held() -> int:
    """The town's revision, which nobody changes before this transaction ends; many transactions may hold it at once.

    To be asked before any other lock is taken. On SQLite the transaction already holds the only write lock.
    """
    share = " FOR SHARE" if connection.features.has_select_for_update else ""
    rows = town_rows(f"SELECT revision FROM towns_town WHERE id = %(town)s{share}", {})  # noqa: S608 -- two constants
    return int(rows[0][0])


def town_rows(sql: str, params: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
    """Run raw SQL for the town in force; the only door for it. Refuses SQL that does not filter on `%(town)s`."""
    if "%(town)s" not in sql:
        raise ValueError("raw SQL must filter on %(town)s")
    with connection.cursor() as cursor:
        cursor.execute(sql, {**params, "town": current_town().pk})
        return cursor.fetchall()


def hosts_of_towns() -> list[tuple[str, str]]:
    """(name, canonical host) of every town that families may know of. One query."""
    hosts = Host.objects.filter(canonical=True).exclude(town__status=Town.Status.SUSPENDED)
    return list(hosts.order_by("town__slug").values_list("town__name", "name"))


@dataclass(frozen=True, slots=True)
class Agent:
    """Who a session of the office belongs to, how far the login went, and what it opens.

    `has_factor`: a second factor is in force; `verified`: this session gave it; `temporary`: the password was given by
    hand and another must be chosen first.
    """

    staff_id: int
    name: str
    login: str
    session_id: int
    ends_at: datetime
    verified: bool
    has_factor: bool
    temporary: bool
    roles: tuple[Role, ...]

    @property
    def rights(self) -> frozenset[Right]:
        """What the roles open, once the login is complete."""
        return rights_of(self.roles)


def agent_of_session(key: str, now: datetime) -> Agent | None:
    """The agent whom a session key lets in, or None: unknown, over, closed account, password changed. Two queries."""
    session = (
        StaffSession.objects.filter(
            key_hash=hashlib.sha256(key.encode()).hexdigest(),
            ends_at__gt=now,
            staff__is_active=True,
            staff__credential_version=F("credential_version"),
        )
        .annotate(has_factor=Exists(SecondFactor.objects.filter(staff=OuterRef("staff"), confirmed_at__isnull=False)))
        .select_related("staff")
        .first()
    )
    if session is None:
        return None
    staff: Staff = session.staff
    roles = StaffRole.objects.filter(staff=staff).order_by("role").values_list("role", flat=True)
    return Agent(
        staff_id=staff.pk, name=staff.name, login=staff.login, session_id=session.pk, ends_at=session.ends_at,
        verified=session.verified, has_factor=session.has_factor, temporary=staff.temporary_until is not None,
        roles=tuple(Role(role) for role in roles),
    )  # fmt: skip


def session_of(session_id: int) -> StaffSession:
    """One session with its agent."""
    found: StaffSession = StaffSession.objects.select_related("staff").get(pk=session_id)
    return found


def staff_named(login: str) -> Staff:
    """The agent of the town in force with this identifier. Raises Staff.DoesNotExist."""
    return Staff.objects.get(login=login, town=current_town())


def staff_rows() -> QuerySet[Staff]:
    """Every agent of the town in force, with their roles."""
    return Staff.objects.filter(town=current_town()).prefetch_related("roles")


def factor_place(staff_id: int) -> str:
    """Where the secret of an agent's second factor is sealed for (`towns.sealing`)."""
    return f"second-factor/{staff_id}"


def demo_secret(staff_id: int) -> bytes:
    """The second factor's secret of a demonstration's account, b"" when it has none; for the demonstration only."""
    factor = SecondFactor.objects.filter(staff_id=staff_id).first()
    return b"" if factor is None else unseal(factor.secret, factor_place(staff_id))


def trail_rows(*, words: str = "", since: date | None = None, until: date | None = None) -> QuerySet[Audit]:
    """The acts between two days of the town, both included, whose author, verb or object holds `words`."""
    zone = ZoneInfo(current_town().time_zone)
    rows: QuerySet[Audit] = Audit.objects.all()
    if words:
        rows = rows.filter(Q(actor__icontains=words) | Q(verb__icontains=words) | Q(subject__icontains=words))
    if since:
        rows = rows.filter(at__gte=datetime.combine(since, datetime.min.time(), zone))
    if until:
        rows = rows.filter(at__lt=datetime.combine(until + timedelta(days=1), datetime.min.time(), zone))
    return rows
