"""Forms of the office: Django's, with French words, fields named as their label's target, errors beside the field.

Templates show them with `office/parts.html`: `{{ fields(form) }}`, or `{{ field(form["name"]) }}` one by one.
"""

from collections.abc import Mapping
from typing import Any

from django import forms


class OfficeForm(forms.Form):
    """A form whose errors can be summed up above it, each leading to its field."""

    use_required_attribute = False  # the browser's own bubbles hide our sentences

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "%s", "label_suffix": "", **kwargs})
        for field in self.fields.values():
            if isinstance(field, forms.DateField):
                field.widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", **field.widget.attrs})
            elif isinstance(field, forms.TimeField):
                field.widget = forms.TimeInput(format="%H:%M", attrs={"type": "time", **field.widget.attrs})

    def summary(self) -> list[Mapping[str, str]]:
        """Every error: its words and the field that it leads to, "" for the whole form."""
        return [
            {"text": self._words(name, error), "target": "" if name == "__all__" else self[name].id_for_label or name}
            for name, errors in self.errors.as_data().items()
            for error in errors
        ]

    def _words(self, name: str, error: forms.ValidationError) -> str:
        """« Prénom et nom : ce champ est obligatoire. »: far from its field, Django's own sentence needs its name."""
        said = " ".join(error.messages)
        usual = name in self.fields and said == str(forms.Field.default_error_messages["required"])
        return f"{self[name].label} : {said[0].lower()}{said[1:]}" if usual else said
