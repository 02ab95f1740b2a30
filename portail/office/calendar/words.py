"""French words of this area for the values of the rules."""

from datetime import date

from portail.bookings.models import Event
from portail.rules.booking import DependencyKind, LatePolicy
from portail.rules.calendar import Opening
from portail.rules.cutoffs import CutoffKind
from portail.towns import wording as say

OPENINGS = {
    Opening.SCHOOL_DAYS: "les jours d'école",
    Opening.WEDNESDAYS: "les mercredis des semaines d'école",
    Opening.SMALL_HOLIDAYS: "pendant les petites vacances",
    Opening.SUMMER: "pendant les grandes vacances",
    Opening.ANY_DAY: "tous les jours, sauf les jours fériés",
}
CUTOFFS = {
    CutoffKind.WORKING_DAYS: "quelques jours ouvrés avant",
    CutoffKind.CALENDAR_DAYS: "quelques jours avant, week-ends compris",
    CutoffKind.SCHOOL_DAYS: "quelques jours d'école avant",
    CutoffKind.WEEKDAY_BEFORE: "un jour fixe d'une semaine d'avant",
    CutoffKind.SAME_DAY: "le jour même",
    CutoffKind.FIXED_DATE: "une date fixe, la même pour tous les jours",
}
LATE = {
    LatePolicy.REFUSE: "C'est trop tard : la demande est refusée",
    LatePolicy.ASK: "La demande part à la mairie, qui accepte ou refuse",
    LatePolicy.ACCEPT: "C'est accepté, marqué « hors délai »",
}
LINKS = {
    DependencyKind.REQUIRES: "Demande aussi",
    DependencyKind.IMPLIES: "Ajoute d'elle-même",
    DependencyKind.EXCLUDES: "Jamais le même jour que",
}
EVENTS = {
    Event.Kind.STRIKE: "Grève",
    Event.Kind.OUTING: "Sortie scolaire",
    Event.Kind.ABSENCE: "Enseignant absent",
    Event.Kind.WEATHER: "Neige, intempéries",
    Event.Kind.OTHER: "Fermeture",
}


def weekdays(numbers: frozenset[int]) -> str:
    """« lundi, mardi, jeudi et vendredi »; « du lundi au vendredi » for five in a row."""
    if numbers == frozenset(range(5)):
        return "du lundi au vendredi"
    return say.listing([say.weekday(number) for number in sorted(numbers)])


def days(first: date, last: date) -> str:
    """« le lundi 23 novembre 2026 », « du lundi 23 novembre 2026 au mardi 24 novembre 2026 »."""
    return f"le {say.day(first)}" if first == last else f"du {say.day(first)} au {say.day(last)}"


def counted(number: int, one: str, many: str) -> str:
    """« 1 réservation », « 12 réservations »."""
    return f"{say.number(number)} {one if number < 2 else many}"
