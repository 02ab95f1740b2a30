"""`portail invoices`: a month from the bookings to the families' screens, by the commands alone."""

import stat
from pathlib import Path

import pytest

from portail.billing.documents import invoice_pdf
from portail.billing.models import Anomaly, Invoice, InvoiceEmail, InvoiceRun
from portail.console.management.commands import invoices as command
from portail.console.management.commands.invoices import line_to_credit
from portail.console.typed import TypedError
from portail.families.models import Payer
from portail.gateways.pdf.press import PaperError
from portail.news.models import OutboxMail
from portail.towns.models import Audit
from portail.towns.scope import in_town
from tests.billing import build
from tests.billing.build import DECEMBER_3, SCHOOL_DAYS, SEPTEMBER
from tests.world import ALINE, ANGELINE, JAMES, NOW, World

RUN = ("--town", "demo", "--regie", "peri", "--month", "2026-11")
NUMBER = "2026-001-000001"


def plain(lines: list[str]) -> list[str]:
    """Without the spaces that do not break."""
    return [line.replace("\u202f", " ").replace("\u00a0", " ") for line in lines]


@pytest.fixture
def month(demo: World, frozen) -> World:
    """It is 3 December; two families ate at the canteen in November, one of them with a quotient that nobody knows."""
    build.setup()
    build.quotient(demo.jamie, 700)
    build.book(JAMES, "cantine", SCHOOL_DAYS[:4])
    build.book(ALINE, "soir", SCHOOL_DAYS[:1])
    build.book(ANGELINE, "cantine", SCHOOL_DAYS[:2])
    frozen.move_to(DECEMBER_3)
    return demo


@pytest.fixture
def online(month: World, run) -> World:
    """The month is issued and published."""
    run("invoices", "prepare", *RUN, "--due", "31/12/2026")
    run("invoices", "issue", *RUN)
    run("invoices", "publish", *RUN)
    return month


def test_a_month_goes_from_bookings_to_the_families(month: World, run):
    InvoiceEmail.objects.create(payer=month.jamie, place=1, address="jamie@example.org", asked_at=NOW, confirmed_at=NOW)
    said = plain(run("invoices", "prepare", *RUN, "--due", "31/12/2026", "--label", "CANTINE NOVEMBRE 2026"))
    assert said[:2] == [
        "Régie peri, novembre 2026, rang 1 – CANTINE NOVEMBRE 2026 : à contrôler",
        "    2 factures, 16,20 € ; échéance 31/12/2026",
    ]
    assert "    à voir : Quotient familial inconnu : facturé au tarif le plus haut (1)" in said
    assert run("invoices", "issue", *RUN)[0].endswith(" : émise, lot 1")
    said = run("invoices", "publish", *RUN)
    assert said[-1] == "En ligne : http://demo.localhost/factures/ ; 1 courriel d'avis à envoyer."
    assert sorted(Invoice.objects.values_list("number", "total_cents")) == [
        (NUMBER, 920), ("2026-001-000002", 700),
    ]  # fmt: skip
    assert "http://demo.localhost/factures/" in OutboxMail.objects.get().text
    assert {"prepare_run", "issue_run", "publish_run"} <= set(
        Audit.objects.filter(actor="Mairie (console)").values_list("verb", flat=True)
    )


def test_the_label_and_the_dates_are_those_typed(month: World, run):
    words = ("--due", "2026-12-31", "--payable-until", "10/01/2027", "--exercise", 2027)
    said = plain(run("invoices", "prepare", *RUN, *words))
    assert said[0] == "Régie peri, novembre 2026, rang 1 – Novembre 2026 : à contrôler"
    assert said[1].endswith("échéance 31/12/2026 ; payable en ligne jusqu'au 10/01/2027")
    assert InvoiceRun.objects.get().exercise == 2027


def test_the_check_list_shows_who_what_when_and_is_answered(month: World, run):
    run("invoices", "prepare", *RUN, "--due", "31/12/2026")
    anomaly = Anomaly.objects.get(kind="unknown_quotient")
    mark = f"[{str(anomaly.public_id)[:8]}]"
    days = " ".join(f"{day:%d/%m}" for day in SCHOOL_DAYS[:2])
    said = run("invoices", "check", *RUN)
    place = said.index(f"{mark} Denise MARSONE : Quotient familial inconnu : facturé au tarif le plus haut")
    assert said[place + 1] == f"    Angéline MARSONE, Cantine, {days}"
    said = run("invoices", "check", *RUN, "--solve", mark[1:-1], "--answer", "Demandé")
    assert not [line for line in said if line.startswith(mark)]
    anomaly.refresh_from_db()
    assert (anomaly.answer, anomaly.solved_at) == ("Demandé", DECEMBER_3)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--solve", "zzzzzzzz", "--answer", "x"), "« zzzzzzzz » ne désigne pas une seule ligne de la liste à"),
        (("--solve", "", "--answer", "x"), "« » ne désigne"),
        (("--solve", "zzzzzzzz"), "Dites ce qui a été décidé : ajoutez --answer."),
    ],
)
def test_an_answer_that_answers_nothing_is_refused(month: World, run, fail, words, sentence):
    run("invoices", "prepare", *RUN, "--due", "31/12/2026")
    assert sentence in fail("invoices", "check", *RUN, *words).replace("«  »", "« »")
    assert not Anomaly.objects.filter(solved_at__isnull=False).exists()


def test_days_that_nobody_pays_hold_the_run_back_until_the_town_insists(month: World, run, fail):
    build.book(JAMES, "matin", SCHOOL_DAYS[:1])
    build.mark(JAMES, "matin", SCHOOL_DAYS[0], "present")  # by the half-hour, and nobody wrote the hours down
    build.billed("midi")  # billed from now on, and without any tariff
    build.book(JAMES, "midi", SCHOOL_DAYS[4:5])
    run("invoices", "prepare", *RUN, "--due", "31/12/2026")
    assert any(line.endswith(" – empêche l'émission") for line in run("invoices", "check", *RUN))
    assert fail("invoices", "issue", *RUN).startswith("La liste de contrôle n'est pas réglée : « Aucun tarif")
    assert not Invoice.objects.filter(number__isnull=False).exists()
    assert run("invoices", "issue", *RUN, "--despite", "--first-sequence", 335)[0].endswith(" : émise, lot 1")
    assert Invoice.objects.get(payer=month.jamie).number == "2026-001-000335"


def test_a_run_may_be_abandoned_until_it_is_numbered(month: World, run, fail):
    run("invoices", "prepare", *RUN, "--due", "31/12/2026")
    assert run("invoices", "abandon", *RUN) == ["Campagne abandonnée : Régie peri, novembre 2026, rang 1."]
    assert (InvoiceRun.objects.count(), Invoice.objects.count()) == (0, 0)
    run("invoices", "prepare", *RUN, "--due", "31/12/2026")
    run("invoices", "issue", *RUN)
    assert "ne peuvent qu'être corrigées par un avoir" in fail("invoices", "abandon", *RUN)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("prepare", *RUN), "il manque --due"),
        (("prepare", *RUN, "--due", "demain"), "« demain » n'est pas un jour"),
        (("prepare", *RUN[:-1], "novembre", "--due", "31/12/2026"), "« novembre » n'est pas un mois"),
        (("prepare", *RUN, "--due", "31/10/2026"), "L'échéance vient avant le mois facturé."),
        (("prepare", *RUN, "--due", "31/12/2026", "--rank", 2), "Émettez d'abord les campagnes de rang inférieur"),
        (("prepare", *RUN, "--due", "31/12/2026", "--label", "x" * 91), "de 1 à 90 caractères"),
        (("issue", *RUN), "Aucune campagne de rang 1 n'est préparée pour 11/2026 à la régie « Régie peri »."),
        (("issue", *RUN[:3], "lune", *RUN[4:]), "La régie « lune » n'existe pas ; régies connues : loisirs, peri."),
        (("publish", *RUN), "Aucune campagne de rang 1"),
        (("list", "--town", "demo", "--regie", "peri"), "Aucune campagne n'est préparée à la régie « Régie peri »."),
        (("list", "--town", "demo", "--payer", "Zorro"), "Aucun payeur ne porte ce nom."),
        (("pdf", "--town", "demo", "--out", "."), "Donnez --number, ou bien --regie et --month."),
        (("pdf", "--town", "demo", "--out", ".", "--month", "2026-11"), "Quelle campagne ? Donnez --regie et --month."),
        (("pdf", "--town", "demo", "--out", ".", "--number", "7"), "Aucune facture ne porte le numéro « 7 »."),
        (("credit", "--town", "demo", "--number", NUMBER, "--reason", "x"), "Aucune facture ne porte le numéro"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said(month: World, fail, words, sentence):
    assert sentence in fail("invoices", *words)
    assert not InvoiceRun.objects.exists()


def test_lists_of_runs_of_invoices_and_of_a_payer(online: World, run):
    assert run("invoices", "list", "--town", "demo")[0].endswith(" : en ligne, lot 1")
    assert run("invoices", "list", "--town", "demo", "--month", "2026-11") == run("invoices", "list", "--town", "demo")
    assert run("invoices", "list", "--town", "demo", "--month", "2026-10") == ["Aucune campagne."]
    jamie = f"{NUMBER}  Jamie BOND  9,20 €, reste 9,20 €  émise, échéance 31/12/2026 – Novembre 2026"
    assert plain(run("invoices", "list", *RUN)) == [
        jamie,
        "2026-001-000002  Denise MARSONE  7,00 €, reste 7,00 €  émise, échéance 31/12/2026 – Novembre 2026",
        "2 factures.",
    ]
    assert plain(run("invoices", "list", "--town", "demo", "--payer", "bond jamie")) == [jamie, "1 facture."]
    assert plain(run("invoices", "list", "--town", "demo", "--child", "007"))[0] == jamie


def test_the_papers_of_a_run_are_written_for_one_reader(online: World, run, fail, tmp_path: Path):
    assert run("invoices", "pdf", *RUN, "--out", tmp_path) == ["2 factures écrites."]
    paper = tmp_path / f"facture-{NUMBER}.pdf"
    assert paper.read_bytes().startswith(b"%PDF-")
    assert stat.S_IMODE(paper.stat().st_mode) == 0o600
    before = paper.read_bytes()
    assert fail("invoices", "pdf", *RUN, "--out", tmp_path) == f"{paper} existe déjà : choisissez un autre nom."
    assert paper.read_bytes() == before
    alone = tmp_path / "une.pdf"
    assert run("invoices", "pdf", "--town", "demo", "--number", NUMBER, "--out", alone) == ["1 facture écrite."]
    assert alone.exists()
    assert "n'est pas un dossier" in fail("invoices", "pdf", *RUN, "--out", tmp_path / "deux.pdf")


def test_one_paper_that_cannot_be_printed_does_not_hold_the_others_back(online: World, tmp_path: Path, monkeypatch):
    from django.core.management import CommandError, call_command  # noqa: PLC0415  the exit code is 1 here

    real, bad = invoice_pdf, Invoice.objects.get(number=NUMBER).public_id

    def printed(public_id, **more):
        if public_id == bad:
            raise PaperError("glyphe")
        return real(public_id, **more)

    monkeypatch.setattr(command, "invoice_pdf", printed)
    with pytest.raises(CommandError) as refused:
        call_command("invoices", "pdf", *RUN, "--out", str(tmp_path))
    assert (str(refused.value), refused.value.returncode) == (
        f"La facture {NUMBER} n'a pu être composée : glyphe", 1,
    )  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["facture-2026-001-000002.pdf"]


def test_a_draft_is_not_printed(month: World, run, fail, tmp_path: Path):
    run("invoices", "prepare", *RUN, "--due", "31/12/2026")
    assert fail("invoices", "pdf", *RUN, "--out", tmp_path).startswith("Aucune facture n'est émise")
    assert run("invoices", "list", *RUN)[0].startswith("(sans numéro)  ")
    assert run("invoices", "list", *RUN[:4]) == run("invoices", "list", *RUN)  # no month: the latest run


def test_a_credit_note_of_a_part_then_of_the_rest(online: World, run, fail):
    words = ("--town", "demo", "--number", NUMBER, "--reason", "Absence signalée")
    said = plain(run("invoices", "credit", *words, "--line", "2=3,50"))
    assert said == [
        "Avoir n° 2026-002-000001 de 3,50 € ; facture corrigée :",
        f"{NUMBER}  Jamie BOND  9,20 €, reste 5,70 €  émise, échéance 31/12/2026 – Novembre 2026",
    ]
    assert "ne peut plus être réduite de ce montant" in fail("invoices", "credit", *words, "--line", "1=99,99")
    said = plain(run("invoices", "credit", *words, "--rebill"))
    assert said[1].count("reste 0,00 €  annulée") == 1
    assert said[2] == "À refacturer par une campagne de rang suivant : novembre 2026."
    assert Invoice.objects.filter(kind="credit").count() == 2
    said = plain(run("invoices", "list", "--town", "demo", "--payer", "BOND"))
    assert said[1].startswith("2026-002-000001  Jamie BOND  avoir de 3,50 €, non utilisé 0,00 € – Avoir sur")


@pytest.mark.parametrize(("text", "line"), [("2", (2, None)), ("2=3,50", (2, 350)), (" 12 = 4 ", (12, 400))])
def test_a_line_to_credit(text, line):
    assert line_to_credit(text) == line


@pytest.mark.parametrize("text", ["", "deux", "2=", "2=x", "=3", "-1", "2=-3"])
def test_a_line_that_is_none(text):
    with pytest.raises(TypedError):
        line_to_credit(text)


def test_the_other_town_is_out_of_reach(online: World, fail, run):
    """Its régie has another code, its payers and numbers are its own."""
    words = ("--town", "buchelay", *RUN[2:])
    assert "La régie « peri » n'existe pas ; régies connues : aucune." in fail("invoices", "list", *words)
    assert fail("invoices", "credit", "--town", "buchelay", "--number", NUMBER, "--reason", "x").startswith("Aucune")
    assert run("invoices", "list", "--town", "buchelay") == ["Aucune campagne."]
    with in_town(online.buchelay):
        assert not Payer.objects.filter(last_name="BOND").exists()


def test_the_quotient_of_a_day_prices_the_run(month: World, run):
    run("quotient", "set", "--town", "demo", "--payer", "Marsone", "--value", 200, "--from", str(SEPTEMBER))
    said = plain(run("invoices", "prepare", *RUN, "--due", "31/12/2026"))
    assert said[1] == "    2 factures, 11,20 € ; échéance 31/12/2026"
