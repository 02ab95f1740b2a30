"""Paying online. Truth is pulled: a notification, a return or the sweep all lead to the same `resolve`.

The network is never inside a transaction: an operation is written down, opened at the provider, then written again.
Locks are taken in one order: the invoice, then its operations.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q

from portail.billing.letters import ticket_mail
from portail.billing.models import Attempt, AttemptEvent, Circuit, Invoice, Payment, Regie
from portail.billing.operations.attempts import debt_of, device_mark, operation_of
from portail.billing.operations.money import Receipt, locked_keys, raise_anomaly, share_out, take_in
from portail.billing.providers import (
    PARIS,
    Addresses,
    NotOpened,
    Opened,
    Told,
    Trouble,
    aware,
    limits_of,
    provider_named,
)
from portail.gateways.payfip import LegacyAnswer, parse_legacy
from portail.gateways.payfip.values import clean_text, is_email
from portail.news.operations.outbox import is_address, queue_mail
from portail.rules.invoicing import InvoiceStatus, NotPayable, refusal_to_pay, sent
from portail.rules.paying import (
    ENDED_UNPAID,
    GIVEN_UP_AFTER,
    MOST_HEARD,
    OPEN,
    SWEEP,
    AttemptState,
    Heard,
    blocked_by,
    is_resumable,
    look_at,
    rule,
)
from portail.towns.actors import Actor
from portail.towns.queries import town_day

ONE_DAY = timedelta(days=1)
FAILURES_BEFORE_CUT, CUT_FOR = 3, timedelta(minutes=2)
LEASE = timedelta(minutes=2)  # how long a worker that asks keeps the others from asking too
MOST_FIELDS = 20  # kept of what a notification says
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{8,64}")
_READABLE = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
MEANS = {"P": Payment.Means.CARD, "V": Payment.Means.DEBIT}


class EmailError(ValueError):
    """The address cannot receive the ticket; the message is a French sentence."""


class PaymentRefusedError(Exception):
    """Not payable online now: see `reason`, `until`, and the operation under way, if it is the payer's own."""

    def __init__(self, reason: NotPayable, until: datetime | None = None, attempt: Attempt | None = None) -> None:
        super().__init__(reason.value)
        self.reason, self.until, self.attempt = reason, until, attempt


class ProviderDownError(Exception):
    """The provider opened nothing, and took nothing. The town hall finds it under « à vérifier ».

    `trouble`: whether it is worth trying again in a moment (DOWN), or somebody must mend something first (REFUSED).
    """

    def __init__(self, words: str, trouble: Trouble = Trouble.DOWN) -> None:
        super().__init__(words)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Urls:
    """Absolute addresses on this town's host. `announce`: what the secret of the older form is added to."""

    notify: str
    back: str
    announce: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """An operation that the payer may now go and pay, at `url`."""

    attempt: Attempt
    url: str


def start(*, invoice: UUID, email: str, urls: Urls, by: Actor, now: datetime, device: str = "") -> Started:
    """Open a payment operation for one invoice of this payer. Two transactions, the provider between them.

    `device`: the browser that asks, "" when it has no name. Raises Invoice.DoesNotExist, EmailError,
    PaymentRefusedError, ProviderDownError.
    """
    email = email.strip()
    if not is_address(email) or not is_email(email):
        raise EmailError("Cette adresse de courriel n'est pas complète : elle ressemble à nom@exemple.fr.")
    attempt = _write_down(invoice, email, by, now, device)
    provider = provider_named(attempt.provider)
    notify = urls.notify if provider.asks else f"{urls.announce}{attempt.idop}/"
    opened = provider.open(attempt, attempt.invoice.label, Addresses(notify, urls.back))
    if isinstance(opened, NotOpened):
        _not_opened(attempt, opened, now)
        if opened.trouble is Trouble.EMAIL:
            raise EmailError("La banque refuse cette adresse de courriel. Vérifiez-la, ou choisissez-en une autre.")
        raise ProviderDownError(opened.label, opened.trouble)
    return _opened(attempt, opened, now)


@transaction.atomic
def _write_down(invoice: UUID, email: str, by: Actor, now: datetime, device: str = "") -> Attempt:
    key = Invoice.objects.filter(
        public_id=invoice, payer_id=by.payer_id, kind=Invoice.Kind.INVOICE, published_at__isnull=False
    ).values_list("pk", flat=True)
    found = locked_keys(list(key)).values()
    if not found:
        raise Invoice.DoesNotExist
    (debt,) = found
    refuse_unpayable(debt, now=now)
    earlier = list(debt.attempts.order_by("-created_at"))
    blocked = blocked_by([operation_of(one) for one in earlier], now)
    if blocked is not None:
        own = next((one for one in earlier if one.payer_id == by.payer_id and one.state in OPEN), None)
        raise PaymentRefusedError(blocked.reason, blocked.until, own)
    if Circuit.objects.filter(provider=debt.regie.provider, open_until__gt=now).exists():
        raise ProviderDownError("PayFiP n'a pas répondu aux trois dernières demandes.")
    attempt = Attempt.objects.create(
        ticket=new_ticket(),
        invoice=debt,
        payer=debt.payer,
        provider=debt.regie.provider,
        numcli=debt.regie.numcli,
        mode=debt.regie.mode,
        reference=sent(debt.reference),
        exercise=debt.exercise,
        cents=debt.left_cents,
        email=email,
        idop=None if provider_named(debt.regie.provider).asks else secrets.token_urlsafe(24),
        created_at=now,
        # If we die before the provider answers, the sweep finds the operation without its identifier.
        next_check_at=now + LEASE,
    )
    _note(attempt, Attempt.Trigger.CREATE, "", device_mark(device), now)
    return attempt


def refuse_unpayable(invoice: Invoice, *, now: datetime) -> None:
    """Raises PaymentRefusedError when the invoice, whatever its operations, may not be paid online now."""
    refusal = refusal_to_pay(debt_of(invoice), town_day(now), limits_of(invoice.regie.provider))
    if refusal is not None:
        raise PaymentRefusedError(refusal)


@transaction.atomic
def _opened(attempt: Attempt, opened: Opened, now: datetime) -> Started:
    check = now + SWEEP if provider_named(attempt.provider).asks else now + GIVEN_UP_AFTER
    # Not over a state that somebody else has given it while we waited for the provider: the payer then stays here,
    # since nobody would ever ask about what is paid there.
    kept = Attempt.objects.filter(pk=attempt.pk, state=AttemptState.CREATED).update(
        idop=opened.idop, state=AttemptState.WAITING, next_check_at=check
    )
    if not kept:
        raise ProviderDownError("L'opération a été abandonnée : la réponse de PayFiP est venue trop tard.")
    Circuit.objects.filter(provider=attempt.provider, failures__gt=0).update(failures=0, open_until=None)
    attempt.refresh_from_db()
    return Started(attempt, opened.url)


@transaction.atomic
def _not_opened(attempt: Attempt, found: NotOpened, now: datetime) -> None:
    Attempt.objects.filter(pk=attempt.pk, state=AttemptState.CREATED).update(
        state=AttemptState.FAILED, next_check_at=None, settled_at=now
    )
    _note(attempt, Attempt.Trigger.CREATE, found.code or found.trouble.value, {"label": found.label}, now)
    if found.trouble is Trouble.EMAIL:
        return
    raise_anomaly("provider_" + found.trouble.value, attempt=attempt, now=now, label=found.label)
    if found.trouble is Trouble.DOWN:
        Circuit.objects.bulk_create([Circuit(provider=attempt.provider)], ignore_conflicts=True)
        circuit = Circuit.objects.filter(provider=attempt.provider)
        circuit.update(failures=F("failures") + 1)
        circuit.filter(failures__gte=FAILURES_BEFORE_CUT).update(open_until=now + CUT_FOR)


def resume_url(attempt: Attempt, *, now: datetime) -> str:
    """The bank's page of an operation that is still open there, "" when the payer must wait or begin again."""
    if not attempt.idop or not is_resumable(operation_of(attempt), now):
        return ""
    return provider_named(attempt.provider).page(attempt.idop)


@transaction.atomic
def hear(*, idop: str, trigger: Attempt.Trigger, raw: dict[str, Any], now: datetime) -> Attempt | None:
    """A notification, or a payer who comes back: ask the worker to look now. Changes nothing else, whatever it says.

    Returns the operation, None for an unknown one. Heard again before the worker has looked, nothing is written; heard
    again just after, it looks again a little later (`rules.paying.look_at`).
    """
    attempt = _known(Regie.Provider.PAYFIP_WS, idop)
    if attempt is None or attempt.state == AttemptState.PAID:
        return attempt
    heard = attempt.events.filter(trigger=trigger).order_by("-at").values_list("at", flat=True)
    look = look_at(list(heard[:MOST_HEARD]), now)
    if look is None:
        return attempt
    later = Q(next_check_at__gt=look) | Q(next_check_at__isnull=True)
    asked = Attempt.objects.filter(later, pk=attempt.pk).exclude(state=AttemptState.PAID).update(next_check_at=look)
    if asked and look == now:
        fields = list(raw.items())[:MOST_FIELDS]
        _note(attempt, trigger, "", {clean_text(str(name)): clean_text(str(value)) for name, value in fields}, now)
    return attempt


def due_attempts(*, now: datetime, limit: int) -> list[int]:
    """Take the operations to be asked about, so that no other worker asks at the same time; returns their keys."""
    with transaction.atomic():
        rows = Attempt.objects.filter(next_check_at__lte=now).order_by("next_check_at")
        if connection.features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(skip_locked=True)
        keys = list(rows.values_list("pk", flat=True)[:limit])
        Attempt.objects.filter(pk__in=keys, next_check_at__lte=now).update(next_check_at=now + LEASE)
    return keys


def resolve_due(*, now: datetime, limit: int = 20) -> int:
    """One turn of the sweep in the town in force; returns how many operations were asked about.

    Raises ExceptionGroup once all were tried, when some failed by a fault of ours: their lease brings them back.
    """
    keys = due_attempts(now=now, limit=limit)
    failed: list[Exception] = []
    for key in keys:
        try:
            resolve(attempt=key, trigger=Attempt.Trigger.SWEEP, now=now)
        except Exception as error:  # one operation that nobody understands must not hold the others back
            failed.append(error)
    if failed:
        raise ExceptionGroup("operations that could not be resolved", failed)
    return len(keys)


def resolve(*, attempt: int, trigger: Attempt.Trigger, now: datetime) -> Attempt:
    """Ask the provider what became of an operation, outside any transaction, and write it down. Idempotent."""
    found = Attempt.objects.get(pk=attempt)
    if found.state == AttemptState.PAID:
        return _forget_check(found)
    if not found.idop:
        return _never_opened(found, now)
    return settle(attempt=found.pk, told=provider_named(found.provider).tell(found), trigger=trigger, now=now)


@transaction.atomic
def settle(*, attempt: int, told: Told, trigger: Attempt.Trigger, now: datetime) -> Attempt:
    """Write down what a provider told: at most one payment ever comes of an operation, whatever is told again."""
    invoice_id = Attempt.objects.values_list("invoice_id", flat=True).get(pk=attempt)
    invoice = locked_keys([invoice_id])[invoice_id]
    found = Attempt.objects.select_for_update(of=("self",)).get(pk=attempt)
    if found.state == AttemptState.PAID:
        return _forget_check(found)
    _note(found, trigger, told.code, told.raw, now)
    ruling = rule(operation_of(found), told.answer, now)
    silent = told.answer.heard is Heard.SILENT
    changed: dict[str, Any] = {
        "state": ruling.state,
        "next_check_at": ruling.next_check,
        "silences": min(found.silences + 1, 99) if silent else 0,
    }
    if told.answer.heard is Heard.RESULT:
        changed |= {
            "result": told.answer.letter[:8],
            "authorisation": told.authorisation[:40],
            "bank_at": told.answer.at,
        }
    if ruling.state not in {AttemptState.CREATED, AttemptState.WAITING}:
        changed["settled_at"] = found.settled_at or now
    Attempt.objects.filter(pk=found.pk).update(**changed)
    found.refresh_from_db()
    if ruling.state is AttemptState.PAID:
        _credit(found, invoice, told.answer.letter, now)
    elif ruling.review:
        raise_anomaly("answer_differs", attempt=found, now=now, **_told_words(told))
    return found


def _credit(attempt: Attempt, invoice: Invoice, letter: str, now: datetime) -> None:
    """The money has come: a receipt, its share of the invoice, the ticket; what exceeds the debt is « trop-perçu »."""
    shares, rest = share_out(attempt.cents, [invoice] if invoice.status == InvoiceStatus.ISSUED else [])
    on = town_day(now)
    if attempt.bank_at and attempt.created_at - ONE_DAY <= attempt.bank_at <= now + ONE_DAY:
        on = attempt.bank_at.astimezone(PARIS).date()  # a senseless day would take a receipt number of another year
    receipt = Receipt(
        invoice.regie, attempt.payer, MEANS.get(letter, Payment.Means.CARD), attempt.cents, on, shares,
        attempt.authorisation, attempt=attempt,
    )  # fmt: skip
    payment = take_in(receipt, now=now)
    if rest:
        raise_anomaly("overpaid", attempt=attempt, now=now, cents=rest, receipt=payment.number)
    queue_mail(ticket_mail(payment, attempt, invoice), now=now)


@transaction.atomic
def announce(*, token: str, raw: dict[str, Any], now: datetime) -> Attempt | None:
    """The call-back of the older form, which nobody can verify: « paid » is only announced, for the town to reconcile.

    Returns None for an unknown token. Told again, nothing more happens.
    """
    attempt = _known(Regie.Provider.PAYFIP_REDIRECT, token)
    if attempt is None:
        return None
    locked_keys([attempt.invoice_id])
    attempt = Attempt.objects.select_for_update(of=("self",)).get(pk=attempt.pk)
    answer = parse_legacy({str(name): str(value) for name, value in raw.items()})
    state = _announced_state(answer, attempt)
    if not _is_news(AttemptState(attempt.state), state):
        return attempt
    _note(attempt, Attempt.Trigger.NOTIFICATION, answer.result[:20], dict(answer.raw), now)
    Attempt.objects.filter(pk=attempt.pk).update(
        state=state,
        result=answer.result[:8],
        authorisation=answer.authorisation[:40],
        bank_at=aware(answer.paid_at),
        next_check_at=None,
        settled_at=now,
    )
    attempt.refresh_from_db()
    if state in {AttemptState.ANNOUNCED, AttemptState.REVIEW}:
        kind = "to_reconcile" if state is AttemptState.ANNOUNCED else "answer_differs"
        raise_anomaly(kind, attempt=attempt, now=now, authorisation=answer.authorisation[:40])
    return attempt


def _known(provider: Regie.Provider, idop: str) -> Attempt | None:
    """Anybody may send anything here: what is no identifier at all is not even looked for."""
    found = Attempt.objects.filter(provider=provider, idop=idop)
    return found.first() if _IDENTIFIER.fullmatch(idop) else None


def _is_news(known: AttemptState, said: AttemptState) -> bool:
    """After an abandon or a refusal the payer may still pay on the same page; what was announced stays so."""
    if known in {AttemptState.WAITING, AttemptState.CREATED, AttemptState.EXPIRED}:
        return True
    return known in ENDED_UNPAID and said in {AttemptState.ANNOUNCED, AttemptState.REVIEW}


def _announced_state(answer: LegacyAnswer, attempt: Attempt) -> AttemptState:
    if (answer.cents, answer.refdet, answer.numcli) != (attempt.cents, attempt.reference, attempt.numcli):
        return AttemptState.REVIEW
    known = {"P": AttemptState.ANNOUNCED, "R": AttemptState.REFUSED, "A": AttemptState.CANCELLED}
    return known.get(answer.result, AttemptState.REVIEW)


@transaction.atomic
def _never_opened(attempt: Attempt, now: datetime) -> Attempt:
    """We died before the provider had answered: nobody can pay an operation whose identifier is unknown."""
    Attempt.objects.filter(pk=attempt.pk, state=AttemptState.CREATED).update(
        state=AttemptState.FAILED, next_check_at=None, settled_at=now
    )
    attempt.refresh_from_db()
    return attempt


def _forget_check(attempt: Attempt) -> Attempt:
    Attempt.objects.filter(pk=attempt.pk).update(next_check_at=None)
    return attempt


def _note(attempt: Attempt, trigger: Attempt.Trigger, code: str, raw: dict[str, Any], now: datetime) -> None:
    AttemptEvent.objects.create(attempt=attempt, trigger=trigger, code=code[:20], raw=raw, at=now)


def _told_words(told: Told) -> dict[str, str | int]:
    kept = ("resultrans", "montant", "refdet", "numcli", "saisie", "numauto")
    return {name: str(told.raw[name])[:60] for name in kept if name in told.raw}


def new_ticket() -> str:
    """« Ticket LPS »: ten characters that nobody misreads, drawn at random."""
    return "".join(secrets.choice(_READABLE) for _ in range(10))
