"""The hash chain: one text for one line, and a digest that no change of what came before leaves alone."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.rules.sealing import GENESIS, Head, canonical, chained, read_head

PARIS = timezone(timedelta(hours=1))
AT = datetime(2026, 11, 16, 9, tzinfo=PARIS)
PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
JSON = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner))
ROWS = st.dictionaries(st.text("abcd", min_size=1, max_size=3), JSON, max_size=4)


def said(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def end(rows: list[dict[str, Any]]) -> str:
    digest = GENESIS
    for row in rows:
        digest = chained(digest, canonical("audit", row))
    return digest


def test_a_line_as_text():
    row = {
        "verb": "déplacé",
        "at": AT,
        "id": 7,
        "staff_id": None,
        "day": date(2026, 11, 24),
        "after": {"b": [1], "a": ""},
    }
    assert canonical("audit", row).decode() == (
        '["audit",{"after":{"a":"","b":[1]},"at":["at","2026-11-16T08:00:00.000000+00:00"],'
        '"day":["day","2026-11-24"],"id":7,"verb":"d\\u00e9plac\\u00e9"}]'
    )


def test_a_known_digest():
    """As anybody may compute it: sha256 of 64 zeros then of `["audit",{"id":1}]`."""
    assert chained(GENESIS, canonical("audit", {"id": 1})) == (
        "f0e2aeb31cb783d9128e2033d99e6ccf247f900e7576b2c266638776bf2d28ac"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (UUID(int=5), '["id","00000000-0000-0000-0000-000000000005"]'),
        (b"\x00\xff", '["bytes","00ff"]'),
        (memoryview(b"\x01"), '["bytes","01"]'),
    ],
)
def test_what_a_column_may_hold(value, text):
    assert canonical("x", {"c": value}).decode() == f'["x",{{"c":{text}}}]'


def test_what_has_no_text_is_an_error():
    with pytest.raises(TypeError, match="Decimal has no canonical text"):
        canonical("x", {"c": Decimal(1)})


@given(ROWS)
def test_the_order_of_columns_and_the_zone_of_an_instant_say_nothing(row: dict[str, Any]):
    turned = {name: row[name] for name in reversed(row)}
    assert canonical("a", {**row, "at": AT}) == canonical("a", {"at": AT.astimezone(UTC), **turned})


@given(ROWS, st.text("efgh", min_size=1))
def test_a_column_added_later_without_value_changes_nothing(row: dict[str, Any], name: str):
    assert canonical("a", {**row, name: None}) == canonical("a", row)


@given(ROWS, ROWS)
def test_two_different_lines_never_have_one_text(one: dict[str, Any], other: dict[str, Any]):
    same = repr(sorted(said(one).items())) == repr(sorted(said(other).items()))
    assert same <= (canonical("a", one) == canonical("a", other))
    assert (canonical("a", one) == canonical("a", other)) <= (said(one) == said(other))
    assert canonical("a", one) != canonical("b", one)


@given(st.lists(ROWS, min_size=2, max_size=6), st.data())
def test_no_change_of_the_past_leaves_the_end_alone(rows: list[dict[str, Any]], data: st.DataObject):
    place = data.draw(st.integers(0, len(rows) - 1))
    altered = [*rows[:place], {**rows[place], "id": "altered"}, *rows[place + 1 :]]
    removed = rows[:place] + rows[place + 1 :]
    assert end(rows) not in (end(altered), end(removed), end([*rows, {}]))
    if canonical("a", rows[0]) != canonical("a", rows[-1]):
        assert end(rows) != end([rows[-1], *rows[1:-1], rows[0]])


@given(st.integers(0, 10**17), st.binary(max_size=3))
def test_a_head_is_read_as_it_was_written(place: int, content: bytes):
    head = Head(place, chained(GENESIS, content))
    assert read_head(f" {head.written.upper()}\n") == head


@pytest.mark.parametrize(
    "text", ["", "12", "12:abc", f"-1:{GENESIS}", f"1:{GENESIS}0", f"1 {GENESIS}", f"1{'0' * 18}:{GENESIS}"]
)
def test_anything_else_is_no_head(text):
    assert read_head(text) is None
