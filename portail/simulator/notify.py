"""Telling the portal, server to server, that an operation has moved; tried again when it does not answer 200."""

import threading
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from portail.simulator.bank import Bank

TIMEOUT = 10  # seconds for each read
DELAYS = (1.0, 5.0, 30.0)  # seconds before each new try; PayFiP's own are not published


class Notifier:
    """Sends what the bank has queued, each notification in a thread of its own, until it is closed."""

    def __init__(self, bank: Bank, delays: Sequence[float] = DELAYS) -> None:
        self._bank = bank
        self._delays = delays
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []

    def send_queued(self) -> None:
        """Send everything queued, without waiting for the answers."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        for number, url, body in self._bank.take_notices():
            thread = threading.Thread(target=self._send, args=(number, url, body), daemon=True, name="notify")
            thread.start()  # before it is known to `close`: a thread that has not started cannot be waited for
            self._threads.append(thread)

    def close(self) -> None:
        """No new try; returns once the last answer under way is written down. What is not sent is still queued."""
        self._closing.set()
        for thread in list(self._threads):
            thread.join()

    def _send(self, number: int, url: str, body: str) -> None:
        for delay in (0.0, *self._delays):
            if self._closing.wait(delay):
                return
            said = post(url, body)
            done = said == "200"
            self._bank.note_notice(number, "sent" if done else "sending", said)
            if done:
                return
        self._bank.note_notice(number, "failed", "abandon")


def post(url: str, body: str) -> str:
    """POST a form; the HTTP status, or what went wrong. No redirection, no proxy.

    `*.localhost` is this machine (RFC 6761) even where the system's resolver does not know it.
    """
    try:
        parts = urlsplit(url)
        host = "127.0.0.1" if (parts.hostname or "").endswith(".localhost") else parts.hostname or ""
        opened = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = opened(host, parts.port, timeout=TIMEOUT)
        path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        headers = {"Host": parts.netloc.rpartition("@")[2], "Content-Type": "application/x-www-form-urlencoded"}
        try:
            connection.request("POST", path, body.encode(), headers)
            return str(connection.getresponse().status)
        finally:
            connection.close()
    except (OSError, HTTPException, ValueError) as error:
        return type(error).__name__
