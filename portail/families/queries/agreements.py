"""Who has accepted what this school year, and who has still to answer."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet

from portail.families.models import Agreement, AgreementAnswer, Payer
from portail.rules.weeks import school_year_start


@dataclass(frozen=True, slots=True)
class AgreementLine:
    """A text in force and a payer's answer this school year; None: still to come."""

    agreement: Agreement
    answer: AgreementAnswer | None

    @property
    def lacking(self) -> bool:
        """Is it to be answered before booking?"""
        return self.agreement.required and self.answer is None


def agreements_of(payer: Payer, day: date) -> list[AgreementLine]:
    """The texts in force with this payer's answers, by title. Two queries, one when there is no text."""
    texts = list(Agreement.objects.filter(active=True).order_by("title"))
    if not texts:
        return []
    rows = AgreementAnswer.objects.filter(payer=payer, school_year=_year(day))
    answers = {answer.agreement_id: answer for answer in rows}
    return [AgreementLine(text, answers.get(text.pk)) for text in texts]


def agreements_with_counts(day: date) -> QuerySet[Any]:
    """Every text, those in force first, with `answered`: how many payers have answered this school year."""
    this_year = Count("answers", filter=Q(answers__school_year=_year(day), answers__payer__active=True))
    return Agreement.objects.annotate(answered=this_year).order_by("-active", "title")


def still_to_answer(agreement: Agreement, day: date) -> QuerySet[Payer]:
    """The payers of an active child who have not answered this text this school year; children are prefetched."""
    answered = AgreementAnswer.objects.filter(agreement=agreement, school_year=_year(day)).values("payer_id")
    waiting: QuerySet[Payer] = Payer.objects.filter(active=True, links__person__active=True).exclude(pk__in=answered)
    return waiting.distinct().prefetch_related("links__person")


def agreement_numbered(number: int) -> Agreement | None:
    """The text of this number. One query."""
    return Agreement.objects.filter(pk=number).first()


def _year(day: date) -> int:
    return school_year_start(day).year
