"""« Voir comme la famille » begins: written in the trail, since somebody reads what is a family's own."""

from datetime import datetime

from django.db import transaction

from portail.families.models import Payer
from portail.families.operations.register import RegisterError
from portail.families.viewing import LONGEST, View
from portail.towns.actors import Actor
from portail.towns.operations import Act, record


@transaction.atomic
def open_view(*, payer: Payer, session_id: int, by: Actor, now: datetime) -> View:
    """Let an agent read the site as this payer sees it, for half an hour. Raises RegisterError: nothing to see."""
    if not payer.active or not payer.links.filter(person__active=True).exists():
        raise RegisterError(f"{payer} ne répond d'aucun enfant actif : le site ne lui montre rien.")
    record(Act("view_as", str(payer)), by=by, now=now)
    return View(payer.public_id, session_id, now + LONGEST)
