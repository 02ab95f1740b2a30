"""« Expliquer ma facture »: what stands behind a line, in plain French: days, presence, tariff, bracket, quotient.

Reads what `rules.pricing.explain` kept with the line when the invoice was issued. A line that takes over an earlier
invoice or a credit note has no days; whatever is missing is simply not said.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from portail.billing.queries.cards import LineRow
from portail.rules.pricing import Basis, Unit, Why
from portail.towns import wording as say


@dataclass(frozen=True, slots=True)
class DayLine:
    """One day: which, why it costs something or nothing, and what it adds."""

    day: date
    words: str
    why: str
    note: str


@dataclass(frozen=True, slots=True)
class Explained:
    """A line of an invoice and all that explains it."""

    label: str
    price_words: str  # « 8 × 3,64 € »
    amount: str
    days_words: str  # « 2, 3, 5 et 6 novembre »
    sentences: list[str]
    days: list[DayLine]


def explained(line: LineRow) -> Explained:
    """The line in words."""
    detail = line.detail if isinstance(line.detail, Mapping) else {}
    days = _days(detail)
    price = f"{line.quantity} × {say.money(line.unit_cents)}" if line.quantity and line.unit_cents else ""
    return Explained(
        label=line.label or line.activity,
        price_words=price,
        amount=say.money(line.amount_cents),
        days_words=dates([day for day, _table in days]),
        sentences=[words for words in (*_grounds(detail), _parts(line), _reason(detail)) if words],
        days=sorted(
            [*(_day_line(day, table, detail) for day, table in days), *_free_days(detail)], key=lambda one: one.day
        ),
    )


def dates(days: list[date]) -> str:
    """« 2, 3, 5 et 6 novembre », month by month."""
    months = groupby(sorted(days), key=lambda day: (day.year, day.month))
    return " ; ".join(_in_one_month(list(found)) for _key, found in months)


def _in_one_month(days: list[date]) -> str:
    last = say.day_without_year(days[-1]).split(" ", 1)[1]  # « 6 novembre »
    return say.listing([*(str(day.day) for day in days[:-1]), last])


def _days(detail: Mapping[str, Any]) -> list[tuple[date, Mapping[str, Any]]]:
    found = []
    for table in detail.get("days") or ():
        try:
            found.append((date.fromisoformat(table["day"]), table))
        except (KeyError, TypeError, ValueError):  # taken over from another software: shown without that day
            continue
    return found


# ── the grounds of the price ────────────────────────────────────────────────────────────────────────────────────────


def _grounds(detail: Mapping[str, Any]) -> list[str]:
    return [
        _tariff(detail),
        _unit_price(detail),
        _quotient(detail),
        _("C'est le prix des familles qui n'habitent pas la commune.") if detail.get("outside") else "",
        _rank(detail),
        _share(detail),
    ]


def _tariff(detail: Mapping[str, Any]) -> str:
    name, since = detail.get("tariff"), detail.get("valid_from")
    if not name:
        return ""
    if since:
        day = say.numeric(date.fromisoformat(since))
        return _("Tarif « %(name)s », en vigueur depuis le %(day)s.") % {"name": name, "day": day}
    return _("Tarif « %(name)s ».") % {"name": name}


def _unit_price(detail: Mapping[str, Any]) -> str:
    if "unit_cents" not in detail:
        return ""
    price = say.money(detail["unit_cents"])
    care, food = detail.get("unit_care_cents", 0), detail.get("unit_food_cents", 0)
    units = {
        Unit.PRESENCE: _("Prix : %(price)s par jour"),
        Unit.HALF_HOUR: _("Prix : %(price)s par demi-heure commencée"),
        Unit.MONTH: _("Prix : %(price)s pour le mois"),
    }
    words = units.get(detail.get("unit", ""), _("Prix : %(price)s")) % {"price": price}
    if care and food:
        parts = _("dont %(care)s de garde et %(food)s de repas") % {"care": say.money(care), "food": say.money(food)}
        words = f"{words}, {parts}"
    return f"{words}."


def _quotient(detail: Mapping[str, Any]) -> str:
    if detail.get("quotient_missing"):
        return _("Nous n'avions pas votre quotient familial pour ces jours : le prix le plus élevé s'applique.")
    quotient = detail.get("quotient")
    if quotient is None:
        fixed = detail.get("basis") == Basis.FIXED and not detail.get("outside")
        return _("Ce prix ne dépend pas du quotient familial.") if fixed else ""
    if detail.get("bracket"):
        return _("Votre quotient familial ces jours-là : %(quotient)s, soit la tranche %(bracket)d.") % {
            "quotient": say.number(quotient),
            "bracket": detail["bracket"],
        }
    return _("Votre quotient familial ces jours-là : %(quotient)s.") % {"quotient": say.number(quotient)}


def _rank(detail: Mapping[str, Any]) -> str:
    percent = _percent(detail.get("reduction"))
    if not percent:
        return ""
    rank = detail.get("rank") or 0
    words = ngettext("%(rank)der enfant de la famille", "%(rank)de enfant de la famille", rank) % {"rank": rank}
    return _("Réduction de %(percent)s : %(child)s.") % {"percent": percent, "child": words}


def _share(detail: Mapping[str, Any]) -> str:
    over, _slash, under = str(detail.get("share", "1")).partition("/")
    if not under or not (over.isdecimal() and under.isdecimal()) or int(under) == 0:
        return ""
    percent = _percent(f"{100 * int(over) / int(under):.4g}")
    return _("Votre part de ces jours : %(percent)s. Le reste est à l'autre payeur.") % {"percent": percent}


def _parts(line: LineRow) -> str:
    """« Cette ligne : 10,72 € de garde, 18,40 € de repas et 2,00 € de majorations. »"""
    parts = [
        (line.care_cents, _("%(amount)s de garde")),
        (line.food_cents, _("%(amount)s de repas")),
        (line.extra_cents, _("%(amount)s de majorations")),
    ]
    said = [words % {"amount": say.money(cents)} for cents, words in parts if cents]
    if not said:
        return ""
    return _("Cette ligne comprend : %(parts)s.") % {"parts": say.listing(said)}


def _percent(value: object) -> str:
    """« 12,5 % »; "" for nothing."""
    text = str(value or "").rstrip("0").rstrip(".") if "." in str(value or "") else str(value or "")
    return say.percent(text) if text.strip("0.") else ""


# ── the days ────────────────────────────────────────────────────────────────────────────────────────────────────────

WHY: Mapping[str, Callable[[], str]] = {
    Why.PRESENT: lambda: _("présent"),
    Why.ASSUMED_PRESENT: lambda: pgettext("présence", "réservé"),
    Why.ABSENT: lambda: _("absent, non justifié"),
    Why.JUSTIFIED: lambda: _("absent, justifié, facturé selon le règlement"),
    Why.UNBOOKED: lambda: _("présent sans réservation"),
    Why.LATE: lambda: _("réservé hors délai"),
    Why.ABSENT_FREE: lambda: _("absent, non facturé"),
    Why.JUSTIFIED_FREE: lambda: _("absent, justifié, non facturé"),
    Why.UNRECORDED_FREE: lambda: _("non pointé, non facturé"),
    Why.NOT_EXPECTED: lambda: _("non attendu"),
}


def _day_line(day: date, table: Mapping[str, Any], detail: Mapping[str, Any]) -> DayLine:
    whys = [WHY[code]() for code in table.get("why") or () if code in WHY]
    quantity = table.get("quantity", 1)
    counted = detail.get("unit") == Unit.HALF_HOUR and quantity
    half_hours = ngettext("%(n)d demi-heure", "%(n)d demi-heures", quantity) % {"n": quantity} if counted else ""
    notes = [note for note in (half_hours, _surcharge(table.get("surcharge"))) if note]
    return DayLine(day, say.day_without_year(day), ", ".join(whys), " · ".join(notes))


def _free_days(detail: Mapping[str, Any]) -> list[DayLine]:
    """The days that cost nothing, each with its reason; one when nobody was expected is not worth a line."""
    found = []
    for day, code in detail.get("free") or ():
        if code in WHY and code != Why.NOT_EXPECTED:
            free = date.fromisoformat(day)
            found.append(DayLine(free, say.day_without_year(free), WHY[code](), ""))
    return found


def _reason(detail: Mapping[str, Any]) -> str:
    """What the town hall wrote when it corrected an invoice."""
    reason = str(detail.get("reason") or "")
    return _("Motif : %(reason)s") % {"reason": reason} if reason else ""


def _surcharge(table: Mapping[str, Any] | None) -> str:
    """« majoration : 2,00 € », « majoration : 25 % », « prix multiplié par 1,5 »."""
    if not table:
        return ""
    if "cents" in table:
        return _("majoration : %(amount)s") % {"amount": say.money(table["cents"])}
    if "percent" in table:
        return _("majoration : %(amount)s") % {"amount": _percent(table["percent"])}
    if "multiplier" in table:
        return _("prix multiplié par %(number)s") % {"number": say.decimal(str(table["multiplier"]))}
    return ""
