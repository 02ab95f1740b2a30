"""Reads that only the console needs."""

from datetime import date, datetime

from portail.billing.models import Invoice
from portail.bookings.models import Closure
from portail.bookings.operations.calendar import ClosureDraft
from portail.families.models import Classroom, Link, Payer, Person
from portail.rules.invoicing import MIN_CENTS, InvoiceStatus
from portail.towns.models import Audit, Staff


def payers_of(child_code: str) -> list[Payer]:
    """The payers of the child of this code, in the order of their names."""
    return list(Payer.objects.filter(links__person__code=child_code, active=True).order_by("sort_key", "pk"))


def head_count() -> tuple[int, int]:
    """How many payers and persons the town in force has."""
    return Payer.objects.filter(active=True).count(), Person.objects.filter(active=True).count()


def founded_at() -> datetime | None:
    """When the town in force was created."""
    return Audit.objects.filter(verb="create_town").order_by("pk").values_list("at", flat=True).first()


def invoices_of_month(month: date) -> list[Invoice]:
    """The invoices issued for a month, in the order of their numbers."""
    rows = Invoice.objects.filter(run__month=month, status=InvoiceStatus.ISSUED.value, kind=Invoice.Kind.INVOICE)
    return list(rows.select_related("payer", "regie").order_by("number"))


def payable_of_month(month: date, provider: str, most: int) -> list[Invoice]:
    """The last of them that nobody has begun to pay, and that are paid online."""
    found = [one for one in invoices_of_month(month) if one.regie.provider == provider and not one.paid_cents]
    return [one for one in found if one.left_cents >= MIN_CENTS][-most:]


def login_taken(login: str) -> bool:
    """Does somebody already log in under this name, in whatever town?"""
    return Staff.objects.filter(login=login.casefold()).exists()


def is_closed(draft: ClosureDraft) -> bool:
    """Is there this very closure already?"""
    same = Closure.objects.filter(first=draft.first, last=draft.last, reason=draft.reason)
    found = same.values_list("school__code", "classroom__name", "activity__code")
    return (draft.school or None, draft.classroom or None, draft.activity or None) in found


def classrooms() -> set[tuple[str, str]]:
    """(school code, class name) of every class."""
    return set(Classroom.objects.order_by("pk").values_list("school__code", "name"))


def known_links() -> set[tuple[str, str]]:
    """(payer, person) as they sort: who already answers for whom."""
    return set(Link.objects.order_by("pk").values_list("payer__sort_key", "person__sort_key"))


def names_by_code() -> dict[str, str]:
    """Child code -> the name as it sorts."""
    return dict(Person.objects.order_by("pk").values_list("code", "sort_key"))
