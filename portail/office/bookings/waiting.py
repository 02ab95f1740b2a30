"""The families that wait for an answer, for the first page of the office."""

from collections.abc import Collection

from django.urls import reverse

from portail.bookings.queries.requests import waiting_number
from portail.office.messages.waiting import Waiting
from portail.rules.staff import Right


def requests_waiting(rights: Collection[Right]) -> list[Waiting]:
    """« 4 demandes tardives sans réponse » for who may answer them; nothing for none. One query at most."""
    number = waiting_number() if Right.BOOKINGS in rights else 0
    several = "s" if number > 1 else ""
    words = f"demande{several} tardive{several} sans réponse"
    return [Waiting(number, words, reverse("office:late_requests"))] if number else []
