"""Logging in with the two codes, and out (features A3, A5, A6). One transaction each, throttle included."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from portail.families.hashing import NOBODY, verify
from portail.families.models import FailedLogin, Link, ParentSession, Throttle
from portail.rules.codes import (
    CHILD_CODE_LENGTH,
    DAY,
    FAILURES_TO_DISABLE,
    IP_WINDOW,
    Brake,
    Bucket,
    Counters,
    Decision,
    counted,
    may_try,
    normalise_child_code,
    normalise_payer_code,
    refunded,
)

LONGEST_SESSION = timedelta(hours=12)
QUIET = timedelta(days=30)
LEAST_CHECKS = 2  # a wrong code costs as many hashes for a child of one payer, of two, and of none


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """What was typed, from where. `device_payer`: the payer whose signed device cookie came along.

    `waited`: how long ago this visitor was asked to wait (the slow-down of a busy address never refuses, it delays).
    """

    child_code: str
    payer_code: str
    network: str
    device_payer: UUID | None = None
    device: str = ""
    waited: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class LoginResult:
    """`key` opens the session when the codes were right; else `wait` and `brake` say how to go on."""

    key: str = ""
    payer: UUID | None = None
    wait: timedelta = timedelta(0)
    brake: Brake | None = None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A payer of the child code that was typed."""

    payer_id: int
    public_id: UUID
    code_hash: str
    weak: bool
    version: int


def log_in(*, attempt: LoginAttempt, now: datetime) -> LoginResult:
    """Open a web session, or say why not, with the same words and cost for a known and an unknown child code.

    The try is counted before any hash is computed, under the lock of its bucket, and given back on success: parallel
    tries cannot slip through.
    """
    child_code = normalise_child_code(attempt.child_code)
    with transaction.atomic():
        candidates = _candidates(child_code)
        device = attempt.device if attempt.device_payer in {c.public_id for c in candidates} else ""
        row = _locked(f"device:{device}" if device else f"code:{child_code}")
        bucket = Bucket(row.tries, row.in_a_row, row.last)
        weak = any(candidate.weak for candidate in candidates)
        decision = may_try(_counters(bucket, attempt, known_device=bool(device), weak=weak, now=now), now)
        if not decision.allowed or decision.wait > attempt.waited:
            return _refusal(decision)
        payer = _checked(candidates, attempt.payer_code, imported=len(child_code) < CHILD_CODE_LENGTH)
        _store(row, refunded(counted(bucket, now), bucket, now) if payer else counted(bucket, now))
        if payer is None:
            FailedLogin.objects.create(at=now, network=attempt.network, child_code=child_code)
            return LoginResult()
        return LoginResult(key=_open_session(payer, now), payer=payer.public_id)


@transaction.atomic
def log_out(*, session_id: int) -> None:
    """Close a web session for good: its cookie opens nothing any more."""
    ParentSession.objects.filter(pk=session_id).delete()


@transaction.atomic
def purge_access(*, now: datetime) -> int:
    """Forget the sessions that are over, yesterday's failures and the buckets that brake nobody any more.

    Returns how many rows went. A disabled code stays disabled until it is issued again. For the clock.
    """
    over, _ = ParentSession.objects.filter(ends_at__lte=now).delete()
    failed, _ = FailedLogin.objects.filter(at__lt=now - DAY).delete()
    quiet = Throttle.objects.filter(last__lt=now - QUIET, in_a_row__lt=FAILURES_TO_DISABLE)
    return over + failed + quiet.delete()[0]


def key_hash(key: str) -> str:
    """What the table keeps of a session key."""
    return hashlib.sha256(key.encode()).hexdigest()


def _candidates(child_code: str) -> list[_Candidate]:
    rows = Link.objects.filter(
        person__code=child_code, person__active=True, payer__active=True, payer__disabled=False
    ).values_list("payer_id", "payer__public_id", "payer__code_hash", "payer__weak_code", "payer__credential_version")
    return [_Candidate(*row) for row in rows.order_by("payer_id")]


def _locked(key: str) -> Throttle:
    """The bucket of this key, created if need be and locked until the end of the transaction."""
    Throttle.objects.bulk_create([Throttle(key=key[:80])], ignore_conflicts=True)
    row: Throttle = Throttle.objects.select_for_update().get(key=key[:80])
    return row


def _counters(bucket: Bucket, attempt: LoginAttempt, *, known_device: bool, weak: bool, now: datetime) -> Counters:
    if known_device:
        return Counters(code=bucket, device=bucket, weak=weak)
    failed = FailedLogin.objects.filter(at__gt=now - DAY)
    recent = failed.filter(network=attempt.network, at__gt=now - IP_WINDOW)
    return Counters(
        code=bucket,
        ip_codes=recent.values("child_code").distinct().count(),
        town_failures=failed.count(),
        weak=weak,
    )


def _refusal(decision: Decision) -> LoginResult:
    return LoginResult(wait=decision.wait, brake=decision.reason)


def _checked(candidates: Sequence[_Candidate], typed: str, *, imported: bool) -> _Candidate | None:
    """The payer whose code this is. A wrong one costs the same work whoever the child code belongs to, if anybody.

    An imported child code may have payers of both kinds, so it costs the hashes of both.
    """
    code = normalise_payer_code(typed)
    for candidate in candidates:
        if verify(candidate.code_hash, code):
            return candidate
    for weak in (False, True) if imported else (False,):
        for _ in range(LEAST_CHECKS - sum(candidate.weak is weak for candidate in candidates)):
            verify(NOBODY[weak], code)
    return None


def _store(row: Throttle, bucket: Bucket) -> None:
    Throttle.objects.filter(pk=row.pk).update(tries=bucket.tries, in_a_row=bucket.in_a_row, last=bucket.last)


def _open_session(payer: _Candidate, now: datetime) -> str:
    key = secrets.token_urlsafe(32)
    ParentSession.objects.create(
        key_hash=key_hash(key),
        payer_id=payer.payer_id,
        credential_version=payer.version,
        started_at=now,
        ends_at=now + LONGEST_SESSION,
    )
    return key
