"""The town's own trial of PayFiP, before families pay: test cards in mode T, then the one real payment of mode X."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from portail.billing.models import Invoice, Regie
from portail.billing.operations.paying import PaymentRefusedError, Started, Urls, start
from portail.billing.operations.setup import BillingError
from portail.billing.queries.regies import takes_online
from portail.towns.actors import Actor, parent
from portail.towns.operations import Act, record


def try_payment(*, invoice: UUID, email: str, urls: Urls, by: Actor, now: datetime) -> Started:
    """Open an operation on an invoice of a régie in mode T or X, in its payer's name, for the town hall to pay.

    What comes of it is followed like any payment: a trial with a test card settles the invoice too, and is taken back
    afterwards (`operations.money.reverse_payment`). Raises BillingError, and what `paying.start` raises of the address
    and of the provider.
    """
    debt = Invoice.objects.select_related("regie").filter(public_id=invoice).first()
    if debt is None:
        raise BillingError("Cette facture n'existe pas.")
    regie = debt.regie
    if regie.provider == Regie.Provider.NONE or regie.mode == Regie.Mode.PRODUCTION:
        raise BillingError(f"La régie « {regie} » n'est pas en mode T ou X : il n'y a rien à essayer.")
    if not takes_online(regie.provider, regie.mode, active=regie.active):
        raise BillingError(
            "Les familles de cette commune peuvent se connecter : le temps de l'essai, suspendez la commune (status = "
            '"suspended" dans son fichier, puis « portail town apply »).'
        )
    try:
        started = start(invoice=invoice, email=email, urls=urls, by=parent(debt.payer_id), now=now)
    except Invoice.DoesNotExist:
        raise BillingError(f"La facture {debt} n'est pas en ligne.") from None
    except PaymentRefusedError as refused:
        raise BillingError(f"La facture {debt} ne peut pas être payée en ligne ({refused}).") from None
    _note(started, debt, by, now)
    return started


@transaction.atomic
def _note(started: Started, debt: Invoice, by: Actor, now: datetime) -> None:
    after = {"mode": started.attempt.mode, "ticket": started.attempt.ticket, "cents": started.attempt.cents}
    record(Act("try_payment", f"facture {debt}", after=after), by=by, now=now)
