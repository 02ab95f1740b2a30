"""The processes of a portal: each in a group of its own, from its first answer to its end."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

ROOT = Path(__file__).parents[2]
PORTAIL = (sys.executable, "-m", "portail.console")
PATIENCE = 120  # seconds; a slow machine is no failure


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that says what it does in `log`; it and its children are gone at the end."""
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  our own command
            command, cwd=ROOT, env=dict(environment), stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        _stop(process)


@contextmanager
def answering(
    command: Sequence[str], environment: Mapping[str, str], log: Path, place: tuple[int, str]
) -> Iterator[None]:
    """The same, once it answers at this port and path. Raises RuntimeError with its last words when it does not."""
    with running(command, environment, log) as process:
        end = time.monotonic() + PATIENCE
        while not answers(*place):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"no answer from {command[1:]}:\n{last_words(log)}")
            time.sleep(0.1)
        yield


def once(command: Sequence[str], environment: Mapping[str, str], log: Path) -> str:
    """Run a command to its end and return what it printed. Raises RuntimeError with its last words when it fails."""
    with log.open("ab") as errors:
        done = subprocess.run(  # noqa: S603  our own command
            command, cwd=ROOT, env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
            check=False,
        )  # fmt: skip
    said = done.stdout.decode()
    if done.returncode:
        raise RuntimeError(f"{command[1:]} failed:\n{said}{last_words(log)}")
    return said


def last_words(log: Path) -> str:
    """The end of a log."""
    return log.read_text(errors="replace")[-4000:]


def answers(port: int, path: str) -> bool:
    """Does something answer 200 there?"""
    try:
        with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            connection.request("GET", path)
            return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False


def free_port() -> int:
    """A port where nothing listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _stop(process: subprocess.Popen[bytes]) -> None:
    for kind in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, kind)
            process.wait(10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
        return
