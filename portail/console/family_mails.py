"""The work « courriel aux familles »: the mails of a campaign into the outbox, slice by slice; the postman sends them.

Killed anywhere, it goes on from the last slice; a mail queued twice is queued once, its key says whose it is.
"""

from uuid import UUID

from django.db import transaction
from django.urls import reverse

from portail.news.campaign_queries import campaign_with
from portail.news.operations.campaigns import queue_campaign
from portail.towns.operations.jobs import ClaimedJob, JobError, Outcome, Progress

SLICE = 200  # payers of one transaction


def queue_family_mails(job: ClaimedJob, progress: Progress) -> Outcome:
    """Order: {"campaign": its public identifier, "payers": their keys}; cursor: {"done": how many payers}."""
    campaign = campaign_with(UUID(job.order["campaign"]))
    if campaign is None:
        raise JobError("Ce courriel n'existe plus.")
    payers, done = job.order["payers"], int(job.cursor.get("done", 0))
    while done < len(payers):
        progress.step(done, len(payers), "préparation des courriels")
        part = payers[done : done + SLICE]
        with transaction.atomic():
            queue_campaign(campaign=campaign, payers=part, now=progress.clock())
            done += len(part)
            progress.keep({"done": done})
    progress.step(done, len(payers))
    return Outcome({
        "words": "Les courriels sont prêts ; ils partent les uns après les autres.",
        "next": reverse("office:campaign", kwargs={"public_id": campaign.public_id}), "next_words": "Suivre les envois",
    })  # fmt: skip
