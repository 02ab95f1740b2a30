"""Forms about families."""

from typing import Any

from django import forms

from portail.families.models import Link, Payer, Person
from portail.families.operations.people import Answering, PayerDetails, PersonDetails
from portail.families.queries.search import schools_and_classes
from portail.office.forms import OfficeForm
from portail.rules.booking import Right

RIGHTS = {
    Right.FULL: "Voit et réserve",
    Right.WEEKS: "Voit tout, réserve une semaine sur deux (garde alternée)",
    Right.READ_ONLY: "Voit seulement",
}
HOMONYMS = "C'est bien une autre personne du même nom"


def class_choices(nothing: str) -> list[tuple[str, Any]]:
    """The classes by school, for a list to choose from."""
    found: list[tuple[str, Any]] = [("", nothing)]
    for school, rooms in schools_and_classes():
        found.append((school.name, [(str(room.pk), room_words(room.name, room.teacher)) for room in rooms]))
    return found


def room_words(name: str, teacher: str) -> str:
    """« CE1 – Mme Formatrice »."""
    return " – ".join(part for part in (name, teacher) if part)


def _key(value: Any) -> int | None:
    return int(value) if value else None


class WantedForm(OfficeForm):
    """Who to look for."""

    q = forms.CharField(label="Nom, code, téléphone ou courriel", required=False, max_length=100)
    classroom = forms.TypedChoiceField(label="Classe", required=False, coerce=_key, empty_value=None)
    gone = forms.BooleanField(label="Montrer aussi les anciens", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["classroom"].choices = class_choices("Toutes")  # type: ignore[attr-defined]


class PayerForm(OfficeForm):
    """A payer: who, where, how to reach them."""

    last_name = forms.CharField(label="Nom", max_length=80)
    first_name = forms.CharField(label="Prénom", max_length=80)
    address = forms.CharField(
        label="Adresse", required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Comme sur l'enveloppe : rue, complément, code postal et ville, une chose par ligne.",
    )  # fmt: skip
    resident = forms.BooleanField(
        label="Habite la commune", required=False, initial=True, help_text="Certains tarifs en dépendent."
    )
    phone = forms.CharField(label="Téléphone", required=False, max_length=20)
    email = forms.EmailField(
        label="Courriel", required=False, max_length=254,
        error_messages={"invalid": "Cette adresse n'est pas complète : elle ressemble à nom@exemple.fr."},
    )  # fmt: skip

    def details(self) -> PayerDetails:
        """What was typed."""
        values = {name: value for name, value in self.cleaned_data.items() if name in PayerDetails.__slots__}
        return PayerDetails(**values)


class EditPayerForm(PayerForm):
    """The same, for one who is there already."""

    active = forms.BooleanField(
        label="Payeur actif", required=False, help_text="Décoché, il ne peut plus se connecter ; rien n'est effacé."
    )

    @staticmethod
    def initial_of(payer: Payer) -> dict[str, Any]:
        """What the form shows at first."""
        return {name: getattr(payer, name) for name in PayerDetails.__slots__}


class PersonForm(OfficeForm):
    """A child or an adult eater."""

    last_name = forms.CharField(label="Nom", max_length=80)
    first_name = forms.CharField(label="Prénom", max_length=80)
    birth_date = forms.DateField(label="Date de naissance", required=False)
    classroom_id = forms.TypedChoiceField(label="Classe", required=False, coerce=_key, empty_value=None)
    meal = forms.ChoiceField(
        label="Repas", choices=Person.Meal.choices, initial=Person.Meal.STANDARD,
        help_text="Ce que la cuisine prépare. Le pourquoi va dans la fiche de santé, que peu de gens lisent.",
    )  # fmt: skip
    occasional = forms.BooleanField(
        label="Occasionnel", required=False, help_text="Ses jours ne se changent qu'à la mairie."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["classroom_id"].choices = class_choices("Aucune")  # type: ignore[attr-defined]

    def details(self) -> PersonDetails:
        """What was typed."""
        values = {name: value for name, value in self.cleaned_data.items() if name in PersonDetails.__slots__}
        return PersonDetails(**values)


class EditPersonForm(PersonForm):
    """The same, for one who is there already."""

    active = forms.BooleanField(
        label="Toujours dans nos écoles", required=False,
        help_text="Décoché, il n'apparaît plus sur les listes ni sur le site. Ses réservations faites restent.",
    )  # fmt: skip

    @staticmethod
    def initial_of(person: Person) -> dict[str, Any]:
        """What the form shows at first."""
        names = (name for name in PersonDetails.__slots__ if name != "adult")
        return {name: getattr(person, name) for name in names}


class AnsweringForm(OfficeForm):
    """What a payer may do for a child."""

    right = forms.ChoiceField(
        label="Sur le site, ce payeur", choices=[(right.value, words) for right, words in RIGHTS.items()],
        widget=forms.RadioSelect, initial=Right.FULL.value,
    )  # fmt: skip
    weeks_from = forms.DateField(
        label="Premier lundi de ses semaines", required=False,
        help_text="Seulement en garde alternée : un lundi qui commence une semaine de ce payeur.",
    )  # fmt: skip

    def answering(self) -> Answering:
        """What was chosen."""
        return Answering(Right(self.cleaned_data["right"]), self.cleaned_data["weeks_from"])

    @staticmethod
    def initial_of(link: Link) -> dict[str, Any]:
        """What the form shows at first."""
        return {"right": link.right, "weeks_from": link.weeks_from}


class QuotientForm(OfficeForm):
    """A quotient familial, from a day on."""

    value = forms.IntegerField(
        label="Quotient familial", min_value=0, max_value=100_000,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        help_text="En euros entiers, comme sur l'attestation de la CAF ou de la MSA.",
    )  # fmt: skip
    first_day = forms.DateField(label="À partir du")
    last_day = forms.DateField(label="Jusqu'au", required=False, help_text="Vide : jusqu'à nouvel ordre.")
    source = forms.CharField(
        label="D'où vient-il ?", required=False, max_length=60, help_text="Par exemple « attestation CAF du 12/09 »."
    )


class DoubleForm(OfficeForm):
    """A form that may meet somebody of the same name: its box is shown once that happened."""

    homonyms = forms.BooleanField(label=HOMONYMS, required=False)


class NewPersonForm(PersonForm, DoubleForm):
    """Somebody to enter, for some of the payers of a family."""

    adult = forms.BooleanField(
        label="C'est un adulte", required=False, help_text="Enseignant, ATSEM : jamais compté avec les enfants."
    )
    field_order = ("last_name", "first_name", "birth_date", "classroom_id", "meal", "adult", "occasional")


class NewPayerForm(PayerForm, AnsweringForm, DoubleForm):
    """A new payer for a child."""


class NewFamilyForm(PayerForm, DoubleForm):
    """A payer and their first child."""

    child_last_name = forms.CharField(
        label="Nom de l'enfant", max_length=80, required=False, help_text="Vide : le même que le payeur."
    )
    child_first_name = forms.CharField(label="Prénom de l'enfant", max_length=80)
    child_birth_date = forms.DateField(label="Date de naissance", required=False)
    child_classroom_id = forms.TypedChoiceField(label="Classe", required=False, coerce=_key, empty_value=None)
    child_meal = forms.ChoiceField(label="Repas", choices=Person.Meal.choices, initial=Person.Meal.STANDARD)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["child_classroom_id"].choices = class_choices("Aucune")  # type: ignore[attr-defined]

    def child(self) -> PersonDetails:
        """The child as typed."""
        values = self.cleaned_data
        return PersonDetails(
            first_name=values["child_first_name"], last_name=values["child_last_name"] or values["last_name"],
            birth_date=values["child_birth_date"], classroom_id=values["child_classroom_id"],
            meal=values["child_meal"],
        )  # fmt: skip


class AuthorisedForm(OfficeForm):
    """Somebody who may fetch the child."""

    name = forms.CharField(label="Prénom et nom", max_length=150)
    relation = forms.CharField(
        label="Lien avec l'enfant", required=False, max_length=60, help_text="Grand-mère, voisin, nourrice…"
    )
    phone = forms.CharField(label="Téléphone", required=False, max_length=30)


class HealthForm(OfficeForm):
    """What is kept sealed."""

    allergies = forms.CharField(
        label="Allergies et intolérances", required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )
    care_plan = forms.BooleanField(
        label="Un PAI est signé", required=False, help_text="Un symbole apparaît à côté du nom sur les listes du jour."
    )
    instructions = forms.CharField(
        label="Que faire ?", required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Ce que dit le PAI : gestes, médicaments et où ils sont, qui appeler.",
    )  # fmt: skip
    diet = forms.CharField(
        label="Régime, remarques", required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Ce que la cuisine doit savoir, sans motif religieux.",
    )  # fmt: skip
