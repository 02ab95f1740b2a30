"""Reads about towns: which one a host leads to, which ones an installation serves."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from portail.towns.models import Host, Logo, Town
from portail.towns.scope import current_town


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
