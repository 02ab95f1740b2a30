"""Pages of text linked from everywhere: help, legal notice, personal data, accessibility (feature A9, and law)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from markupsafe import Markup

from portail.bookings.queries.offer import offer_in_force
from portail.bookings.wording import rule_sentences
from portail.towns.models import Town
from portail.web.pages import labels_of, show
from portail.web.requests import TownRequest


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page."""

    id: str
    title: str
    html: Markup


def section(id_: str, title: str, *paragraphs: str, lines: list[str] | None = None) -> Section:
    """A section: paragraphs, then the lines of a list; everything is escaped."""
    html = Markup("").join(Markup("<p>{}</p>").format(text) for text in paragraphs)
    if lines:
        html += Markup("<ul>{}</ul>").format(Markup("").join(Markup("<li>{}</li>").format(text) for text in lines))
    return Section(id_, title, html)


@require_safe
def legal(request: HttpRequest) -> HttpResponse:
    """« Mentions légales »."""
    return _text(request, _("Mentions légales"), _legal)


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """« Données personnelles »."""
    return _text(request, _("Données personnelles"), _privacy)


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """The declaration of art. 47 of loi 2005-102: « non conforme » as long as the town has entered no audit."""
    return _text(request, _("Accessibilité : non conforme"), _accessibility)


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """« Aide »: how to, in the town's words and with its own rules."""
    return _text(request, _("Aide"), _help, current="help")


def _text(
    request: HttpRequest, title: str, write: Callable[[Town, Callable[[str], str]], list[Section]], *, current: str = ""
) -> HttpResponse:
    visitor = cast(TownRequest, request)
    sections = write(visitor.town, labels_of(visitor.town))
    return show(visitor, "web/text.html", {"title": title, "sections": sections}, current=current)


def _contact_lines(town: Town) -> list[str]:
    return [line for line in (town.name, town.address, town.phone, town.email) if line]


def _legal(town: Town, label: Callable[[str], str]) -> list[Section]:
    return [
        section("editor", _("Éditeur du site"), _("Ce site est édité par :"), lines=_contact_lines(town)),
        section(
            "software",
            _("Logiciel"),
            _("Le site est servi par le logiciel libre « Les Parents Services », sous licence EUPL 1.2. Son code peut "
              "être lu, vérifié et réutilisé par tous."),
        ),
        section(
            "hosting",
            _("Hébergement"),
            _("Le nom et l'adresse de l'hébergeur sont communiqués sur demande par %(town_hall)s.")
            % {"town_hall": label("town_hall")},
        ),
    ]  # fmt: skip


def _privacy(town: Town, label: Callable[[str], str]) -> list[Section]:
    return [
        section(
            "what",
            _("Ce que nous gardons"),
            _("Pour accueillir vos enfants et établir vos factures, la commune garde :"),
            lines=[
                _("vos nom, prénom, courriel et téléphone, et ceux de vos enfants avec leur école et leur classe ;"),
                _("les jours réservés et chaque modification, avec sa date et son moyen ;"),
                _("vos échanges avec le service enfance."),
            ],
        ),
        section(
            "why",
            _("Pourquoi"),
            _("C'est une mission d'intérêt public de la commune. Rien n'est vendu, rien n'est transmis à des "
              "publicitaires, et aucune autre entreprise n'est appelée par ces pages."),
        ),
        section(
            "cookies",
            _("Sur votre appareil"),
            _("Le site dépose des témoins (cookies) strictement nécessaires : votre session, la protection des "
              "formulaires, votre langue, et un repère de cet appareil qui évite que quelqu'un d'autre vous bloque. "
              "Vos cases cochées et non validées restent dans votre navigateur ; la déconnexion les efface."),
        ),
        section(
            "rights",
            _("Vos droits"),
            _("Vous pouvez voir, corriger ou demander l'effacement de vos données, ou vous opposer à leur usage, en "
              "écrivant %(to_town_hall)s. Si la réponse ne vous convient pas, vous pouvez saisir la CNIL.")
            % {"to_town_hall": label("to_town_hall")},
            lines=_contact_lines(town),
        ),
    ]  # fmt: skip


def _accessibility(town: Town, label: Callable[[str], str]) -> list[Section]:
    return [
        section(
            "state",
            _("État de conformité"),
            _("%(name)s s'engage à rendre ce service accessible, conformément à l'article 47 de la loi n° 2005-102 du "
              "11 février 2005.") % {"name": town.name},
            _("Ce site est non conforme avec le référentiel général d'amélioration de l'accessibilité (RGAA 4.1) : "
              "aucun audit de conformité n'a encore été réalisé. Le logiciel est conçu et vérifié automatiquement pour "
              "être utilisable au clavier, sans JavaScript et avec un lecteur d'écran."),
        ),
        section(
            "contact",
            _("Retour d'information et contact"),
            _("Si vous n'arrivez pas à accéder à un contenu ou à un service, écrivez-nous par « Contactez-nous » : une "
              "autre solution vous sera proposée sous une semaine."),
            lines=_contact_lines(town),
        ),
        section(
            "recourse",
            _("Voies de recours"),
            _("Vous avez signalé un défaut d'accessibilité qui vous empêche d'utiliser ce service, et vous n'avez pas "
              "obtenu de réponse satisfaisante ? Vous pouvez :"),
            lines=[
                _("écrire un message au Défenseur des droits sur le site defenseurdesdroits.fr ;"),
                _("contacter le délégué du Défenseur des droits dans votre région ;"),
                _("envoyer un courrier gratuit, sans timbre : Défenseur des droits, Libre réponse 71120, 75342 Paris "
                  "CEDEX 07."),
            ],
        ),
    ]  # fmt: skip


def _help(town: Town, label: Callable[[str], str]) -> list[Section]:
    payer_code, validate, town_hall = label("payer_code"), label("validate"), label("town_hall")
    rules = [
        f"{activity.name} – {' '.join(rule_sentences(activity))}"
        for activity in offer_in_force().rulebook.activities.values()
    ]
    return [
        section(
            "login",
            _("Me connecter"),
            _("Vos deux codes sont dans la lettre remise par %(town_hall)s : le Code enfant et le %(payer_code)s. Les "
              "codes d'un seul de vos enfants ouvrent le planning de tous.")
            % {"town_hall": town_hall, "payer_code": payer_code},
            _("Codes perdus ? Adressez-vous %(to_town_hall)s : ils ne sont jamais donnés par téléphone.")
            % {"to_town_hall": label("to_town_hall")},
        ),
        section(
            "planning",
            _("Cocher et valider"),
            _("Cochez ou décochez les jours, puis appuyez sur « %(validate)s ». Rien n'est enregistré avant.")
            % {"validate": validate},
            _("Un récapitulatif dit ensuite, case par case, ce qui est enregistré et ce qui ne l'est pas, avec la "
              "raison. Vous pouvez tout annuler d'un geste jusqu'à la première clôture."),
        ),
        section("rules", _("Jusqu'à quand changer ?"), lines=rules),
        section(
            "more",
            _("Gagner du temps"),
            lines=[
                _("« Copier cette semaine » recopie une semaine sur les suivantes."),
                _("« Semaine type » coche les mêmes jours sur toute une période, chaque semaine ou une sur deux."),
                _("« Absent du … au … » annule tout ce qui peut l'être entre deux dates."),
                _("« Périscotidien » choisit les jours de toute une période, une seule fois."),
                _("« Voir mes dernières modifications » garde la trace de chaque changement."),
            ],
        ),
        _invoices_help(),
        section(
            "logout",
            _("Vous avez terminé ?"),
            _("Sur un ordinateur partagé, appuyez sur « Déconnexion » avant de partir."),
        ),
    ]  # fmt: skip


def _invoices_help() -> Section:
    told = section(
        "invoices",
        _("Lire et payer mes factures"),
        _("« Facture » montre ce qui est à payer et ce qui l'est déjà. Le paiement se fait en quatre étapes."),
    )
    link = Markup('<p><a href="{}">{}</a></p>').format(
        reverse("invoice_manual"), _("Mode d'emploi Facture, avec des images")
    )
    return Section(told.id, told.title, told.html + link)
