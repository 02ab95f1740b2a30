"""The Treasury's side as the town hall types it: French words in and out, files on the disk."""

from datetime import date, timedelta
from pathlib import Path

import pikepdf
import pytest

from portail.billing.models import Deposit, Invoice, Mandate, Payment, Remittance, StatementLayout
from portail.bookings.models import Activity
from portail.families.models import Payer
from portail.news.models import OutboxMail
from tests.billing import build
from tests.billing.debits import CREDITOR, IBAN, OLD
from tests.billing.treasury import billed, counter, invoice, regie, status
from tests.console.conftest import Fail, Run
from tests.world import NOW, World

pytestmark = pytest.mark.usefixtures("frozen")
AT = ("--town", "demo", "--regie", "peri")
REGISSEUR = """
[columns]
date = "Date"
reference = "Référence"
amount = "Montant"
means = "Moyen"
[means]
TIP = "transfer"
"""
Means = Payment.Means


def test_a_roll_is_previewed_made_and_made_again(demo: World, run: Run, fail: Fail, tmp_path: Path):
    debt, lost = invoice(demo.jamie), invoice(demo.denise, payer_address="")
    words = ("transfer", *AT, "--number", 7, "--out", tmp_path)
    why = f"Laissée : {lost.number}, Denise MARSONE, 7,77\u00a0€ : la voie manque. la ville manque. le code postal"
    said = run("titres", *words, "--preview")
    assert said[0] == "Aperçu, rien n'est écrit : 1 facture serait transmise, 7,77\u00a0€."
    assert (said[1][: len(why)], status(debt), list(tmp_path.iterdir())) == (why, "issued", [])
    said = run("titres", *words, "--csv")
    file = tmp_path / "ORMC2170020260000007.xml"
    assert said[:2] == [
        f"1 facture, 7,77\u00a0€ : {file}, {file.with_suffix('.csv')}.",
        "Fichier vérifié champ par champ, non validé par les schémas. Les schémas PES ne sont pas installés.",
    ]
    assert (status(debt), file.stat().st_mode & 0o777) == ("transferred", 0o600)
    content = file.read_bytes()
    file.unlink()
    run("titres", "rebuild", *AT, "--number", 7, "--out", tmp_path)
    assert file.read_bytes() == content
    assert fail("titres", *words) == "Le bordereau 7 de 2026 est déjà fait : prenez le numéro suivant."
    assert "Aucune facture ne porte le numéro" in fail("titres", *words[:-4], "--number", 8, "--invoice", "x")


def test_titres_of_one_invoice(demo: World, run: Run, tmp_path: Path):
    one, other = invoice(demo.jamie), invoice(demo.denise)
    words = ("--number", 1, "--kind", "titres", "--invoice", one.number, "--first-piece", 12, "--previous", 0)
    run("titres", "transfer", *AT, *words, "--label", "Familles parties", "--out", tmp_path)
    assert (status(one), status(other)) == ("transferred", "issued")
    assert b'<IdPce V="12"' in next(tmp_path.iterdir()).read_bytes()


def test_a_debit_from_mandate_to_reject(demo: World, run: Run, fail: Fail, tmp_path: Path):
    regie(creditor=CREDITOR)
    debt = invoice(demo.jamie, **OLD)
    secret = tmp_path / "iban.txt"
    secret.write_text(f"{IBAN}\n")
    words = ("--payer", "bond jamie", "--holder", "Jamie BOND", "--iban-file", secret, "--signed-on", "01/09/2026")
    assert run("sepa", "mandate", *AT, *words, "--rum", "LPS-1") == [
        "Mandat LPS-1 de Jamie BOND entré, compte finissant par 2606."
    ]
    (said,) = run("sepa", "build", *AT, "--collected-on", "01/12/2026")
    name = Remittance.objects.get().file_name
    assert said == f"Remise {name} : 1 prélèvement, 7,77\u00a0€, le mardi 1er décembre 2026."
    run("sepa", "file", "--town", "demo", "--name", name, "--out", tmp_path)
    assert b"FR1420041010050500013M02606" in (tmp_path / name).read_bytes()
    assert "prélevée que le 01/12/2026" in fail("sepa", "settle", "--town", "demo", "--name", name)
    back = ("--town", "demo", "--invoice", debt.number, "--reason", "compte clos")
    assert run("sepa", "reject", *back) == [
        f"Prélèvement de la facture {debt} rejeté, retirée de la remise : elle est de nouveau à payer."
    ]
    assert run("sepa", "cancel", "--town", "demo", "--name", name)[0].startswith(f"Remise {name} annulée")
    assert fail("sepa", "settle", "--town", "demo", "--name", "x") == "Aucune remise ne s'appelle « x »."
    assert run("sepa", "reseal", "--town", "demo") == ["2 comptes ou fichiers chiffrés de nouveau."]
    assert run("sepa", "purge", "--town", "demo") == ["0 compte ou fichier effacé."]
    assert run("sepa", "revoke", *AT, "--child", "007") == ["Mandat LPS-1 révoqué."]
    assert "pas de mandat en vigueur" in fail("sepa", "revoke", *AT, "--child", "007")
    assert Mandate.objects.get().revoked_on == NOW.date()


def test_a_debit_is_settled(demo: World, run: Run, frozen, tmp_path: Path):
    regie(creditor=CREDITOR)
    invoice(demo.jamie, **OLD)
    secret = tmp_path / "iban.txt"
    secret.write_text(f"{IBAN}\nBNPAFRPPXXX\n")
    words = ("--child", "007", "--holder", "Jamie BOND", "--iban-file", secret, "--signed-on", "01/09/2026")
    run("sepa", "mandate", *AT, *words)
    run("sepa", "build", *AT, "--collected-on", "01/12/2026")
    frozen.move_to(NOW + timedelta(days=16))
    name = Remittance.objects.get().file_name
    assert run("sepa", "settle", "--town", "demo", "--name", name) == ["1 règlement enregistré."]
    assert Payment.objects.get().means == "sepa"


def test_a_statement_is_imported_and_its_differences_told(demo: World, run: Run, fail: Fail, tmp_path: Path):
    debt = invoice(demo.jamie)
    layout, file = tmp_path / "format.toml", tmp_path / "releve.csv"
    layout.write_text(REGISSEUR)
    file.write_text(
        f"Date;Référence;Montant;Moyen\n12/11/2026;{debt.reference};7,77;TIP\n13/11/2026;2026X;1,00;CB\n?;?;?;CB\n"
    )
    assert run("statement", "layout", "--town", "demo", "--name", "banque", layout) == ["Format « banque » enregistré."]
    said = run("statement", "import", *AT, "--layout", "banque", file)
    assert said[:2] == [
        "2 paiements lus, 2 nouveaux.",
        "0 déjà connus du portail, 1 enregistrés, 0 confirmant une opération annoncée.",
    ]
    assert said[2].startswith("Illisible : Ligne 4 : ")
    Payment.objects.filter(means="transfer").update(means="card", statement_line=None)
    out = tmp_path / "ecarts.csv"
    said = run("statement", "differences", *AT, "--from", "01/11/2026", "--to", "30/11/2026", "--out", out)
    assert said[0] == "2 lignes dans le relevé seulement."
    assert "  13/11/2026 2026X 1,00\u00a0€ : aucune facture de la régie n'a cette référence" in said
    assert "1 paiement dans le portail seulement." in said
    assert len(out.read_text("utf-8-sig").splitlines()) == 4
    layout.write_text("[columns")
    assert "ce n'est pas du TOML" in fail("statement", "layout", "--town", "demo", "--name", "x", layout)
    layout.write_text("[autre]\na = 1")
    assert "deux tables" in fail("statement", "layout", "--town", "demo", "--name", "x", layout)
    assert "Moyens de paiement inconnus" in fail("statement", "import", *AT, "--layout", "banque", troc(file))
    assert StatementLayout.objects.count() == 1


def troc(file: Path) -> Path:
    file.write_text("Date;Référence;Montant;Moyen\n12/11/2026;2026X;7,77;TROC\n")
    return file


def test_every_book_is_a_pdf_and_a_csv_without_formulas(demo: World, run: Run, fail: Fail, tmp_path: Path):
    place = regie(cash_ceiling_cents=100)
    billed("cantine", place, "7067")
    Payer.objects.filter(pk=demo.jamie.pk).update(first_name='=HYPERLINK("http://x")')
    demo.jamie.refresh_from_db()
    debt = invoice(demo.jamie, place=place)
    counter(debt, 300, Means.CHEQUE, reference="=1+1")
    counter(debt, 200)
    assert run("deposit", *AT, "--means", "cheque")[0] == (
        "Versement n° 1 : chèque bancaire, 3,00\u00a0€, le lundi 16 novembre 2026."
    )
    period = ("--from", "01/11/2026", "--to", "30/11/2026")
    for name, more in (
        ("journal", period), ("receipts", period), ("cheques", ("--number", 1)), ("month", ("--month", "2026-11")),
        ("cash", ()), ("unpaid", ()), ("deposit", ("--number", 1)),
    ):  # fmt: skip
        said = run("books", name, *AT, *more, "--out", tmp_path)
        assert len(said) == (2 if name == "cash" else 1)
    assert len(list(tmp_path.glob("*.pdf"))) == len(list(tmp_path.glob("*.csv"))) == 7
    for pdf in tmp_path.glob("*.pdf"):
        with pikepdf.open(pdf) as opened:
            assert len(opened.pages) == 1
    cells = [
        cell.strip('"')
        for csv in tmp_path.glob("*.csv")
        for line in csv.read_text("utf-8-sig").splitlines()
        for cell in line.split(";")
    ]
    assert any("HYPERLINK" in cell for cell in cells)
    assert [cell for cell in cells if cell[:1] in {"=", "+", "@"}] == []
    assert "2,00" in cells
    assert "pas de versement n° 9" in fail("books", "deposit", *AT, "--number", 9, "--out", tmp_path)
    assert fail("books", "cash", *AT, "--out", tmp_path / "rien") == f"{tmp_path / 'rien'} n'est pas un dossier."
    assert "Il n'y a rien à verser" in fail("deposit", *AT, "--means", "cheque")
    assert Deposit.objects.count() == 1


def test_balances_costs_and_meals_are_said(billing: World, run: Run):
    build.billed("cantine", cost_cents=300)
    assert run("books", "balance", "--town", "demo", "--child", "007") == ["Jamie BOND n'a ni facture ni règlement."]
    invoice(billing.jamie)
    (said,) = run("books", "balance", "--town", "demo", "--child", "007")
    assert said.startswith("Régie peri : doit 7,77\u00a0€, au comptable 0,00\u00a0€")
    assert run("books", "costs", "--town", "demo") == [
        "Cantine, tarif « Tarif cantine » : jusqu'à 3,50\u00a0€, pour un coût par usager de 3,00\u00a0€.",
        "1 tarif dépasse le coût par usager.",
    ]
    words = ("--from", "01/11/2026", "--to", "30/11/2026")
    assert run("books", "meals", "--town", "demo", *words) == ["0 repas facturés 1 € ou moins."]
    assert Activity.objects.filter(code="cantine").exists()


@pytest.fixture
def billing(demo: World) -> World:
    build.setup()
    return demo


def test_reminders_are_sent_once_and_printed_as_often_as_needed(demo: World, run: Run, fail: Fail, tmp_path: Path):
    Payer.objects.filter(pk=demo.jamie.pk).update(email="jamie@exemple.fr")
    invoice(demo.jamie, due_on=date(2026, 10, 20))
    words = (*AT, "--out", tmp_path)
    said = run("reminders", "send", *words)
    letters = tmp_path / "relances-peri-1-2026-11-16-01.pdf"
    assert said == ["1 facture relancée, 7,77\u00a0€ : 1 lettre, 1 courriel.", f"Lettres : {letters}."]
    assert "Aucune facture n'est à relancer" in fail("reminders", "send", *words)
    assert "existe déjà" in fail("reminders", "print", *words, "--on", "16/11/2026")
    letters.unlink()
    assert run("reminders", "print", *words, "--on", "16/11/2026") == [f"Lettres : {letters}."]
    assert "Aucune relance de niveau 1" in fail("reminders", "print", *words, "--on", "15/11/2026")
    assert "n'est pas un dossier" in fail("reminders", "print", *AT, "--on", "15/11/2026", "--out", tmp_path / "x")
    assert (OutboxMail.objects.count(), Invoice.objects.get().reminders) == (1, 1)
