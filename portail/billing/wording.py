"""French words of invoices: states, lines, anomalies. What is printed on an invoice is French whoever reads it."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from fractions import Fraction

from portail.rules.invoicing import InvoiceStatus
from portail.rules.pricing import Line, Unit, Why


class RunAnomaly(StrEnum):
    """What the town looks at before it issues the invoices of a run; the first five are those of the pricing rules."""

    NO_TARIFF = "no_tariff"
    UNKNOWN_QUOTIENT = "unknown_quotient"
    UNBOOKED_PRESENCE = "unbooked_presence"
    BOOKED_NO_ATTENDANCE = "booked_no_attendance"
    MISSING_MINUTES = "missing_minutes"
    NO_PAYER = "no_payer"
    NO_EMAIL = "no_email"
    ZERO = "zero"
    ABOVE_MAXIMUM = "above_maximum"


RUN_ANOMALIES = {
    RunAnomaly.NO_TARIFF: "Aucun tarif ce jour-là : ces jours ne sont pas facturés",
    RunAnomaly.UNKNOWN_QUOTIENT: "Quotient familial inconnu : facturé au tarif le plus haut",
    RunAnomaly.UNBOOKED_PRESENCE: "Présent sans réservation",
    RunAnomaly.BOOKED_NO_ATTENDANCE: "Réservé, mais rien de noté ce jour-là",
    RunAnomaly.MISSING_MINUTES: "Heures d'arrivée ou de départ manquantes : ces jours ne sont pas facturés",
    RunAnomaly.NO_PAYER: "Personne ne doit ces jours : ils ne sont pas facturés",
    RunAnomaly.NO_EMAIL: "Aucun courriel : cette famille ne sera pas avertie",
    RunAnomaly.ZERO: "Rien à payer : pas de facture",
    RunAnomaly.ABOVE_MAXIMUM: "Montant trop élevé pour être payé en ligne",
}
# Days that nobody would ever pay: the run is not issued without the town's word.
BLOCKING = (RunAnomaly.NO_TARIFF, RunAnomaly.NO_PAYER)

STATUSES = {
    InvoiceStatus.DRAFT: "à émettre",
    InvoiceStatus.CARRIED: "reportée",
    InvoiceStatus.ISSUED: "émise",
    InvoiceStatus.TRANSFERRED: "transmise à la Trésorerie",
    InvoiceStatus.CANCELLED: "annulée",
}

_WHY = {
    Why.ABSENT: "absence",
    Why.JUSTIFIED: "absence justifiée",
    Why.UNBOOKED: "sans réservation",
    Why.LATE: "réservé hors délai",
}
_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip
_LONGEST = 200


def month(first_day: date) -> str:
    """« novembre 2026 »."""
    return f"{_MONTHS[first_day.month - 1]} {first_day.year}"


def line_label(activity: str, line: Line) -> str:
    """« Accueil soir (demi-heures) – réservé hors délai – part de 50 % »."""
    units = {Unit.PRESENCE: "", Unit.HALF_HOUR: " (demi-heures)", Unit.MONTH: " (forfait du mois)"}
    words = [f"{activity}{units[line.tariff.unit]}", *why_words(line.why)]
    if line.share != 1:
        words.append(f"part de {_percent(line.share)} %")
    return " – ".join(words)[:_LONGEST]


def why_words(why: Sequence[Why]) -> list[str]:
    """What is out of the ordinary in the reasons of a line."""
    return [_WHY[one] for one in why if one in _WHY]


def carried_label(label: str, first_day: date) -> str:
    """« Report de novembre 2026 : Cantine »; a line carried once more keeps its first month."""
    if label.startswith("Report de "):
        return label
    return f"Report de {month(first_day)} : {label}"[:_LONGEST]


def credit_label(number: str) -> str:
    """« Avoir n° 2026-004-000001 »."""
    return f"Avoir n° {number}"


def _percent(share: Fraction) -> str:
    percent = share * 100
    return str(percent) if percent.denominator == 1 else f"{float(percent):.2f}".rstrip("0").replace(".", ",")
