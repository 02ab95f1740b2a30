"""The régies of the town as a payer needs to know them: what each one bills, how it is paid, until when."""

from collections.abc import Mapping
from dataclasses import dataclass

from portail.billing.models import BilledActivity, Regie


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
    online = regie.provider != Regie.Provider.NONE
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
