"""The page and the operation agree: what a cell shows is what saving it would answer. And nothing unseen is a wish."""

import random
from datetime import date, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portail.bookings.models import LateRequest, Presence
from portail.bookings.operations.calendar import ClosureDraft, close_days, set_school_day
from portail.bookings.operations.changes import Submission, change_presences
from portail.bookings.operations.offer import enrol
from portail.bookings.queries.wished import read_wishes
from portail.bookings.verdicts import restored_all
from portail.rules.booking import LatePolicy, Outcome, Refusal, Wish
from portail.rules.calendar import Opening
from portail.rules.cutoffs import Cutoff, CutoffKind
from portail.rules.weeks import monday, week_slug
from portail.towns.scope import in_town
from tests.web.browser import Browser
from tests.world import (
    ALINE,
    BERTRAND,
    CLERK,
    FRIDAY,
    JAMES,
    MONDAY,
    NOW,
    TUESDAY,
    WEDNESDAY,
    World,
    activity,
    limit,
    tick,
    validate,
)

DEPENDENCIES = {Refusal.REQUIRES, Refusal.REQUIRED_BY, Refusal.EXCLUDES}

# --- What is read of a form ------------------------------------------------------------------------------------------

parts = st.one_of(
    st.sampled_from(["007", "008", "cantine", "matin", "2026-11-23", "2026-11-24", "2026-W48-1", "20261123", "0", "1"]),
    st.text(max_size=8),
    st.dates().map(str),
)
texts = st.one_of(st.text(max_size=40), st.lists(parts, min_size=1, max_size=6).map("/".join))


@given(shown=st.lists(texts, max_size=12), ticked=st.lists(texts, max_size=12))
@settings(max_examples=150)
def test_any_form_is_read_and_no_cell_comes_from_nowhere(shown, ticked):
    wishes, unreadable = read_wishes(shown, ticked)
    for wish in wishes:
        keys = {text[:-2] for text in shown if text.count("/") == 3 and text.endswith(("/0", "/1"))}
        assert any(key.startswith(f"{wish.person}/{wish.activity}/") for key in keys)
        key = f"{wish.person}/{wish.activity}/{wish.day}"
        if key in keys and wish.present:
            assert key in ticked
    assert len(wishes) <= len(shown)
    assert len(unreadable) <= len(shown) + len(ticked)
    assert all(len(text) <= 80 for text in unreadable)


cells = st.builds(
    "{}/{}/{}".format,
    st.sampled_from([JAMES, ALINE]),
    st.sampled_from(["cantine", "matin", "soir"]),
    st.dates(MONDAY, FRIDAY),
)


@given(st.dictionaries(cells, st.tuples(st.booleans(), st.booleans()), max_size=20), st.sets(cells, max_size=10))
def test_a_form_of_ours_is_read_exactly(shown, also_ticked):
    """For each cell: (seen booked, box ticked). What is ticked beside is told, and nothing more."""
    ticked = {key for key, (_seen, wanted) in shown.items() if wanted} | (also_ticked - set(shown))
    wishes, unreadable = read_wishes([f"{key}/{int(seen)}" for key, (seen, _w) in shown.items()], sorted(ticked))
    read = {f"{w.person}/{w.activity}/{w.day}": (w.seen, w.present) for w in wishes}
    assert read == shown
    assert unreadable == sorted(also_ticked - set(shown))


# --- What is shown and what is saved ---------------------------------------------------------------------------------

FIXED = Cutoff(CutoffKind.FIXED_DATE, 1440, on=date(2026, 11, 20))
A_MONTH = Cutoff(CutoffKind.CALENDAR_DAYS, 0, days=30)
SAME_DAY = Cutoff(CutoffKind.SAME_DAY, 8 * 60)
ACTIVITIES = ["cantine", "midi", "matin", "soir", "mercredi", "bus", "noel", "loisirs", "libre", "grands", "tard"]
# A window that collides with everything: today, closures, All Saints' past, Christmas holidays and New Year.
WINDOW = st.one_of(
    st.dates(date(2026, 11, 9), date(2026, 12, 6)),
    st.sampled_from([NOW.date(), TUESDAY, MONDAY, date(2026, 12, 18), date(2026, 12, 19), date(2027, 1, 1), WEDNESDAY]),
    st.dates(date(2026, 12, 15), date(2027, 1, 8)),
)


@pytest.fixture
def crowded(world: World, jamie: Browser) -> World:
    """The world with closures, a catch-up day, late policies, full days, bookings and requests."""
    with in_town(world.demo):
        activity("noel", "Noël", opens_on=Opening.SMALL_HOLIDAYS, cutoff=FIXED, weekdays=frozenset(range(5)))
        activity("loisirs", "Loisirs", late=LatePolicy.ACCEPT, late_until=18 * 60)
        activity("libre", "Libre", opens_on=Opening.ANY_DAY, cutoff=SAME_DAY, weekdays=frozenset(range(7)))
        activity("grands", "Grands", weeks_ahead=2, enrolled_only=True)
        enrol(person=JAMES, activity="bus", stop="Mairie", by=CLERK, now=NOW)
        enrol(person=JAMES, activity="grands", by=CLERK, now=NOW)
        activity(
            "tard", "Tard", late=LatePolicy.ASK, late_until=23 * 60, cutoff=Cutoff(CutoffKind.CALENDAR_DAYS, 0, days=30)
        )
        set_school_day(day=date(2026, 12, 2), has_school=True, reason="rattrapage", by=CLERK, now=NOW)
        set_school_day(day=date(2026, 11, 27), has_school=False, reason="pont", by=CLERK, now=NOW)
        close_days(draft=ClosureDraft(date(2026, 12, 3), date(2026, 12, 4), "Travaux"), by=CLERK, now=NOW)
        close_days(draft=ClosureDraft(MONDAY, MONDAY, "Grève", activity="matin"), by=CLERK, now=NOW)
        limit("cantine", 1)
        limit("libre", 1, school="mallerin")
        validate(tick(BERTRAND, "cantine", date(2026, 11, 24), date(2026, 12, 1)), world.as_denise)
        validate(tick(ALINE, "libre", date(2026, 11, 24), date(2026, 11, 28)), world.as_jamie)
        draw = random.Random(7)  # noqa: S311 -- a reproducible scatter of bookings
        days = [NOW.date() + timedelta(days=n) for n in range(55)]
        wishes = [w for code in ACTIVITIES for day in draw.sample(days, 20) for w in tick(JAMES, code, day)]
        validate(wishes, world.as_jamie)
        assert Presence.objects.count() > 20
        assert LateRequest.objects.count() > 0
    return world


def answer(world: World, key: str, present: bool) -> tuple[Outcome, Refusal | None]:
    """What the operation says of toggling this one cell; nothing stays of it."""
    person, code, day = key.split("/")
    wish = Wish(person, code, date.fromisoformat(day), present=present, seen=not present)
    with in_town(world.demo):
        trial = transaction.savepoint()
        change_set = change_presences(submission=Submission([wish]), by=world.as_jamie, now=NOW)
        transaction.savepoint_rollback(trial)
    (found,) = [v for v in restored_all(change_set.verdicts) if not v.implied]
    return found.outcome, found.refusal


@given(data=st.data())
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_cell_is_live_exactly_when_saving_it_would_work(data, crowded, jamie):
    """Dependencies aside: a swap must stay possible, so the page leaves both boxes live and the recap explains."""
    day = data.draw(WINDOW)
    page = jamie.planning(JAMES, week_slug(monday(day)))
    with in_town(crowded.demo):
        booked = set(Presence.objects.filter(person=crowded.james, day=day).values_list("activity__code", flat=True))
    for code in ACTIVITIES:
        key = f"{JAMES}/{code}/{day}"
        _outcome, refusal = answer(crowded, key, present=code not in booked)
        if key in page.shown:
            assert refusal is None or refusal in DEPENDENCIES, (key, refusal)
            assert page.shown[key] == (code in booked)
        else:
            assert refusal is not None, key


@given(data=st.data())
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_why_gives_the_reason_that_saving_would_give(data, crowded, jamie):
    day, code = data.draw(WINDOW), data.draw(st.sampled_from(ACTIVITIES))
    with in_town(crowded.demo):
        booked = Presence.objects.filter(person=crowded.james, day=day, activity__code=code).exists()
    _outcome, refusal = answer(crowded, f"{JAMES}/{code}/{day}", present=not booked)
    text = jamie.page(f"/planning/007/pourquoi/{code}/{day}/").text
    if "Cette case peut être changée." in text:
        assert refusal is None or refusal in DEPENDENCIES
    else:
        assert refusal is not None
    assert ("· inscrit" in text) == booked


def test_a_limit_set_on_days_already_full_is_shown_as_it_would_be_answered(world, jamie):
    """Two children are there, the town hall then sets one place: no counter exists yet, but no place is left either."""
    with in_town(world.demo):
        validate(tick(BERTRAND, "cantine", MONDAY) + tick("123456", "cantine", MONDAY), world.as_denise)
        limit("cantine", 1)
    key = f"{JAMES}/cantine/{MONDAY}"
    assert answer(world, key, present=True) == (Outcome.REFUSED, Refusal.FULL)
    assert key not in jamie.planning(JAMES).shown
