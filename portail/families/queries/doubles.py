"""Is somebody of this name already there? What keeps the register free of doubles."""

from datetime import date

from django.db.models import Q

from portail.families.models import Payer, Person
from portail.rules.names import sort_key


def same_person(first_name: str, last_name: str, birth_date: date | None) -> Person | None:
    """A person of this name who was, or may have been, born that day: a date that is not known tells nobody apart."""
    born = Q() if birth_date is None else Q(birth_date=birth_date) | Q(birth_date=None)
    found: Person | None = (
        Person.objects.filter(born, sort_key=sort_key(last_name, first_name)).order_by("-active", "id").first()
    )
    return found


def same_payer(first_name: str, last_name: str) -> Payer | None:
    """A payer of this name."""
    found: Payer | None = (
        Payer.objects.filter(sort_key=sort_key(last_name, first_name)).order_by("-active", "id").first()
    )
    return found
