"""Days, hours, weekdays and yes or no as people type them, in a command or in a file."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType

from portail.rules.names import sort_key

WEEKDAYS: Mapping[str, int] = MappingProxyType({"lu": 0, "ma": 1, "me": 2, "je": 3, "ve": 4, "sa": 5, "di": 6})
_FRENCH_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_TIME = re.compile(r"(\d{1,2})\s*(?:h|:)\s*(\d{2})?")
_AMOUNT = re.compile(r"(\d{1,7})(?:[.,](\d{1,2}))?")
_YES, _NO = {"oui", "o", "vrai", "x", "1"}, {"non", "n", "faux", "", "0"}


class TypedError(ValueError):
    """What was typed cannot be read; the message is a French sentence."""


def day(text: str) -> date:
    """« 2026-11-24 » or « 24/11/2026 »."""
    french, iso = _FRENCH_DAY.fullmatch(text.strip()), _ISO_DAY.fullmatch(text.strip())
    parts = (french[3], french[2], french[1]) if french else iso.groups() if iso else None
    try:
        if parts:
            return date(*(int(part) for part in parts))
    except ValueError:
        pass
    raise TypedError(f"« {text} » n'est pas un jour : écrivez 2026-11-24 ou 24/11/2026.")


def minutes(text: str) -> int:
    """« 10:00 », « 10 h », « 17h30 » -> minutes after midnight; « minuit » and « 24:00 » end the day."""
    if text.strip().lower() == "minuit":
        return 24 * 60
    found = _TIME.fullmatch(text.strip().lower())
    total = int(found[1]) * 60 + int(found[2] or 0) if found else -1
    if found is None or int(found[2] or 0) > 59 or not 0 <= total <= 24 * 60:
        raise TypedError(f"« {text} » n'est pas une heure : écrivez 10:00 ou 17 h 30.")
    return total


def moment(text: str) -> datetime:
    """« 2026-11-24 » or « 2026-11-24 10:00 », a wall-clock time without zone."""
    first, _, rest = text.strip().partition(" ")
    at = minutes(rest) if rest else 0
    if at >= 24 * 60:
        raise TypedError(f"« {text} » : pour minuit, donnez le lendemain à 0:00.")
    return datetime.combine(day(first), datetime.min.time()).replace(hour=at // 60, minute=at % 60)


def weekdays(text: str) -> frozenset[int]:
    """« lu ma je ve » -> {0, 1, 3, 4}."""
    words = [sort_key(word)[:2] for word in re.split(r"[\s,;]+", text.strip()) if word]
    unknown = [word for word in words if word not in WEEKDAYS]
    if unknown or not words:
        raise TypedError(f"« {text} » : les jours s'écrivent lu, ma, me, je, ve, sa, di.")
    return frozenset(WEEKDAYS[word] for word in words)


def cents(text: str) -> int:
    """« 12,34 », « 1 234,5 », « 12 € » -> cents."""
    found = _AMOUNT.fullmatch(re.sub(r"[\s\u00a0\u202f€]", "", text))
    if found is None:
        raise TypedError(f"« {text} » n'est pas un montant : écrivez 12,34.")
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def month(text: str) -> date:
    """« 2026-10 » or « 10/2026 » -> its first day."""
    iso, french = re.fullmatch(r"(\d{4})-(\d{1,2})", text.strip()), re.fullmatch(r"(\d{1,2})/(\d{4})", text.strip())
    parts = iso.groups() if iso else (french[2], french[1]) if french else None
    try:
        if parts:
            return date(int(parts[0]), int(parts[1]), 1)
    except ValueError:
        pass
    raise TypedError(f"« {text} » n'est pas un mois : écrivez 2026-10 ou 10/2026.")


def yes_no(text: str) -> bool:
    """« oui », « non », or an empty cell for no."""
    word = sort_key(text)
    if word not in _YES | _NO:
        raise TypedError(f"« {text} » : écrivez oui ou non.")
    return word in _YES
