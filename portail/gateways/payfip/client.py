"""The client of « PayFiP Régie Web-service »: three operations over SOAP, authenticated by nothing but a number."""

from urllib.parse import urlencode, urlsplit

from portail.gateways.payfip import envelope, transport
from portail.gateways.payfip.errors import Kind, PayfipError
from portail.gateways.payfip.values import ClientCard, Detail, Order, cents_of, paris_minute

PRODUCTION = "https://www.payfip.gouv.fr"
_SERVICE, _PAGE = "/tpa/services/securite", "/tpa/paiementws.web"


class Payfip:
    """One origin, test and production alike (`Order.mode` tells them apart); a value to share between threads.

    `timeout`: seconds for a whole call, connection included. Raises ValueError for an origin that is not one.
    """

    def __init__(self, origin: str = PRODUCTION, *, timeout: float) -> None:
        if not _is_origin(origin) or timeout <= 0:
            raise ValueError(f"not the origin of a PayFiP service: {origin!r}, {timeout!r} s")
        self.origin = origin.rstrip("/")
        self.timeout = timeout

    def create(self, order: Order) -> str:
        """Open an operation: its idOp, to be opened by the payer once and within 15 minutes. Raises PayfipError.

        After a TRANSPORT error the operation may exist all the same, unknown to us: nobody can pay it.
        """
        fields = {
            "exer": order.exer,
            "mel": order.email,
            "montant": str(order.cents),
            "numcli": order.numcli,
            "refdet": order.refdet,
            "saisie": order.mode.value,
            "urlnotif": order.notify_url,
            "urlredirect": order.return_url,
        }
        if order.objet:
            fields["objet"] = order.objet
        idop = self._call("creerPaiementSecurise", fields).get("idop", "")
        if not idop:
            raise PayfipError(Kind.PROTOCOL, label="PayFiP n’a pas donné de numéro d’opération.")
        return idop

    def detail(self, idop: str) -> Detail:
        """The last result of an operation. Raises PayfipError: `is_pending` until there is one, `is_unknown`."""
        raw = self._call("recupererDetailPaiementSecurise", {"idOp": idop})
        return Detail(
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

    def client(self, numcli: str) -> ClientCard:
        """Who a client number belongs to: « tester la connexion ». Raises PayfipError."""
        raw = self._call("recupererDetailClient", {"numCli": numcli})
        return ClientCard(
            raw.get("libellen1", ""), raw.get("libellen2", ""), raw.get("libellen3", ""), raw.get("numcli", "")
        )

    def page_url(self, idop: str) -> str:
        """Where the payer's browser goes."""
        return f"{self.origin}{_PAGE}?{urlencode({'idop': idop})}"

    def _call(self, operation: str, fields: dict[str, str]) -> dict[str, str]:
        # The HTTP status is not looked at: a fault comes with 500, and a page of a proxy with any.
        _, message = transport.post(self.origin, _SERVICE, envelope.request(operation, fields), self.timeout)
        return envelope.answer(operation, message)


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    bare = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0 and bare
