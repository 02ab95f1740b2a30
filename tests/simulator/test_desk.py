import re

import pytest

from portail.gateways.payfip import Kind, Payfip, PayfipError
from tests.gateways.orders import an_order
from tests.simulator.running import Browser, exchange

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def payfip(simulator):
    return Payfip(simulator.origin, timeout=20)


def failure(act, *arguments):
    with pytest.raises(PayfipError) as error:
        act(*arguments)
    return error.value


WRONG = [
    [],
    "text",
    {"unknown": 1},
    {"fault": "NoSuchFault"},
    {"slow": -1},
    {"slow": "many"},
    {"slow": "nan"},
    {"slow": 1e9},
    {"advance": -60},
    {"advance": 1e12},
    {"notifications": "pigeon"},
    {"times": "x"},
    {"alter": {"idop": "unknown", "montant": "1"}},
    {"alter": {"colour": "red"}},
    {"alter": 3},
    {"client": {"numcli": "12"}},
    {"client": "000999"},
    {"garbage": True, "slow": -1},
]


@pytest.mark.parametrize("orders", WRONG, ids=str)
def test_an_order_that_makes_no_sense_is_refused_with_a_sentence(simulator, orders):
    before = simulator.control()
    status, answer = simulator.call("/sim/control", orders)
    assert status == 400
    assert answer["error"]
    assert {**simulator.control(), "now": ""} == {**before, "now": ""}


def test_what_is_no_json_is_refused(simulator):
    assert exchange(f"{simulator.origin}/sim/control", "POST", "{", JSON)[0] == 400


def test_a_fault_hits_the_operation_named_as_often_as_asked(simulator, payfip):
    simulator.control(fault="TechDysfonctionnementErreur", only="recupererDetailClient", times=2)
    idop = payfip.create(an_order())
    for _ in range(2):
        assert (failure(payfip.client, "000123").kind, failure(payfip.detail, idop).code) == (Kind.DYSFUNCTION, "P5")
    assert payfip.client("000123").numcli == "000123"
    assert simulator.control()["fault"] == ""


def test_a_functional_fault_has_the_code_asked_for(simulator, payfip):
    simulator.control(fault="FonctionnelleErreur", code="T4")
    assert failure(payfip.client, "000123").code == "T4"
    simulator.control(reset=True)
    assert payfip.client("000123")


def test_the_clock_goes_on_and_the_night_comes(simulator, payfip):
    idop = payfip.create(an_order())
    simulator.control(advance=3600)
    assert failure(payfip.detail, idop).is_pending
    simulator.control(night=True)
    assert failure(payfip.detail, idop).is_unknown
    assert simulator.operation(idop)["purged"] is True


@pytest.mark.parametrize(
    ("steps", "status", "code"),
    [
        ([], 409, "P1"),
        ([{"result": "pp"}], 400, None),
        ([{"result": ""}], 400, None),
        ([{}], 400, None),
        ([{"result": "É"}], 400, None),
        ([{"result": "P"}, {"result": "R"}], 409, "P3"),
    ],
)
def test_a_payment_that_cannot_be(simulator, payfip, steps, status, code):
    idop = payfip.create(an_order()) if steps else "unknown"
    got: tuple[int, dict[str, str]] = (0, {})
    for step in steps or [{"result": "P"}]:
        got = simulator.call("/sim/pay", {"idop": idop, **step})
    assert (got[0], got[1].get("code")) == (status, code)
    assert got[1]["error"]


def test_the_ledger_tells_what_the_bank_took_even_when_the_service_lies(simulator, payfip):
    idop = payfip.create(an_order())
    simulator.control(alter={"idop": idop, "montant": "1", "refdet": "OTHER00001", "numcli": "000124", "saisie": "W"})
    simulator.pay(idop, "V")
    told = payfip.detail(idop)
    assert (told.cents, told.refdet, told.numcli, told.mode) == (1, "OTHER00001", "000124", "W")
    real = simulator.operation(idop)
    assert (real["cents"], real["refdet"], real["numcli"], real["result"]) == (424, an_order().refdet, "000123", "V")


def test_the_page_of_the_desk_does_all_this_with_buttons(simulator, payfip):
    idop = payfip.create(an_order())
    desk = Browser(simulator.origin).open("/sim/")
    assert "Poste de commande" in desk.page
    assert "Tout remettre en ordre" not in desk.page
    desk.open("/sim/control", {"fault": "TechIndisponibiliteErreur"})
    assert "Maintenance" in desk.page
    assert failure(payfip.detail, idop).kind is Kind.UNAVAILABLE
    desk.open("/sim/control", {"reset": "1"})
    assert "Tout remettre en ordre" not in desk.page
    desk.open("/sim/control", {"alter.idop": idop, "alter.montant": "7", "alter.refdet": ""})
    assert "montant = 7" in desk.page
    desk.open("/sim/control", {"client.numcli": "222222", "client.label1": "RÉGIE"})
    assert re.search(r"222222</span> RÉGIE, .*sans prélèvement", desk.page)
    desk.open("/sim/pay", {"idop": idop, "result": "P"})
    assert "Payée (carte)" in desk.page
    assert payfip.detail(idop).cents == 7


def test_every_button_of_the_page_is_understood(simulator, payfip):
    payfip.create(an_order())
    simulator.control(fault="TechProtocolaireErreur")
    page = Browser(simulator.origin).open("/sim/").page
    forms = re.findall(r'<form method="post" action="/sim/control"><button[^>]*name="([^"]+)" value="([^"]*)"', page)
    assert len(forms) >= 14
    for name, value in forms:
        assert Browser(simulator.origin).open("/sim/control", {name: value}).status == 200, (name, value)


def test_addresses_that_do_not_exist(simulator):
    for path, method, status in [
        ("/nowhere", "GET", 404),
        ("/sim/pay", "GET", 405),
        ("/sim/", "DELETE", 405),
        ("/favicon.ico", "GET", 204),
        ("/sim/", "HEAD", 200),
    ]:
        assert exchange(f"{simulator.origin}{path}", method)[0] == status
    assert exchange(f"{simulator.origin}/")[1]["Location"] == "/sim/"


def test_a_name_like_the_night_without_yes_does_nothing(simulator, payfip):
    simulator.control(notifications="hold")
    idop = payfip.create(an_order())
    simulator.pay(idop, "P")
    waiting = payfip.create(an_order())
    simulator.control(night=False, send_held=False, reset=False)
    assert failure(payfip.detail, waiting).is_pending
    assert simulator.operation(idop)["notices"][0]["state"] == "held"
    simulator.control(advance=3 * 365 * 86400)
    assert simulator.call("/sim/control", {"advance": 30 * 86400})[0] == 400  # far enough


def test_a_technical_fault_may_have_a_code(simulator, payfip):
    simulator.control(fault="TechDysfonctionnementErreur", code="998", only="recupererDetailClient")
    assert failure(payfip.client, "000123").code == "998"
    simulator.control(code="")
    assert failure(payfip.client, "000123").code == "999"
    assert payfip.create(an_order())
