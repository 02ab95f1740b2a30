"""The WSGI application: the service, the bank's pages, the desk."""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from portail.simulator import soap, web
from portail.simulator.bank import Bank
from portail.simulator.control import Desk
from portail.simulator.notify import DELAYS, Notifier
from portail.simulator.pages import Pages
from portail.simulator.ticket import Tickets
from portail.simulator.values import DEMO_CLIENTS, Client
from portail.simulator.web import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Handler = Callable[[Request], Response]
_GARBAGE = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Settings:
    """`database`: the SQLite file. `mail_folder` or `mail_url` (smtp://host:port): where tickets go, nowhere when both
    are empty. `delays`: seconds before each new try of a notification.
    """

    database: str
    mail_folder: str = ""
    mail_url: str = ""
    clients: tuple[Client, ...] = DEMO_CLIENTS
    delays: tuple[float, ...] = DELAYS
    clock: Callable[[], float] = time.time
    wait: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class App:
    """The WSGI application over its database."""

    bank: Bank
    notifier: Notifier
    routes: dict[tuple[str, str], Handler]

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        return _answer(self.routes, environ, start)

    def close(self) -> None:
        """Once no request comes any more: let notifications under way end, then give the file back."""
        self.notifier.close()
        self.bank.store.close()


def create_app(settings: Settings) -> App:
    """The application over its database; notifications that a stop interrupted leave at once."""
    bank = Bank(settings.database, settings.clock, settings.clients)
    notifier = Notifier(bank, settings.delays)
    tickets = Tickets(bank, settings.mail_folder, settings.mail_url)
    desk = Desk(bank, notifier, tickets.send)
    pages = Pages(bank, notifier, tickets)
    bank.requeue_notices()
    notifier.send_queued()
    routes: dict[tuple[str, str], Handler] = {
        ("GET", soap.PATH): lambda request: Response(soap.wsdl(request.origin), "text/xml; charset=utf-8"),
        ("POST", soap.PATH): lambda request: _serve(bank, settings.wait, request),
        ("GET", "/"): lambda _: web.see_other("/sim/"),
        ("GET", "/sim"): lambda _: web.see_other("/sim/"),
        ("GET", "/sim/"): desk.show,
        ("GET", "/sim/operations"): desk.ledger,
        ("POST", "/sim/control"): desk.control,
        ("POST", "/sim/pay"): desk.pay,
        ("GET", "/sim/payfip.css"): lambda _: web.stylesheet(),
        ("GET", "/favicon.ico"): lambda _: Response(status=HTTPStatus.NO_CONTENT),
        **pages.routes(),
    }
    return App(bank, notifier, routes)


def from_environment() -> Settings:
    """PAYFIP_SIM_DB, PAYFIP_SIM_MAIL (a folder), PAYFIP_SIM_SMTP (smtp://host:port)."""
    return Settings(
        database=os.environ.get("PAYFIP_SIM_DB", "payfip-simulator.sqlite3"),
        mail_folder=os.environ.get("PAYFIP_SIM_MAIL", ""),
        mail_url=os.environ.get("PAYFIP_SIM_SMTP", ""),
    )


def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """For a WSGI server: `granian --interface wsgi portail.simulator.app:application`."""
    return _from_environment()(environ, start_response)


@cache
def _from_environment() -> "WSGIApplication":
    return create_app(from_environment())


def _answer(
    routes: dict[tuple[str, str], Handler], environ: "WSGIEnvironment", start: "StartResponse"
) -> Iterable[bytes]:
    try:
        request = web.read(environ)
    except web.TooLongError:
        return Response(b"", "text/plain", HTTPStatus.REQUEST_ENTITY_TOO_LARGE).send(start)
    handler = routes.get(("GET" if request.method == "HEAD" else request.method, request.path))
    if handler is None:
        known = any(path == request.path for _, path in routes)
        status = HTTPStatus.METHOD_NOT_ALLOWED if known else HTTPStatus.NOT_FOUND
        return web.page("error.html", status, code="", label="Cette page n’existe pas.").send(start)
    answer = handler(request).send(start)
    return [] if request.method == "HEAD" else answer


def _serve(bank: Bank, wait: Callable[[float], None], request: Request) -> Response:
    """One SOAP call, with whatever failure the desk asked for."""
    controls = bank.controls()
    if controls.slow:
        wait(controls.slow)
    if controls.garbage:
        return Response(_GARBAGE, status=HTTPStatus.BAD_GATEWAY)
    well, message = soap.answer(bank, request.body)
    status = HTTPStatus.OK if well else HTTPStatus.INTERNAL_SERVER_ERROR
    return Response(message, "text/xml; charset=utf-8", status)
