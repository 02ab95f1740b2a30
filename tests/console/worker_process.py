"""A worker in a process of its own, on the test's database, that may kill itself at a given step.

`python -m tests.console.worker_process '{"database": …, "port": …, "now": …, "dies": …, "naive": …}'`; says « ready »,
waits for a line, sends what is due in the town « demo »; with « loop », as `portail worker` does, until a signal.
"""

import json
import os
import signal
import smtplib
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.db import connection  # noqa: E402 -- Django had to be set up first

from portail.console import postman  # noqa: E402
from portail.console.bell import bell_of_signals  # noqa: E402
from portail.console.chores import Chore  # noqa: E402
from portail.console.postman import Postman  # noqa: E402
from portail.console.worker import Worker, worker_name  # noqa: E402
from portail.gateways.mail import SmtpMailer, mailer_for  # noqa: E402
from portail.news.operations.outbox import claim_mails  # noqa: E402
from portail.towns.models import Town  # noqa: E402
from portail.towns.scope import in_town  # noqa: E402

STEPS = ("claimed", "rendered", "opened", "begun", "halfway", "sent", "told")


def die() -> None:
    """As a power cut would have it: nothing is flushed, closed or rolled back by us."""
    os.kill(os.getpid(), signal.SIGKILL)


def dying_after(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> None:
        function(*arguments, **named)
        die()

    return call


def render(public_id: UUID) -> tuple[str, bytes, str]:
    return "reçu.pdf", b"%PDF-1.7" * 100, "application/pdf"


def half_a_mail(client: smtplib.SMTP, text: Any) -> None:
    """The body begins to leave, and its sender is no more."""
    data = text.encode() if isinstance(text, str) else bytes(text)
    assert client.sock is not None
    client.sock.sendall(data[: len(data) // 2] if len(data) > 500 else data)
    if len(data) > 500:
        die()


def mortal(step: str) -> None:
    """Make this process die at that step."""
    if step in ("claimed", "begun", "told"):
        name = {"claimed": "claim_mails", "begun": "begin_sending", "told": "mark_sent"}[step]
        setattr(postman, name, dying_after(getattr(postman, name)))
    elif step in ("opened", "sent"):
        name = {"opened": "open", "sent": "send"}[step]
        setattr(SmtpMailer, name, dying_after(getattr(SmtpMailer, name)))
    elif step == "halfway":
        smtplib.SMTP.send = half_a_mail  # type: ignore[method-assign, assignment]


def naive(carrier: Postman) -> None:
    """What must not be done: look at what waits, and send it without taking it first."""
    waiting = claim_mails(limit=1000, lease=timedelta(), worker="naive", now=carrier.clock())
    setattr(postman, "claim_mails", lambda **_: [waiting.pop(0)] if waiting else [])  # noqa: B010  not exported there
    setattr(postman, "begin_sending", lambda **_: True)  # noqa: B010
    setattr(postman, "mails_are_due", lambda _now: True)  # noqa: B010


def main(words: dict[str, Any]) -> None:
    connection.settings_dict.update(words["database"])
    now = datetime.fromisoformat(words["now"])
    documents = {"receipt": dying_after(render) if words["dies"] == "rendered" else render}
    mailer = mailer_for(f"smtp://127.0.0.1:{words['port']}")
    carrier = Postman(mailer, documents, worker_name(), lambda: now, lambda: False)
    mortal(words["dies"])
    with in_town(Town.objects.get(slug="demo")):
        if words["naive"]:
            naive(carrier)
        print("ready", flush=True)  # noqa: T201
        sys.stdin.readline()
        if words["loop"]:
            with bell_of_signals() as bell:
                carrier.stopping = bell.is_rung
                chores = [Chore("courriels", lambda _now: carrier.send_due())]
                Worker(chores, carrier.clock, bell.is_rung, carrier).run(bell.wait)
        else:
            carrier.send_due(None)
    carrier.close()
    connection.close()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
