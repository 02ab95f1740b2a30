"""One HTTP exchange that never lasts longer than promised: no proxy, no redirection, an answer of bounded size."""

import queue
import socket
import ssl
import threading
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from portail.gateways.payfip.errors import Kind, PayfipError

MOST_BYTES = 256 * 1024
_HEADERS = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""', "Accept": "text/xml", "Connection": "close"}


class _Exchange:
    """The exchange under way, in a thread of its own.

    A socket's timeout bounds each read, so a server that sends one byte a second would hold us for days. Waiting for a
    thread bounds everything, name resolution included, and without reading a clock.
    """

    def __init__(self, origin: str, timeout: float) -> None:
        parts = urlsplit(origin)
        # RFC 6761: these names are this machine, whatever the system's resolver says.
        here = (parts.hostname or "").endswith(".localhost")
        host = "127.0.0.1" if here else parts.hostname or ""
        self.connection: HTTPConnection = (
            HTTPSConnection(host, parts.port, timeout=timeout, context=ssl.create_default_context())
            if parts.scheme == "https"
            else HTTPConnection(host, parts.port, timeout=timeout)
        )
        self.host = parts.netloc.rpartition("@")[2]
        self.outcome: queue.SimpleQueue[tuple[int, bytes] | Exception] = queue.SimpleQueue()
        self.socket: socket.socket | None = None  # http.client forgets its own while the answer is being read
        self.abandoned = threading.Event()

    def run(self, path: str, body: bytes) -> None:
        """Put the answer, or what went wrong, into `outcome`."""
        try:
            self.connection.connect()
            self.socket = self.connection.sock
            if self.abandoned.is_set():
                return
            self.connection.request("POST", path, body, {**_HEADERS, "Host": self.host})
            with self.connection.getresponse() as response:
                self.outcome.put((response.status, response.read(MOST_BYTES + 1)))
        except Exception as error:  # whoever waits decides: a thread has nobody to tell
            self.outcome.put(error)
        finally:
            self.connection.close()

    def abandon(self) -> None:
        """Nobody waits any more: end the thread's read."""
        self.abandoned.set()
        if self.socket is not None:
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)


def post(origin: str, path: str, body: bytes, timeout: float) -> tuple[int, bytes]:
    """(HTTP status, answer) within `timeout` seconds in all. Raises PayfipError of kind TRANSPORT."""
    exchange = _Exchange(origin, timeout)
    threading.Thread(target=exchange.run, args=(path, body), daemon=True, name="payfip").start()
    try:
        outcome = exchange.outcome.get(timeout=timeout)
    except queue.Empty:
        exchange.abandon()
        raise PayfipError(Kind.TRANSPORT, label=f"PayFiP n’a pas répondu en {timeout:g} secondes.") from None
    if isinstance(outcome, TimeoutError):
        raise PayfipError(Kind.TRANSPORT, label=f"PayFiP n’a pas répondu en {timeout:g} secondes.") from outcome
    if isinstance(outcome, OSError | HTTPException | ValueError):  # ValueError: a host that is no host name
        raise PayfipError(Kind.TRANSPORT, label="La connexion à PayFiP a échoué.") from outcome
    if isinstance(outcome, Exception):
        raise outcome
    if len(outcome[1]) > MOST_BYTES:
        raise PayfipError(Kind.TRANSPORT, label="La réponse de PayFiP est anormalement longue.")
    return outcome
