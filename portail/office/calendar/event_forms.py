"""The forms of an event: what closes, where and when; what families read; the way back."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.forms.boundfield import BoundWidget

from portail.bookings.models import Activity, Event
from portail.bookings.operations.events import EventDraft, Place
from portail.bookings.operations.notices import LONGEST_TEXT, Message
from portail.families.models import Classroom, School
from portail.office.calendar.words import days
from portail.office.forms import OfficeForm
from portail.towns import wording as say

BOOKED, CONCERNED, NOBODY = "booked", "concerned", "nobody"
REASONS = {
    Event.Kind.STRIKE: "Grève du personnel",
    Event.Kind.OUTING: "Sortie scolaire",
    Event.Kind.ABSENCE: "Enseignant absent",
    Event.Kind.WEATHER: "Intempéries",
    Event.Kind.OTHER: "",
}
HINTS = {
    Event.Kind.STRIKE: "Sans rien cocher, toute la commune est concernée, pour toutes ses activités.",
    Event.Kind.OUTING: "Cochez les classes qui partent : leur repas du midi est annulé, le reste ne change pas.",
    Event.Kind.ABSENCE: "Cochez la classe dont les élèves ne sont pas accueillis.",
    Event.Kind.WEATHER: "Sans rien cocher, tout ferme : écoles, cantine, garderie, transport.",
    Event.Kind.OTHER: "Une journée pédagogique, des travaux, un pont : sans rien cocher, toute la commune ferme.",
}


class EventForm(OfficeForm):
    """What closes, where, from when to when, and why."""

    first = forms.DateField(label="Premier jour")
    last = forms.DateField(label="Dernier jour", required=False, help_text="Vide : ce jour-là seulement.")
    reason = forms.CharField(label="Motif", max_length=150, help_text="Les familles le lisent dans leur planning.")
    where = forms.MultipleChoiceField(
        label="Où", required=False, widget=forms.CheckboxSelectMultiple, help_text="Rien de coché : toute la commune."
    )
    activities = forms.MultipleChoiceField(
        label="Ce qui ferme", required=False, widget=forms.CheckboxSelectMultiple,
        help_text="Rien de coché : toutes les activités.",
    )  # fmt: skip
    token = forms.UUIDField(widget=forms.HiddenInput, required=False)
    shown = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)

    def __init__(self, *args: Any, schools: Sequence[School], classrooms: Sequence[Classroom],
                 offered: Sequence[Activity], **kwargs: Any) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.groups: list[tuple[str, list[tuple[str, str]]]] = [
            ("Écoles", [(f"{school.code}|", school.name) for school in schools])
        ]
        for school in schools:
            own = [one for one in classrooms if one.school_id == school.pk]
            teachers = [(f"{school.code}|{one.name}", _class_words(one)) for one in own]
            self.groups += [(f"Classes de {school.name}", teachers)] if teachers else []
        self._choose("where", [choice for _, choices in self.groups for choice in choices])
        self._choose("activities", [(one.code, one.name) for one in offered])

    def clean(self) -> dict[str, Any]:
        """A single day when the last one is left empty."""
        values = self.cleaned_data
        values["last"] = values.get("last") or values.get("first")
        if values.get("first") and values["last"] < values["first"]:
            self.add_error("last", "Le dernier jour est avant le premier.")
        return values

    def draft(self, kind: Event.Kind, message: Message | None, shown: str) -> EventDraft:
        """What a valid form asks for; a school and its own classes ticked together are the school."""
        values = self.cleaned_data
        pairs = [tuple(value.split("|", 1)) for value in values["where"]]
        whole = {school for school, classroom in pairs if not classroom}
        kept = [(school, room) for school, room in pairs if not room or school not in whole] or [("", "")]
        places = [Place(school, room, code) for school, room in kept for code in values["activities"] or [""]]
        token: UUID = values.get("token") or uuid4()
        return EventDraft(kind, values["first"], values["last"], values["reason"], places, token, message, shown)

    def where_groups(self) -> list[tuple[str, list[BoundWidget]]]:
        """The boxes of « Où » under their headings."""
        boxes = list(self["where"])
        found: list[tuple[str, list[BoundWidget]]] = []
        place = 0
        for title, choices in self.groups:
            found.append((title, boxes[place : place + len(choices)]))
            place += len(choices)
        return found

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        if isinstance(field := self.fields[name], forms.ChoiceField):
            field.choices = choices


class MessageForm(OfficeForm):
    """What families read, and which of them."""

    to = forms.ChoiceField(
        label="Qui prévenir", widget=forms.RadioSelect,
        choices=[
            (BOOKED, "les familles dont des réservations changent"),
            (CONCERNED, "toutes les familles des classes concernées"),
            (NOBODY, "personne"),
        ],
    )  # fmt: skip
    subject = forms.CharField(label="Objet", max_length=150, required=False)
    text = forms.CharField(
        label="Message", max_length=LONGEST_TEXT, required=False, widget=forms.Textarea(attrs={"rows": 8}),
        help_text="La liste des réservations de chaque famille est ajoutée à la fin.",
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """A message is needed unless nobody is told."""
        values = self.cleaned_data
        if values.get("to") not in (None, NOBODY):
            for name in ("subject", "text"):
                if not values.get(name) and name not in self.errors:
                    self.add_error(name, "Écrivez-le, ou choisissez de ne prévenir personne.")
        return values

    def message(self) -> Message | None:
        """What a valid form asks to send."""
        values = self.cleaned_data
        if values["to"] == NOBODY:
            return None
        return Message(values["subject"], values["text"], booked_only=values["to"] == BOOKED)


class ReopenForm(OfficeForm):
    """Undo an event, or keep some of its days."""

    way = forms.ChoiceField(
        label="Que voulez-vous faire", widget=forms.RadioSelect,
        choices=[("all", "tout rouvrir"), ("keep", "garder seulement une partie des jours fermés")],
    )  # fmt: skip
    first = forms.DateField(label="Premier jour gardé", required=False)
    last = forms.DateField(label="Dernier jour gardé", required=False)
    rebook = forms.BooleanField(
        label="Remettre les réservations annulées, à partir d'aujourd'hui", required=False, initial=True
    )

    def clean(self) -> dict[str, Any]:
        """Both days when some are kept."""
        values = self.cleaned_data
        if values.get("way") == "keep":
            for name in ("first", "last"):
                if not values.get(name) and name not in self.errors:
                    self.add_error(name, "Indiquez ce jour.")
        return values


def words_for(draft: EventDraft, places: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """The message proposed: subject and text, from what was typed. `places`, `names`: where, which activities."""
    when = days(draft.first, draft.last)
    what = f"{say.listing(list(names))} : fermé" if names else "Les activités périscolaires sont fermées"
    where = "" if not places else f" ({'; '.join(places)})"
    return {
        "subject": f"{draft.reason} : {when}",
        "text": f"Bonjour,\n\n{draft.reason}. {what} {when}{where}.\n\nVous n'avez rien à faire.",
    }


def reopened_words(event: Event) -> dict[str, str]:
    """The message proposed when days open again."""
    when = days(event.first, event.last)
    return {
        "subject": f"{event.reason} : finalement ouvert",
        "text": f"Bonjour,\n\nNous vous avions annoncé une fermeture {when} ({event.reason}). Elle n'a plus "
        "lieu, ou elle est plus courte : consultez votre planning.",
    }


def _class_words(one: Classroom) -> str:
    return f"Classe {one.name}, {one.teacher}" if one.teacher else f"Classe {one.name}"
