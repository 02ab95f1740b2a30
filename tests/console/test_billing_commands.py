"""`portail regie`, `quotient`, `attendance`, `certificate`: what surrounds the invoices."""

from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from portail.billing.models import BilledActivity, Invoice, Regie
from portail.bookings.models import Attendance
from portail.families.models import Payer, Person, Quotient
from portail.families.operations.register import FamilyDraft, PayerDraft, PersonDraft, register_family
from portail.towns.models import Audit
from tests.billing import build, payfip
from tests.billing.build import SCHOOL_DAYS
from tests.billing.payfip import simulated_bank
from tests.world import ALINE, CLERK, JAMES, MONDAY, NEXT_TUESDAY, NOW, World

pytestmark = pytest.mark.usefixtures("frozen")
DEMO = ("--town", "demo")


def plain(lines: list[str]) -> list[str]:
    return [line.replace("\u202f", " ").replace("\u00a0", " ") for line in lines]


# ── régies ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_regies_are_listed_with_what_matters(demo: World, run):
    assert run("regie", "list", *DEMO) == ["Aucune régie."]
    payfip.regie(payable_day=10)
    build.regie("loisirs", active=False)
    assert plain(run("regie", "list", *DEMO)) == [
        "loisirs : Régie loisirs – inactive",
        "    pas de paiement en ligne ; circuit régie ; payable sans date limite",
        "    code recette T5 ; montant minimal 1,00 €",
        "peri : Régie peri",
        "    PayFiP, client 000123, mode T (test) ; circuit régie ; payable jusqu'au 10 du mois suivant",
        "    code recette T5 ; montant minimal 1,00 €",
    ]


def test_the_connection_is_tested_over_the_real_protocol(demo: World, run, settings):
    with simulated_bank(settings) as bank:
        payfip.regie()
        (said,) = run("regie", "test", *DEMO)
        assert said.startswith("Régie peri, client 000123 : connu de PayFiP sous le nom « ")
        bank.control(fault="TechIndisponibiliteErreur")
        with pytest.raises(CommandError) as refused:
            call_command("regie", "test", *DEMO, "--regie", "peri")
    assert (refused.value.returncode, str(refused.value).startswith("Régie peri, client 000123 : échec")) == (1, True)


def test_an_unknown_client_number_is_said_beside_the_regies_that_work(demo: World, settings, capsys):
    with simulated_bank(settings):
        payfip.regie()
        payfip.regie("autre", numcli="999999")
        with pytest.raises(CommandError) as refused:
            call_command("regie", "test", *DEMO)
    assert str(refused.value).startswith("Régie autre, client 999999 : échec")
    assert "Régie peri, client 000123 : connu de PayFiP" in capsys.readouterr().out


def test_a_regie_that_is_not_paid_online_has_nothing_to_test(demo: World, fail):
    build.regie()
    assert fail("regie", "test", *DEMO).startswith("Aucune de ces régies ne se paie en ligne")
    assert fail("regie", "test", *DEMO, "--regie", "lune") == "La régie « lune » n'existe pas ; régies connues : peri."
    assert Regie.objects.count() == 1


# ── quotients ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_quotient_follows_another(demo: World, run):
    words = ("set", *DEMO, "--payer", "Bond Jamie")
    assert run("quotient", *words, "--value", 850, "--from", "01/09/2026", "--source", "CAF") == [
        "Jamie BOND : quotient 850, à partir du 1er septembre 2026."
    ]
    assert run("quotient", *words, "--value", 620, "--from", "01/01/2027", "--to", "31/08/2027") == [
        "Jamie BOND : quotient 620, du 1er janvier 2027 au 31 août 2027."
    ]
    rows = Quotient.objects.order_by("first_day").values_list("value", "last_day", "source")
    assert list(rows) == [(850, date(2026, 12, 31), "CAF"), (620, date(2027, 8, 31), "")]
    assert Audit.objects.filter(verb="set_quotient", actor="Mairie (console)").count() == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--payer", "Bond", "--value", "huit", "--from", "01/09/2026"), "'huit' n'est pas un nombre"),
        (("--payer", "Bond", "--value", -1, "--from", "01/09/2026"), "de 0 à 100000"),
        (("--payer", "Bond", "--value", 1, "--from", "01/09/2026", "--to", "31/08/2026"), "finit avant de commencer"),
        (("--payer", "Bond", "--value", 1, "--from", "01/09/2026", "--source", "x" * 61), "60 caractères au plus"),
        (("--value", 1, "--from", "01/09/2026"), "Quel payeur ? Donnez --payer, ou --child."),
        (("--payer", "Bon", "--value", 1, "--from", "01/09/2026"), "Aucun payeur ne porte ce nom."),
        (("--child", "999", "--value", 1, "--from", "01/09/2026"), "Aucun enfant n'a le code « 999 »."),
        (("--payer", "Leroy", "--value", 1, "--from", "01/09/2026"), "Aucun payeur ne porte ce nom."),
    ],
)  # fmt: skip
def test_a_quotient_that_cannot_be_is_said(demo: World, fail, words, sentence):
    assert sentence in fail("quotient", "set", *DEMO, *words)
    assert not Quotient.objects.exists()


def test_a_name_that_several_payers_bear_must_be_completed(demo: World, run, fail):
    for number in range(9):
        register_family(
            draft=FamilyDraft([PayerDraft(f"Jim{number}", "BOND")], [PersonDraft(f"Tom{number}", "BOND")]),
            by=CLERK,
            now=NOW,
        )
    words = ("--value", 1, "--from", "01/09/2026")
    assert fail("quotient", "set", *DEMO, "--payer", "bond", *words) == (
        "Lequel ? Précisez --payer ou --child : Jamie BOND, "
        + ", ".join(f"Jim{number} BOND" for number in range(7))
        + ", …."
    )
    assert run("quotient", "set", *DEMO, "--payer", "bond", "--child", "007", *words)[0].startswith("Jamie BOND : ")
    Payer.objects.filter(first_name="Jamie").update(active=False)
    assert fail("quotient", "set", *DEMO, "--child", "007", *words) == "Aucun enfant n'a le code « 007 »."


# ── pointage ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_came_is_marked_and_taken_back(demo: World, run):
    words = ("mark", *DEMO, "--activity", "soir", "--day", MONDAY, "--day", NEXT_TUESDAY)
    two = ("--child", JAMES, "--child", ALINE)
    assert run("attendance", *words, *two, "--arrived", "16:30", "--left", "18 h 05") == ["4 pointages enregistrés."]
    row = Attendance.objects.get(person__code=JAMES, day=MONDAY)
    assert (row.mark, row.arrived, row.left, row.at) == ("present", 990, 1085, NOW)
    assert run("attendance", *words[:-2], "--child", JAMES, "--mark", "justifie") == ["1 pointage enregistré."]
    row.refresh_from_db()
    assert (row.mark, row.arrived) == ("justified", None)
    run("attendance", *words, "--child", JAMES, "--mark", "rien")
    assert set(Attendance.objects.values_list("person__code", flat=True)) == {ALINE}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--child", "999", "--activity", "soir"), "Aucun enfant n'a le code 999."),
        (("--child", "007", "--activity", "tennis"), "L'activité « tennis » n'existe pas."),
        (("--child", "007", "--activity", "soir", "--mark", "malade"), "'malade' n'existe pas ; au choix"),
        (("--child", "007", "--activity", "soir", "--arrived", "25:00"), "« 25:00 » n'est pas une heure"),
        (("--child", "007", "--activity", "soir", "--arrived", "18:00", "--left", "17:00"), "vient avant son arrivée"),
        (
            ("--child", "007", "--activity", "soir", "--mark", "absent", "--left", "17:00"),
            "Seul un enfant présent a une heure",
        ),
    ],
)
def test_a_mark_that_cannot_be_is_said(demo: World, fail, words, sentence):
    assert sentence in fail("attendance", "mark", *DEMO, "--day", "23/11/2026", *words)
    assert not Attendance.objects.exists()


# ── attestation fiscale ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_tax_certificate_of_what_was_really_paid(demo: World, run, fail, tmp_path: Path):
    build.setup()
    BilledActivity.objects.filter(activity__code="soir").update(deductible=True)
    Person.objects.filter(code=ALINE).update(birth_date=date(2022, 5, 4))
    build.book(ALINE, "soir", SCHOOL_DAYS[:3])
    build.published()
    words = ("certificate", *DEMO, "--payer", "Bond", "--year", 2026, "--out")
    assert fail(*words, tmp_path) == "Jamie BOND n'a rien payé en 2026 pour la garde d'un enfant de moins de six ans."
    number = Invoice.objects.get().number
    run("payment", "record", *DEMO, "--invoice", number, "--means", "especes", "--amount", "3,60")
    target = tmp_path / "attestation-fiscale-2026.pdf"
    assert run(*words, tmp_path) == [f"Attestation fiscale 2026 de Jamie BOND : {target}"]
    assert target.read_bytes().startswith(b"%PDF-")
    assert fail(*words, tmp_path) == f"{target} existe déjà : choisissez un autre nom."
    assert fail(*words, tmp_path / "absent" / "a.pdf").endswith("fichier ou dossier introuvable.")


@pytest.mark.parametrize("year", ["26", "0", "99999", "-1"])
def test_a_year_has_four_digits(demo: World, fail, tmp_path: Path, year):
    sentence = fail("certificate", *DEMO, "--payer", "Bond", f"--year={year}", "--out", tmp_path)
    assert sentence == "L'année s'écrit avec quatre chiffres, par exemple 2026."
