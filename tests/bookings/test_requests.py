"""Late requests answered by the town hall, and what a call answers on its way."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError
from hypothesis import given
from hypothesis import strategies as st

from portail.bookings.models import Change, ChangeSet, LateRequest, Presence
from portail.bookings.operations import requests
from portail.bookings.operations.calendar import ClosureDraft, close_days
from portail.bookings.operations.changes import Submission
from portail.bookings.operations.requests import (
    Answer,
    NotGrantedError,
    RequestError,
    answer_request,
    book_for_family,
)
from portail.bookings.queries.requests import (
    WantedRequests,
    refused_requests,
    request_named,
    requests_wanted,
    waiting_number,
)
from portail.bookings.queries.wished import box_key, read_wishes
from portail.families.models import Payer
from portail.news.models import OutboxMail
from portail.rules.booking import Refusal, Wish
from portail.towns.models import Audit
from portail.towns.scope import in_town
from tests.world import ALINE, CLERK, JAMES, MONDAY, NOW, TUESDAY, World, limit, tick, untick, validate

EVENING = NOW.replace(hour=17)  # the « Accueil soir » of TUESDAY closed an hour ago: it is asked for
LATER = NOW.replace(hour=18)
TOKEN = "sent-twice"  # noqa: S105 -- of a form
YES, NO = Answer(accept=True), Answer(accept=False, reason="Trop tard")


@pytest.fixture
def asked(demo: World) -> LateRequest:
    """Jamie Bond, who has an address, asks for James's evening of TUESDAY."""
    Payer.objects.filter(pk=demo.jamie.pk).update(email="jamie@example.org")
    validate(tick(JAMES, "soir", TUESDAY), demo.as_jamie, now=EVENING)
    return LateRequest.objects.get()


def answered(asked: LateRequest, answer: Answer) -> LateRequest:
    return answer_request(public_id=asked.public_id, answer=answer, by=CLERK, now=LATER)


def booked() -> set[tuple[str, str, date]]:
    return set(Presence.objects.values_list("person__code", "activity__code", "day"))


def test_accepting_books_tells_and_is_written_down(asked: LateRequest, demo: World):
    found = answered(asked, Answer(accept=True, reason="  Exceptionnel "))
    assert (found.status, found.answer) == ("accepted", "Exceptionnel")
    assert booked() == {(JAMES, "soir", TUESDAY)}
    line = Change.objects.get()
    assert (line.channel, line.reason, line.present, line.change_set.actor) == (
        "town_hall", "Exceptionnel", True, "Mme Formatrice",
    )  # fmt: skip
    mail = OutboxMail.objects.get()
    assert (mail.to, mail.payer_id, mail.kind) == ("jamie@example.org", demo.jamie.pk, "late_request")
    assert mail.subject == "Demande acceptée : Accueil soir, mardi 17 novembre 2026"
    assert "Motif : Exceptionnel" in mail.text
    assert "C'est réservé." in mail.text
    assert "James" not in mail.text
    act = Audit.objects.get(verb="answer_late_request")
    assert act.subject == "007, soir, 2026-11-17"
    assert (act.before, act.after["status"]) == ({"status": "waiting"}, "accepted")


def test_refusing_changes_nothing_but_the_request(asked: LateRequest):
    found = answered(asked, NO)
    assert (found.status, found.answer) == ("refused", "Trop tard")
    assert not booked()
    assert not Change.objects.exists()
    mail = OutboxMail.objects.get()
    assert "est refusée.\n\nMotif : Trop tard\n\nRien n'est réservé." in mail.text
    assert refused_requests([asked.person_id], TUESDAY) == [found]
    assert refused_requests([asked.person_id], TUESDAY + timedelta(days=1)) == []


def test_a_cancelling_is_answered_the_other_way_round(demo: World):
    Payer.objects.filter(pk=demo.jamie.pk).update(email="jamie@example.org")
    validate(tick(JAMES, "soir", TUESDAY) + tick(ALINE, "soir", TUESDAY), demo.as_jamie)
    validate(untick(JAMES, "soir", TUESDAY) + untick(ALINE, "soir", TUESDAY), demo.as_jamie, now=EVENING)
    answered(LateRequest.objects.get(person__code=JAMES), YES)
    answered(LateRequest.objects.get(person__code=ALINE), NO)
    assert booked() == {(ALINE, "soir", TUESDAY)}
    texts = sorted(OutboxMail.objects.values_list("text", flat=True))
    assert "La réservation est annulée." in texts[0]
    assert "La réservation est maintenue." in texts[1]


@pytest.mark.parametrize("answer", [YES, NO])
def test_the_same_answer_twice_is_one(asked: LateRequest, answer: Answer):
    first, second = answered(asked, answer), answered(asked, replace(answer, reason="autre"))
    assert second.status == first.status
    assert second.answer == first.answer
    assert OutboxMail.objects.count() == 1
    assert Audit.objects.filter(verb="answer_late_request").count() == 1


def test_a_given_answer_is_not_turned_round(asked: LateRequest):
    answered(asked, NO)
    with pytest.raises(RequestError, match="déjà une réponse : refusée"):
        answered(asked, YES)
    assert not booked()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(accept=False, reason="  "), "Indiquez le motif"),
        (Answer(accept=False, reason="x" * 151), "150 caractères"),
        (Answer(accept=True, reason="a\0"), "illisible"),
    ],
)
def test_an_answer_that_cannot_be_given_says_why(asked: LateRequest, answer: Answer, words: str):
    with pytest.raises(RequestError, match=words):
        answered(asked, answer)
    assert waiting_number() == 1


def test_a_full_day_is_not_accepted_and_stays_waiting(asked: LateRequest, demo: World):
    limit("soir", 1)
    validate(tick(ALINE, "soir", TUESDAY), CLERK, now=EVENING)
    with pytest.raises(NotGrantedError) as refused:
        answered(asked, YES)
    assert refused.value.verdict.refusal is Refusal.FULL
    assert waiting_number() == 1
    assert not OutboxMail.objects.exists()
    assert ChangeSet.objects.count() == 2  # nothing is left of the attempt


def test_what_is_so_already_is_accepted(asked: LateRequest):
    Presence.objects.create(person=asked.person, activity=asked.activity, day=TUESDAY)
    assert answered(asked, YES).status == "accepted"
    assert not Change.objects.exists()


def test_a_closed_day_has_answered_by_itself(asked: LateRequest):
    close_days(draft=ClosureDraft(TUESDAY, TUESDAY, "Grève"), by=CLERK, now=LATER)
    with pytest.raises(RequestError, match="déjà une réponse"):
        answered(asked, YES)


def test_a_family_without_an_address_is_not_written_to(asked: LateRequest, demo: World):
    Payer.objects.filter(pk=demo.jamie.pk).update(email="pas une adresse")
    answered(asked, NO)
    assert not OutboxMail.objects.exists()


def test_another_towns_request_does_not_exist(asked: LateRequest, demo: World):
    with in_town(demo.buchelay), pytest.raises(LateRequest.DoesNotExist):
        answered(asked, NO)
    with pytest.raises(LateRequest.DoesNotExist):
        answer_request(public_id=uuid4(), answer=NO, by=CLERK, now=LATER)


# --- On the telephone -----------------------------------------------------------------------------------------------


def call(wishes: list[Wish], *, token: str = "", reason: str = "Au téléphone") -> ChangeSet:
    return book_for_family(submission=Submission(wishes, token=token, reason=reason), by=CLERK, now=LATER)


def test_a_call_that_does_what_was_asked_answers_it(asked: LateRequest):
    call(tick(JAMES, "soir", TUESDAY, MONDAY))
    asked.refresh_from_db()
    assert (asked.status, asked.answer) == ("accepted", "Au téléphone")
    assert "est acceptée." in OutboxMail.objects.get().text
    assert len(booked()) == 2


def test_a_call_about_something_else_leaves_the_request_waiting(asked: LateRequest):
    call([*tick(JAMES, "soir", MONDAY), *tick(ALINE, "soir", TUESDAY)])
    assert waiting_number() == 1
    assert not OutboxMail.objects.exists()


def test_a_call_that_is_refused_answers_nothing(asked: LateRequest, demo: World):
    limit("soir", 1)
    validate(tick(ALINE, "soir", TUESDAY), CLERK, now=EVENING)
    call(tick(JAMES, "soir", TUESDAY))
    assert waiting_number() == 1


def test_a_call_sent_twice_is_one_and_answers_no_later_request(asked: LateRequest, demo: World):
    first = call(tick(JAMES, "soir", TUESDAY), token=TOKEN)
    validate(untick(JAMES, "soir", TUESDAY), demo.as_jamie, now=LATER + timedelta(minutes=1))
    assert call(tick(JAMES, "soir", TUESDAY), token=TOKEN) == first
    assert waiting_number() == 1
    assert OutboxMail.objects.count() == 1


def test_a_call_takes_no_reason_longer_than_the_history(demo: World):
    with pytest.raises(RequestError, match="150"):
        call(tick(JAMES, "soir", MONDAY), reason="x" * 151)
    assert not booked()


# --- Lists ----------------------------------------------------------------------------------------------------------


def test_requests_are_found_by_what_is_asked(asked: LateRequest, demo: World):
    def found(**wanted: object) -> list[LateRequest]:
        return list(requests_wanted(WantedRequests(**wanted)))  # type: ignore[arg-type]

    assert found() == found(waiting=None) == found(activity="soir", first=TUESDAY, last=TUESDAY) == [asked]
    assert found(waiting=False) == found(activity="matin") == found(first=MONDAY) == found(last=NOW.date()) == []
    answered(asked, NO)
    assert found() == []
    assert found(waiting=False) == [asked]
    assert request_named(asked.public_id) == asked
    assert request_named(uuid4()) is None


def test_two_sendings_at_the_same_instant_are_one(demo: World, monkeypatch: pytest.MonkeyPatch):
    first = call(tick(JAMES, "soir", MONDAY), token=TOKEN)

    def collide(*_: object, **__: object) -> ChangeSet:
        raise IntegrityError

    monkeypatch.setattr(requests, "_book_and_answer", collide)
    assert call(tick(JAMES, "soir", MONDAY), token=TOKEN) == first
    assert Change.objects.count() == 1


# --- Boxes of a form ------------------------------------------------------------------------------------------------

CODES = st.text(st.sampled_from("0123456789abc-_"), min_size=1, max_size=12)
CELLS = st.tuples(CODES, CODES, st.dates(), st.booleans(), st.booleans())


@given(st.lists(CELLS, unique_by=lambda cell: cell[:3], max_size=20), st.lists(st.text(max_size=40), max_size=5))
def test_what_is_shown_comes_back_as_it_was_ticked(cells: list, noise: list[str]):
    keys = [box_key(*cell[:3]) for cell in cells]
    shown = [f"{key}/{int(cell[3])}" for key, cell in zip(keys, cells, strict=True)]
    ticked = [key for key, cell in zip(keys, cells, strict=True) if cell[4]]
    strange = [text for text in noise if text.count("/") != 3]
    wishes, unreadable = read_wishes([*shown, *strange], ticked)
    assert [(w.person, w.activity, w.day, w.seen, w.present) for w in wishes] == cells
    assert unreadable == strange


@given(st.lists(st.text(max_size=90), max_size=8), st.lists(st.text(max_size=90), max_size=8))
def test_anything_sent_is_read_without_an_error(shown: list[str], ticked: list[str]):
    wishes, unreadable = read_wishes(shown, ticked)
    assert len(wishes) + sum(1 for text in shown if text[:80] in unreadable) >= len(shown)
    assert all(len(text) <= 80 for text in unreadable)
