"""A tariff as a table of plain values: kept as JSON, and typed in TOML by the town. The same shape for both.

    name = "Cantine 2026-2027"
    unit = "presence"                  # or half_hour, month
    valid_from = 2026-09-01            # in JSON: "2026-09-01"
    valid_to = 2027-08-31
    rank_reductions = [0, 10, "12.5"]  # percent, for the first child, the second, the following ones
    brackets = [
        { from = 0, care = 60, food = 140 },
        { from = 700, care = 120, food = 230 },
    ]                                  # or: price = { care = 120, food = 230 }
                                       # or: effort = { rate = "0.00453", floor = 100, ceiling = 500, food = 200 }
    outside = { percent = 20 }         # or a second set: price, brackets or effort
    late = { cents = 200, from = 3 }   # or percent = 25, or multiplier = "1.5"
    unbooked = { multiplier = 2 }
    absences = { absent_billed = true, waiting_days = 1 }

Amounts are whole cents. A number with decimals is text, since a float does not hold it; a comma is understood.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from portail.rules.pricing.facts import DayCharge, Line
from portail.rules.pricing.values import (
    MAX_CENTS,
    AbsenceRules,
    Bracket,
    Brackets,
    Effort,
    Increase,
    Price,
    Scale,
    Surcharge,
    SurchargeKind,
    Tariff,
    TariffError,
    Unit,
)

_NUMBER = re.compile(r"[0-9]{1,4}(?:[.,][0-9]{1,10})?")
_MOST_ROWS = 100
_MOST_QUOTIENT = 1_000_000
_SCALES = ("price", "brackets", "effort")
_KEYS = tuple(field.name for field in fields(Tariff) if field.name != "scale")
_ABSENCES = tuple(field.name for field in fields(AbsenceRules))
_EFFORT = ("rate", "floor", "ceiling", "food", "food_percent")

_E = TypeVar("_E", bound=StrEnum)


def from_json(value: object) -> Tariff:
    """The tariff that a table of plain values describes (dates as dates or ISO text, numbers as whole or text).

    Raises TariffError, whose French sentence names the place; nothing else, whatever the value.
    """
    table = _table(value, (*_KEYS, *_SCALES))
    return Tariff(
        scale=_read_scale(table),
        unit=_choice(table, "unit", Unit, Unit.PRESENCE),
        name=_text(table, "name"),
        valid_from=_day(table, "valid_from"),
        valid_to=_day(table, "valid_to"),
        outside=_read_outside(table),
        rank_reductions=_read_reductions(table),
        late=_read_surcharge(table, "late"),
        unbooked=_read_surcharge(table, "unbooked"),
        absences=_read_absences(table),
    )


def to_json(tariff: Tariff) -> dict[str, Any]:
    """The table that `from_json` reads back as the same tariff: text, whole numbers and booleans; defaults left out."""
    table: dict[str, Any] = {"unit": tariff.unit.value, **_scale_table(tariff.scale)}
    if tariff.name:
        table["name"] = tariff.name
    table |= {key: day.isoformat() for key in ("valid_from", "valid_to") if (day := getattr(tariff, key))}
    if isinstance(tariff.outside, Increase):
        table["outside"] = {"percent": _plain(tariff.outside.percent)}
    elif tariff.outside is not None:
        table["outside"] = _scale_table(tariff.outside)
    if tariff.rank_reductions:
        table["rank_reductions"] = [_plain(percent) for percent in tariff.rank_reductions]
    for key, surcharge in (("late", tariff.late), ("unbooked", tariff.unbooked)):
        if surcharge:
            table[key] = _surcharge_table(surcharge)
    absences = {key: getattr(tariff.absences, key) for key in _ABSENCES}
    if absences != {key: getattr(AbsenceRules(), key) for key in _ABSENCES}:
        table["absences"] = absences
    return table


def explain(line: Line) -> dict[str, Any]:
    """What stands behind a line, as JSON to be kept with an issued invoice: days, reasons, tariff and grounds.

    Facts only: the faces have the words. Amounts in cents; `share` is a fraction (« 1/2 ») of the line; a surcharge
    is told as the town typed it (cents, percent or multiplier, and from which time).
    """
    grounds = line.quote
    return {
        "unit": line.tariff.unit.value,
        "unit_cents": line.unit_cents,
        "unit_care_cents": grounds.price.care_cents,
        "unit_food_cents": grounds.price.food_cents,
        "quantity": line.quantity,
        "share": str(line.share),
        "why": [why.value for why in line.why],
        "tariff": line.tariff.name,
        "basis": line.tariff.basis.value,
        "valid_from": line.tariff.valid_from.isoformat() if line.tariff.valid_from else None,
        "quotient": grounds.quotient,
        "quotient_missing": grounds.quotient_missing,
        "bracket": grounds.bracket,
        "outside": grounds.outside,
        "rank": grounds.rank,
        "reduction": _plain(grounds.reduction),
        "days": [_day_table(day) for day in line.days],
    }


# ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _plain(number: Decimal) -> str:
    return format(number, "f")


def _price_table(price: Price) -> dict[str, Any]:
    return {"care": price.care_cents, "food": price.food_cents}


def _scale_table(scale: Scale) -> dict[str, Any]:
    match scale:
        case Price():
            return {"price": _price_table(scale)}
        case Brackets():
            return {"brackets": [{"from": one.lower, **_price_table(one.price)} for one in scale.brackets]}
        case Effort():
            table: dict[str, Any] = {"rate": _plain(scale.rate), "floor": scale.floor_cents}
            table |= {"ceiling": scale.ceiling_cents, "food": scale.food_cents}
            if scale.food_percent is not None:
                table["food_percent"] = _plain(scale.food_percent)
            return {"effort": table}


def _surcharge_table(surcharge: Surcharge) -> dict[str, Any]:
    cents = surcharge.kind is SurchargeKind.CENTS
    value = int(surcharge.value) if cents else _plain(surcharge.value)
    return {surcharge.kind.value: value, "from": surcharge.from_nth}


def _day_table(charge: DayCharge) -> dict[str, Any]:
    table: dict[str, Any] = {"day": charge.day.isoformat(), "quantity": charge.quantity}
    table["why"] = [why.value for why in charge.why]
    if charge.surcharge:
        table["surcharge"] = _surcharge_table(charge.surcharge)
    return table


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Says where, in front of what is wrong inside."""
    try:
        yield
    except TariffError as error:
        raise error.at(place) from None


def _table(value: object, known: Collection[str]) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise TariffError("il faut une table de valeurs")
    for key in value:
        if key not in known:
            raise TariffError(f"clé inconnue « {_shown(key)} » ; les clés possibles sont {', '.join(known)}")
    return value


def _shown(key: object) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in str(key)[:40])


def _rows(value: object) -> list[object]:
    if not isinstance(value, list) or not 0 < len(value) <= _MOST_ROWS:
        raise TariffError(f"il faut une liste, de 1 à {_MOST_ROWS} éléments")
    return value


def _whole(table: Mapping[str, object], key: str, most: int, default: int | None = None) -> int:
    value = table.get(key, default)
    # True is an int for Python, never an amount for a town.
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise TariffError(f"{key} : il faut un nombre entier, de 0 à {most}")
    return value


def _cents(table: Mapping[str, object], key: str, default: int | None = None) -> int:
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_CENTS:
        raise TariffError(f"{key} : il faut un nombre entier de centimes, de 0 à {MAX_CENTS}")
    return value


def _number(value: object, place: str) -> Decimal:
    text = str(value) if isinstance(value, int) and 0 <= value < 10_000 else value
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        raise TariffError(f'{place} : il faut un nombre entier, ou un nombre entre guillemets comme "12.5"')
    return Decimal(text.replace(",", "."))


def _flag(table: Mapping[str, object], key: str, default: bool) -> bool:
    value = table.get(key, default)
    if not isinstance(value, bool):
        raise TariffError(f"{key} : il faut oui ou non (true ou false)")
    return value


def _text(table: Mapping[str, object], key: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise TariffError(f"{key} : il faut un texte")
    return value


def _day(table: Mapping[str, object], key: str) -> date | None:
    value = table.get(key)
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    try:
        return date.fromisoformat(value if isinstance(value, str) and len(value) == 10 else "")
    except ValueError:
        raise TariffError(f"{key} : il faut une date, comme 2026-09-01") from None


def _choice(table: Mapping[str, object], key: str, kind: type[_E], default: _E) -> _E:
    value = table.get(key, default)
    for member in kind:
        if value == member.value:
            return member
    raise TariffError(f"{key} : il faut un mot parmi {', '.join(member.value for member in kind)}")


def _read_price(table: Mapping[str, object]) -> Price:
    return Price(_cents(table, "care"), _cents(table, "food"))


def _read_scale(table: Mapping[str, object]) -> Scale:
    named = [key for key in _SCALES if key in table]
    if len(named) != 1:
        raise TariffError(f"il faut une seule sorte de prix, parmi {', '.join(_SCALES)}")
    value = table[named[0]]
    if named == ["brackets"]:
        return _read_brackets(value)
    with _at("prix (price)" if named == ["price"] else "taux d’effort (effort)"):
        if named == ["price"]:
            return _read_price(_table(value, ("care", "food")))
        return _read_effort(_table(value, _EFFORT))


def _read_brackets(value: object) -> Brackets:
    brackets = []
    with _at("tranches (brackets)"):
        rows = _rows(value)
    for number, row in enumerate(rows, start=1):
        with _at(f"tranche {number}"):
            table = _table(row, ("from", "care", "food"))
            brackets.append(Bracket(_whole(table, "from", _MOST_QUOTIENT), _read_price(table)))
    return Brackets(tuple(brackets))


def _read_effort(table: Mapping[str, object]) -> Effort:
    return Effort(
        rate=_number(table.get("rate"), "rate"),
        floor_cents=_cents(table, "floor"),
        ceiling_cents=_cents(table, "ceiling"),
        food_cents=_cents(table, "food", 0),
        food_percent=_number(table["food_percent"], "food_percent") if "food_percent" in table else None,
    )


def _read_outside(table: Mapping[str, object]) -> Scale | Increase | None:
    if "outside" not in table:
        return None
    with _at("hors commune (outside)"):
        inside = _table(table["outside"], ("percent", *_SCALES))
        if "percent" not in inside:
            return _read_scale(inside)
        if len(inside) > 1:
            raise TariffError("il faut un pourcentage ou d’autres prix, pas les deux")
        return Increase(_number(inside["percent"], "percent"))


def _read_reductions(table: Mapping[str, object]) -> tuple[Decimal, ...]:
    if "rank_reductions" not in table:
        return ()
    with _at("réductions par enfant (rank_reductions)"):
        rows = _rows(table["rank_reductions"])
        return tuple(_number(row, f"enfant {number}") for number, row in enumerate(rows, start=1))


def _read_surcharge(table: Mapping[str, object], key: str) -> Surcharge | None:
    if key not in table:
        return None
    with _at(f"majoration ({key})"):
        inside = _table(table[key], (*SurchargeKind, "from"))
        named = [kind for kind in SurchargeKind if kind.value in inside]
        if len(named) != 1:
            raise TariffError(f"il faut une seule majoration, parmi {', '.join(SurchargeKind)}")
        kind = named[0]
        value = Decimal(_cents(inside, kind)) if kind is SurchargeKind.CENTS else _number(inside[kind], kind)
        return Surcharge(kind, value, _whole(inside, "from", 31, 1))


def _read_absences(table: Mapping[str, object]) -> AbsenceRules:
    if "absences" not in table:
        return AbsenceRules()
    with _at("absences"):
        inside = _table(table["absences"], _ABSENCES)
        usual = AbsenceRules()
        return AbsenceRules(
            absent_billed=_flag(inside, "absent_billed", usual.absent_billed),
            justified_billed=_flag(inside, "justified_billed", usual.justified_billed),
            waiting_days=_whole(inside, "waiting_days", 31, usual.waiting_days),
            unrecorded_billed=_flag(inside, "unrecorded_billed", usual.unrecorded_billed),
            attendance_expected=_flag(inside, "attendance_expected", usual.attendance_expected),
            half_hours=_whole(inside, "half_hours", 48, usual.half_hours),
        )
