"""French words of invoices and payments. What is printed on an invoice is French whoever reads it."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from fractions import Fraction

from django.utils import translation

from portail.rules.invoicing import InvoiceStatus
from portail.rules.paying import AttemptState
from portail.rules.pricing import Line, Unit, Why
from portail.towns import wording


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

# « À vérifier »: what online payments and papers leave for the town hall to look at, by the kind of the anomaly.
PAYMENT_ANOMALIES = {
    "to_reconcile": "annoncé payé par l'ancien formulaire : à rapprocher du relevé",
    "answer_differs": "la réponse de PayFiP diffère de la demande : rien n'a été crédité",
    "overpaid": "payé deux fois, ou trop : à rembourser, ou à imputer",
    "provider_down": "PayFiP n'a pas répondu : le parent n'a pas pu payer",
    "provider_refused": "PayFiP a refusé la demande : le parent n'a pas pu payer",
    "reopened_titre": "règlement rejeté d'une facture déjà transmise à la Trésorerie : dites-le au comptable",
    "given_back_in_vain": "règlement rejeté après un remboursement : la famille doit rendre ce qu'elle a reçu",
    "unprintable": "ce document ne peut pas être imprimé",
}
ATTEMPT_STATES = {
    AttemptState.CREATED: "demandée",
    AttemptState.FAILED: "jamais ouverte",
    AttemptState.WAITING: "en cours",
    AttemptState.PAID: "payée",
    AttemptState.REFUSED: "refusée",
    AttemptState.CANCELLED: "abandonnée",
    AttemptState.EXPIRED: "expirée",
    AttemptState.ANNOUNCED: "annoncée payée",
    AttemptState.REVIEW: "à vérifier",
}

_WHY = {
    Why.ABSENT: "absence",
    Why.JUSTIFIED: "absence justifiée",
    Why.UNBOOKED: "sans réservation",
    Why.LATE: "réservé hors délai",
}
_LONGEST = 200


def month(first_day: date) -> str:
    """« novembre 2026 », in French whoever asks: it is written on invoices."""
    with translation.override("fr"):
        return wording.month(first_day)


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


def idle_words(name: str, mode: str) -> str:
    """Why a régie that is set up for online payment offers none (`queries.regies.takes_online`)."""
    kind = {"T": "test", "X": "activation"}.get(mode, mode)
    return f"{name} : PayFiP en mode {mode} ({kind}), les familles ne peuvent pas payer en ligne ; passez au mode W"


def _percent(share: Fraction) -> str:
    percent = share * 100
    return str(percent) if percent.denominator == 1 else f"{float(percent):.2f}".rstrip("0").replace(".", ",")
