"""Ready-made activities: what a town usually wants, to be corrected in the form. Values are those of its fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EVE_10 = {"kind": "working_days", "days": 1, "at": "10 h"}
EVE_16 = {"kind": "working_days", "days": 1, "at": "16 h"}
THURSDAY_17 = {"kind": "weekday_before", "weekday": 3, "weeks": 1, "at": "17 h"}
TWO_WEEKS = {"kind": "weekday_before", "weekday": 2, "weeks": 2, "at": "17 h"}
SCHOOL_WEEK = [0, 1, 3, 4]
WHOLE_WEEK = [0, 1, 2, 3, 4]


@dataclass(frozen=True, slots=True)
class Preset:
    """A ready-made activity: its words on the tile, and the first values of the form."""

    words: str
    sentence: str
    cutoff: Mapping[str, Any]
    group: str  # name of the group proposed
    values: Mapping[str, Any] = field(default_factory=dict)


PRESETS: dict[str, Preset] = {
    "cantine": Preset(
        "Cantine", "Les jours d'école, jusqu'à la veille ouvrée à 10 h.", EVE_10, "PERISCOLAIRE",
        {"name": "Cantine", "opens_on": "school_days", "weekdays": SCHOOL_WEEK},
    ),
    "matin": Preset(
        "Garderie du matin", "Les jours d'école, jusqu'à la veille ouvrée à 16 h.", EVE_16, "PERISCOLAIRE",
        {"name": "Garderie du matin", "opens_on": "school_days", "weekdays": SCHOOL_WEEK},
    ),
    "soir": Preset(
        "Garderie du soir", "Les jours d'école ; après la clôture, la mairie décide.", EVE_16, "PERISCOLAIRE",
        {
            "name": "Garderie du soir", "opens_on": "school_days", "weekdays": SCHOOL_WEEK, "late": "ask",
            "late_until": "12 h",
        },
    ),
    "etude": Preset(
        "Étude", "Les jours d'école, à partir de 6 ans.", EVE_16, "PERISCOLAIRE",
        {"name": "Étude surveillée", "opens_on": "school_days", "weekdays": SCHOOL_WEEK, "min_age": 6},
    ),
    "mercredi": Preset(
        "Mercredi", "Les mercredis sans école, jusqu'au jeudi d'avant.", THURSDAY_17, "MERCREDI",
        {"name": "Mercredi", "opens_on": "wednesdays", "weekdays": [2], "weeks_ahead": 8},
    ),
    "vacances": Preset(
        "Petites vacances", "Le centre de loisirs pendant les petites vacances.", TWO_WEEKS, "VACANCES",
        {"name": "Centre de loisirs, petites vacances", "opens_on": "small_holidays", "weekdays": WHOLE_WEEK},
    ),
    "ete": Preset(
        "Grandes vacances", "Le centre de loisirs pendant l'été.", TWO_WEEKS, "VACANCES",
        {"name": "Centre de loisirs, été", "opens_on": "summer", "weekdays": WHOLE_WEEK},
    ),
    "bus": Preset(
        "Transport scolaire", "Les jours d'école, pour les enfants inscrits, avec des arrêts.", EVE_16, "TRANSPORT",
        {
            "name": "Transport du matin", "opens_on": "school_days", "weekdays": SCHOOL_WEEK, "enrolled_only": True,
            "stops": "8 h 10 Mairie",
        },
    ),
    "autre": Preset(
        "Autre activité", "Une page presque vide.", EVE_10, "",
        {"opens_on": "school_days", "weekdays": SCHOOL_WEEK},
    ),
}  # fmt: skip
