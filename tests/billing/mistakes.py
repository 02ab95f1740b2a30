"""Mistakes that random lives of payments must notice: each with a life in which it shows, and which is good without it.

A life is written down as rules of `tests.billing.machine` with their arguments; debt 0 is of the web service, debt 3 of
the older form.
"""

from dataclasses import dataclass, replace
from typing import Any

from portail.billing import providers
from portail.billing.models import Attempt, Payment
from portail.billing.operations import money, paying, treasury
from portail.billing.operations.money import Receipt, locked_keys, take_in
from portail.billing.providers import Opened, Told
from portail.gateways.payfip import Detail
from portail.rules import paying as rules
from portail.rules.invoicing import NotPayable
from portail.rules.paying import ENDED_UNPAID, Answer, AttemptState, Blocked, Heard, next_check
from tests.billing.life import Step
from tests.billing.payfip import told as _told


@dataclass(frozen=True, slots=True)
class Mistake:
    """`act` in the place of `name` of `where`; `life` shows it."""

    where: Any
    name: str
    act: Any
    life: tuple[Step, ...]


def without_the_guard(*, attempt: int, told: Told, now: Any, **_: Any) -> Attempt:
    """Credits each time that it hears « paid »."""
    found = Attempt.objects.get(pk=attempt)
    if told.answer.letter in ("P", "V"):
        paying._credit(found, locked_keys([found.invoice_id])[found.invoice_id], told.answer.letter, now)
    return found


def not_absorbing(*, attempt: int, told: Told, **more: Any) -> Attempt:
    """An abandon that was heard before the payment, and is written down after it, wins."""
    if told.answer.letter == "A":
        Attempt.objects.filter(pk=attempt).update(state="cancelled")
        return Attempt.objects.get(pk=attempt)
    return _settle(attempt=attempt, told=told, **more)


def believing(*, idop: str, trigger: Attempt.Trigger, now: Any, **_: Any) -> Attempt | None:
    """Takes a notification for a payment."""
    attempt = Attempt.objects.filter(idop=idop).first()
    if attempt is None or attempt.state == "paid":
        return attempt
    return paying.settle(attempt=attempt.pk, told=_told(at=now), trigger=trigger, now=now)


def credulous(*, token: str, raw: dict[str, Any], now: Any) -> Attempt | None:
    """Takes the older form's call-back for a payment."""
    found = _announce(token=token, raw=raw, now=now)
    if found is not None and found.state == "announced":
        paying._credit(found, locked_keys([found.invoice_id])[found.invoice_id], "P", now)
    return found


def of_anybody(_: Any, idop: str) -> Attempt | None:
    """Does not look at whose operation it is."""
    return Attempt.objects.filter(idop=idop).first()


def forgetful(state: AttemptState, created_at: Any, now: Any) -> Any:
    """Never asks again about what ended without a payment."""
    return None if state in ENDED_UNPAID else next_check(state, created_at, now)


def leased_for_ever(*, now: Any, limit: int) -> list[int]:
    """What a worker has taken, no other worker ever takes."""
    keys = list(Attempt.objects.filter(next_check_at__lte=now).values_list("pk", flat=True)[:limit])
    Attempt.objects.filter(pk__in=keys).update(next_check_at=None)
    return keys


def sent_all_the_same(attempt: Attempt, opened: Opened, now: Any) -> paying.Started:
    """The payer goes to an operation that the sweep gave up meanwhile."""
    Attempt.objects.filter(pk=attempt.pk).update(idop=opened.idop)
    return paying.Started(Attempt.objects.get(pk=attempt.pk), opened.url)


def without_reopening(receipt: Receipt, *, now: Any) -> Payment:
    """A payment is taken back, and its debt stays paid."""
    return take_in(replace(receipt, shares={}) if receipt.reverses else receipt, now=now)


def with_todays_settings(detail: Detail, attempt: Attempt) -> bool:
    """Compares with what the régie is now, not with what was asked."""
    place = attempt.invoice.regie
    return (detail.cents, detail.numcli, detail.mode) == (attempt.cents, place.numcli, place.mode)


def silent_is_unknown(_: Any) -> Told:
    """No answer is taken for « no such operation »."""
    return Told(Answer(Heard.UNKNOWN), "P1")


def blocked_for_ever(operations: Any, _: Any) -> Blocked | None:
    """An operation that ended holds its debt."""
    return Blocked(NotPayable.UNDER_WAY) if list(operations) else None


def blind(*_: Any, **__: Any) -> None:
    """Tells the town hall nothing, and forbids nothing."""


_settle, _announce = paying.settle, paying.announce
BEGIN: tuple[Step, ...] = (("start", 0, True),)
FORM: tuple[Step, ...] = (("start", 3, True),)
PAID: tuple[Step, ...] = (*BEGIN, ("pay", 0, "P", "send", False))
SWEEP: Step = ("wait", 2, True)

MISTAKES: dict[str, Mistake] = {
    "credit without looking at the state": Mistake(
        paying, "settle", without_the_guard, (*PAID, ("notify", 0, True), ("sweep",), ("notify", 0, True), ("sweep",))
    ),
    "let an older answer undo a payment": Mistake(
        paying,
        "settle",
        not_absorbing,
        (
            *BEGIN, ("fail", 0, "A", "drop", False), ("ask_and_fall_asleep", 0), ("pay", 0, "P", "send", False),
            ("notify", 0, False), ("sweep",), ("wake_up", 0),
        ),
    ),
    "believe notifications": Mistake(paying, "hear", believing, (*BEGIN, ("forge_a_notification", 0))),
    **{
        f"believe an answer whose {field} differs": Mistake(
            providers, "is_faithful", lambda *_: True, (*PAID, ("tamper", 0, field), SWEEP)
        )
        for field in ("montant", "refdet", "numcli", "saisie")
    },
    "compare an answer with today's settings": Mistake(
        providers, "is_faithful", with_todays_settings, (*PAID, ("change_the_regie", "peri", "W", "000124", 0), SWEEP)
    ),
    "forget what was abandoned": Mistake(
        rules,
        "next_check",
        forgetful,
        (*BEGIN, ("fail", 0, "A", "drop", False), ("wait", 21, True), ("pay", 0, "P", "drop", True)),
    ),
    "forget what has expired": Mistake(
        rules, "next_check", forgetful, (*BEGIN, ("wait", 121, True), ("pay", 0, "V", "drop", True))
    ),
    "take a silence for a no": Mistake(
        providers, "_told_by", silent_is_unknown, (*PAID, ("cut_the_line", "lost"), SWEEP, ("mend",))
    ),
    "keep what a dead worker had taken": Mistake(
        paying, "due_attempts", leased_for_ever, (*PAID, ("wait", 2, False), ("die_while_sweeping",))
    ),
    "let a second operation be opened at once": Mistake(paying, "blocked_by", blind, (*BEGIN, ("start", 0, False))),
    "let two devices begin at once": Mistake(
        paying, "blocked_by", blind, (("start_slowly", 0, "another device"),)
    ),
    "let a second operation be opened after ten minutes": Mistake(
        rules, "ANOTHER_AFTER", rules.ANOTHER_AFTER / 2, (*BEGIN, ("wait", 14, False), ("start", 0, False))
    ),
    "hold a debt for ever": Mistake(paying, "blocked_by", blocked_for_ever, BEGIN),
    "send the payer to an operation given up": Mistake(
        paying, "_opened", sent_all_the_same, (("start_slowly", 0, "sweep late"), ("pay", 0, "P", "drop", False))
    ),
    "let what exceeds the debt go unseen": Mistake(
        paying, "raise_anomaly", blind, (*PAID, ("pay_at_the_counter", 0, 777, "transfer", False), SWEEP)
    ),
    "let an operation that could not be opened go unseen": Mistake(
        paying, "raise_anomaly", blind, (("cut_the_line", "lost"), ("start", 0, False))
    ),
    "credit on the word of a call-back": Mistake(
        paying, "announce", credulous, (*FORM, ("forge_a_call_back", 0, "P", ""))
    ),
    "believe a call-back that differs": Mistake(
        paying, "_announced_state", lambda *_: AttemptState.ANNOUNCED, (*FORM, ("forge_a_call_back", 0, "P", "montant"))
    ),
    "take call-backs for the web service too": Mistake(
        paying, "_known", of_anybody, (*BEGIN, ("forge_a_call_back", 0, "P", ""))
    ),
    "ignore a payment announced after an abandon": Mistake(
        paying,
        "_is_news",
        lambda known, _: known is AttemptState.WAITING,
        (*FORM, ("forge_a_call_back", 0, "A", ""), ("forge_a_call_back", 0, "P", "")),
    ),
    "hand over a debt that is being paid": Mistake(treasury, "OPEN", frozenset(), (*BEGIN, ("hand_over", 0))),
    "keep a rejected debt closed": Mistake(
        money, "take_in", without_reopening, (("pay_at_the_counter", 0, 777, "cheque", False), ("reject_a_payment", 0))
    ),
}  # fmt: skip
