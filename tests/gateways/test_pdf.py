"""The papers as files: tagged, archivable, the same each time, saying what they were given and nothing else."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from portail.gateways.pdf import press
from portail.gateways.pdf.papers import ChildLines, JournalPaper, Letterhead, OnlinePayment, ReminderLevel
from portail.gateways.pdf.press import PaperError, print_many, print_pdf, title_of
from tests.gateways.pdf_reading import actions, fonts, opened, structure, words
from tests.gateways.pdf_samples import ALL, HEAD, JOURNAL, LUNCH, PRINTED, RECEIPT, REMINDER, TEST, URL, invoice

HOSTILE = [
    '#panic("x")',
    "*gras*",
    "$x^2$",
    "_souligné_",
    "@renvoi",
    "<étiquette>",
    "\\u{41}",
    '"',
    "`brut`",
    "//",
    "/*",
]


def squeezed(text):
    return "".join(text.split())


@pytest.mark.parametrize("name", ALL)
def test_each_paper_is_tagged_and_archivable(name):
    pdf = print_pdf(ALL[name], printed_at=PRINTED)
    file = opened(pdf)
    assert file.Root.MarkInfo.Marked
    assert str(file.Root.Lang).lower() == "fr-fr"
    assert file.Root.ViewerPreferences.DisplayDocTitle
    assert [str(intent.S) for intent in file.Root.OutputIntents] == ["/GTS_PDFA1"]
    meta = file.open_metadata()
    assert (meta["pdfaid:part"], meta["pdfaid:conformance"], meta["pdfuaid:part"]) == ("2", "A", "1")
    assert meta["dc:title"] == title_of([ALL[name]])
    assert str(file.docinfo["/Author"]) == HEAD.town


@pytest.mark.parametrize("name", ALL)
def test_each_paper_has_headings_real_headers_and_described_pictures(name):
    found = structure(print_pdf(ALL[name], printed_at=PRINTED))
    roles = [role for role, _ in found]
    assert roles.count("H1") == 1
    assert roles.count("TH") >= 3
    assert "THead" in roles
    figures = [alt for role, alt in found if role == "Figure"]
    assert "Logo : Ville de Démo" in figures
    assert "" not in figures


@pytest.mark.parametrize("name", ALL)
def test_each_font_is_inside_the_file_and_nothing_runs(name):
    pdf = print_pdf(ALL[name], printed_at=PRINTED)
    assert {inside for _, inside in fonts(pdf)} == {True}
    assert set(actions(pdf)) <= {URL}


@pytest.mark.parametrize("name", ALL)
def test_the_same_paper_gives_the_same_bytes(name):
    first = print_pdf(ALL[name], printed_at=PRINTED)
    elsewhere = PRINTED.astimezone(timezone(timedelta(hours=11)))  # the same instant in Nouméa
    assert print_pdf(ALL[name], printed_at=elsewhere) == first
    assert print_pdf(ALL[name], printed_at=PRINTED + timedelta(microseconds=1)) == first
    assert print_pdf(ALL[name], printed_at=PRINTED + timedelta(seconds=1)) != first


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        print_pdf(RECEIPT, printed_at=datetime(2026, 11, 30))


def test_the_title_and_the_author_of_the_file_are_printable_too():
    paper = invoice(number="1😀", letterhead=replace(HEAD, town="\u202eDémo"))
    with opened(print_pdf(paper, printed_at=PRINTED)) as file:
        assert (str(file.docinfo["/Title"]), str(file.docinfo["/Author"])) == ("Facture n° 1□", "□Démo")


def test_an_invoice_says_all_it_was_given():
    text = words(print_pdf(invoice(), printed_at=PRINTED))[0]
    for part in (
        *("Facture", "n° 2013-026-000335", "30 novembre 2026", "15 décembre 2026", "2013-T5-00-26000335"),
        *("Mme Camille LEFÈVRE-NGUYEN", "27 bis rue des Églantines", "SIRET 217 800 123 00019", "01 23 45 67 89"),
        *("Inès LEFÈVRE", "École Jules-Ferry, CE2", "12 novembre", "Tranche 3 – quotient familial 742"),
        *("Report de la facture 2013-025-000310", "− 1,00 €", "Garde", "Repas", "Déjà payé", "Reste à payer"),
        *("Comment payer", "Par chèque à l’ordre", "Ouvrir la page de paiement", "article L. 1617-5", "Page 1/1"),
    ):
        assert squeezed(part) in text, part
    assert squeezed(TEST) not in text


def test_a_credit_note_says_so_and_asks_for_nothing():
    text = words(print_pdf(ALL["credit note"], printed_at=PRINTED))[0]
    assert "Avoirn°2013-026-000335" in text
    assert "Àvotrecrédit" in text
    assert not any(word in text for word in ("Resteàpayer", "Àpayeravant", "Commentpayer", "Talon", "Facturen°2"))


def test_a_heading_of_its_own_replaces_facture():
    paper = invoice(heading="Avis des sommes à payer")
    assert "Avisdessommesàpayern°2013" in words(print_pdf(paper, printed_at=PRINTED))[0]
    assert title_of([paper]) == "Avis des sommes à payer n° 2013-026-000335"


@pytest.mark.parametrize("paper", [invoice(lines=80, test_mention=TEST), replace(RECEIPT, test_mention=TEST)])
def test_the_test_band_is_on_every_page(paper):
    pages = words(print_pdf(paper, printed_at=PRINTED))
    assert [page.count(squeezed(TEST)) for page in pages] == [1] * len(pages)


@pytest.mark.parametrize(
    ("level", "name"),
    [
        (ReminderLevel.FIRST, "Rappel"),
        (ReminderLevel.SECOND, "Deuxième rappel"),
        (ReminderLevel.LAST, "Dernier rappel"),
    ],
)
def test_a_reminder_is_named_after_its_level(level, name):
    assert (
        squeezed(f"{name} du 20 janvier 2027")
        in words(print_pdf(replace(REMINDER, level=level), printed_at=PRINTED))[0]
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_what_looks_like_markup_prints_as_it_is(text):
    child = ChildLines(f"{text} Inès", (replace(LUNCH, label=text, note=text),), text)
    paper = invoice(title=text, children=(child,), mentions=(text,), number=text, test_mention=text)
    printed = words(print_pdf(paper, printed_at=PRINTED))[0]
    assert printed.count(squeezed(text)) >= 8


def test_three_hundred_lines_repeat_their_header_and_keep_one_talon_at_the_end():
    pages = words(print_pdf(invoice(lines=300), printed_at=PRINTED))
    assert len(pages) > 5
    assert sum(page.count("Restaurationscolaire") for page in pages) == 300
    assert [page.count("Talonàdétacher") for page in pages] == [0] * (len(pages) - 1) + [1]
    assert all("PrestationQuantité" in page for page in pages[:-1])
    assert [f"Page{i}/{len(pages)}" in page for i, page in enumerate(pages, 1)] == [True] * len(pages)


def test_whatever_the_number_of_lines_there_is_one_talon_and_every_line():
    for lines in range(1, 40):
        pages = words(print_pdf(invoice(lines=lines), printed_at=PRINTED))
        assert sum(page.count("Restaurationscolaire") for page in pages) == lines
        assert ["Talonàdétacher" in page for page in pages] == [False] * (len(pages) - 1) + [True]


def test_very_long_texts_stay_in_the_file():
    name = "Marie-Antoinette-" * 30
    pages = words(print_pdf(invoice(children=(ChildLines(name, (LUNCH,), name),)), printed_at=PRINTED))
    assert "".join(pages).count(name) == 2


# --- Several papers -------------------------------------------------------------------------------------------------


def numbered(count):
    return [invoice(number=f"2013-026-{i:06d}", lines=1 + 30 * (i % 2)) for i in range(count)]


def test_each_invoice_of_a_batch_starts_a_page_and_counts_its_own():
    papers = numbered(20)
    pages = words(print_many(papers, printed_at=PRINTED))
    starts = [place for place, page in enumerate(pages) if "Page1/" in page]
    assert [f"n°{papers[i].number}" in pages[start] for i, start in enumerate(starts)] == [True] * 20
    alone = [len(words(print_pdf(paper, printed_at=PRINTED))) for paper in papers[:2]]
    assert alone[1] > alone[0] == 1
    assert len(pages) == 10 * sum(alone)
    assert [f"Page1/{alone[i % 2]}" in pages[start] for i, start in enumerate(starts)] == [True] * 20


def test_a_batch_for_both_sides_starts_each_invoice_on_a_new_sheet():
    pages = words(print_many(numbered(4), printed_at=PRINTED, double_sided=True))
    starts = [place for place, page in enumerate(pages) if "Page1/" in page]
    assert len(starts) == 4
    assert {start % 2 for start in starts} == {0}


def test_papers_of_every_kind_go_together():
    pdf = print_many(list(ALL.values()), printed_at=PRINTED)
    assert [role for role, _ in structure(pdf)].count("H1") == len(ALL)
    with opened(pdf) as file:
        assert str(file.docinfo["/Title"]) == f"Facture n° 2013-026-000335 et {len(ALL) - 1} autres documents"


def test_nothing_to_print_is_an_error():
    with pytest.raises(PaperError, match="Aucun document"):
        print_many([], printed_at=PRINTED)


# --- Faults ---------------------------------------------------------------------------------------------------------


def test_what_typst_refuses_is_a_paper_error_and_the_next_paper_prints(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(press, "printable", lambda text: text)  # the guard taken away, to provoke a refusal
        with pytest.raises(PaperError, match="could not be displayed"):
            print_pdf(invoice(title="😀"), printed_at=PRINTED)
    assert "□" in words(print_pdf(invoice(title="😀"), printed_at=PRINTED))[0]


@pytest.mark.parametrize("colour", ["", "vert", "#fff", "#12345g", '#000000") panic("'])
def test_a_colour_that_is_none_becomes_the_plain_one(colour):
    paper = replace(RECEIPT, letterhead=replace(HEAD, colour=colour))
    plain = replace(RECEIPT, letterhead=replace(HEAD, colour=press.PLAIN_COLOUR))
    assert print_pdf(paper, printed_at=PRINTED) == print_pdf(plain, printed_at=PRINTED)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "javascript:alert(1)", "", "demo.example/payer", "https://" + "x" * 500]
)
def test_only_a_web_address_leads_to_the_payment(url):
    with pytest.raises(ValueError, match="not the address of a page"):
        OnlinePayment(url, "Payer")


def test_a_book_whose_rows_do_not_fit_is_refused():
    with pytest.raises(ValueError, match="needs 3 cells"):
        replace(JOURNAL, rows=(("1", "2"),))
    with pytest.raises(ValueError, match="needs a column"):
        JournalPaper(Letterhead("Démo"), "Journal", (), ())


def test_typst_is_loaded_by_the_first_paper_only():
    code = "import sys, portail.gateways.pdf.press; print('typst' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 – ours
    assert done.stdout.strip() == "False"


def test_a_book_without_a_title_still_prints():
    assert "Livre" in words(print_pdf(replace(JOURNAL, title=" ", subtitle=""), printed_at=PRINTED))[0]


def test_printing_at_the_ends_of_time_works():
    assert print_pdf(RECEIPT, printed_at=datetime(1970, 1, 2, tzinfo=UTC)).startswith(b"%PDF-1.7")
