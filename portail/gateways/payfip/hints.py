"""What comes back from PayFiP unasked and unsigned: notifications, and the older form with its call-back.

Anybody can forge these. A notification only says which operation to ask about. The call-back of the older form carries
a result that nothing confirms: whoever records it keeps it « à rapprocher ».
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from portail.gateways.payfip.values import Mode, Order, cents_of, clean_text, paris_minute

_IDOP = re.compile(r"[A-Za-z0-9-]{8,64}")  # a UUID as far as seen
_MOST_FIELDS = 40
_LEGACY_PAGE = "/tpa/paiement.web"


@dataclass(frozen=True, slots=True)
class LegacyAnswer:
    """The call-back of the older form. `mode`: T, X or A (production there). `result`: P, R or A."""

    result: str
    cents: int | None
    refdet: str
    numcli: str
    mode: str
    exer: str
    email: str
    subject: str
    authorisation: str
    paid_at: datetime | None
    raw: Mapping[str, str]


def parse_notification(hint: Mapping[str, str] | str | bytes) -> str | None:
    """The idOp named by a form, a query string or a body (`idop=…`, or `idOp`), or None."""
    fields = _fields(hint)
    idop = fields.get("idop", "")
    return idop if _IDOP.fullmatch(idop) else None


def legacy_url(origin: str, order: Order, token_url: str) -> str:
    """The older redirect form, by GET. `token_url`: our call-back, made unguessable: nothing else vouches for it."""
    fields = {
        "exer": order.exer,
        "mel": order.email,
        "montant": str(order.cents),
        "numcli": order.numcli,
        "objet": order.objet,
        "refdet": order.refdet,
        "saisie": "A" if order.mode is Mode.PRODUCTION else order.mode.value,
        "urlcl": token_url,
    }
    return f"{origin.rstrip('/')}{_LEGACY_PAGE}?{urlencode({name: value for name, value in fields.items() if value})}"


def parse_legacy(form: Mapping[str, str] | str | bytes) -> LegacyAnswer:
    """The call-back as values; what is absent or unreadable is "" or None, and then agrees with no order."""
    raw = _fields(form)
    return LegacyAnswer(
        result=raw.get("resultrans", ""),
        cents=cents_of(raw.get("montant", "")),
        refdet=raw.get("refdet", ""),
        numcli=raw.get("numcli", ""),
        mode=raw.get("saisie", ""),
        exer=raw.get("exer", ""),
        email=raw.get("mel", ""),
        subject=raw.get("objet", ""),
        authorisation=raw.get("numauto", ""),
        paid_at=paris_minute(raw.get("dattrans", ""), raw.get("heurtrans", "")),
        raw=raw,
    )


def _fields(form: Mapping[str, str] | str | bytes) -> dict[str, str]:
    """Names in lower case, values fit to be kept; of a field said twice the first counts."""
    if isinstance(form, bytes):
        form = form.decode("utf-8", "replace")
    if isinstance(form, str):
        try:
            pairs = parse_qsl(form.lstrip("?"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError:
            pairs = []
    else:
        pairs = list(form.items())[:_MOST_FIELDS]
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(clean_text(str(name)).lower(), clean_text(str(value)))
    return fields
