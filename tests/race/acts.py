"""What the processes of the races do; module-level functions, so that they travel. Loaded once, before they are forked.

Each returns something small that tells how it went.
"""

import contextlib
import os
from collections.abc import Sequence
from datetime import date
from unittest import mock
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.db import transaction  # noqa: E402 -- Django had to be set up first

from portail.bookings.models import Activity, Limit, Presence  # noqa: E402
from portail.bookings.operations.calendar import ClosureDraft, close_days  # noqa: E402
from portail.bookings.operations.changes import UndoneAlreadyError, undo  # noqa: E402
from portail.bookings.operations.periods import PeriodWish, ValidatedAlreadyError, validate_period  # noqa: E402
from portail.bookings.queries.offer import offer_in_force, offer_now  # noqa: E402
from portail.families import hashing  # noqa: E402
from portail.families.models import Person  # noqa: E402
from portail.families.operations import access  # noqa: E402
from portail.rules.booking import Wish  # noqa: E402
from portail.towns.actors import Actor  # noqa: E402
from tests import world  # noqa: E402
from tests.race.crowd import meet  # noqa: E402


def validated(wishes: Sequence[Wish], by: Actor, token: str = "") -> list[str]:
    """The outcome, or the refusal, of each verdict; with a token the public identifier of the answer comes first."""
    change_set = world.validate(wishes, by, token=token)
    words = [verdict.get("refusal", verdict["outcome"]) for verdict in change_set.verdicts]
    return [str(change_set.public_id), *words] if token else words


def undone(public_id: UUID, by: Actor) -> str:
    try:
        undo(public_id=public_id, by=by, now=world.NOW)
    except UndoneAlreadyError:
        return "already"
    return "undone"


def period_validated(wish: PeriodWish, by: Actor) -> str:
    try:
        validate_period(wish=wish, by=by, now=world.NOW)
    except ValidatedAlreadyError:
        return "already"
    return "validated"


def closed(first: date, last: date) -> int:
    """The number of bookings that the closure took away."""
    _, hit = close_days(draft=ClosureDraft(first, last, "Grève"), by=world.CLERK, now=world.NOW)
    return hit


def limited(activity: str, seats: int) -> None:
    world.limit(activity, seats)


def seats_known(activity: str, inside: bool) -> list[int]:
    """The limits that this process believes in, inside a writing transaction or outside."""
    if inside:
        with transaction.atomic():
            offer = offer_now()
    else:
        offer = offer_in_force()
    return [limit.seats for limit in offer.limits.get(activity, ())]


def tried(child_code: str, number: int) -> tuple[int, int]:
    """(hashes of a payer's code computed, tries that reached a hash) of so many wrong tries in a row."""
    hashed = []

    def counting(stored: str, code: str) -> bool:
        hashed.append(stored not in hashing.NOBODY.values())
        return hashing.verify(stored, code)

    with mock.patch.object(access, "verify", counting):
        results = [world.connect(child_code, "00000-00000") for _ in range(number)]
    return sum(hashed), sum(result.brake is None for result in results)


def naively_booked(person: str, day: date, inside: bool) -> str:
    """What must not be done: count, then insert. `inside`: in one transaction, as an operation would be."""
    if not inside:
        return _count_then_insert(person, day)
    with transaction.atomic():
        return _count_then_insert(person, day)


def _count_then_insert(person: str, day: date) -> str:
    seats = Limit.objects.get(activity__code="cantine").seats
    if Presence.objects.filter(activity__code="cantine", day=day).count() >= seats:
        return "full"
    meet()  # everybody has counted: without this the race would only be likely, here it is certain
    Presence.objects.create(
        person=Person.objects.get(code=person), activity=Activity.objects.get(code="cantine"), day=day
    )
    return "booked"


def rolled_back_limit(activity: str, seats: int) -> list[int]:
    """Set a limit and compile the offer in a transaction that fails at its end; what the inside of it believed."""
    found: list[int] = []
    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        world.limit(activity, seats)
        found = [limit.seats for limit in offer_now().limits[activity]]
        raise ZeroDivisionError
    return found
