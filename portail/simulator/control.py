"""The desk (« poste de commande »): what goes wrong, when, and what the bank really did."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from portail.simulator.bank import ALTERABLE, Bank
from portail.simulator.notify import Notifier
from portail.simulator.values import Client, Controls, FaultKind, Notices, Operation, RefusedError
from portail.simulator.web import Request, Response, page, see_other

SLOWEST = 120  # seconds
FARTHEST = 3 * 366 * 24 * 3600
_DEFAULTS = {name: value for name, value in asdict(Controls()).items() if name != "skew"}


class ControlError(ValueError):
    """An order that the desk does not understand: the message is a French sentence."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk of one bank. `settled` is called with every operation that gets a result (its ticket)."""

    bank: Bank
    notifier: Notifier
    settled: Callable[[Operation], None]

    # --- Pages ------------------------------------------------------------------------------------------------------

    def show(self, _: Request) -> Response:
        """`GET /sim/`."""
        return page(
            "control.html",
            controls=self.bank.controls(),
            clock=self.bank.local(self.bank.now()),
            faults=[kind.value for kind in FaultKind],
            operations=self.operations()[:100],
            clients=self.bank.clients(),
        )

    def ledger(self, _: Request) -> Response:
        """`GET /sim/operations`."""
        return _json({"operations": self.operations()})

    def control(self, request: Request) -> Response:
        """`POST /sim/control`: JSON, or a form of the desk's page."""
        try:
            orders = _orders(request)
            _check_names(orders)
            with self.bank.store.writing():  # all the orders, or none
                for name, value in orders.items():
                    _ACTS[name](self, value)
        except (ControlError, RefusedError) as error:
            return _json({"error": str(error)}, HTTPStatus.BAD_REQUEST)
        self.notifier.send_queued()
        return _json(self.state()) if request.is_json else see_other("/sim/")

    def pay(self, request: Request) -> Response:
        """`POST /sim/pay`: give an operation its result, as the payer's browser would."""
        try:
            orders = _orders(request)
            result = _letter(orders)
            operation = self.bank.settle(str(orders.get("idop", "")), result, force=orders.get("force") is True)
        except ControlError as error:
            return _json({"error": str(error)}, HTTPStatus.BAD_REQUEST)
        except RefusedError as refused:
            return _json({"error": refused.label, "code": refused.code}, HTTPStatus.CONFLICT)
        self.settled(operation)
        self.notifier.send_queued()
        return _json({"idop": operation.idop, "result": result}) if request.is_json else see_other("/sim/")

    # --- What is known ----------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """The failures in force and the bank's clock."""
        return {**asdict(self.bank.controls()), "now": _iso(self.bank.now())}

    def operations(self) -> list[dict[str, Any]]:
        """Every operation as it really is, the latest first, with its notifications."""
        notices = self.bank.notices()
        return [_told(operation, notices.get(operation.idop, [])) for operation in self.bank.store.operations()]

    # --- Orders -----------------------------------------------------------------------------------------------------

    def fault(self, value: Any) -> None:
        """`fault`: one of the four, or null; alone, it hits every call for ever."""
        name = str(value or "")
        if name and name not in {kind.value for kind in FaultKind}:
            raise ControlError(f"Panne inconnue : {name}.")
        self.bank.set_controls(fault=name, **({} if name else {"only": "", "times": None, "code": ""}))

    def code(self, value: Any) -> None:
        """`code`: that of the fault."""
        self.bank.set_controls(code=str(value or "")[:10])

    def only(self, value: Any) -> None:
        """`only`: the operation that the fault hits."""
        self.bank.set_controls(only=str(value or ""))

    def times(self, value: Any) -> None:
        """`times`: how many calls the fault hits."""
        self.bank.set_controls(times=None if value in (None, "") else max(1, int(_number(value, 1e6))))

    def garbage(self, value: Any) -> None:
        """`garbage`: answer a page instead of a SOAP message."""
        self.bank.set_controls(garbage=_yes(value))

    def slow(self, value: Any) -> None:
        """`slow`: seconds before each SOAP answer."""
        self.bank.set_controls(slow=_number(value or 0, SLOWEST))

    def notifications(self, value: Any) -> None:
        """`notifications`: send, drop, repeat or hold those to come."""
        if value not in {mode.value for mode in Notices}:
            raise ControlError("« notifications » vaut send, drop, repeat ou hold.")
        self.bank.set_controls(notices=value)

    def send_held(self, value: Any) -> None:
        """`send_held`: let the held ones go."""
        if _yes(value):
            self.bank.release_notices()

    def advance(self, value: Any) -> None:
        """`advance`: seconds by which the bank's clock goes on."""
        skew = self.bank.controls().skew + _number(value, FARTHEST)
        if skew > FARTHEST:
            raise ControlError("L’horloge de la banque est déjà bien en avance.")
        self.bank.set_controls(skew=skew)

    def night(self, value: Any) -> None:
        """`night`: purge now what has no result."""
        if _yes(value):
            self.bank.purge()

    def alter(self, value: Any) -> None:
        """`alter`: {"idop": …, "montant": …, "refdet": …}: what the service must tell of an operation."""
        if not isinstance(value, dict) or value.keys() - {"idop", *ALTERABLE}:
            raise ControlError(f"« alter » prend idop et {', '.join(ALTERABLE)}.")
        self.bank.alter(str(value.get("idop", "")), {k: str(v) for k, v in value.items() if k != "idop" and v != ""})

    def client(self, value: Any) -> None:
        """`client`: {"numcli", "label1", "label2", "label3", "debit"}: add a client number."""
        if not isinstance(value, dict) or not _is_numcli(str(value.get("numcli", ""))):
            raise ControlError("Un numéro client a 6 chiffres.")
        label1, label2, label3 = (str(value.get(f"label{number}", ""))[:80] for number in (1, 2, 3))
        debit = _yes(value.get("debit", True))
        self.bank.add_client(Client(str(value["numcli"]), label1, label2, label3, debit=debit))

    def reset(self, value: Any) -> None:
        """`reset`: no failure any more; the clock stays where it is."""
        if _yes(value):
            self.bank.set_controls(**_DEFAULTS)


_ACTS: dict[str, Callable[[Desk, Any], None]] = {
    "reset": Desk.reset,
    "fault": Desk.fault,
    "code": Desk.code,
    "only": Desk.only,
    "times": Desk.times,
    "garbage": Desk.garbage,
    "slow": Desk.slow,
    "notifications": Desk.notifications,
    "send_held": Desk.send_held,
    "advance": Desk.advance,
    "night": Desk.night,
    "alter": Desk.alter,
    "client": Desk.client,
}


def _orders(request: Request) -> dict[str, Any]:
    if not request.is_json:
        return _from_form(dict(request.form))
    try:
        orders = json.loads(request.body)
    except ValueError:
        orders = None
    if not isinstance(orders, dict):
        raise ControlError("Un objet JSON est attendu.")
    return orders


def _check_names(orders: dict[str, Any]) -> None:
    unknown = sorted(orders.keys() - _ACTS.keys())
    if unknown:
        raise ControlError(f"Ordre inconnu : {', '.join(unknown)}.")


def _letter(orders: dict[str, Any]) -> str:
    result = str(orders.get("result", ""))
    if len(result) != 1 or not result.isascii() or not result.isupper():
        raise ControlError("« result » est une lettre : P, V, R, Z, A…")
    return result


def _from_form(form: dict[str, str]) -> dict[str, Any]:
    """A form of the desk's page: one name an order, `alter.montant` and `client.label1` for what has parts."""
    orders: dict[str, Any] = {}
    for name, value in form.items():
        whole, _, part = name.partition(".")
        if part:
            orders.setdefault(whole, {})[part] = value
        else:
            orders[whole] = value
    if isinstance(client := orders.get("client"), dict):
        client.setdefault("debit", "")  # a box that is not ticked is not sent
    return orders


def _number(value: Any, most: float) -> float:
    try:
        number = float(str(value).replace(",", "."))
    except ValueError:
        number = -1
    if not 0 <= number <= most:
        raise ControlError(f"Un nombre de 0 à {most:g} est attendu.")
    return number


def _is_numcli(text: str) -> bool:
    return len(text) == 6 and text.isascii() and text.isdecimal()


def _yes(value: Any) -> bool:
    return value is True or value in {"1", "on", "true"}


def _told(operation: Operation, notices: list[dict[str, Any]]) -> dict[str, Any]:
    told = asdict(operation)
    for secret in ("session", "pending"):
        del told[secret]
    for instant in ("created", "opened", "answered"):
        told[instant] = _iso(told[instant]) if told[instant] is not None else None
    told["altered"] = json.loads(operation.altered or "{}")
    told["purged"] = bool(operation.purged)
    return {**told, "notified": sum(notice["state"] == "sent" for notice in notices), "notices": notices}


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _json(value: Any, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(json.dumps(value, ensure_ascii=False).encode(), "application/json", status)
