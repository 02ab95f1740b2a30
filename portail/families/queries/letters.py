"""The letters with codes: which payers of which class, and what each letter must say."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from django.db.models import Q, QuerySet

from portail.families.models import Classroom, Link, Payer
from portail.rules.names import sort_key


@dataclass(frozen=True, slots=True)
class Pile:
    """The letters of one class, or of those who are in none. `waiting`: payers who never had a letter."""

    classroom: Classroom | None
    payers: tuple[int, ...]
    waiting: tuple[int, ...]

    @property
    def name(self) -> str:
        """« JULES FERRY, CE1 »."""
        return "Sans classe" if self.classroom is None else f"{self.classroom.school}, {self.classroom}"


@dataclass(frozen=True, slots=True)
class LetterChild:
    """A child of a letter."""

    name: str
    place: str
    code: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What a letter says, but for the code. `notebook`: the child whose notebook carries it, "" when it is posted.

    `apart`: another payer of one of the children lives elsewhere, and must not find this code in a notebook.
    """

    payer_id: int
    name: str
    address: str
    children: tuple[LetterChild, ...]
    notebook: str
    apart: bool


def piles() -> list[Pile]:
    """Every class by school and name, then those without class; a payer of several classes is in each. Two queries."""
    found: dict[int | None, dict[int, bool]] = {}
    rows = _links().values_list("person__classroom_id", "payer_id", "payer__letter_at")
    for classroom, payer, letter_at in rows:
        found.setdefault(classroom, {})[payer] = letter_at is None
    rooms = Classroom.objects.select_related("school").filter(pk__in=[key for key in found if key is not None])
    ordered = sorted(rooms, key=lambda room: (sort_key(room.school.name), sort_key(room.name)))
    nowhere = [_pile(None, found[None])] if None in found else []
    return [*(_pile(room, found[room.pk]) for room in ordered), *nowhere]


def each_payer_once(chosen: Iterable[Pile]) -> list[Pile]:
    """The same piles, each payer only in the first that has them: a second letter would kill the code of the first."""
    seen: set[int] = set()
    apart = []
    for pile in chosen:
        payers = tuple(payer for payer in pile.payers if payer not in seen)
        seen.update(payers)
        apart.append(replace(pile, payers=payers, waiting=tuple(p for p in pile.waiting if p in set(payers))))
    return apart


def letters_to(payers: Collection[int], classroom: int | None = None) -> list[Letter]:
    """The letters of these payers, those of the notebooks first, by child; then those to post. Two queries.

    `classroom`: whose notebooks carry them; a payer without a child there gets it by another child's.
    """
    links: dict[int, list[Link]] = {}
    rows = _links().filter(payer__in=payers).select_related("payer", "person__classroom__school")
    for link in rows:
        links.setdefault(link.payer_id, []).append(link)
    others = _addresses({link.person_id for found in links.values() for link in found})
    letters = [_letter(sorted(found, key=lambda link: _rank(link, classroom)), others) for found in links.values()]
    return [letter for _, letter in sorted(letters, key=lambda one: one[0])]


def _links() -> QuerySet[Link]:
    links: QuerySet[Link] = Link.objects.filter(payer__active=True, person__active=True)
    return links


def _pile(room: Classroom | None, payers: Mapping[int, bool]) -> Pile:
    return Pile(room, tuple(sorted(payers)), tuple(sorted(payer for payer, waits in payers.items() if waits)))


def _rank(link: Link, classroom: int | None) -> tuple[bool, date, str]:
    """The child of the class in question first, then the eldest."""
    person = link.person
    return (person.classroom_id != classroom, person.birth_date or date.max, person.sort_key)


def _addresses(persons: Collection[int]) -> dict[int, dict[int, str]]:
    """The payers of each person, with the address where each lives."""
    found: dict[int, dict[int, str]] = {}
    rows = _links().filter(Q(person_id__in=persons)).values_list("person_id", "payer_id", "payer__address")
    for person, payer, address in rows:
        found.setdefault(person, {})[payer] = sort_key(address)
    return found


def _letter(links: list[Link], others: Mapping[int, Mapping[int, str]]) -> tuple[tuple[bool, str, str, int], Letter]:
    """(its place in the pile, the letter)."""
    payer: Payer = links[0].payer
    first = links[0].person
    mine = sort_key(payer.address)
    homes = [home for link in links for home in others[link.person_id].items()]
    elsewhere = {address for other, address in homes if other != payer.pk and address}
    apart = bool(mine) and bool(elsewhere - {mine})
    children = tuple(
        LetterChild(str(link.person), _place(link.person.classroom), link.person.code)
        for link in sorted(links, key=lambda link: (link.person.sort_key, link.person_id))
    )
    letter = Letter(payer.pk, str(payer), payer.address, children, "" if apart else str(first), apart)
    return (apart, payer.sort_key if apart else first.sort_key, payer.sort_key, payer.pk), letter


def _place(room: Classroom | None) -> str:
    return "" if room is None else f"{room.school}, {room}"
