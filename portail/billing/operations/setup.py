"""How the town bills: régies, billed activities, tariffs, who owes what part. Each raises BillingError."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from portail.billing.models import BilledActivity, CostShare, InvoiceLine, Payment, Regie, Tariff
from portail.bookings.models import Activity
from portail.families.models import Link, Payer, Person
from portail.rules import pricing
from portail.rules.booking import Right
from portail.rules.invoicing import (
    MAX_CENTS,
    MIN_CENTS,
    NUMBER_PATTERN,
    REFERENCE_PATTERN,
    InvoiceStatus,
    PatternError,
    check_patterns,
)
from portail.towns.actors import Actor
from portail.towns.operations import Act, record

NUMCLI = re.compile(r"[0-9]{6}")
CODE = re.compile(r"[a-z0-9-]{1,40}")
RECETTE = re.compile(r"[A-Za-z0-9]{0,4}")
# What an invoice of one of these says is never said otherwise later.
SAID = (
    InvoiceStatus.ISSUED.value,
    InvoiceStatus.TRANSFERRED.value,
    InvoiceStatus.CANCELLED.value,
    InvoiceStatus.CARRIED.value,
)


class BillingError(ValueError):
    """Something asked of the billing that cannot be; the message is a French sentence."""


@dataclass(frozen=True, slots=True)
class RegieDraft:
    """A régie as the town hall describes it: the columns of `models.Regie`, amounts in cents."""

    code: str
    name: str
    circuit: Regie.Circuit = Regie.Circuit.REGIE
    provider: Regie.Provider = Regie.Provider.NONE
    numcli: str = ""
    mode: Regie.Mode = Regie.Mode.TEST
    popup: bool = False
    recette: str = ""
    number_pattern: str = NUMBER_PATTERN
    reference_pattern: str = REFERENCE_PATTERN
    minimum_cents: int = MIN_CENTS
    payable_day: int | None = None
    after_deadline: str = ""
    officer: str = ""
    issuer: str = ""
    means: Sequence[str] = ()
    cash_ceiling_cents: int | None = None
    float_cents: int = 0
    treasury: Mapping[str, Any] = field(default_factory=dict)
    creditor: Mapping[str, Any] = field(default_factory=dict)
    active: bool = True


@dataclass(frozen=True, slots=True)
class BillingDraft:
    """How an activity is billed. `activity` and `regie` are codes; `cost_cents`: what one user costs the town."""

    activity: str
    regie: str
    cesu: BilledActivity.Cesu = BilledActivity.Cesu.NONE
    deductible: bool = False
    account: str = ""
    product: str = ""
    cost_cents: int | None = None


@dataclass(frozen=True, slots=True)
class TariffDraft:
    """What an activity (its code) costs between two days, both included. `rule`: as `rules.pricing.from_json` reads."""

    activity: str
    name: str
    first_day: date
    rule: Mapping[str, Any]
    last_day: date | None = None


@transaction.atomic
def save_regie(*, draft: RegieDraft, by: Actor, now: datetime) -> Regie:
    """Create a régie or replace its settings; invoices already issued keep their numbers. Raises BillingError."""
    fault = _regie_fault(draft)
    if fault:
        raise BillingError(fault)
    columns = {**asdict(draft), "means": list(draft.means)}
    regie, _ = Regie.objects.update_or_create(code=columns.pop("code"), defaults=columns)
    # Not what the Treasury's files need: it may name a bank account.
    told = {name: value for name, value in columns.items() if name not in {"treasury", "creditor"}}
    record(Act("save_regie", draft.code, after=told), by=by, now=now)
    return regie


@transaction.atomic
def bill_activity(*, draft: BillingDraft, by: Actor, now: datetime) -> BilledActivity:
    """Say which régie bills an activity, and how; an activity that was never said is free. Raises BillingError."""
    columns = asdict(draft)
    activity, regie = activity_named(columns.pop("activity")), regie_named(columns.pop("regie"))
    if len(draft.product) > 4 or len(draft.account) > 20:
        raise BillingError("Le code produit a 4 caractères au plus, l'imputation 20.")
    billed, _ = BilledActivity.objects.update_or_create(activity=activity, defaults={**columns, "regie": regie})
    record(Act("bill_activity", draft.activity, after={"regie": draft.regie, **columns}), by=by, now=now)
    return billed


@transaction.atomic
def save_tariff(*, draft: TariffDraft, by: Actor, now: datetime) -> Tariff:
    """Enter a tariff, or change one that begins the same day. An earlier one still open is closed the day before.

    Raises BillingError: a rule that cannot be read; days already covered by a later tariff; a tariff that an invoice
    already used, which is only closed and followed by another.
    """
    activity = activity_named(draft.activity)
    rule = _rule(draft)
    known = list(Tariff.objects.select_for_update().filter(activity=activity).order_by("first_day"))
    same = next((tariff for tariff in known if tariff.first_day == draft.first_day), None)
    later = next((tariff for tariff in known if tariff.first_day > draft.first_day), None)
    if later and (draft.last_day is None or draft.last_day >= later.first_day):
        raise BillingError(f"Le tarif « {later} » commence le {later.first_day:%d/%m/%Y} : terminez celui-ci avant.")
    for earlier in known:
        if earlier.first_day < draft.first_day and (earlier.last_day is None or earlier.last_day >= draft.first_day):
            _close(earlier, draft.first_day - timedelta(days=1))
    if same:
        tariff = _change(same, draft, rule)
    else:
        days = {"first_day": draft.first_day, "last_day": draft.last_day}
        tariff = Tariff.objects.create(activity=activity, name=draft.name, rule=rule, **days)
    after = {"name": draft.name, "first": str(draft.first_day), "last": _text(draft.last_day), "rule": rule}
    record(Act("save_tariff", draft.activity, after=after), by=by, now=now)
    return tariff


@transaction.atomic
def set_cost_shares(
    *, person: str, shares: Sequence[tuple[Payer, int]], activity: str | None = None, by: Actor, now: datetime
) -> None:
    """Say what percentage of a person's days (by code) each payer owes, for one activity or for all others.

    The shares replace those said before; the first payer takes the odd cents; none at all goes back to the links.
    Raises BillingError.
    """
    child = Person.objects.filter(code=person).first()
    if child is None:
        raise BillingError(f"Aucun enfant n'a le code {person}.")
    where = activity_named(activity) if activity else None
    payers = [payer.pk for payer, _ in shares]
    linked = set(
        Link.objects.filter(person=child, payer_id__in=payers)
        .exclude(right=Right.READ_ONLY.value)
        .values_list("payer_id", flat=True)
    )
    if set(payers) - linked or len(set(payers)) < len(payers):
        raise BillingError(f"Chaque part revient à un payeur différent, rattaché à {child} et pas en lecture seule.")
    if shares and (sum(percent for _, percent in shares) != 100 or min(percent for _, percent in shares) < 1):
        raise BillingError("Les parts sont des pourcentages entiers, d'au moins 1, qui font 100 en tout.")
    CostShare.objects.filter(person=child, activity=where).delete()
    CostShare.objects.bulk_create(
        CostShare(person=child, activity=where, payer=payer, percent=percent) for payer, percent in shares
    )
    after = {"activity": activity, "shares": [[str(payer), percent] for payer, percent in shares]}
    record(Act("set_cost_shares", person, after=after), by=by, now=now)


def activity_named(code: str) -> Activity:
    """The activity of this code. Raises BillingError."""
    activity = Activity.objects.filter(code=code).first()
    if activity is None:
        raise BillingError(f"L'activité « {code} » n'existe pas.")
    return activity


def regie_named(code: str) -> Regie:
    """The régie of this code. Raises BillingError."""
    regie = Regie.objects.filter(code=code).first()
    if regie is None:
        raise BillingError(f"La régie « {code} » n'existe pas.")
    return regie


def _regie_fault(draft: RegieDraft) -> str:
    online = draft.provider != Regie.Provider.NONE
    wrong_means = set(draft.means) - set(Payment.Means.values)
    faults = (
        (not CODE.fullmatch(draft.code), "Le code d'une régie s'écrit en minuscules sans accent, chiffres et tirets."),
        (not 0 < len(draft.name.strip()) <= 80, "Le nom de la régie a de 1 à 80 caractères."),
        (not RECETTE.fullmatch(draft.recette), "Le code recette a 4 lettres sans accent ou chiffres au plus."),
        (online and not NUMCLI.fullmatch(draft.numcli), "Le numéro de client PayFiP a six chiffres."),
        (not 1 <= draft.minimum_cents <= MAX_CENTS, f"Le montant minimal va de 1 à {MAX_CENTS} centimes."),
        (
            online and draft.minimum_cents < MIN_CENTS,
            f"PayFiP ne prend rien en dessous de {MIN_CENTS} centimes : c'est le plus petit minimum possible.",
        ),
        (
            draft.payable_day is not None and not 1 <= draft.payable_day <= 31,
            "Le dernier jour de paiement en ligne est un jour du mois, de 1 à 31.",
        ),
        (bool(wrong_means), f"Moyen de paiement inconnu : {', '.join(sorted(wrong_means))}."),
        (max(len(draft.officer) - 100, len(draft.issuer) - 150) > 0, "Le régisseur ou l'émetteur a un nom trop long."),
    )
    return next((words for wrong, words in faults if wrong), "") or _pattern_fault(draft)


def _pattern_fault(draft: RegieDraft) -> str:
    if max(len(draft.number_pattern), len(draft.reference_pattern)) > 60:
        return "Un modèle de numéro ou de référence a 60 caractères au plus."
    try:
        check_patterns(draft.number_pattern, draft.reference_pattern, draft.recette)
    except PatternError as fault:
        return str(fault)
    return ""


def _rule(draft: TariffDraft) -> dict[str, Any]:
    """The rule as the column keeps it: with its name and days, whatever the table says of them."""
    if not 0 < len(draft.name.strip()) <= 80:
        raise BillingError("Le nom du tarif a de 1 à 80 caractères.")
    if draft.last_day is not None and draft.last_day < draft.first_day:
        raise BillingError("Le tarif finit avant de commencer.")
    try:
        tariff = pricing.from_json(dict(draft.rule))
        tariff = replace(tariff, name=draft.name, valid_from=draft.first_day, valid_to=draft.last_day)
    except pricing.TariffError as fault:
        raise BillingError(f"Tarif « {draft.name} » : {fault}.") from None
    return pricing.to_json(tariff)


def _change(tariff: Tariff, draft: TariffDraft, rule: dict[str, Any]) -> Tariff:
    if _grounds(rule) != _grounds(tariff.rule) and _last_used(tariff):
        raise BillingError(
            f"Le tarif « {tariff} » a servi à des factures émises : terminez-le, puis entrez-en un autre."
        )
    if draft.last_day is not None:
        _check_unused(tariff, draft.last_day)
    tariff.name, tariff.rule, tariff.last_day = draft.name, rule, draft.last_day
    tariff.save(update_fields=["name", "rule", "last_day"])
    return tariff


def _close(tariff: Tariff, last_day: date) -> None:
    _check_unused(tariff, last_day)
    tariff.last_day = last_day
    tariff.rule = {**tariff.rule, "valid_to": last_day.isoformat()}
    tariff.save(update_fields=["last_day", "rule"])


def _check_unused(tariff: Tariff, last_day: date) -> None:
    used = _last_used(tariff)
    if used and used > last_day:
        raise BillingError(
            f"Le tarif « {tariff} » a servi à des factures jusqu'au {used:%d/%m/%Y} : il ne peut pas finir avant."
        )


def _grounds(rule: Mapping[str, Any]) -> dict[str, Any]:
    """What the prices come from: the rule without its name and its last day."""
    return {key: value for key, value in rule.items() if key not in {"name", "valid_to"}}


def _last_used(tariff: Tariff) -> date | None:
    """The last day that an invoice said was priced by this tariff."""
    lines = InvoiceLine.objects.filter(
        Q(invoice__status__in=SAID), activity_id=tariff.activity_id, detail__tariff_id=tariff.pk
    )
    days = [day["day"] for detail in lines.values_list("detail", flat=True) for day in detail["days"]]
    return date.fromisoformat(max(days)) if days else None


def _text(day: date | None) -> str | None:
    return None if day is None else str(day)
