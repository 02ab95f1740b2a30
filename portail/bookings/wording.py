"""Cut-offs as sentences: the rule reads itself back, in one place, for every face."""

from collections.abc import Iterable
from datetime import date

from django.utils.translation import gettext as _

from portail.rules.booking import ActivityRules
from portail.rules.cutoffs import Cutoff, CutoffKind
from portail.towns import wording as say


def cutoff_sentence(cutoff: Cutoff) -> str:
    """« jusqu'à la veille (jour ouvré) à 10 h », « jusqu'au jeudi à 17 h pour toute la semaine suivante »."""
    sentence = _until(cutoff) % {"n": cutoff.days, "time": say.time(cutoff.at)}
    if cutoff.moved_back and cutoff.kind is not CutoffKind.WORKING_DAYS:
        sentence += " " + _("(avancé au jour ouvré précédent si ce jour n'est pas travaillé)")
    return sentence


def cutoff_short(cutoff: Cutoff) -> str:
    """« clôt la veille à 10 h »: the few words under the name of an activity."""
    words = {"n": cutoff.days, "time": say.time(cutoff.at), "weekday": say.weekday(cutoff.weekday)}
    match cutoff.kind:
        case CutoffKind.FIXED_DATE:
            return _("clôt le %(day)s à %(time)s") % {**words, "day": say.numeric(cutoff.on or date.min)}
        case CutoffKind.WEEKDAY_BEFORE:
            return _week_short(cutoff.weeks) % {**words, "weeks": cutoff.weeks}
        case CutoffKind.SAME_DAY:
            return _("clôt le jour même à %(time)s") % words
        case _:
            return _days_short(cutoff) % words


def _week_short(weeks: int) -> str:
    if weeks == 0:
        return _("clôt le %(weekday)s de la semaine à %(time)s")
    if weeks == 1:
        return _("clôt le %(weekday)s d'avant à %(time)s")
    return _("clôt le %(weekday)s, %(weeks)d semaines avant, à %(time)s")


def _days_short(cutoff: Cutoff) -> str:
    if cutoff.days == 0:
        return _("clôt le jour même à %(time)s")
    one, many = {
        CutoffKind.WORKING_DAYS: (_("clôt la veille ouvrée à %(time)s"), _("clôt %(n)d jours ouvrés avant à %(time)s")),
        CutoffKind.SCHOOL_DAYS: (
            _("clôt le jour d'école d'avant à %(time)s"),
            _("clôt %(n)d jours d'école avant à %(time)s"),
        ),
    }.get(cutoff.kind, (_("clôt la veille à %(time)s"), _("clôt %(n)d jours avant à %(time)s")))
    return one if cutoff.days == 1 else many


def rule_sentences(activity: ActivityRules) -> list[str]:
    """One sentence for both, or one for booking and one for cancelling when they differ."""
    if activity.book == activity.cancel:
        return [_("Inscription et annulation : %(until)s.") % {"until": cutoff_sentence(activity.book)}]
    return [
        _("Inscription : %(until)s.") % {"until": cutoff_sentence(activity.book)},
        _("Annulation : %(until)s.") % {"until": cutoff_sentence(activity.cancel)},
    ]


def reminders(activities: Iterable[ActivityRules]) -> list[str]:
    """« Cantine, Accueil matin : jusqu'à la veille à 10 h » for each distinct rule, in the order of the planning."""
    names: dict[str, list[str]] = {}
    for activity in activities:
        rule = cutoff_sentence(activity.book)
        if activity.cancel != activity.book:
            rule = _("%(book)s pour inscrire, %(cancel)s pour annuler") % {
                "book": rule,
                "cancel": cutoff_sentence(activity.cancel),
            }
        names.setdefault(rule, []).append(activity.name)
    return [_("%(names)s : %(rule)s") % {"names": say.listing(found), "rule": rule} for rule, found in names.items()]


def _until(cutoff: Cutoff) -> str:
    match cutoff.kind:
        case CutoffKind.SAME_DAY:
            return _("jusqu'au jour même à %(time)s")
        case CutoffKind.FIXED_DATE:
            return _("jusqu'au %(day)s à %%(time)s") % {"day": say.day(cutoff.on or date.min)}
        case CutoffKind.WEEKDAY_BEFORE:
            return _weekday_before(cutoff)
        case _:
            return _days_before(cutoff)


def _days_before(cutoff: Cutoff) -> str:
    one, many = {
        CutoffKind.WORKING_DAYS: (
            _("jusqu'à la veille (jour ouvré) à %(time)s"),
            _("jusqu'à %(n)d jours ouvrés avant, à %(time)s"),
        ),
        CutoffKind.SCHOOL_DAYS: (
            _("jusqu'au jour d'école précédent à %(time)s"),
            _("jusqu'à %(n)d jours d'école avant, à %(time)s"),
        ),
    }.get(cutoff.kind, (_("jusqu'à la veille à %(time)s"), _("jusqu'à %(n)d jours avant, à %(time)s")))
    if cutoff.days == 0:
        return _("jusqu'au jour même à %(time)s")
    return one if cutoff.days == 1 else many


def _weekday_before(cutoff: Cutoff) -> str:
    if cutoff.weeks == 0:
        sentence = _("jusqu'au %(weekday)s de la même semaine à %%(time)s")
    elif cutoff.weeks == 1:
        sentence = _("jusqu'au %(weekday)s à %%(time)s pour toute la semaine suivante")
    else:
        sentence = _("jusqu'au %(weekday)s, %(weeks)d semaines avant, à %%(time)s")
    return sentence % {"weekday": say.weekday(cutoff.weekday), "weeks": cutoff.weeks}
