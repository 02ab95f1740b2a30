"""Dunning put into words: the letter, for the press, and the e-mail. In French; they name no child."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from django.utils import translation

from portail.billing.documents import TEST, letterhead, recipient, siret_of
from portail.billing.letters import letter as plain_letter
from portail.billing.models import Invoice, Payment, Regie
from portail.billing.queries.regies import takes_online
from portail.billing.queries.reminders import Letter
from portail.gateways.pdf.papers import OnlinePayment, ReminderLevel, ReminderPaper, UnpaidInvoice
from portail.gateways.pdf.press import print_many
from portail.news.operations.outbox import MailDraft
from portail.towns import wording
from portail.towns.queries import public_origin
from portail.towns.scope import current_town

BATCH = 100
"""Letters of one file: the press keeps each in memory until the end."""

SUBJECTS = {1: "Relance : factures à payer", 2: "Deuxième relance", 3: "Dernier rappel avant transmission au comptable"}
OPENING = {
    1: "Sauf erreur de notre part, les sommes suivantes restent à payer.",
    2: "Malgré notre première relance, les sommes suivantes restent à payer.",
    3: "Malgré nos relances, les sommes suivantes restent à payer. Sans règlement sous huit jours, elles seront "
    "transmises au comptable public, qui en poursuivra le recouvrement.",
}
CLOSING = (
    "Si vous venez de régler, ne tenez pas compte de cette lettre.",
    "En cas de difficulté, prenez contact avec la régie : un arrangement est possible.",
)


def print_reminders(regie: Regie, letters: Sequence[Letter], level: int, *, now: datetime, on: date) -> Iterator[bytes]:
    """The letters as PDF files of a hundred, in their order. Outside any transaction. Raises PaperError."""
    origin = public_origin()
    for start in range(0, len(letters), BATCH):
        with translation.override("fr"):
            papers = [reminder_paper(regie, letter, level, on, origin) for letter in letters[start : start + BATCH]]
        yield print_many(papers, printed_at=now, double_sided=True)


def reminder_paper(regie: Regie, letter: Letter, level: int, on: date, origin: str) -> ReminderPaper:
    """One letter in words; `origin`: where families reach the portal (`public_origin`), the same for all."""
    test = regie.mode == Regie.Mode.TEST and regie.provider != Regie.Provider.NONE
    words = dict(Payment.Means.choices)
    means = [str(words[one]) for one in regie.means if one in words]
    return ReminderPaper(
        letterhead=letterhead(current_town(), siret_of(regie)),
        recipient=recipient(str(letter.payer), letter.payer.address),
        regie=regie.name,
        level=ReminderLevel(level),
        issued_on=wording.plain_day(on),
        subject=SUBJECTS[level],
        paragraphs=("Madame, Monsieur,", OPENING[level]),
        invoices=tuple(
            UnpaidInvoice(
                one.number or "",
                one.label,
                wording.numeric(one.due_on),
                wording.money(one.total_cents),
                wording.money(one.left_cents),
            )
            for one in letter.invoices
        ),
        total=wording.money(letter.cents),
        closing=CLOSING,
        online=_online(regie, letter.invoices, on, origin),
        how_to_pay=(f"À la régie : {wording.listing(means)}.",) if means else (),
        signatory=tuple(filter(None, ("Le régisseur" if regie.officer else "", regie.officer))),
        test_mention=TEST if test else "",
    )


def reminder_mail(regie: Regie, letter: Letter, level: int, on: date, origin: str) -> MailDraft:
    """The same by e-mail, with the way to the payment page where one of them may still be paid there."""
    with translation.override("fr"):
        rows = [
            f"– facture {one.number}, {one.label} : {wording.money(one.left_cents)}, échue le "
            f"{wording.numeric(one.due_on)}"
            for one in letter.invoices
        ]
        online = _online(regie, letter.invoices, on, origin)
        body = [
            "Bonjour,",
            OPENING[level],
            "\n".join(rows),
            f"Total à payer : {wording.money(letter.cents)}",
            f"Pour payer en ligne : {online.url}" if online else "",
            "Si vous venez de régler, ne tenez pas compte de ce message.",
            f"En cas de difficulté, prenez contact avec la régie ({regie}).",
        ]
        subject = f"{SUBJECTS[level]} – {regie}"[:200]
    return MailDraft(
        key=f"reminder/{letter.payer.public_id}/{regie.pk}/{level}/{letter.invoices[0].pk}/{on}",
        kind="reminder",
        to=letter.payer.email,
        subject=subject,
        text=plain_letter(body),
        payer_id=letter.payer.pk,
    )


def _online(regie: Regie, invoices: Sequence[Invoice], on: date, origin: str) -> OnlinePayment | None:
    able = [one for one in invoices if one.payable_until is None or one.payable_until >= on]
    if not able or not takes_online(regie.provider, regie.mode, active=regie.active):
        return None
    return OnlinePayment(f"{origin}/factures/", "Payer en ligne", "Sur le site sécurisé PayFiP de l'État.")
