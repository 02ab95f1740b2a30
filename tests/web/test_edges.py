"""Pages with little or nothing on them, long names, and the odd corners of the calendar and of the clock."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from portail.bookings.models import Activity
from portail.bookings.operations.offer import enrol, save_group
from portail.families.models import Person
from portail.families.operations.register import PersonDraft
from portail.rules.booking import Right
from portail.towns.models import Town
from portail.towns.operations import change_settings, create_town, set_status
from portail.towns.scope import in_town
from tests.web.browser import Browser, cell, planning_of
from tests.world import ALINE, CLERK, JAMES, JAMIE_CODE, MONDAY, NOW, activity, connect, family

PARIS = ZoneInfo("Europe/Paris")
PAGES = [
    "/accueil/", "/enfants/", "/planning/{code}/", "/planning/{code}/copier/", "/planning/{code}/semaine-type/",
    "/planning/{code}/absence/", "/planning/{code}/autres-enfants/", "/planning/{code}/periscotidien/",
    "/planning/{code}/agenda/", "/modifications/{code}/", "/factures/", "/aide/",
]  # fmt: skip


def walk(browser: Browser, code: str) -> dict[str, str]:
    return {address: browser.page(address.format(code=code)).text for address in PAGES}


@pytest.fixture
def bare() -> Town:
    """A town with nothing: no school, no activity, no news, no logo, no telephone; one child without a class."""
    town = create_town(slug="bare", hosts=["bare.localhost"], settings={"name": "Vide"}, by=CLERK, now=NOW)
    with in_town(town):
        set_status(status=Town.Status.OPEN, by=CLERK, now=NOW)
        family("Nina NUE", "NINAN-1NANA", [PersonDraft("Noé", "NUE", code="321")])
    return town


def test_a_town_with_nothing_still_has_all_its_pages(db, bare):
    front = Browser("bare.localhost").page("/")
    assert "Pas de nouvelle pour le moment." in front.text
    assert "Rappel des horaires" not in front.text
    texts = walk(Browser("bare.localhost").enter("321", "NINAN-1NANA"), "321")
    assert "Rien d'urgent" in texts["/accueil/"]
    assert "Aucune modification" in texts["/modifications/{code}/"]
    assert "Aucune période" in texts["/planning/{code}/periscotidien/"]
    assert "None" not in "".join(texts.values())


def test_a_child_without_class_follows_the_four_day_rhythm(world):
    with in_town(world.demo):
        family("Nina NUE", "NINAN-1NANA", [PersonDraft("Noé", "NUE", code="321")])
    browser = Browser().enter("321", "NINAN-1NANA")
    walk(browser, "321")
    days = {key.rpartition("/")[2] for key in browser.planning("321").shown if "/cantine/" in key}
    assert {"2026-11-23", "2026-11-24", "2026-11-26", "2026-11-27"} <= days
    assert "2026-11-25" not in days
    recap = browser.validate("321", browser.planning("321").form(tick=[cell("321", "cantine", MONDAY)]))
    assert "1 changement enregistré" in recap.text


def test_very_long_names_stay_whole(world):
    name, last = "Anne-" * 16, "X" * 80
    with in_town(world.demo):
        Activity.objects.filter(code="cantine").update(name="C" * 80)
        family(f"{name} {last}", "L0NGL-0NG00", [PersonDraft(name, last, "ferry", "CE1", code="4321")])
    texts = walk(Browser().enter("4321", "L0NGL-0NG00"), "4321")
    assert f"{name} {last}" in texts["/planning/{code}/"]
    assert "C" * 80 in texts["/planning/{code}/"]


def test_a_family_whose_only_child_left_cannot_enter_and_sees_no_crash(world, jamie):
    with in_town(world.demo):
        Person.objects.filter(last_name="BOND").update(active=False)
    assert jamie.get("/accueil/").status_code == 302
    assert Browser().post("/", {"child_code": JAMES, "payer_code": JAMIE_CODE}).status_code == 403


def test_an_adult_eater_and_an_occasional_child_see_what_is_theirs(world):
    with in_town(world.demo):
        activity("adulte", "Cantine adulte", adults=True)
        family("Ève ESCO", "EVEEV-EEVEE", [PersonDraft("Ève", "ESCO", adult=True, code="777")])
        family("Olga OC", "0LGA0-LGA00", [PersonDraft("Oscar", "OC", "mallerin", "10", occasional=True, code="778")])
    adult = Browser().enter("777", "EVEEV-EEVEE")
    assert {key.split("/")[1] for key in adult.planning("777").shown} == {"adulte"}
    walk(adult, "777")
    occasional = Browser().enter("778", "0LGA0-LGA00")
    assert occasional.planning("778").shown == {}
    assert "adulte" not in occasional.planning("778").html
    walk(occasional, "778")


def test_every_other_week_belongs_to_each_parent(world):
    with in_town(world.demo):
        right = {"right": Right.WEEKS, "weeks_from": MONDAY}
        family("Paul AUTRE", "PA0LA-1TRE2", [PersonDraft("Aline", "BOND", code=ALINE)], **right)
    paul = Browser().enter(ALINE, "PA0LA-1TRE2")
    weeks = {week: bool(paul.planning(ALINE, week).shown) for week in ("2026-W48", "2026-W52", "2026-W53", "2027-W01")}
    assert cell(ALINE, "cantine", MONDAY) in paul.planning(ALINE).shown
    assert cell(ALINE, "cantine", MONDAY + timedelta(weeks=1)) not in paul.planning(ALINE).shown
    assert weeks["2026-W48"]


# --- Weeks -----------------------------------------------------------------------------------------------------------


def links_of(browser: Browser, week: str) -> tuple[str, str]:
    page = browser.planning(JAMES, week)
    found = {attrs.get("rel"): attrs["href"] or "" for tag, attrs in page.tags if tag == "a"}
    return found["prev"].rpartition("=")[2], found["next"].rpartition("=")[2]


def test_weeks_follow_each_other_over_week_53_and_the_new_year(world, jamie):
    with in_town(world.demo):
        change_settings(settings={"weeks_shown": 1}, by=CLERK, now=NOW)
    assert links_of(jamie, "2026-W53") == ("2026-W52", "2027-W01")
    assert links_of(jamie, "2027-W01") == ("2026-W53", "2027-W02")
    text = jamie.planning(JAMES, "2026-W53").text
    assert "Semaine 53 28/12 → 03/01" in text
    assert "du lundi 28 décembre au dimanche 3 janvier 2027" in text


def test_one_may_walk_to_the_last_week_shown_and_no_further(world, jamie):
    page = jamie.planning(JAMES, "2999-W01")
    assert not [attrs for tag, attrs in page.tags if attrs.get("rel") == "next"]
    page = jamie.planning(JAMES, "1900-W01")
    assert not [attrs for tag, attrs in page.tags if attrs.get("rel") == "prev"]
    assert "31/08" in page.text  # the week of 1 September


def test_new_years_day_is_closed_and_named(jamie):
    assert "C'est un jour férié" in jamie.page("/planning/007/pourquoi/cantine/2027-01-01/").text


# --- The clock -------------------------------------------------------------------------------------------------------


def entered(code: str = JAMES) -> Browser:
    return Browser().enter(code, JAMIE_CODE)


@pytest.mark.parametrize(
    ("sunday", "monday"), [(date(2027, 3, 28), date(2027, 3, 30)), (date(2026, 10, 25), date(2026, 11, 3))]
)
def test_a_cut_off_keeps_its_wall_clock_over_a_change_of_hour(sunday, monday, world, clock):
    """The canteen closes the working day before at 10 h: ten o'clock on the wall, in winter as in summer."""
    eve = monday - timedelta(days=1)
    if eve.isoformat() == "2027-03-29":  # Easter Monday: the working day before is the Friday
        eve = date(2027, 3, 26)
    key, week = cell(JAMES, "cantine", monday), f"{monday.isocalendar().year}-W{monday.isocalendar().week:02}"
    clock.move_to(datetime(eve.year, eve.month, eve.day, 9, 59, 59, tzinfo=PARIS))
    assert key in entered().planning(JAMES, week).shown
    clock.move_to(datetime(eve.year, eve.month, eve.day, 10, tzinfo=PARIS))
    assert key not in entered().planning(JAMES, week).shown


@pytest.mark.parametrize("hour", [0, 1, 2])
def test_pages_work_in_the_hours_that_do_not_exist_or_come_twice(hour, world, clock):
    for day in (datetime(2027, 3, 28, hour, 30, tzinfo=UTC), datetime(2026, 10, 25, hour, 30, tzinfo=UTC)):
        clock.move_to(day)
        browser = entered()
        walk(browser, JAMES)
        assert day.astimezone(PARIS).strftime("%H:%M") in browser.page("/accueil/").text


def test_the_night_of_the_autumn_change_does_not_lengthen_a_session(world, clock):
    clock.move_to(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
    browser = entered()
    clock.shift(timedelta(minutes=31))  # the wall shows 2:01 again
    assert browser.get("/accueil/").status_code == 302


@pytest.fixture
def overseas(db) -> dict[str, Browser]:
    """Saint-Denis (UTC+4) and Cayenne (UTC-3): the same canteen, « jusqu'à la veille à 10 h »."""
    found = {}
    for slug, zone in (("reunion", "Indian/Reunion"), ("cayenne", "America/Cayenne")):
        settings = {"name": slug.title(), "time_zone": zone}
        town = create_town(slug=slug, hosts=[f"{slug}.localhost"], settings=settings, by=CLERK, now=NOW)
        with in_town(town):
            set_status(status=Town.Status.OPEN, by=CLERK, now=NOW)
            save_group(code="peri", name="PERI", position=1, by=CLERK, now=NOW)
            activity("cantine", "Cantine")
            family("Marie OUTRE", "MAR1E-0TRE0", [PersonDraft("Max", "OUTRE", code="974")])
            assert connect("974", "MAR1E-0TRE0").key
        found[slug] = Browser(f"{slug}.localhost")
    return found


def test_each_town_lives_on_its_own_clock(overseas, clock):
    """Monday 23 November 2026, 6:00 in Paris: 9:00 in Saint-Denis, 2:00 in Cayenne."""
    tuesday = cell("974", "cantine", "2026-11-24")
    clock.move_to(datetime(2026, 11, 23, 5, 59, 59, tzinfo=UTC))
    reunion = overseas["reunion"].enter("974", "MAR1E-0TRE0")
    page = reunion.planning("974")
    assert "09:59" in page.text
    assert tuesday in page.shown
    clock.shift(1)
    assert tuesday not in reunion.planning("974").shown
    assert "aujourd'hui à 10 h" in reunion.page("/planning/974/pourquoi/cantine/2026-11-24/").text
    cayenne = overseas["cayenne"].enter("974", "MAR1E-0TRE0")
    page = cayenne.planning("974")
    assert "03:00" in page.text
    assert tuesday in page.shown


def test_today_is_the_towns_own_day(overseas, clock):
    """Sunday 22 November, 21:00 UTC: already Monday in Saint-Denis, still Sunday in Cayenne."""
    clock.move_to(datetime(2026, 11, 22, 21, tzinfo=UTC))
    days = {}
    for slug, browser in overseas.items():
        page = browser.enter("974", "MAR1E-0TRE0").planning("974")
        today = [attrs for tag, attrs in page.tags if attrs.get("aria-current") == "date"]
        days[slug] = (len(today), "Date et heure du serveur : lundi 23 novembre 2026," in page.text)
    assert days == {"reunion": (1, True), "cayenne": (0, False)}


def test_a_history_tells_the_hour_of_the_town(overseas, clock):
    clock.move_to(datetime(2026, 11, 18, 22, tzinfo=UTC))
    for slug, words in (("reunion", "Je 19-11-2026 à 02:00"), ("cayenne", "Me 18-11-2026 à 19:00")):
        browser = overseas[slug].enter("974", "MAR1E-0TRE0")
        browser.validate("974", browser.planning("974").form(tick=[cell("974", "cantine", MONDAY)]))
        assert words in browser.page("/modifications/974/").text


def test_a_transport_shows_its_stop(world, jamie):
    with in_town(world.demo):
        enrol(person=JAMES, activity="bus", stop="Mairie", by=CLERK, now=NOW)
    assert "arrêt Mairie, 8 h 10" in jamie.planning(JAMES).text
    assert "arrêt Mairie" not in jamie.planning(ALINE).text
    assert jamie.get(planning_of(ALINE)).status_code == 200
