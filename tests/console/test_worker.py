"""The worker: mails leave as they were asked; a fault is one mail's, one chore's, one town's and stops no other."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.utils import OperationalError

from portail.console import postman
from portail.console import worker as worker_module
from portail.console.chores import Chore
from portail.console.postman import Postman
from portail.console.worker import Worker, worker_name
from portail.gateways.mail import SmtpMailer, mailer_for
from portail.news.models import OutboxMail
from portail.news.operations.outbox import Attached, MailDraft, queue_mail, queue_mails
from portail.towns.models import Town
from portail.towns.scope import current_town
from tests.gateways.post_office import Hangup, PostOffice, free_port, post_office
from tests.world import NOW, World

Status = OutboxMail.Status
MINUTE = timedelta(minutes=1)


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as found:
        yield found


@pytest.fixture
def carrier(office: PostOffice, clock: Clock) -> Iterator[Postman]:
    found = Postman(mailer_for(f"smtp://127.0.0.1:{office.port}"), {"receipt": receipt}, "one", clock, lambda: False)
    yield found
    found.close()


def receipt(public_id: UUID) -> tuple[str, bytes, str]:
    return f"Reçu {public_id}.pdf", b"%PDF-1.7", "application/pdf"


def draft(key: str = "test/1", **values: Any) -> MailDraft:
    usual = {"key": key, "kind": "test", "to": "jamie@example.org", "subject": "Reçu", "text": "Bonjour"}
    return MailDraft(**usual | values)


def statuses() -> list[str]:
    return list(OutboxMail.objects.order_by("key").values_list("status", flat=True))


# --- Mails ----------------------------------------------------------------------------------------------------------


def test_a_mail_leaves_once_with_its_documents_in_the_town_s_name(demo: World, office, carrier, settings):
    settings.DOMAIN = "portail.example"
    Town.objects.filter(pk=demo.demo.pk).update(email="mairie@demo.example")
    current_town().refresh_from_db()
    document = uuid4()
    queue_mail(draft(attachments=[Attached("receipt", document)], html="<p>Bonjour</p>"), now=NOW)
    assert [carrier.send_due(), carrier.send_due()] == [1, 0]
    (mail,) = office.mails
    row = OutboxMail.objects.get()
    assert (row.status, row.sent_at, row.tries) == (Status.SENT, NOW, 1)
    assert (mail["From"], mail["To"], mail["Reply-To"]) == (
        "Ville de Démo <mairie@demo.example>", "jamie@example.org", "mairie@demo.example",
    )  # fmt: skip
    assert mail["Message-ID"] == f"<{row.public_id}@portail.example>"
    assert [file.get_filename() for file in mail.iter_attachments()] == [f"Reçu {document}.pdf"]


@pytest.mark.parametrize(
    ("own", "setting", "sender"),
    [
        ("", "", "ne-pas-repondre@demo.localhost"),
        ("pas une adresse", "", "ne-pas-repondre@demo.localhost"),
        ("mairie@demo.example", "portail@hebergeur.example", "portail@hebergeur.example"),
    ],
)
@pytest.mark.usefixtures("demo")
def test_the_sender_is_always_an_address(office, carrier, settings, own, setting, sender):
    settings.MAIL_FROM = setting
    current_town().email = own
    queue_mail(draft(), now=NOW)
    carrier.send_due()
    assert office.envelopes == [(sender, ["jamie@example.org"])]
    assert office.mails[0]["From"] == f"Ville de Démo <{sender}>"


@pytest.mark.parametrize("kind", ["broken", "unknown"])
def test_a_document_that_cannot_be_made_delays_its_mail_alone(demo: World, office, carrier, clock, kind):
    carrier.documents = {"broken": lambda _id: 1 / 0, "receipt": receipt}
    queue_mails([draft("test/1", attachments=[Attached(kind, uuid4())]), draft("test/2")], now=NOW)
    assert carrier.send_due() == 2
    assert (len(office.mails), statuses()) == (1, [Status.WAITING, Status.SENT])
    assert OutboxMail.objects.get(key="test/1").last_error.startswith("Une pièce jointe n'a pu être faite")
    carrier.documents = {"broken": receipt, "unknown": receipt}
    clock.now += MINUTE
    assert carrier.send_due() == 1
    assert statuses() == [Status.SENT, Status.SENT]


def test_a_refused_address_ends_its_mail_and_a_busy_server_delays_the_others(demo: World, office, carrier):
    answers = {"lost@example.org": "550 No such user", "busy@example.org": "450 Later"}
    office.recipient = answers.get
    queue_mails(
        [draft("test/1", to="lost@example.org"), draft("test/2", to="busy@example.org"), draft("test/3")], now=NOW
    )
    assert carrier.send_due() == 3
    assert statuses() == [Status.FAILED, Status.WAITING, Status.SENT]
    assert OutboxMail.objects.get(key="test/1").last_error == "Le serveur refuse l'adresse (550 No such user)."
    assert OutboxMail.objects.get(key="test/2").due_at == NOW + MINUTE


@pytest.mark.parametrize(("step", "copies"), [("recipient", 1), ("data", 1), ("after", 2)])
def test_a_server_that_hangs_up_gets_the_same_message_again(demo: World, office, carrier, clock, step, copies):
    """« after »: the server took it and could not say so; what tells the copies apart from two mails is their id."""

    def hang_up(_about: Any) -> None:
        raise Hangup

    setattr(office, step, hang_up)
    queue_mail(draft(), now=NOW)
    assert carrier.send_due() == 1
    setattr(office, step, lambda _about: None)
    clock.now += MINUTE
    assert carrier.send_due() == 1
    assert (len(office.ids), len(set(office.ids)), statuses()) == (copies, 1, [Status.SENT])


def test_without_a_server_mails_wait_untried_and_leave_when_it_is_back(demo: World, clock):
    port = free_port()
    carrier = Postman(mailer_for(f"smtp://127.0.0.1:{port}"), {}, "one", clock, lambda: False)
    queue_mails([draft(f"test/{n}") for n in range(3)], now=NOW)
    for _ in range(20):  # not one call for each mail and each second
        assert carrier.send_due() == 0
        clock.now += MINUTE
    row = OutboxMail.objects.get(key="test/0")
    assert (row.tries, row.status, row.claimed_by) == (0, Status.WAITING, "")
    assert "ne répond pas" in row.last_error
    with post_office(port=port) as office:
        clock.now += timedelta(minutes=5)
        assert carrier.send_due() == 3
        carrier.close()
        assert len(set(office.ids)) == 3


def test_a_server_that_is_away_is_called_ever_more_seldom(demo: World, clock, monkeypatch):
    carrier = Postman(mailer_for(f"smtp://127.0.0.1:{free_port()}"), {}, "one", clock, lambda: False)
    queue_mail(draft(), now=NOW)
    calls: list[float] = []
    really_open = SmtpMailer.open

    def watched(mailer: SmtpMailer) -> None:
        calls.append((clock.now - NOW).total_seconds())
        really_open(mailer)

    monkeypatch.setattr(SmtpMailer, "open", watched)
    for _ in range(1000):
        carrier.send_due()
        clock.now += timedelta(seconds=1)
    assert calls == [0, 5, 15, 35, 75, 155, 315, 615, 915]


def test_a_server_that_came_back_is_soon_called_again_when_it_goes_away(demo: World, clock, monkeypatch):
    port = free_port()
    carrier = Postman(mailer_for(f"smtp://127.0.0.1:{port}"), {}, "one", clock, lambda: False)
    queue_mails([draft(f"test/{n}") for n in range(2)], now=NOW)
    for pause in (5, 10, 20, 40):
        carrier.send_due()
        clock.now += timedelta(seconds=pause)
    with post_office(port=port) as office:
        assert carrier.send_due(1) == 1
        carrier.close()
        assert len(office.mails) == 1
    carrier.send_due()
    clock.now += timedelta(seconds=5)
    with post_office(port=port):
        assert carrier.send_due() == 1
        carrier.close()


def test_what_the_database_did_not_hear_is_not_sent_again(demo: World, office, carrier, monkeypatch):
    """The database goes away between the server's yes and our writing it down; this very worker comes back."""
    queue_mail(draft(), now=NOW)
    with monkeypatch.context() as away:
        away.setattr(postman, "mark_sent", broken_database)
        for _ in range(2):
            with pytest.raises(OperationalError):
                carrier.send_due()
    assert statuses() == [Status.SENDING]
    carrier.send_due()
    assert (statuses(), len(office.mails)) == ([Status.SENT], 1)


def broken_database(**_values: Any) -> None:
    raise OperationalError("server closed the connection unexpectedly")


def test_a_mail_that_somebody_else_took_meanwhile_is_left_alone(demo: World, office, carrier, monkeypatch):
    monkeypatch.setattr(postman, "begin_sending", lambda **_: False)
    queue_mail(draft(), now=NOW)
    assert (carrier.send_due(), office.mails) == (1, [])


def test_stopping_ends_after_the_current_mail(demo: World, office, carrier):
    carrier.stopping = lambda: len(office.mails) >= 2
    queue_mails([draft(f"test/{n}") for n in range(5)], now=NOW)
    assert carrier.send_due() == 2
    assert statuses().count(Status.WAITING) == 3
    assert not OutboxMail.objects.filter(status=Status.WAITING, claimed_until__isnull=False).exists()


def test_one_town_does_not_keep_the_others_waiting(demo: World, carrier):
    queue_mails([draft(f"test/{n}") for n in range(7)], now=NOW)
    assert [carrier.send_due(3), carrier.send_due(None)] == [3, 4]


# --- Turns ----------------------------------------------------------------------------------------------------------


def worker_of(clock: Clock, *list_of_chores: Chore) -> Worker:
    return Worker(list_of_chores, clock, lambda: False)


def test_every_chore_in_every_town_and_a_failure_stops_nothing(world: World, clock, caplog):
    seen: list[tuple[str, str]] = []

    def note(name: str) -> Callable[[datetime], int]:
        return lambda _now: seen.append((current_town().slug, name)) or 0  # type: ignore[func-returns-value]

    def break_in_demo(_now: datetime) -> int:
        note("broken")(_now)
        return 1 // (current_town().slug != "demo")

    worker = worker_of(
        clock, Chore("première", note("first")), Chore("cassée", break_in_demo), Chore("x", note("last"))
    )
    assert worker.turn() == 1
    assert seen == [(town, name) for town in ("buchelay", "demo") for name in ("first", "broken", "last")]
    assert "demo, cassée : échec (ZeroDivisionError" in caplog.text
    with pytest.raises(Exception, match="no town in force"):
        current_town()


def test_a_chore_that_fails_rests_longer_each_time(demo: World, clock):
    calls: list[float] = []

    def fail(_now: datetime) -> int:
        calls.append((clock.now - NOW).total_seconds())
        raise RuntimeError

    worker = worker_of(clock, Chore("cassée", fail))
    Town.objects.filter(slug="buchelay").update(slug="x")
    for _ in range(1000):
        worker.turn()
        clock.now += timedelta(seconds=1)
    assert calls[::2] == [0, 2, 6, 14, 30, 62, 126, 254, 510, 810], "half of them are the other town's"


def test_a_chore_that_mended_itself_is_trusted_again(demo: World, clock):
    calls: list[float] = []

    def fail_at_first_and_later(_now: datetime) -> int:
        if current_town().slug == "demo":
            calls.append((clock.now - NOW).total_seconds())
            if len(calls) not in (4, 5):
                raise RuntimeError
        return 0

    worker = worker_of(clock, Chore("capricieuse", fail_at_first_and_later))
    for _ in range(20):
        worker.turn()
        clock.now += timedelta(seconds=1)
    assert calls == [0, 2, 6, 14, 15, 16, 18]


def test_a_chore_waits_its_time_only_where_it_found_nothing(demo: World, clock):
    left = [2, 1, 0, 0, 0]
    calls: list[float] = []

    def act(now: datetime) -> int:
        calls.append((now - NOW).total_seconds())
        return left.pop(0) if left else 0

    def only_demo(now: datetime) -> int:
        return act(now) if current_town().slug == "demo" else 0

    worker = worker_of(clock, Chore("suivi", only_demo, every=timedelta(seconds=30)))
    for _ in range(100):
        worker.turn()
        clock.now += timedelta(seconds=1)
    assert calls == [0, 1, 2, 32, 62, 92]


@pytest.mark.django_db(transaction=True)
def test_a_database_that_was_restarted_is_found_again(world: World, clock, caplog):
    worker = worker_of(clock, Chore("compte", lambda _now: Town.objects.count()))
    assert worker.turn() == 4
    connection.connection.close()  # as the restart of a server leaves it
    assert worker.turn() == 0
    assert "La base de données ne répond pas" in caplog.text
    assert worker.turn() == 4


@pytest.mark.django_db(transaction=True)
def test_a_connection_lost_in_one_town_is_there_again_for_the_next(world: World, clock):
    def count(_now: datetime) -> int:
        if current_town().slug == "buchelay":
            connection.connection.close()
        return Town.objects.count()

    assert worker_of(clock, Chore("compte", count)).turn() == 2


def test_the_loop_pauses_when_idle_and_ends_when_told(world: World, clock):
    waits: list[float] = []
    found = [3, 0, 0]
    worker = Worker([Chore("x", lambda _now: found.pop(0) if found else 0)], clock, lambda: len(waits) >= 3)
    worker.run(waits.append)
    assert waits == [worker_module.BREATH, worker.pause, worker.pause]
    assert worker.pause == worker_module.PAUSE + 2 * worker_module.PAUSE_PER_TOWN


def test_no_two_workers_bear_the_same_name():
    assert len({worker_name() for _ in range(100)}) == 100
    assert len(worker_name()) <= 80
