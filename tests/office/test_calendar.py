"""The calendar in the office: a month, a year, holidays of the zone, particular days, closures entered by file."""

import re
from datetime import date

import pytest

from portail.bookings.models import Activity, Closure, DayOverride, HolidayPeriod, Period
from portail.bookings.operations.calendar import ClosureDraft, close_days
from portail.bookings.operations.periods import PeriodWish, validate_period
from portail.rules.zones import HOLIDAYS
from portail.towns.models import Audit
from portail.towns.scope import in_town
from tests.office.doors import Office
from tests.world import CLERK, JAMES, MONDAY, NEXT_TUESDAY, NOW, WEDNESDAY, World, tick, validate

MONTH, YEAR = "/mairie/calendrier/", "/mairie/calendrier/annee/"
HOLIDAYS_PAGE, DAYS = "/mairie/calendrier/vacances/", "/mairie/calendrier/jours/"


def test_a_month_says_what_each_day_is(clerk: Office, demo: World):
    close_days(draft=ClosureDraft(MONDAY, MONDAY, "Travaux", "ferry", "CE1", "cantine"), by=CLERK, now=NOW)
    validate(tick(JAMES, "cantine", NEXT_TUESDAY), demo.as_jamie)
    page = clerk.page(MONTH)
    assert "Novembre 2026" in page
    assert "Armistice 1918" in page
    assert "Vacances de la Toussaint" in clerk.page(MONTH, mois="2026-10")
    assert "Travaux" in page
    assert "JULES FERRY, classe CE1 : Cantine" in page
    assert "1 rés." in page


@pytest.mark.parametrize("month", ["", "2026-13", "x", "1999-01", "2000-01", "2199-12", "2026-02\0"])
def test_any_month_has_a_page(clerk: Office, month):
    assert "Calendrier" in clerk.page(MONTH, mois=month)
    assert "Année scolaire" in clerk.page(YEAR, annee=month[:4])


def test_both_pages_cost_the_same_whatever_is_closed(clerk: Office, django_assert_num_queries):
    clerk.page(MONTH)
    with django_assert_num_queries(7):
        clerk.page(MONTH)
    with django_assert_num_queries(5):
        clerk.page(YEAR)
    for day in range(1, 29):
        close_days(draft=ClosureDraft(date(2026, 11, day), date(2026, 11, day), f"R{day}"), by=CLERK, now=NOW)
    clerk.page(MONTH)
    with django_assert_num_queries(7):
        assert "R28" in clerk.page(MONTH)
    with django_assert_num_queries(5):
        clerk.page(YEAR)


def test_the_dates_of_the_zone_are_taken_up_and_replace_what_was_typed(clerk: Office):
    HolidayPeriod.objects.filter(first__gte=date(2026, 12, 1)).delete()
    clerk.sent(HOLIDAYS_PAGE, {"act": "add", "name": "Pont", "first": "2027-03-15", "last": "2027-03-16"})
    clerk.sent(HOLIDAYS_PAGE, {"act": "zone"})
    found = list(HolidayPeriod.objects.order_by("first").values_list("first", "last", "summer"))
    assert found == [(p.first, p.last, p.summer) for p in HOLIDAYS["B"]]
    act = Audit.objects.filter(verb="replace_holidays").get()
    assert any("Pont" in line for line in act.before["periods"])


def test_a_town_without_a_zone_types_its_own(clerk: Office, demo: World):
    demo.demo.zone = ""
    demo.demo.save(update_fields=["zone"])
    assert "pas de zone" in clerk.page(HOLIDAYS_PAGE)
    assert "une par une" in clerk.refused(HOLIDAYS_PAGE, {"act": "zone"})


def test_one_period_is_changed_and_taken_away(clerk: Office):
    one = HolidayPeriod.objects.get(first=date(2026, 12, 19))
    page = f"{HOLIDAYS_PAGE}{one.pk}/"
    assert "avant de commencer" in clerk.refused(page, {"name": "Noël", "first": "2026-12-19", "last": "2026-12-01"})
    met = clerk.refused(page, {"name": "Noël", "first": "2026-10-20", "last": "2027-01-03"})
    assert "rencontrent « Vacances de la Toussaint »" in met
    clerk.sent(page, {"name": "Noël", "first": "2026-12-18", "last": "2027-01-03"})
    assert HolidayPeriod.objects.get(pk=one.pk).first == date(2026, 12, 18)
    clerk.sent(page, {"act": "remove"})
    assert clerk.get(page).status_code == 404


def test_a_particular_day_comes_and_goes(clerk: Office, demo: World):
    clerk.sent(DAYS, {"day": "2026-11-25", "has_school": "1", "school": "", "reason": "Rattrapage"})
    assert validate(tick(JAMES, "cantine", WEDNESDAY), demo.as_jamie).verdicts[0]["outcome"] == "booked"
    one = DayOverride.objects.get()
    assert "Rattrapage" in clerk.page(DAYS)
    clerk.sent(f"{DAYS}{one.pk}/retirer/")
    assert clerk.post(f"{DAYS}{one.pk}/retirer/").status_code == 404
    assert not DayOverride.objects.exists()
    page = clerk.page(MONTH)  # the booking has no school day any more
    assert "1 réservation tombe un jour qui n&#39;est plus ouvert" in page
    link = "/mairie/calendrier/fermetures/nouvelle/?nature=other&amp;jour=2026-11-25&amp;activite=cantine"
    assert link in page
    form = clerk.page(link.replace("&amp;", "&"))
    assert re.search(r'value="cantine"[^>]*checked', form)


@pytest.mark.parametrize(
    "values",
    [
        {"day": "", "has_school": "1"}, {"day": "2026-11-25"}, {"day": "2026-11-25", "has_school": "2"},
        {"day": "2026-11-25", "has_school": "1", "school": "nulle"}, {"day": "25", "has_school": "1"},
        {"day": "2026-11-25", "has_school": "1", "reason": "x" * 10_000},
        {"day": "2026-11-25", "has_school": "1", "reason": "a\0"},
    ],
)  # fmt: skip
def test_a_refused_day_writes_nothing(clerk: Office, values):
    assert "à corriger" in clerk.refused(DAYS, values)
    assert not DayOverride.objects.exists()


def test_a_closure_entered_by_file_can_be_taken_away(clerk: Office):
    one, _ = close_days(draft=ClosureDraft(MONDAY, MONDAY, "Travaux"), by=CLERK, now=NOW)
    page = f"/mairie/calendrier/fermetures/{one.pk}/retirer/"
    assert page in clerk.page("/mairie/calendrier/fermetures/")
    assert "Travaux" in clerk.page(page)
    clerk.sent(page)
    assert not Closure.objects.exists()
    assert clerk.post(page).status_code == 404


def test_another_towns_rows_are_not_there(clerk: Office, world: World):
    with in_town(world.buchelay):
        one, _ = close_days(draft=ClosureDraft(MONDAY, MONDAY, "Travaux"), by=CLERK, now=NOW)
        holiday = HolidayPeriod.objects.order_by("pk").first()
    assert holiday is not None
    assert clerk.post(f"/mairie/calendrier/fermetures/{one.pk}/retirer/").status_code == 404
    assert clerk.post(f"{HOLIDAYS_PAGE}{holiday.pk}/", {"act": "remove"}).status_code == 404


# --- Périscotidien ----------------------------------------------------------------------------------------------------

PERIOD = {"name": "Période 2", "first": "2026-11-23", "last": "2026-12-18"}


def days_of(code: str) -> str:
    return f"days_{Activity.objects.get(code=code).pk}"


def test_a_period_is_opened_changed_and_retired(clerk: Office):
    new = "/mairie/periodes/nouvelle/"
    assert "au moins un jour" in clerk.refused(new, PERIOD)
    assert "avant de commencer" in clerk.refused(new, {**PERIOD, "last": "2026-11-01", days_of("matin"): ["0"]})
    clerk.sent(new, {**PERIOD, days_of("matin"): ["0", "3"]})
    one = Period.objects.get()
    page = f"/mairie/periodes/{one.pk}/"
    assert "Accueil matin (Lu Je)" in clerk.page("/mairie/periodes/")
    clerk.sent(page, {**PERIOD, days_of("soir"): ["1"], "freezes": "on"})
    assert list(one.offers.values_list("activity__code", "weekdays")) == [("soir", 0b10)]
    clerk.sent(page, {"act": "remove"})
    assert clerk.get(page).status_code == 404


def test_a_period_that_families_validated_keeps_its_days(clerk: Office, demo: World):
    clerk.sent("/mairie/periodes/nouvelle/", {**PERIOD, days_of("matin"): ["0"]})
    one = Period.objects.get()
    validate_period(wish=PeriodWish(one.public_id, JAMES, {"matin": {0}}), by=demo.as_jamie, now=NOW)
    page = f"/mairie/periodes/{one.pk}/"
    assert "déjà validé" in clerk.refused(page, {**PERIOD, days_of("matin"): ["1"]})
    assert "déjà validé" in clerk.refused(page, {"act": "remove"})
    clerk.sent(page, {**PERIOD, "name": "Hiver", days_of("matin"): ["0"]})
    assert Period.objects.get().name == "Hiver"
