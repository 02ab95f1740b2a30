"""Places: limits per town and per school, set, lowered, raised, freed; never one too many (P12)."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from portail.bookings.models import Limit, Places, Presence
from portail.bookings.operations.calendar import ClosureDraft, close_days
from portail.bookings.operations.changes import undo
from portail.bookings.operations.offer import OfferError, save_dependency, set_limit
from portail.bookings.queries.offer import offer_now
from portail.bookings.queries.records import Span, full_days, known
from portail.bookings.verdicts import restored_all
from portail.families.queries import children_of
from portail.rules.booking import DependencyKind
from portail.towns.models import Audit
from tests.world import (
    ALINE,
    ANGELINE,
    BERTRAND,
    CLERK,
    FRIDAY,
    JAMES,
    MONDAY,
    NEXT_TUESDAY,
    NOW,
    THURSDAY,
    World,
    limit,
    tick,
    untick,
    validate,
)

WEEK = Span(MONDAY, FRIDAY)


def ask(wishes, by) -> list[str]:
    return [(v.refusal or v.outcome).value for v in restored_all(validate(wishes, by).verdicts)]


def counters() -> dict[tuple[str, str], tuple[int, int]]:
    """(activity, school or "") -> (taken, seats) of MONDAY."""
    rows = Places.objects.filter(day=MONDAY).values_list(
        "limit__activity__code", "limit__school__code", "taken", "seats"
    )
    return {(code, school or ""): (taken, seats) for code, school, taken, seats in rows}


def test_the_first_are_served_and_the_next_told(demo: World):
    limit("cantine", 2)
    assert ask([*tick(JAMES, "cantine", MONDAY), *tick(ALINE, "cantine", MONDAY)], demo.as_jamie) == ["booked"] * 2
    wishes = tick(ANGELINE, "cantine", MONDAY, NEXT_TUESDAY)
    assert ask(wishes, demo.as_denise) == ["full", "booked"]
    assert counters() == {("cantine", ""): (2, 2)}


def test_inside_one_sending_the_first_wishes_are_served(demo: World):
    limit("cantine", 1)
    assert ask([*tick(ALINE, "cantine", MONDAY), *tick(JAMES, "cantine", MONDAY)], demo.as_jamie) == ["booked", "full"]
    assert Presence.objects.get().person == demo.aline


def test_a_place_freed_in_the_same_sending_is_free(demo: World):
    limit("cantine", 1)
    validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie)
    swap = [*tick(ALINE, "cantine", MONDAY), *untick(JAMES, "cantine", MONDAY)]
    assert ask(swap, demo.as_jamie) == ["booked", "cancelled"]
    assert counters() == {("cantine", ""): (1, 1)}


def test_a_cancelled_place_goes_to_the_next(demo: World):
    limit("cantine", 1)
    answer = validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie)
    assert ask(tick(ANGELINE, "cantine", MONDAY), demo.as_denise) == ["full"]
    undo(public_id=answer.public_id, by=demo.as_jamie, now=NOW)
    assert counters() == {("cantine", ""): (0, 1)}
    assert ask(tick(ANGELINE, "cantine", MONDAY), demo.as_denise) == ["booked"]


def test_a_school_may_have_its_own_limit_within_the_towns(demo: World):
    limit("cantine", 3)
    limit("cantine", 1, school="mallerin")
    bonds = [*tick(JAMES, "cantine", MONDAY), *tick(ALINE, "cantine", MONDAY)]
    assert ask(bonds, demo.as_jamie) == ["booked", "full"]
    marsones = [*tick(ANGELINE, "cantine", MONDAY), *tick(BERTRAND, "cantine", MONDAY)]
    assert ask(marsones, demo.as_denise) == ["booked", "booked"]
    assert counters() == {("cantine", ""): (3, 3), ("cantine", "mallerin"): (1, 1)}


def test_the_town_limit_holds_where_the_schools_has_room(demo: World):
    limit("cantine", 1)
    limit("cantine", 5, school="ferry")
    assert ask(tick(JAMES, "cantine", MONDAY), demo.as_jamie) == ["booked"]
    assert ask(tick(ANGELINE, "cantine", MONDAY), demo.as_denise) == ["full"]
    assert counters()[("cantine", "ferry")] == (0, 5)


def test_a_limit_set_on_an_activity_in_use_counts_who_is_there(demo: World):
    validate([*tick(JAMES, "cantine", MONDAY), *tick(ALINE, "cantine", MONDAY)], demo.as_jamie)
    limit("cantine", 2)
    limit("cantine", 1, school="ferry")
    assert ask(tick(ANGELINE, "cantine", MONDAY), demo.as_denise) == ["full"]
    assert counters() == {("cantine", ""): (2, 2), ("cantine", "ferry"): (0, 1)}


def test_a_lowered_limit_puts_nobody_out_and_lets_nobody_in(demo: World):
    limit("cantine", 4)
    validate([*tick(JAMES, "cantine", MONDAY), *tick(ALINE, "cantine", MONDAY)], demo.as_jamie)
    validate(tick(ANGELINE, "cantine", MONDAY), demo.as_denise)
    limit("cantine", 1)
    assert ask(tick(BERTRAND, "cantine", MONDAY), demo.as_denise) == ["full"]
    assert ask(untick(JAMES, "cantine", MONDAY), demo.as_jamie) == ["cancelled"]
    assert ask(tick(JAMES, "cantine", MONDAY), demo.as_jamie) == ["full"]
    swap = [*untick(ALINE, "cantine", MONDAY), *tick(JAMES, "cantine", MONDAY)]
    assert ask(swap, demo.as_jamie) == ["cancelled", "full"]
    assert ask(untick(ANGELINE, "cantine", MONDAY), demo.as_denise) == ["cancelled"]
    assert ask(tick(BERTRAND, "cantine", MONDAY), demo.as_denise) == ["booked"]
    assert counters() == {("cantine", ""): (1, 1)}


def test_a_lowered_limit_met_by_a_first_counter(demo: World):
    """More bookings than seats, and no counter yet: it starts at what is there, and only goes down."""
    validate([*tick(JAMES, "cantine", MONDAY), *tick(ALINE, "cantine", MONDAY)], demo.as_jamie)
    limit("cantine", 1)
    assert ask(tick(ANGELINE, "cantine", MONDAY), demo.as_denise) == ["full"]
    assert ask(untick(JAMES, "cantine", MONDAY), demo.as_jamie) == ["cancelled"]
    assert Places.objects.get().taken == 1


def test_a_raised_limit_opens_at_once(demo: World):
    limit("cantine", 1)
    validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie)
    assert full_days(offer_now(), WEEK) == {("cantine", MONDAY, None)}
    limit("cantine", 2)
    assert full_days(offer_now(), WEEK) == set()
    assert ask(tick(ALINE, "cantine", MONDAY), demo.as_jamie) == ["booked"]


def test_the_page_knows_the_full_days_of_each_school(demo: World):
    limit("cantine", 1, school="mallerin")
    limit("matin", 1)
    validate([*tick(JAMES, "cantine", MONDAY), *tick(JAMES, "matin", THURSDAY)], demo.as_jamie)
    offer = offer_now()
    mallerin = next(pk for pk, name in offer.schools.items() if name == "MALLERIN PRIMAIRE")
    expected = {("cantine", MONDAY, mallerin), ("matin", THURSDAY, None)}
    assert full_days(offer, WEEK) == expected
    assert full_days(offer, Span(NEXT_TUESDAY, FRIDAY)) == {("matin", THURSDAY, None)}
    assert known(children_of(demo.as_jamie, [JAMES]), offer, WEEK).full == expected


def test_a_closure_gives_the_places_back(demo: World):
    limit("cantine", 1)
    validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie)
    close_days(draft=ClosureDraft(MONDAY, MONDAY, "Grève"), by=CLERK, now=NOW)
    assert counters() == {("cantine", ""): (0, 1)}


def test_the_town_hall_cannot_overbook_either(demo: World):
    limit("cantine", 1)
    assert ask(tick(JAMES, "cantine", MONDAY), CLERK) == ["booked"]
    assert ask(tick(ALINE, "cantine", MONDAY), CLERK) == ["full"]


def test_what_leans_on_a_full_activity_falls_with_it(demo: World):
    save_dependency(activity="soir", kind=DependencyKind.REQUIRES, other="matin", by=CLERK, now=NOW)
    limit("matin", 1)
    validate(tick(ANGELINE, "matin", MONDAY), demo.as_denise)
    wishes = [*tick(JAMES, "soir", MONDAY), *tick(JAMES, "matin", MONDAY)]
    assert ask(wishes, demo.as_jamie) == ["requires", "full"]
    assert counters() == {("matin", ""): (1, 1)}


def test_the_database_itself_refuses_one_too_many(demo: World):
    limit("cantine", 1)
    validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie)
    for wrong in ({"taken": 2}, {"seats": 0}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Places.objects.update(**wrong)


def test_a_limit_is_at_least_one_and_leaves_its_trace(demo: World):
    for seats in (0, -1):
        with pytest.raises(OfferError, match="au moins une place"):
            set_limit(activity="cantine", seats=seats, by=CLERK, now=NOW)
    for wrong in ({"activity": "piscine"}, {"activity": "cantine", "school": "nulle part"}):
        with pytest.raises(OfferError, match="n'existe pas"):
            set_limit(**wrong, seats=1, by=CLERK, now=NOW)
    limit("cantine", 3)
    limit("cantine", 2)
    assert Limit.objects.get().seats == 2
    acts = Audit.objects.filter(verb="set_limit").order_by("id").values_list("subject", "after")
    assert list(acts) == [("cantine", {"school": "", "seats": 3}), ("cantine", {"school": "", "seats": 2})]


def test_counters_are_all_made_before_any_is_locked(demo: World):
    """Or two submissions that each hold a counter and wait to make another one could wait for one another."""
    limit("cantine", 3)
    validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie)
    with CaptureQueriesContext(connection) as queries:
        validate(tick(ALINE, "cantine", MONDAY, NEXT_TUESDAY), demo.as_jamie)
    on_places = [q["sql"] for q in queries if '"bookings_places"' in q["sql"]]
    words = ["LOCK" if sql.endswith("FOR UPDATE") else sql.split()[0] for sql in on_places]
    lock = "LOCK" if connection.features.has_select_for_update else "SELECT"
    assert words == ["SELECT", "INSERT", lock, "UPDATE", "UPDATE"]


def test_limited_days_cost_one_write_each_and_nothing_more(demo: World):
    def cost(*days) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert set(ask(tick(JAMES, "cantine", *days), demo.as_jamie)) == {"booked"}
        return len(queries)

    limit("cantine", 3)
    validate([], demo.as_jamie)
    assert cost(NEXT_TUESDAY, THURSDAY, FRIDAY) == cost(MONDAY) + 2
