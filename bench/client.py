"""A browser reduced to what a bench needs, straight into the WSGI application: cookies, forms, and the CPU it cost."""

import gzip
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from io import BytesIO
from typing import Any
from urllib.parse import urlencode, urlsplit

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

SHOWN = re.compile(r'name="shown" value="([^"]+)"')
TOKEN = re.compile(r'name="token" value="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, with the CPU milliseconds of this process from the first byte in to the last byte out."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cpu: float

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def gzipped(self) -> int:
        """The size that the body travels with."""
        return len(gzip.compress(self.body, 6))


@dataclass
class Visitor:
    """One browser. `get` and `post` follow nothing by themselves."""

    application: Application
    host: str
    cookies: dict[str, str] = field(default_factory=dict)
    accept_encoding: str = ""

    def get(self, url: str) -> Answer:
        return self._ask("GET", url, b"")

    def post(self, url: str, fields: Iterable[tuple[str, str]]) -> Answer:
        """Send a form; the CSRF token is that of the cookie."""
        data = urlencode([("csrfmiddlewaretoken", self.cookies.get("csrf", "")), *fields]).encode()
        return self._ask("POST", url, data)

    def _ask(self, method: str, url: str, data: bytes) -> Answer:
        environ, heard = self._environ(method, url, data), []

        def start_response(status: str, headers: list[tuple[str, str]], _error: object = None) -> None:
            heard.append((int(status[:3]), headers))

        started = time.process_time()
        response = self.application(environ, start_response)
        body = b"".join(response)
        close = getattr(response, "close", None)
        if close is not None:
            close()
        cpu = (time.process_time() - started) * 1000
        status, headers = heard[0]
        self._keep(headers)
        return Answer(status, dict(headers), body, cpu)

    def _environ(self, method: str, url: str, data: bytes) -> dict[str, Any]:
        parts = urlsplit(url)
        return {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "SERVER_NAME": self.host,
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": self.host,
            "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "HTTP_ACCEPT_LANGUAGE": "fr-FR,fr;q=0.9",
            "HTTP_ACCEPT_ENCODING": self.accept_encoding,
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(data)),
            "wsgi.input": BytesIO(data),
            "wsgi.errors": BytesIO(),
            "wsgi.url_scheme": "http",
            "wsgi.version": (1, 0),
            "wsgi.multithread": False,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }

    def _keep(self, headers: Iterable[tuple[str, str]]) -> None:
        for name, value in headers:
            if name.lower() == "set-cookie":
                self.cookies.update({key: morsel.value for key, morsel in SimpleCookie(value).items()})


@dataclass(frozen=True, slots=True)
class Form:
    """The planning form of a page: what each of its open boxes showed, and the token of the page."""

    shown: Mapping[str, bool]
    token: str

    @classmethod
    def of(cls, html: str) -> "Form":
        cells = {text[:-2]: text.endswith("1") for text in SHOWN.findall(html)}
        found = TOKEN.search(html)
        return cls(cells, found[1] if found else "")

    def boxes(self, activity: str) -> list[str]:
        """The boxes of an activity, by day."""
        return sorted(key for key in self.shown if key.split("/")[1] == activity)

    def fields(self, changed: Iterable[str]) -> list[tuple[str, str]]:
        """What a browser sends once these boxes were toggled."""
        toggled = set(changed)
        ticked = [key for key, on in self.shown.items() if on != (key in toggled)]
        return [
            ("token", self.token),
            *(("shown", f"{key}/{int(on)}") for key, on in self.shown.items()),
            *(("ticked", key) for key in ticked),
        ]
