"""A closure that takes many bookings away, done beside the pages: the same act, in one transaction."""

from portail.bookings.operations.events import announce_event, event_ordered
from portail.bookings.operations.offer import OfferError
from portail.console.command import counted
from portail.towns.operations.jobs import ClaimedJob, JobError, Outcome, Progress


def close_many(job: ClaimedJob, progress: Progress) -> Outcome:
    """Announce the event of the order. Cut short it has done nothing; begun again it is the same one, by its token."""
    progress.step(0, 1, "fermeture et annulations")
    try:
        event = announce_event(draft=event_ordered(job.order), by=job.by, now=progress.clock())
    except OfferError as refusal:
        raise JobError(str(refusal)) from refusal
    told = counted(event.told, "famille prévenue par courriel", "familles prévenues par courriel")
    return Outcome({"words": f"C'est fermé : {told}.", "next": job.order["next"], "next_words": "Voir l'évènement"})
