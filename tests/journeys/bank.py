"""The bank of a journey: the simulated PayFiP's desk, reached over HTTP as its own page does."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

SECONDS = 10


@dataclass(frozen=True, slots=True)
class Bank:
    """A running PayFiP simulator."""

    port: int

    @property
    def netloc(self) -> str:
        """`127.0.0.1:41235`."""
        return f"127.0.0.1:{self.port}"

    @property
    def origin(self) -> str:
        """`http://127.0.0.1:41235`."""
        return f"http://{self.netloc}"

    def order(self, **orders: Any) -> None:
        """What goes wrong from now on: `garbage=True`, `slow=6`, `notifications="drop"`, `reset=True`…"""
        self._said("/sim/control", orders)

    def pay(self, idop: str, result: str) -> None:
        """Give an operation its result, as the payer's browser would."""
        self._said("/sim/pay", {"idop": idop, "result": result})

    def operations(self, email: str) -> list[dict[str, Any]]:
        """What the bank knows of the payments whose ticket goes there, the latest first."""
        found: list[dict[str, Any]] = self._said("/sim/operations")["operations"]
        return [operation for operation in found if operation["mel"] == email]

    def _said(self, path: str, orders: dict[str, Any] | None = None) -> Any:
        body = None if orders is None else json.dumps(orders).encode()
        request = Request(f"{self.origin}{path}", body, {"Content-Type": "application/json"})  # noqa: S310  our own
        with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310  our own
            return json.loads(answer.read())
