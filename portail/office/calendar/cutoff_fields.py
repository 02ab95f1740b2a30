"""A cut-off as fields of a form, and back; the hours that people type; and the rule said back with real days."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from portail.bookings.wording import cutoff_sentence
from portail.office.calendar.words import CUTOFFS
from portail.rules.calendar import Opening, TownCalendar
from portail.rules.cutoffs import MIDNIGHT_AFTER, Cutoff, CutoffKind, deadline, telling_days
from portail.towns import wording as say

DAYS_KINDS = (CutoffKind.WORKING_DAYS, CutoffKind.CALENDAR_DAYS, CutoffKind.SCHOOL_DAYS)
LOOKED_AT = 45  # open days among which the telling ones are chosen
PARTS = ("kind", "days", "weekday", "weeks", "on", "at", "moved_back")
_HOUR = re.compile(r"(\d{1,2})\s*(?:h|:)\s*(\d{2})?")


class HourField(forms.CharField):
    """« 10 h », « 16:30 », « minuit » (the end of the day) -> minutes after midnight."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=10, **options)
        self.widget.attrs.setdefault("placeholder", "10 h")

    def clean(self, value: Any) -> Any:
        """The minutes, None for an empty field that may be."""
        text = super().clean(value).strip().lower()
        if not text:
            return None
        minutes = MIDNIGHT_AFTER if text == "minuit" else _minutes(text)
        if minutes is None:
            raise forms.ValidationError("Ce n'est pas une heure : écrivez 10 h, 16 h 30 ou minuit.")
        return minutes


def _minutes(text: str) -> int | None:
    found = _HOUR.fullmatch(text)
    if found is None or int(found[2] or 0) > 59:
        return None
    minutes = int(found[1]) * 60 + int(found[2] or 0)
    return minutes if minutes <= MIDNIGHT_AFTER else None


def cutoff_fields(prefix: str) -> dict[str, forms.Field]:
    """The fields of one cut-off; those that do not go with the kind chosen are not looked at."""
    fields = {
        "kind": forms.ChoiceField(label="Jusqu'à", choices=[(kind.value, words) for kind, words in CUTOFFS.items()]),
        "days": forms.IntegerField(label="Combien de jours avant", required=False, min_value=0, max_value=60),
        "weekday": forms.TypedChoiceField(
            label="Quel jour", required=False, coerce=int, choices=[(n, say.weekday(n)) for n in range(7)]
        ),
        "weeks": forms.IntegerField(
            label="Combien de semaines avant", required=False, min_value=0, max_value=20,
            help_text="1 : la semaine d'avant ; 0 : la même semaine.",
        ),
        "on": forms.DateField(label="À quelle date", required=False),
        "at": HourField(label="À quelle heure", help_text="Par exemple 10 h, 16 h 30 ou minuit."),
        "moved_back": forms.BooleanField(
            label="Si ce jour n'est pas travaillé, clore le jour ouvré d'avant", required=False
        ),
    }  # fmt: skip
    return {f"{prefix}_{name}": field for name, field in fields.items()}


def cutoff_initial(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The first values of these fields, from a stored cut-off (`at` in minutes) or a preset (`at` as typed)."""
    known = {"days": 1, "weekday": 3, "weeks": 1, "at": 600, **values}
    known["at"] = say.time(known["at"]) if isinstance(known["at"], int) else known["at"]
    return {f"{prefix}_{name}": known.get(name) for name in PARTS}


def cutoff_of(form: forms.Form, prefix: str) -> Cutoff | None:
    """The cut-off typed in a form being cleaned; None, with an error at the right field, when it is not one."""
    values: dict[str, Any] = {name: form.cleaned_data.get(f"{prefix}_{name}") for name in PARTS}
    if values["kind"] is None or values["at"] is None:
        return None
    kind = CutoffKind(values["kind"])
    for name in set(PARTS) - {"kind", "at", "moved_back", *_needed(kind)}:
        form.errors.pop(f"{prefix}_{name}", None)  # not looked at, and not even shown
    if any(f"{prefix}_{name}" in form.errors for name in _needed(kind)):
        return None
    missing = next((name for name in _needed(kind) if values[name] in (None, "")), "")
    if missing:
        form.add_error(f"{prefix}_{missing}", "Indiquez-le, ou choisissez une autre sorte de clôture.")
        return None
    return Cutoff(
        kind,
        values["at"],
        days=values["days"] if kind in DAYS_KINDS else 0,
        weekday=values["weekday"] if kind is CutoffKind.WEEKDAY_BEFORE else 0,
        weeks=values["weeks"] if kind is CutoffKind.WEEKDAY_BEFORE else 1,
        on=values["on"] if kind is CutoffKind.FIXED_DATE else None,
        moved_back=bool(values["moved_back"]),
    )


def _needed(kind: CutoffKind) -> tuple[str, ...]:
    needed = {CutoffKind.WEEKDAY_BEFORE: ("weekday", "weeks"), CutoffKind.FIXED_DATE: ("on",)}
    return needed.get(kind, ("days",) if kind in DAYS_KINDS else ())


@dataclass(frozen=True, slots=True)
class Example:
    """« Pour le mardi 24 novembre », until when, and whether that is already over."""

    day: date
    book: str
    cancel: str
    over: bool


@dataclass(frozen=True, slots=True)
class Open:
    """When an activity opens, as far as the form says it."""

    opens_on: Opening
    weekdays: frozenset[int]
    first_day: date | None
    last_day: date | None
    school_id: int | None


def examples(
    book: Cutoff, cancel: Cutoff, when: Open, calendar: TownCalendar, *, now: datetime, zone: ZoneInfo
) -> list[Example]:
    """Two cut-offs on the next days that show them best; none when the activity never opens."""
    first = max(now.astimezone(zone).date(), when.first_day or date.min)
    days = calendar.open_days(when.opens_on, when.weekdays, first, school_id=when.school_id)
    within = [day for day in islice(days, LOOKED_AT) if when.last_day is None or day <= when.last_day]
    alive = [day for day in within if now < deadline(book, day, calendar, when.school_id, zone)]
    found = []
    for day in telling_days(alive or within):
        ends = [deadline(cutoff, day, calendar, when.school_id, zone) for cutoff in (book, cancel)]
        found.append(Example(day, say.moment(ends[0], zone), say.moment(ends[1], zone), now >= ends[0]))
    return found


def sentences(book: Cutoff, cancel: Cutoff) -> list[str]:
    """The rule read back: one sentence when booking and cancelling go together."""
    if book == cancel:
        return [f"Inscription et annulation : {cutoff_sentence(book)}."]
    return [f"Inscription : {cutoff_sentence(book)}.", f"Annulation : {cutoff_sentence(cancel)}."]
