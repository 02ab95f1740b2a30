"""Everything that changes a town and its hosts. Each act leaves its line of audit in its transaction."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import available_timezones

from django.db import transaction

from portail.rules.contrast import readable_on_white
from portail.towns.actors import Actor
from portail.towns.models import Host, Logo, Town
from portail.towns.operations.trail import Act, record
from portail.towns.scope import current_town, in_town

LOGO_TYPES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", "image/svg+xml": b"<svg"}
LOGO_BYTES = 200_000
LABELS = ("payer_code", "validate", "town_hall", "order_number")
SETTINGS = (
    "name",
    "time_zone",
    "zone",
    "region",
    "phone",
    "voice_number",
    "email",
    "address",
    "office_hours",
    "website",
    "town_colour",
    "accent_colour",
    "labels",
    "weeks_shown",
)


class TownSettingError(ValueError):
    """A setting that cannot be: the message is a French sentence for whoever typed it."""


def touch_rulebook() -> None:
    """Say that the compiled rules of the town in force are out of date; called in the transaction that changes them.

    Drawn, not counted: a number used by a transaction that was rolled back must not come again for other rules, since
    the process may have kept what it compiled under it.
    """
    Town.objects.filter(pk=current_town().pk).update(revision=secrets.randbelow(2**31))


@transaction.atomic
def create_town(*, slug: str, hosts: list[str], settings: Mapping[str, Any], by: Actor, now: datetime) -> Town:
    """Create a town « en préparation ». The first host is the canonical one. Raises TownSettingError."""
    _check(settings)
    town = Town.objects.create(slug=slug, **settings)
    Host.objects.bulk_create(
        Host(town=town, name=name.lower(), canonical=place == 0) for place, name in enumerate(hosts)
    )
    with in_town(town):
        record(Act("create_town", town.name, after={"slug": slug, "hosts": hosts, **settings}), by=by, now=now)
    return town


@transaction.atomic
def change_settings(*, settings: Mapping[str, Any], by: Actor, now: datetime) -> None:
    """Change settings of the town in force. Raises TownSettingError and writes nothing when one of them cannot be."""
    _check(settings)
    town = Town.objects.select_for_update().get(pk=current_town().pk)
    before = {name: getattr(town, name) for name in settings}
    Town.objects.filter(pk=town.pk).update(**settings)
    touch_rulebook()
    record(Act("change_settings", town.name, before, settings), by=by, now=now)


@transaction.atomic
def set_hosts(*, hosts: list[str], by: Actor, now: datetime) -> None:
    """Replace the host names of the town in force; the first is the canonical one. Raises TownSettingError."""
    town, names = current_town(), list(dict.fromkeys(host.lower() for host in hosts))
    taken = Host.objects.filter(name__in=names).exclude(town=town).select_related("town").first()
    if taken is not None:
        raise TownSettingError(f"Le nom d'hôte {taken.name} est déjà celui de « {taken.town.name} ».")
    if not names:
        raise TownSettingError("Il faut au moins un nom d'hôte.")
    known = Host.objects.filter(town=town).order_by("-canonical", "pk")
    before = list(known.values_list("name", flat=True))
    known.delete()
    Host.objects.bulk_create(Host(town=town, name=name, canonical=place == 0) for place, name in enumerate(names))
    record(Act("set_hosts", town.name, {"hosts": before}, {"hosts": names}), by=by, now=now)


@transaction.atomic
def set_status(*, status: Town.Status, opens_on: date | None = None, by: Actor, now: datetime) -> None:
    """Prepare (news shown, login closed until `opens_on`), open or suspend the town in force (feature A1)."""
    town = Town.objects.select_for_update().get(pk=current_town().pk)
    before = {"status": town.status}
    Town.objects.filter(pk=town.pk).update(status=status, opens_on=opens_on)
    record(Act("set_status", town.name, before, {"status": status.value}), by=by, now=now)


@transaction.atomic
def set_logo(*, content: bytes, content_type: str, by: Actor, now: datetime) -> None:
    """Replace the logo of the town in force. Raises TownSettingError when it is not a small picture."""
    magic = LOGO_TYPES.get(content_type)
    if magic is None or not content.lstrip().startswith(magic):
        raise TownSettingError("Le logo doit être une image PNG, JPEG ou SVG.")
    if len(content) > LOGO_BYTES:
        raise TownSettingError("Le logo pèse plus de 200 ko : choisissez une image plus petite.")
    digest = hashlib.sha256(content).hexdigest()
    Logo.objects.update_or_create(town=current_town(), defaults={"content": content, "content_type": content_type})
    Town.objects.filter(pk=current_town().pk).update(logo_digest=digest)
    record(Act("set_logo", current_town().name, after={"sha256": digest}), by=by, now=now)


def _check(settings: Mapping[str, Any]) -> None:
    unknown = set(settings) - set(SETTINGS)
    if unknown:
        raise TownSettingError(f"Réglage inconnu : {', '.join(sorted(unknown))}.")
    if settings.get("time_zone", "Europe/Paris") not in available_timezones():
        raise TownSettingError(f"Fuseau horaire inconnu : {settings['time_zone']}.")
    if set(settings.get("labels", {})) - set(LABELS):
        raise TownSettingError(f"Seuls ces libellés peuvent être changés : {', '.join(LABELS)}.")
    for name in ("town_colour", "accent_colour"):
        if name in settings and not readable_on_white(settings[name]):
            raise TownSettingError(
                f"La couleur {settings[name]} n'est pas assez foncée : un texte blanc par-dessus serait illisible "
                "(il faut un contraste d'au moins 4,5)."
            )
