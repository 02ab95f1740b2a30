"""The forms of the menus: a week by hand, the same pasted, a file."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms

from portail.news.models import Menu
from portail.news.operations.menus import LONGEST_COURSES, MenuDay
from portail.office.forms import OfficeForm
from portail.towns import wording as say


class WeekForm(OfficeForm):
    """The courses and allergens of each day: fields « plats_0 », « allergenes_0 » for Monday, and so on."""

    def __init__(self, *args: Any, days: list[date], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.days = days
        for number, day in enumerate(days):
            words = say.day_without_year(day)
            self.fields[f"plats_{number}"] = forms.CharField(
                label=words[:1].upper() + words[1:], required=False, max_length=LONGEST_COURSES,
                widget=forms.Textarea(attrs={"rows": 4}),
            )  # fmt: skip
            self.fields[f"allergenes_{number}"] = forms.MultipleChoiceField(
                label=f"Allergènes, {say.weekday(day.weekday())}", required=False, choices=Menu.Allergen.choices,
                widget=forms.CheckboxSelectMultiple,
            )  # fmt: skip

    @staticmethod
    def initial_of(days: list[date], menus: Mapping[date, MenuDay]) -> dict[str, Any]:
        """What the form shows of these menus."""
        shown: dict[str, Any] = {}
        for number, day in enumerate(days):
            if day in menus:
                shown[f"plats_{number}"] = menus[day].courses
                shown[f"allergenes_{number}"] = [one.value for one in menus[day].allergens]
        return shown

    def menus(self) -> list[MenuDay]:
        """What a valid form asks to save, every day of the week."""
        values = self.cleaned_data
        return [
            MenuDay(day, values[f"plats_{n}"], frozenset(Menu.Allergen(one) for one in values[f"allergenes_{n}"]))
            for n, day in enumerate(self.days)
        ]

    def pairs(self) -> list[tuple[Any, Any]]:
        """The two fields of each day."""
        return [(self[f"plats_{n}"], self[f"allergenes_{n}"]) for n in range(len(self.days))]


class PasteForm(OfficeForm):
    """A week as the kitchen wrote it."""

    pasted = forms.CharField(
        label="La semaine", max_length=8000, widget=forms.Textarea(attrs={"rows": 6}),
        help_text="« Lundi : betteraves, gratin, pomme », un jour par ligne ; dessous, « Allergènes : lait ».",
    )  # fmt: skip


class MenuFileForm(OfficeForm):
    """A table of days."""

    file = forms.FileField(
        label="Fichier", help_text="CSV ou Excel (XLSX) : une colonne « Date », les plats, une colonne « Allergènes ».",
        allow_empty_file=True, widget=forms.FileInput(attrs={"accept": ".csv,.xlsx"}),
    )  # fmt: skip
