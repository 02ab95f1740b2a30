"""Pointage: the register of an activity on a tablet, with a form for browsers without scripts."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portail.bookings.models import Attendance
from portail.bookings.operations.attendance import MarkDraft
from portail.bookings.operations.kitchen import MEALS
from portail.bookings.operations.tablets import Gesture, Receipt, receive_gestures
from portail.bookings.queries.offer import Offer, offer_in_force
from portail.bookings.queries.roll import (
    Present,
    RegisterRow,
    not_booked,
    register_days,
    timed_activities,
    who_is_here,
)
from portail.bookings.queries.roll import (
    register as register_of,
)
from portail.office.pages import done, show
from portail.office.requests import OfficeRequest, actor, allowed
from portail.office.requests import today as today_of
from portail.office.today.days import asked_day, read_day
from portail.rules.attendance import QUARTER, Mark, Outcome, quarter, tapped
from portail.rules.codes import normalise_child_code
from portail.rules.staff import Right
from portail.towns import wording as say

SCRIPT = Path(__file__).parent.parent / "static" / "office" / "attendance-worker.js"
TIMED_LOOKED_BACK = timedelta(days=60)
QUARTERS = range(6 * 60, 20 * 60 + 1, QUARTER)
WORDS = {Mark.NOTHING: "à pointer", Mark.PRESENT: "présent", Mark.JUSTIFIED: "absent, justifié", Mark.ABSENT: "absent"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """Where one stands: an activity, a day, a school or all of them, with hours or not."""

    activity_id: int
    activity: str
    name: str
    day: date
    school_id: int | None
    times: bool
    words: str = ""

    def address(self, **changes: str) -> str:
        """Its own address, with something changed."""
        state = {"ecole": str(self.school_id or ""), "heures": "1" if self.times else "0", **changes}
        here = reverse("office:register", kwargs={"activity": self.activity, "day": str(self.day)})
        query = urlencode({name: value for name, value in state.items() if value})
        return f"{here}?{query}" if query else here


@allowed(Right.ATTENDANCE)
def attendance(request: OfficeRequest) -> HttpResponse:
    """Choose what to tick."""
    offer, day = offer_in_force(), min(asked_day(request), today_of(request))
    found = register_days(day)
    choices = []
    for activity_id, code in offer.codes.items():
        places = [(school, *found[(activity_id, school)]) for key, school in found if key == activity_id]
        places.sort(key=lambda place: offer.schools.get(place[0] or 0, "~"))
        if places:
            choices.append((code, offer.rulebook.activities[code].name, places))
    context = {"day": day, "today": today_of(request), "choices": choices, "schools": offer.schools,
               "before": day - timedelta(days=1), "after": day + timedelta(days=1)}  # fmt: skip
    return show(request, "office/attendance.html", context, current="attendance")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.ATTENDANCE)
def register(request: OfficeRequest, activity: str, day: str) -> HttpResponse:
    """Tick the children of an activity and day."""
    offer = offer_in_force()
    sheet = _sheet(request, offer, activity, day)
    if request.method == "POST":
        return _ticked(request, sheet)
    rows = register_of(sheet.activity_id, sheet.day, sheet.school_id)
    others = not_booked(sheet.activity_id, sheet.day, sheet.school_id, sheet.words)
    context = {
        "sheet": sheet, "classes": _by_class(rows), "others": others, "schools": offer.schools, "words": WORDS,
        "meals": MEALS, "quarters": [(at, say.time(at)) for at in QUARTERS], "tapped": tapped,
        "open": sheet.day <= today_of(request),
        "ticked": sum(bool(row.mark) for row in rows), "expected": len(rows), "undo": _undo(request),
        "present": sum(row.mark == Mark.PRESENT for row in rows), "Mark": Mark,
    }  # fmt: skip
    return show(request, "office/register.html", context, current="attendance")


@allowed(Right.LISTS)
def evacuation(request: OfficeRequest) -> HttpResponse:
    """« Qui est là maintenant »."""
    offer = offer_in_force()
    here = request.now.astimezone(ZoneInfo(request.town.time_zone))
    school = _school(request, offer)
    found = who_is_here(here.date(), here.hour * 60 + here.minute, school)
    context = {
        "groups": _grouped(found),
        "count": sum(one.ticked for one in found), "unsure_count": sum(not one.ticked for one in found),
        "schools": offer.schools, "school_id": school, "at": here,
    }  # fmt: skip
    return show(request, "office/evacuation.html", context, current="evacuation")


@allowed(Right.LISTS)
def service_worker(_request: OfficeRequest) -> HttpResponse:
    """The script that keeps the register at hand without a network; it rules /mairie/pointage/ alone."""
    return HttpResponse(SCRIPT.read_bytes(), content_type="text/javascript; charset=utf-8")


def _sheet(request: OfficeRequest, offer: Offer, activity: str, day: str) -> Sheet:
    on = read_day(day, request)
    activity_id = next((key for key, code in offer.codes.items() if code == activity), None)
    if on is None or activity_id is None:
        raise Http404
    asked = request.GET.get("heures", "")
    times = asked == "1" or (asked != "0" and activity_id in timed_activities(on - TIMED_LOOKED_BACK))
    name = offer.rulebook.activities[activity].name
    words = request.GET.get("q", "").strip()[:100]
    return Sheet(activity_id, activity, name, on, _school(request, offer), times, words)


def _school(request: OfficeRequest, offer: Offer) -> int | None:
    asked = request.GET.get("ecole", "")
    return int(asked) if asked.isascii() and asked.isdigit() and int(asked) in offer.schools else None


def _ticked(request: OfficeRequest, sheet: Sheet) -> HttpResponse:
    """What a form says: one button of a child, a badge, « tous présents », or the hours."""
    rows = {row.code: row for row in register_of(sheet.activity_id, sheet.day, sheet.school_id)}
    gestures = _gestures(request, sheet, rows)
    if not gestures:
        return HttpResponseRedirect(sheet.address())
    receipts = receive_gestures(gestures=gestures, by=actor(request), now=request.now)
    bad = [receipt.words for receipt in receipts if receipt.outcome is not Outcome.APPLIED]
    undo = {}
    if len(gestures) == 1 and not bad:
        one = gestures[0].draft
        before = rows.get(one.person)
        undo = {"annuler": f"{one.person}|{before.mark if before else ''}|{receipts[0].version}"}
    said = " ".join(bad) if bad else _said(gestures, receipts, rows)
    response = done(said, sheet.address(**undo))
    anchor = f"#e{gestures[0].draft.person}" if len(gestures) == 1 else ""
    response["Location"] += anchor
    return response


def _gestures(request: OfficeRequest, sheet: Sheet, rows: dict[str, RegisterRow]) -> list[Gesture]:
    minutes = _minutes(request)
    if request.POST.get("act") == "all":
        waiting = [row for row in rows.values() if not row.mark]
        return [_gesture(sheet, row.code, Mark.PRESENT, row.version) for row in waiting]
    if request.POST.get("act") == "times":
        return [gesture for row in rows.values() if (gesture := _hours(request, sheet, row)) is not None]
    parts = request.POST.get("tap", "").split("|")
    typed = request.POST.get("badge", "").strip()[:20]
    if typed and len(parts) != 3:
        code = normalise_child_code(typed) or typed
        return [_badge(sheet, code, rows.get(code), minutes)]
    if len(parts) != 3 or parts[1] not in set(Mark):
        return []
    return [_gesture(sheet, parts[0], Mark(parts[1]), parts[2])]


def _gesture(
    sheet: Sheet, code: str, mark: Mark, version: str, times: tuple[int | None, int | None] = (None, None)
) -> Gesture:
    kind = Attendance.Mark(mark.value) if mark else None
    return Gesture(uuid4(), MarkDraft(code, sheet.activity, sheet.day, kind, *times), f"t:{version}")


def _badge(sheet: Sheet, code: str, row: RegisterRow | None, minutes: int) -> Gesture:
    """The first scan is an arrival, the next a departure where hours are kept."""
    if row is None or row.mark != Mark.PRESENT:
        return _gesture(sheet, code, Mark.PRESENT, row.version if row else "", (minutes if sheet.times else None, None))
    left = max(minutes, row.arrived or 0) if sheet.times else row.left
    return _gesture(sheet, code, Mark.PRESENT, row.version, (row.arrived, left))


def _hours(request: OfficeRequest, sheet: Sheet, row: RegisterRow) -> Gesture | None:
    """The hours of a child when the form changes them: an hour means present."""
    times = tuple(_typed(request.POST.get(f"{name}_{row.code}")) for name in ("arrived", "left"))
    if f"arrived_{row.code}" not in request.POST or times == (row.arrived, row.left):
        return None
    if times == (None, None) and row.mark != Mark.PRESENT:
        return None
    return _gesture(sheet, row.code, Mark.PRESENT, row.version, (times[0], times[1]))


def _typed(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 5 else None


def _minutes(request: OfficeRequest) -> int:
    here: datetime = request.now.astimezone(ZoneInfo(request.town.time_zone))
    return quarter(here.hour * 60 + here.minute)


def _said(gestures: list[Gesture], receipts: list[Receipt], rows: dict[str, RegisterRow]) -> str:
    if len(gestures) > 1:
        return f"{len(gestures)} pointages enregistrés."
    row = rows.get(gestures[0].draft.person)
    name = f"{row.first_name} {row.last_name}" if row else "Enfant ajouté"
    return f"{name} : {WORDS[Mark(receipts[0].mark)]}."


def _undo(request: OfficeRequest) -> str:
    """The value of the button that takes the last tap back, "" without one."""
    value = request.GET.get("annuler", "")[:80]
    parts = value.split("|")
    return value if len(parts) == 3 and parts[1] in set(Mark) else ""


def _by_class(rows: list[RegisterRow]) -> list[tuple[str, list[RegisterRow]]]:
    found: dict[str, list[RegisterRow]] = {}
    for row in rows:
        found.setdefault(", ".join(filter(None, (row.school, row.classroom))) or "Sans classe", []).append(row)
    return list(found.items())


def _grouped(found: list[Present]) -> list[tuple[str, list[Present]]]:
    groups: dict[str, list[Present]] = {}
    for one in found:
        where = ", ".join(filter(None, (one.row.school, one.row.classroom))) or "Sans classe"
        groups.setdefault(where, []).append(one)
    return list(groups.items())
