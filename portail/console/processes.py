"""A few programs run side by side: the demonstration's web server, worker and PayFiP. Knows neither Django nor towns.

Each child leads a group of its own, so that one signal reaches its own children too, and Ctrl-C reaches us alone: we
pass it on. A child whose parent dies without a word is told by the kernel (Linux).
"""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from portail.console.bell import Bell, bell_of_signals

PATIENCE = 1.5  # seconds that the children have to end by themselves
LOOK = 0.2  # seconds between two looks at them
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds before a program that died starts again
SETTLED = 60.0  # seconds after which a program has lived well, and its next death is a first one
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Program:
    """A program to run. The end of an `essential` one is the end of all; another one starts again. `name` is French."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    essential: bool = False


def run_together(programs: Sequence[Program], say: Callable[[str], None], *, patience: float = PATIENCE) -> int:
    """Run the programs until SIGTERM, Ctrl-C or the end of an essential one; returns the exit code of that one, or 0.

    When it returns, or dies, none of them is left.
    """
    with bell_of_signals() as bell:
        children = [_Child(program, say) for program in programs]
        try:
            for child in children:
                child.start()
            return _watch(children, bell)
        finally:
            _stop(children, bell, patience)


def _watch(children: Sequence["_Child"], bell: Bell) -> int:
    while not bell.rung:
        for child in children:
            code = child.looked_at()
            if code is not None:
                return code
        bell.wait(LOOK)
    return 0


def _stop(children: Sequence["_Child"], bell: Bell, patience: float) -> None:
    """Ask, then insist; a second Ctrl-C insists at once."""
    for child in children:
        child.signal(signal.SIGTERM)
    end, heard = time.monotonic() + patience, bell.times
    while any(child.runs() for child in children) and time.monotonic() < end and bell.times == heard:
        time.sleep(LOOK / 10)
    for child in children:
        child.signal(signal.SIGKILL)  # and whatever a child left behind in its group
        child.reap()


class _Child:
    def __init__(self, program: Program, say: Callable[[str], None]) -> None:
        self.program, self.say = program, say
        self.process: subprocess.Popen[bytes] | None = None
        self.started = self.again_at = 0.0
        self.pause = FIRST_PAUSE / 2

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603  our own words
            self.program.command, env=dict(self.program.environment), stdin=subprocess.DEVNULL,
            start_new_session=True, preexec_fn=_end_with_parent(),  # noqa: PLW1509  no thread runs here
        )  # fmt: skip

    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def looked_at(self) -> int | None:
        """The exit code of an essential program that has ended; another one is started again in due time."""
        if self.runs():
            return None
        now = time.monotonic()
        if self.process is not None:
            code = self.process.returncode
            self.signal(signal.SIGKILL)
            if self.program.essential:
                return code if code >= 0 else 1
            self.process = None
            self.pause = FIRST_PAUSE if now - self.started > SETTLED else min(self.pause * 2, LONGEST_PAUSE)
            self.again_at = now + self.pause
            self.say(f"{self.program.name} s'est arrêté (code {code}) ; nouvel essai dans {self.pause:.0f} s.")
        elif now >= self.again_at:
            self.start()
        return None

    def signal(self, number: signal.Signals) -> None:
        """To the whole group."""
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def reap(self) -> None:
        if self.process is not None:
            self.process.wait()


def _end_with_parent() -> Callable[[], None]:
    """What a child does before it becomes its program: ask to be told when its parent dies."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    parent = os.getpid()

    def ask() -> None:
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return ask
