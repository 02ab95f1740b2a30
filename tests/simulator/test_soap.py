"""The protocol, with two independent clients as oracles: zeep reads the WSDL, eopayment is another product's client."""

import json
import subprocess
import sys
import warnings
from xml.sax.saxutils import escape

import pytest
import zeep
from zeep.exceptions import Fault

from portail.simulator import soap
from portail.simulator.values import FaultKind
from tests.simulator.running import ORDER, exchange

XML = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}


@pytest.fixture
def service(simulator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zeep's own
        yield zeep.Client(f"{simulator.origin}{soap.PATH}?wsdl").service


def envelope(operation, inside, before=""):
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}<S:Envelope xmlns:S="{soap.SOAP}" xmlns:p="{soap.SERVICE}">'
        f"<S:Body><p:{operation}><arg0>{inside}</arg0></p:{operation}></S:Body></S:Envelope>"
    )


def call(simulator, operation, before="", **fields):
    inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    status, _, body = exchange(f"{simulator.origin}{soap.PATH}", "POST", envelope(operation, inside, before), XML)
    return status, body.decode()


def test_zeep_reads_the_contract_and_calls_the_three_operations(simulator, service):
    assert service.recupererDetailClient({"numCli": "000125"})["libelleN1"] == "REGIE CANTINE"
    idop = service.creerPaiementSecurise(ORDER)
    with pytest.raises(Fault, match="FonctionnelleErreur") as pending:
        service.recupererDetailPaiementSecurise({"idOp": idop})
    assert pending.value.detail.findtext(".//code") == "P5"
    simulator.pay(idop, "P")
    told = service.recupererDetailPaiementSecurise({"idOp": idop})
    assert (told["resultrans"], told["montant"], told["refdet"], told["idOp"]) == ("P", "424", ORDER["refdet"], idop)
    assert (told["dattrans"], told["heurtrans"]) == ("21112026", "1200")


@pytest.mark.parametrize("kind", list(FaultKind))
def test_zeep_recognises_the_four_faults(simulator, service, kind):
    simulator.control(fault=kind.value, times=1)
    with pytest.raises(Fault) as fault:
        service.recupererDetailClient({"numCli": "000123"})
    assert fault.value.message == f"fr.gouv.finances.cp.tpa.webservice.exceptions.{kind.value}"
    assert fault.value.detail[0].tag == f"{{{soap.SERVICE}}}{kind.value}"
    assert service.recupererDetailClient({"numCli": "000123"})["numcli"] == "000123"  # one call only was asked for


EOPAYMENT = """
import json, sys, warnings
warnings.simplefilter("ignore")
from eopayment import payfip_ws
origin, order = sys.argv[1], json.loads(sys.argv[2])
client = payfip_ws.PayFiP(wsdl_url=origin + "/tpa/services/securite?wsdl")
label = client.get_info_client("000123")["libelleN1"]
order["url_notification"], order["url_redirect"] = order.pop("urlnotif"), order.pop("urlredirect")
idop = client.get_idop(**order)
codes = []
for ask in (idop, "unknown"):
    try:
        client.get_info_paiement(ask)
    except payfip_ws.PayFiPError as error:
        codes.append(error.code)
try:
    client.get_idop(**{**order, "refdet": "ABCD"})
except payfip_ws.PayFiPError as error:
    codes.append(error.code)
print(json.dumps([label, idop, codes]))
"""


def test_another_products_client_speaks_with_it(simulator):
    """In a process of its own: it pulls in a dozen modules that warn when they are imported."""
    words = [sys.executable, "-c", EOPAYMENT, simulator.origin, json.dumps(ORDER)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)  # noqa: S603  our own words
    label, idop, codes = json.loads(done.stdout)
    assert (label, codes) == ("REGIE PERISCOLAIRE", ["P5", "P1", "R3"])
    assert simulator.operation(idop)["cents"] == 424


def test_what_looks_like_markup_is_text(simulator):
    label = "Éà & <b> ]]> \"'"
    simulator.control(client={"numcli": "111111", "label1": label, "label2": "</libelleN2>", "label3": ""})
    status, body = call(simulator, "recupererDetailClient", numCli="111111")
    assert status == 200
    assert escape(label) in body
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        service = zeep.Client(f"{simulator.origin}{soap.PATH}?wsdl").service
        told = service.recupererDetailClient({"numCli": "111111"})
    assert (told["libelleN1"], told["libelleN2"]) == (label, "</libelleN2>")


def test_the_capital_letter_of_idop_counts(simulator):
    status, body = call(simulator, "recupererDetailPaiementSecurise", idop="anything")
    assert status == 500
    assert "<code>P1</code>" in body


ENTITY = '<!DOCTYPE x [<!ENTITY e "000123">]>'


@pytest.mark.parametrize(
    "message",
    [
        "",
        "not xml",
        "<a/>",
        envelope("nothingLikeThis", ""),
        envelope("recupererDetailClient", "<numCli>&e;</numCli>", ENTITY),
        envelope("recupererDetailClient", "<numCli>000123</numCli>", "<!DOCTYPE x>"),
        f'<S:Envelope xmlns:S="{soap.SOAP}"><S:Body/></S:Envelope>',
        f'<S:Envelope xmlns:S="{soap.SOAP}"><S:Body><recupererDetailClient/></S:Body></S:Envelope>',
        '<?xml version="1.0" encoding="no-such-encoding"?><a/>',
    ],
)
def test_what_is_no_message_of_the_service_is_a_protocol_fault(simulator, message):
    status, _, body = exchange(f"{simulator.origin}{soap.PATH}", "POST", message, XML)
    assert status == 500
    assert b"TechProtocolaireErreur" in body


def test_a_message_beyond_measure_is_not_read(simulator):
    status, _, _ = exchange(f"{simulator.origin}{soap.PATH}", "POST", "x", {**XML, "Content-Length": "999999999"})
    assert status == 413


def test_the_contract_names_the_address_it_was_asked_at(simulator):
    port = simulator.origin.rpartition(":")[2]
    for host, named in [(f"payfip.localhost:{port}", f"http://payfip.localhost:{port}/"), ("<x>", "http://localhost/")]:
        _, headers, body = exchange(f"{simulator.origin}{soap.PATH}?wsdl", headers={"Host": host})
        assert headers["Content-Type"].startswith("text/xml")
        assert f'location="{named}tpa/services/securite"' in body.decode()


def test_slow_and_garbage_answers(simulator):
    simulator.control(slow="2,5")
    assert call(simulator, "recupererDetailClient", numCli="000123")[0] == 200
    assert simulator.waits == [2.5]
    simulator.control(slow=0, garbage=True)
    assert call(simulator, "recupererDetailClient", numCli="000123")[0] == 502
    simulator.control(reset=True)
    assert call(simulator, "recupererDetailClient", numCli="000123")[0] == 200
