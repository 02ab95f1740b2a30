"""The form of an activity: everything that belongs to it on one page."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms import BoundField
from django.forms.boundfield import BoundWidget

from portail.bookings.models import Activity, ActivityGroup
from portail.bookings.operations.activities import ActivityPlan
from portail.bookings.operations.offer import ActivityDraft, AudienceDraft
from portail.families.models import Classroom, School
from portail.office.calendar.cutoff_fields import (
    HourField,
    Open,
    cutoff_fields,
    cutoff_initial,
    cutoff_of,
)
from portail.office.calendar.words import LATE, LINKS, OPENINGS
from portail.office.forms import OfficeForm
from portail.rules.booking import DependencyKind, LatePolicy
from portail.rules.calendar import Opening
from portail.rules.cutoffs import Cutoff
from portail.towns import wording as say

MOST_STOPS = 60
_STOP = re.compile(r"(\d{1,2})\s*(?:h|:)\s*(\d{2})?\s+(\S.*)")


@dataclass(frozen=True, slots=True)
class Around:
    """What the form chooses among: groups, schools with their classes, the other activities."""

    groups: Sequence[ActivityGroup]
    schools: Sequence[School]
    classrooms: Sequence[Classroom]
    others: Sequence[Activity]


class ActivityForm(OfficeForm):
    """An activity: what it is, when it opens, until when it is booked, for whom, how many."""

    name = forms.CharField(label="Nom", max_length=80, help_text="Celui que les familles lisent dans le planning.")
    group = forms.ChoiceField(label="Groupe", required=False)
    new_group = forms.CharField(
        label="Ou un nouveau groupe", max_length=60, required=False,
        help_text="Un groupe est une ligne du menu du planning : PERISCOLAIRE, MERCREDI…",
    )  # fmt: skip
    opens_on = forms.ChoiceField(label="Ouverte", choices=[(kind.value, words) for kind, words in OPENINGS.items()])
    weekdays = forms.TypedMultipleChoiceField(
        label="Jours de la semaine", coerce=int, widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Cochez au moins un jour."},
    )  # fmt: skip
    first_day = forms.DateField(label="À partir du", required=False)
    last_day = forms.DateField(label="Jusqu'au", required=False)
    weeks_ahead = forms.IntegerField(
        label="Semaines ouvertes d'avance", required=False, min_value=0, max_value=60,
        help_text="8 : les familles réservent jusqu'à huit semaines d'avance. Vide : toute l'année.",
    )  # fmt: skip
    same = forms.BooleanField(label="La même clôture pour annuler", required=False, initial=True)
    late = forms.ChoiceField(
        label="Après la clôture", choices=[(p.value, words) for p, words in LATE.items()], widget=forms.RadioSelect,
        initial=LatePolicy.REFUSE.value,
    )  # fmt: skip
    late_until = HourField(
        label="Demandes reçues jusqu'à", required=False, help_text="Heure du jour même, quand la mairie reçoit encore."
    )
    audiences = forms.MultipleChoiceField(
        label="Pour qui", required=False, widget=forms.CheckboxSelectMultiple,
        help_text="Rien de coché : tous les enfants.",
    )  # fmt: skip
    min_age = forms.IntegerField(label="Âge minimal", required=False, min_value=0, max_value=99)
    max_age = forms.IntegerField(label="Âge maximal", required=False, min_value=0, max_value=99)
    enrolled_only = forms.BooleanField(
        label="Réservée aux inscrits à l'année", required=False, help_text="La liste des inscrits se tient à part."
    )
    adults = forms.BooleanField(label="Pour les adultes (enseignants, agents)", required=False)
    seats = forms.IntegerField(
        label="Places par jour, en tout", required=False, min_value=1, max_value=30000, help_text="Vide : sans limite."
    )
    stops = forms.CharField(
        label="Arrêts", required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Un par ligne, l'heure d'abord : 8 h 10 Mairie.",
    )  # fmt: skip

    def __init__(self, *args: Any, around: Around, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.around = around
        self.book: Cutoff | None = None
        self.cancel: Cutoff | None = None
        self.fields.update({**cutoff_fields("book"), **cutoff_fields("cancel")})
        for name, field in self.fields.items():
            if isinstance(field, forms.DateField):
                field.widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
            if name.startswith("cancel_"):  # looked at only when cancelling has its own rule
                field.required = False
        _choose(self, "group", [("", "—"), *((group.code, group.name) for group in around.groups)])
        _choose(self, "weekdays", [(n, say.weekday(n)) for n in range(7)])
        _choose(self, "audiences", [choice for _, choices in self._audiences() for choice in choices])
        for kind, words in LINKS.items():
            field = forms.MultipleChoiceField(label=words, required=False, widget=forms.CheckboxSelectMultiple)
            field.choices = [(other.code, other.name) for other in around.others]
            self.fields[f"link_{kind.value}"] = field
        for school in around.schools:
            self.fields[f"seats_{school.pk}"] = forms.IntegerField(
                label=f"Dont {school.name}", required=False, min_value=1, max_value=30000
            )

    def clean_weekdays(self) -> frozenset[int]:
        """A set."""
        return frozenset(self.cleaned_data["weekdays"])

    def clean_stops(self) -> dict[str, int]:
        """Name -> minutes, in the order typed."""
        stops: dict[str, int] = {}
        for line in filter(None, (line.strip() for line in str(self.cleaned_data["stops"]).splitlines())):
            found = _STOP.fullmatch(line)
            minutes = int(found[1]) * 60 + int(found[2] or 0) if found else -1
            if found is None or not 0 <= minutes < 1440 or int(found[2] or 0) > 59 or len(found[3]) > 80:
                raise forms.ValidationError(
                    f"« {line[:60]} » : écrivez l'heure puis le nom, par exemple 8 h 10 Mairie."
                )
            stops[found[3]] = minutes
        if len(stops) > MOST_STOPS:
            raise forms.ValidationError(f"{MOST_STOPS} arrêts au plus.")
        return stops

    def clean(self) -> dict[str, Any]:
        """The cut-offs, and what goes together."""
        values = self.cleaned_data
        self.book = cutoff_of(self, "book")
        if values.get("same"):
            self.cancel = self.book
            for name in [name for name in self.errors if name.startswith("cancel_")]:
                del self.errors[name]
        else:
            if values.get("cancel_at") is None and "cancel_at" not in self.errors:
                self.add_error("cancel_at", "Indiquez l'heure de la clôture des annulations.")
            self.cancel = cutoff_of(self, "cancel")
        if not values.get("group") and not values.get("new_group"):
            self.add_error("group", "Choisissez un groupe, ou nommez-en un nouveau.")
        if values.get("late") == LatePolicy.REFUSE.value:
            self.errors.pop("late_until", None)
            values["late_until"] = None
        elif values.get("late_until") is None and "late_until" not in self.errors:
            self.add_error("late_until", "Jusqu'à quelle heure du jour même la mairie reçoit-elle encore ?")
        return values

    def when(self) -> Open | None:
        """When the activity opens, as far as it was typed; None when that cannot be read."""
        values = self.cleaned_data
        if "opens_on" not in values or "weekdays" not in values:
            return None
        school = next((a.school for a in self._drafts() if a.school), "")
        found = next((one.pk for one in self.around.schools if one.code == school), None)
        return Open(
            Opening(values["opens_on"]), values["weekdays"], values.get("first_day"), values.get("last_day"), found
        )

    def plan(self, code: str, new_group_code: str, position: int) -> ActivityPlan:
        """What a valid form asks for."""
        values = self.cleaned_data
        if self.book is None or self.cancel is None:
            raise ValueError("the form is not valid")
        typed = values["new_group"].casefold()
        same = next((group.code for group in self.around.groups if typed and group.name.casefold() == typed), "")
        new = bool(typed) and not same
        group = new_group_code if new else same or values["group"]
        draft = ActivityDraft(
            code, values["name"], group, Opening(values["opens_on"]), values["weekdays"], self.book, self.cancel,
            position=position, late=LatePolicy(values["late"]), late_until=values["late_until"] or 0,
            weeks_ahead=values["weeks_ahead"], first_day=values["first_day"], last_day=values["last_day"],
            min_age=values["min_age"], max_age=values["max_age"], enrolled_only=values["enrolled_only"],
            adults=values["adults"], audiences=self._drafts(), stops=values["stops"],
        )  # fmt: skip
        seats = {"": values["seats"], **{s.code: values[f"seats_{s.pk}"] for s in self.around.schools}}
        links = frozenset((kind, other) for kind in DependencyKind for other in values[f"link_{kind.value}"])
        return ActivityPlan(draft, {school: number for school, number in seats.items() if number}, links,
            values["new_group"] if new else "",
        )  # fmt: skip

    def audience_groups(self) -> list[tuple[str, list[BoundWidget]]]:
        """The boxes of « Pour qui » under their headings, for the template."""
        boxes = list(self["audiences"])
        found: list[tuple[str, list[BoundWidget]]] = []
        place = 0
        for title, choices in self._audiences():
            found.append((title, boxes[place : place + len(choices)]))
            place += len(choices)
        return found

    def school_seats(self) -> list[BoundField]:
        """The places of each school."""
        return [self[f"seats_{school.pk}"] for school in self.around.schools]

    def links(self) -> list[BoundField]:
        """What goes with other activities."""
        return [self[f"link_{kind.value}"] for kind in LINKS]

    def _audiences(self) -> list[tuple[str, list[tuple[str, str]]]]:
        schools = [(f"{school.code}||", f"{school.name}, toute l'école") for school in self.around.schools]
        levels = sorted({one.level for one in self.around.classrooms if one.level})
        groups = [("Écoles", schools), ("Niveaux", [(f"|{level}|", level) for level in levels])]
        for school in self.around.schools:
            classes = [one for one in self.around.classrooms if one.school_id == school.pk]
            groups.append(
                (f"Classes de {school.name}", [(f"{school.code}||{one.name}", f"Classe {one.name}") for one in classes])
            )
        known = {value for _, choices in groups for value, _ in choices}
        kept = [(value, _mixed(value)) for value in self.initial.get("audiences", []) if value not in known]
        return [(title, choices) for title, choices in [*groups, ("Autres", kept)] if choices]

    def _drafts(self) -> list[AudienceDraft]:
        return [_audience(value) for value in self.cleaned_data.get("audiences", [])]


def _choose(form: forms.Form, name: str, choices: Sequence[tuple[Any, str]]) -> None:
    field = form.fields[name]
    if isinstance(field, forms.ChoiceField):
        field.choices = choices


def audience_value(school: str, classroom: str, level: str) -> str:
    """A line of the audience as the value of a box: « ferry|| », « ferry||10 » (a class), « |CE1| » (a level)."""
    return f"{school}|{level}|{classroom}"


def _audience(value: str) -> AudienceDraft:
    school, level, classroom = value.split("|", 2)
    return AudienceDraft(school, classroom, level)


def _mixed(value: str) -> str:
    found = _audience(value)
    return ", ".join(filter(None, [found.school, found.classroom and f"classe {found.classroom}", found.level]))


def initial_of(plan: Mapping[str, Any], schools: Sequence[School]) -> dict[str, Any]:
    """The first values of the form for an activity that exists (`queries.activities.plan_of`)."""
    plain = ("name", "group", "opens_on", "weekdays", "weeks_ahead", "first_day", "last_day", "min_age", "max_age")
    same = plan["book"] == plan["cancel"]
    return {
        **{name: plan[name] for name in (*plain, "enrolled_only", "adults", "late")},
        **cutoff_initial("book", plan["book"]),
        **cutoff_initial("cancel", plan["cancel"]),
        "same": same,
        "late_until": say.time(plan["late_until"]) if plan["late"] != LatePolicy.REFUSE.value else "",
        "audiences": [audience_value(*line) for line in plan["audiences"]],
        "seats": plan["seats"].get(""),
        "stops": "\n".join(f"{say.time(at)} {name}" for name, at in plan["stops"].items()),
        **{f"seats_{school.pk}": plan["seats"].get(school.code) for school in schools},
        **{
            f"link_{kind.value}": [other for link, other in plan["links"] if link == kind.value]
            for kind in DependencyKind
        },
    }
