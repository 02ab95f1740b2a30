"""Spreadsheets: what is written computes nothing, what is read is read for certain."""

import csv
import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.gateways.spreadsheet import (
    Euros,
    SpreadsheetError,
    cents_of,
    decoded,
    euros,
    guessed_separator,
    rows_of,
    safe_text,
    written,
)

PAYLOADS = (
    "=1+1", "+1", "-1+1", "@SUM(A1)", "|cmd", "%0A=1", "＝1+1", "＋1", "－1", "＠A1", "\t=1", "\r=1", "  =1",
    "\u00a0=1", "\n=1", "\u2003\t\x00=1", "\ufeff=1", "=HYPERLINK(\"http://x\";\"y\")", "+33 1 23 45 67 89",
)  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
def test_csv_injection_is_inert(payload: str) -> None:
    content = written([[payload, "après"]])
    (row,) = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";")
    assert row[0].startswith("'")
    assert row[1] == "après"


@given(st.text())
def test_a_written_cell_is_on_one_line_and_never_computed(text: str) -> None:
    cell = safe_text(text)
    assert cell == "".join(cell.splitlines())
    assert not cell.lstrip(" \u00a0\u3000").startswith(
        ("=", "+", "-", "@", "|", "%", "＝", "＋", "－", "＠", "\t", "\r")
    )


def test_plain_texts_are_left_alone_and_amounts_are_numbers() -> None:
    content = written([["Élodie", "a=b", "", Euros(-1234), 7, date(2026, 11, 20)]])
    assert content == "\ufeffÉlodie;a=b;;-12,34;7;20/11/2026\r\n".encode()


@given(st.integers(-(10**13), 10**13))
def test_an_amount_reads_as_it_was_written(cents: int) -> None:
    assert cents_of(euros(cents)) == (cents if abs(cents) < 10**14 else None)


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("12,34", 1234), ("1 234,56", 123_456), ("12.34", 1234), ("12", 1200), ("12,3", 1230), ("-0,05", -5),
        ("+7,77", 777), ("1\u202f234,56 €", 123_456), ("1\u00a0234\u00a0567,00EUR", 123_456_700), ("0,00", 0),
        ("1.234", None), ("1,234", None), ("1.234,56", None), ("12 34,00", None), ("", None), ("€", None),
        ("douze", None), ("1e3", None), ("12,345", None), ("--1", None), ("١٢", None), ("9" * 13, None),
    ],
)  # fmt: skip
def test_amounts_read_for_certain_or_not_at_all(text: str, cents: int | None) -> None:
    assert cents_of(text) == cents


def test_encodings_and_separators() -> None:
    assert decoded("é".encode("utf-8-sig")) == ("é", "utf-8")
    assert decoded("é€".encode("cp1252")) == ("é€", "cp1252")
    assert guessed_separator("a;b;c\n1,5;2,5;3\n") == ";"
    assert guessed_separator("a,b,c\n1,2,3\n") == ","
    assert guessed_separator("a\tb\n1,5\t2\n") == "\t"
    assert guessed_separator("seul\n") == guessed_separator("") == ";"


def test_a_cell_may_hold_a_line_break_and_the_count_goes_on() -> None:
    assert list(rows_of('a;"b\nc"\n\n;\nd;e\n', ";")) == [(1, ["a", "b\nc"]), (5, ["d", "e"])]
    with pytest.raises(SpreadsheetError, match="Ligne 2"):
        list(rows_of('a;b\n"c;d\n', ";"))
