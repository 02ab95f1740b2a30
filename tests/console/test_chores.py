"""What the worker is given to do: it follows the payments, and attaches the papers of billing to its mails."""

import email
import email.policy
from pathlib import Path
from uuid import uuid4

import pytest

from portail.billing.models import AttemptEvent, Invoice, Payment
from portail.billing.operations import paying
from portail.billing.operations.paying import LEASE
from portail.billing.providers import ASK_SECONDS
from portail.console.chores import CHORES, DOCUMENTS, HOUSEKEEPING, SWEPT_AT_ONCE
from portail.news.models import OutboxMail
from portail.news.operations.outbox import KEPT, MailDraft, drop_mails, queue_mails
from tests.billing.payfip import DAY, HOUR, MINUTE, invoice, pay_online, simulated_bank
from tests.world import NOW, World

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def box(settings, tmp_path: Path) -> Path:
    """Where the mails go."""
    settings.VAR = tmp_path
    return tmp_path / "mail"


def test_a_payment_whose_notification_was_lost_ends_as_a_receipt_in_the_mailbox(
    demo: World, run, box, settings, frozen
):
    with simulated_bank(settings) as bank:
        bank.control(notifications="drop")
        debt = invoice(demo.jamie, 777)
        assert bank.pay(pay_online(debt, bank).idop, "P")
        assert run("worker", "--once") == ["0 chose faite."]  # PayFiP is not asked before its time
        frozen.move_to(bank.clock.advance(5 * MINUTE))
        run("tick")  # one turn is enough: the sweep, then the mail that the payment queued
        assert run("worker", "--once") == ["0 chose faite."]
    assert Invoice.objects.get(pk=debt.pk).left_cents == 0
    (path,) = box.glob("*.eml")
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == f"recu-{Payment.objects.get().number}.pdf"
    assert attached.get_content().startswith(b"%PDF-")
    assert OutboxMail.objects.get().status == OutboxMail.Status.SENT


def test_a_silent_payfip_is_asked_less_and_less_and_holds_nothing_back(demo: World, settings):
    (sweep,) = [chore for chore in CHORES if chore.name == "relève PayFiP"]
    with simulated_bank(settings) as bank:
        pay_online(invoice(demo.jamie, 777), bank)
        bank.control(fault="TechIndisponibiliteErreur")
        asked = sum(sweep.act(bank.clock.advance(MINUTE)) for _ in range(60))
    assert 2 <= asked <= 10
    assert AttemptEvent.objects.count() == asked + 1


def test_one_go_ends_before_the_first_lease(demo: World, settings):
    """Otherwise a second worker would ask about the same operations while PayFiP is silent."""
    assert 1 <= SWEPT_AT_ONCE * ASK_SECONDS < LEASE.total_seconds()
    (sweep,) = [chore for chore in CHORES if chore.name == "relève PayFiP"]
    with simulated_bank(settings) as bank:
        for _ in range(SWEPT_AT_ONCE + 1):
            pay_online(invoice(demo.jamie, 777), bank)
        later = bank.clock.advance(HOUR)
        assert [sweep.act(later) for _ in range(3)] == [SWEPT_AT_ONCE, 1, 0]


def test_an_invoice_may_be_attached_too(demo: World):
    name, content, kind = DOCUMENTS["invoice"](invoice(demo.jamie, 777).public_id)
    assert (name, content[:5], kind) == ("facture-2026-026-000001.pdf", b"%PDF-", "application/pdf")


def test_a_paper_that_does_not_exist_is_an_error(demo: World):
    with pytest.raises(Invoice.DoesNotExist):
        DOCUMENTS["invoice"](uuid4())
    with pytest.raises(Payment.DoesNotExist):
        DOCUMENTS["receipt"](uuid4())


def test_every_attachment_that_billing_names_can_be_made():
    source = Path(paying.__file__).parents[1].rglob("*.py")
    named = {part.split('"')[0] for path in source for part in path.read_text(encoding="utf-8").split('Attached("')[1:]}
    assert "receipt" in named
    assert named <= set(DOCUMENTS)


def test_old_mails_are_forgotten_once_a_day(demo: World, settings, tmp_path):
    settings.VAR = tmp_path
    (chore,) = [chore for chore in HOUSEKEEPING if chore.name == "vieux courriels"]
    queue_mails([MailDraft(f"test/{n}", "test", "jamie@example.org", "Reçu", "Bonjour") for n in range(3)], now=NOW)
    drop_mails(keys=["test/0", "test/1"], now=NOW)
    assert (chore.act(NOW + KEPT), chore.act(NOW + KEPT + MINUTE), chore.act(NOW + KEPT + MINUTE)) == (0, 2, 0)
    assert chore.every == DAY
