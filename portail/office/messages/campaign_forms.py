"""The form of an e-mail to families: to whom, what."""

from datetime import date
from typing import Any

from django import forms

from portail.bookings.queries.audience import Audience
from portail.bookings.queries.offer import offer_in_force
from portail.families.queries.search import schools_and_classes
from portail.news.operations.campaigns import LONGEST_TEXT, Letter
from portail.news.operations.lines import NewsError
from portail.news.operations.outbox import LONGEST_SUBJECT
from portail.office.forms import OfficeForm
from portail.towns import wording as say


class CampaignForm(OfficeForm):
    """To whom, and what they read. Every part of « À qui » that is set narrows."""

    school = forms.ChoiceField(label="École", required=False)
    classroom = forms.ChoiceField(label="Classe", required=False)
    activity = forms.ChoiceField(label="Activité", required=False)
    day = forms.DateField(label="Réservés le", required=False, help_text="Ceux qui ont réservé ce jour-là.")
    subject = forms.CharField(label="Objet", max_length=LONGEST_SUBJECT)
    text = forms.CharField(
        label="Message", max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 12}),
        help_text="Le nom de la commune est ajouté à la fin. N'y mettez ni santé, ni argent, ni nom d'enfant.",
    )  # fmt: skip
    test_to = forms.CharField(label="Mon adresse, pour un essai", max_length=254, required=False)
    token = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = schools_and_classes()
        self._choose("school", "toutes", [(str(school.pk), school.name) for school, _ in found])
        self._choose("classroom", "toutes", [
            (str(room.pk), f"{school.name}, {room.name}{f' ({room.teacher})' if room.teacher else ''}")
            for school, rooms in found for room in rooms
        ])  # fmt: skip
        activities = offer_in_force().rulebook.activities.values()
        self._choose("activity", "toutes", [(one.code, one.name) for one in activities])

    def audience(self, today: date) -> Audience:
        """To whom a valid form writes."""
        values = self.cleaned_data
        school, classroom = (int(values[name]) if values[name] else None for name in ("school", "classroom"))
        return Audience(today, school, classroom, values["activity"], values["day"])

    def audience_words(self) -> str:
        """« école JULES FERRY, activité Cantine, réservés le mardi 24 novembre 2026 »."""
        values, words = self.cleaned_data, []
        for name, title in (("school", "école"), ("classroom", "classe"), ("activity", "activité")):
            field = self.fields[name]
            if values[name] and isinstance(field, forms.ChoiceField):
                words.append(f"{title} {dict(field.choices)[values[name]]}")  # type: ignore[arg-type]
        if values["day"]:
            words.append(f"réservés le {say.day(values['day'])}")
        return ", ".join(words) or "toutes les familles"

    def letter(self) -> Letter:
        """What a valid form writes."""
        return Letter(self.cleaned_data["subject"], self.cleaned_data["text"])

    def refuse(self, refusal: NewsError) -> None:
        """The operation's sentence, at the field that it speaks of."""
        self.add_error(refusal.field if refusal.field in self.fields else None, str(refusal))

    def _choose(self, name: str, everything: str, choices: list[tuple[str, str]]) -> None:
        if isinstance(field := self.fields[name], forms.ChoiceField):
            field.choices = [("", everything), *choices]
