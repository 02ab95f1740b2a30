"""A real SMTP server for the tests: it keeps what it takes, and refuses, drops or dawdles when told."""

# ruff: noqa: ARG002 -- aiosmtpd gives every step all that it has

import asyncio
import email
import email.policy
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

Answer = Callable[[Any], str | None]  # what to say to this step instead of yes; may raise Hangup


class Hangup(Exception):  # noqa: N818 -- not an error of anybody's
    """The server goes away without a word."""


class PostOffice:
    """aiosmtpd's handler: `sender`, `recipient` and `data` may answer otherwise; `after` acts once a mail was taken."""

    def __init__(self) -> None:
        self.port = 0
        self.raw: list[bytes] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.connections = 0
        self.logins: list[str] = []
        self.sender: Answer = lambda _: None
        self.recipient: Answer = lambda _: None
        self.data: Answer = lambda _: None
        self.after: Answer = lambda _: None

    @property
    def mails(self) -> list[EmailMessage]:
        """What was taken, as a mail program reads it."""
        return [email.message_from_bytes(one, policy=email.policy.default) for one in self.raw]

    @property
    def ids(self) -> list[str]:
        return [str(mail["Message-ID"]) for mail in self.mails]

    async def handle_EHLO(  # noqa: N802 -- aiosmtpd's name
        self, server: SMTP, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        said = self._step(self.sender, address, server)
        if said is None:
            envelope.mail_from = address
        return said or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        said = self._step(self.recipient, address, server)
        if said is None:
            envelope.rcpt_tos.append(address)
        return said or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        said = self._step(self.data, envelope, server)
        if said is None:
            self.raw.append(envelope.original_content)
            self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))
            said = self._step(self.after, envelope, server)
        return said or "250 OK"

    @staticmethod
    def _step(answer: Answer, about: Any, server: SMTP) -> str | None:
        try:
            return answer(about)
        except Hangup:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return "421 gone"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def post_office(*, user: str = "", password: str = "", port: int = 0) -> Iterator[PostOffice]:
    """A server on this machine for the block; with a user it knows a login."""
    handler = PostOffice()

    def known(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        handler.logins.append(data.login.decode())
        return AuthResult(success=(data.login, data.password) == (user.encode(), password.encode()), handled=False)

    login: dict[str, Any] = {"authenticator": known, "auth_require_tls": False} if user else {}
    handler.port = port or free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port, **login)
    controller.start()
    try:
        yield handler
    finally:
        controller.stop()
