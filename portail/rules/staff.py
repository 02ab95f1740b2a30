"""What each role of a town hall may do (feature M7): one table, read by every face.

A person may hold several roles; what they may do is the union. The operator of the installation belongs to no town and
holds none of these rights: he sees towns from outside (sizes, health), never a family.
"""

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum

LONGEST_SESSION = timedelta(hours=8)  # a working day; then the password and the code again
PASSWORD_LENGTH = 12  # characters at least (CNIL, délibération 2022-100: 80 bits with a brake on tries)
TEMPORARY_DAYS = 7  # a password given by hand opens the door for that long, once
TOTP_STEP = 30  # seconds (RFC 6238 §5.2)
TOTP_SLACK = 1  # steps before and after: clocks of phones differ (RFC 6238 §6)
RECOVERY_CODES = 10


class Role(StrEnum):
    """Who someone is at the town hall."""

    CLERK = "clerk"
    REGISSEUR = "regisseur"
    KITCHEN = "kitchen"
    ANIMATEUR = "animateur"
    ADMINISTRATOR = "administrator"


class Right(StrEnum):
    """One thing that a page or an act asks for."""

    HOME = "home"  # the office's own first page, one's own account
    HEADCOUNTS = "headcounts"  # how many meals, of which kind: no name
    LISTS = "lists"  # the names of the day, per class and activity
    ATTENDANCE = "attendance"  # tick who is there
    FAMILIES = "families"  # search and read families
    FAMILIES_EDIT = "families_edit"  # change them, print codes, import pupils
    HEALTH = "health"  # read what diets, allergies and care plans (PAI) say; each reading is logged
    BOOKINGS = "bookings"  # book for a family, answer late requests
    CALENDAR = "calendar"  # activities, cut-offs, closures
    MESSAGES = "messages"  # news, menus, e-mails to families, answers to their requests
    INVOICES = "invoices"  # read invoices and payments
    MONEY = "money"  # tariffs, runs, payments, the books, the Treasury's files
    SETTINGS = "settings"  # the town's own settings
    STAFF = "staff"  # accounts and roles
    TRAIL = "trail"  # read who did what
    FIGURES = "figures"  # charts


EVERYBODY = frozenset({Right.HOME})
TABLE: dict[Role, frozenset[Right]] = {
    Role.KITCHEN: EVERYBODY | {Right.HEADCOUNTS},
    Role.ANIMATEUR: EVERYBODY | {Right.HEADCOUNTS, Right.LISTS, Right.ATTENDANCE, Right.HEALTH},
    Role.CLERK: EVERYBODY | {
        Right.HEADCOUNTS, Right.LISTS, Right.ATTENDANCE, Right.FAMILIES, Right.FAMILIES_EDIT, Right.HEALTH,
        Right.BOOKINGS, Right.CALENDAR, Right.MESSAGES, Right.INVOICES, Right.FIGURES,
    },
    Role.REGISSEUR: EVERYBODY | {Right.FAMILIES, Right.INVOICES, Right.MONEY, Right.FIGURES},
    Role.ADMINISTRATOR: EVERYBODY | {
        Right.HEADCOUNTS, Right.LISTS, Right.FAMILIES, Right.CALENDAR, Right.MESSAGES, Right.INVOICES,
        Right.SETTINGS, Right.STAFF, Right.TRAIL, Right.FIGURES,
    },
}  # fmt: skip


def rights_of(roles: Iterable[Role]) -> frozenset[Right]:
    """Everything that the holder of these roles may do."""
    return frozenset[Right]().union(*(TABLE[role] for role in roles))
