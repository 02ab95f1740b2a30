"""Families from a spreadsheet: all of them or none, every fault with its line, codes in a file for one reader."""

import csv
import stat
from pathlib import Path

import pytest

from portail.families.models import Link, Payer, Person, Quotient
from portail.rules.booking import Right
from portail.rules.codes import child_code_ok
from portail.towns.models import Audit
from tests.world import World, connect

HEADER = "Nom du payeur;Prénom du payeur;Courriel;Code payeur;Droit;Semaines à partir du;Nom de l'enfant"
HEADER += ";Prénom de l'enfant;Code enfant;Date de naissance;École;Classe;Occasionnel;Famille"
EMMA = "MOREL;Alice;alice@example.org;;;;MOREL;Emma;;24/11/2018;mallerin;10;non;"
PAUL = "MOREL;Alice;alice@example.org;;;;MOREL;Paul;;;mallerin;10;oui;"
APART = (
    "NOIR;Jean;;;semaines;05/01/2026;NOIR;Léo;;;;;;7",
    "BLANC;Anne;;;semaines;12/01/2026;NOIR;Léo;;;;;;7",
    "NOIR;Lucie;;;lecture;;NOIR;Léo;;;;;;7",
)


@pytest.fixture
def sheet(tmp_path: Path):
    def write(*lines: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
        path = tmp_path / "familles.csv"
        path.write_bytes("\r\n".join([header, *lines]).encode(encoding))
        return path

    return write


def test_a_family_is_entered_with_its_codes(demo: World, run, sheet, tmp_path: Path):
    out = tmp_path / "codes.csv"
    lines = run("families", "import", "--town", "demo", sheet(EMMA, PAUL), "--codes", out)
    assert lines[0] == "1 famille entrée à Ville de Démo."
    payer, (emma, paul) = Payer.objects.get(first_name="Alice"), Person.objects.filter(last_name="MOREL").order_by("pk")
    assert (emma.classroom.name, str(emma.birth_date), emma.occasional, paul.occasional) == (
        "10",
        "2018-11-24",
        False,
        True,
    )
    assert Link.objects.filter(payer=payer).count() == 2
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    rows = list(csv.reader(out.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
    assert [row[4] for row in rows] == ["Prénom de l'enfant", "Emma", "Paul"]
    assert child_code_ok(rows[1][5])
    assert connect(rows[1][5], rows[1][2]).key
    assert not payer.weak_code


def test_without_a_file_the_codes_are_shown(demo: World, run, sheet):
    lines = run("families", "import", "--town", "demo", sheet(EMMA))
    assert lines[1] == "Notez les codes : ils ne pourront pas être relus."
    assert lines[2].startswith("  MOREL Alice : ")


def test_parents_apart_and_a_reader_share_a_child(demo: World, run, sheet):
    run("families", "import", "--town", "demo", sheet(*APART))
    child = Person.objects.get(first_name="Léo")
    rights = Link.objects.filter(person=child).order_by("pk").values_list("payer__first_name", "right", "weeks_from")
    assert [(name, right, str(day or "")) for name, right, day in rights] == [
        ("Jean", Right.WEEKS, "2026-01-05"), ("Anne", Right.WEEKS, "2026-01-12"), ("Lucie", Right.READ_ONLY, ""),
    ]  # fmt: skip


def test_imported_codes_are_kept_and_a_weak_one_is_marked(demo: World, run, sheet):
    run("families", "import", "--town", "demo", sheet("MOREL;Alice;;4712;;;MOREL;Emma;0042;;;;;"))
    assert connect("0042", "4712").key
    assert Payer.objects.get(first_name="Alice").weak_code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_what_spreadsheets_write_is_read(demo: World, run, sheet, encoding):
    run("families", "import", "--town", "demo", sheet("HÉRON;Zoé;;;;;HÉRON;Maëlys;;;;;;", "", encoding=encoding))
    assert Person.objects.filter(first_name="Maëlys", last_name="HÉRON").exists()


@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_any_usual_separator_will_do(demo: World, run, sheet, separator):
    header = separator.join(("nom du payeur", "PRENOM DU PAYEUR", "Nom de l’enfant", "Prénom de l'enfant"))
    run(
        "families",
        "import",
        "--town",
        "demo",
        sheet(separator.join(("MOREL", "Alice", "MOREL", "Emma")), header=header),
    )
    assert Person.objects.filter(first_name="Emma").exists()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("MOREL;;;;;;MOREL;Léa", "ligne 3 : il manque « Prénom du payeur »."),
        ("MOREL;Luc;x;;;;MOREL;Léa", "ligne 3 : « x » n'est pas une adresse de courriel."),
        ("MOREL;Luc;;;tout;;MOREL;Léa", "ligne 3 : « tout » : le droit est complet, lecture ou semaines."),
        ("MOREL;Luc;;;semaines;;MOREL;Léa", "ligne 3 : le droit « semaines » va avec « Semaines à partir du »."),
        ("MOREL;Luc;;;;;MOREL;Léa;12", "ligne 3 : « 12 » n'est pas un code enfant : il faut 3 à 8 chiffres."),
        ("MOREL;Luc;;12;;;MOREL;Léa", "ligne 3 : le code payeur « 12 » : de 4 à 40 caractères."),
        ("MOREL;Luc;;;;;MOREL;Léa;;30/02/2020", "ligne 3 : « 30/02/2020 » n'est pas un jour"),
        ("MOREL;Luc;;;;;MOREL;Léa;;;mallerin", "ligne 3 : l'école et la classe vont ensemble."),
        ("MOREL;Luc;;;;;MOREL;Léa;;;mallerin;99", "ligne 3 : l'école « mallerin » n'a pas de classe « 99 »."),
        ("MOREL;Luc;;;;;MOREL;Léa;007", "ligne 3 : le code enfant 007 est déjà celui d'un autre enfant."),
        ("BOND;Jamie;;;;;BOND;James;007", "ligne 3 : James BOND est déjà dans cette famille."),
        ("MOREL;Luc;;;;;MOREL;" + "x" * 81, "ligne 3 : « Prénom de l'enfant » dépasse 80 caractères."),
        ("MOREL;Luc;;;;;MOREL;Léa;;;;;peut-être", "ligne 3 : « peut-être » : écrivez oui ou non."),
        ("MOREL;Alice;alice@example.org;4712;;;MOREL;Léa", "ligne 3 : Alice MOREL n'est pas décrit comme plus haut."),
        (";".join("x" * 20), "ligne 3 : 20 cases pour 14 colonnes."),
    ],
)
def test_one_bad_line_and_nothing_is_entered(demo: World, fail, sheet, tmp_path: Path, line, sentence):
    out = tmp_path / "codes.csv"
    found = fail("families", "import", "--town", "demo", sheet(EMMA, line), "--codes", out)
    assert found.startswith("Rien n'a été entré :\n")
    assert sentence in found
    assert not Payer.objects.filter(last_name="MOREL").exists()
    assert Audit.objects.filter(verb="register_family", actor="Mairie (console)").count() == 0
    assert not out.exists()


def test_all_bad_lines_are_said_at_once(demo: World, fail, sheet):
    found = fail("families", "import", "--town", "demo", sheet(*[f"X{n};;;;;;Y;Z" for n in range(25)]))
    assert found.count("\n") == 21
    assert found.endswith("… et 5 autres lignes.")


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("Nom;Prénom", "ligne 1 : colonne inconnue : Nom, Prénom."),
        ("Nom du payeur;Courriel", "ligne 1 : il manque : Prénom du payeur, Nom de l'enfant, Prénom de l'enfant."),
        (f"{HEADER};Famille", "ligne 1 : une colonne y est deux fois."),
    ],
)
def test_a_header_says_what_it_should_be(demo: World, fail, sheet, header, sentence):
    found = fail("families", "import", "--town", "demo", sheet(EMMA, header=header))
    assert sentence in found
    assert "Colonnes possibles : Famille, Nom du payeur" in found


def test_an_empty_sheet_is_said(demo: World, fail, sheet):
    assert "ne contient aucune famille" in fail("families", "import", "--town", "demo", sheet())


def test_entering_twice_is_refused(demo: World, run, fail, sheet):
    run("families", "import", "--town", "demo", sheet(EMMA))
    assert "Emma MOREL est déjà dans cette famille." in fail("families", "import", "--town", "demo", sheet(EMMA))


def test_old_codes_are_never_written_over(demo: World, fail, sheet, tmp_path: Path):
    out = tmp_path / "codes.csv"
    out.write_text("précieux")
    assert "existe déjà" in fail("families", "import", "--town", "demo", sheet(EMMA), "--codes", out)
    assert out.read_text() == "précieux"
    assert not Payer.objects.filter(last_name="MOREL").exists()


def test_codes_that_cannot_be_kept_are_not_issued(demo: World, fail, sheet, tmp_path: Path):
    found = fail("families", "import", "--town", "demo", sheet(EMMA), "--codes", tmp_path / "absent" / "codes.csv")
    assert found.endswith("fichier ou dossier introuvable.")
    assert not Payer.objects.filter(last_name="MOREL").exists()


BILLED = "Nom du payeur;Prénom du payeur;Nom de l'enfant;Prénom de l'enfant;Adresse;Code postal;Ville"
BILLED += ";Habite la commune;Quotient familial;Quotient depuis le"


def test_what_invoices_need_is_entered_too(demo: World, run, sheet):
    lines = (
        "MOREL;Alice;MOREL;Emma;Résidence du Lac | 3 rue Haute;38320;Poisat;non;850;01/09/2026",
        "MOREL;Alice;MOREL;Paul;Résidence du Lac | 3 rue Haute;38320;Poisat;non;;",
        "NOIR;Jean;NOIR;Léo;;;;;;",
    )
    run("families", "import", "--town", "demo", sheet(*lines, header=BILLED))
    alice, jean = Payer.objects.get(last_name="MOREL"), Payer.objects.get(last_name="NOIR")
    assert (alice.address, alice.resident) == ("Résidence du Lac\n3 rue Haute\n38320 Poisat", False)
    assert (jean.address, jean.resident) == ("", True)  # unless it is said, a family lives in the town
    row = Quotient.objects.get()
    assert (row.payer, row.value, str(row.first_day), row.last_day, row.source) == (
        alice, 850, "2026-09-01", None, "import",
    )  # fmt: skip
    assert Audit.objects.filter(verb="set_quotient").count() == 1


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        (";;;;850;", "ligne 3 : le quotient familial est un nombre entier d'euros, et va avec « Quotient depuis le »."),
        (";;;;850,5;01/09/2026", "ligne 3 : le quotient familial est un nombre entier d'euros"),
        (";;;;-850;01/09/2026", "ligne 3 : le quotient familial est un nombre entier d'euros"),
        (";;;;" + "9" * 5000 + ";01/09/2026", "ligne 3 : le quotient familial est un nombre entier d'euros"),
        (";;;;100001;01/09/2026", "ligne 3 : Un quotient familial est un nombre entier d'euros, de 0 à 100000."),
        (";;;;850;hier", "ligne 3 : « hier » n'est pas un jour"),
        (";;;parfois;;", "ligne 3 : « parfois » : écrivez oui ou non."),
        ("x" * 201 + ";;;;;", "ligne 3 : « Adresse » dépasse 200 caractères."),
        (";38320-38400;;;;", "ligne 3 : « Code postal » dépasse 10 caractères."),
        (";;" + "x" * 61 + ";;;", "ligne 3 : « Ville » dépasse 60 caractères."),
    ],
)
def test_what_invoices_cannot_use_is_said(demo: World, fail, sheet, cells, sentence):
    good = "NOIR;Jean;NOIR;Léo;3 rue Haute;38320;Poisat;oui;850;01/09/2026"
    found = fail("families", "import", "--town", "demo", sheet(good, f"MOREL;Luc;MOREL;Léa;{cells}", header=BILLED))
    assert sentence in found
    assert not Payer.objects.filter(last_name__in=["MOREL", "NOIR"]).exists()
    assert not Quotient.objects.exists()


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        (";;;oui;900;01/09/2026", "Alice MOREL a deux quotients familiaux."),
        (";;;non;850;01/09/2026", "Alice MOREL n'est pas décrit comme plus haut."),
        ("3 rue Haute;;;;;", "Alice MOREL n'est pas décrit comme plus haut."),
    ],
)
def test_a_payer_is_described_once(demo: World, fail, sheet, second, sentence):
    lines = ("MOREL;Alice;MOREL;Emma;;;;oui;850;01/09/2026", f"MOREL;Alice;MOREL;Paul;{second}")
    assert f"ligne 3 : {sentence}" in fail("families", "import", "--town", "demo", sheet(*lines, header=BILLED))
    assert not Quotient.objects.exists()
