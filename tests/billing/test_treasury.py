"""Debts handed over to the accountant: which go, which stay and why, and the file that can be made again."""

import xml.etree.ElementTree as ET
from datetime import date
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portail.billing.models import Invoice, Remittance
from portail.billing.operations import paying
from portail.billing.operations.paying import PaymentRefusedError
from portail.billing.operations.setup import BillingError
from portail.billing.operations.treasury import (
    REMITTED,
    UNDER_WAY,
    Transfer,
    TransferDraft,
    rebuild_transfer,
    transfer_to_titre,
)
from portail.families.models import Payer
from portail.gateways.helios.values import BordereauKind
from portail.news.models import OutboxMail
from portail.rules.invoicing import NotPayable
from portail.rules.paying import OPEN, AttemptState
from portail.towns.actors import parent
from portail.towns.models import Audit
from portail.towns.scope import in_town
from tests.billing.payfip import EMAIL
from tests.billing.treasury import TREASURY, attempt, billed, counter, invoice, regie, status
from tests.race.conftest import crowd
from tests.race.crowd import Crowd, Task
from tests.world import CLERK, NOW, World

__all__ = ["crowd"]


def handed_over(number: int = 7, **more: object) -> Transfer:
    draft = TransferDraft(**{"regie": "peri", "number": number, **more})  # type: ignore[arg-type]
    return transfer_to_titre(draft=draft, by=CLERK, now=NOW)


def values(found: Transfer, tag: str) -> list[str | None]:
    return [element.get("V") for element in ET.fromstring(found.content).iter(tag)]  # noqa: S314 -- our own bytes


def test_a_roll_holds_what_is_owed_past_its_deadline(demo: World):
    place = regie()
    billed("cantine", place, "7067", "CANT")
    late, on_time = invoice(demo.jamie), invoice(demo.jamie, payable_until=NOW.date())
    found = handed_over()
    assert (found.file_name, found.invoices, found.cents, found.left_out) == ("ORMC2170020260000007.xml", 1, 777, ())
    assert (status(late), status(on_time)) == ("transferred", "issued")
    said = {tag: values(found, tag) for tag in ("NumDette", "Nom", "Adr1", "Adr2", "CP", "Ville", "CodProdLoc", "MtHT")}
    assert said == {
        "NumDette": [(late.number or "").replace("-", "")],
        "Nom": ["BOND"] * 2,
        "Adr1": ["BATIMENT B"] * 2,
        "Adr2": ["12 RUE DE L'EGLISE"] * 2,
        "CP": ["78200"] * 2,
        "Ville": ["BUCHELAY"] * 2,
        "CodProdLoc": ["CANT", "PERI"],
        "MtHT": ["5.00", "2.77"],
    }
    assert (values(found, "IdPost"), values(found, "MtBordHt")) == (["078012"], ["7.77"])
    assert not OutboxMail.objects.exists()
    assert Audit.objects.filter(verb="transfer_to_titre").count() == 1


def test_only_what_is_still_owed_goes(demo: World):
    place = regie()
    billed("cantine", place, "7067", "CANT")
    debt, paid = invoice(demo.jamie), invoice(demo.denise)
    counter(debt, 300)
    counter(paid, 777)
    found = handed_over()
    assert (found.cents, found.invoices, found.left_out, status(paid)) == (477, 1, (), "issued")
    assert values(found, "MtHT") == ["3.07", "1.70"]


@pytest.mark.parametrize("state", sorted(AttemptState))
def test_nothing_goes_while_an_operation_may_bring_money(demo: World, state):
    debt, other = invoice(demo.jamie), invoice(demo.denise)
    attempt(debt, state.value)
    found = handed_over()
    assert status(other) == "transferred"
    assert [(one.number, one.why) for one in found.left_out] == ([(debt.number, UNDER_WAY)] if state in OPEN else [])
    assert status(debt) == ("issued" if state in OPEN else "transferred")


def test_what_is_in_a_direct_debit_file_stays(demo: World):
    place = regie()
    file = Remittance.objects.create(
        regie=place, collected_on=NOW.date(), file_name="x.xml", content=b"", cents=777, built_at=NOW
    )
    debt = invoice(demo.jamie, remittance=file)
    invoice(demo.denise)
    assert [(one.number, one.why) for one in handed_over().left_out] == [(debt.number, REMITTED)]
    assert status(debt) == "issued"


def test_an_address_that_helios_refuses_stays_and_does_not_stop_the_others(demo: World):
    nowhere, right = invoice(demo.jamie, payer_address="Poste restante"), invoice(demo.denise)
    found = handed_over()
    (left,) = found.left_out
    assert (left.number, left.payer) == (nowhere.number, "Jamie BOND")
    assert "le code postal a 5 chiffres" in left.why
    assert (status(nowhere), status(right), values(found, "IdPce")) == ("issued", "transferred", ["1"])


def test_afterwards_it_is_never_payable_at_the_regie(demo: World):
    debt = invoice(demo.jamie)
    handed_over()
    urls = paying.Urls("https://demo.example/n/", "https://demo.example/r/")
    with pytest.raises(PaymentRefusedError) as refused:
        paying.start(invoice=debt.public_id, email=EMAIL, urls=urls, by=parent(debt.payer_id), now=NOW)
    assert refused.value.reason is NotPayable.TRANSFERRED


def test_chosen_invoices_go_before_their_deadline_and_no_others(demo: World):
    chosen, late = invoice(demo.jamie, payable_until=date(2026, 12, 31)), invoice(demo.denise)
    handed_over(invoices=[chosen.public_id])
    assert (status(chosen), status(late)) == ("transferred", "issued")
    with pytest.raises(BillingError, match="n'est pas, ou plus, à payer"):
        handed_over(8, invoices=[chosen.public_id])


def test_a_service_that_issues_titres_hands_over_at_once_with_a_csv(demo: World):
    place = regie(circuit="titre", treasury={**TREASURY, "edition": "01"})
    billed("cantine", place, "70671")
    debt = invoice(demo.jamie, due_on=date(2026, 12, 31), payable_until=None, published_at=None)
    found = handed_over(kind=BordereauKind.ORDINARY, first_piece=41)
    assert found.file_name == "TITRES2170020260000007.xml"
    said = {tag: values(found, tag) for tag in ("TypFic", "IdPce", "TypPce", "Nature", "NumeroFacture", "Edition")}
    assert said == {
        "TypFic": ["PESALR1"], "IdPce": ["41"], "TypPce": ["01"], "Nature": ["70671", "7067"],
        "NumeroFacture": [debt.number], "Edition": ["01"],
    }  # fmt: skip
    lines = found.csv.decode("utf-8-sig").splitlines()
    assert (len(lines), lines[1].split(";")[3], lines[1].split(";")[13]) == (3, "41", "5,00")


def test_the_same_file_is_made_again_or_none(demo: World):
    debt = invoice(demo.jamie)
    found = handed_over(previous=6, label="Impayés de l'automne", first_piece=3)
    place = regie(treasury={**TREASURY, "label": "Autre libellé"})
    again = rebuild_transfer(regie="peri", number=7, exercise=2026)
    assert (again.content, again.csv, again.file_name) == (found.content, found.csv, found.file_name)
    with pytest.raises(BillingError, match="Aucun bordereau 8 de 2026"):
        rebuild_transfer(regie="peri", number=8, exercise=2026)
    billed("cantine", place, "7067", "NEW")
    with pytest.raises(BillingError, match="ne peut être refait à l'identique"):
        rebuild_transfer(regie="peri", number=7, exercise=2026)
    assert status(debt) == "transferred"


def test_a_slip_number_serves_once_and_a_preview_writes_nothing(demo: World):
    debt = invoice(demo.jamie)
    seen = handed_over(preview=True)
    assert (status(debt), Audit.objects.filter(verb="transfer_to_titre").exists()) == ("issued", False)
    assert handed_over().content == seen.content
    invoice(demo.denise)
    with pytest.raises(BillingError, match="Le bordereau 7 de 2026 est déjà fait"):
        handed_over()


@pytest.mark.parametrize(
    ("draft", "treasury", "said"),
    [
        ({"regie": "tennis"}, TREASURY, "La régie « tennis » n'existe pas."),
        ({"number": 0}, TREASURY, "Bordereau 0 : son numéro va de 1 à 9999999."),
        ({"previous": 3}, TREASURY, "son numéro devrait être 4"),
        ({"kind": BordereauKind.CANCELLATION}, TREASURY, "titres ordinaires"),
        ({}, {}, "le codique du poste comptable a 6 ou 7 chiffres"),
        ({}, {**TREASURY, "product": ""}, "le code produit a de 1 à 4"),
        ({}, {**TREASURY, "periods": {"1": 12}}, "Table des périodes"),
        ({}, {**TREASURY, "edition": "99"}, "n'est pas un choix de « edition »"),
    ],
)
def test_what_cannot_be_a_slip_writes_nothing(demo: World, draft, treasury, said):
    regie(treasury=treasury)
    debt = invoice(demo.jamie)
    with pytest.raises(BillingError) as refused:
        handed_over(**{"number": 7, **draft})
    assert said in str(refused.value)
    assert status(debt) == "issued"


def test_nothing_owed_is_said(demo: World):
    regie()
    with pytest.raises(BillingError, match="Aucune facture impayée"):
        handed_over()


def test_validated_is_only_said_with_the_schemas(demo: World, settings, tmp_path: Path):
    debt = invoice(demo.jamie)
    assert not handed_over(preview=True).validation.done
    strict = '<xs:element name="PES_Aller" type="xs:string"/>'
    (tmp_path / "PES_Aller.xsd").write_text(
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{strict}</xs:schema>'
    )
    settings.PES_SCHEMAS = str(tmp_path)
    with pytest.raises(BillingError, match="Les schémas du PES refusent ce fichier"):
        handed_over()
    assert status(debt) == "issued"
    settings.PES_SCHEMAS = str(tmp_path / "elsewhere")
    assert not handed_over().validation.valid


def test_two_towns_are_never_mixed(world: World):
    debts: list[tuple[object, Invoice]] = []
    for town, payer in ((world.demo, world.jamie), (world.buchelay, world.lea)):
        with in_town(town):
            regie()
            debts.append((town, invoice(payer, [("cantine", 500)])))
    with in_town(world.demo):
        assert handed_over().invoices == 1
        assert status(debts[0][1]) == "transferred"
    with in_town(world.buchelay):
        assert status(debts[1][1]) == "issued"
        with pytest.raises(BillingError, match="Aucun bordereau"):
            rebuild_transfer(regie="peri", number=7, exercise=2026)
        assert handed_over().invoices == 1


def test_as_many_queries_for_ten_invoices_as_for_one(demo: World):
    def cost(number: int, debts: int) -> int:
        for payer in [Payer.objects.get(pk=demo.jamie.pk)] * debts:
            invoice(payer)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert handed_over(number).invoices == debts
        return len(queries)

    assert cost(1, 1) == cost(2, 10)


# --- A race -----------------------------------------------------------------------------------------------------------


def try_transfer(number: int) -> int:
    try:
        return handed_over(number).invoices
    except BillingError:
        return 0


def try_start(key: int) -> str:
    debt = Invoice.objects.get(pk=key)
    urls = paying.Urls("https://demo.example/n/", "https://demo.example/r/", "https://demo.example/a/")
    try:
        return paying.start(invoice=debt.public_id, email=EMAIL, urls=urls, by=parent(debt.payer_id), now=NOW).url[:5]
    except PaymentRefusedError as refused:
        return refused.reason.value


@pytest.mark.django_db(transaction=True)
def test_a_payment_begun_and_a_titre_at_once_are_never_both(world: World, crowd: Crowd):
    outcomes = set()
    for number in range(1, 9):
        with in_town(world.demo):
            regie(provider="payfip_redirect")
            # Past its due date, hence to be handed over, though payable: nobody set a last day.
            debt = invoice(world.jamie, payable_until=None)
        tasks = [Task(world.demo.pk, try_transfer, (number,)), Task(world.demo.pk, try_start, (debt.pk,))]
        gone, said = crowd.run(*(tasks if number % 2 else tasks[::-1]))
        gone, said = (gone, said) if number % 2 else (said, gone)
        with in_town(world.demo):
            begun = debt.attempts.filter(state__in=[state.value for state in OPEN]).exists()
            assert (status(debt) == "transferred", gone, said) in {(True, 1, "transferred"), (False, 0, "https")}
            assert begun == (said == "https")
            outcomes.add(said)
            Invoice.objects.filter(pk=debt.pk).update(status="cancelled")
    assert outcomes <= {"transferred", "https"}
