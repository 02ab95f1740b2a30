"""E-mails: built without a way to slip a header in, handed over by real SMTP, each fault told for what it is."""

import email
import email.policy
import socket
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.gateways import mail
from portail.gateways.mail import (
    Attachment,
    FolderMailer,
    Letter,
    MailDelayedError,
    MailError,
    MailRefusedError,
    MailServerError,
    MailUrlError,
    build,
    mailer_for,
)
from tests.gateways.post_office import Hangup, PostOffice, free_port, post_office

AT = datetime(2026, 11, 16, 9, tzinfo=ZoneInfo("Europe/Paris"))
PDF = Attachment("Facture n° 2013-026-000335.pdf", b"%PDF-1.7 \x00\xff", "application/pdf")


def letter(**values: Any) -> Letter:
    usual: dict[str, Any] = {
        "message_id": "0a1b@portail.example",
        "sender_name": "Ville de Démo",
        "sender": "portail@demo.example",
        "to": "jamie.bond@example.org",
        "subject": "Reçu n° 12 – 4,24 €",
        "text": "Bonjour,\nvotre paiement est enregistré : 4,24 €.\n.\nÀ bientôt\n",
        "written_at": AT,
    }
    return Letter(**usual | values)


def read(message: EmailMessage) -> EmailMessage:
    return email.message_from_bytes(message.as_bytes(), policy=email.policy.default)


# --- Building -------------------------------------------------------------------------------------------------------


def test_a_letter_reads_back_as_it_was_written():
    full = letter(
        html="<p>4,24 €</p>", reply_to="mairie@demo.example", unsubscribe="https://demo.example/x", attachments=(PDF,)
    )
    found = read(build(full))
    assert {name: found[name] for name in set(found.keys()) - {"Content-Type", "MIME-Version"}} == {
        "From": "Ville de Démo <portail@demo.example>",
        "To": "jamie.bond@example.org",
        "Reply-To": "mairie@demo.example",
        "Subject": "Reçu n° 12 – 4,24 €",
        "Date": "Mon, 16 Nov 2026 09:00:00 +0100",
        "Message-ID": "<0a1b@portail.example>",
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": "<https://demo.example/x>",
    }
    plain, html = found.get_body(("plain",)), found.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().replace("\r\n", "\n") == full.text
    assert html.get_content().strip() == "<p>4,24 €</p>"
    (file,) = found.iter_attachments()
    assert (file.get_filename(), file.get_content(), file.get_content_type()) == (PDF.filename, PDF.content, PDF.mime)


def test_the_plainest_letter_has_one_part_and_seven_bits():
    message = build(letter())
    assert not message.is_multipart()
    assert {"Reply-To", "List-Unsubscribe"} & set(message.keys()) == set()
    assert message.as_bytes().isascii()
    assert all(line.endswith(b"\r\n") for line in message.as_bytes().splitlines(keepends=True))
    assert max(map(len, build(letter(text="x" * 5000)).as_bytes().splitlines())) <= 998


@pytest.mark.parametrize("field", ["message_id", "sender", "to", "subject", "reply_to", "unsubscribe"])
@pytest.mark.parametrize("mark", ["\r", "\n", "\0", "\x85", "\u2028", "\r\nBcc: other@example.org"])
def test_no_header_slips_in(field, mark):
    with pytest.raises(MailRefusedError):
        build(letter(**{field: f"a@b.example{mark}"}))


@pytest.mark.parametrize("to", ["", "jamie", "@x.fr", "a@", "a@" + "b" * 64 + ".fr", "a b@x.fr", "a@x.fr, b@x.fr"])
def test_an_address_that_is_none_is_refused(to):
    with pytest.raises(MailRefusedError):
        build(letter(to=to))


def test_a_domain_with_accents_travels_in_ascii():
    assert read(build(letter(to="jamie@écoles.example")))["To"] == "jamie@xn--coles-9ra.example"


@given(name=st.text(), subject=st.text(), text=st.text(), filename=st.text())
def test_whatever_people_are_called_the_letter_keeps_its_headers(name, subject, text, filename):
    try:
        message = build(
            letter(sender_name=name, subject=subject, text=text, attachments=(Attachment(filename, b"x", "a/b"),))
        )
        found = email.message_from_bytes(message.as_bytes(), policy=email.policy.compat32)
    except MailRefusedError:
        assert any(unicodedata.category(c) in {"Cc", "Zl", "Zp"} for c in subject)
        return
    names = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
    assert sorted(found.keys()) == sorted(names)
    assert "jamie.bond@example.org" in found["To"]


# --- A folder -------------------------------------------------------------------------------------------------------


def test_a_folder_keeps_one_whole_file_for_each_message_id(tmp_path):
    box = FolderMailer(tmp_path / "mail")
    for one in (letter(), letter(), letter(message_id="../../etc/x@portail.example")):
        box.open()
        box.send(build(one))
        box.close()
    assert sorted(path.name for path in (tmp_path / "mail").iterdir()) == [
        ".._.._etc_x_portail.example.eml", "0a1b_portail.example.eml",
    ]  # fmt: skip
    found = email.message_from_bytes(
        (tmp_path / "mail/0a1b_portail.example.eml").read_bytes(), policy=email.policy.default
    )
    assert found["Subject"] == "Reçu n° 12 – 4,24 €"


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MailServerError, match="dossier"):
        FolderMailer(tmp_path / "file").open()
    with pytest.raises(MailDelayedError, match="ne peut être écrit"):
        FolderMailer(tmp_path / "absent").send(build(letter()))


# --- A server -------------------------------------------------------------------------------------------------------


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as found:
        yield found


def test_letters_arrive_whole_over_one_connection(office):
    mailer = mailer_for(f"smtp://127.0.0.1:{office.port}")
    for number in range(3):
        mailer.open()
        mailer.send(build(letter(message_id=f"{number}@x.example", attachments=(PDF,))))
    mailer.close()
    mailer.close()
    assert office.ids == ["<0@x.example>", "<1@x.example>", "<2@x.example>"]
    assert office.envelopes == [("portail@demo.example", ["jamie.bond@example.org"])] * 3
    assert office.connections == 1
    body = office.mails[0].get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == letter().text, "a line with a lone dot too"


def test_the_server_may_ask_for_a_login():
    with post_office(user="portail@demo", password="p:@/#") as office:  # noqa: S106  nobody's
        mailer = mailer_for(f"smtp://portail%40demo:p%3A%40%2F%23@127.0.0.1:{office.port}")
        mailer.open()
        mailer.send(build(letter()))
        mailer.close()
        assert (len(office.mails), office.logins) == (1, ["portail@demo"])
        wrong = mailer_for(f"smtp://portail%40demo:autre@127.0.0.1:{office.port}")
        with pytest.raises(MailServerError, match="535") as refused:
            wrong.open()
        assert "autre" not in str(refused.value)
        assert "autre" not in repr(wrong)


def answering(line: str) -> Callable[[Any], str]:
    return lambda _about: line


@pytest.mark.parametrize(
    ("step", "line", "error"),
    [
        ("recipient", "550 5.1.1 No such user", MailRefusedError),
        ("recipient", "553 Mailbox name not allowed", MailRefusedError),
        ("recipient", "450 4.2.1 Greylisted", MailDelayedError),
        ("recipient", "554 5.7.1 Relay access denied", MailDelayedError),
        ("sender", "550 5.1.8 Sender refused", MailDelayedError),
        ("data", "554 5.7.1 Spam", MailRefusedError),
        ("data", "552 5.3.4 Too big", MailRefusedError),
        ("data", "451 4.3.0 Try again", MailDelayedError),
    ],
)
def test_a_refusal_is_for_now_or_for_good_and_the_next_letter_leaves(office, step, line, error):
    mailer = mailer_for(f"smtp://127.0.0.1:{office.port}")
    setattr(office, step, answering(line))
    mailer.open()
    with pytest.raises(error, match=line[:3]) as refused:
        mailer.send(build(letter()))
    assert type(refused.value) is error
    setattr(office, step, lambda _about: None)
    mailer.open()
    mailer.send(build(letter(message_id="next@x.example")))
    mailer.close()
    assert office.ids == ["<next@x.example>"]


@pytest.mark.parametrize("step", ["sender", "recipient", "data", "after"])
def test_a_server_that_hangs_up_delays_one_letter_and_is_called_again(office, step):
    def hang_up(_about: Any) -> str:
        raise Hangup

    mailer = mailer_for(f"smtp://127.0.0.1:{office.port}")
    setattr(office, step, hang_up)
    mailer.open()
    with pytest.raises(MailDelayedError):
        mailer.send(build(letter()))
    setattr(office, step, lambda _about: None)
    mailer.open()
    mailer.send(build(letter()))
    mailer.close()
    assert len(office.mails) == (2 if step == "after" else 1), "taken, but we were not told: the same Message-ID again"
    assert len(set(office.ids)) == 1
    assert office.connections == 2


def test_a_connection_lost_between_two_letters_is_opened_again():
    port = free_port()
    mailer = mailer_for(f"smtp://127.0.0.1:{port}")
    for _ in range(2):
        with post_office(port=port) as office:
            mailer.open()
            mailer.send(build(letter()))
            assert len(office.mails) == 1
    with pytest.raises(MailServerError, match="ne répond pas"):
        mailer.open()
    with pytest.raises(MailDelayedError):
        mailer.send(build(letter()))


@contextmanager
def talking(*words: bytes) -> Iterator[int]:
    """A server that says each of these words to whoever calls, one a line received, then falls silent."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held = []

        def talk() -> None:
            try:
                while True:
                    caller, _ = server.accept()
                    held.append(caller)
                    for word in words:
                        caller.sendall(word)
                        caller.recv(1000)
            except OSError:
                return

        thread = threading.Thread(target=talk)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for caller in held:
                hang_up_on(caller)
            thread.join()


def hang_up_on(caller: socket.socket) -> None:
    with suppress(OSError):
        caller.shutdown(socket.SHUT_RDWR)
    caller.close()


@pytest.mark.parametrize("words", [(), (b"HTTP/1.1 400 Bad Request\r\n\r\n",), (b"554 go away\r\n",), (b"220 x\r\n",)])
def test_a_server_that_is_none_is_said_within_its_time(words):
    with talking(*words) as port:
        mailer = mailer_for(f"smtp://127.0.0.1:{port}", timeout=0.2)
        with pytest.raises(MailServerError, match="ne répond pas"):
            mailer.open()


def test_a_server_that_falls_silent_while_a_letter_leaves_delays_it():
    with talking(b"220 x\r\n", b"250 x\r\n", b"250 OK\r\n", b"250 OK\r\n", b"354 go\r\n") as port:
        mailer = mailer_for(f"smtp://127.0.0.1:{port}", timeout=0.2)
        mailer.open()
        with pytest.raises(MailDelayedError, match="coupé pendant l'envoi"):
            mailer.send(build(letter()))


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_a_server_without_encryption_gets_no_password(office, scheme):
    mailer = mailer_for(f"{scheme}://user:secret@127.0.0.1:{office.port}", timeout=0.5)
    with pytest.raises(MailServerError) as refused:
        mailer.open()
    assert "secret" not in str(refused.value)
    assert office.mails == []


@pytest.mark.parametrize(
    "url",
    ["", "mail.example", "http://mail.example", "smtp://", "smtp://x:port", "smtp://x:99999", "smtp://x/y",
     "smtp://u:%C3%A9@x"],
)  # fmt: skip
def test_an_address_that_cannot_be_read_is_said(url):
    with pytest.raises(MailUrlError, match="serveur de courriel"):
        mailer_for(url)


def test_the_port_follows_the_scheme():
    found = [mailer_for(f"{scheme}://mail.example").port for scheme in ("smtp", "smtp+starttls", "smtps")]
    assert found == [25, 587, 465]
    assert mail.TIMEOUT * 5 < 300, "a mail must have left before its lease ends"
    assert issubclass(MailServerError, MailError)
