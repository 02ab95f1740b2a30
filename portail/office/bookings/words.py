"""The words of bookings at the town hall: a refusal in one sentence and in one word, doors, reasons to choose from."""

from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from portail.bookings.queries.offer import Offer
from portail.rules.booking import Channel, NotFor, Outcome, Refusal, Verdict
from portail.rules.calendar import ClosedWhy
from portail.towns import wording as say

CHANNELS = {
    Channel.WEB: "par internet",
    Channel.TOWN_HALL: "par la Mairie",
    Channel.PHONE: "par le serveur vocal",
    Channel.API: "par un logiciel",
}
REFUSAL_REASONS = (
    "Effectif déjà transmis à la cuisine",
    "Plus de place ce jour-là",
    "Demande reçue trop tard",
    "Activité fermée ce jour-là",
)
CALL_REASONS = (
    "Demande de la famille au téléphone",
    "Enfant malade",
    "Imprévu de la famille",
    "Absence de l'enseignant",
    "Erreur corrigée",
)
NOT_FOR = {
    NotFor.ADULTS_ONLY: "L'activité est réservée aux adultes.",
    NotFor.CHILDREN_ONLY: "L'activité est réservée aux enfants.",
    NotFor.AUDIENCE: "L'activité n'est pas pour cette école ou cette classe.",
    NotFor.TOO_YOUNG: "L'enfant sera trop jeune ce jour-là.",
    NotFor.TOO_OLD: "L'enfant sera trop grand ce jour-là.",
}
CLOSED = {
    ClosedWhy.PUBLIC_HOLIDAY: "Jour férié",
    ClosedWhy.HOLIDAYS: "Vacances scolaires",
    ClosedWhy.NO_SCHOOL: "Pas d'école ce jour-là",
    ClosedWhy.CATCH_UP: "Il y a école ce jour-là",
    ClosedWhy.ONLY_HOLIDAYS: "L'activité n'ouvre que pendant les vacances",
    ClosedWhy.CLOSURE: "Fermé ce jour-là",
}
SHORT: Mapping[Refusal, str] = {
    Refusal.UNREADABLE: "illisible",
    Refusal.UNKNOWN_CHILD: "inconnu",
    Refusal.UNKNOWN_ACTIVITY: "inconnue",
    Refusal.NOT_FOR_THIS_CHILD: "pas pour lui",
    Refusal.NOT_ENROLLED: "non inscrit à l'année",
    Refusal.NOT_OFFERED: "·",
    Refusal.CLOSED: "fermé",
    Refusal.PAST: "passé",
    Refusal.OCCASIONAL: "occasionnel",
    Refusal.READ_ONLY: "lecture seule",
    Refusal.NOT_YOUR_WEEK: "autre parent",
    Refusal.FROZEN: "validé",
    Refusal.WAITING: "demandé",
    Refusal.TOO_EARLY: "pas ouvert",
    Refusal.TOO_LATE: "clos",
    Refusal.FULL: "complet",
    Refusal.CHANGED_MEANWHILE: "modifié",
    Refusal.REQUIRES: "lié",
    Refusal.REQUIRED_BY: "lié",
    Refusal.EXCLUDES: "lié",
}


def parent_word(verdict: Verdict) -> str:
    """What the family meets in a cell that it cannot simply change: « clos », « sur demande »; "" when it can."""
    if verdict.refusal is not None:
        return SHORT[verdict.refusal]
    if verdict.outcome is Outcome.REQUESTED:
        return "sur demande"
    return "hors délai" if verdict.late else ""


def explain(verdict: Verdict, offer: Offer) -> str:
    """Why this was refused, in one sentence; "" when it was not."""
    return "" if verdict.refusal is None else REASONS[verdict.refusal](verdict, offer)


def activity_name(code: str, offer: Offer) -> str:
    """The name of an activity, or its code once it is gone."""
    rules = offer.rulebook.activities.get(code)
    return rules.name if rules else code


def _closed(verdict: Verdict, _offer: Offer) -> str:
    words = CLOSED.get(ClosedWhy(verdict.why), "Fermé ce jour-là") if verdict.why else "Fermé ce jour-là"
    return f"{words} : {verdict.name}." if verdict.name else f"{words}."


def _at(words: str) -> Callable[[Verdict, Offer], str]:
    def said(verdict: Verdict, offer: Offer) -> str:
        zone: ZoneInfo = offer.rulebook.zone
        return words.format(say.moment(verdict.when, zone) if verdict.when else "une autre date")

    return said


def _with(words: str) -> Callable[[Verdict, Offer], str]:
    return lambda verdict, offer: words.format(activity_name(verdict.other, offer))


def _meanwhile(verdict: Verdict, _offer: Offer) -> str:
    return f"Modifié entre-temps : c'est maintenant « {'inscrit' if verdict.booked_now else 'non inscrit'} »."


def _plain(words: str) -> Callable[[Verdict, Offer], str]:
    return lambda _verdict, _offer: words


REASONS: Mapping[Refusal, Callable[[Verdict, Offer], str]] = {
    Refusal.UNREADABLE: _plain("Cette case est illisible."),
    Refusal.UNKNOWN_CHILD: _plain("Cet enfant n'existe pas."),
    Refusal.UNKNOWN_ACTIVITY: _plain("Cette activité n'existe pas ou n'existe plus."),
    Refusal.NOT_FOR_THIS_CHILD: lambda verdict, _offer: NOT_FOR[NotFor(verdict.why)],
    Refusal.NOT_ENROLLED: _plain("L'activité est réservée aux enfants inscrits pour l'année : inscrivez-le d'abord."),
    Refusal.NOT_OFFERED: _plain("L'activité n'est pas proposée ce jour-là."),
    Refusal.CLOSED: _closed,
    Refusal.PAST: _plain("Ce jour est passé."),
    Refusal.OCCASIONAL: _plain("L'enfant vient de façon occasionnelle."),
    Refusal.READ_ONLY: _plain("Ce payeur voit le planning sans le changer."),
    Refusal.NOT_YOUR_WEEK: _plain("Cette semaine est celle de l'autre parent."),
    Refusal.FROZEN: _plain("Les jours de cette période ont été validés."),
    Refusal.WAITING: _plain("Une demande de la famille attend une réponse."),
    Refusal.TOO_EARLY: _at("Les familles pourront réserver à partir de {}."),
    Refusal.TOO_LATE: _at("La clôture était {}."),
    Refusal.FULL: _plain("Complet : il n'y a plus de place ce jour-là."),
    Refusal.CHANGED_MEANWHILE: _meanwhile,
    Refusal.REQUIRES: _with("Il faut aussi être inscrit à « {} » ce jour-là."),
    Refusal.REQUIRED_BY: _with("« {} » du même jour en a besoin : décochez les deux."),
    Refusal.EXCLUDES: _with("Déjà inscrit à « {} » ce jour-là : c'est l'un ou l'autre."),
}
