"""The two cookies of a parent: the session, and the device that logged in once.

The session cookie is the key and the minute of the last visit, signed: idleness is judged without writing anything to
the database when a page is read. Who the key belongs to, and its absolute end, are in the table.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse

from portail.families.operations.access import key_hash

__all__ = ["IDLE", "Device", "Visit", "forget", "is_stale", "key_hash", "read", "read_device", "remember"]

IDLE = timedelta(minutes=30)
REFRESH = timedelta(minutes=1)
DEVICE_AGE = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Visit:
    """A session cookie that was read: its key and the last visit."""

    key: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Device:
    """A device from which this payer once logged in."""

    payer: UUID
    id: str


def read(request: HttpRequest) -> Visit | None:
    """The session cookie, or None when there is none, it was tampered with, or the visitor was idle for too long."""
    value = _unsigned("session", request.COOKIES.get(settings.PARENT_COOKIE_NAME, ""))
    key, _, stamp = value.rpartition(".")
    if not key or not stamp.isdigit():
        return None
    seen_at = datetime.fromtimestamp(int(stamp), UTC)
    now: datetime = request.now  # type: ignore[attr-defined]
    return Visit(key, seen_at) if timedelta(0) <= now - seen_at + REFRESH <= IDLE + REFRESH else None


def is_stale(visit: Visit, now: datetime) -> bool:
    """Is it time to stamp the cookie again? Not at each request: the cookie would change for nothing."""
    return now - visit.seen_at >= REFRESH


def remember(response: HttpResponse, key: str, now: datetime) -> None:
    """Set or refresh the session cookie; it dies with the browser."""
    value = Signer(salt="session").sign(f"{key}.{int(now.timestamp())}")
    response.set_cookie(settings.PARENT_COOKIE_NAME, value, httponly=True, secure=settings.HTTPS, samesite="Lax")


def forget(response: HttpResponse) -> None:
    """Remove the session cookie."""
    response.delete_cookie(settings.PARENT_COOKIE_NAME, samesite="Lax")


def read_device(request: HttpRequest) -> Device | None:
    """The device cookie, or None."""
    payer, _, device = _unsigned("device", request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")).partition(".")
    try:
        return Device(UUID(payer), device) if device else None
    except ValueError:
        return None


def remember_device(request: HttpRequest, response: HttpResponse, payer: UUID) -> None:
    """After a success: give the device an identity for this payer, so that a guesser elsewhere cannot lock it out."""
    known = read_device(request)
    if known is not None and known.payer == payer:
        return
    value = Signer(salt="device").sign(f"{payer}.{secrets.token_urlsafe(12)}")
    age = int(DEVICE_AGE.total_seconds())
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME, value, max_age=age, httponly=True, secure=settings.HTTPS, samesite="Lax"
    )


def _unsigned(salt: str, value: str) -> str:
    try:
        return Signer(salt=salt).unsign(value)
    except BadSignature:
        return ""
