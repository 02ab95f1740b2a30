"""What a page costs: queries that do not grow with the data, and transactions counted one by one."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection

from portail.bookings.models import ChangeSet, Presence
from portail.bookings.operations.offer import PeriodDraft, create_period, enrol
from portail.families.operations.register import PersonDraft
from portail.rules.booking import LatePolicy
from portail.towns.operations import change_settings
from portail.towns.scope import in_town
from tests.web.browser import Browser, Queries, cell, planning_of
from tests.world import (
    ALINE,
    BERTRAND,
    CLERK,
    FRIDAY,
    JAMES,
    JAMIE_CODE,
    MONDAY,
    NEXT_TUESDAY,
    NOW,
    THURSDAY,
    World,
    activity,
    family,
    limit,
    tick,
    untick,
    validate,
)

DAYS = (MONDAY, NEXT_TUESDAY, THURSDAY, FRIDAY)
MANY_CODE = "MANY0-MANY0"
LITTLE, MUCH = JAMES, "700"  # the first children of a small and of a large family

# Host and town, family, bookings (late requests with them), enrolments (stops and frozen periods with them).
PAGES = {
    "/": 3,
    "/accueil/": 8,
    "/enfants/": 2,
    "/planning/{code}/": 4,
    "/planning/{code}/pourquoi/cantine/2026-11-24/": 4,
    "/planning/{code}/copier/": 4,
    "/planning/{code}/semaine-type/": 3,
    "/planning/{code}/absence/": 2,
    "/planning/{code}/autres-enfants/": 2,
    "/planning/{code}/periscotidien/": 3,
    "/planning/{code}/agenda/": 2,
    "/modifications/{code}/": 4,
    "/factures/": 5,
    "/contact/": 2,
    "/aide/": 2,
    "/aide/facture/": 4,
}


@pytest.fixture
def many(world: World) -> Browser:
    """A family of six with some 570 bookings and as many lines of history, over sixteen activities."""
    with in_town(world.demo):
        for number in range(10):
            activity(f"plus{number}", f"Activité {number}", position=10 + number)
        children = [PersonDraft(f"Enfant{n}", "NOMBREUX", "mallerin", "10", code=f"70{n}") for n in range(6)]
        payer, persons = family("Anne NOMBREUX", MANY_CODE, children)
        by = replace(world.as_jamie, payer_id=payer.pk)
        weeks = [day + timedelta(weeks=n) for n in range(2) for day in DAYS]
        codes = ["cantine", "matin", *(f"plus{n}" for n in range(10))]
        wishes = [wish for person in persons for code in codes for wish in tick(person.code, code, *weeks)]
        assert {v["outcome"] for v in validate(wishes, by).verdicts} == {"booked"}
    return Browser().enter(MUCH, MANY_CODE)


def counted(browser: Browser, address: str) -> int:
    browser.get(address)  # the offer is compiled, the templates too
    with Queries() as queries:
        assert browser.get(address).status_code == 200
    return len(queries)


def test_pages_cost_the_same_for_a_small_and_a_large_family(jamie, many):
    stranger = Browser()
    small = {page: counted(jamie if page != "/" else stranger, page.format(code=LITTLE)) for page in PAGES}
    large = {page: counted(many if page != "/" else stranger, page.format(code=MUCH)) for page in PAGES}
    assert small == PAGES
    assert large == PAGES


@pytest.mark.parametrize("weeks", [1, 53])
def test_the_number_of_weeks_costs_nothing(weeks, world, many):
    with in_town(world.demo):
        change_settings(settings={"weeks_shown": weeks}, by=CLERK, now=NOW)
    assert counted(many, planning_of(MUCH)) == PAGES["/planning/{code}/"]


def test_a_plain_town_reads_its_planning_with_three_queries(world, lea):
    """Host and town, family, bookings: nothing limited, nobody enrolled, nothing asked to the town hall."""
    assert counted(lea, planning_of(JAMES)) == 3


def test_further_notions_cost_the_planning_two_queries_at_the_most(world, lea):
    address = planning_of(JAMES)
    with in_town(world.buchelay):
        limit("cantine", 10)
        assert counted(lea, address) == 4  # places
        activity("soir", "Soir", late=LatePolicy.ASK)
        assert counted(lea, address) == 4  # requests come with the bookings
        activity("bus", "Bus", enrolled_only=True)
        assert counted(lea, address) == 5  # enrolments
        draft = PeriodDraft(MONDAY, FRIDAY, {"cantine": frozenset({0})}, freezes=True)
        create_period(draft=draft, by=CLERK, now=NOW)
        assert counted(lea, address) == 5  # periods come with the enrolments


def test_the_offer_is_compiled_once_per_revision(world, jamie):
    address = planning_of(JAMES)
    before = counted(jamie, address)
    with in_town(world.demo):
        limit("cantine", 10)
    with Queries() as first:
        jamie.get(address)
    assert len(first) > before + 1
    assert counted(jamie, address) == before + 1


def change(browser: Browser, code: str, number: int, activities: tuple[str, ...] = ("cantine",)) -> int:
    page = browser.planning(code)
    cells = [cell(code, act, day) for day in DAYS for act in activities][:number]
    booked = [key for key in cells if page.shown[key]]
    form = page.form(tick=set(cells) - set(booked), untick=booked)
    with Queries() as queries:
        assert browser.post(planning_of(code), form).status_code == 302
    return len(queries)


def test_saving_costs_the_same_for_one_change_and_for_many(world, jamie, many):
    activities = ("matin", "cantine")
    assert change(jamie, LITTLE, 1) == 11
    assert change(jamie, LITTLE, 8, activities) == 12  # books some, cancels one
    assert change(many, MUCH, 4) == 11  # cancels four
    assert change(many, MUCH, 8, activities) == 12


def test_saving_four_changes_stays_in_its_budget_whatever_the_family(world, jamie, many):
    for browser, code in ((jamie, LITTLE), (many, MUCH)):
        assert change(browser, code, 4) <= 12


def test_each_limited_day_adds_a_bounded_number_of_queries(world, jamie):
    base = change(jamie, JAMES, 1, ("midi",))
    assert change(jamie, JAMES, 1, ("midi",)) <= base
    with in_town(world.demo):
        limit("matin", 5)
    jamie.planning(JAMES)
    costs = [change(jamie, JAMES, number, ("matin",)) for number in (1, 2, 4)]
    first, second, fourth = costs
    assert first <= base + 6  # read, create, count what is booked, lock, write
    assert second <= first + 2
    assert fourth <= second + 3
    assert change(jamie, JAMES, 4, ("matin",)) <= base + 2 + 4 + 1


def test_the_recap_and_the_undo_cost_the_same_for_one_change_and_for_many(world, jamie):
    costs, address = [], ""
    for number in (1, 4):
        page = jamie.planning(JAMES)
        form = page.form(tick=[cell(JAMES, "matin", day) for day in DAYS[:number]], untick=page.ticked)
        address = jamie.post(planning_of(JAMES), form).headers["Location"]
        with Queries() as recap:
            jamie.get(address)
        costs.append(len(recap))
    assert costs == [4, 4]
    undo = address.replace("#recap", "annuler/")
    with Queries() as undone:
        jamie.post(undo)
    assert len(undone) <= 16


def test_logging_in_costs_the_same_for_one_child_and_six(world, many):
    costs = []
    for code, payer_code in ((JAMES, JAMIE_CODE), (MUCH, MANY_CODE), (BERTRAND, "M4RS0-NE123")):
        with Queries() as queries:
            Browser().enter(code, payer_code)
        costs.append(len(queries))
    assert costs == [8, 8, 8]


# --- Transactions ----------------------------------------------------------------------------------------------------


def test_a_planning_page_opens_no_transaction(world, jamie, transactions):
    for address in (planning_of(JAMES), "/accueil/", "/modifications/007/", "/enfants/"):
        jamie.get(address)
    Browser().get("/")
    assert transactions == []


def test_logging_in_opens_one_transaction_right_or_wrong(world, transactions):
    Browser().enter(JAMES, JAMIE_CODE)
    assert len(transactions) == 1
    transactions.clear()
    assert Browser().post("/", {"child_code": JAMES, "payer_code": "WRONG-WRONG"}).status_code == 403
    assert len(transactions) == 1
    transactions.clear()
    assert Browser().post("/", {"child_code": "12345678", "payer_code": "x"}).status_code == 400
    assert transactions == []


def test_validating_undoing_and_leaving_open_one_transaction_each(world, jamie, transactions):
    form = jamie.planning(JAMES).form(tick=[cell(JAMES, "cantine", day) for day in DAYS])
    assert transactions == []
    address = jamie.post(planning_of(JAMES), form).headers["Location"]
    assert len(transactions) == 1
    transactions.clear()
    jamie.get(address)
    assert transactions == []
    jamie.post(address.replace("#recap", "annuler/"))
    assert len(transactions) == 1
    transactions.clear()
    jamie.post("/prolonger/")
    assert transactions == []
    jamie.post("/deconnexion/")
    assert len(transactions) == 1


def test_a_preview_opens_no_transaction_and_writes_nothing(world, jamie, transactions, snapshot):
    before = snapshot()
    days = {"first": str(MONDAY), "last": str(FRIDAY), "step": "preview"}
    forms = {
        "copier/?semaine=2026-W48": {"until": "next"},
        "semaine-type/": {**days, "day": ["cantine/0", "cantine/1"]},
        "absence/": {**days, "child": [JAMES, ALINE]},
        "autres-enfants/": {**days, "child": [ALINE]},
    }
    for tool, form in forms.items():
        with Queries() as queries:
            assert jamie.post(planning_of(JAMES) + tool, form).status_code == 200
        assert queries.writes == []
    assert transactions == []
    assert snapshot() == before


@pytest.mark.django_db(transaction=True)
def test_the_database_itself_sees_as_many_commits(clock):
    """Without the tests' own transaction around: what is really sent. PostgreSQL wraps each lone read as well."""
    from tests.world import build  # noqa: PLC0415 -- built here, where it is really committed

    world = build()
    browser = Browser().enter(JAMES, JAMIE_CODE)
    page = browser.planning(JAMES)

    def writing(method: str, address: str, form: object = None) -> tuple[int, int]:
        with RawQueries() as queries:
            getattr(browser, method)(address, form)
        return queries.transactions()

    assert writing("get", planning_of(JAMES))[1] == 0
    assert writing("post", planning_of(JAMES), page.form(tick=[cell(JAMES, "cantine", MONDAY)]))[1] == 1
    assert writing("post", "/", {"child_code": JAMES, "payer_code": JAMIE_CODE})[1] == 1
    if connection.vendor == "sqlite":
        assert writing("get", planning_of(JAMES))[0] == 0
        assert writing("get", "/accueil/")[0] == 0
    with in_town(world.demo):
        assert (ChangeSet.objects.count(), Presence.objects.count()) == (1, 1)


class RawQueries(Queries):
    """Bounds included: how many transactions began, and how many of them wrote."""

    def transactions(self) -> tuple[int, int]:
        began = wrote = 0
        written = False
        for query in self.captured_queries:
            sql = query["sql"]
            if sql.startswith("BEGIN"):
                began, written = began + 1, False
            if sql in self.writes and not sql.startswith("SELECT") and not written:
                wrote, written = wrote + 1, True
        return began, wrote


def test_the_counter_of_transactions_sees_a_second_one(world, transactions):
    """The tool itself, seen red: two submissions are two transactions, a savepoint is none."""
    with in_town(world.demo):
        validate(tick(JAMES, "cantine", MONDAY), world.as_jamie)
        validate(untick(JAMES, "cantine", MONDAY), world.as_jamie)
        enrol(person=JAMES, activity="bus", stop="Mairie", by=CLERK, now=NOW)
    assert len(transactions) == 3
