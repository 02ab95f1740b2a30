"""Refusals in plain French for whoever types commands. One entry for every `Refusal`: a test looks."""

from collections.abc import Mapping

from portail.rules.booking import NotFor, Refusal, Verdict
from portail.rules.calendar import ClosedWhy

WORDS: Mapping[Refusal, str] = {
    Refusal.UNREADABLE: "ce jour est illisible",
    Refusal.UNKNOWN_CHILD: "aucun enfant n'a ce code",
    Refusal.UNKNOWN_ACTIVITY: "cette activité n'existe pas",
    Refusal.NOT_FOR_THIS_CHILD: "cette activité n'est pas pour cet enfant",
    Refusal.NOT_ENROLLED: "l'enfant n'est pas inscrit à cette activité (portail enrol)",
    Refusal.NOT_OFFERED: "l'activité n'est pas proposée ce jour-là",
    Refusal.CLOSED: "c'est fermé ce jour-là",
    Refusal.PAST: "ce jour est passé",
    Refusal.OCCASIONAL: "l'enfant est occasionnel",
    Refusal.READ_ONLY: "le payeur ne peut que lire",
    Refusal.NOT_YOUR_WEEK: "ce n'est pas la semaine de ce payeur",
    Refusal.FROZEN: "les jours de cette période ont été validés",
    Refusal.WAITING: "une demande de la famille attend une réponse",
    Refusal.TOO_EARLY: "cette semaine n'est pas encore ouverte",
    Refusal.TOO_LATE: "la clôture est passée",
    Refusal.FULL: "c'est complet",
    Refusal.CHANGED_MEANWHILE: "modifié entre-temps",
    Refusal.REQUIRES: "il faut aussi « {other} » ce jour-là",
    Refusal.REQUIRED_BY: "« {other} » en a besoin ce jour-là",
    Refusal.EXCLUDES: "incompatible avec « {other} » ce jour-là",
}
WHY: Mapping[str, str] = {
    NotFor.ADULTS_ONLY: "réservée aux adultes",
    NotFor.CHILDREN_ONLY: "réservée aux enfants",
    NotFor.AUDIENCE: "pas pour cette école ou cette classe",
    NotFor.TOO_YOUNG: "trop jeune",
    NotFor.TOO_OLD: "trop âgé",
    ClosedWhy.PUBLIC_HOLIDAY: "jour férié",
    ClosedWhy.HOLIDAYS: "vacances",
    ClosedWhy.NO_SCHOOL: "pas d'école",
    ClosedWhy.CATCH_UP: "il y a école",
    ClosedWhy.ONLY_HOLIDAYS: "seulement pendant les vacances",
    ClosedWhy.CLOSURE: "fermeture",
}


def explain(verdict: Verdict) -> str:
    """« c'est fermé ce jour-là (vacances, Vacances de Noël). »"""
    if verdict.refusal is None:
        return ""
    more = [WHY.get(verdict.why, ""), verdict.name]
    detail = ", ".join(word for word in more if word)
    sentence = WORDS[verdict.refusal].format(other=verdict.other)
    return f"{sentence} ({detail})." if detail else f"{sentence}."
