"""An event closes, cancels and tells in one act; undone, it gives back exactly what it took (M2)."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError
from hypothesis import given
from hypothesis import strategies as st

from portail.bookings.models import Change, Closure, Event, LateRequest, Presence
from portail.bookings.operations import events, notices
from portail.bookings.operations.events import (
    EventDraft,
    HitsChangedError,
    Place,
    announce_event,
    planned,
    reopen_event,
)
from portail.bookings.operations.notices import Message
from portail.bookings.operations.offer import OfferError, save_dependency
from portail.bookings.queries.closing import digest, families_of, hits, persons_of
from portail.bookings.queries.offer import offer_in_force
from portail.families.models import Payer
from portail.news.models import OutboxMail
from portail.rules.booking import DependencyKind
from portail.towns.models import Audit, Town
from portail.towns.scope import in_town
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
    TUESDAY,
    World,
    limit,
    tick,
    validate,
)

DAYS = (MONDAY, NEXT_TUESDAY, THURSDAY, FRIDAY)
LATER = NOW + timedelta(minutes=5)
MESSAGE = Message("Fermé", "Bonjour,\nfermé.")


def draft(*places: Place, first: date = MONDAY, last: date = FRIDAY, **more) -> EventDraft:
    return EventDraft(Event.Kind.STRIKE, first, last, "Grève", places or (Place(),), uuid4(), **more)


def announce(*places: Place, **more) -> Event:
    return announce_event(draft=draft(*places, **more), by=CLERK, now=NOW)


def booked() -> set[tuple[str, str, date]]:
    return set(Presence.objects.values_list("person__code", "activity__code", "day"))


@pytest.fixture
def week(demo: World) -> World:
    Payer.objects.filter(pk=demo.jamie.pk).update(email="jamie@example.org")
    for by, codes in ((demo.as_jamie, (JAMES, ALINE)), (demo.as_denise, (ANGELINE, BERTRAND))):
        validate([w for c in codes for name in ("cantine", "matin") for w in tick(c, name, *DAYS)], by)
    return demo


PLACES = st.lists(
    st.builds(
        lambda where, activity: Place(where[0], where[1], activity),
        st.sampled_from([("", ""), ("mallerin", ""), ("ferry", ""), ("ferry", "CE1"), ("mallerin", "10")]),
        st.sampled_from(["", "cantine", "matin", "soir"]),
    ),
    min_size=1,
    max_size=4,
)


@given(PLACES, st.integers(0, 4), st.integers(0, 4), st.integers(0, 4))
def test_undone_it_gives_back_exactly_what_it_took(week: World, places, start, length, kept):
    before = booked()
    first, last = MONDAY + timedelta(days=start), MONDAY + timedelta(days=start + length)
    one = draft(*places, first=first, last=last)
    preview = {hit.cell for hit in hits(planned(one), offer_in_force().rulebook.needed_by)}
    event = announce_event(draft=one, by=CLERK, now=NOW)
    assert booked() == before - preview
    assert all(first <= day <= last for _, _, day in preview)
    if 0 < kept < length:
        keep = (first, first + timedelta(days=kept))
        reopen_event(event=event, keep=keep, rebook=True, message=None, by=CLERK, now=LATER)
        assert booked() == before - {cell for cell in preview if cell[2] <= keep[1]}
    reopen_event(event=event, keep=None, rebook=True, message=None, by=CLERK, now=LATER)
    assert booked() == before
    assert not Closure.objects.exists()


def test_all_of_it_or_nothing(week: World, monkeypatch):
    """A fault at the very end leaves neither closure, nor cancellation, nor mail."""
    before, audits = booked(), Audit.objects.count()

    def fail(*_: object, **__: object) -> None:
        raise IntegrityError("cut short")

    monkeypatch.setattr(events, "record", fail)
    with pytest.raises(IntegrityError):
        announce(message=MESSAGE)
    assert (booked(), Audit.objects.count()) == (before, audits)
    assert not Closure.objects.exists()
    assert not OutboxMail.objects.exists()
    monkeypatch.undo()
    announce(message=MESSAGE)
    assert OutboxMail.objects.count() == 1


def test_a_family_that_books_after_the_preview_is_not_cut_unseen(week: World):
    one = draft(Place("ferry"))
    shown = digest(hits(planned(one), offer_in_force().rulebook.needed_by))
    validate(tick(BERTRAND, "soir", MONDAY), week.as_denise)
    with pytest.raises(HitsChangedError):
        announce_event(draft=EventDraft(one.kind, one.first, one.last, "G", one.places, uuid4(), None, shown),
                       by=CLERK, now=NOW)  # fmt: skip
    assert not Event.objects.exists()


def test_no_page_shows_a_closed_day_as_open_afterwards(week: World):
    """What was compiled inside the transaction, before the closures were written, must mislead nobody."""
    announce()
    for name in ("cantine", "matin"):
        answer = validate(tick(JAMES, name, MONDAY), week.as_jamie)
        assert [v["refusal"] for v in answer.verdicts] == ["closed"]
    with in_town(Town.objects.get(pk=week.demo.pk)):
        assert offer_in_force().rulebook.calendar.closures


def test_what_requires_a_closed_activity_goes_and_comes_back_with_it(week: World):
    save_dependency(activity="soir", kind=DependencyKind.REQUIRES, other="cantine", by=CLERK, now=NOW)
    validate(tick(JAMES, "soir", MONDAY), week.as_jamie)
    before = booked()
    event = announce(Place(activity="cantine"), last=MONDAY)
    assert (JAMES, "soir", MONDAY) not in booked()
    reopen_event(event=event, keep=None, rebook=True, message=None, by=CLERK, now=LATER)
    assert booked() == before


def test_a_place_given_meanwhile_is_not_taken_back(week: World):
    event = announce(Place("mallerin", activity="cantine"), last=MONDAY)
    limit("cantine", 3)
    back = reopen_event(event=event, keep=None, rebook=True, message=None, by=CLERK, now=LATER)
    assert (back.rebooked, back.refused) == (1, 1)


def test_what_families_had_already_booked_again_is_left_alone(week: World):
    event = announce(last=NEXT_TUESDAY)
    reopen_event(event=event, keep=(MONDAY, MONDAY), rebook=False, message=None, by=CLERK, now=NOW)
    validate(tick(JAMES, "cantine", NEXT_TUESDAY), week.as_jamie)
    reopen_event(event=event, keep=None, rebook=True, message=None, by=CLERK, now=LATER)
    again = Change.objects.filter(person__code=JAMES, activity__code="cantine", day=NEXT_TUESDAY, present=True)
    assert again.count() == 2  # the first booking and the family's own: nothing from the town hall


def test_waiting_requests_are_answered(demo: World):
    validate(tick(JAMES, "soir", TUESDAY), demo.as_jamie, now=NOW.replace(hour=20))
    announce(first=TUESDAY, last=TUESDAY)
    assert list(LateRequest.objects.values_list("status", "answer")) == [("refused", "Grève")]


def test_one_mail_per_payer_says_only_what_is_theirs(week: World):
    Payer.objects.filter(pk=week.denise.pk).update(email="denise@example.org")
    announce(Place("ferry", "CE1"), Place("mallerin", activity="matin"), last=MONDAY, message=MESSAGE)
    texts = dict(OutboxMail.objects.values_list("payer_id", "text"))
    assert texts == {
        week.jamie.pk: "Bonjour,\nfermé.\n\nRéservations annulées :\n– lundi 23 novembre 2026 : Accueil matin\n\n"
        "Ville de Démo",
        week.denise.pk: "Bonjour,\nfermé.\n\nRéservations annulées :\n– lundi 23 novembre 2026 : Accueil matin, Cantine"
        "\n\nVille de Démo",
    }


@pytest.mark.parametrize("email", ["", "pas une adresse", "a@b\0.fr".replace("\0", "")])
def test_an_address_that_is_none_stops_nobody_else(week: World, email):
    Payer.objects.filter(pk=week.denise.pk).update(email=email)
    event = announce(message=MESSAGE)
    assert event.told == OutboxMail.objects.count()
    assert "jamie@example.org" in set(OutboxMail.objects.values_list("to", flat=True))


def test_everybody_concerned_is_whoever_is_there(week: World):
    closures = planned(draft(Place("ferry", "CE1"), Place("mallerin")))
    assert set(persons_of(closures)) == {JAMES, ALINE, ANGELINE}
    families = families_of(persons_of(closures))
    assert [(f.name, f.children) for f in families] == [
        ("BOND Jamie", frozenset({JAMES, ALINE})), ("MARSONE Denise", frozenset({ANGELINE})),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"first": FRIDAY, "last": MONDAY}, "avant le premier"),
        ({"last": MONDAY + timedelta(days=400)}, "un an"),
        ({"message": Message("", "texte")}, "objet"),
        ({"message": Message("objet", " ")}, "objet"),
        ({"message": Message("o" * 201, "t")}, "caractères"),
        ({"message": Message("o", "t" * (notices.LONGEST_TEXT + 1))}, "caractères"),
    ],
)
def test_what_cannot_be_is_said_in_french_and_nothing_is_written(week: World, change, words):
    before = booked()
    with pytest.raises(OfferError, match=words):
        announce(**change)
    assert booked() == before
    assert not Event.objects.exists()


def test_the_same_token_is_one_event(week: World):
    token = UUID(int=7)
    one, other = (
        announce_event(
            draft=EventDraft(Event.Kind.OTHER, MONDAY, MONDAY, reason, (Place(),), token, MESSAGE), by=CLERK, now=NOW
        )
        for reason in ("Un", "Deux")
    )
    assert one.pk == other.pk
    assert (Closure.objects.count(), OutboxMail.objects.count()) == (1, 1)


def test_a_preview_costs_the_same_whatever_is_booked(week: World, django_assert_num_queries):
    offer = offer_in_force()
    closures = planned(draft(Place("ferry"), Place("mallerin")))
    for _ in range(2):
        with django_assert_num_queries(2):
            families_of({hit.person for hit in hits(closures, offer.rulebook.needed_by)})
        validate(tick(JAMES, "soir", *DAYS), week.as_jamie)


def test_the_neighbour_town_keeps_its_bookings(world: World):
    with in_town(world.buchelay):
        validate(tick(JAMES, "cantine", FRIDAY), world.as_lea)
    with in_town(world.demo):
        announce()
    with in_town(world.buchelay):
        assert Presence.objects.count() == 1
        assert not Closure.objects.exists()
