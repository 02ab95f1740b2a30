"""The simulated PayFiP in a thread, reached over real HTTP with a clock of our own, and invoices to be paid there.

The notifications that it sends come back to the same little server, which only notes them: a test hands them on, or
loses them.
"""

import io
import json
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.client import HTTPConnection
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

from portail.billing.models import Attempt, Invoice, Payment, Regie
from portail.billing.operations import paying
from portail.billing.operations.setup import RegieDraft, save_regie
from portail.billing.providers import Told
from portail.families.models import Payer
from portail.rules.invoicing import Place, number_of
from portail.rules.paying import Answer, Heard
from portail.simulator import app as simulator
from portail.simulator.serving import server
from portail.simulator.soap import PATH as SERVICE
from portail.simulator.values import Operation
from portail.towns.actors import parent
from tests.world import CLERK, NOW, PARIS

EMAIL = "jamie@exemple.fr"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PATIENCE = 10  # seconds; only ever reached by a notification that never comes
SWEEP, NOTIFICATION = Attempt.Trigger.SWEEP, Attempt.Trigger.NOTIFICATION


class Clock:
    """The one clock of the bank and of the portal: `now`, moved by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now.timestamp()

    def advance(self, step: timedelta) -> datetime:
        self.now += step
        return self.now


class Wire:
    """The way between the portal and the web service, where answers get lost: `trouble` is "" or one of TROUBLES.

    "lost": the bank acts, and its answer is cut off. "page": the bank acts, and a proxy puts a page of its own in the
    place of its answer. "late": the connection is cut off, and the bank acts once `deliver` brings it the request.
    """

    TROUBLES = ("lost", "page", "late")

    def __init__(self) -> None:
        self.trouble = ""
        self._late: list[tuple[Any, bytes]] = []

    def carry(self, bank: Callable[[Any, Any], Any], environ: Any, start: Any) -> Any:
        """One call of the web service."""
        if not self.trouble:
            return bank(environ, start)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if self.trouble == "late":
            self._late.append((environ, body))
        else:
            _brought(bank, environ, body)
        page = b"<html>504 Gateway Time-out</html>"
        length = len(page) if self.trouble == "page" else 4096
        start("504 Gateway Time-out", [("Content-Type", "text/html"), ("Content-Length", str(length))])
        return [page]

    @property
    def is_late(self) -> bool:
        """Is a request held up?"""
        return bool(self._late)

    def deliver(self, bank: Callable[[Any, Any], Any]) -> None:
        """What was held up comes to the bank after all; nobody hears its answer."""
        late, self._late = self._late, []
        for environ, body in late:
            _brought(bank, environ, body)


def _brought(bank: Callable[[Any, Any], Any], environ: Any, body: bytes) -> None:
    """The bank acts on a request, and nobody hears what it says."""
    for _ in bank({**environ, "wsgi.input": io.BytesIO(body)}, lambda *_: None):
        pass


class SimulatedBank:
    """What a test sees of PayFiP: its address, its desk, its books. Called, it is the server of both sides."""

    def __init__(self) -> None:
        self.url, self.clock, self.wire = "", Clock(), Wire()
        self._heard = queue.SimpleQueue[str]()
        self._bank = self._opened()

    def __call__(self, environ: Any, start: Any) -> Any:
        path = environ["PATH_INFO"]
        if not path.startswith("/portail/"):
            return self.wire.carry(self._bank, environ, start) if path == SERVICE else self._bank(environ, start)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        self._heard.put(parse_qs(body)["idop"][0] if "notification" in path else body)
        start("200 OK", [("Content-Length", "0")])
        return [b""]

    def renew(self) -> None:
        """Another bank at the same address, that knows nothing, on the first day."""
        self._bank.close()
        while not self.is_quiet():
            self._heard.get()
        self.clock.now, self.wire = NOW, Wire()
        self._bank = self._opened()

    def deliver(self) -> None:
        """The requests that were held up on the way come to the bank."""
        self.wire.deliver(self._bank)

    def ledger(self) -> dict[str, Operation]:
        """Every operation by idOp, the latest first, read in the bank itself: as `books`, without the journey."""
        return {operation.idop: operation for operation in self._bank.bank.store.operations()}

    def close(self, stop: Callable[[], None] = lambda: None) -> None:
        """End it; `stop` the server once the notifications under way have come."""
        self._bank.notifier.close()
        stop()
        self._bank.close()

    def _opened(self) -> simulator.App:
        return simulator.create_app(simulator.Settings(":memory:", clock=self.clock, delays=(), wait=lambda _: None))

    @property
    def urls(self) -> paying.Urls:
        portal = f"{self.url}/portail"
        return paying.Urls(f"{portal}/notification/", f"{portal}/retour/", f"{portal}/annonce/")

    def control(self, **orders: Any) -> Any:
        """An order to the desk: `fault`, `code`, `only`, `times`, `garbage`, `notifications`, `alter`, `night`…"""
        status, said = self._post("/sim/control", orders)
        assert status == 200, said
        return said

    def pay(self, idop: str | None, result: str, *, force: bool = False) -> bool:
        """The payer ends an operation at the bank; False when the bank's page refuses (P1, P3, P4)."""
        status, said = self._post("/sim/pay", {"idop": idop, "result": result, "force": force})
        assert status in (200, 409), said
        return bool(status == 200)

    def open_page(self, url: str) -> int:
        """The payer's browser opens the bank's page; the HTTP status."""
        assert url.startswith(self.url)
        status, _ = self._ask("GET", url.removeprefix(self.url))
        return status

    def books(self) -> dict[str, dict[str, Any]]:
        """Every operation of the bank by idOp, as it really is."""
        _, said = self._ask("GET", "/sim/operations")
        return {operation["idop"]: operation for operation in json.loads(said)["operations"]}

    def notified(self, times: int = 1) -> list[str]:
        """The idOps of so many notifications that have come, in no order."""
        return [self._heard.get(timeout=PATIENCE) for _ in range(times)]

    def is_quiet(self) -> bool:
        """No notification has come that nobody has taken."""
        return self._heard.empty()

    def _post(self, path: str, orders: dict[str, Any]) -> tuple[int, Any]:
        status, said = self._ask("POST", path, json.dumps(orders))
        return status, json.loads(said)

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=PATIENCE)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json", "Connection": "close"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


@contextmanager
def simulated_bank(settings: Any) -> Iterator[SimulatedBank]:
    """A new bank, empty, that the portal's PAYFIP_URL leads to."""
    bank = SimulatedBank()
    listening = server(bank, "127.0.0.1", 0)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    bank.url = settings.PAYFIP_URL = f"http://127.0.0.1:{listening.server_port}"

    def stop() -> None:
        listening.shutdown()
        thread.join()
        listening.server_close()

    try:
        yield bank
    finally:
        bank.close(stop)


def regie(code: str = "peri", numcli: str = "000123", **more: Any) -> Regie:
    """A régie of the town in force that is paid through the web service, in test mode."""
    columns = {"provider": Regie.Provider.PAYFIP_WS, "recette": "T5", **more}
    draft = RegieDraft(code, f"Régie {code}", numcli=numcli, **columns)
    return save_regie(draft=draft, by=CLERK, now=NOW)


def invoice(payer: Payer, cents: int = 777, place: Regie | None = None, **columns: Any) -> Invoice:
    """An invoice of this payer, issued and published, with numbers as in the documents; no run behind it."""
    place = place or Regie.objects.filter(code="peri").first() or regie()
    at = Place(2026, 26, Invoice.objects.count() + 1, place.recette)
    values = {
        "status": "issued",
        "exercise": 2026,
        "number": number_of(place.number_pattern, at),
        "reference": number_of(place.reference_pattern, at),
        "label": "Cantine de novembre",
        "issued_on": NOW.date(),
        "due_on": NOW.date() + 30 * DAY,
        "published_at": NOW,
        "payer_name": str(payer),
        "total_cents": cents,
        **columns,
    }
    return Invoice.objects.create(regie=place, payer=payer, **values)


def pay_online(debt: Invoice, bank: SimulatedBank, *, email: str = EMAIL, now: datetime | None = None) -> Attempt:
    """Its payer begins to pay it: an operation that waits, with the bank's page already opened."""
    by = parent(debt.payer_id)
    started = paying.start(invoice=debt.public_id, email=email, urls=bank.urls, by=by, now=now or bank.clock.now)
    assert bank.open_page(started.url) == 200
    return started.attempt


def sweep(bank: SimulatedBank) -> int:
    """One turn of the worker now."""
    return paying.resolve_due(now=bank.clock.now)


def told(letter: str = "P", *, faithful: bool = True, at: datetime | None = NOW, authorisation: str = "394492") -> Told:
    """An answer of PayFiP."""
    return Told(Answer(Heard.RESULT, letter, at, faithful), letter, authorisation, {"resultrans": letter})


def settled(attempt: Attempt, answer: Told, now: datetime = NOW) -> Attempt:
    """The operation after that answer."""
    return paying.settle(attempt=attempt.pk, told=answer, trigger=SWEEP, now=now)


def state(attempt: Attempt) -> str:
    """Its state as the database has it."""
    return str(Attempt.objects.values_list("state", flat=True).get(pk=attempt.pk))


def left(debt: Invoice) -> int:
    """Cents still owed, as the database has it."""
    return Invoice.objects.get(pk=debt.pk).left_cents


def receipts() -> list[int]:
    """The cents of every payment of the town, in the order of their receipts."""
    return list(Payment.objects.order_by("number").values_list("cents", flat=True))


def paris(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026."""
    return datetime(2026, 11, day, hour, minute, tzinfo=PARIS)


@contextmanager
def broken(where: Any, name: str, act: Callable[..., Any]) -> Iterator[None]:
    """One function of the product replaced by a wrong one: a control, to show that a test would notice."""
    with mock.patch.object(where, name, act):
        yield
