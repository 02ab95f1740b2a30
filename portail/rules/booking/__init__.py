"""May this person be ticked or unticked for this day? Pure: no clock, no database.

`refusal_of` answers for one cell, dependencies aside; `judge` for a whole submission, dependencies included; `settle`
again, once the writing operation found some days full.
"""

from portail.rules.booking.judging import judge, settle
from portail.rules.booking.reasons import age_on, deadline_of, refusal_of
from portail.rules.booking.values import (
    ActivityRules,
    Audience,
    Cell,
    Channel,
    Dependency,
    DependencyKind,
    Known,
    LatePolicy,
    NotFor,
    Outcome,
    PersonFacts,
    Refusal,
    Right,
    Rulebook,
    Verdict,
    Wish,
)

__all__ = [
    "ActivityRules",
    "Audience",
    "Cell",
    "Channel",
    "Dependency",
    "DependencyKind",
    "Known",
    "LatePolicy",
    "NotFor",
    "Outcome",
    "PersonFacts",
    "Refusal",
    "Right",
    "Rulebook",
    "Verdict",
    "Wish",
    "age_on",
    "deadline_of",
    "judge",
    "refusal_of",
    "settle",
]
