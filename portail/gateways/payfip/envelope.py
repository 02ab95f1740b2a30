"""SOAP 1.1, document/literal, as PayFiP speaks it: one operation around one `arg0`, one `return` or one fault.

Only the operation is in a namespace; `arg0`, `return` and their fields are not, and fields go in alphabetical order.
"""

import re
import xml.etree.ElementTree as ET
from typing import NoReturn
from xml.sax.saxutils import escape

from portail.gateways.payfip.errors import Kind, PayfipError
from portail.gateways.payfip.values import clean_text

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SERVICE = (
    "http://securite.service.tpa.cp.finances.gouv.fr/services/mas_securite/contrat_paiement_securise/"
    "PaiementSecuriseService"
)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KINDS = {kind.value: kind for kind in Kind if kind is not Kind.TRANSPORT}


class _NoDoctype(ET.TreeBuilder):
    """Refuses a document type, hence every entity, before anything of it is read, in whichever encoding."""

    def doctype(self, *_: str | None) -> NoReturn:
        """Called by the parser at the first word of one."""
        raise ET.ParseError("a SOAP message has no document type")


def request(operation: str, fields: dict[str, str]) -> bytes:
    """The message that calls `operation`. What XML cannot carry is left out of the values."""
    inside = "".join(
        f"<{name}>{escape(_NOT_XML.sub('', value), {chr(13): '&#13;'})}</{name}>"
        for name, value in sorted(fields.items())
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<soapenv:Envelope xmlns:soapenv="{SOAP}" xmlns:pai="{SERVICE}"><soapenv:Body>'
        f"<pai:{operation}><arg0>{inside}</arg0></pai:{operation}></soapenv:Body></soapenv:Envelope>"
    ).encode()


def answer(operation: str, message: bytes) -> dict[str, str]:
    """The fields returned, names in lower case (`idOp` comes as `idop` too). Raises PayfipError for all else."""
    try:
        body = ET.fromstring(message, ET.XMLParser(target=_NoDoctype())).find(f"{{{SOAP}}}Body")  # noqa: S314
    except (ET.ParseError, ValueError, LookupError):  # the last ones: an encoding that does not exist
        body = None
    if body is None or len(body) != 1:
        raise PayfipError(Kind.TRANSPORT, label="PayFiP a répondu autre chose qu’un message du service.")
    content = body[0]
    if content.tag == f"{{{SOAP}}}Fault":
        raise _fault(content)
    if content.tag != f"{{{SERVICE}}}{operation}Response":
        raise PayfipError(Kind.TRANSPORT, label="PayFiP a répondu à une autre question.")
    returned = content.find("return")
    return _fields(returned) if returned is not None else {}


def _fault(fault: ET.Element) -> PayfipError:
    detail = fault.find("detail")
    said = detail[0] if detail is not None and len(detail) else None
    if said is None:
        name, fields = clean_text(fault.findtext("faultstring")).rpartition(".")[2], {}
    else:
        name, fields = _local(said), _fields(said)
    kind = _KINDS.get(name, Kind.PROTOCOL)
    label = fields.get("libelle") or fields.get("descriptif") or fields.get("message") or ""
    if not label and name not in _KINDS:
        label = f"PayFiP signale une erreur : {name}." if name else ""
    return PayfipError(kind, fields.get("code", ""), label)


def _fields(parent: ET.Element) -> dict[str, str]:
    return {_local(child).lower(): clean_text(child.text) for child in parent}


def _local(element: ET.Element) -> str:
    return clean_text(element.tag.rpartition("}")[2])
