from datetime import date, timedelta

import pytest
from holidays.countries.france import France
from hypothesis import given
from hypothesis import strategies as st

from portail.rules.holidays import REGIONS, easter, public_holiday, public_holidays

YEARS = range(2020, 2061)
SUBDIVISIONS = {
    "": None,
    "alsace-moselle": "57",
    "guadeloupe": "971",
    "martinique": "972",
    "guyane": "973",
    "la-reunion": "974",
    "mayotte": "976",
    "saint-martin": "MF",
    "saint-barthelemy": "BL",
}
# Days that the oracle adds and whose legal standing is not established: a town that keeps them closes them.
NOT_KEPT = {"Fête de Victor Schoelcher", "Mi-Carême"}


def oracle(region):
    days = France(subdiv=SUBDIVISIONS[region], years=YEARS, language="fr")
    good_friday = {"Vendredi saint"} if region != "alsace-moselle" else set()
    return {day for day, name in days.items() if not set(name.split("; ")) <= NOT_KEPT | good_friday}


def test_the_eleven_national_days_of_2027():
    assert public_holidays(2027) == {
        date(2027, 1, 1): "Jour de l’An",
        date(2027, 3, 29): "Lundi de Pâques",
        date(2027, 5, 1): "Fête du Travail",
        date(2027, 5, 6): "Ascension",
        date(2027, 5, 8): "Victoire 1945",
        date(2027, 5, 17): "Lundi de Pentecôte",
        date(2027, 7, 14): "Fête nationale",
        date(2027, 8, 15): "Assomption",
        date(2027, 11, 1): "Toussaint",
        date(2027, 11, 11): "Armistice 1918",
        date(2027, 12, 25): "Noël",
    }


@pytest.mark.parametrize("region", REGIONS)
def test_forty_years_against_another_hand(region):
    ours = {day for year in YEARS for day in public_holidays(year, region)}
    assert ours == oracle(region)


@pytest.mark.parametrize(
    ("day", "region", "name"),
    [
        (date(2027, 3, 26), "alsace-moselle", "Vendredi saint"),
        (date(2027, 12, 26), "alsace-moselle", "Saint-Étienne"),
        (date(2027, 3, 26), "", ""),
        (date(2027, 5, 22), "martinique", "Abolition de l’esclavage"),
        (date(2027, 12, 20), "la-reunion", "Abolition de l’esclavage"),
        (date(2027, 5, 22), "la-reunion", ""),
        (date(2008, 5, 1), "", "Fête du Travail"),  # Ascension too
        (date(2028, 2, 29), "", ""),
    ],
)
def test_the_name_of_a_day(day, region, name):
    assert public_holiday(day, region) == name


@given(st.dates(date(2026, 1, 1), date(2028, 12, 31)), st.sampled_from(sorted(REGIONS)))
def test_one_day_says_what_its_year_says(day, region):
    assert public_holiday(day, region) == public_holidays(day.year, region).get(day, "")
    assert list(public_holidays(day.year, region)) == sorted(public_holidays(day.year, region))


@given(st.integers(1583, 4099))
def test_easter_is_a_sunday_between_22_march_and_25_april(year):
    sunday = easter(year)
    assert sunday.weekday() == 6
    assert date(year, 3, 22) <= sunday <= date(year, 4, 25)


def test_any_year_of_the_calendar_has_its_days():
    assert [len(public_holidays(year)) for year in (1, 9999)] == [11, 11]
    assert public_holiday(date.max - timedelta(days=6)) == "Noël"


def test_the_answer_belongs_to_the_caller():
    public_holidays(2027).clear()
    assert len(public_holidays(2027)) == 11


def test_a_region_that_does_not_exist_is_a_mistake():
    with pytest.raises(ValueError, match="bretagne"):
        public_holidays(2027, "bretagne")
