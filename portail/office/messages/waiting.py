"""What waits in the messages, for the first page of the office."""

from collections.abc import Collection
from dataclasses import dataclass

from django.urls import reverse

from portail.news.contact_queries import contacts_waiting
from portail.news.queries import failed_mails
from portail.rules.staff import Right


@dataclass(frozen=True, slots=True)
class Waiting:
    """« 2 demandes à traiter », and where."""

    number: int
    words: str
    to: str


def messages_waiting(rights: Collection[Right]) -> list[Waiting]:
    """What an agent with these rights should look at; nothing for what is at zero. Two queries at most."""
    if Right.MESSAGES not in rights:
        return []
    requests, mails = contacts_waiting(), failed_mails()
    found = [
        Waiting(requests, f"demande{'s' if requests > 1 else ''} à traiter", reverse("office:contacts")),
        Waiting(mails, f"courriel{'s' if mails > 1 else ''} non remis", reverse("office:abandoned")),
    ]
    return [one for one in found if one.number]
