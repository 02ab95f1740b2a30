"""E-mails built and handed to a server (SMTP) or written to a folder (the demonstration's letter box).

No table and no clock: a letter says when it was written. Whatever goes wrong is one of three errors, by what is to be
done next: the server cannot be reached (no mail's fault), this mail must be tried again, this mail will never leave.
"""

import contextlib
import os
import re
import smtplib
import socket
import ssl
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

TIMEOUT = 20.0  # seconds, for each exchange with the server: five of them from MAIL FROM to its last word
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}

# Seven bits everywhere, so that no server on the way needs to rewrite the mail; lines end as SMTP wants them.
_POLICY = SMTP.clone(cte_type="7bit")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # some of them end a line for some readers


class MailError(Exception):
    """A mail did not leave; the message is a French sentence."""


class MailServerError(MailError):
    """The server cannot be reached or refuses us: nothing was sent, and no mail is to blame."""


class MailDelayedError(MailError):
    """This mail was not taken now, or nobody knows: to be tried again later, with the same Message-ID."""


class MailRefusedError(MailError):
    """This mail will never be taken: its address or its content is refused for good."""


class MailUrlError(ValueError):
    """An address of a server that cannot be read; the message is a French sentence that does not repeat it."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file joined to a letter; `mime` is « application/pdf »."""

    filename: str
    content: bytes
    mime: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What an e-mail is made of. `message_id` without angle brackets, the same at each try; `html` may be empty.

    `reply_to` and `unsubscribe` (an https: or mailto: address) may be empty; `written_at` is aware.
    """

    message_id: str
    sender_name: str
    sender: str
    to: str
    subject: str
    text: str
    written_at: datetime
    html: str = ""
    reply_to: str = ""
    unsubscribe: str = ""
    attachments: tuple[Attachment, ...] = ()


class Mailer(Protocol):
    """Where letters are handed over. `open` before each one: it is free when the way is already open."""

    def open(self) -> None:
        """Be ready to send. Raises MailServerError."""

    def send(self, message: EmailMessage) -> None:
        """Hand one message over; returns once it was taken. Raises MailDelayedError, MailRefusedError."""

    def close(self) -> None:
        """Say good-bye; never raises."""


def build(letter: Letter) -> EmailMessage:
    """The message of a letter: text, simple HTML beside it if any, attachments. Raises MailRefusedError.

    Auto-Submitted (RFC 3834) keeps absence notices from answering it.
    """
    headers = (letter.message_id, letter.sender, letter.to, letter.subject, letter.reply_to, letter.unsubscribe)
    if any(_CONTROL.search(header) for header in headers):
        raise MailRefusedError("Un en-tête du courriel contient une fin de ligne ou un caractère de contrôle.")
    message = EmailMessage(_POLICY)
    try:
        message["From"] = Address(_phrase(letter.sender_name), addr_spec=_ascii(letter.sender))
        message["To"] = Address(addr_spec=_ascii(letter.to))
        if letter.reply_to:
            message["Reply-To"] = Address(addr_spec=_ascii(letter.reply_to))
    except (ValueError, IndexError) as error:
        raise MailRefusedError("L'adresse du destinataire ou de l'expéditeur est illisible.") from error
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.written_at)
    message["Message-ID"] = f"<{letter.message_id}>"
    message["Auto-Submitted"] = "auto-generated"
    if letter.unsubscribe:
        message["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
    message.set_content(letter.text)
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
    for one in letter.attachments:
        maintype, _, subtype = one.mime.partition("/")
        message.add_attachment(one.content, maintype=maintype, subtype=subtype, filename=_file_name(one.filename))
    return message


def mailer_for(url: str, *, timeout: float = TIMEOUT) -> "SmtpMailer":
    """The server of smtp://, smtps:// or smtp+starttls://user:password@host:port. Raises MailUrlError."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
        raise MailUrlError("L'adresse du serveur de courriel s'écrit smtp+starttls://utilisateur:motdepasse@hôte:port.")
    try:
        port = parts.port or PORTS[parts.scheme]
    except ValueError:
        raise MailUrlError("Le port du serveur de courriel n'est pas un nombre de 1 à 65535.") from None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not f"{user}{password}".isascii():
        raise MailUrlError("Le nom et le mot de passe du serveur de courriel ne peuvent avoir d'accent.")
    return SmtpMailer(parts.hostname, port, parts.scheme, user=user, password=password, timeout=timeout)


@dataclass(slots=True)
class SmtpMailer:
    """An SMTP server, over one connection for as many letters as it lasts. `secure` is the scheme of the address."""

    host: str
    port: int
    secure: str = "smtp"
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: float = TIMEOUT
    _client: smtplib.SMTP | None = field(default=None, init=False, repr=False)

    def open(self) -> None:
        """Connect, encrypt and log in, unless the connection of the last letter still answers."""
        if self._client is not None and self._still_there(self._client):
            return
        self.close()
        try:
            self._client = self._connected()
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            raise MailServerError(f"Le serveur de courriel {self.host} ne répond pas ({_said(error)}).") from error

    def send(self, message: EmailMessage) -> None:
        """Hand one message over to its only recipient."""
        if self._client is None:
            raise MailDelayedError("La connexion au serveur de courriel n'est pas ouverte.")
        sender, to = message["From"].addresses[0].addr_spec, message["To"].addresses[0].addr_spec
        try:
            self._client.sendmail(sender, [to], message.as_bytes())
        except smtplib.SMTPRecipientsRefused as error:
            raise _refusal(*error.recipients[to], "l'adresse") from error
        except smtplib.SMTPSenderRefused as error:
            raise MailDelayedError(f"Le serveur refuse notre adresse d'envoi ({_said(error)}).") from error
        except smtplib.SMTPDataError as error:
            raise _refusal(error.smtp_code, error.smtp_error, "le message") from error
        except (smtplib.SMTPException, OSError) as error:
            self._forget()
            raise MailDelayedError(f"Le serveur a coupé pendant l'envoi ({_said(error)}).") from error

    def close(self) -> None:
        """QUIT, politely, if there is still somebody to hear it."""
        if self._client is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._client.quit()
            self._forget()

    def _connected(self) -> smtplib.SMTP:
        if self.secure == "smtps":
            client: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=self.timeout, context=ssl.create_default_context()
            )
        else:
            client = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        try:
            if self.secure == "smtp+starttls":
                client.starttls(context=ssl.create_default_context())
            if self.user:
                client.login(self.user, self.password)
            client.ehlo_or_helo_if_needed()
        except BaseException:
            client.close()
            raise
        return client

    def _forget(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    @staticmethod
    def _still_there(client: smtplib.SMTP) -> bool:
        try:
            return client.sock is not None and client.noop()[0] == 250
        except (smtplib.SMTPException, OSError):
            return False


@dataclass(frozen=True, slots=True)
class FolderMailer:
    """Each letter a file `<Message-ID>.eml`: sent again, it replaces itself."""

    folder: Path

    def open(self) -> None:
        """Make the folder."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise MailServerError(f"Le dossier des courriels ne peut être créé ({_said(error)}).") from error

    def send(self, message: EmailMessage) -> None:
        """Write the file whole or not at all."""
        name = "".join(c if c.isalnum() or c in "-_." else "_" for c in str(message["Message-ID"]).strip("<>"))
        draft = self.folder / f".{name}.part"
        try:
            draft.write_bytes(message.as_bytes())
            os.replace(draft, self.folder / f"{name}.eml")  # noqa: PTH105  the only word for « atomically »
        except OSError as error:
            raise MailDelayedError(f"Le courriel ne peut être écrit ({_said(error)}).") from error

    def close(self) -> None:
        """Nothing is held open."""


def _refusal(code: int, said: bytes | str, what: str) -> MailError:
    """A 5xx is for good, except 5.7.x about an address: a server that will not relay for us is a matter of settings."""
    words = said.decode(errors="replace") if isinstance(said, bytes) else said
    sentence = f"Le serveur refuse {what} ({code} {' '.join(words.split())[:150]})."
    relay = what == "l'adresse" and words.startswith("5.7.")
    return MailRefusedError(sentence) if 500 <= code < 600 and not relay else MailDelayedError(sentence)


def _said(error: Exception) -> str:
    """What went wrong, in one short line, without what we had sent."""
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        return f"{error.smtp_code} {' '.join(str(words).split())[:150]}"
    if isinstance(error, TimeoutError | socket.timeout):
        return "délai dépassé"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split())[:150] or type(error).__name__


def _phrase(name: str) -> str:
    """A display name on one line."""
    return " ".join(_CONTROL.sub(" ", name).split())


def _ascii(address: str) -> str:
    """The address as every server takes it: the domain « écoles.fr » in its ASCII form."""
    local, _, domain = address.rpartition("@")
    if not local or not domain:
        raise ValueError(address)
    return f"{local}@{domain.encode('idna').decode()}"


def _file_name(name: str) -> str:
    return re.sub(r'["/\\]', " ", _phrase(name)).strip() or "document"
