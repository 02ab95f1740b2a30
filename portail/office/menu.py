"""The menu of the office: one readable list. An agent sees the entries that their rights open."""

from collections.abc import Collection
from dataclasses import dataclass

from portail.rules.staff import Right


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: `key` is what pages give as `current`, `to` the name of the address (« office:home »)."""

    key: str
    words: str
    to: str
    right: Right


# (title of the group, its entries), in the order of a day's work
MENU: list[tuple[str, list[Entry]]] = [
    ("", [
        Entry("home", "Accueil", "office:home", Right.HOME),
        Entry("jobs", "Mes travaux", "office:jobs", Right.HOME),
    ]),
    ("Administration", [
        Entry("staff", "Comptes des agents", "office:staff", Right.STAFF),
        Entry("trail", "Journal des actes", "office:trail", Right.TRAIL),
    ]),
]  # fmt: skip


def menu_for(rights: Collection[Right]) -> list[tuple[str, list[Entry]]]:
    """The groups and entries for these rights; a group with nothing left is left out."""
    groups = [(title, [entry for entry in entries if entry.right in rights]) for title, entries in MENU]
    return [(title, entries) for title, entries in groups if entries]
