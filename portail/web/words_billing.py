"""Invoices and payments in plain French: why one is not payable here, what became of a payment, and by what means.

One entry for every `NotPayable`, `AttemptState` and means: a test looks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from portail.billing.models import Payment
from portail.billing.queries.cards import Clock, InvoiceCard
from portail.rules.invoicing import NotPayable
from portail.rules.paying import AttemptState
from portail.towns import wording as say

Means = Payment.Means

# Said by the operations, in French; marked here for the catalogues.
SAID_ELSEWHERE = (
    gettext_noop("Cette adresse est déjà dans la liste."),
    gettext_noop("Trop d'adresses ont été essayées aujourd'hui : recommencez demain."),
    gettext_noop("La banque refuse cette adresse de courriel. Vérifiez-la, ou choisissez-en une autre."),
)


@dataclass(frozen=True, slots=True)
class Speaker:
    """What a sentence may need besides the invoice: the instant, and the town's words for itself."""

    clock: Clock
    label: Callable[[str], str]
    phone: str

    @property
    def call(self) -> str:
        """« Appelez la mairie au 01 23 45 67 89. »"""
        town_hall = self.label("town_hall")
        if self.phone:
            number = self.phone.replace(" ", "\u00a0")  # never cut at the end of a line
            return _("Appelez %(town_hall)s au %(phone)s.") % {"town_hall": town_hall, "phone": number}
        return _("Contactez %(town_hall)s.") % {"town_hall": town_hall}

    def near(self, instant: datetime) -> str:
        """« aujourd'hui à 21 h 52 »."""
        return say.moment_near(instant, self.clock.now, self.clock.zone)


@dataclass(frozen=True, slots=True)
class State:
    """Where an invoice stands: `kind` of the notice, one or two words, the reason, what can be done."""

    kind: str
    chip: str
    reason: str = ""
    advice: str = ""


Words = Callable[[InvoiceCard, Speaker], State]


def state_of(card: InvoiceCard, speaker: Speaker) -> State:
    """Where an invoice that is to be paid stands, in words."""
    if card.refusal is None:
        late = card.due_on < speaker.clock.today
        chip = _("échéance dépassée") if late else _("reste à payer") if card.paid_cents else _("à payer")
        return State("warn" if late else "info", chip, _unanswered(card, speaker))
    return NOT_PAYABLE[card.refusal](card, speaker)


def refused(reason: NotPayable, card: InvoiceCard, speaker: Speaker) -> State:
    """Why a payment that was asked for cannot be opened."""
    return NOT_PAYABLE[reason](card, speaker)


def deadline(card: InvoiceCard) -> str:
    """« jusqu'au jeudi 10 décembre 2026 inclus » (feature F8)."""
    if card.payable_until is None:
        return ""
    return _("jusqu'au %(day)s inclus") % {"day": say.day(card.payable_until)}


def _unanswered(card: InvoiceCard, speaker: Speaker) -> str:
    """An operation that no longer holds the invoice, but may still bring money: better said before paying twice."""
    if card.attempt is None:
        return ""
    return _(
        "Un paiement ouvert %(when)s est resté sans réponse de la banque. Si votre banque l'a accepté, ne payez pas "
        "une seconde fois : il sera enregistré dès que nous le saurons."
    ) % {"when": speaker.near(card.attempt.created_at)}  # fmt: skip


def _under_way(card: InvoiceCard, speaker: Speaker) -> State:
    attempt = card.attempt
    reason = (
        _("Un paiement est en cours : il a été ouvert %(when)s.") % {"when": speaker.near(attempt.created_at)}
        if attempt
        else _("Un paiement est en cours pour cette facture.")
    )
    advice = ""
    if card.until is not None:
        advice = _("Si vous ne l'avez pas terminé, vous pourrez en ouvrir un autre %(when)s.") % {
            "when": speaker.near(card.until)
        }
    return State("info", _("paiement en cours"), reason, advice)


def _deadline(card: InvoiceCard, speaker: Speaker) -> State:
    day = say.day(card.payable_until) if card.payable_until else ""
    reason = _("Cette facture était payable en ligne jusqu'au %(day)s inclus.") % {"day": day}
    return State("warn", _("date limite passée"), reason, card.regie.after_deadline or _elsewhere(card, speaker))


def _not_online(card: InvoiceCard, speaker: Speaker) -> State:
    """Without a counter of its own, the régie only says where else: the Trésorerie, for a titre."""
    usual = _elsewhere(card, speaker)
    advice = usual if card.regie.means else card.regie.after_deadline or usual
    return State("info", _("pas en ligne"), _("Cette facture ne se paie pas en ligne."), advice)


def _transferred(card: InvoiceCard, speaker: Speaker) -> State:
    reason = _("Cette facture a été transférée à la Trésorerie : elle ne se paie plus ici.")
    usual = _("Suivez l'avis des sommes à payer que la Trésorerie vous envoie.")
    return State("warn", _("à la Trésorerie"), reason, card.regie.after_deadline or usual)


def _remitted(card: InvoiceCard, speaker: Speaker) -> State:
    if card.collected_on is None:
        return State("info", _("sera prélevée"), _("Cette facture sera prélevée sur votre compte."), _nothing())
    day = say.day(card.collected_on)
    reason = _("Cette facture sera prélevée sur votre compte le %(day)s.") % {"day": day}
    return State("info", _("sera prélevée"), reason, _nothing())


def _nothing() -> str:
    return _("Vous n'avez rien à faire.")


def _elsewhere(card: InvoiceCard, speaker: Speaker) -> str:
    """« Au guichet : espèces, chèque bancaire. Appelez la mairie au … »"""
    means = say.listing([means_words(code) for code in card.regie.means])
    there = _("Moyens acceptés au guichet : %(means)s.") % {"means": means} if means else ""
    return " ".join(part for part in (there, speaker.call) if part)


def _plain(kind: str, chip: Callable[[], str], reason: Callable[[], str], *, elsewhere: bool = False) -> Words:
    return lambda card, speaker: State(kind, chip(), reason(), _elsewhere(card, speaker) if elsewhere else "")


NOT_PAYABLE: Mapping[NotPayable, Words] = {
    NotPayable.PAID: _plain("good", lambda: _("réglée"), lambda: _("Cette facture est déjà réglée.")),
    NotPayable.CANCELLED: _plain(
        "info", lambda: _("annulée"), lambda: _("Cette facture a été annulée par un avoir : il n'y a rien à payer.")
    ),
    NotPayable.TRANSFERRED: _transferred,
    NotPayable.NOT_ISSUED: _plain("info", lambda: _("à venir"), lambda: _("Cette facture n'est pas encore émise.")),
    NotPayable.DEADLINE: _deadline,
    NotPayable.REMITTED: _remitted,
    NotPayable.TOO_SMALL: _plain(
        "info",
        lambda: _("trop petit montant"),
        lambda: _("Ce montant est trop petit pour être payé en ligne."),
        elsewhere=True,
    ),
    NotPayable.TOO_LARGE: _plain(
        "info",
        lambda: _("trop grand montant"),
        lambda: _("Ce montant est trop grand pour être payé en ligne en une fois."),
        elsewhere=True,
    ),
    NotPayable.NO_PROVIDER: _not_online,
    NotPayable.UNDER_WAY: _under_way,
    NotPayable.ANNOUNCED: lambda card, speaker: State(
        "info",
        _("paiement annoncé"),
        _("La banque annonce un paiement, que %(town_hall)s doit encore confirmer.")
        % {"town_hall": speaker.label("town_hall")},
        _("Ne payez pas une seconde fois."),
    ),
    NotPayable.REVIEW: lambda card, speaker: State(
        "warn",
        _("à vérifier"),
        _("La réponse de la banque à un paiement doit être vérifiée par %(town_hall)s.")
        % {"town_hall": speaker.label("town_hall")},
        _("Ne payez pas une seconde fois."),
    ),
}

MEANS: Mapping[str, Callable[[], str]] = {
    Means.CARD: lambda: _("carte bancaire en ligne"),
    Means.DEBIT: lambda: _("prélèvement en ligne"),
    Means.CASH: lambda: _("espèces"),
    Means.CHEQUE: lambda: _("chèque bancaire"),
    Means.CESU: lambda: _("CESU"),
    Means.TRANSFER: lambda: _("virement"),
    Means.SEPA: lambda: _("prélèvement automatique"),
    Means.TREASURY: lambda: _("Trésorerie"),
}


def means_words(code: str) -> str:
    """The means of a payment; a code that the régie alone knows is shown as it is."""
    return MEANS[code]() if code in MEANS else code


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a payment: `kind` of the notice, a title, one honest sentence, what to do."""

    kind: str
    title: str
    words: str
    advice: str = ""


def outcome_of(state: AttemptState, speaker: Speaker) -> Outcome:
    """What became of a payment, in words."""
    return OUTCOMES[state](speaker)


def _paid(speaker: Speaker) -> Outcome:
    return Outcome("good", _("Votre paiement est accepté"), _("Votre facture est mise à jour."))


def _failed(speaker: Speaker) -> Outcome:
    return Outcome(
        "bad",
        _("Le paiement n'a pas pu être ouvert"),
        _("La page de la banque ne s'est pas ouverte : rien n'a été débité."),
        _("Réessayez dans quelques minutes."),
    )


def _refused(speaker: Speaker) -> Outcome:
    return Outcome(
        "bad",
        _("Paiement refusé"),
        _("La banque a refusé ce paiement : votre facture reste à payer."),
        _("Réessayez avec une autre carte ou un autre moyen, ou demandez pourquoi à votre banque."),
    )


def _cancelled(speaker: Speaker) -> Outcome:
    """By the payer at the bank, or by the town hall, whose statement shows nothing: true of both."""
    return Outcome(
        "warn",
        _("Paiement annulé"),
        _("Ce paiement n'a pas abouti : rien n'a été débité."),
        _("Vous pouvez recommencer. Si votre compte montre pourtant un débit, ne payez pas une seconde fois. %(call)s")
        % {"call": speaker.call},
    )


def _expired(speaker: Speaker) -> Outcome:
    return Outcome(
        "warn",
        _("Paiement non terminé"),
        _("La banque n'a enregistré aucun paiement dans le temps prévu : votre facture reste à payer."),
        _("Vous pouvez recommencer. Si votre compte montre pourtant un débit, ne payez pas une seconde fois. %(call)s")
        % {"call": speaker.call},
    )


def _announced(speaker: Speaker) -> Outcome:
    return Outcome(
        "info",
        _("Paiement annoncé"),
        _("La banque annonce votre paiement. Il sera compté dès que %(town_hall)s l'aura confirmé.")
        % {"town_hall": speaker.label("town_hall")},
        _("Ne payez pas une seconde fois."),
    )


def _review(speaker: Speaker) -> Outcome:
    return Outcome(
        "warn",
        _("Paiement à vérifier"),
        _("La réponse de la banque ne correspond pas à ce que nous lui avions demandé. Une personne va vérifier."),
        _("Ne payez pas une seconde fois. %(call)s") % {"call": speaker.call},
    )


@dataclass(frozen=True, slots=True)
class Wait:
    """A payment that waits. `until`: when another may be opened, None once it may.

    `abandoned`: so says the bank, whose page may be taken up again. `elsewhere`: opened on another device.
    """

    opened_at: datetime
    until: datetime | None = None
    abandoned: bool = False
    resumable: bool = False
    elsewhere: bool = False


def waiting(wait: Wait, speaker: Speaker) -> Outcome:
    """Why a payment waits and for how long, in words."""
    soon = {"when": speaker.near(wait.until)} if wait.until else {}
    another = _("Vous pourrez ouvrir un autre paiement %(when)s.") % soon if soon else ""
    unfinished = _("Si vous ne l'avez pas terminé, vous pourrez en ouvrir un autre %(when)s.") % soon if soon else ""
    if wait.elsewhere:
        return Outcome(
            "info",
            _("Un paiement est en cours depuis un autre appareil"),
            _("Il a été ouvert %(when)s. Terminez-le sur l'appareil qui l'a ouvert : cette page se mettra à jour.")
            % {"when": speaker.near(wait.opened_at)},
            unfinished,
        )
    if wait.abandoned and soon:
        again = _("Vous pouvez reprendre ce paiement tout de suite.") if wait.resumable else ""
        return Outcome(
            "info",
            _("Paiement abandonné"),
            _("La banque n'a rien débité. Sa page peut encore servir quelques minutes : pendant ce temps, nous n'en "
              "ouvrons pas d'autre, pour que personne ne paie deux fois."),
            f"{again} {another}".strip(),
        )  # fmt: skip
    usual = _waiting(speaker)
    return Outcome(usual.kind, usual.title, usual.words, unfinished)


def _waiting(speaker: Speaker) -> Outcome:
    return Outcome(
        "info",
        _("Nous attendons la réponse de la banque"),
        _("Vous pouvez fermer cette page : votre paiement sera enregistré."),
    )


OUTCOMES: Mapping[AttemptState, Callable[[Speaker], Outcome]] = {
    AttemptState.CREATED: _waiting,
    AttemptState.WAITING: _waiting,
    AttemptState.FAILED: _failed,
    AttemptState.PAID: _paid,
    AttemptState.REFUSED: _refused,
    AttemptState.CANCELLED: _cancelled,
    AttemptState.EXPIRED: _expired,
    AttemptState.ANNOUNCED: _announced,
    AttemptState.REVIEW: _review,
}
