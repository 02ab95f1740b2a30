"""The billing part of a town's TOML file: régies, which one bills what, tariffs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portail.billing.models import BilledActivity, Payment, Regie
from portail.billing.operations.setup import (
    BillingDraft,
    RegieDraft,
    TariffDraft,
    bill_activity,
    save_regie,
    save_tariff,
)
from portail.console import typed
from portail.console.toml_table import Table
from portail.console.typed import TypedError
from portail.rules.invoicing import NUMBER_PATTERN, REFERENCE_PATTERN
from portail.towns.actors import Actor


@dataclass(frozen=True, slots=True)
class BillingFile:
    """All that the file says of money."""

    regies: tuple[RegieDraft, ...]
    billing: tuple[BillingDraft, ...]
    tariffs: tuple[TariffDraft, ...]


def read_billing(file: Table) -> BillingFile:
    """`[[regies]]`, `[[billing]]`, `[[tariffs]]`. Raises TypedError with the place of the first fault."""
    return BillingFile(
        regies=tuple(_regie(line) for line in file.tables("regies")),
        billing=tuple(_billing(line) for line in file.tables("billing")),
        tariffs=tuple(_tariff(line) for line in file.tables("tariffs")),
    )


def apply_billing(file: BillingFile, *, by: Actor, now: datetime) -> None:
    """Make the billing what the file says. Raises BillingError."""
    for regie in file.regies:
        save_regie(draft=regie, by=by, now=now)
    for billing in file.billing:
        bill_activity(draft=billing, by=by, now=now)
    for tariff in file.tariffs:
        save_tariff(draft=tariff, by=by, now=now)


def _regie(line: Table) -> RegieDraft:
    return RegieDraft(
        code=line.text("code"),
        name=line.text("name"),
        circuit=line.choice("circuit", Regie.Circuit, Regie.Circuit.REGIE),
        provider=line.choice("provider", Regie.Provider, Regie.Provider.NONE),
        numcli=line.text("numcli", ""),
        mode=line.choice("mode", Regie.Mode, Regie.Mode.TEST),
        popup=line.flag("popup"),
        recette=line.text("recette", ""),
        number_pattern=line.text("number_pattern", NUMBER_PATTERN),
        reference_pattern=line.text("reference_pattern", REFERENCE_PATTERN),
        minimum_cents=_cents(line, "minimum", "1,00"),
        payable_day=line.maybe_number("payable_day"),
        after_deadline=line.text("after_deadline", "").strip(),
        officer=line.text("officer", ""),
        issuer=line.text("issuer", ""),
        means=tuple(_means(line)),
        cash_ceiling_cents=_cents(line, "cash_ceiling", "") if "cash_ceiling" in line else None,
        float_cents=_cents(line, "float", "0"),
        treasury=_kept_as_json(line, "treasury"),
        creditor=_kept_as_json(line, "creditor"),
        active=line.flag("active", default=True),
    )


def _means(line: Table) -> Iterator[str]:
    known = {str(means) for means in Payment.Means}
    for text in line.texts("means"):
        if text not in known:
            raise TypedError(f"{line.where}, means : « {text} » n'existe pas ; au choix : {', '.join(sorted(known))}.")
        yield text


def _billing(line: Table) -> BillingDraft:
    return BillingDraft(
        activity=line.text("activity"),
        regie=line.text("regie"),
        cesu=line.choice("cesu", BilledActivity.Cesu, BilledActivity.Cesu.NONE),
        deductible=line.flag("deductible"),
        account=line.text("account", ""),
        product=line.text("product", ""),
        cost_cents=_cents(line, "cost", "") if "cost" in line else None,
    )


def _tariff(line: Table) -> TariffDraft:
    return TariffDraft(
        activity=line.text("activity"),
        name=line.text("name"),
        first_day=line.day("from"),
        last_day=line.maybe_day("to"),
        rule=_plain(line.mapping("rule")),
    )


def _plain(table: dict[str, Any]) -> dict[str, Any]:
    """TOML has dates of its own: the rule is kept as JSON, whose dates are text; days are said outside the rule."""
    return {key: value for key, value in table.items() if key not in ("valid_from", "valid_to")}


def _cents(line: Table, key: str, default: str) -> int:
    text = line.text(key, default or None)
    try:
        return typed.cents(text)
    except TypedError as error:
        raise TypedError(f"{line.where}, {key} : {error}") from None


def _kept_as_json(line: Table, key: str) -> dict[str, Any]:
    """A free table, of what JSON has too: TOML also has days, hours and numbers that are none."""
    found = line.mapping(key)
    try:
        json.dumps(found, allow_nan=False)
    except (TypeError, ValueError):
        raise TypedError(
            f"{line.where}, {key} : seulement des textes, des nombres, des listes ; un jour s'écrit entre guillemets."
        ) from None
    return found
