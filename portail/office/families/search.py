"""Looking a family up: the children, or the payers, and what leads from one to the other."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from portail.families.models import Payer, Person
from portail.families.queries.search import Wanted, payers_wanted, persons_wanted
from portail.office.families.forms import WantedForm
from portail.office.lists import Column, listed
from portail.office.pages import show
from portail.office.requests import OfficeRequest, allowed
from portail.rules.staff import Right


@allowed(Right.FAMILIES)
def families(request: OfficeRequest) -> HttpResponse:
    """The children found by their name or code, or by their payers'."""
    form, wanted = _wanted(request)
    return _found(request, form, persons_wanted(wanted), PERSONS, "children")


@allowed(Right.FAMILIES)
def payers(request: OfficeRequest) -> HttpResponse:
    """The payers found by theirs, or by their children's."""
    form, wanted = _wanted(request)
    return _found(request, form, payers_wanted(wanted), PAYERS, "payers")


def _wanted(request: OfficeRequest) -> tuple[WantedForm, Wanted]:
    form = WantedForm(request.GET)
    form.is_valid()
    values = form.cleaned_data
    wanted = Wanted(values.get("q", ""), None, values.get("classroom"), active=not values.get("gone"))
    return form, wanted


def _found(request: OfficeRequest, form: WantedForm, rows: Any, columns: Sequence[Column], tab: str) -> HttpResponse:
    listing = listed(request, rows, columns, sort="name", filters=form, file_name="familles")
    if isinstance(listing, HttpResponse):
        return listing
    state = {name: value for name, value in listing.query.items() if name != "tri"}
    context = {"listing": listing, "tab": tab, "state": state}
    return show(request, "office/families/search.html", context, current="families")


def child_address(person: Person) -> str:
    """The page of a child."""
    return reverse("office:child", kwargs={"public_id": person.public_id})


def family_address(payer: Payer) -> str:
    """The page of a payer and their children."""
    return reverse("office:family", kwargs={"public_id": payer.public_id})


def names_first(one: Person | Payer) -> str:
    """« BOND James »: as lists are sorted."""
    return f"{one.last_name} {one.first_name}"


def _classroom(person: Person) -> str:
    return "" if person.classroom is None else f"{person.classroom.school} · {person.classroom}"


def _payers(person: Person) -> str:
    return ", ".join(str(link.payer) for link in person.links.all())


def children_words(payer: Payer) -> str:
    """« James (007), Aline (008) »."""
    return ", ".join(f"{link.person.first_name} ({link.person.code})" for link in payer.links.all())


def _state(one: Person | Payer) -> str:
    return "" if one.active else "ancien"


PERSONS = [
    Column("name", "Enfant", names_first, sort=("sort_key",), link=child_address),
    Column("code", "Code", lambda one: one.code, sort=("code",)),
    Column(
        "classroom", "Classe", _classroom,
        sort=("classroom__school__name", "classroom__name", "sort_key"),
    ),
    Column("payers", "Payeurs", _payers),
    Column("born", "Né le", lambda one: one.birth_date or "", sort=("birth_date",)),
    Column("state", "", _state),
]  # fmt: skip
PAYERS = [
    Column("name", "Payeur", names_first, sort=("sort_key",), link=family_address),
    Column("children", "Enfants", children_words),
    Column("phone", "Téléphone", lambda one: one.phone),
    Column("email", "Courriel", lambda one: one.email, sort=("email",)),
    Column("state", "", _state),
]
