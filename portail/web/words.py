"""Refusals in plain French, with what can still be done. One entry for every `Refusal`: a test looks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from portail.bookings.queries.offer import Offer
from portail.rules.booking import NotFor, Refusal, Verdict
from portail.rules.calendar import ClosedWhy
from portail.towns import wording as say
from portail.towns.models import Town


@dataclass(frozen=True, slots=True)
class Setting:
    """What a sentence may need besides the verdict."""

    town: Town
    offer: Offer
    now: datetime
    town_hall: str  # the town's own word: la mairie, la collectivité, le SIVOS

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.town.time_zone)

    def name_of(self, activity: str) -> str:
        """The name of an activity, or its code once it is gone."""
        rules = self.offer.rulebook.activities.get(activity)
        return rules.name if rules else activity

    @property
    def call(self) -> str:
        """« Appelez la mairie au 01 23 45 67 89. »"""
        if self.town.phone:
            return _("Appelez %(town_hall)s au %(phone)s.") % {
                "town_hall": self.town_hall, "phone": self.town.phone.replace(" ", "\u00a0")
            }  # fmt: skip
        return _("Contactez %(town_hall)s.") % {"town_hall": self.town_hall}


Words = Callable[[Verdict, Setting], tuple[str, str]]
"""(reason, what can still be done) of a refused wish."""


def explain(verdict: Verdict, setting: Setting) -> tuple[str, str]:
    """The reason and the advice for a refused verdict."""
    if verdict.refusal is None:
        return "", ""
    return WORDS[verdict.refusal](verdict, setting)


def _closed(verdict: Verdict, setting: Setting) -> tuple[str, str]:
    name = verdict.name
    sentences = {
        ClosedWhy.PUBLIC_HOLIDAY: _("C'est un jour férié : %(name)s."),
        ClosedWhy.HOLIDAYS: _("Ce sont les vacances scolaires : %(name)s."),
        ClosedWhy.NO_SCHOOL: _("Il n'y a pas école ce jour-là : %(name)s.")
        if name
        else _("Il n'y a pas école ce jour-là."),
        ClosedWhy.CATCH_UP: _("Il y a école ce jour-là : %(name)s.") if name else _("Il y a école ce jour-là."),
        ClosedWhy.ONLY_HOLIDAYS: _("Cette activité n'ouvre que pendant les vacances."),
        ClosedWhy.CLOSURE: _("C'est fermé ce jour-là : %(name)s.") if name else _("C'est fermé ce jour-là."),
    }  # fmt: skip
    sentence = sentences.get(ClosedWhy(verdict.why)) if verdict.why else None
    return (sentence or _("C'est fermé ce jour-là.")) % {"name": name}, ""


def _too_late(verdict: Verdict, setting: Setting) -> tuple[str, str]:
    when = say.moment_near(verdict.when, setting.now, setting.zone) if verdict.when else ""
    return _("La clôture était %(when)s.") % {"when": when}, setting.call


def _too_early(verdict: Verdict, setting: Setting) -> tuple[str, str]:
    if verdict.when is None:
        return _("Cette semaine n'est pas encore ouverte."), ""
    day = say.day_without_year(say.local(verdict.when, setting.zone).date())
    return _("Cette semaine n'est pas encore ouverte : elle le sera le %(day)s.") % {"day": day}, ""


def _not_for(verdict: Verdict, setting: Setting) -> tuple[str, str]:
    sentences = {
        NotFor.ADULTS_ONLY: _("Cette activité est réservée aux adultes."),
        NotFor.CHILDREN_ONLY: _("Cette activité est réservée aux enfants."),
        NotFor.AUDIENCE: _("Cette activité n'est pas proposée à l'école ou à la classe de votre enfant."),
        NotFor.TOO_YOUNG: _("Votre enfant sera trop jeune ce jour-là pour cette activité."),
        NotFor.TOO_OLD: _("Votre enfant sera trop grand ce jour-là pour cette activité."),
    }
    return sentences[NotFor(verdict.why)], setting.call


def _meanwhile(verdict: Verdict, setting: Setting) -> tuple[str, str]:
    states = {True: _("inscrit"), False: _("non inscrit")}
    return (
        _("Modifié entre-temps : la page montrait « %(shown)s », c'est maintenant « %(now)s ».")
        % {"shown": states[bool(verdict.wish.seen)], "now": states[bool(verdict.booked_now)]},
        _("Rien n'a été changé ici. Vérifiez le planning, puis recommencez si besoin."),
    )


def _needs(verdict: Verdict, setting: Setting) -> tuple[str, str]:
    other = setting.name_of(verdict.other)
    return (
        _("Il faut aussi être inscrit à « %(other)s » ce jour-là.") % {"other": other},
        _("Cochez les deux, si « %(other)s » est possible.") % {"other": other},
    )


def _needed(verdict: Verdict, setting: Setting) -> tuple[str, str]:
    other = setting.name_of(verdict.other)
    return (
        _("« %(other)s » du même jour en a besoin.") % {"other": other},
        _("Décochez d'abord, ou en même temps, « %(other)s ».") % {"other": other},
    )


def _excluded(verdict: Verdict, setting: Setting) -> tuple[str, str]:
    other = setting.name_of(verdict.other)
    return (
        _("Votre enfant est inscrit à « %(other)s » ce jour-là : c'est l'un ou l'autre.") % {"other": other},
        _("Pour changer, décochez « %(other)s » en même temps.") % {"other": other},
    )


def _plain(reason: Callable[[], str], *, call: bool = False) -> Words:
    return lambda verdict, setting: (reason(), setting.call if call else "")


WORDS: Mapping[Refusal, Words] = {
    Refusal.UNREADABLE: _plain(lambda: _("Cette case est illisible : rien n'a été changé.")),
    Refusal.UNKNOWN_CHILD: _plain(lambda: _("Ce n'est pas l'un de vos enfants.")),
    Refusal.UNKNOWN_ACTIVITY: _plain(lambda: _("Cette activité n'existe pas ou n'existe plus.")),
    Refusal.NOT_FOR_THIS_CHILD: _not_for,
    Refusal.NOT_ENROLLED: _plain(
        lambda: _("Cette activité est réservée aux enfants qui y sont inscrits pour l'année."), call=True
    ),
    Refusal.NOT_OFFERED: _plain(lambda: _("L'activité n'est pas proposée ce jour-là.")),
    Refusal.CLOSED: _closed,
    Refusal.PAST: _plain(lambda: _("Ce jour est passé.")),
    Refusal.OCCASIONAL: _plain(
        lambda: _("Votre enfant vient de façon occasionnelle : ses jours ne se changent pas sur ce site."), call=True
    ),
    Refusal.READ_ONLY: _plain(lambda: _("Vous pouvez voir ce planning, pas le changer."), call=True),
    Refusal.NOT_YOUR_WEEK: _plain(
        lambda: _("Cette semaine est celle de l'autre parent : lui seul peut la changer."), call=True
    ),
    Refusal.FROZEN: _plain(lambda: _("Les jours de cette période ont été validés et ne changent plus."), call=True),
    Refusal.WAITING: _plain(lambda: _("Une demande est déjà en attente de réponse pour ce jour.")),
    Refusal.TOO_EARLY: _too_early,
    Refusal.TOO_LATE: _too_late,
    Refusal.FULL: _plain(lambda: _("C'est complet : il n'y a plus de place ce jour-là."), call=True),
    Refusal.CHANGED_MEANWHILE: _meanwhile,
    Refusal.REQUIRES: _needs,
    Refusal.REQUIRED_BY: _needed,
    Refusal.EXCLUDES: _excluded,
}

# One or two words for the cell itself.
SHORT: Mapping[Refusal, Callable[[], str]] = {
    Refusal.NOT_OFFERED: lambda: "·",
    Refusal.CLOSED: lambda: _("fermé"),
    Refusal.PAST: lambda: _("passé"),
    Refusal.TOO_LATE: lambda: _("clos"),
    Refusal.TOO_EARLY: lambda: _("pas ouvert"),
    Refusal.FULL: lambda: _("complet"),
    Refusal.WAITING: lambda: _("en attente"),
    Refusal.NOT_ENROLLED: lambda: _("réservé"),
    Refusal.NOT_YOUR_WEEK: lambda: _("autre parent"),
    Refusal.FROZEN: lambda: _("validé"),
}


def short(refusal: Refusal) -> str:
    """The words of a cell that cannot be changed."""
    return SHORT.get(refusal, lambda: _("fixe"))()
