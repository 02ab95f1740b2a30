"""PayFiP, the payment page of the public Treasury (DGFiP): the client of its web service and of its older form.

Nothing that PayFiP sends to us is signed. A notification, a browser that returns or the call-back of the older form
are hints; `Payfip.detail` alone tells what happened. No clock and no database here: the caller brings both.
"""

from portail.gateways.payfip.client import PRODUCTION, Payfip
from portail.gateways.payfip.errors import CODES, Kind, PayfipError
from portail.gateways.payfip.hints import LegacyAnswer, legacy_url, parse_legacy, parse_notification
from portail.gateways.payfip.values import (
    MAX_CENTS,
    MAX_SUBJECT,
    MAX_URL,
    MIN_CENTS,
    REFDET,
    ClientCard,
    Detail,
    Mode,
    Order,
    check_order,
    clean_subject,
)

__all__ = [
    "CODES",
    "MAX_CENTS",
    "MAX_SUBJECT",
    "MAX_URL",
    "MIN_CENTS",
    "PRODUCTION",
    "REFDET",
    "ClientCard",
    "Detail",
    "Kind",
    "LegacyAnswer",
    "Mode",
    "Order",
    "Payfip",
    "PayfipError",
    "check_order",
    "clean_subject",
    "legacy_url",
    "parse_legacy",
    "parse_notification",
]
