"""`python -m bench contention`: 200 children after 30 places, from real processes that start at the same instant.

The control books without the guard, by counting first. On PostgreSQL it must sell too many places, else the bench
would prove nothing; on SQLite, where one transaction writes at a time, even the control is right: hence both engines.
"""

import argparse
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from django.db import connection
from django.utils.timezone import localtime

from bench import report, world
from bench.attempts import attempts
from bench.offer import LIMITED, SEATS
from bench.place import engine_words
from portail.bookings.models import Change, Places, Presence
from portail.bookings.queries.offer import offer_in_force
from portail.families.models import Link
from portail.rules.weeks import week_days
from portail.towns.scope import in_town

ROUNDS, PROCESSES, ATTEMPTS = 3, 8, 200
PATIENCE = 120  # seconds

Race = tuple[str, date]
"""« guarded » or « naive », and the day fought for."""


@dataclass(frozen=True, slots=True)
class Round:
    """One race. `words`: how each attempt ended; `counter`: what the counter of the day says, None without any."""

    how: str
    taken: int
    movements: int
    counter: int | None
    words: dict[str, int]
    milliseconds: float

    @property
    def faults(self) -> list[str]:
        """Why the guarded race is not what it must be."""
        told = {word for word in self.words if word not in {"booked", "full"}}
        wrong = [f"{self.taken} places prises"] if self.taken != SEATS else []
        wrong += ["mouvements ≠ places"] if self.movements != self.taken else []
        wrong += ["compteur faux"] if self.counter != self.taken else []
        return wrong + sorted(told)


def run(arguments: argparse.Namespace, _folder: Path) -> int:
    """1 when a place is sold twice, an attempt fails, or the control does not over-book on PostgreSQL."""
    town = world.build(families=max(arguments.families, ATTEMPTS), seed=arguments.seed)
    number = arguments.rounds or ROUNDS
    with in_town(town.town):
        days = _days(town, 2 * number)
    races = [("guarded", day) for day in days[:number]] + [("naive", day) for day in days[number:]]
    rounds = list(_races(town, races))
    blind = connection.vendor == "postgresql" and not any(r.taken > SEATS for r in rounds if r.how == "naive")
    failed = [fault for found in rounds if found.how == "guarded" for fault in found.faults]
    failed += ["le témoin n'a rien vendu en trop : la course ne prouve rien"] if blind else []
    print(_markdown(rounds, failed))
    result = {"at": localtime(), "engine": engine_words(), "git": report.git_head(), "failed": failed,
              "rounds": [asdict(found) for found in rounds]}  # fmt: skip
    report.write_json(result, f"{localtime():%Y%m%d-%H%M%S}-contention")
    return 1 if failed else 0


def _days(town: world.World, number: int) -> list[date]:
    """Days on which the limited activity is open for every school."""
    calendar, rules = offer_in_force().rulebook.calendar, offer_in_force().rulebook.activities[LIMITED]
    found: list[date] = []
    monday = town.week
    while len(found) < number:
        found += [day for day in week_days(monday) if calendar.opening(rules.opens_on, rules.weekdays, day, None).open]
        monday = date.fromordinal(monday.toordinal() + 7)
    return found[:number]


def _races(town: world.World, races: Sequence[Race]) -> Iterator[Round]:
    """One race after the other, by the same processes, each with its share of the children."""
    with in_town(town.town):
        payers = dict(Link.objects.filter(person__code__in=town.children).values_list("person__code", "payer_id"))
    shares = [[(code, payers[code]) for code in town.children[place:ATTEMPTS:PROCESSES]] for place in range(PROCESSES)]
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(PROCESSES + 1), context.Queue()
    crowd = [
        context.Process(target=attempts, args=(town.town.pk, races, share, barrier, answers), daemon=True)
        for share in shares
    ]
    for process in crowd:
        process.start()
    for how, day in races:
        with in_town(town.town):
            movements = Change.objects.count()
        barrier.wait(PATIENCE)
        begun = time.perf_counter()
        words = sum((Counter(answers.get(timeout=PATIENCE)) for _ in crowd), Counter())
        elapsed = (time.perf_counter() - begun) * 1000
        with in_town(town.town):
            counter = Places.objects.filter(day=day).values_list("taken", flat=True).first()
            taken = Presence.objects.filter(activity__code=LIMITED, day=day).count()
            yield Round(how, taken, Change.objects.count() - movements, counter, dict(words), elapsed)
    for process in crowd:
        process.join(PATIENCE)


def _markdown(rounds: Sequence[Round], failed: Sequence[str]) -> str:
    lines = [
        f"## {ATTEMPTS} essais pour {SEATS} places, {PROCESSES} processus, {engine_words()}",
        "",
        "| façon | places prises | réponses | ms |",
        "|---|---:|---|---:|",
    ]
    names = {"guarded": "l'opération", "naive": "témoin : compter puis inscrire"}
    for one in rounds:
        words = ", ".join(f"{number} {word}" for word, number in sorted(one.words.items()))
        lines.append(f"| {names[one.how]} | {one.taken} | {words} | {one.milliseconds:.0f} |")
    return "\n".join([*lines, "", *(f"- ✗ {words}" for words in failed)]).rstrip() + "\n"
