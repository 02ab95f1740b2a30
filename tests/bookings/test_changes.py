"""`change_presences` and `undo`: what is saved, refused, replayed, and the trace of it all (P7, P8, P9)."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from portail.bookings.models import Change, ChangeSet, LateRequest, Presence
from portail.bookings.operations.changes import Submission, UndoneAlreadyError, change_presences, undo
from portail.bookings.operations.offer import enrol, save_dependency
from portail.bookings.queries.history import change_set_of
from portail.bookings.verdicts import restored_all
from portail.families.models import Link, Person
from portail.families.operations.register import PersonDraft
from portail.families.queries import children_of
from portail.rules.booking import DependencyKind, LatePolicy, Outcome, Refusal, Right, Wish
from portail.towns.actors import Actor, parent
from portail.towns.models import Audit
from portail.towns.scope import in_town
from tests.world import (
    ALINE,
    ANGELINE,
    CLERK,
    EVE_10,
    FRIDAY,
    JAMES,
    MONDAY,
    NEXT_TUESDAY,
    NOW,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    World,
    activity,
    family,
    tick,
    untick,
    validate,
)

TOKEN = "once"  # noqa: S105 -- of a form
Booked = set[tuple[str, str, date]]


def booked() -> Booked:
    return set(Presence.objects.values_list("person__code", "activity__code", "day"))


def answers(change_set: ChangeSet) -> list[str]:
    """The outcome of each verdict, or why it was refused."""
    return [(verdict.refusal or verdict.outcome).value for verdict in restored_all(change_set.verdicts)]


# --- What is saved --------------------------------------------------------------------------------------------------


def test_a_tick_is_a_presence_a_line_of_history_and_an_answer(demo: World):
    answer = validate(tick(JAMES, "cantine", TUESDAY), demo.as_jamie)
    assert answers(answer) == ["booked"]
    assert booked() == {(JAMES, "cantine", TUESDAY)}
    line = Change.objects.get()
    assert (line.person.code, line.activity.code, line.day, line.present) == (JAMES, "cantine", TUESDAY, True)
    assert (line.channel, line.at, line.change_set, line.reason, line.late) == ("web", NOW, answer, "", False)
    assert (answer.payer, answer.staff, answer.channel, answer.at) == (demo.jamie, None, "web", NOW)


def test_an_untick_takes_the_presence_away_and_adds_a_line(demo: World):
    validate(tick(JAMES, "cantine", TUESDAY, MONDAY), demo.as_jamie)
    assert answers(validate(untick(JAMES, "cantine", TUESDAY), demo.as_jamie)) == ["cancelled"]
    assert booked() == {(JAMES, "cantine", MONDAY)}
    assert list(Change.objects.order_by("id").values_list("day", "present")) == [
        (TUESDAY, True),
        (MONDAY, True),
        (TUESDAY, False),
    ]


def test_what_may_be_saved_is_and_the_rest_is_refused_cell_by_cell(demo: World):
    wishes = [
        *tick(JAMES, "cantine", MONDAY),
        *tick(JAMES, "cantine", WEDNESDAY),  # no canteen on Wednesdays
        *tick(JAMES, "cantine", NOW.date()),  # closed on Friday
        *tick(JAMES, "cantine", date(2026, 12, 25)),  # holidays
        *tick(JAMES, "cantine", NOW.date() - timedelta(days=7)),
        *tick(JAMES, "mercredi", TUESDAY + timedelta(days=1)),  # closed last Thursday
        *tick(JAMES, "bus", MONDAY),
        *tick(JAMES, "piscine", MONDAY),
        *tick("999", "cantine", MONDAY),
        *tick(ANGELINE, "cantine", MONDAY),  # another family's
        *tick(ALINE, "soir", NEXT_TUESDAY),
    ]
    answer = validate(wishes, demo.as_jamie)
    assert answers(answer) == [
        "booked",
        "not_offered",
        "too_late",
        "closed",
        "past",
        "too_late",
        "not_enrolled",
        "unknown_activity",
        "unknown_child",
        "unknown_child",
        "booked",
    ]
    assert booked() == {(JAMES, "cantine", MONDAY), (ALINE, "soir", NEXT_TUESDAY)}
    assert Change.objects.count() == 2


@pytest.mark.parametrize(
    "wish",
    [
        Wish("", "", MONDAY, present=True, seen=False),
        Wish("0\0", "\0", MONDAY, present=True, seen=False),
        Wish("\ud800", "cantine", MONDAY, present=True, seen=False),
        Wish("٠٠٧", "cantine", MONDAY, present=True, seen=False),
        Wish(JAMES, "x" * 100_000, MONDAY, present=True, seen=True),
        Wish(JAMES, "cantine", date.min, present=True, seen=False),
        Wish(JAMES, "cantine", date.max, present=False, seen=True),
    ],
)
def test_a_forged_cell_is_refused_never_an_error(demo: World, wish: Wish):
    answer = validate([wish, *tick(JAMES, "cantine", MONDAY)], demo.as_jamie, token="\0" * 500)
    assert answers(answer)[-1] == "booked"
    assert booked() == {(JAMES, "cantine", MONDAY)}
    answer.refresh_from_db()
    assert len(restored_all(answer.verdicts)) == 2


def test_what_is_no_cell_at_all_is_kept_with_the_answer(demo: World):
    submission = Submission(tick(JAMES, "cantine", MONDAY), unreadable=["n'importe quoi", "\0"])
    answer = change_presences(submission=submission, by=demo.as_jamie, now=NOW)
    answer.refresh_from_db()
    assert answers(answer) == ["booked"]
    assert [row["cell"] for row in answer.verdicts[1:]] == ["n'importe quoi", "\ufffd"]


def test_nothing_asked_is_an_answer_too(demo: World):
    assert answers(validate([], demo.as_jamie)) == []
    assert answers(validate(tick(JAMES, "cantine", MONDAY, seen=True), demo.as_jamie)) == ["changed_meanwhile"]
    assert booked() == set()


def test_the_cutoff_is_strict_to_the_second(demo: World):
    ten = NOW.replace(hour=10)
    assert answers(validate(tick(JAMES, "cantine", TUESDAY), demo.as_jamie, now=ten)) == ["too_late"]
    almost = ten - timedelta(microseconds=1)
    assert answers(validate(tick(JAMES, "cantine", TUESDAY), demo.as_jamie, now=almost)) == ["booked"]
    assert answers(validate(untick(JAMES, "cantine", TUESDAY), demo.as_jamie, now=ten)) == ["too_late"]
    assert booked() == {(JAMES, "cantine", TUESDAY)}


def test_midi_replaces_cantine_in_one_sending(demo: World):
    validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie)
    assert answers(validate(tick(JAMES, "midi", MONDAY), demo.as_jamie)) == ["excludes"]
    swap = [*tick(JAMES, "midi", MONDAY), *untick(JAMES, "cantine", MONDAY)]
    assert sorted(answers(validate(swap, demo.as_jamie))) == ["booked", "cancelled"]
    assert booked() == {(JAMES, "midi", MONDAY)}


def test_an_implied_booking_is_written_like_the_others(demo: World):
    save_dependency(activity="soir", kind=DependencyKind.IMPLIES, other="matin", by=CLERK, now=NOW)
    answer = validate(tick(JAMES, "soir", MONDAY), demo.as_jamie)
    assert [(v.wish.activity, v.outcome, v.implied) for v in restored_all(answer.verdicts)] == [
        ("soir", Outcome.BOOKED, False),
        ("matin", Outcome.BOOKED, True),
    ]
    assert booked() == {(JAMES, "soir", MONDAY), (JAMES, "matin", MONDAY)}
    assert Change.objects.count() == 2


# --- Older pages, second parents, double clicks -----------------------------------------------------------------------


def test_an_older_page_never_overwrites(demo: World):
    validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie)
    old_page = Wish(JAMES, "cantine", MONDAY, present=False, seen=False)  # left alone by whoever sends it
    answer = validate([old_page], demo.as_jamie)
    (verdict,) = restored_all(answer.verdicts)
    assert (verdict.refusal, verdict.booked_now) == (Refusal.CHANGED_MEANWHILE, True)
    assert booked() == {(JAMES, "cantine", MONDAY)}


def test_the_same_wish_from_two_tabs_changes_once(demo: World):
    for expected in ("booked", "unchanged"):
        assert answers(validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie)) == [expected]
    assert Change.objects.count() == 1


def test_a_form_sent_again_gives_the_first_answer_and_changes_nothing(demo: World):
    first = validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie, token=TOKEN)
    validate(untick(JAMES, "cantine", MONDAY), demo.as_jamie)
    again = validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie, token=TOKEN, now=NOW + timedelta(days=2))
    assert (again.pk, again.verdicts) == (first.pk, first.verdicts)
    assert booked() == set()
    assert ChangeSet.objects.count() == 2


def test_somebody_elses_token_is_no_token_of_mine(demo: World):
    mine = validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie, token=TOKEN)
    hers = validate(tick(ANGELINE, "cantine", MONDAY), demo.as_denise, token=TOKEN)
    office = validate(tick(ALINE, "cantine", MONDAY), CLERK, token=TOKEN)
    assert len({mine.pk, hers.pk, office.pk}) == 3
    assert {person for person, _, _ in booked()} == {JAMES, ANGELINE, ALINE}


# --- Rights -----------------------------------------------------------------------------------------------------------


def test_a_link_says_what_its_payer_may_do(demo: World):
    lou = PersonDraft("Lou", "PETIT", code="301")
    claire, _ = family("Claire PETIT", "", [lou], right=Right.WEEKS, weeks_from=MONDAY)
    paul, _ = family("Paul PETIT", "", [lou], right=Right.READ_ONLY)
    weeks = tick("301", "cantine", FRIDAY, FRIDAY + timedelta(days=7))
    assert answers(validate(weeks, parent(claire.pk))) == ["booked", "not_your_week"]
    assert answers(validate(untick("301", "cantine", FRIDAY), parent(paul.pk))) == ["read_only"]
    Link.objects.filter(payer=claire).delete()
    assert answers(validate(untick("301", "cantine", FRIDAY), parent(claire.pk))) == ["unknown_child"]
    assert answers(validate(untick("301", "cantine", FRIDAY), CLERK)) == ["cancelled"]


def test_an_occasional_child_is_the_town_halls_business(demo: World):
    Person.objects.filter(code=JAMES).update(occasional=True)
    assert answers(validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie)) == ["occasional"]
    assert answers(validate(tick(JAMES, "cantine", MONDAY), CLERK)) == ["booked"]


def test_a_child_of_the_neighbour_town_is_unknown(world: World):
    """Both towns have a child 007; each family reaches its own."""
    with in_town(world.buchelay):
        assert answers(validate(tick(JAMES, "cantine", FRIDAY), world.as_lea)) == ["booked"]
        assert answers(validate(tick(ALINE, "cantine", FRIDAY), world.as_lea)) == ["unknown_child"]
        assert Presence.objects.get().person == world.zoe
    with in_town(world.demo):
        assert not Presence.objects.exists()
        assert children_of(world.as_lea, [JAMES]) == []


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_an_author_of_the_neighbour_town(world: World):
    with in_town(world.buchelay), pytest.raises(IntegrityError):
        validate(tick(JAMES, "cantine", FRIDAY), world.as_jamie)
    with in_town(world.buchelay):
        assert not ChangeSet.objects.exists()


def test_enrolment_opens_the_bus(demo: World):
    enrol(person=JAMES, activity="bus", stop="Mairie", by=CLERK, now=NOW)
    wishes = [*tick(JAMES, "bus", MONDAY), *tick(ALINE, "bus", MONDAY)]
    assert answers(validate(wishes, demo.as_jamie)) == ["booked", "not_enrolled"]


def test_the_town_hall_passes_clocks_and_leaves_its_trace(demo: World):
    Audit.objects.count()
    submission = Submission(tick(JAMES, "cantine", NOW.date(), seen=None), reason="Oubli signalé par l'école")
    answer = change_presences(submission=submission, by=CLERK, now=NOW)
    assert answers(answer) == ["booked"]
    assert (answer.payer, answer.actor, answer.channel) == (None, "Mme Formatrice", "town_hall")
    line = Change.objects.get()
    assert (line.channel, line.reason) == ("town_hall", "Oubli signalé par l'école")
    act = Audit.objects.get(verb="change_presences")
    assert (act.actor, act.channel, act.subject, act.at) == ("Mme Formatrice", "town_hall", JAMES, NOW)
    assert act.after == {"changes": answer.verdicts, "reason": "Oubli signalé par l'école"}


def test_a_parent_leaves_no_line_of_audit(demo: World):
    before = Audit.objects.count()
    validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie)
    assert Audit.objects.count() == before


# --- After the cut-off ------------------------------------------------------------------------------------------------


def test_late_is_asked_of_the_town_hall_once(demo: World):
    evening = NOW.replace(hour=20)
    answer = validate(tick(JAMES, "soir", TUESDAY), demo.as_jamie, now=evening)
    assert answers(answer) == ["requested"]
    assert booked() == set()
    request = LateRequest.objects.get()
    assert (request.person.code, request.day, request.present, request.status) == (JAMES, TUESDAY, True, "waiting")
    assert (request.change_set, request.at) == (answer, evening)
    assert answers(validate(tick(JAMES, "soir", TUESDAY), demo.as_jamie, now=evening)) == ["waiting"]
    noon = NOW.replace(day=17, hour=12)
    assert answers(validate(tick(ALINE, "soir", TUESDAY), demo.as_jamie, now=noon)) == ["too_late"]


def test_the_town_hall_answers_a_request_by_doing_it_or_the_opposite(demo: World):
    evening = NOW.replace(hour=20)
    validate(tick(JAMES, "soir", TUESDAY) + tick(ALINE, "soir", TUESDAY), demo.as_jamie, now=evening)
    assert answers(validate(tick(JAMES, "soir", TUESDAY), CLERK, now=evening)) == ["booked"]
    assert dict(LateRequest.objects.order_by("id").values_list("person__code", "status")) == {
        JAMES: "accepted",
        ALINE: "waiting",
    }


def test_late_is_accepted_and_marked_where_the_town_says_so(demo: World):
    activity("etude", "Étude", cutoff=EVE_10, late=LatePolicy.ACCEPT, late_until=8 * 60)
    answer = validate(tick(JAMES, "etude", TUESDAY), demo.as_jamie, now=NOW.replace(hour=20))
    assert answers(answer) == ["booked"]
    assert (Presence.objects.get().late, Change.objects.get().late) == (True, True)


# --- Undoing ----------------------------------------------------------------------------------------------------------


def undone(change_set: ChangeSet, by: Actor, hour: int = 9) -> list[str]:
    return answers(undo(public_id=change_set.public_id, by=by, now=NOW.replace(hour=hour)))


def test_undoing_brings_everything_back(demo: World):
    validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie)
    before = booked()
    wishes = [*untick(JAMES, "cantine", MONDAY), *tick(JAMES, "midi", MONDAY), *tick(ALINE, "cantine", FRIDAY)]
    change_set = validate(wishes, demo.as_jamie)
    assert sorted(undone(change_set, demo.as_jamie)) == ["booked", "cancelled", "cancelled"]
    assert booked() == before
    undoing = ChangeSet.objects.get(undo_of=change_set)
    assert change_set_of(change_set.public_id, demo.jamie.pk) == (change_set, True)
    assert change_set_of(undoing.public_id, demo.jamie.pk) == (undoing, False)


def test_undoing_is_done_once_and_cannot_be_undone(demo: World):
    change_set = validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie)
    undone(change_set, demo.as_jamie)
    for again in (change_set, ChangeSet.objects.get(undo_of=change_set)):
        with pytest.raises(UndoneAlreadyError):
            undone(again, demo.as_jamie)
    assert Change.objects.count() == 2


def test_nothing_changed_nothing_to_undo(demo: World):
    change_set = validate(tick("999", "cantine", MONDAY), demo.as_jamie)
    with pytest.raises(UndoneAlreadyError):
        undone(change_set, demo.as_jamie)


def test_undoing_obeys_the_cutoffs(demo: World):
    change_set = validate(tick(JAMES, "cantine", TUESDAY, MONDAY), demo.as_jamie)
    assert undone(change_set, demo.as_jamie, hour=10) == ["too_late", "cancelled"]
    assert booked() == {(JAMES, "cantine", TUESDAY)}


def test_undoing_leaves_alone_what_changed_since(demo: World):
    change_set = validate(tick(JAMES, "cantine", MONDAY, THURSDAY), demo.as_jamie)
    validate(untick(JAMES, "cantine", MONDAY), CLERK)
    assert undone(change_set, demo.as_jamie) == ["unchanged", "cancelled"]


def test_nobody_undoes_for_somebody_else(demo: World):
    change_set = validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie)
    for by in (demo.as_denise, CLERK):
        with pytest.raises(ChangeSet.DoesNotExist):
            undone(change_set, by)
    assert change_set_of(change_set.public_id, demo.denise.pk) is None
    assert booked() == {(JAMES, "cantine", MONDAY)}


# --- Queries ----------------------------------------------------------------------------------------------------------


def cost(wishes: list[Wish], by: Actor) -> int:
    with CaptureQueriesContext(connection) as queries:
        answer = validate(wishes, by)
    assert set(answers(answer)) <= {"booked", "cancelled"}
    return len(queries)


def test_the_number_of_queries_does_not_grow_with_the_grid(demo: World):
    validate([], demo.as_jamie)  # compiles the offer
    days = [MONDAY + timedelta(days=n) for n in range(25) if (MONDAY + timedelta(days=n)).weekday() in (0, 1, 3, 4)]
    one = cost(tick(JAMES, "cantine", MONDAY), demo.as_jamie)
    many = [wish for code in (JAMES, ALINE) for name in ("matin", "soir") for wish in tick(code, name, *days)]
    assert cost(many, demo.as_jamie) == one
    back = [wish for code in (JAMES, ALINE) for wish in untick(code, "matin", *days)]
    assert cost(back, demo.as_jamie) <= one
    assert one <= 11


@pytest.mark.django_db(transaction=True)
def test_validating_is_one_transaction_and_a_reading_none(world: World):
    with in_town(world.demo), CaptureQueriesContext(connection) as queries:
        validate(tick(JAMES, "cantine", MONDAY), world.as_jamie)
    words = [query["sql"].split()[0] for query in queries]
    assert words.count("BEGIN") == words.count("COMMIT") == 1
    assert (words[0], words[-1]) == ("BEGIN", "COMMIT")
