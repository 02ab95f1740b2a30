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
    ("Aujourd'hui", [
        Entry("today", "Effectifs", "office:today", Right.HEADCOUNTS),
        Entry("attendance", "Pointage", "office:attendance", Right.ATTENDANCE),
        Entry("day_lists", "Listes du jour", "office:day_lists", Right.LISTS),
        Entry("evacuation", "Qui est là maintenant", "office:evacuation", Right.LISTS),
        Entry("forgotten", "Réservé, pas pointé", "office:forgotten", Right.LISTS),
        Entry("kitchen", "Envois à la cuisine", "office:kitchen", Right.CALENDAR),
    ]),
    ("Familles", [
        Entry("families", "Familles", "office:families", Right.FAMILIES),
        Entry("bookings", "Réserver", "office:bookings", Right.BOOKINGS),
        Entry("late_requests", "Demandes tardives", "office:late_requests", Right.BOOKINGS),
        Entry("booking_history", "Historique", "office:booking_history", Right.FAMILIES),
        Entry("papers", "Pièces à fournir", "office:papers", Right.FAMILIES),
        Entry("agreements", "Règlements et accords", "office:agreements", Right.FAMILIES),
        Entry("letters", "Lettres et codes", "office:letters", Right.FAMILIES_EDIT),
        Entry("imports", "Imports", "office:imports", Right.FAMILIES_EDIT),
    ]),
    ("Calendrier", [
        Entry("calendar", "Calendrier", "office:calendar", Right.CALENDAR),
        Entry("events", "Fermetures", "office:events", Right.CALENDAR),
        Entry("activities", "Activités", "office:activities", Right.CALENDAR),
        Entry("periods", "Périodes", "office:periods", Right.CALENDAR),
    ]),
    ("Facturation", [
        Entry("runs", "Facturer un mois", "office:runs", Right.INVOICES),
        Entry("invoices", "Factures", "office:invoices", Right.INVOICES),
        Entry("unpaid", "Impayés", "office:unpaid", Right.INVOICES),
        Entry("payments", "Règlements", "office:payments", Right.INVOICES),
        Entry("books", "Livres de la régie", "office:books", Right.INVOICES),
        Entry("doubts", "À vérifier", "office:doubts", Right.INVOICES),
        Entry("tariffs", "Tarifs", "office:tariffs", Right.MONEY),
        Entry("regies", "Régies", "office:regies", Right.MONEY),
    ]),
    ("Messages", [
        Entry("news", "Actualités", "office:news", Right.MESSAGES),
        Entry("menus", "Menus", "office:menus", Right.MESSAGES),
        Entry("campaigns", "Courriels aux familles", "office:campaigns", Right.MESSAGES),
        Entry("abandoned", "Courriels non remis", "office:abandoned", Right.MESSAGES),
        Entry("contacts", "Demandes des familles", "office:contacts", Right.MESSAGES),
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
