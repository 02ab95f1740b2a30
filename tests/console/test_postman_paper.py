"""A ticket whose receipt the typesetter refuses: the parent is told of the payment all the same."""

from collections.abc import Iterator
from typing import Any

import pytest

from portail.billing import documents
from portail.billing.models import Anomaly, Payment
from portail.console.chores import DOCUMENTS
from portail.console.postman import Postman
from portail.gateways.mail import mailer_for
from portail.gateways.pdf.press import PaperError
from portail.news.models import OutboxMail
from portail.news.operations.outbox import Attached, MailDraft, queue_mail
from tests.billing.payfip import invoice
from tests.billing.treasury import counter
from tests.gateways.post_office import PostOffice, post_office
from tests.world import NOW, World


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as found:
        yield found


@pytest.fixture
def carrier(office: PostOffice) -> Iterator[Postman]:
    found = Postman(mailer_for(f"smtp://127.0.0.1:{office.port}"), DOCUMENTS, "one", lambda: NOW, lambda: False)
    yield found
    found.close()


def ticket(payment: Payment, key: str) -> None:
    attached = (Attached("receipt", payment.public_id),)
    draft = MailDraft(
        key=key, kind="receipt", to="jamie@example.org", subject="Payé", text="Merci.\n", attachments=attached
    )
    queue_mail(draft, now=NOW)


@pytest.mark.parametrize("printed", [True, False])
def test_a_ticket_does_not_wait_for_a_paper_that_cannot_be_printed(
    demo: World, office: PostOffice, carrier: Postman, monkeypatch: pytest.MonkeyPatch, printed: bool
):
    def press(_paper: Any, **_more: Any) -> bytes:
        if printed:
            return b"%PDF-1.7"
        raise PaperError("unknown glyph")

    monkeypatch.setattr(documents, "print_pdf", press)
    payment = counter(invoice(demo.jamie), 777)
    for key in ("receipt/1", "receipt/2"):
        ticket(payment, key)
    assert carrier.send_due() == 2
    assert set(OutboxMail.objects.values_list("status", "last_error")) == {(OutboxMail.Status.SENT, "")}
    for mail in office.mails:
        assert len(list(mail.iter_attachments())) == int(printed)
        body = mail.get_body(("plain",))
        assert body is not None
        assert ("n'a pas pu être imprimée" in body.get_content()) is not printed
    told = [(one.kind, one.payer_id, one.data["reason"], one.at) for one in Anomaly.objects.all()]
    assert told == ([] if printed else [("unprintable", demo.jamie.pk, "unknown glyph", NOW)])
