"""What the pages of families look up: the card of the address or 404, and what other rooms know of those people."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.http import Http404

from portail.bookings.queries.history import ChangeRow, latest_changes
from portail.bookings.queries.offer import offer_in_force
from portail.families.models import Link, Payer, Person
from portail.families.queries import ChildRow, children_of
from portail.families.queries.cards import PayerCard, PersonCard, link_of, payer_card, payer_named, person_card
from portail.families.queries.cards import person_named as person_with
from portail.office.families.diary import Diary, diary_of
from portail.office.requests import OfficeRequest, actor, today
from portail.rules.booking import Channel
from portail.rules.weeks import history_floor

CHANGES = 8  # lines of « dernières modifications »
CHANNELS = {
    Channel.WEB: "par internet",
    Channel.TOWN_HALL: "par la mairie",
    Channel.PHONE: "par le serveur vocal",
    Channel.API: "par un logiciel",
}


@dataclass(frozen=True, slots=True)
class Life:
    """What happens to some children: the coming two weeks, and what was changed lately."""

    diary: Diary
    changes: Sequence[ChangeRow]
    names: dict[str, str]


def life_of(request: OfficeRequest, persons: Collection[Person]) -> Life:
    """The coming days and last changes of these persons; a fixed number of queries."""
    children: list[ChildRow] = children_of(actor(request), [person.code for person in persons]) if persons else []
    day = today(request)
    changes = latest_changes(children, history_floor(day), CHANGES) if children else []
    return Life(
        diary_of(children, offer_in_force(), day), changes, {child.code: child.first_name for child in children}
    )  # fmt: skip


def payer_or_404(public_id: UUID) -> Payer:
    """The payer of the address."""
    found = payer_named(public_id)
    if found is None:
        raise Http404
    return found


def person_or_404(public_id: UUID) -> Person:
    """The child of the address."""
    found = person_with(public_id)
    if found is None:
        raise Http404
    return found


def payer_card_or_404(public_id: UUID) -> PayerCard:
    """Everything of the payer of the address."""
    found = payer_card(public_id)
    if found is None:
        raise Http404
    return found


def person_card_or_404(public_id: UUID) -> PersonCard:
    """Everything of the child of the address."""
    found = person_card(public_id)
    if found is None:
        raise Http404
    return found


def link_or_404(payer: Payer, person: Person) -> Link:
    """The link of the address."""
    found = link_of(payer, person)
    if found is None:
        raise Http404
    return found
