"""What the worker does besides the mails, and the documents that it attaches to them: two lists, filled by hand."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from portail.billing import documents
from portail.billing.operations.paying import LEASE, resolve_due
from portail.billing.providers import ASK_SECONDS
from portail.bookings.models import Change
from portail.bookings.operations.kitchen import send_due_orders
from portail.news.operations.outbox import purge_mails
from portail.towns.actors import town_hall
from portail.towns.chain_queries import Stream
from portail.towns.models import Audit
from portail.towns.operations.files import destroy_expired
from portail.towns.operations.jobs import purge_jobs
from portail.towns.operations.sealing_chain import seal_new

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
    Chore("effectifs à la cuisine", lambda now: send_due_orders(now=now), timedelta(minutes=1)),
]
CLOCK = town_hall("Horloge")  # the author of what nobody asked for
STREAMS = (Stream("audit", Audit.objects.all), Stream("change", Change.objects.all))  # the histories that are sealed
SEALED_AT_ONCE = 2000
SEALS_EVERY, PURGES_EVERY = timedelta(minutes=10), timedelta(hours=1)

HOUSEKEEPING: list[Chore] = [  # what nobody waits for: last in the worker, and at the end of `portail tick`
    Chore("sceaux", lambda now: seal_new(streams=STREAMS, limit=SEALED_AT_ONCE, now=now), SEALS_EVERY),
    Chore("fichiers échus", lambda now: destroy_expired(by=CLOCK, now=now), PURGES_EVERY),
    Chore("travaux anciens", lambda now: purge_jobs(now=now), PURGES_EVERY),
    Chore("vieux courriels", lambda now: purge_mails(now=now), timedelta(days=1)),
]
DOCUMENTS: dict[str, Render] = {  # by the `document` of `portail.news.operations.outbox.Attached`
    "receipt": _pdf(documents.receipt_pdf),
    "invoice": _pdf(documents.invoice_pdf),
}
