"""The bank's pages, walked by a browser without scripts."""

import html
import re
from urllib.parse import urlencode

import pytest

from portail.simulator import soap
from portail.simulator.cards import ACCEPTED, REFUSED, read_card
from portail.simulator.web import euros
from tests.simulator.running import ORDER, Browser, exchange, found
from tests.simulator.test_soap import XML, envelope

GOOD = {"numero": "5017 6740 0000 0002", "mois": "12", "annee": "2027", "cryptogramme": "123"}
FISCAL = {"numero": "3012345678901", "passe": "secret"}


@pytest.fixture
def create(simulator):
    def one(**changed):
        inside = "".join(f"<{name}>{html.escape(value)}</{name}>" for name, value in (ORDER | changed).items())
        url, message = f"{simulator.origin}{soap.PATH}", envelope("creerPaiementSecurise", inside)
        _, _, body = exchange(url, "POST", message, XML)
        return found(r"<idOp>(.+)</idOp>", body.decode(), 1)

    return one


@pytest.fixture
def browser(simulator):
    return Browser(simulator.origin)


def arrived(browser, idop):
    return browser.open(f"/tpa/paiementws.web?idop={idop}")


@pytest.mark.parametrize("cookies", [True, False])
def test_a_card_is_accepted_after_the_authentication(simulator, browser, create, cookies):
    browser.with_cookies = cookies
    idop = create()
    arrived(browser, idop)
    assert "4,24" in browser.page
    assert "aucun paiement ne sera réellement effectué" in browser.page
    browser.send("/tpa/choix", moyen="carte").send("/tpa/carte", **GOOD)
    assert "SMS simulé" in browser.page
    assert simulator.operation(idop)["result"] == ""
    browser.send("/tpa/authentification", code="123456")
    assert "Votre paiement est enregistré" in browser.page
    assert f'href="http://demo.localhost:9/retour?facture=7&amp;idop={idop}"' in browser.page
    told = simulator.operation(idop)
    assert (told["result"], told["card"]) == ("P", "5017##########02")
    ticket = found(r'href="(/tpa/ticket[^"]+)"', browser.page, 1)
    assert browser.open(html.unescape(ticket)).raw.startswith(b"%PDF")


def test_a_refused_card_leaves_another_try(simulator, browser, create):
    idop = create()
    arrived(browser, idop).send("/tpa/choix", moyen="carte")
    browser.send("/tpa/carte", **GOOD | {"numero": REFUSED}).send("/tpa/authentification", code="123456")
    assert "Paiement refusé" in browser.page
    assert simulator.operation(idop)["result"] == "R"
    assert browser.open(f"/tpa/ticket?idop={idop}").status == 409
    arrived(browser, idop).send("/tpa/choix", moyen="carte").send("/tpa/carte", **GOOD)
    browser.send("/tpa/authentification", code="123456")
    assert simulator.operation(idop)["result"] == "P"


def test_three_wrong_codes_refuse_the_payment(simulator, browser, create):
    idop = create()
    arrived(browser, idop).send("/tpa/choix", moyen="carte").send("/tpa/carte", **GOOD)
    for left in ("2 essais.", "1 essai."):
        browser.send("/tpa/authentification", code="000000")
        assert browser.status == 422
        assert f"Il vous reste {left}" in browser.page
    browser.send("/tpa/authentification", code="000000")
    assert simulator.operation(idop)["result"] == "R"


WRONG = [
    ({"numero": "5017674000000003"}, "n’est pas valable"),
    ({"numero": "4111111111111111"}, "Seules les cartes d’essai"),  # a right number, of a card that might be real
    ({"numero": ""}, "n’est pas valable"),
    ({"mois": "10", "annee": "2026"}, "Cette carte est expirée"),
    ({"mois": ""}, "Choisissez le mois"),
    ({"mois": "13"}, "Choisissez le mois"),
    ({"cryptogramme": "12"}, "a 3 chiffres"),
    ({"cryptogramme": "١٢٣"}, "a 3 chiffres"),
]


@pytest.mark.parametrize(("typed", "sentence"), WRONG, ids=str)
def test_a_wrong_card_form_comes_back_without_its_secrets(browser, create, typed, sentence):
    typed = GOOD | {"cryptogramme": "987"} | typed
    arrived(browser, create()).send("/tpa/choix", moyen="carte").send("/tpa/carte", **typed)
    assert browser.status == 422
    assert sentence in browser.page
    form = found(r'<form method="post" action="/tpa/carte".*?</form>', browser.page)
    assert "987" not in re.sub(r'<input type="hidden"[^>]*>', "", form)
    if typed["numero"] and typed["numero"] not in ACCEPTED:
        assert typed["numero"].replace(" ", "") not in form
        assert "Vous aviez saisi" in form
    if typed["mois"] == "12":
        assert "<option selected>12</option>" in form
        assert "<option selected>2027</option>" in form


def test_this_month_is_not_expired_yet():
    assert not read_card(GOOD | {"mois": "11", "annee": "2026"}, 2026, 11).errors
    assert read_card(GOOD | {"mois": "10", "annee": "2026"}, 2026, 11).errors.keys() == {"expiration"}


@pytest.mark.parametrize(("account", "result"), [("courant", "V"), ("clos", "Z")])
def test_direct_debit(simulator, browser, create, account, result):
    idop = create()
    arrived(browser, idop).send("/tpa/choix", moyen="prelevement")
    browser.send("/tpa/impots", numero="12", passe="x")
    assert (browser.status, "13 chiffres" in browser.page) == (422, True)
    browser.send("/tpa/impots", numero="3012345678901", passe="faux")
    assert "ne correspondent à aucun espace" in browser.page
    browser.send("/tpa/impots", **FISCAL)
    browser.send("/tpa/compte")
    assert "Choisissez le compte" in browser.page
    browser.send("/tpa/compte", compte=account)
    assert simulator.operation(idop)["result"] == result


def test_a_regie_without_direct_debit_offers_none(browser, create):
    arrived(browser, create(numcli="000125"))
    assert "prélèvement" not in browser.page
    browser.send("/tpa/choix", moyen="prelevement")
    assert "/tpa/carte" in browser.url


@pytest.mark.parametrize("way", ["choice", "card", "code", "login", "account"])
def test_every_step_may_be_given_up(simulator, browser, create, way):
    idop = create()
    arrived(browser, idop)
    if way == "choice":
        browser.send("/tpa/choix", moyen="annuler")
    elif way in ("card", "code"):
        browser.send("/tpa/choix", moyen="carte")
        if way == "code":
            browser.send("/tpa/carte", **GOOD)
        browser.send({"card": "/tpa/carte", "code": "/tpa/authentification"}[way], annuler="1")
    else:
        browser.send("/tpa/choix", moyen="prelevement")
        if way == "account":
            browser.send("/tpa/impots", **FISCAL)
        browser.send({"login": "/tpa/impots", "account": "/tpa/compte"}[way], annuler="1")
    assert "Paiement annulé" in browser.page
    assert simulator.operation(idop)["result"] == "A"


def test_going_back_after_paying_shows_the_result_and_pays_nothing_twice(simulator, browser, create):
    idop = create()
    arrived(browser, idop).send("/tpa/choix", moyen="carte").send("/tpa/carte", **GOOD)
    back = Browser(browser.origin, cookie=browser.cookie, page=browser.page)
    browser.send("/tpa/authentification", code="123456")
    back.send("/tpa/authentification", code="000000")
    assert "Votre paiement est enregistré" in back.page
    assert "Votre paiement est enregistré" in arrived(browser, idop).page
    assert len(simulator.operation(idop)["notices"]) == 1


def test_steps_cannot_be_skipped(simulator, browser, create):
    idop = create()
    arrived(browser, idop)
    for path, comes in [("/tpa/authentification", "/tpa/carte"), ("/tpa/compte", "/tpa/impots")]:
        assert comes in browser.open(f"{path}?idop={idop}").url
        assert comes in browser.open(path, {"idop": idop, "code": "123456", "compte": "courant"}).url
    assert "Choix du mode" in browser.open(f"/tpa/resultat?idop={idop}").page
    assert simulator.operation(idop)["result"] == ""


def test_what_cannot_be_paid_says_why(simulator, browser, create):
    assert "P1" in arrived(browser, "nope").page
    used = create()
    arrived(Browser(simulator.origin), used)
    assert "P3" in arrived(browser, used).page
    late = create()
    simulator.moments[0] += 15 * 60 + 1
    assert "P4" in arrived(browser, late).page
    assert browser.status == 409
    assert browser.open(f"/tpa/carte?idop={used}&s=").status == 409
    assert browser.open("/tpa/carte").status == 409


def test_the_page_closes_while_somebody_types(simulator, browser, create):
    idop = create()
    arrived(browser, idop).send("/tpa/choix", moyen="carte")
    simulator.moments[0] += 15 * 60 + 1
    browser.send("/tpa/carte", **GOOD)
    assert (browser.status, "P4" in browser.page) == (409, True)


def test_what_comes_from_outside_is_shown_as_text(simulator, browser, create):
    simulator.control(client={"numcli": "111111", "label1": "<b>R&D</b>", "label2": "\"'", "label3": "", "debit": True})
    idop = create(numcli="111111", mel="<x>@b.fr")
    arrived(browser, idop)
    assert "<b>R" not in browser.page
    assert "&lt;b&gt;R&amp;D&lt;/b&gt;" in browser.page
    assert "<x>@" not in browser.page


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_older_form_calls_back_with_the_result(simulator, browser, listener, method):
    fields = {name: ORDER[name] for name in ("numcli", "exer", "refdet", "objet", "montant", "mel")}
    fields |= {"saisie": "A", "urlcl": f"http://demo.localhost:{listener.port}/rappel/jeton"}
    if method == "GET":
        browser.open(f"/tpa/paiement.web?{urlencode(fields)}")
    else:
        browser.open("/tpa/paiement.web", fields)
    browser.send("/tpa/choix", moyen="carte").send("/tpa/carte", **GOOD).send("/tpa/authentification", code="123456")
    assert "fermer cette fenêtre" in browser.page
    assert "Continuer" not in browser.page
    path, host, got = listener.got.get(timeout=20)
    assert (path, host) == ("/rappel/jeton", f"demo.localhost:{listener.port}")
    assert got.items() >= {**fields, "resultrans": "P", "dattrans": "21112026", "heurtrans": "1200"}.items() - {
        ("urlcl", fields["urlcl"])
    }
    assert got["numauto"]


def test_the_older_form_says_what_is_wrong(browser):
    browser.open("/tpa/paiement.web?numcli=000123&refdet=ABCD&montant=100&mel=a@b.fr&saisie=T&urlcl=http://x.fr/")
    assert (browser.status, "R3" in browser.page) == (409, True)
    browser.open("/tpa/paiement.web?numcli=000123&refdet=ABCDEF&montant=100&mel=a@b.fr&saisie=W&urlcl=http://x.fr/")
    assert "S1" in browser.page  # W belongs to the web service


def test_every_page_forbids_scripts_and_strangers(simulator, create):
    for path in ("/sim/", f"/tpa/paiementws.web?idop={create()}", "/nowhere", "/sim/payfip.css"):
        _, headers, body = exchange(f"{simulator.origin}{path}")
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert b"<script" not in body
        assert b"style=" not in body


def test_amounts_are_written_the_french_way():
    assert [euros(cents) for cents in (5, 424, 123456, 9_999_999)] == [
        "0,05\u00a0€", "4,24\u00a0€", "1\u202f234,56\u00a0€", "99\u202f999,99\u00a0€"
    ]  # fmt: skip


def test_a_request_that_no_page_sends_harms_nothing(simulator):
    url = f"{simulator.origin}/tpa/choix"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert exchange(url, "POST", "a=1&" * 5000, form)[0] == 409
    assert exchange(url, "POST", b"\xff\xfe", form)[0] == 409
    assert exchange(f"{simulator.origin}/sim/", headers={"Cookie": 'a="\x01; [=]=;;'})[0] == 200


def test_a_debit_form_given_up_before_its_login_asks_for_the_login(simulator, browser, create):
    idop = create()
    arrived(browser, idop)
    assert "/tpa/impots" in browser.open("/tpa/compte", {"idop": idop, "compte": "courant"}).url
    assert simulator.operation(idop)["result"] == ""
