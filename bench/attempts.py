"""What one process of the contention does. Loaded by processes that start from nothing: Django is set up here."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from multiprocessing import Queue
from multiprocessing.synchronize import Barrier

import django


def attempts(
    town: int,
    races: Sequence[tuple[str, date]],
    children: Sequence[tuple[str, int]],
    barrier: Barrier,
    answers: "Queue",
) -> None:
    """In each race, one attempt per (child, payer); the counts of how they ended go to `answers`."""
    django.setup()
    from django.db import connection  # noqa: PLC0415

    from bench.place import become_the_application  # noqa: PLC0415
    from portail.towns.models import Town  # noqa: PLC0415
    from portail.towns.scope import in_town  # noqa: PLC0415

    become_the_application()
    acts = {"guarded": _guarded, "naive": _naive}
    for how, day in races:
        with in_town(Town.objects.get(pk=town)):
            barrier.wait()
            answers.put(Counter(_ending(acts[how], code, payer, day) for code, payer in children))
    connection.close()


def _ending(act: Callable[[str, int, date], str], code: str, payer: int, day: date) -> str:
    try:
        return act(code, payer, day)
    except Exception as error:
        return type(error).__name__


def _guarded(code: str, payer: int, day: date) -> str:
    """The product's own way."""
    from django.utils.timezone import localtime  # noqa: PLC0415

    from bench.offer import LIMITED  # noqa: PLC0415
    from portail.bookings.operations.changes import Submission, change_presences  # noqa: PLC0415
    from portail.rules.booking import Wish  # noqa: PLC0415
    from portail.towns.actors import parent  # noqa: PLC0415

    wish = Wish(code, LIMITED, day, present=True, seen=False)
    change_set = change_presences(submission=Submission([wish]), by=parent(payer), now=localtime())
    verdict = change_set.verdicts[0]
    return str(verdict.get("refusal") or verdict["outcome"])


def _naive(code: str, _payer: int, day: date) -> str:
    """What must not be done: count, then insert, in one transaction."""
    from django.db import transaction  # noqa: PLC0415

    from bench.offer import LIMITED, SEATS  # noqa: PLC0415
    from portail.bookings.models import Activity, Presence  # noqa: PLC0415
    from portail.families.models import Person  # noqa: PLC0415

    with transaction.atomic():
        if Presence.objects.filter(activity__code=LIMITED, day=day).count() >= SEATS:
            return "full"
        Presence.objects.create(
            person=Person.objects.get(code=code), activity=Activity.objects.get(code=LIMITED), day=day
        )
    return "booked"
