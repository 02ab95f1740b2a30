"""The régies of the town as a payer needs to know them: what each one bills, how it is paid, until when."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from portail.billing.models import BilledActivity, Regie
from portail.towns.models import Town
from portail.towns.scope import current_town


@dataclass(frozen=True, slots=True)
class IdleRegie:
    """A régie that families cannot pay online though it is set up for it. `mode`: the letter that PayFiP is sent."""

    code: str
    name: str
    mode: Regie.Mode


def takes_online(provider: str, mode: str, *, active: bool) -> bool:
    """May families pay this régie online? The one place where it is decided.

    In production, only in PayFiP's mode W. In mode T the bank's page takes test cards: an invoice would be settled
    without a cent (PayFiP, `saisie`). Mode X is for the single real payment by which the town has its contract
    activated, the day before W. Both are the town's to try (`operations.trying`), while no family can log in.
    Demonstrations and tests pay in any mode.
    """
    live = settings.MODE != "production" or mode == Regie.Mode.PRODUCTION or _is_closed(current_town())
    return active and provider != Regie.Provider.NONE and live


def _is_closed(town: Town) -> bool:
    """Surely closed to families; a town that prepares itself until a date opens by itself."""
    return town.status == Town.Status.SUSPENDED or (town.status == Town.Status.PREPARING and town.opens_on is None)


def idle_regies() -> list[IdleRegie]:
    """The régies of the town in force that families would pay online if they were not still in mode T or X.

    None while the town is closed to families: it may well be trying them. One query.
    """
    rows = Regie.objects.filter(active=True).order_by("name", "pk").values_list("code", "name", "provider", "mode")
    return [
        IdleRegie(code, name, Regie.Mode(mode))
        for code, name, provider, mode in rows
        if provider != Regie.Provider.NONE and not takes_online(provider, mode, active=True)
    ]


@dataclass(frozen=True, slots=True)
class RegieTerms:
    """What a régie asks of payers. `payable_day`: of the month after the issue, None without a deadline.

    `confirmed`: what is paid online counts only once the town hall has confirmed it. `fake`: no money really moves.
    """

    name: str
    activities: tuple[str, ...]
    online: bool
    confirmed: bool
    fake: bool
    popup: bool
    payable_day: int | None
    after_deadline: str
    means: tuple[str, ...]


def regies_in_use() -> list[RegieTerms]:
    """The active régies, by name. Two queries."""
    billed: dict[int, list[str]] = {}
    rows = BilledActivity.objects.order_by("activity__position", "activity__name")
    for regie_id, name in rows.values_list("regie_id", "activity__name"):
        billed.setdefault(regie_id, []).append(name)
    return [_terms(regie, billed) for regie in Regie.objects.filter(active=True).order_by("name", "pk")]


def _terms(regie: Regie, billed: Mapping[int, list[str]]) -> RegieTerms:
    online = takes_online(regie.provider, regie.mode, active=regie.active)
    return RegieTerms(
        name=regie.name,
        activities=tuple(billed.get(regie.pk, ())),
        online=online,
        confirmed=regie.provider == Regie.Provider.PAYFIP_REDIRECT,
        fake=online and regie.mode == Regie.Mode.TEST,
        popup=online and regie.popup,
        payable_day=regie.payable_day if online else None,
        after_deadline=regie.after_deadline,
        means=tuple(str(code) for code in regie.means),
    )
