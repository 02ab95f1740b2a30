"""Just enough HTTP over WSGI: a request read within bounds, an answer with its headers, a page from a template."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from jinja2 import Environment, PackageLoader, StrictUndefined

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MOST_BYTES = 256 * 1024
_MOST_FIELDS = 100
_HOST = re.compile(r"[A-Za-z0-9.\-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:]+\](:[0-9]{1,5})?")
_SAFETY = (
    ("Cache-Control", "private, no-cache"),  # « no-store » would break the Back button over a form sent back
    ("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'"),
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
)


@dataclass(frozen=True, slots=True)
class Request:
    """What came: `query` and `form` keep the last of several values; `body` is cut nowhere, refused when too long."""

    method: str
    path: str
    origin: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    cookies: Mapping[str, str]
    body: bytes
    is_json: bool


@dataclass(frozen=True, slots=True)
class Response:
    """What goes back."""

    body: bytes = b""
    kind: str = "text/html; charset=utf-8"
    status: HTTPStatus = HTTPStatus.OK
    headers: list[tuple[str, str]] = field(default_factory=list)

    def send(self, start: "StartResponse") -> Iterable[bytes]:
        """The WSGI answer."""
        headers = [("Content-Type", self.kind), ("Content-Length", str(len(self.body))), *_SAFETY, *self.headers]
        start(f"{self.status.value} {self.status.phrase}", headers)
        return [self.body]


class TooLongError(Exception):
    """A body that no page of ours sends."""


def read(environ: "WSGIEnvironment") -> Request:
    """Raises TooLongError."""
    length = environ.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > MOST_BYTES:
        raise TooLongError
    body = environ["wsgi.input"].read(int(length)) if int(length) else b""
    kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    host = environ.get("HTTP_HOST", "")
    if not _HOST.fullmatch(host):
        host = "localhost"
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO", ""),
        origin=f"{environ['wsgi.url_scheme']}://{host}",
        query=_fields(environ.get("QUERY_STRING", "")),
        form=_fields(body.decode("utf-8", "replace")) if kind == "application/x-www-form-urlencoded" else {},
        cookies=_cookies(environ.get("HTTP_COOKIE", "")),
        body=body,
        is_json=kind == "application/json",
    )


def see_other(where: str, headers: Iterable[tuple[str, str]] = ()) -> Response:
    """Go there, by GET."""
    return Response(status=HTTPStatus.SEE_OTHER, headers=[("Location", where), *headers])


def page(template: str, status: HTTPStatus = HTTPStatus.OK, **values: Any) -> Response:
    """A page from its template."""
    return Response(_TEMPLATES.get_template(template).render(**values).encode(), status=status)


def stylesheet() -> Response:
    """The simulator's only static file."""
    return Response((files("portail.simulator") / "static" / "payfip.css").read_bytes(), "text/css; charset=utf-8")


def euros(cents: int) -> str:
    """« 1 234,56 € », with the spaces that never break."""
    whole = f"{cents // 100:,}".replace(",", "\u202f")
    return f"{whole},{cents % 100:02d}\u00a0€"


_TEMPLATES = Environment(loader=PackageLoader("portail.simulator"), autoescape=True, undefined=StrictUndefined)
_TEMPLATES.filters["euros"] = euros


def _fields(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        return {}


def _cookies(text: str) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(text).items()}
    except CookieError:
        return {}
