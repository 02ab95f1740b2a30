"""An order to PayFiP as the portal would send it."""

from dataclasses import replace
from typing import Any

from portail.gateways.payfip import Mode, Order

_ORDER = Order(
    numcli="000123",
    exer="2026",
    refdet="2013T50026000335",
    objet="CANTINE SEPTEMBRE",
    cents=424,
    email="jamie.bond@exemple.fr",
    mode=Mode.TEST,
    notify_url="http://demo.localhost:9/notif",
    return_url="http://demo.localhost:9/retour?facture=7",
)


def an_order(**changes: Any) -> Order:
    """A right order, with these changes."""
    return replace(_ORDER, **changes)
