import email
import email.policy
from io import BytesIO

import pikepdf
import pytest

from portail.gateways.payfip import Payfip
from portail.simulator.bank import Bank
from portail.simulator.ticket import Tickets
from portail.simulator.values import Client
from tests.gateways.orders import an_order
from tests.gateways.post_office import post_office
from tests.simulator.running import NOON, ORDER, Browser, running, until


def read(path):
    return email.message_from_bytes(path.read_bytes(), policy=email.policy.default)


def test_a_payment_leaves_a_ticket_in_the_folder_and_a_refusal_none(tmp_path):
    folder = tmp_path / "mail"
    with running(tmp_path, mail_folder=str(folder)) as simulator:
        payfip = Payfip(simulator.origin, timeout=20)
        refused, paid = payfip.create(an_order()), payfip.create(an_order(cents=123456))
        simulator.pay(refused, "R")
        simulator.pay(paid, "P")
        (letter,) = until(lambda: list(folder.glob("*.eml")))
        message = read(letter)
    assert message["To"] == "jamie.bond@exemple.fr"
    assert message["Subject"] == f"Ticket de paiement - Référence : {an_order().refdet}"
    text = message.get_body().get_content()
    assert "aucun paiement n’a été réellement effectué" in text
    assert "Montant : 1\u202f234,56\u00a0€" in text
    assert "21/11/2026 à 12:00:00 (CET)" in text
    (ticket,) = message.iter_attachments()
    assert len(pikepdf.open(BytesIO(ticket.get_content())).pages) == 1


def test_a_ticket_goes_through_a_mail_server(tmp_path):
    with post_office() as office, running(tmp_path, mail_url=f"smtp://127.0.0.1:{office.port}") as simulator:
        idop = Payfip(simulator.origin, timeout=20).create(an_order())
        simulator.pay(idop, "V")
        (message,) = until(lambda: office.mails)
        assert "Prélèvement bancaire" in message.get_body().get_content()


def test_a_payment_on_the_page_leaves_a_ticket_too(tmp_path):
    folder = tmp_path / "mail"
    with running(tmp_path, mail_folder=str(folder)) as simulator:
        idop = Payfip(simulator.origin, timeout=20).create(an_order())
        page = Browser(simulator.origin).open(f"/tpa/paiementws.web?idop={idop}").send("/tpa/choix", moyen="carte")
        page.send("/tpa/carte", numero="5017670000001800", mois="12", annee="2027", cryptogramme="123")
        page.send("/tpa/authentification", code="123456")
        (letter,) = until(lambda: list(folder.glob("*.eml")))
    assert "Numéro de carte : 5017##########00" in read(letter).get_body().get_content()


@pytest.mark.parametrize("mel", ["é@b.fr", "a,b@c.fr", "<x>@b.fr"])
def test_a_strange_address_harms_nobody(tmp_path, mel):
    bank = Bank(":memory:", lambda: NOON)
    idop = bank.create(ORDER | {"mel": mel})
    Tickets(bank, str(tmp_path / "mail"), "")._send(bank.settle(idop, "P"))
    assert bank.detail(idop)["resultrans"] == "P"


def test_what_the_clerk_typed_prints_as_text():
    bank = Bank(":memory:", lambda: NOON)
    bank.add_client(Client("000123", '#panic("x") *$_@', "<é>", ""))
    operation = bank.settle(bank.create(ORDER), "P")
    assert Tickets(bank, "", "").pdf(operation).startswith(b"%PDF")
