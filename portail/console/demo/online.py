"""What the demonstration's families paid online, really paid: at the simulator, by its own protocol, after the build.

It runs in a thread, over the file that the demonstration will serve, its clock set to the day of each payment.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen
from zoneinfo import ZoneInfo

from django.test.utils import override_settings

from portail.billing.models import Attempt, Invoice, Regie
from portail.billing.operations.paying import Urls, resolve, start
from portail.console.billing_lookups import invoice_numbered
from portail.console.demo.billing import PAID_ONLINE
from portail.console.lookups import payable_of_month
from portail.simulator.app import Settings, create_app
from portail.simulator.serving import server
from portail.towns.actors import parent
from portail.towns.queries import public_origin

PARIS = ZoneInfo("Europe/Paris")
SECONDS = 10
ASKED_AFTER = timedelta(minutes=21)  # by when the bank's answer is final, an abandon's too


@dataclass
class Bank:
    """A simulator on a port of its own. `at`: what its clock says, seconds since 1970."""

    origin: str
    at: list[float]

    def order(self, path: str, **values: Any) -> None:
        """POST JSON to its desk. Raises OSError when it refuses."""
        body = json.dumps(values).encode()
        request = Request(f"{self.origin}{path}", body, {"Content-Type": "application/json"})  # noqa: S310  our own
        with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310  our own
            answer.read()


def pay_online(*, documents: bool, month: date, now: datetime, var: Path) -> None:
    """The documents' payment of 2012, and a few of the last run: paid, refused, abandoned. For the town in force."""
    with bank_over(var) as bank, override_settings(PAYFIP_URL=bank.origin):
        bank.order("/sim/control", notifications="drop")  # the portal is not served yet: the sweep finds them
        if documents:
            old = invoice_numbered(PAID_ONLINE)
            _pay(bank, old, "P", datetime(2012, 4, 25, 20, 12, tzinfo=PARIS))
        found = payable_of_month(month, Regie.Provider.PAYFIP_WS, 6)
        for place, (invoice, result) in enumerate(zip(found, ("P", "V", "P", "R", "A", "P"), strict=False)):
            _pay(bank, invoice, result, now - timedelta(days=1, hours=2) + timedelta(minutes=23 * place))
        bank.order("/sim/control", notifications="send")


def _pay(bank: Bank, invoice: Invoice, result: str, then: datetime) -> None:
    bank.at[0] = then.timestamp()
    urls = Urls(f"{public_origin()}/paiement/notification/", f"{public_origin()}/paiement/retour/")
    email = invoice.payer.email or "parent@example.org"
    started = start(invoice=invoice.public_id, email=email, urls=urls, by=parent(invoice.payer_id), now=then)
    bank.order("/sim/pay", idop=started.attempt.idop, result=result)
    resolve(attempt=started.attempt.pk, trigger=Attempt.Trigger.SWEEP, now=then + ASKED_AFTER)


@contextmanager
def bank_over(var: Path) -> Iterator[Bank]:
    """The simulator over the file of `var`, in a thread of this process."""
    at = [0.0]
    var.mkdir(parents=True, exist_ok=True)
    settings = Settings(str(var / "payfip.sqlite3"), mail_folder=str(var / "mail"), clock=lambda: at[0])
    app = create_app(settings)
    listening = server(app, "127.0.0.1", 0)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Bank(f"http://127.0.0.1:{listening.server_port}", at)
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
        app.close()


def forget_bank(var: Path) -> None:
    """A world built anew has a bank that remembers nothing of the old one."""
    for file in var.glob("payfip.sqlite3*"):
        file.unlink()
