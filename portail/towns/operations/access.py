"""Logging in to the office: password, then second factor (TOTP, RFC 6238, or a code on paper), then out."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from portail.rules.codes import Bucket, Decision, counted, decide, refunded
from portail.rules.staff import LONGEST_SESSION, RECOVERY_CODES, TOTP_SLACK, TOTP_STEP
from portail.towns.actors import Actor
from portail.towns.models import RecoveryCode, SecondFactor, Staff, StaffSession, StaffThrottle
from portail.towns.operations.trail import Act, record
from portail.towns.queries import factor_place
from portail.towns.scope import current_town
from portail.towns.sealing import seal, unseal

SECRET_BYTES = 20  # RFC 4226 §4 R6
QUIET = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class StaffLogin:
    """`key` opens the session when the password was right; else `wait` says how long to wait (0: just wrong)."""

    key: str = ""
    wait: timedelta = timedelta()
    refused: bool = False


def log_in_staff(*, login: str, password: str, now: datetime) -> StaffLogin:
    """Open a session that still asks for the second factor, or say why not, alike for a known and an unknown login.

    As for parents, the try is counted under the lock of its bucket before the hash is computed.
    """
    login = login.strip().casefold()[:254]
    with transaction.atomic():
        row = _locked(login)
        bucket = Bucket(row.tries, row.in_a_row, row.last)
        decision = decide(bucket, now)
        if not decision.allowed:
            return _braked(decision)
        staff = Staff.objects.filter(login=login, town=current_town(), is_active=True).first()
        right = check_password(password, staff.password if staff else _nobody())
        stale = staff is not None and staff.temporary_until is not None and staff.temporary_until < now
        if staff is None or not right or stale:
            _store(row, counted(bucket, now))
            return StaffLogin(refused=True)
        _store(row, refunded(counted(bucket, now), bucket, now))
        return StaffLogin(key=_open(staff, now))


def verify_second_factor(*, session: StaffSession, code: str, by: Actor, now: datetime) -> StaffLogin:
    """Give the session its second factor: the six digits of the moment, or a code on paper. `refused` when wrong."""
    staff = session.staff
    with transaction.atomic():
        row = _locked(f"2:{staff.login}"[:254])
        bucket = Bucket(row.tries, row.in_a_row, row.last)
        decision = decide(bucket, now)
        if not decision.allowed:
            return _braked(decision)
        way = _accepted(staff, "".join(code.split()), now)
        if not way:
            _store(row, counted(bucket, now))
            return StaffLogin(refused=True)
        _store(row, refunded(counted(bucket, now), bucket, now))
        StaffSession.objects.filter(pk=session.pk).update(verified=True)
        record(Act("log_in", staff.login, after={"way": way}), by=by, now=now)
        return StaffLogin()


@transaction.atomic
def prepare_second_factor(*, staff: Staff, now: datetime) -> tuple[bytes, str]:
    """The secret to show: (its bytes, the `otpauth:` address of its QR code). The same until it is confirmed."""
    factor = SecondFactor.objects.select_for_update().filter(staff=staff).first()
    if factor is not None and factor.confirmed_at is None:
        secret = unseal(factor.secret, factor_place(staff.pk))
    elif factor is None:
        secret = secrets.token_bytes(SECRET_BYTES)
        SecondFactor.objects.create(staff=staff, secret=seal(secret, factor_place(staff.pk)), made_at=now)
    else:
        raise ValueError("a confirmed second factor is never shown again")
    return secret, _totp(secret).get_provisioning_uri(staff.login, current_town().name)


@transaction.atomic
def confirm_second_factor(*, session: StaffSession, code: str, by: Actor, now: datetime) -> list[str] | None:
    """Put the secret in force once the telephone showed a right code: the codes on paper, shown once. None: wrong."""
    staff = session.staff
    factor = SecondFactor.objects.select_for_update().filter(staff=staff, confirmed_at=None).first()
    if factor is None or not (step := _step(factor, staff, "".join(code.split()), now)):
        return None
    SecondFactor.objects.filter(pk=factor.pk).update(confirmed_at=now, last_step=step)
    StaffSession.objects.filter(pk=session.pk).update(verified=True)
    record(Act("confirm_second_factor", staff.login), by=by, now=now)
    return _new_recovery_codes(staff)


@transaction.atomic
def renew_recovery_codes(*, staff: Staff, by: Actor, now: datetime) -> list[str]:
    """Ten new codes on paper; the former ones open nothing any more."""
    record(Act("renew_recovery_codes", staff.login), by=by, now=now)
    return _new_recovery_codes(staff)


@transaction.atomic
def log_out_staff(*, session_id: int) -> None:
    """Close a session for good."""
    StaffSession.objects.filter(pk=session_id).delete()


@transaction.atomic
def purge_staff_access(*, now: datetime) -> int:
    """Forget the sessions that are over and the buckets that brake nobody any more; how many rows went."""
    over, _ = StaffSession.objects.filter(ends_at__lte=now).delete()
    quiet, _ = StaffThrottle.objects.filter(last__lt=now - QUIET).delete()
    return over + quiet


def code_at(secret: bytes, moment: datetime) -> str:
    """The six digits of this moment (for the demonstration, which shows them, and for tests)."""
    return _totp(secret).generate(int(moment.timestamp())).decode()


def staff_key_hash(key: str) -> str:
    """What the table keeps of a session key."""
    return hashlib.sha256(key.encode()).hexdigest()


def _accepted(staff: Staff, code: str, now: datetime) -> str:
    factor = SecondFactor.objects.select_for_update().exclude(confirmed_at=None).filter(staff=staff).first()
    if factor is None:
        return ""
    if step := _step(factor, staff, code, now):
        SecondFactor.objects.filter(pk=factor.pk).update(last_step=step)
        return "totp"
    used = RecoveryCode.objects.filter(staff=staff, code_hash=_paper_hash(code), used_at=None).update(used_at=now)
    return "paper" if used else ""


def _step(factor: SecondFactor, staff: Staff, code: str, now: datetime) -> int:
    """The step of a right code that was not used yet, else 0."""
    if not (code.isascii() and code.isdigit() and len(code) == 6):
        return 0
    totp, present = _totp(unseal(factor.secret, factor_place(staff.pk))), int(now.timestamp()) // TOTP_STEP
    for step in range(max(present - TOTP_SLACK, factor.last_step + 1), present + TOTP_SLACK + 1):
        try:
            totp.verify(code.encode(), step * TOTP_STEP)
        except InvalidToken:
            continue
        return step
    return 0


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, 6, SHA1(), TOTP_STEP)  # noqa: S303  what every telephone's application knows (RFC 6238 §1.2)


def _new_recovery_codes(staff: Staff) -> list[str]:
    RecoveryCode.objects.filter(staff=staff).delete()
    codes = [f"{secrets.randbelow(10**10):010}" for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(RecoveryCode(staff=staff, code_hash=_paper_hash(code)) for code in codes)
    return [f"{code[:5]} {code[5:]}" for code in codes]


def _paper_hash(code: str) -> str:
    return hmac.new(settings.PEPPER.encode(), code.encode(), hashlib.sha256).hexdigest()


def _braked(decision: Decision) -> StaffLogin:
    return StaffLogin(wait=decision.wait, refused=True)


def _locked(key: str) -> StaffThrottle:
    StaffThrottle.objects.bulk_create([StaffThrottle(key=key)], ignore_conflicts=True)
    row: StaffThrottle = StaffThrottle.objects.select_for_update().get(key=key)
    return row


def _store(row: StaffThrottle, bucket: Bucket) -> None:
    StaffThrottle.objects.filter(pk=row.pk).update(tries=bucket.tries, in_a_row=bucket.in_a_row, last=bucket.last)


def _open(staff: Staff, now: datetime) -> str:
    key = secrets.token_urlsafe(32)
    StaffSession.objects.create(
        key_hash=staff_key_hash(key), staff=staff, credential_version=staff.credential_version,
        started_at=now, ends_at=now + LONGEST_SESSION,
    )  # fmt: skip
    return key


_hash_of_nobody = ""


def _nobody() -> str:
    """What an unknown login is checked against, so that it takes the time of a known one."""
    global _hash_of_nobody  # noqa: PLW0603  once per process
    _hash_of_nobody = _hash_of_nobody or make_password(secrets.token_urlsafe())
    return _hash_of_nobody
