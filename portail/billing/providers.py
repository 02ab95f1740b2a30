"""Who takes a payment online: one interface over PayFiP's web service and its older form.

A provider opens an operation and, if it can, tells what became of it; network errors come out as values. « Manual »
(the counter) is not here: it waits for nobody's answer, see `operations.money.record_payment`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.conf import settings

from portail.billing.models import Attempt, Regie
from portail.gateways.payfip import (
    MAX_CENTS,
    MIN_CENTS,
    Detail,
    Mode,
    Order,
    Payfip,
    PayfipError,
    check_order,
    clean_subject,
    legacy_url,
)
from portail.rules.paying import Answer, Heard

PARIS = ZoneInfo("Europe/Paris")  # the bank's clock, whatever the town's
OPEN_SECONDS, ASK_SECONDS = 5.0, 15.0
WRONG_EMAIL = frozenset({"A1", "A2"})  # codes that the payer can mend; any other is the town hall's


class Trouble(StrEnum):
    """Why an operation could not be opened."""

    DOWN = "down"  # silent, slow, in maintenance: try later
    REFUSED = "refused"  # PayFiP found something wrong in the request: the town hall looks
    EMAIL = "email"  # the payer's address


@dataclass(frozen=True, slots=True)
class Opened:
    """An operation as the provider opened it: its identifier, and the page that the payer goes to."""

    idop: str
    url: str


@dataclass(frozen=True, slots=True)
class NotOpened:
    """Nothing was opened. `label`: a French sentence for the town hall."""

    trouble: Trouble
    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a provider answers of an operation, and what of it is worth keeping."""

    answer: Answer
    code: str
    authorisation: str = ""
    raw: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Absolute addresses on the town's host: for the provider's server, and for the payer's browser."""

    notify: str
    back: str


class Provider(Protocol):
    """What billing asks of whoever takes payments online."""

    asks: bool  # can be asked what became of an operation

    def open(self, attempt: Attempt, subject: str, addresses: Addresses) -> Opened | NotOpened:
        """Open an operation for what the attempt says. Waits five seconds at most."""

    def tell(self, attempt: Attempt) -> Told:
        """What became of it. Waits fifteen seconds at most."""

    def page(self, idop: str) -> str:
        """The page of an operation already open; "" when there is no way back to it."""


class PayfipService:
    """PayFiP by its web service."""

    asks = True

    def open(self, attempt: Attempt, subject: str, addresses: Addresses) -> Opened | NotOpened:
        order = order_of(attempt, subject, addresses)
        refused = refusal_of_order(order)
        if refused is not None:
            return refused
        service = Payfip(settings.PAYFIP_URL, timeout=OPEN_SECONDS)
        try:
            idop = service.create(order)
        except PayfipError as error:
            return _not_opened(error)
        return Opened(idop, service.page_url(idop))

    def tell(self, attempt: Attempt) -> Told:
        try:
            detail = Payfip(settings.PAYFIP_URL, timeout=ASK_SECONDS).detail(attempt.idop or "")
        except PayfipError as error:
            return _told_by(error)
        answer = Answer(Heard.RESULT, detail.result, aware(detail.paid_at), is_faithful(detail, attempt))
        return Told(answer, detail.result, detail.authorisation, dict(detail.raw))

    def page(self, idop: str) -> str:
        return Payfip(settings.PAYFIP_URL, timeout=OPEN_SECONDS).page_url(idop)


class PayfipForm:
    """PayFiP by the older form of TIPI régie: its answer comes to an address that only the two of us know.

    Anybody who learns that address could write there: what it says is « announced », never credited.
    """

    asks = False

    def open(self, attempt: Attempt, subject: str, addresses: Addresses) -> Opened | NotOpened:
        order = order_of(attempt, subject, addresses)
        refused = refusal_of_order(order)
        if refused is not None:
            return refused
        return Opened(attempt.idop or "", legacy_url(settings.PAYFIP_URL, order, addresses.notify))

    def tell(self, attempt: Attempt) -> Told:  # noqa: ARG002  the interface's
        return Told(Answer(Heard.PENDING), "")

    def page(self, idop: str) -> str:  # noqa: ARG002  the interface's
        return ""


def provider_named(name: str) -> Provider:
    """The provider of a régie or of an operation. Raises ValueError for one that takes nothing online."""
    if name == Regie.Provider.PAYFIP_WS:
        return PayfipService()
    if name == Regie.Provider.PAYFIP_REDIRECT:
        return PayfipForm()
    raise ValueError(f"no online provider: {name}")


def limits_of(name: str) -> tuple[int, int]:
    """(least, most) cents that may be paid at once."""
    return (MIN_CENTS, MAX_CENTS) if name != Regie.Provider.PAYFIP_REDIRECT else (MIN_CENTS, 999_999)


def comes_back(name: str) -> bool:
    """Does the last page of the bank lead its payer back to us? That of the older form leads nowhere."""
    return name != Regie.Provider.PAYFIP_REDIRECT


def test_connection(regie: Regie) -> list[str]:
    """« Tester la connexion »: how PayFiP knows the régie's client number. Raises PayfipError."""
    card = Payfip(settings.PAYFIP_URL, timeout=ASK_SECONDS).client(regie.numcli)
    return [label for label in (card.label1, card.label2, card.label3) if label]


def is_faithful(detail: Detail, attempt: Attempt) -> bool:
    """Are amount, reference, client number and mode those that were sent? Only then is anything credited."""
    return (detail.cents, detail.refdet, detail.numcli, detail.mode) == (
        attempt.cents,
        attempt.reference,
        attempt.numcli,
        attempt.mode,
    )


def order_of(attempt: Attempt, subject: str, addresses: Addresses) -> Order:
    """What is asked of PayFiP."""
    return Order(
        numcli=attempt.numcli,
        exer=f"{attempt.exercise:04}",
        refdet=attempt.reference,
        objet=clean_subject(subject),
        cents=attempt.cents,
        email=attempt.email,
        mode=Mode(attempt.mode),
        notify_url=addresses.notify,
        return_url=addresses.back,
    )


def refusal_of_order(order: Order) -> NotOpened | None:
    """What PayFiP would refuse, found before asking."""
    faults = check_order(order)
    return NotOpened(Trouble.REFUSED, "", " ".join(faults)) if faults else None


def _not_opened(error: PayfipError) -> NotOpened:
    if error.code in WRONG_EMAIL:
        return NotOpened(Trouble.EMAIL, error.code, error.label)
    return NotOpened(Trouble.DOWN if error.is_temporary else Trouble.REFUSED, error.code, str(error))


def _told_by(error: PayfipError) -> Told:
    heard = Heard.PENDING if error.is_pending else Heard.UNKNOWN if error.is_unknown else Heard.SILENT
    return Told(Answer(heard), error.code or error.kind.value[:20], raw={"label": error.label})


def aware(moment: datetime | None) -> datetime | None:
    """A bank's wall-clock moment as an instant; None for one that no calendar of ours could keep."""
    return moment.replace(tzinfo=PARIS) if moment and 2000 <= moment.year < 2200 else None
