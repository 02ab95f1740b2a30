"""Pupils' files: columns guessed, lines read, differences that are safe to apply, whatever the file holds."""

import string
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.rules.onde import ALIASES, Field, Pupil, Unread, day_of, guessed, missing, read_pupil
from portail.rules.onde_matching import Difference, Known, Schools, Verdict, differences
from tests.families.pupils import HEADERS

TODAY = date(2026, 11, 16)
BORN = date(2018, 5, 4)
SCHOOLS = Schools({"ferry": 1, "pasteur": 2}, {(1, "ce1"): "CE1"}, 1)
COLUMNS = {Field.LAST_NAME: 0, Field.FIRST_NAME: 1, Field.BIRTH_DATE: 2, Field.INE: 3, Field.USUAL_NAME: 4}

names = st.sampled_from(["Zoé", "zoe", "Noé", "Ana", "MARTIN", "Martin", "BŒUF"])
days = st.none() | st.sampled_from([BORN, BORN + timedelta(days=1)])
ines = st.sampled_from(["", "1A", "2B", "3C"])
rooms = st.sampled_from(["", "CE1", "ce1", "CM2"])
pupils = st.builds(Pupil, st.just(0), names, names, st.just(""), days, ines, rooms)
places = st.none() | st.sampled_from([(1, "CE1"), (1, "CM2"), (2, "CP")])


@st.composite
def registers(draw: st.DrawFn) -> list[Known]:
    found = draw(st.lists(st.builds(Known, st.just(0), names, names, days, ines, places, st.booleans()), max_size=6))
    seen: set[str] = set()
    kept = []
    for number, one in enumerate(found, 1):
        ine = "" if one.ine in seen else one.ine  # unique in the register
        seen.add(ine)
        kept.append(Known(number, one.last_name, one.first_name, one.birth_date, ine, one.place, one.active))
    return kept


@st.composite
def files(draw: st.DrawFn) -> list[Pupil]:
    found = draw(st.lists(pupils, max_size=6))
    return [
        Pupil(n, one.last_name, one.first_name, "", one.birth_date, one.ine, one.classroom)
        for n, one in enumerate(found, 2)
    ]


def test_the_documented_headers_are_all_guessed():
    found = guessed(HEADERS)
    assert {one.value: HEADERS[place].strip() for one, place in found.items()} == {
        "last_name": "Nom élève", "usual_name": "Nom d'usage élève", "first_name": "Prénom élève",
        "birth_date": "Date naissance", "ine": "INE", "classroom": "Libellé classe", "level": "Niveau",
    }  # fmt: skip
    assert missing(found) is None


@given(st.permutations(HEADERS), st.booleans())
def test_neither_order_nor_case_nor_accents_count(headers: list[str], upper: bool):
    said = [f" {header.upper()} " if upper else header for header in headers]
    assert {headers[place] for place in guessed(said).values()} == {
        HEADERS[place] for place in guessed(HEADERS).values()
    }


def test_aliases_are_folded_and_mean_one_thing():
    every = [alias for aliases in ALIASES.values() for alias in aliases]
    assert len(every) == len(set(every))
    assert set("".join(every)) <= set(string.ascii_lowercase + " ")
    assert guessed(["x", "Nom"], {"last_name": "X"})[Field.LAST_NAME] == 0


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({}, Field.LAST_NAME),
        ({Field.LAST_NAME: 0}, Field.FIRST_NAME),
        ({Field.USUAL_NAME: 0, Field.FIRST_NAME: 1}, Field.BIRTH_DATE),
        ({Field.LAST_NAME: 0, Field.FIRST_NAME: 0, Field.INE: 1}, Field.FIRST_NAME),
    ],
)
def test_what_lacks_is_said_where_it_lacks(columns: dict[Field, int], field: Field):
    found = missing(columns)
    assert found is not None
    assert found[0] == field


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("04/05/2018", BORN), ("4-5-2018", BORN), ("4.5.2018", BORN), ("2018-05-04", BORN), ("2018-05-04 00:00", BORN),
        ("31/02/2018", None), ("04/05/18", None), ("٠٤/05/2018", None), ("hier", None), ("", None),
    ],
)  # fmt: skip
def test_days_as_they_are_typed(text: str, day: date | None):
    assert day_of(text) == day


@given(st.lists(st.text(), max_size=6))
def test_any_line_reads_or_says_why(cells: list[str]):
    read = read_pupil(7, cells, COLUMNS, TODAY)
    assert read.line == 7
    if isinstance(read, Unread):
        assert read.reason.endswith(".")
    else:
        assert read.first_name
        assert read.last_name
        assert "\0" not in f"{read}{read.ine}"


def test_a_usual_name_is_shown_and_the_other_still_finds():
    read = read_pupil(2, ["NAISSANCE", "Zoé", "04/05/2018", " 1 a", "USAGE"], COLUMNS, TODAY)
    assert read == Pupil(2, "USAGE", "Zoé", "NAISSANCE", BORN, "1A")
    (one,) = differences([read], [Known(1, "naissance", "zoe", BORN, "1A")], SCHOOLS)
    assert one.verdict is Verdict.SAME


def test_an_ine_finds_a_child_who_changed_name():
    (one,) = differences([Pupil(2, "NOUVEAU", "Zoé", "", BORN, "1A")], [Known(1, "ANCIEN", "Zoé", BORN, "1A")], SCHOOLS)
    assert (one.verdict, one.after) == (Verdict.CHANGED, {"last_name": "NOUVEAU"})


def test_an_ine_that_is_surely_somebody_else_is_doubted():
    (one,) = differences([Pupil(2, "MARTIN", "Noé", "", TODAY, "1A")], [Known(1, "MARTIN", "Zoé", BORN, "1A")], SCHOOLS)
    assert one.verdict is Verdict.DOUBLE


def test_twins_of_one_name_are_two_by_their_ine():
    twins = [Pupil(2, "MARTIN", "Zoé", "", BORN, "1A"), Pupil(3, "MARTIN", "Zoé", "", BORN, "2B")]
    assert [one.verdict for one in differences(twins, [], SCHOOLS)] == [Verdict.NEW, Verdict.NEW]


def test_a_namesake_without_ine_does_not_take_the_place_of_the_one_who_has_it():
    file = [Pupil(2, "MARTIN", "Zoé", "", BORN), Pupil(3, "MARTIN", "Zoé", "", BORN, "1A")]
    first, second = differences(file, [Known(1, "MARTIN", "Zoé", BORN, "1A")], SCHOOLS)
    assert (first.verdict, second.verdict, second.known) == (Verdict.DOUBLE, Verdict.SAME, 1)


def test_an_unknown_school_is_said():
    (one,) = differences([Pupil(2, "A", "B", "", BORN, "", "CP", "", "Inconnue")], [], SCHOOLS)
    assert (one.verdict, "Inconnue" in one.reason) == (Verdict.UNREADABLE, True)


@given(files(), registers())
def test_every_line_has_one_verdict_and_nobody_is_touched_twice(file: list[Pupil], known: list[Known]):
    found = differences(file, known, SCHOOLS)
    assert [one.line for one in found if one.line] == [pupil.line for pupil in file]
    touched = [one.known for one in found if one.known is not None]
    assert len(touched) == len(set(touched))
    for one in found:
        assert (one.verdict is Verdict.NEW) == (bool(one.after) and one.known is None)
        assert (one.verdict in (Verdict.CHANGED, Verdict.LEFT)) == (bool(one.after) and one.known is not None)
        assert bool(one.reason) == (one.verdict in (Verdict.DOUBLE, Verdict.UNREADABLE))


@given(files(), registers())
def test_ines_stay_unique_and_leavers_are_of_the_schools_of_the_file(file: list[Pupil], known: list[Known]):
    found = differences(file, known, SCHOOLS)
    ines = {one.pk: one.ine for one in known}
    new = []
    for one in found:
        if one.known is not None and "ine" in one.after:
            ines[one.known] = one.after["ine"]
        elif one.verdict is Verdict.NEW:
            new.append(one.after["ine"])
    every = [ine for ine in [*ines.values(), *new] if ine]
    assert len(every) == len(set(every))
    left = [one for one in found if one.verdict is Verdict.LEFT]
    assert all(one.place is not None and one.place[0] == 1 for one in left)
    assert not left or file


@given(files(), registers())
def test_applied_then_compared_again_nothing_is_left_to_do(file: list[Pupil], known: list[Known]):
    found = differences(file, known, SCHOOLS)
    applied = [_applied(one, found) for one in known]
    for number, one in enumerate((one for one in found if one.verdict is Verdict.NEW), 100):
        after = one.after
        born = date.fromisoformat(after["birth_date"]) if after["birth_date"] else None
        applied.append(Known(number, after["last_name"], after["first_name"], born, after["ine"], one.place))
    sure = {one.line for one in found if one.verdict in (Verdict.NEW, Verdict.CHANGED, Verdict.SAME)}
    again = differences([pupil for pupil in file if pupil.line in sure], applied, SCHOOLS)
    assert {one.verdict for one in again if one.line} <= {Verdict.SAME, Verdict.DOUBLE}


def _applied(one: Known, found: list[Difference]) -> Known:
    after: dict[str, Any] = next(
        (dict(diff.after) for diff in found if diff.known == one.pk and diff.verdict is Verdict.CHANGED), {}
    )
    born = date.fromisoformat(after["birth_date"]) if after.get("birth_date") else one.birth_date
    place = tuple(after["place"]) if after.get("place") else one.place
    last, first = after.get("last_name", one.last_name), after.get("first_name", one.first_name)
    return Known(one.pk, last, first, born, after.get("ine", one.ine), place, after.get("active", one.active))
