"""The web service: SOAP 1.1 document/literal with the names of PayFiP's contract, and its WSDL, schemas inlined."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import NoReturn
from xml.sax.saxutils import escape

from portail.simulator.bank import ORDER_FIELDS, Bank
from portail.simulator.values import FaultKind, RefusedError

SERVICE = (
    "http://securite.service.tpa.cp.finances.gouv.fr/services/mas_securite/contrat_paiement_securise/"
    "PaiementSecuriseService"
)
REQUEST = "http://securite.service.tpa.cp.finances.gouv.fr/requete"
ANSWER = "http://securite.service.tpa.cp.finances.gouv.fr/reponse"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
PATH = "/tpa/services/securite"
OPERATIONS = ("creerPaiementSecurise", "recupererDetailClient", "recupererDetailPaiementSecurise")
_FAULTS = tuple(kind.value for kind in FaultKind)
_DETAIL = (
    "dattrans", "exer", "heurtrans", "idOp", "mel", "montant", "numauto", "numcli", "objet", "refdet", "resultrans",
    "saisie",
)  # fmt: skip


class _NoDoctype(ET.TreeBuilder):
    def doctype(self, *_: str | None) -> NoReturn:
        """Called by the parser at the first word of one; a SOAP message has none, hence no entity either."""
        raise ET.ParseError("document type")


def answer(bank: Bank, message: bytes) -> tuple[bool, bytes]:
    """(did it go well, the answer): a result, or one of the four faults."""
    try:
        name, fields = _read(message)
        fault = bank.take_fault(name)
        if fault is not None:
            raise fault
        result = _ACTS[name](bank, fields)
    except RefusedError as refused:
        return False, _envelope(_fault(refused))
    inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in result.items() if value)
    return True, _envelope(f'<ns2:{name}Response xmlns:ns2="{SERVICE}"><return>{inside}</return></ns2:{name}Response>')


def _read(message: bytes) -> tuple[str, dict[str, str]]:
    try:
        body = ET.fromstring(message, ET.XMLParser(target=_NoDoctype())).find(f"{{{SOAP}}}Body")  # noqa: S314
    except (ET.ParseError, ValueError, LookupError):
        body = None
    namespace, _, name = (body[0].tag if body is not None and len(body) == 1 else "").rpartition("}")
    if body is None or namespace != f"{{{SERVICE}" or name not in OPERATIONS:
        raise RefusedError("", FaultKind.PROTOCOL, "Message SOAP incorrect.")
    argument = body[0].find("arg0")
    return name, {child.tag: (child.text or "").strip() for child in (argument if argument is not None else [])}


def _create(bank: Bank, fields: dict[str, str]) -> dict[str, str]:
    return {"idOp": bank.create({name: fields.get(name, "") for name in ORDER_FIELDS})}


def _client(bank: Bank, fields: dict[str, str]) -> dict[str, str]:
    client = bank.client(fields.get("numCli", ""))
    return {
        "libelleN1": client.label1,
        "libelleN2": client.label2,
        "libelleN3": client.label3,
        "numcli": client.numcli,
    }


def _detail(bank: Bank, fields: dict[str, str]) -> dict[str, str]:
    idop = fields.get("idOp", "")
    told = bank.detail(idop) | {"idOp": idop}
    return {name: told[name] for name in _DETAIL if name in told}


_ACTS: dict[str, Callable[[Bank, dict[str, str]], dict[str, str]]] = dict(
    zip(OPERATIONS, (_create, _client, _detail), strict=True)
)


def _fault(refused: RefusedError) -> str:
    kind = refused.kind.value
    return (
        "<S:Fault><faultcode>S:Server</faultcode>"
        f"<faultstring>fr.gouv.finances.cp.tpa.webservice.exceptions.{kind}</faultstring>"
        f'<detail><ns2:{kind} xmlns:ns2="{SERVICE}"><code>{escape(refused.code)}</code><descriptif/>'
        f"<libelle>{escape(refused.label)}</libelle><severite>{refused.severity}</severite></ns2:{kind}></detail>"
        "</S:Fault>"
    )


def _envelope(inside: str) -> bytes:
    head = f'<?xml version="1.0" encoding="UTF-8"?><S:Envelope xmlns:S="{SOAP}">'
    return f"{head}<S:Body>{inside}</S:Body></S:Envelope>".encode()


# --- WSDL -----------------------------------------------------------------------------------------------------------


def wsdl(origin: str) -> bytes:
    """The contract, for a service answering at `origin`."""
    operations = "".join(
        f'<operation name="{name}"><input message="tns:{name}"/><output message="tns:{name}Response"/>'
        + "".join(f'<fault name="{fault}" message="tns:{fault}"/>' for fault in _FAULTS)
        + "</operation>"
        for name in OPERATIONS
    )
    bound = "".join(
        f'<operation name="{name}"><soap:operation soapAction=""/><input><soap:body use="literal"/></input>'
        '<output><soap:body use="literal"/></output>'
        + "".join(f'<fault name="{fault}"><soap:fault name="{fault}" use="literal"/></fault>' for fault in _FAULTS)
        + "</operation>"
        for name in OPERATIONS
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" '
        f'xmlns:tns="{SERVICE}" targetNamespace="{SERVICE}" name="PaiementSecuriseService">'
        f"<types>{_schemas()}</types>{_messages()}"
        f'<portType name="PaiementSecuriseService">{operations}</portType>'
        '<binding name="PaiementSecuriseServicePortBinding" type="tns:PaiementSecuriseService">'
        f'<soap:binding transport="http://schemas.xmlsoap.org/soap/http" style="document"/>{bound}</binding>'
        '<service name="PaiementSecuriseService"><port name="PaiementSecuriseServicePort" '
        f'binding="tns:PaiementSecuriseServicePortBinding"><soap:address location="{escape(origin)}{PATH}"/></port>'
        "</service></definitions>"
    ).encode()


def _messages() -> str:
    both = [message for name in OPERATIONS for message in (name, f"{name}Response")]
    spoken = "".join(
        f'<message name="{message}"><part name="parameters" element="tns:{message}"/></message>' for message in both
    )
    return spoken + "".join(
        f'<message name="{fault}"><part name="fault" element="tns:{fault}"/></message>' for fault in _FAULTS
    )


def _schemas() -> str:
    head = (
        f'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tns="{SERVICE}" xmlns:req="{REQUEST}" xmlns:rep="{ANSWER}"'
    )
    asked = _type("CreerPaiementSecuriseRequest", ORDER_FIELDS)
    answered = (
        _type("CreerPaiementSecuriseResponse", ["idOp"])
        + _type("RecupererDetailClientRequest", ["numCli"])
        + _type("RecupererDetailClientResponse", ["libelleN1", "libelleN2", "libelleN3", "numcli"])
        + _type("RecupererDetailPaiementSecuriseRequest", ["idOp"])
        + _type("RecupererDetailPaiementSecuriseResponse", _DETAIL)
    )
    own = "".join(_wrapped(name) for name in OPERATIONS) + "".join(
        f'<xs:element name="{fault}" type="tns:{fault}"/>'
        + _type(fault, ["code", "descriptif", "libelle", "message"], '<xs:element name="severite" type="xs:int"/>')
        for fault in _FAULTS
    )
    return (
        f'<xs:schema {head} targetNamespace="{REQUEST}">{asked}</xs:schema>'
        f'<xs:schema {head} targetNamespace="{ANSWER}">{answered}</xs:schema>'
        f'<xs:schema {head} targetNamespace="{SERVICE}"><xs:import namespace="{REQUEST}"/>'
        f'<xs:import namespace="{ANSWER}"/>{own}</xs:schema>'
    )


def _type(name: str, fields: list[str] | tuple[str, ...], more: str = "") -> str:
    elements = "".join(f'<xs:element name="{field}" type="xs:string" minOccurs="0"/>' for field in fields)
    return f'<xs:complexType name="{name}"><xs:sequence>{elements}{more}</xs:sequence></xs:complexType>'


def _wrapped(name: str) -> str:
    capital = name[0].upper() + name[1:]
    where = "req" if name == OPERATIONS[0] else "rep"
    return "".join(
        f'<xs:element name="{element}" type="tns:{element}"/><xs:complexType name="{element}"><xs:sequence>'
        f'<xs:element name="{inner}" type="{kind}" minOccurs="0"/></xs:sequence></xs:complexType>'
        for element, inner, kind in (
            (name, "arg0", f"{where}:{capital}Request"),
            (f"{name}Response", "return", f"rep:{capital}Response"),
        )
    )
