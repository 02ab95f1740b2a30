"""Public holidays (« jours fériés ») of France and of the places that have some of their own.

The eleven national ones are those of article L3133-1 of the code du travail. The local ones are those that
facts agree upon; anything else that a town keeps (Mi-Carême, 21 July…) it enters as a closure.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache

# Region code -> its name on the screen. The empty code is the rule for most towns.
REGIONS: Mapping[str, str] = {
    "": "France (onze jours fériés nationaux)",
    "alsace-moselle": "Alsace et Moselle",
    "guadeloupe": "Guadeloupe",
    "martinique": "Martinique",
    "guyane": "Guyane",
    "la-reunion": "La Réunion",
    "mayotte": "Mayotte",
    "saint-martin": "Saint-Martin",
    "saint-barthelemy": "Saint-Barthélemy",
}

_FIXED = {
    (1, 1): "Jour de l’An",
    (5, 1): "Fête du Travail",
    (5, 8): "Victoire 1945",
    (7, 14): "Fête nationale",
    (8, 15): "Assomption",
    (11, 1): "Toussaint",
    (11, 11): "Armistice 1918",
    (12, 25): "Noël",
}
_FROM_EASTER = {1: "Lundi de Pâques", 39: "Ascension", 50: "Lundi de Pentecôte"}
# Abolition of slavery: each territory keeps the day on which it learned the news.
_ABOLITION = {
    "guadeloupe": (5, 27),
    "martinique": (5, 22),
    "guyane": (6, 10),
    "la-reunion": (12, 20),
    "mayotte": (4, 27),
    "saint-martin": (5, 28),
    "saint-barthelemy": (10, 9),
}


def public_holidays(year: int, region: str = "") -> dict[date, str]:
    """The public holidays of a calendar year, day -> French name, in the order of the days.

    When two fall on one day (Ascension on 1 May 2008), the fixed national one names it.
    """
    return dict(_of_year(year, region))


def public_holiday(day: date, region: str = "") -> str:
    """The name of the public holiday of `day`, "" when it is none. Computed once a year and region."""
    return _of_year(day.year, region).get(day, "")


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the « anonymous » algorithm, Meeus, Astronomical Algorithms, ch. 8)."""
    golden = year % 19
    century, rest = divmod(year, 100)
    correction = (century - (century + 8) // 25 + 1) // 3
    moon = (19 * golden + century - century // 4 - correction + 15) % 30
    sunday = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    shift = (golden + 11 * moon + 22 * sunday) // 451
    month, day = divmod(moon + sunday - 7 * shift + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=128)
def _of_year(year: int, region: str) -> Mapping[date, str]:
    if region not in REGIONS:
        raise ValueError(f"unknown region {region!r}")
    names = {date(year, month, day): name for (month, day), name in _FIXED.items()}
    for shift, name in _FROM_EASTER.items():
        names.setdefault(easter(year) + timedelta(days=shift), name)
    for day, name in _local(year, region).items():
        names.setdefault(day, name)
    return dict(sorted(names.items()))


def _local(year: int, region: str) -> dict[date, str]:
    if region == "alsace-moselle":
        return {easter(year) - timedelta(days=2): "Vendredi saint", date(year, 12, 26): "Saint-Étienne"}
    if region in _ABOLITION:
        return {date(year, *_ABOLITION[region]): "Abolition de l’esclavage"}
    return {}
