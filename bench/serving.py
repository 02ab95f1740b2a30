"""The product served as in production, by real processes, for the benches that cannot be run in one."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.place import environment
from bench.world import HOST

WORKERS = 2
PATIENCE = 30  # seconds for the server to start
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """granian at work on a port of the loopback."""

    port: int
    pid: int

    def processes(self) -> list[int]:
        """granian and its workers."""
        found = [self.pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                found += [int(child) for child in task.read_text().split()]
        return found

    def cpu(self) -> float:
        """CPU seconds spent so far by all of them."""
        fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.processes()]
        return sum(int(found[11]) + int(found[12]) for found in fields) / TICKS

    def memory(self) -> float:
        """Resident megabytes of the largest worker."""
        lines = [line for pid in self.processes() for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
        return max(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024

    def connect(self) -> http.client.HTTPConnection:
        """A connection of one's own, on loopback only."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)


@contextmanager
def served() -> Iterator[Server]:
    """Start granian on the throw-away database, wait until it answers, stop it in the end."""
    port = _free_port()
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", str(WORKERS), "--blocking-threads", "4", "--log-level", "error", "portail.wsgi:application",
    ]  # fmt: skip
    process = subprocess.Popen(command, env=environment())  # noqa: S603 -- our own interpreter and words
    try:
        server = Server(port, process.pid)
        _wait(server)
        yield server
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _wait(server: Server) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        connection = server.connect()
        try:
            connection.request("GET", "/", headers={"Host": HOST})
            if connection.getresponse().status == http.client.OK:
                return
        except OSError:
            time.sleep(0.2)
        finally:
            connection.close()
    raise TimeoutError("the server does not answer")
