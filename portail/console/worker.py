"""The worker: town by town, the mails that are due, then the chores; over and over until it is told to stop.

A failure is one town's and one chore's: it is logged, that chore rests there, longer each time, and all else goes on.
"""

import logging
import os
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone, translation

from portail.console.chores import CHORES, DOCUMENTS, HOUSEKEEPING, Chore
from portail.console.postman import BATCH, Postman, mailer_in_force
from portail.towns.models import Town
from portail.towns.queries import all_towns
from portail.towns.scope import in_town

PAUSE, PAUSE_PER_TOWN, LONGEST_PAUSE = 1.0, 0.05, 10.0  # seconds without work before the next look
BREATH = 0.02  # seconds between two turns when there is work: a chore that never ends must not eat a processor
LONGEST_REST = 300  # seconds that a failing chore waits at most

log = logging.getLogger("portail.worker")


def worker_name() -> str:
    """A name that no other process bears, on any machine, before or after a restart."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(6)}"


def worker_in_force(stopping: Callable[[], bool], *, once: bool = False) -> "Worker":
    """The worker that this installation is set up for; `once`: one turn sends every due mail, last, and keeps no house.

    Raises ConsoleError for a setting that cannot be.
    """
    mailer, clock = mailer_in_force(), timezone.now  # noqa: TID251  the door of the console
    chores = list(CHORES) if once else [*CHORES, *HOUSEKEEPING]
    postman = None
    if mailer is None:
        log.warning("PORTAIL_SMTP_URL est vide : les courriels attendent.")
    else:
        found = postman = Postman(mailer, DOCUMENTS, worker_name(), clock, stopping)
        mails = Chore("courriels", lambda _now: found.send_due(None if once else BATCH))
        # Nobody comes back after a single turn: what the sweep queues in it must leave in it.
        chores.insert(len(chores) if once else 0, mails)
    return Worker(chores, clock, stopping, postman)


def keep_house() -> None:
    """All the housekeeping that is due in every town (`portail tick`)."""
    keeper = Worker(HOUSEKEEPING, timezone.now, lambda: False)  # noqa: TID251  the door of the console
    while keeper.turn():
        pass


@dataclass(slots=True)
class Worker:
    """Does `chores` in every town, suspended ones too: a payment under way does not wait for a town to reopen."""

    chores: Sequence[Chore]
    clock: Callable[[], datetime]
    stopping: Callable[[], bool]
    postman: Postman | None = None
    _next: dict[tuple[int, str], datetime] = field(default_factory=dict, init=False)
    _failures: dict[tuple[int, str], int] = field(default_factory=dict, init=False)
    _towns: int = field(default=0, init=False)

    def turn(self) -> int:
        """Every chore once in every town; returns how many things were done."""
        done = 0
        for town in self._all_towns():
            with in_town(town), timezone.override(town.time_zone), translation.override("fr"):
                for chore in self.chores:
                    if self.stopping():
                        return done
                    done += self._guarded(town, chore)
        return done

    def run(self, wait: Callable[[float], None]) -> None:
        """Turn until told to stop; `wait(seconds)` sleeps, less when there is reason to."""
        while not self.stopping():
            if self.turn():
                wait(BREATH)
            else:
                self.hang_up()
                wait(self.pause)
        self.hang_up()

    def hang_up(self) -> None:
        """Keep no connection to the mail server while there is nothing to send."""
        if self.postman is not None:
            self.postman.close()

    @property
    def pause(self) -> float:
        """Seconds to sleep when nothing was to be done: looking into many towns costs more."""
        return min(PAUSE + PAUSE_PER_TOWN * self._towns, LONGEST_PAUSE)

    def _all_towns(self) -> list[Town]:
        try:
            towns = all_towns()
        except (DatabaseError, InterfaceError) as error:
            log.error("La base de données ne répond pas (%s).", _short(error))  # noqa: TRY400  one line, no traceback
            _reconnect()
            return []
        self._towns = len(towns)
        return towns

    def _guarded(self, town: Town, chore: Chore) -> int:
        key, now = (town.pk, chore.name), self.clock()
        if self._next.get(key, now) > now:
            return 0
        try:
            done = chore.act(now)
        except Exception as error:  # whatever it is, the other chores and the other towns go on
            self._failures[key] = failures = self._failures.get(key, 0) + 1
            rest = min(2**failures, LONGEST_REST)
            self._next[key] = now + timedelta(seconds=rest)
            log.error(  # noqa: TRY400  the traceback at the first failure only
                "%s, %s : échec (%s) ; nouvel essai dans %d s.", town.slug, chore.name, _short(error), rest,
                exc_info=failures == 1 and not isinstance(error, DatabaseError | InterfaceError),
            )  # fmt: skip
            if isinstance(error, DatabaseError | InterfaceError):
                _reconnect()
            return 0
        self._failures.pop(key, None)
        self._next[key] = now if done else now + chore.every
        return done


def _reconnect() -> None:
    """Drop a connection that may be dead: the next query opens another."""
    if not connection.in_atomic_block:
        connection.close()


def _short(error: Exception) -> str:
    words = str(error).strip().splitlines()
    return f"{type(error).__name__} : {words[0][:200]}" if words else type(error).__name__
