"""Names in any alphabet print, and no text makes a paper fail."""

import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # carries no types
from hypothesis import given, settings
from hypothesis import strategies as st

from portail.gateways.pdf import press
from portail.gateways.pdf.coverage import COVERAGE
from portail.gateways.pdf.glyphs import MISSING, printable
from portail.gateways.pdf.papers import ChildLines, Recipient
from portail.gateways.pdf.press import print_pdf
from tests.gateways.pdf_reading import fonts, words
from tests.gateways.pdf_samples import HEAD, JOURNAL, LUNCH, PRINTED, RECEIPT, invoice

FONTS = Path(press.__file__).parent / "fonts"
NAMES = {
    "French": "Maëlys D’Œuvré-Nuñez",
    "Polish": "Łukasz Żółkiewski",
    "Turkish": "Işıl Güneş",
    "Vietnamese": "Nguyễn Thị Hạnh",
    "Greek": "Ελένη Παπαδοπούλου",
    "Cyrillic": "Анастасія Єфремова",
    "Armenian": "Արամ Խաչատրյան",
    "Georgian": "ნინო ბერიძე",
    "Arabic": "محمد الأمين",
    "Persian": "مهدی‌پور",  # joined by a zero-width non-joiner
    "Hebrew": "שָׁרָה כהן",
    "Hindi": "क्षितिज शर्मा",
    "Bengali": "রবীন্দ্রনাথ",
    "Tamil": "தமிழ்செல்வி",
    "Thai": "สมชาย ใจดี",
    "Khmer": "សុខា",
    "Lao": "ສົມສັກ",
    "Amharic": "አበበ ቢቂላ",
    "Chinese": "李小龙 張偉",
    "Japanese": "山田 はなこ",
    "Korean": "김민준",
}
texts = st.text(max_size=40)


def covered() -> set[int]:
    spans = [[int(end, 16) for end in word.split("-")] for word in COVERAGE.split()]
    return {code for span in spans for code in range(span[0], span[-1] + 1)}


def cmaps() -> dict[str, set[int]]:
    return {path.name: set(TTFont(path).getBestCmap()) for path in FONTS.glob("*.ttf")}


def test_the_table_says_what_the_fonts_have():
    have = set().union(*cmaps().values())
    text = {code for code in have if unicodedata.category(chr(code))[0] != "C"}
    assert covered() == text | {0x200C, 0x200D}
    assert len(text) > 34_000


def test_bold_has_what_regular_has():
    found = cmaps()
    assert found["NotoSans-Bold.ttf"] == found["NotoSans-Regular.ttf"]


def test_each_font_has_its_licence_beside_it():
    licences = "".join(path.read_text() for path in FONTS.glob("*.txt"))
    assert "SIL Open Font License, Version 1.1" in licences
    assert "DroidSansFallback.ttf" in licences
    assert sum(path.stat().st_size for path in FONTS.iterdir()) < 7_000_000


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_of_any_alphabet_is_left_as_it_is_and_prints(name):
    name = unicodedata.normalize("NFC", name)
    assert printable(name) == name
    pdf = print_pdf(invoice(children=(ChildLines(name, (LUNCH,)),)), printed_at=PRINTED)
    assert not any("DejaVu" in font for font, _ in fonts(pdf))  # the font of « □ » alone


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("e\u0301", "é"),
        ("Lea 😀", "Lea □"),
        ("\ue000\x00\x1b\ud800", "□□□□"),
        ("\u202egepj.exe\u202c", "□gepj.exe□"),
        ("Jean\u200b\ufeff\u00adne\ufe0f", "Jeanne"),
        ("\u200eRTL\u200f", "RTL"),
        ("a\tb\u2009c\u2028d", "a b c d"),
        ("une\r\ndeux", "une\ndeux"),
        ("12\u202f500\u00a0€", "12\u202f500\u00a0€"),
        ("漢\U00020000", "漢□"),
        ("", ""),
    ],
)
def test_what_cannot_be_printed_becomes_a_square(text, shown):
    assert printable(text) == shown


@given(texts)
def test_whatever_is_printable_stays_so(text):
    shown = printable(text)
    assert printable(shown) == shown
    assert {ord(char) for char in shown} <= covered() | {ord(MISSING), ord("\n")}
    assert len(shown) <= len(unicodedata.normalize("NFC", text)) + text.count("\t")


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=0x17F, exclude_categories=["C"]), max_size=40))
def test_latin_text_loses_nothing(text):
    assert printable(text) == unicodedata.normalize("NFC", text).replace("\u00ad", "")


@settings(max_examples=60)
@given(texts, texts, texts)
def test_no_text_makes_a_paper_fail(one, two, three):
    head = replace(HEAD, town=one, address=(two, three), phone=three)
    paper = invoice(
        letterhead=head,
        recipient=Recipient(one, (two, three)),
        title=three,
        number=one,
        reference=two,
        children=(ChildLines(two, (replace(LUNCH, label=one, days=two, note=three),), one, three),),
        mentions=(one + two,),
        test_mention=two,
    )
    assert print_pdf(paper, printed_at=PRINTED).startswith(b"%PDF")


@settings(max_examples=40)
@given(st.lists(st.tuples(texts, texts, texts), max_size=4))
def test_no_cell_makes_a_book_fail(rows):
    assert print_pdf(replace(JOURNAL, rows=tuple(rows), title="Livre"), printed_at=PRINTED).startswith(b"%PDF")


def test_every_character_of_the_table_really_prints():
    codes = sorted(covered())
    for start in range(0, len(codes), 4000):
        text = " ".join(map(chr, codes[start : start + 4000]))
        assert print_pdf(replace(RECEIPT, sentences=(text,)), printed_at=PRINTED).startswith(b"%PDF")


@pytest.mark.parametrize("text", ["\ue000", "😀", "\x01"])
def test_without_the_guard_such_a_character_fails_the_paper(monkeypatch, text):
    monkeypatch.setattr(press, "printable", lambda text: text)
    with pytest.raises(press.PaperError):
        print_pdf(replace(RECEIPT, sentences=(text,)), printed_at=PRINTED)


def test_the_square_itself_is_drawn():
    assert MISSING in words(print_pdf(replace(RECEIPT, sentences=("😀",)), printed_at=PRINTED))[0]
