"""From the days of a month to the lines of an invoice (issue 3, « Tariffs »). Pure: no clock, no database.

`price_month` prices one person at one activity; `owed_by` says who owes its lines; `from_json` and `to_json` read and
write a tariff; `explain` keeps what stands behind a line; `likeness` tells who pays alike.
"""

from portail.rules.pricing.facts import (
    Anomaly,
    Attendance,
    Consumed,
    DayCharge,
    FreeDay,
    Line,
    Noticed,
    Priced,
    Quote,
    QuotientSpan,
    Standing,
    Why,
    quotient_on,
)
from portail.rules.pricing.month import price_month
from portail.rules.pricing.owing import AlternateWeeks, OnePayer, Owing, Rule, Shares, owed_by, split_cents
from portail.rules.pricing.quoting import likeness, quote
from portail.rules.pricing.shape import explain, from_json, to_json
from portail.rules.pricing.values import (
    AbsenceRules,
    Basis,
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
    half_up,
    tariff_on,
)

__all__ = [
    "AbsenceRules",
    "AlternateWeeks",
    "Anomaly",
    "Attendance",
    "Basis",
    "Bracket",
    "Brackets",
    "Consumed",
    "DayCharge",
    "Effort",
    "FreeDay",
    "Increase",
    "Line",
    "Noticed",
    "OnePayer",
    "Owing",
    "Price",
    "Priced",
    "Quote",
    "QuotientSpan",
    "Rule",
    "Scale",
    "Shares",
    "Standing",
    "Surcharge",
    "SurchargeKind",
    "Tariff",
    "TariffError",
    "Unit",
    "Why",
    "explain",
    "from_json",
    "half_up",
    "likeness",
    "owed_by",
    "price_month",
    "quote",
    "quotient_on",
    "split_cents",
    "tariff_on",
    "to_json",
]
