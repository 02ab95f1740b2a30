"""The bank's own ticket: an e-mail with a small PDF, sent to the payer after every payment."""

import json
import smtplib
import threading
from contextlib import suppress
from email.message import EmailMessage
from email.utils import format_datetime
from importlib.resources import as_file, files
from pathlib import Path
from urllib.parse import urlsplit

from portail.simulator.bank import Bank
from portail.simulator.values import PAID, Operation
from portail.simulator.web import euros

SENDER = "noreply-payfip@simulateur.example"
_MEANS = {"P": "Carte bancaire", "V": "Prélèvement bancaire"}
_TEXT = """\
SIMULATION : aucun paiement n’a été réellement effectué.

{label1}
{label2}

Bonjour,

Votre paiement de référence {refdet}, d’un montant de {amount}, a bien été pris en compte.
Voici votre ticket, joint aussi au format PDF.

{lines}

Cordialement.
"""


class Tickets:
    """Tickets of one bank, into a folder (one .eml each) or through a mail server; nowhere when both are empty."""

    def __init__(self, bank: Bank, folder: str, url: str) -> None:
        self._bank = bank
        self._folder = folder
        self._url = url

    def send(self, operation: Operation) -> None:
        """Send the ticket of a payment, without waiting; nothing for what is not paid."""
        if operation.result in PAID and (self._folder or self._url):
            threading.Thread(target=self._send, args=(operation,), daemon=True, name="ticket").start()

    def pdf(self, operation: Operation) -> bytes:
        """The ticket on one page."""
        import typst  # noqa: PLC0415  heavy: loaded by the first ticket only

        client = self._bank.client(operation.numcli)
        values = {"label1": client.label1, "label2": client.label2, "lines": self.lines(operation)}
        with as_file(files("portail.simulator") / "ticket.typ") as template:
            return bytes(typst.compile(str(template), sys_inputs={"data": json.dumps(values)}))

    def lines(self, operation: Operation) -> list[tuple[str, str]]:
        """What a ticket says: (name, value)."""
        at = self._bank.local(operation.answered or 0)
        lines = [
            ("Référence de la dette", operation.refdet),
            ("Date et heure", f"{at:%d/%m/%Y à %H:%M:%S} ({at:%Z})"),
            ("Moyen de paiement", _MEANS.get(operation.result, "")),
            ("Numéro de carte", operation.card),
            ("N° de transaction", operation.trans),
            ("Montant", euros(operation.cents)),
            ("Type", "Débit"),
            ("Numéro d’autorisation", operation.numauto),
        ]
        return [(name, value) for name, value in lines if value]

    def message(self, operation: Operation) -> EmailMessage:
        """The e-mail."""
        client = self._bank.client(operation.numcli)
        message = EmailMessage()
        message["From"] = f"PayFiP (simulateur) <{SENDER}>"
        message["To"] = operation.mel
        message["Subject"] = f"Ticket de paiement - Référence : {operation.refdet}"
        message["Date"] = format_datetime(self._bank.local(operation.answered or 0))
        message["Message-ID"] = f"<{operation.trans}.{operation.idop}@simulateur.example>"
        lines = self.lines(operation)
        message.set_content(
            _TEXT.format(
                label1=client.label1,
                label2=client.label2,
                refdet=operation.refdet,
                amount=euros(operation.cents),
                lines="\n".join(f"{name} : {value}" for name, value in lines),
            )
        )
        pdf = self.pdf(operation)
        message.add_attachment(pdf, maintype="application", subtype="pdf", filename=f"ticket-{operation.trans}.pdf")
        return message

    def _send(self, operation: Operation) -> None:
        with suppress(OSError, ValueError, smtplib.SMTPException):  # no ticket: so does a bank with a wrong address
            self._post(operation)

    def _post(self, operation: Operation) -> None:
        message = self.message(operation)
        if self._url:
            parts = urlsplit(self._url)
            with smtplib.SMTP(parts.hostname or "", parts.port or 25, timeout=10) as server:
                server.send_message(message)
            return
        folder = Path(self._folder)
        folder.mkdir(parents=True, exist_ok=True)
        half = folder / f".{operation.idop}.part"
        half.write_bytes(bytes(message))
        # Whoever watches the folder never sees half a letter.
        half.rename(folder / f"ticket-{operation.trans}-{operation.idop[:8]}.eml")
