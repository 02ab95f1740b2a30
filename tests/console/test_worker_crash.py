"""Workers killed at every step, and two at once: each mail arrives, and arrives once. On both engines, by real SMTP.

One window is left, and is shown: a worker killed after the server took a mail and before that was written down. The
mail then leaves again with the same Message-ID, by which mail systems know a copy.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from portail.console.postman import LEASE, Postman
from portail.gateways.mail import mailer_for
from portail.news.models import OutboxMail
from portail.news.operations.outbox import Attached, MailDraft, queue_mails
from portail.news.queries import mails_are_due
from tests.console.worker_process import STEPS, render
from tests.gateways.post_office import PostOffice, post_office
from tests.world import NOW, World

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).parents[2]
MAILS = 30
TWICE = "sent"  # the step of the window


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as found:
        yield found


def start(office: PostOffice, *, dies: str = "", naive: bool = False, loop: bool = False) -> subprocess.Popen[str]:
    """A worker, ready to go at the next line that it reads."""
    database = {k: v for k, v in connection.settings_dict.items() if k != "TEST"}
    words = {"database": database, "port": office.port, "now": NOW.isoformat(), "dies": dies, "naive": naive}
    words["loop"] = loop
    process = subprocess.Popen(  # noqa: S603  our own words
        [sys.executable, "-m", "tests.console.worker_process", json.dumps(words, default=str)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(*processes: subprocess.Popen[str]) -> list[int]:
    """Start them at once; their exit codes."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
    return [process.returncode for process in processes]


def queue(number: int) -> None:
    drafts = [
        MailDraft(
            f"test/{n}", "test", "jamie@example.org", "Reçu", "Bonjour", attachments=[Attached("receipt", uuid4())]
        )
        for n in range(number)
    ]
    queue_mails(drafts, now=NOW)


def next_worker(office: PostOffice, after: timedelta) -> Postman:
    mailer = mailer_for(f"smtp://127.0.0.1:{office.port}")
    return Postman(mailer, {"receipt": render}, "next", lambda: NOW + after, lambda: False)


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_at_any_step_loses_nothing(demo: World, office: PostOffice, step: str):
    queue(3)
    assert go(start(office, dies=step)) == [-signal.SIGKILL]
    early, late = next_worker(office, timedelta()), next_worker(office, LEASE)
    early.send_due()
    early.close()
    before = len(office.ids)
    assert before == (3 if step in (TWICE, "told") else 2), "the others leave at once; only the one in hand must wait"
    assert mails_are_due(NOW + LEASE) == (step != "told")
    late.send_due()
    late.close()
    assert set(OutboxMail.objects.values_list("status", flat=True)) == {OutboxMail.Status.SENT}
    assert len(set(office.ids)) == 3
    assert len(office.ids) == (4 if step == TWICE else 3)


def test_two_workers_at_once_send_each_mail_once(demo: World, office: PostOffice):
    queue(MAILS)
    assert go(start(office), start(office)) == [0, 0]
    assert (len(office.ids), len(set(office.ids))) == (MAILS, MAILS)
    assert set(OutboxMail.objects.values_list("status", "tries")) == {(OutboxMail.Status.SENT, 1)}


def test_the_control_two_workers_that_do_not_claim_send_everything_twice(demo: World, office: PostOffice):
    queue(MAILS)
    assert go(start(office, naive=True), start(office, naive=True)) == [0, 0]
    assert (len(office.ids), len(set(office.ids))) == (2 * MAILS, MAILS)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_told_to_stop_ends_the_mail_in_hand_and_holds_no_other(demo: World, office: PostOffice, number: int):
    queue(3)
    worker = start(office, loop=True)
    office.data = lambda _about: worker.send_signal(number)  # while it waits for our answer
    assert go(worker) == [0]
    assert len(office.ids) == 1
    assert sorted(OutboxMail.objects.values_list("status", "claimed_by", "tries")) == [
        ("sent", "", 1), ("waiting", "", 0), ("waiting", "", 0),
    ]  # fmt: skip


def test_a_message_id_is_the_same_at_each_try_and_its_own(demo: World, office: PostOffice, settings: Any):
    queue(2)
    assert go(start(office, dies=TWICE)) == [-signal.SIGKILL]
    late = next_worker(office, LEASE)
    late.send_due()
    late.close()
    known = {f"<{public_id}@{settings.DOMAIN}>" for public_id in OutboxMail.objects.values_list("public_id", flat=True)}
    assert set(office.ids) == known
    assert max(office.ids.count(one) for one in office.ids) == 2
