"""A PayFiP simulator in this process, on a real port, with a clock that the test moves."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from portail.simulator.app import Settings, create_app
from portail.simulator.serving import server

NOON = 1_795_258_800.0  # 2026-11-21 12:00 in Paris
ORDER = {
    "exer": "2026",
    "mel": "jamie.bond@exemple.fr",
    "montant": "424",
    "numcli": "000123",
    "objet": "CANTINE SEPTEMBRE",
    "refdet": "2013T50026000335",
    "saisie": "T",
    "urlnotif": "http://demo.localhost:9/notif",
    "urlredirect": "http://demo.localhost:9/retour?facture=7",
}


@dataclass
class Simulator:
    """`wait` calls are kept in `waits` and not slept."""

    origin: str
    moments: list[float]
    waits: list[float] = field(default_factory=list)

    def call(self, path: str, value: Any) -> tuple[int, Any]:
        """POST JSON: (status, what came back)."""
        status, _, body = exchange(
            f"{self.origin}{path}", "POST", json.dumps(value), {"Content-Type": "application/json"}
        )
        return status, json.loads(body)

    def control(self, **orders: Any) -> Any:
        """An order to the desk that must be understood."""
        status, answer = self.call("/sim/control", orders)
        assert status == 200, answer
        return answer

    def pay(self, idop: str, result: str, **more: Any) -> tuple[int, Any]:
        """What the payer and the bank did."""
        return self.call("/sim/pay", {"idop": idop, "result": result, **more})

    def operation(self, idop: str) -> Any:
        """One operation as it really is."""
        (found,) = [one for one in self.operations() if one["idop"] == idop]
        return found

    def operations(self) -> list[Any]:
        """Every operation, the latest first."""
        told: list[Any] = json.loads(exchange(f"{self.origin}/sim/operations")[2])["operations"]
        return told


@contextmanager
def running(folder: Path, **settings: Any) -> Iterator[Simulator]:
    """A simulator over `folder`; the clock is at noon, `moments[0]` moves it."""
    simulator = Simulator("", [NOON])
    chosen = {"clock": lambda: simulator.moments[0], "wait": simulator.waits.append, "delays": (0.01, 0.01), **settings}
    app = create_app(Settings(str(folder / "bank.sqlite3"), **chosen))
    listening = server(app, "127.0.0.1", 0)
    simulator.origin = f"http://127.0.0.1:{listening.server_port}"
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield simulator
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
        app.close()


def exchange(
    url: str, method: str = "GET", body: str | bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, HTTPMessage, bytes]:
    """One request as it is, redirections not followed: (status, headers, body)."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        payload = body.encode() if isinstance(body, str) else body
        connection.request(method, f"{parts.path}?{parts.query}".rstrip("?"), payload, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@dataclass
class Browser:
    """A browser without scripts: cookies, forms, redirections."""

    origin: str
    with_cookies: bool = True
    cookie: str = ""
    status: int = 0
    url: str = ""
    page: str = ""
    raw: bytes = b""

    def open(self, url: str, fields: dict[str, str] | None = None) -> "Browser":
        """GET, or POST a form; redirections on the same origin are followed."""
        url = url if url.startswith("http") else self.origin + url
        headers = {"Cookie": self.cookie} if self.cookie else {}
        body = None
        if fields is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(fields)
        self.status, got, self.raw = exchange(url, "GET" if body is None else "POST", body, headers)
        self.url, self.page = url, self.raw.decode(errors="replace")
        if self.with_cookies and got["Set-Cookie"]:
            self.cookie = got["Set-Cookie"].partition(";")[0]
        return self.open(got["Location"]) if self.status == 303 else self

    def send(self, action: str, **typed: str) -> "Browser":
        """Fill and send the form of this page that goes to `action`, hidden fields included."""
        form = found(rf'<form [^>]*action="{re.escape(action)}".*?</form>', self.page)
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form))
        return self.open(action, hidden | typed)


class Listener:
    """A portal that listens to notifications: `got` receives (path, Host header, fields); `answers` are statuses."""

    def __init__(self) -> None:
        self.got: SimpleQueue[tuple[str, str, dict[str, str]]] = SimpleQueue()
        self.answers: list[int] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"] or 0)
                fields = dict(parse_qsl(self.rfile.read(length).decode()))
                self.send_response(listener.answers.pop(0) if listener.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                listener.got.put((self.path, self.headers["Host"], fields))

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def found(pattern: str, text: str, group: int = 0) -> str:
    """What a pattern finds; it must."""
    match = re.search(pattern, text, re.DOTALL)
    assert match, f"no {pattern} in {text}"
    return match[group]


def until(true: Callable[[], Any], patience: float = 20) -> Any:
    """Wait for what another thread does; what it gave."""
    end = time.monotonic() + patience
    while not (value := true()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)
    return value
