"""« Mode d'emploi Facture » (features A9, F1 to F9): how to find, read and pay an invoice, with pictures.

Said with the town's own words, régies and deadlines. What a refused or abandoned payment says here is what the payment
pages say: the same sentences.
"""

from dataclasses import dataclass
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from portail.billing.queries.regies import RegieTerms, regies_in_use
from portail.rules.paying import ANOTHER_AFTER, SECURE_PAGE_LIVES, AttemptState
from portail.towns import wording as say
from portail.web.invoices import reference_label, speaker_of
from portail.web.pages import show
from portail.web.requests import TownRequest
from portail.web.words_billing import Outcome, Speaker, means_words, outcome_of

# The states in the order in which a payer may meet them.
TROUBLES = (AttemptState.FAILED, AttemptState.REFUSED, AttemptState.CANCELLED, AttemptState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Picture:
    """A screenshot under static/web/help, taken on a phone of two pixels a point. Sizes in pixels."""

    name: str
    width: int
    height: int
    alt: Any  # translated when it is shown

    @property
    def path(self) -> str:
        return f"web/help/{self.name}.webp"


PICTURES = {
    picture.name: picture
    for picture in (
        Picture("liste", 750, 1280, gettext_lazy("La page « Mes factures », avec la facture à payer en premier.")),
        Picture(
            "expliquer",
            750,
            1034,
            gettext_lazy("Une ligne de facture ouverte par « Expliquer » : le tarif, le prix, puis chaque jour."),
        ),
        Picture(
            "etape-1",
            750,
            1271,
            gettext_lazy("Une facture choisie, l'adresse du ticket, le bouton « Procéder au paiement » et le montant."),
        ),
        Picture(
            "etape-2",
            750,
            1444,
            gettext_lazy("Le récapitulatif : total à régler, courriel, bouton « Payer en ligne »."),
        ),
        Picture(
            "banque-choix",
            750,
            667,
            gettext_lazy("La page de la banque : payer par prélèvement, par carte bancaire, ou annuler."),
        ),
        Picture(
            "banque-carte",
            750,
            933,
            gettext_lazy("Le formulaire de la carte : numéro, date d'expiration, cryptogramme, bouton « Valider »."),
        ),
        Picture(
            "banque-code",
            750,
            895,
            gettext_lazy("La banque demande le code reçu par SMS, puis « Confirmer le paiement »."),
        ),
        Picture(
            "banque-impots",
            750,
            900,
            gettext_lazy("La connexion à impots.gouv.fr : numéro fiscal, mot de passe, bouton « Connexion »."),
        ),
        Picture(
            "banque-fin",
            750,
            512,
            gettext_lazy("La banque annonce : « Votre paiement est enregistré », avec le ticket."),
        ),
        Picture(
            "etape-4",
            750,
            984,
            gettext_lazy(
                "La confirmation : « Votre paiement est accepté », les références, le bouton « Reçu en PDF »."
            ),
        ),
        Picture(
            "payees",
            750,
            1119,
            gettext_lazy("Une facture déjà payée : date, moyen, numéros, liens vers la facture et le reçu."),
        ),
        Picture(
            "courriel",
            750,
            1398,
            gettext_lazy("Le choix d'être prévenu par courriel, avec trois adresses de plus et « Enregistrer »."),
        ),
    )
}


@dataclass(frozen=True, slots=True)
class RegieView:
    """A régie in words; "" for what it does not have."""

    name: str
    activities: str
    payable: bool  # online
    online: str
    counter: str
    deadline: str
    after: str


@require_safe
def invoice_manual(request: HttpRequest) -> HttpResponse:
    """« Mode d'emploi Facture », for anybody: three queries."""
    visitor = cast(TownRequest, request)
    speaker, regies = speaker_of(visitor), regies_in_use()
    context = {
        "sections": _contents(regies),
        "pictures": PICTURES,
        "regies": [_regie_view(regie) for regie in regies],
        "online": any(regie.online for regie in regies),
        "fake": any(regie.fake for regie in regies),
        "popup": any(regie.popup for regie in regies),
        "confirmed": any(regie.confirmed for regie in regies),
        "troubles": _troubles(regies, speaker),
        "reference_label": reference_label(visitor),
        "open_minutes": int(SECURE_PAGE_LIVES.total_seconds()) // 60,
        "another_minutes": int(ANOTHER_AFTER.total_seconds()) // 60,
        "call": speaker.call,
    }
    return show(visitor, "web/manual.html", context, current="help")


def _contents(regies: list[RegieTerms]) -> list[tuple[str, str]]:
    """The table of contents: (anchor, title). What concerns online payment goes without it."""
    online = any(regie.online for regie in regies)
    found = [
        ("trouver", _("Trouver mes factures"), True),
        ("comprendre", _("Lire et comprendre une facture"), True),
        ("moyens", _("Où, comment et jusqu'à quand payer"), bool(regies)),
        ("payer", _("Payer en 4 étapes"), online),
        ("apres", _("Après le paiement"), online),
        ("probleme", _("Ça n'a pas marché ?"), online),
        ("date-limite", _("Après la date limite"), online),
        ("courriel", _("Être prévenu par courriel"), True),
        ("attestation", _("Attestation fiscale"), True),
        ("fin", _("Vous avez terminé ?"), True),
    ]
    return [(anchor, title) for anchor, title, wanted in found if wanted]


def _regie_view(regie: RegieTerms) -> RegieView:
    return RegieView(
        name=regie.name,
        activities=say.listing(list(regie.activities)),
        payable=regie.online,
        online=_online(regie),
        counter=say.listing([means_words(code) for code in regie.means]),
        deadline=_deadline(regie.payable_day),
        after=regie.after_deadline,
    )


def _online(regie: RegieTerms) -> str:
    if not regie.online:
        return _("non")
    return _("oui, en mode test : aucun paiement réel") if regie.fake else _("oui, par PayFiP")


def _deadline(day: int | None) -> str:
    if day is None:
        return ""
    if day == 1:
        return _("jusqu'au 1er du mois suivant la facture, inclus")
    return _("jusqu'au %(day)d du mois suivant la facture, inclus") % {"day": day}


def _troubles(regies: list[RegieTerms], speaker: Speaker) -> list[Outcome]:
    """What a payer may read instead of « accepté », in the words of the payment pages."""
    told = (AttemptState.ANNOUNCED,) if any(regie.confirmed for regie in regies) else ()
    return [outcome_of(state, speaker) for state in (*TROUBLES, *told, AttemptState.REVIEW)]
