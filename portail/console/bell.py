"""A sleep that a signal ends. Only a pipe is safe to touch from a signal handler: a lock might be held already."""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any


class Bell:
    """Rung once for all by SIGTERM or SIGINT; `times` counts the impatient."""

    def __init__(self) -> None:
        self.times = 0
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)

    @property
    def rung(self) -> bool:
        return self.times > 0

    def is_rung(self) -> bool:
        """The same, as a function to hand over."""
        return self.rung

    def ring(self, *_signal: Any) -> None:
        """Wake whoever waits."""
        self.times += 1
        with suppress(BlockingIOError):  # full of rings that nobody heard: one more says nothing
            os.write(self._write, b"!")

    def wait(self, seconds: float) -> None:
        """Sleep, or less if the bell rings; not at all once it has."""
        select.select([self._read], [], [], max(seconds, 0))

    def close(self) -> None:
        """Give the pipe back."""
        os.close(self._read)
        os.close(self._write)


@contextmanager
def bell_of_signals() -> Iterator[Bell]:
    """A bell that SIGTERM and SIGINT ring for the block; in the main thread only."""
    bell = Bell()
    before = {number: signal.signal(number, bell.ring) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield bell
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        bell.close()
