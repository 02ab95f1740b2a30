"""The outbox: queued once by key with what it tells, claimed by one worker at a time, tried again, given up."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from portail.news.models import OutboxMail
from portail.news.operations import outbox
from portail.news.operations.outbox import (
    DELAYS,
    MOST_TRIES,
    Attached,
    ClaimedMail,
    MailDraft,
    MailDraftError,
    begin_sending,
    claim_mails,
    drop_mails,
    is_address,
    mark_failed,
    mark_sent,
    queue_mail,
    queue_mails,
    release,
    retry_failed,
)
from portail.news.queries import mails_are_due, outbox_counts
from portail.towns.models import Audit
from portail.towns.scope import in_town
from tests.world import CLERK, NOW, World

LEASE = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)
Status = OutboxMail.Status


def draft(**values: Any) -> MailDraft:
    usual = {"key": "test/1", "kind": "test", "to": "jamie@example.org", "subject": "Reçu", "text": "Bonjour"}
    return MailDraft(**usual | values)


def claim(limit: int = 10, worker: str = "one", after: timedelta = timedelta()) -> list[ClaimedMail]:
    return claim_mails(limit=limit, lease=LEASE, worker=worker, now=NOW + after)


def fail(mail: ClaimedMail, *, permanent: bool = False, worker: str = "one", after: timedelta = timedelta()) -> None:
    mark_failed(public_id=mail.public_id, error="non", permanent=permanent, worker=worker, now=NOW + after)


def begin(mail: ClaimedMail, worker: str = "one", after: timedelta = timedelta()) -> bool:
    return begin_sending(public_id=mail.public_id, lease=LEASE, worker=worker, now=NOW + after)


# --- Queueing -------------------------------------------------------------------------------------------------------


def test_a_mail_is_kept_as_it_was_asked(demo: World):
    receipt = uuid4()
    asked = draft(
        html="<p>Bonjour</p>", attachments=[Attached("receipt", receipt)], payer_id=demo.jamie.pk,
        due_at=NOW + LEASE, unsubscribe="https://demo.example/desabonnement/x",
    )  # fmt: skip
    assert queue_mail(asked, now=NOW)
    row = OutboxMail.objects.get()
    assert (row.status, row.tries, row.created_at, row.due_at) == (Status.WAITING, 0, NOW, NOW + LEASE)
    assert row.attachments == [{"document": "receipt", "id": str(receipt)}]
    assert claim() == []
    (mail,) = claim(after=LEASE)
    assert mail == ClaimedMail(
        row.public_id, "test", "jamie@example.org", "Reçu", "Bonjour", "<p>Bonjour</p>",
        (Attached("receipt", receipt),), "https://demo.example/desabonnement/x", NOW, 1, doubtful=False,
    )  # fmt: skip


def test_a_key_is_queued_once_per_town(world: World):
    with in_town(world.demo):
        assert [queue_mail(draft(), now=NOW), queue_mail(draft(text="Autre"), now=NOW)] == [True, False]
        assert OutboxMail.objects.get().text == "Bonjour"
    with in_town(world.buchelay):
        assert queue_mail(draft(), now=NOW)


def test_also_when_the_first_one_is_gone_given_up_or_dropped(demo: World):
    for status in (Status.FAILED, Status.DROPPED, Status.WAITING):
        queue_mail(draft(), now=NOW)
        OutboxMail.objects.update(status=status)
        assert not queue_mail(draft(), now=NOW)


def test_many_are_queued_with_two_queries_for_each_chunk(demo: World, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(outbox, "QUEUED_AT_ONCE", 4)
    queue_mail(draft(key="test/3"), now=NOW)
    with django_assert_num_queries(2 * 3 + 2):  # and the savepoint of the test
        assert queue_mails([draft(key=f"test/{n}") for n in (*range(10), 5)], now=NOW) == 9
    assert OutboxMail.objects.count() == 10
    assert queue_mails([], now=NOW) == 0


def test_a_mail_goes_with_its_transaction(demo: World):
    with pytest.raises(ZeroDivisionError):
        queued_then_broken()
    assert not OutboxMail.objects.exists()


@transaction.atomic
def queued_then_broken() -> None:
    queue_mail(draft(), now=NOW)
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"to": "jamie"}, "« jamie » n'est pas une adresse de courriel."),
        ({"to": ""}, "« » n'est pas une adresse de courriel."),
        ({"to": "a@b.example\nBcc: c@d.example"}, "n'est pas une adresse"),
        ({"to": "a@b.example,c@d.example"}, "n'est pas une adresse"),
        ({"subject": " \n "}, "Il faut un objet et un texte."),
        ({"text": "\n"}, "Il faut un objet et un texte."),
        ({"key": ""}, "La clé ou la nature"),
        ({"key": "k" * 151}, "La clé ou la nature"),
        ({"kind": ""}, "La clé ou la nature"),
        ({"unsubscribe": "javascript:alert(1)"}, "ni https:, ni mailto:"),
        ({"unsubscribe": "https://x.example/>\r\nBcc: c@d.example"}, "ni https:, ni mailto:"),
    ],
)
def test_what_cannot_be_sent_is_refused_and_nothing_is_queued(demo: World, values, why):
    with pytest.raises(MailDraftError) as refused:
        queue_mails([draft(key="test/0"), draft(**values)], now=NOW)
    assert why in str(refused.value).replace("«  »", "« »")
    assert not OutboxMail.objects.exists()


@pytest.mark.parametrize(
    "address", ["jamie.bond+cantine@example.org", "o'neil@exemple.fr", "x@écoles.example", "A_1@b.fr"]
)
def test_ordinary_addresses_are_addresses(address):
    assert is_address(address)


@pytest.mark.parametrize(
    "address",
    ["a b@x.fr", '"a"@x.fr', "a@x", "@x.fr", "a@", "a@[127.0.0.1]", "é@x.fr", "a@x.fr\n", "a\0@x.fr", "a@\ud800.fr",
     "a" * 65 + "@" + "b" * 190 + ".fr", "a@b@c.fr", "Jamie <a@x.fr>"],
)  # fmt: skip
def test_strange_ones_are_not(address):
    assert not is_address(address)


@given(text=st.text())
def test_any_text_is_queued_or_refused(demo: World, text):
    """Nothing that a family or a clerk typed may break the transaction it belongs to, nor end a header."""
    with transaction.atomic():
        try:
            queue_mail(draft(key=f"any/{uuid4()}", subject=text, text=text, html=text), now=NOW)
        except MailDraftError:
            return
        row = OutboxMail.objects.latest("pk")
    assert 0 < len(row.subject) <= 200
    assert len(row.subject.splitlines()) == 1


def test_the_database_refuses_what_must_not_be(demo: World):
    queue_mail(draft(), now=NOW)
    for values in ({"status": "lost"}, {"status": "sent"}, {"sent_at": NOW}, {"status": "sending"}, {"to": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            OutboxMail.objects.update(**values)


def test_a_mail_never_names_a_payer_of_another_town(world: World):
    with in_town(world.demo), pytest.raises(IntegrityError):
        queued_and_checked(draft(payer_id=world.lea.pk))


@transaction.atomic
def queued_and_checked(asked: MailDraft) -> None:
    queue_mail(asked, now=NOW)
    connection.check_constraints()


# --- Claiming -------------------------------------------------------------------------------------------------------


def test_the_oldest_leave_first_and_to_one_worker_only(demo: World):
    queue_mails([draft(key=f"test/{n}", due_at=NOW - n * MINUTE) for n in range(5)], now=NOW)
    first, second = claim(limit=2, worker="one"), claim(limit=9, worker="two")
    keys = dict(OutboxMail.objects.values_list("public_id", "key"))
    assert [[keys[mail.public_id] for mail in mails] for mails in (first, second)] == [
        ["test/4", "test/3"], ["test/2", "test/1", "test/0"],
    ]  # fmt: skip
    assert claim(worker="three") == []


def test_a_lease_that_ends_gives_the_mail_back(demo: World):
    queue_mail(draft(), now=NOW)
    (first,) = claim()
    assert claim(worker="two", after=LEASE - MINUTE) == []
    assert not mails_are_due(NOW + LEASE - MINUTE)
    assert mails_are_due(NOW + LEASE)
    (again,) = claim(worker="two", after=LEASE)
    assert (again.public_id, again.tries, again.doubtful) == (first.public_id, 2, False)
    assert not begin(first, worker="one", after=LEASE), "the first worker wakes up too late"
    assert begin(again, worker="two", after=LEASE)


def test_a_mail_cut_short_while_leaving_comes_back_first_and_doubtful(demo: World):
    queue_mail(draft(key="test/cut"), now=NOW)
    (cut,) = claim()
    assert begin(cut)
    queue_mails([draft(key=f"test/{n}", due_at=NOW - MINUTE) for n in range(3)], now=NOW)
    assert cut.public_id not in {mail.public_id for mail in claim(worker="two", after=LEASE - MINUTE)}
    release(worker="two")
    again, *_others = claim(worker="two", after=LEASE)
    assert (again.public_id, again.doubtful, again.tries) == (cut.public_id, True, 2)


def test_who_sent_it_is_believed_even_after_its_lease(demo: World):
    queue_mail(draft(), now=NOW)
    (mail,) = claim()
    begin(mail)
    (again,) = claim(worker="two", after=LEASE)
    mark_sent(public_id=mail.public_id, now=NOW + LEASE)
    assert not begin(again, worker="two", after=LEASE), "it has gone: not a second time"
    fail(again, worker="two")
    mark_sent(public_id=mail.public_id, now=NOW + 2 * LEASE)
    row = OutboxMail.objects.get()
    assert (row.status, row.sent_at, row.claimed_by) == (Status.SENT, NOW + LEASE, "")
    assert claim(after=timedelta(days=9)) == []


def test_a_worker_that_stops_gives_back_what_it_holds_untried(demo: World):
    queue_mails([draft(key=f"test/{n}") for n in range(3)], now=NOW)
    sent, *_rest = claim()
    begin(sent)
    mark_sent(public_id=sent.public_id, now=NOW)
    assert release(worker="two") == 0
    assert release(worker="one", error="Le serveur ne répond pas.") == 2
    assert {mail.tries for mail in claim(worker="two")} == {1}
    assert set(OutboxMail.objects.values_list("last_error", flat=True)) == {"", "Le serveur ne répond pas."}


# --- Trying again and giving up -------------------------------------------------------------------------------------


def test_a_mail_is_tried_for_three_days_then_given_up(demo: World):
    queue_mail(draft(), now=NOW)
    after, waits, row = timedelta(), [], OutboxMail.objects.get()
    for _ in range(MOST_TRIES):
        assert claim(after=after - MINUTE / 2) == []
        (mail,) = claim(after=after)
        fail(mail, after=after)
        row = OutboxMail.objects.get()
        if row.status == Status.WAITING:
            waits.append(row.due_at - (NOW + after))
            after = row.due_at - NOW
    assert waits == [timedelta(minutes=delay) for delay in DELAYS]
    assert timedelta(days=3) <= after <= timedelta(days=3, hours=2)
    assert (row.status, row.last_error, row.tries) == (Status.FAILED, "non", MOST_TRIES)
    assert claim(after=timedelta(days=30)) == []


def test_a_permanent_refusal_is_final_at_once(demo: World):
    queue_mail(draft(), now=NOW)
    (mail,) = claim()
    fail(mail, permanent=True)
    assert OutboxMail.objects.get().status == Status.FAILED


def test_only_its_holder_says_that_a_mail_failed(demo: World):
    queue_mail(draft(), now=NOW)
    (mail,) = claim()
    fail(mail, worker="two", permanent=True)
    assert OutboxMail.objects.get().status == Status.WAITING
    assert begin(mail)


def test_a_mail_that_kills_every_worker_is_given_up_and_holds_up_no_other(demo: World):
    """Each worker dies as it makes the document of the first mail: the second one leaves all the same."""
    queue_mails([draft(key="test/poison", due_at=NOW - MINUTE), draft(key="test/well")], now=NOW)
    poison, after = OutboxMail.objects.get(key="test/poison").public_id, timedelta()
    for death in range(MOST_TRIES):
        (mail,) = claim(limit=1, worker=f"w{death}", after=after)
        assert mail.public_id == poison
        (*others,) = claim(limit=1, worker=f"next{death}", after=after)
        for other in others:
            mark_sent(public_id=other.public_id, now=NOW + after)
        after += LEASE
    assert claim(limit=1, worker="last", after=after) == []
    assert list(OutboxMail.objects.order_by("key").values_list("status", flat=True)) == [Status.FAILED, Status.SENT]
    assert OutboxMail.objects.get(key="test/poison").last_error == "Chaque essai d'envoi a été interrompu."


def test_what_has_no_more_reason_is_taken_back_unless_it_is_leaving(demo: World):
    queue_mails([draft(key=f"test/{n}", due_at=NOW - n * MINUTE) for n in range(3)], now=NOW)
    claim(limit=1)
    assert drop_mails(keys=["test/0", "test/2", "absent"], now=NOW) == 1
    assert dict(OutboxMail.objects.values_list("key", "status")) == {
        "test/0": Status.DROPPED, "test/1": Status.WAITING, "test/2": Status.WAITING,
    }  # fmt: skip


def test_mails_given_up_are_queued_again_on_demand(demo: World):
    queue_mails([draft(key=f"test/{n}") for n in range(2)], now=NOW)
    for mail in claim():
        fail(mail, permanent=True)
    assert claim(after=LEASE) == []
    assert retry_failed(by=CLERK, now=NOW + LEASE) == 2
    assert [mail.tries for mail in claim(after=LEASE)] == [1, 1]
    assert Audit.objects.get(verb="retry_failed_mails").after == {"mails": 2}


def test_the_state_of_the_outbox_is_told(demo: World):
    hour = timedelta(hours=1)
    queue_mails([draft(key="test/late"), draft(key="test/lost"), draft(key="test/gone")], now=NOW)
    for mail, key in [(one, OutboxMail.objects.get(public_id=one.public_id).key) for one in claim()]:
        if key == "test/gone":
            mark_sent(public_id=mail.public_id, now=NOW)
        else:
            fail(mail, permanent=key == "test/lost")
    queue_mail(draft(key="test/next-week", due_at=NOW + timedelta(days=7)), now=NOW)
    assert outbox_counts(NOW + hour - MINUTE) == (0, 1)
    assert outbox_counts(NOW + hour) == (1, 1)
    assert mails_are_due(NOW + hour)


def test_another_town_sees_none_of_it(world: World):
    with in_town(world.demo):
        queue_mail(draft(), now=NOW)
        (mail,) = claim()
    with in_town(world.buchelay):
        assert (claim(after=LEASE), mails_are_due(NOW), outbox_counts(NOW)) == ([], False, (0, 0))
        assert not begin(mail)
        mark_sent(public_id=mail.public_id, now=NOW)
        fail(mail, permanent=True)
        assert release(worker="one") == 0
    with in_town(world.demo):
        assert isinstance(mail.public_id, UUID)
        assert OutboxMail.objects.get().status == Status.WAITING
