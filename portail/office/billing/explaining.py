"""A line of an invoice in words, for the agent who answers the family: days, tariff, quotient, reasons."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from portail.billing.documents import days_in_words
from portail.billing.models import InvoiceLine
from portail.towns import wording as say

WHY = {
    "present": "présent",
    "assumed_present": "réservé",
    "absent": "absent, non justifié",
    "justified": "absent, justifié, facturé",
    "unbooked": "présent sans réservation",
    "late": "réservé hors délai",
    "absent_free": "absent, non facturé",
    "justified_free": "absent, justifié, non facturé",
    "unrecorded_free": "non pointé, non facturé",
}


@dataclass(frozen=True, slots=True)
class Explained:
    """One line and what stands behind it. Amounts in cents; `free`: the days that cost nothing, with their reason."""

    position: int
    child: str
    place: str
    label: str
    quantity: int
    unit_cents: int
    amount_cents: int
    days: str
    grounds: list[str]
    free: list[str]


def explained(line: InvoiceLine) -> Explained:
    """The line in words; what an older software did not keep is not said."""
    detail: Mapping[str, Any] = line.detail if isinstance(line.detail, dict) else {}
    rooms = line.person.classroom if line.person else None
    return Explained(
        position=line.position,
        child=str(detail.get("person") or line.person or ""),
        place=f"{rooms.school} · {rooms}" if rooms else "",
        label=line.label,
        quantity=line.quantity,
        unit_cents=line.unit_cents,
        amount_cents=line.amount_cents,
        days=days_in_words([day for day, _ in _days(detail)]),
        grounds=[words for words in _grounds(line, detail) if words],
        free=[f"{say.numeric(date.fromisoformat(day))} : {WHY[why]}" for day, why in detail.get("free") or ()
              if why in WHY],
    )  # fmt: skip


def _days(detail: Mapping[str, Any]) -> list[tuple[date, Mapping[str, Any]]]:
    return [(date.fromisoformat(row["day"]), row) for row in detail.get("days") or () if isinstance(row, dict)]


def _grounds(line: InvoiceLine, detail: Mapping[str, Any]) -> list[str]:
    quotient = detail.get("quotient")
    bracket = f", tranche {detail['bracket']}" if detail.get("bracket") else ""
    since = f" depuis le {say.numeric(date.fromisoformat(detail['valid_from']))}" if detail.get("valid_from") else ""
    percent = str(detail.get("reduction") or "0")
    return [
        f"tarif « {detail['tariff']} »{since}" if detail.get("tariff") else "",
        f"quotient {say.number(quotient)}{bracket}" if quotient is not None else "",
        "quotient inconnu : prix le plus haut" if detail.get("quotient_missing") else "",
        "prix hors commune" if detail.get("outside") else "",
        f"réduction de {say.percent(percent)}, enfant n° {detail.get('rank')}" if percent.strip("0.") else "",
        f"part du payeur : {detail['share']}" if str(detail.get("share", "1")) != "1" else "",
        f"dont garde {say.money(line.care_cents)}, repas {say.money(line.food_cents)}"
        if line.care_cents and line.food_cents else "",
        f"dont majorations {say.money(line.extra_cents)}" if line.extra_cents else "",
        f"motif : {detail['reason']}" if detail.get("reason") else "",
    ]  # fmt: skip
