"""What the régisseur pays over to the accountant (« versement »): every payment of a means, once."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import Max

from portail.billing.models import Deposit, Payment, Regie
from portail.billing.operations.setup import BillingError, regie_named
from portail.towns.actors import Actor
from portail.towns.operations import Act, record
from portail.towns.queries import town_day

# What never passes through the régisseur's hands.
ELSEWHERE = (Payment.Means.TREASURY,)


@transaction.atomic
def deposit(*, regie: str, means: Payment.Means, on: date | None = None, by: Actor, now: datetime) -> Deposit:
    """Pay over all that was received by this means until that day (today if None) and not paid over yet.

    What was taken back since (an unpaid cheque) is taken off. Raises BillingError: nothing to pay over, a day to come.
    """
    place, day = regie_named(regie), on or town_day(now)
    if day > town_day(now):
        raise BillingError("La date du versement est dans l'avenir.")
    if means in ELSEWHERE:
        raise BillingError("Ce qui est payé à la Trésorerie n'est pas à verser par la régie.")
    # Two payments to the accountant at once: the second waits, then finds nothing left.
    Regie.objects.select_for_update(no_key=True).get(pk=place.pk)
    waiting = Payment.objects.select_for_update(of=("self",)).filter(regie=place, means=means, on__lte=day)
    kept = dict(waiting.filter(deposit__isnull=True).order_by("pk").values_list("pk", "cents"))
    cents = sum(kept.values())
    if cents <= 0:
        raise BillingError(f"Il n'y a rien à verser : {means.label}, régie « {place} ».")
    last = Deposit.objects.filter(regie=place).aggregate(last=Max("number"))["last"] or 0
    made = Deposit.objects.create(regie=place, number=last + 1, means=means.value, on=day, cents=cents, at=now)
    keys = list(kept)
    for start in range(0, len(keys), 500):
        Payment.objects.filter(pk__in=keys[start : start + 500]).update(deposit=made)
    after = {"means": means.value, "cents": cents, "receipts": len(kept), "on": str(day)}
    record(Act("deposit", f"régie {place}, versement {made.number}", after=after), by=by, now=now)
    return made
