"""The bank: operations from their creation to their last result, notifications to send, failures asked for.

The life of an operation: opened once and within 15 minutes, then paid, refused or abandoned; after a refusal or an
abandon the payer may try again while the pages live; a payment is final. Unfinished, it is purged in the night.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from portail.simulator import orders
from portail.simulator.store import Store
from portail.simulator.values import (
    DEMO_CLIENTS,
    IDOP_LIFE,
    PAGE_LIFE,
    RESULT_LIFE,
    Client,
    Controls,
    FaultKind,
    Notices,
    Operation,
    RefusedError,
)

PARIS = ZoneInfo("Europe/Paris")
PURGE_HOUR = 3  # of the night, in Paris
REPEATS = 3
SERVICE_MODES, FORM_MODES = "TXW", "MTXA"
ORDER_FIELDS = ("exer", "mel", "montant", "numcli", "objet", "refdet", "saisie", "urlnotif", "urlredirect")
ALTERABLE = ("montant", "refdet", "numcli", "saisie", "exer", "mel", "resultrans")
_FIRST_TRANSACTION = 2_882_215


class Bank:
    """`clock` gives seconds since 1970; the bank's own clock is that one plus the skew asked for at the desk."""

    def __init__(self, path: str, clock: Callable[[], float], clients: tuple[Client, ...] = DEMO_CLIENTS) -> None:
        self.store = Store(path)
        self._clock = clock
        self._purged_until = 0.0
        for client in clients:
            self.add_client(client)

    # --- The desk ---------------------------------------------------------------------------------------------------

    def controls(self) -> Controls:
        """The failures in force."""
        return Controls(**json.loads(self.store.setting("controls") or "{}"))

    def set_controls(self, **values: Any) -> Controls:
        """Change some of them."""
        with self.store.writing():
            controls = replace(self.controls(), **values)
            self.store.keep("controls", json.dumps(asdict(controls)))
        return controls

    def now(self) -> float:
        """Seconds of the bank's clock."""
        return self._clock() + self.controls().skew

    def local(self, seconds: float) -> datetime:
        """An instant of the bank as Paris shows it."""
        return datetime.fromtimestamp(seconds, PARIS)

    def take_fault(self, operation: str) -> RefusedError | None:
        """The failure that this call must meet, counted when only some must."""
        with self.store.writing():
            controls = self.controls()
            if not controls.fault or controls.only not in ("", operation):
                return None
            if controls.times is not None:
                left = controls.times - 1
                self.set_controls(times=left) if left > 0 else self.set_controls(fault="", times=None, only="")
        kind = FaultKind(controls.fault)
        if kind is FaultKind.FUNCTIONAL:
            return RefusedError(controls.code or "T2", kind)
        code = controls.code or ("999" if kind is FaultKind.DYSFUNCTION else "")
        return RefusedError(code, kind, "Service momentanément indisponible.", severity=3)

    def alter(self, idop: str, values: Mapping[str, str]) -> None:
        """Make the service tell something else than the truth about an operation; {} for the truth again."""
        self._known(idop)
        self.store.change(idop, altered=json.dumps(dict(values)) if values else "")

    # --- Client numbers ---------------------------------------------------------------------------------------------

    def add_client(self, client: Client) -> None:
        """Add a client number, or change it."""
        self.store.run(
            "INSERT INTO client VALUES (?, ?, ?, ?, ?) ON CONFLICT (numcli) DO UPDATE SET label1 = excluded.label1, "
            "label2 = excluded.label2, label3 = excluded.label3, debit = excluded.debit",
            client.numcli, client.label1, client.label2, client.label3, int(client.debit),
        )  # fmt: skip

    def clients(self) -> list[Client]:
        """Every client number."""
        rows = self.store.rows("SELECT numcli, label1, label2, label3, debit FROM client ORDER BY numcli")
        return [Client(numcli, one, two, three, debit=bool(debit)) for numcli, one, two, three, debit in rows]

    def client(self, numcli: str) -> Client:
        """Raises RefusedError T1 or T2."""
        if not numcli.isdecimal():
            raise RefusedError("T1")
        for client in self.clients():
            if client.numcli == numcli:
                return client
        raise RefusedError("T2")

    # --- The web service --------------------------------------------------------------------------------------------

    def create(self, order: Mapping[str, str], kind: str = "ws") -> str:
        """Open an operation. Raises RefusedError."""
        known = {client.numcli for client in self.clients()}
        orders.check(order, known.__contains__, SERVICE_MODES if kind == "ws" else FORM_MODES)
        self._purge_nightly()
        idop = str(uuid.uuid1())
        self.store.run(
            "INSERT INTO operation (idop, kind, exer, mel, cents, numcli, objet, refdet, saisie, urlnotif, "
            "urlredirect, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            idop, kind, order["exer"], order["mel"], int(order["montant"]), order["numcli"], order["objet"],
            order["refdet"], order["saisie"], order["urlnotif"], order.get("urlredirect", ""), self.now(),
        )  # fmt: skip
        return idop

    def detail(self, idop: str) -> dict[str, str]:
        """The fields of the last result. Raises RefusedError P1 or P5."""
        self._purge_nightly()
        operation = self._known(idop)
        if operation.answered is not None and self.now() - operation.answered > RESULT_LIFE:
            raise RefusedError("P1")
        if not operation.result or operation.kind != "ws":
            raise RefusedError("P5")
        return self.answer(operation)

    def answer(self, operation: Operation) -> dict[str, str]:
        """What is told of a finished operation, lies asked for at the desk included."""
        at = self.local(operation.answered or 0)
        told = {
            "dattrans": f"{at:%d%m%Y}",
            "exer": operation.exer,
            "heurtrans": f"{at:%H%M}",
            "mel": operation.mel,
            "montant": str(operation.cents),
            "numauto": operation.numauto,
            "numcli": operation.numcli,
            "objet": operation.objet,
            "refdet": operation.refdet,
            "resultrans": operation.result,
            "saisie": operation.saisie,
        }
        told |= json.loads(operation.altered or "{}")
        return {name: value for name, value in told.items() if value}

    # --- The payer's browser ----------------------------------------------------------------------------------------

    def open(self, idop: str, session: str) -> Operation:
        """The payer's browser comes with its idOp, for the first time or again. Raises RefusedError P1, P3 or P4."""
        self._purge_nightly()
        with self.store.writing():
            operation = self._payable(idop)
            if operation.opened is None:
                self.store.change(idop, opened=self.now(), session=session)
            elif operation.session != session:
                raise RefusedError("P3")
            return self._known(idop)

    def visited(self, idop: str, session: str) -> Operation:
        """The operation behind a page after the first, whatever became of it. Raises RefusedError P1 or P3."""
        operation = self._known(idop)
        if not session or operation.session != session:
            raise RefusedError("P3")
        return operation

    def note(self, idop: str, pending: Mapping[str, Any]) -> None:
        """Remember what the payer has typed so far (never a whole card number)."""
        self.store.change(idop, pending=json.dumps(dict(pending)))

    def settle(self, idop: str, result: str, *, card: str = "", force: bool = False) -> Operation:
        """The operation gets a result, and its notifications. Raises RefusedError P1, P3 or P4.

        `force`: the answer comes late, after the pages died.
        """
        self._purge_nightly()  # outside: a refusal undoes the transaction
        with self.store.writing():
            operation = self._payable(idop, force=force)
            number = int(self.store.setting("transactions") or _FIRST_TRANSACTION) + 1
            self.store.keep("transactions", str(number))
            self.store.change(
                idop,
                result=result,
                numauto=_authorisation(result, number),
                trans=f"PAYFIP{number:015d}",
                card=card,
                pending="",
                answered=self.now(),
                opened=operation.opened or self.now(),
            )
            operation = self._known(idop)
            self._queue_notices(operation)
        return operation

    # --- Notifications ----------------------------------------------------------------------------------------------

    def _queue_notices(self, operation: Operation) -> None:
        mode = Notices(self.controls().notices)
        state = {Notices.DROP: "dropped", Notices.HOLD: "held"}.get(mode, "queued")
        fields = {"idop": operation.idop} if operation.kind == "ws" else self.answer(operation)
        for _ in range(REPEATS if mode is Notices.REPEAT else 1):
            self.store.run(
                "INSERT INTO notice (idop, url, body, state) VALUES (?, ?, ?, ?)",
                operation.idop, operation.urlnotif, urlencode(fields), state,
            )  # fmt: skip

    def release_notices(self) -> int:
        """Let the held notifications go; how many."""
        return self.store.run("UPDATE notice SET state = 'queued' WHERE state = 'held'")

    def take_notices(self) -> list[tuple[int, str, str]]:
        """(number, address, body) of those to send now; whoever takes them sends them."""
        with self.store.writing():
            rows = self.store.rows("SELECT id, url, body FROM notice WHERE state = 'queued' ORDER BY id")
            self.store.run("UPDATE notice SET state = 'sending' WHERE state = 'queued'")
        return [(int(row[0]), str(row[1]), str(row[2])) for row in rows]

    def requeue_notices(self) -> None:
        """A bank that starts takes up what it was sending when it stopped."""
        self.store.run("UPDATE notice SET state = 'queued' WHERE state = 'sending'")

    def note_notice(self, number: int, state: str, said: str) -> None:
        """One more try of a notification, and what came of it."""
        self.store.run("UPDATE notice SET state = ?, said = ?, tries = tries + 1 WHERE id = ?", state, said, number)

    def notices(self) -> dict[str, list[dict[str, Any]]]:
        """By operation, every notification: state, tries, what the other side said."""
        found: dict[str, list[dict[str, Any]]] = {}
        for idop, state, tries, said in self.store.rows("SELECT idop, state, tries, said FROM notice ORDER BY id"):
            found.setdefault(idop, []).append({"state": state, "tries": tries, "said": said})
        return found

    # --- The night --------------------------------------------------------------------------------------------------

    def purge(self) -> int:
        """Forget, now, every operation without a result; how many."""
        return self.store.run("UPDATE operation SET purged = 1 WHERE result = '' AND purged = 0")

    def _purge_nightly(self) -> None:
        now = self.now()
        local = self.local(now)
        night = local.replace(hour=PURGE_HOUR, minute=0, second=0, microsecond=0)
        last = (night if night <= local else night - timedelta(days=1)).timestamp()
        if last > self._purged_until:
            alive = last - IDOP_LIFE - PAGE_LIFE  # somebody paying at three in the morning keeps their page
            self.store.run("UPDATE operation SET purged = 1 WHERE result = '' AND purged = 0 AND created < ?", alive)
            self._purged_until = last

    # --- Inside -----------------------------------------------------------------------------------------------------

    def _known(self, idop: str) -> Operation:
        operation = self.store.operation(idop)
        if operation is None or operation.purged:
            raise RefusedError("P1")
        return operation

    def _payable(self, idop: str, *, force: bool = False) -> Operation:
        operation = self._known(idop)
        if operation.is_final:
            raise RefusedError("P3")
        since, life = (operation.created, IDOP_LIFE) if operation.opened is None else (operation.opened, PAGE_LIFE)
        if self.now() - since > life and not force:
            raise RefusedError("P4")
        return operation


def _authorisation(result: str, number: int) -> str:
    """`numauto`: six digits by card, longer by direct debit, none without a payment."""
    return {"P": f"{number % 10**6:06d}", "V": f"{number:012d}-tip"}.get(result, "")
