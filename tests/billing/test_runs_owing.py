"""Who owes what: custody, shares, ranks; and totals that a slow oracle finds again on small towns drawn at random."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portail.billing.models import Invoice, InvoiceLine
from portail.billing.operations.setup import set_cost_shares
from portail.families.models import Link, Payer, Person
from portail.families.operations.register import PersonDraft
from portail.rules.booking import Right
from portail.rules.weeks import monday
from tests.billing.build import (
    SCHOOL_DAYS,
    abandoned,
    amounts,
    book,
    invoice_of,
    mark,
    prepared,
    quotient,
    tariff,
)
from tests.world import ALINE, CLERK, JAMES, NOW, World, family

ANCHOR = monday(SCHOOL_DAYS[0])


@pytest.fixture
def parents(billing: World) -> tuple[Payer, Payer]:
    """Jamie BOND, and a second parent who answers for James too."""
    quotient(billing.jamie, 700)
    other, _ = family("Robin BOND2", "", [PersonDraft("James", "BOND", code=JAMES)])
    return billing.jamie, other


def custody(right: Right, payer: Payer, weeks_from: date | None = None) -> None:
    Link.objects.filter(payer=payer).update(right=right.value, weeks_from=weeks_from)


def billed_days(payer: Payer) -> list[date]:
    details = InvoiceLine.objects.filter(invoice__payer=payer).values_list("detail", flat=True)
    return sorted(date.fromisoformat(day["day"]) for detail in details for day in detail["days"])


def test_the_first_parent_pays_unless_the_town_says_otherwise(parents):
    book(JAMES, "soir", SCHOOL_DAYS)
    assert amounts(prepared()) == {"BOND": 120 * len(SCHOOL_DAYS)}


def test_who_may_only_read_never_pays(parents):
    custody(Right.READ_ONLY, parents[0])
    book(JAMES, "soir", SCHOOL_DAYS)
    assert amounts(prepared()) == {"BOND2": 120 * len(SCHOOL_DAYS)}


@pytest.mark.parametrize("rights", [(Right.WEEKS, Right.WEEKS), (Right.WEEKS, Right.FULL), (Right.FULL, Right.WEEKS)])
def test_each_parent_owes_exactly_their_weeks(parents, rights):
    for place, (payer, right) in enumerate(zip(parents, rights, strict=True)):
        custody(right, payer, ANCHOR + timedelta(weeks=place) if right is Right.WEEKS else None)
    book(JAMES, "soir", SCHOOL_DAYS)
    run = prepared()
    theirs = {
        payer.last_name: [day for day in SCHOOL_DAYS if (monday(day) - ANCHOR).days // 7 % 2 == place]
        for place, payer in enumerate(parents)
    }
    assert {payer.last_name: billed_days(payer) for payer in parents} == theirs
    assert amounts(run) == {name: 120 * len(days) for name, days in theirs.items()}
    assert sum(amounts(run).values()) == 120 * len(SCHOOL_DAYS)


def test_each_parent_pays_by_their_own_quotient(parents):
    quotient(parents[1], 300)
    for place, payer in enumerate(parents):
        custody(Right.WEEKS, payer, ANCHOR + timedelta(weeks=place))
    book(JAMES, "cantine", SCHOOL_DAYS)
    prepared()
    units = set(InvoiceLine.objects.values_list("invoice__payer__last_name", "unit_cents"))
    assert units == {("BOND", 200), ("BOND2", 100)}


def test_shares_split_to_the_cent_the_odd_ones_to_the_first(parents):
    tariff("soir", {"price": {"care": 75, "food": 26}}, SCHOOL_DAYS[0])
    set_cost_shares(person=JAMES, shares=[(parents[1], 50), (parents[0], 50)], by=CLERK, now=NOW)
    book(JAMES, "soir", SCHOOL_DAYS[:3])
    run = prepared()
    assert amounts(run) == {"BOND": 151, "BOND2": 152}
    totals = [sum(InvoiceLine.objects.values_list(f"{part}_cents", flat=True)) for part in ("care", "food", "extra")]
    assert totals == [225, 78, 0]
    assert invoice_of(parents[0], run).lines.get().label == "Accueil soir – part de 50 %"


def test_shares_of_one_activity_come_before_those_of_all(parents):
    set_cost_shares(person=JAMES, shares=[(parents[0], 100)], by=CLERK, now=NOW)
    set_cost_shares(person=JAMES, shares=[(parents[1], 100)], activity="soir", by=CLERK, now=NOW)
    book(JAMES, "soir", SCHOOL_DAYS[:1])
    book(JAMES, "cantine", SCHOOL_DAYS[:1])
    assert amounts(prepared()) == {"BOND": 200, "BOND2": 120}


def test_the_oldest_child_is_the_first_and_no_birth_date_comes_last(billing: World):
    tariff("soir", {"price": {"care": 100, "food": 0}, "rank_reductions": [0, 10, 50]}, SCHOOL_DAYS[0])
    draft = PersonDraft("Zélie", "BOND", birth_date=None)
    _, (zelie,) = family("Zoé TIERCE", "", [draft])
    Link.objects.create(payer=billing.jamie, person=zelie)
    Person.objects.filter(code=JAMES).update(birth_date=date(2018, 5, 1))
    Person.objects.filter(code=ALINE).update(birth_date=date(2016, 5, 1))
    for code in (JAMES, ALINE, zelie.code):
        book(code, "soir", SCHOOL_DAYS[:1])
    Link.objects.filter(payer__last_name="TIERCE").update(right=Right.READ_ONLY.value)
    run = prepared()
    units = {line.detail["person"]: line.unit_cents for line in invoice_of(billing.jamie, run).lines.all()}
    assert units == {"Aline BOND": 100, "James BOND": 90, "Zélie BOND": 50}
    Person.objects.filter(code=ALINE).update(active=False)  # she has left: the others move up
    run = prepared()
    units = {line.detail["person"]: line.unit_cents for line in invoice_of(billing.jamie, run).lines.all()}
    assert (units["James BOND"], units["Zélie BOND"]) == (100, 90)


# --- An oracle ------------------------------------------------------------------------------------------------------

CELLS = st.lists(
    st.tuples(st.sampled_from((JAMES, ALINE)), st.sampled_from(("cantine", "soir")), st.integers(0, 11), st.booleans()),
    unique_by=lambda cell: cell[:3],
    max_size=30,
)
FAMILY = st.tuples(st.sampled_from((None, 0, 499, 500, 1500)), st.sampled_from(("first", "weeks", "shares")))


def oracle(payers: tuple[Payer, Payer], quotients: list[int | None], how: str, cells: list) -> Counter[str]:
    """Day by day, as a clerk with a pencil would: who owes it, at what price; shares cut at the end of each line."""
    owed: Counter[str] = Counter()
    lines: Counter[tuple[str, str, bool]] = Counter()
    for person, activity, place, present in cells:
        day = SCHOOL_DAYS[place]
        owner = (monday(day) - ANCHOR).days // 7 % 2 if how == "weeks" and person == JAMES else 0
        if activity == "soir":
            price = 240 if present else 120  # not booked: the price twice
        else:
            known = quotients[owner]
            price = 350 if known is None or known >= 1000 else 200 if known >= 500 else 100
        owed[payers[owner].last_name] += price
        if how == "shares" and person == JAMES:
            lines[person, activity, present] += price
    for cents in lines.values():
        away = cents * 30 // 100
        owed[payers[0].last_name] -= away
        owed[payers[1].last_name] += away
    return Counter({name: cents for name, cents in owed.items() if cents >= 100})


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(known=st.tuples(FAMILY, st.sampled_from((None, 0, 499, 500, 1500))), cells=CELLS)
def test_totals_are_those_of_the_oracle(parents, known, cells):
    (first, how), second = known
    for payer, value in zip(parents, (first, second), strict=True):
        payer.quotients.all().delete()
        if value is not None:
            quotient(payer, value)
    for place, payer in enumerate(parents):
        weeks = how == "weeks"
        rows = Link.objects.filter(payer=payer, person__code=JAMES)
        rows.update(right=(Right.WEEKS if weeks else Right.FULL).value, weeks_from=ANCHOR + timedelta(weeks=place))
    shares = [(parents[0], 70), (parents[1], 30)] if how == "shares" else []
    set_cost_shares(person=JAMES, shares=shares, by=CLERK, now=NOW)
    for person, activity, place, present in cells:
        if activity == "soir" and present:
            mark(person, activity, SCHOOL_DAYS[place], "present")
        else:
            book(person, activity, [SCHOOL_DAYS[place]])
    run = prepared()
    found = {name: cents for name, cents in amounts(run).items() if cents >= 100}
    assert found == dict(oracle(parents, [first, second], how, cells))
    for invoice in Invoice.objects.filter(run=run):
        assert invoice.total_cents == sum(invoice.lines.values_list("amount_cents", flat=True))
    abandoned(run)
