"""`portail worker`, `portail tick` and `portail status`: what leaves, what waits, and what is said of it."""

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from portail.console import postman
from portail.console import worker as worker_module
from portail.console.command import ConsoleError
from portail.console.postman import LEASE, mailer_in_force
from portail.gateways.mail import FolderMailer, SmtpMailer
from portail.news.models import OutboxMail
from portail.news.operations.outbox import MailDraft, claim_mails, mark_failed, queue_mail, queue_mails
from portail.towns.scope import in_town
from tests.world import NOW, World

MINUTE = timedelta(minutes=1)


def draft(key: str = "test/1", **values: Any) -> MailDraft:
    return MailDraft(key, "test", "jamie@example.org", "Reçu", "Bonjour", **values)


@pytest.fixture
def box(settings, tmp_path: Path, monkeypatch) -> Path:
    """Where the mails go; the worker has nothing else to do."""
    settings.VAR = tmp_path
    monkeypatch.setattr(worker_module, "CHORES", [])
    return tmp_path / "mail"


@pytest.mark.usefixtures("frozen")
def test_once_does_everything_that_is_due(world: World, run, box):
    with in_town(world.demo):
        queue_mails([draft(f"test/{n}") for n in range(postman.BATCH + 2)], now=NOW)
    with in_town(world.buchelay):
        queue_mails([draft(), draft("test/later", due_at=NOW + MINUTE)], now=NOW)
    assert run("worker", "--once") == [f"{postman.BATCH + 3} choses faites."]
    assert len(list(box.iterdir())) == postman.BATCH + 3
    assert run("worker", "--once") == ["0 chose faite."]


@pytest.mark.usefixtures("frozen")
def test_the_clock_sends_too(world: World, run, box):
    with in_town(world.demo):
        queue_mail(draft(), now=NOW)
    assert run("tick")[-1] == "1 courriel ou paiement traité."
    assert len(list(box.glob("*.eml"))) == 1


@pytest.mark.usefixtures("frozen")
def test_a_production_without_a_server_keeps_its_mails_and_says_so(world: World, run, settings, box, caplog):
    settings.MODE = "production"
    with in_town(world.demo):
        queue_mail(draft(), now=NOW)
        with caplog.at_level(logging.WARNING):
            run("tick")
        assert (OutboxMail.objects.get().status, box.exists()) == ("waiting", False)
    assert "PORTAIL_SMTP_URL est vide : les courriels attendent." in caplog.text


def test_the_settings_say_where_mails_go(settings, tmp_path):
    settings.VAR = tmp_path
    assert mailer_in_force() == FolderMailer(tmp_path / "mail")
    settings.MODE = "production"
    assert mailer_in_force() is None
    settings.SMTP_URL = "smtps://portail:secret@mail.example"
    assert mailer_in_force() == SmtpMailer("mail.example", 465, "smtps", "portail", "secret")


@pytest.mark.parametrize(("name", "value"), [("SMTP_URL", "mail.secret.example"), ("MAIL_FROM", "Ville de Démo")])
def test_a_setting_that_cannot_be_is_said_at_once(db, fail, settings, name, value):
    setattr(settings, name, value)
    sentence = fail("worker", "--once")
    assert sentence.startswith(f"PORTAIL_{name}")
    assert "secret" not in sentence
    with pytest.raises(ConsoleError):
        mailer_in_force()


@pytest.mark.parametrize("way", ["unsafe", "waiting_migrations"])
def test_an_installation_that_is_not_ready_does_not_start(db, fail, monkeypatch, way):
    monkeypatch.setattr(f"portail.console.management.commands.worker.{way}", lambda: ["Il manque tout."])
    assert fail("worker", "--once").startswith("Le portail refuse de démarrer :\n- ")


def test_the_lease_outlives_the_longest_sending():
    assert timedelta(seconds=5 * SmtpMailer("x", 25).timeout) < LEASE


@pytest.mark.usefixtures("frozen")
def test_the_status_tells_of_mails_that_do_not_leave(world: World, run, settings):
    before = run("status")
    with in_town(world.demo):
        queue_mails([draft("test/late"), draft("test/later"), draft("test/lost")], now=NOW - 2 * MINUTE * 60)
        (lost,) = claim_mails(limit=1, lease=LEASE, worker="one", now=NOW - MINUTE)
        mark_failed(public_id=lost.public_id, error="non", permanent=True, worker="one", now=NOW)
    said = [line for line in run("status") if line not in before]
    assert said == [
        "    2 courriels attendent depuis plus d'une heure : PORTAIL_SMTP_URL est vide.",
        "    1 courriel abandonné, faute d'être accepté.",
    ]
    settings.SMTP_URL = "smtp://mail.example"
    assert any("« portail worker » tourne-t-il" in line for line in run("status"))


@pytest.mark.usefixtures("frozen")
def test_the_mails_that_were_given_up_are_listed_then_sent_again(world: World, run, settings):
    with in_town(world.demo):
        queue_mails([draft("test/lost"), draft("test/waiting")], now=NOW - MINUTE)
        (lost,) = claim_mails(limit=1, lease=LEASE, worker="one", now=NOW)
        mark_failed(public_id=lost.public_id, error="Boîte inconnue.", permanent=True, worker="one", now=NOW)
    demo = ("--town", "demo")
    assert run("mails", "list", *demo) == [
        "16/11/2026  jamie@example.org  Reçu",
        "    Boîte inconnue.",
        "1 courriel abandonné.",
    ]
    assert run("mails", "list", "--town", "buchelay") == ["0 courriel abandonné."]
    assert run("mails", "retry", *demo) == ["1 courriel remis à envoyer."]
    assert run("mails", "retry", *demo) == ["0 courriel remis à envoyer."]
    assert run("mails", "list", *demo) == ["0 courriel abandonné."]
