"""What the worker does besides the mails, and the documents that it attaches to them: two lists, filled by hand."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from portail.billing import documents
from portail.billing.operations.paying import LEASE, resolve_due
from portail.billing.providers import ASK_SECONDS

# The public identifier of a document -> (file name, content, MIME type). Called outside any transaction.
Render = Callable[[UUID], tuple[str, bytes, str]]


@dataclass(frozen=True, slots=True)
class Chore:
    """Work that comes back, done town by town, the town in force and outside any transaction.

    `act(now)` returns how many things it did; more than none, and the worker comes back at once instead of pausing, so
    it must return 0 when nothing is left. It opens its own short transactions, none around the network, and may be
    killed anywhere. An exception is logged and the chore rests, longer each time; the others go on. `name` is French,
    for the log; `every` is how long it waits in a town where it found nothing to do.
    """

    name: str
    act: Callable[[datetime], int]
    every: timedelta = timedelta()


def _pdf(paper: Callable[..., documents.PdfFile]) -> Render:
    """A paper of `billing.documents`, printed when the mail that carries it leaves."""

    def render(public_id: UUID) -> tuple[str, bytes, str]:
        file = paper(public_id, now=timezone.now())  # noqa: TID251  the door of the console
        return file.name, file.content, "application/pdf"

    return render


# Operations asked about in one go: PayFiP silent, all of them are done before the first one's lease is over, and the
# mails have waited for a minute at most.
SWEPT_AT_ONCE = int(LEASE.total_seconds() / ASK_SECONDS / 2)

CHORES: list[Chore] = [  # in this order, after the mails
    Chore("relève PayFiP", lambda now: resolve_due(now=now, limit=SWEPT_AT_ONCE)),
]
DOCUMENTS: dict[str, Render] = {  # by the `document` of `portail.news.operations.outbox.Attached`
    "receipt": _pdf(documents.receipt_pdf),
    "invoice": _pdf(documents.invoice_pdf),
}
