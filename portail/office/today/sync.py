"""What tablets send: taps as JSON, made offline or not. One answer per tap; the same tap may come many times."""

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.http import require_http_methods

from portail.bookings.models import Attendance
from portail.bookings.operations.attendance import AttendanceError, MarkDraft
from portail.bookings.operations.tablets import Gesture, Receipt, receive_gestures
from portail.office.requests import OfficeRequest, actor, allowed
from portail.rules.attendance import Mark
from portail.rules.staff import Right

UNREADABLE = "Cet envoi n'est pas lisible."


class UnreadableError(ValueError):
    """What was sent is no list of taps."""


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.ATTENDANCE)
def sync_gestures(request: OfficeRequest) -> HttpResponse:
    """GET: a fresh token, so that a page kept for hours may send. POST: `{"gestures": […]}`, at most 1,000."""
    if request.method != "POST":
        return JsonResponse({"token": get_token(request)})
    try:
        gestures = _read(request.body)
        receipts = receive_gestures(gestures=gestures, by=actor(request), now=request.now)
    except UnreadableError:
        return JsonResponse({"error": UNREADABLE}, status=400)
    except AttendanceError as refusal:
        return JsonResponse({"error": str(refusal)}, status=400)
    return JsonResponse({"at": request.now.astimezone(UTC).isoformat(), "receipts": [_told(one) for one in receipts]})


def _read(body: bytes) -> list[Gesture]:
    try:
        sent = json.loads(body)
        return [_gesture(one) for one in sent["gestures"]]
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise UnreadableError from error


def _gesture(sent: Any) -> Gesture:
    """One tap. Raises ValueError, KeyError or TypeError when it is none."""
    mark = Mark(sent["mark"])
    draft = MarkDraft(
        person=_text(sent["person"], 20), activity=_text(sent["activity"], 40),
        day=date.fromisoformat(_text(sent["day"], 10)),
        mark=Attendance.Mark(mark.value) if mark else None, arrived=_minutes(sent.get("arrived")),
        left=_minutes(sent.get("left")),
    )  # fmt: skip
    return Gesture(UUID(_text(sent["id"], 40)), draft, _text(sent["seen"], 60), _instant(sent.get("made_at")))


def _text(value: Any, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest or not value.isascii() or not (value + "x").isprintable():
        raise ValueError(value)
    return value


def _minutes(value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not -1 < value <= 24 * 60:
        raise ValueError(value)
    return value


def _instant(value: Any) -> datetime | None:
    """The tablet's clock, in UTC; None when it says nothing that can be kept."""
    if value is None:
        return None
    instant = datetime.fromisoformat(_text(value, 40))
    if instant.tzinfo is None or not 2000 <= instant.year <= 2200:
        return None
    return instant.astimezone(UTC)


def _told(receipt: Receipt) -> dict[str, Any]:
    return {
        "id": str(receipt.id), "outcome": receipt.outcome.value, "mark": receipt.mark, "arrived": receipt.arrived,
        "left": receipt.left, "version": receipt.version, "words": receipt.words,
    }  # fmt: skip
