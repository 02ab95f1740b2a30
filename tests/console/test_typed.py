"""Days, hours and weekdays as people type them; errors of arguments in French."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.console import typed
from portail.console.arguments import in_french
from portail.console.typed import TypedError


@pytest.mark.parametrize("text", ["2026-11-24", "24/11/2026", " 2026-11-24 "])
def test_a_day_is_read_both_ways(text):
    assert typed.day(text) == date(2026, 11, 24)


@given(st.dates(min_value=date(1000, 1, 1)))
def test_any_day_is_read_as_it_is_written(day):
    assert typed.day(f"{day:%d/%m/%Y}") == typed.day(day.isoformat()) == day


@pytest.mark.parametrize("text", ["", "24/11", "24/11/26", "30/02/2027", "2026-13-01", "demain", "0000-01-01"])
def test_what_is_no_day_is_said(text):
    with pytest.raises(TypedError, match="n'est pas un jour"):
        typed.day(text)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("10:00", 600), ("10h", 600), ("10 h 30", 630), ("17H30", 1050), ("0:00", 0), ("24:00", 1440), ("minuit", 1440)],
)
def test_an_hour_is_read_as_people_write_it(text, minutes):
    assert typed.minutes(text) == minutes


@pytest.mark.parametrize("text", ["", "10", "25:00", "24:01", "10:60", "-1:00", "dix heures"])
def test_what_is_no_hour_is_said(text):
    with pytest.raises(TypedError, match="n'est pas une heure"):
        typed.minutes(text)


def test_a_moment_is_a_day_and_perhaps_an_hour():
    assert typed.moment("24/11/2026") == datetime(2026, 11, 24)
    assert typed.moment("24/11/2026 10 h 30") == datetime(2026, 11, 24, 10, 30)
    with pytest.raises(TypedError, match="pour minuit"):
        typed.moment("24/11/2026 24:00")


@pytest.mark.parametrize("text", ["lu ma je ve", "Lundi, mardi; jeudi vendredi", "ve je ma lu lu"])
def test_weekdays_are_read_as_words(text):
    assert typed.weekdays(text) == {0, 1, 3, 4}


@pytest.mark.parametrize("text", ["", "lu xx", "1 2"])
def test_what_are_no_weekdays_is_said(text):
    with pytest.raises(TypedError, match="les jours s'écrivent"):
        typed.weekdays(text)


def test_yes_and_no():
    assert [typed.yes_no(text) for text in ("oui", "X", "non", "")] == [True, True, False, False]
    with pytest.raises(TypedError, match="oui ou non"):
        typed.yes_no("peut-être")


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("the following arguments are required: --day", "il manque --day"),
        ("argument --day: expected one argument", "--day : il manque sa valeur"),
        ("argument --seats: invalid int value: 'x'", "--seats : 'x' n'est pas un nombre"),
        ("argument ACTE: invalid choice: 'x' (choose from 'post')", "ACTE : 'x' n'existe pas ; au choix : 'post'"),
        ("unrecognized arguments: --x", "argument inconnu : --x"),
        ("something new", "something new"),
    ],
)
def test_errors_of_arguments_are_in_french(english, french):
    assert in_french(english) == french
