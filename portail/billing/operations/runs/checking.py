"""The check list of a run: what the town hall answers to what was found."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from portail.billing.models import Anomaly
from portail.billing.operations.setup import BillingError
from portail.towns.actors import Actor
from portail.towns.operations import Act, record

LONGEST_ANSWER = 200


@transaction.atomic
def solve_anomaly(*, anomaly: UUID, answer: str, by: Actor, now: datetime) -> Anomaly:
    """Write down what was decided about an entry of « à vérifier ». Raises BillingError when it was decided before."""
    found = Anomaly.objects.select_for_update().filter(public_id=anomaly).first()
    if found is None:
        raise BillingError("Cette anomalie n'existe pas.")
    if found.solved_at is not None:
        raise BillingError("Cette anomalie est déjà réglée.")
    if not 0 < len(answer.strip()) <= LONGEST_ANSWER:
        raise BillingError(f"Dites en {LONGEST_ANSWER} caractères au plus ce qui a été décidé.")
    found.solved_at, found.answer = now, answer.strip()
    found.save(update_fields=["solved_at", "answer"])
    record(Act("solve_anomaly", found.kind, after={"anomaly": str(anomaly), "answer": found.answer}), by=by, now=now)
    return found
