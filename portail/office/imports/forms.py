"""The forms of an import: the file, and which column says what."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from portail.families.models import ImportBatch, ImportRow
from portail.families.operations.imports import Matching
from portail.gateways.spreadsheet import MOST_BYTES
from portail.office.forms import OfficeForm
from portail.rules.onde import Field
from portail.rules.onde_guardians import GuardianField

COLUMNS: dict[StrEnum, tuple[str, str]] = {
    Field.LAST_NAME: ("Nom", "Le nom de famille."),
    Field.USUAL_NAME: ("Nom d'usage", "S'il est rempli, c'est lui qui s'affiche."),
    Field.FIRST_NAME: ("Prénom", ""),
    Field.BIRTH_DATE: ("Date de naissance", "Comme 04/05/2018."),
    Field.INE: ("INE", "L'identifiant national : il retrouve l'enfant même si son nom change."),
    Field.CLASSROOM: ("Classe", "Une classe qui n'existe pas encore est créée."),
    Field.LEVEL: ("Niveau", "CP, CE1… Il sert aux classes créées."),
    Field.SCHOOL: ("École", "Si le fichier a des élèves de plusieurs écoles."),
}
GUARDIAN_COLUMNS: dict[StrEnum, tuple[str, str]] = {
    GuardianField.LAST_NAME: ("Nom du responsable", "Le nom de famille."),
    GuardianField.USUAL_NAME: ("Nom d'usage", "S'il est rempli, c'est lui qui s'affiche."),
    GuardianField.FIRST_NAME: ("Prénom du responsable", ""),
    GuardianField.ADDRESS: ("Adresse", ""),
    GuardianField.POSTCODE: ("Code postal", ""),
    GuardianField.CITY: ("Commune", ""),
    GuardianField.EMAIL: ("Courriel", ""),
    GuardianField.MOBILE: ("Téléphone portable", ""),
    GuardianField.HOME_PHONE: ("Téléphone du domicile", "Quand il n'y a pas de portable."),
}
WORDS: dict[str, Mapping[StrEnum, tuple[str, str]]] = {
    ImportBatch.Kind.PUPILS: COLUMNS,
    ImportBatch.Kind.GUARDIANS: GUARDIAN_COLUMNS,
}
ALWAYS = {Field.LAST_NAME, Field.FIRST_NAME, GuardianField.LAST_NAME, GuardianField.FIRST_NAME}
NOWHERE = ("", "Aucune colonne")


class FileForm(OfficeForm):
    """A file to bring in."""

    kind = forms.ChoiceField(
        label="Que contient-il ?", widget=forms.RadioSelect, initial=ImportBatch.Kind.PUPILS.value,
        choices=[
            (ImportBatch.Kind.PUPILS.value, "Les élèves"),
            (ImportBatch.Kind.GUARDIANS.value, "Les responsables des élèves, qui deviendront les payeurs"),
        ],
    )  # fmt: skip
    file = forms.FileField(
        label="Fichier", help_text="L'extraction CSV de ONDE, ou un tableau CSV ou XLSX avec une ligne d'en-têtes. "
        "10 Mo au plus.", allow_empty_file=True,
        error_messages={"required": "Choisissez un fichier."},
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.xlsx"}),
    )  # fmt: skip

    def clean_file(self) -> UploadedFile:
        """Not read at all when it is too large."""
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > MOST_BYTES:
            raise forms.ValidationError("Le fichier dépasse 10 Mo : coupez-le en plusieurs.")
        return file


class ColumnsForm(OfficeForm):
    """Which column says what; fields are named as `rules.onde.Field` says."""

    def __init__(self, batch: ImportBatch, schools: Iterable[tuple[int, str]], data: Any = None) -> None:
        every = list(schools)
        initial: dict[str, Any] = {name: str(place) for name, place in batch.columns.items()}
        initial["school_of_all"] = str(batch.school_id or (every[0][0] if len(every) == 1 else ""))
        initial["leavers"] = batch.leavers
        super().__init__(data, initial=initial)
        places = [NOWHERE, *((str(place), _heading(batch, place)) for place in range(len(batch.headers)))]
        self.columns: list[str] = []
        for name, (label, help_text) in WORDS[batch.kind].items():
            self.columns.append(str(name))
            self.fields[str(name)] = forms.ChoiceField(
                label=label, help_text=help_text, choices=places, required=name in ALWAYS,
                error_messages={"required": f"Dites quelle colonne donne : {label.lower()}."},
            )  # fmt: skip
        if batch.kind == ImportBatch.Kind.GUARDIANS:
            return
        self.fields["school_of_all"] = forms.ChoiceField(
            label="École de ces élèves", required=False, help_text="Quand le fichier ne dit pas l'école.",
            choices=[("", "Le fichier le dit"), *((str(pk), name) for pk, name in every)],
        )  # fmt: skip
        self.fields["leavers"] = forms.BooleanField(
            label="Désactiver les enfants qui ne sont plus dans le fichier", required=False,
            help_text="Seulement ceux des écoles du fichier. Leurs factures et leur historique restent.",
        )  # fmt: skip

    def matching(self) -> Matching:
        """What was chosen."""
        values = self.cleaned_data
        columns = {name: int(values[name]) for name in self.columns if values[name]}
        school = int(values["school_of_all"]) if values.get("school_of_all") else None
        return Matching(columns, school, values.get("leavers", False))


class RowsForm(OfficeForm):
    """Which lines to look at."""

    q = forms.CharField(label="Nom", required=False, max_length=100)
    constat = forms.ChoiceField(label="Constat", required=False, choices=[("", "Tous"), *ImportRow.Verdict.choices])
    suite = forms.ChoiceField(label="Suite", required=False, choices=[("", "Toutes"), *ImportRow.State.choices])


def _heading(batch: ImportBatch, place: int) -> str:
    """« 3. Prénom élève (Léa) »."""
    sample = batch.sample[place] if place < len(batch.sample) else ""
    shown = f" ({sample})" if sample else ""
    return f"{place + 1}. {batch.headers[place] or 'sans titre'}{shown}"
