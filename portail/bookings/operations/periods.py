"""« Périscotidien » (feature P10): the weekdays of a period, chosen once per child."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from portail.bookings.models import ChangeSet, Period, PeriodActivity, PeriodChoice
from portail.bookings.operations.changes import Submission, apply_submission
from portail.bookings.operations.offer import OfferError, PeriodDraft, activity_named
from portail.bookings.queries.offer import Offer, PeriodOffer, offer_now
from portail.bookings.queries.records import Span, booked_cells
from portail.families.queries import ChildRow, children_of
from portail.rules.booking import Right, Wish
from portail.rules.recurrence import expand
from portail.rules.weekdays import from_mask, to_mask
from portail.towns.actors import Actor
from portail.towns.operations import Act, record, touch_rulebook


class PeriodError(ValueError):
    """Why a period was not validated."""


class UnknownPeriodError(PeriodError):
    """No such period, or not for a child of this payer."""


class NotAllowedError(PeriodError):
    """This payer may not choose for this child (read-only, occasional), or the period is over."""


class ValidatedAlreadyError(PeriodError):
    """The period was validated before: « Période déjà validée (non modifiable) »."""


@transaction.atomic
def change_period(*, period: Period, draft: PeriodDraft, by: Actor, now: datetime) -> Period:
    """Change a period; once a family has validated it, only its name. Raises OfferError."""
    if draft.last < draft.first:
        raise OfferError("La période finit avant de commencer.")
    touch_rulebook()  # waits for the validations under way
    found: Period = Period.objects.select_for_update(of=("self",)).get(pk=period.pk)
    before, asked = _told(found), _drafted(draft)
    if PeriodChoice.objects.filter(period=found).exists() and {**before, "name": ""} != {**asked, "name": ""}:
        raise OfferError("Des familles ont déjà validé cette période : seul son nom peut encore changer.")
    found.name, found.first, found.last, found.freezes = draft.name, draft.first, draft.last, draft.freezes
    found.save(update_fields=["name", "first", "last", "freezes"])
    if before["weekdays"] != asked["weekdays"]:
        PeriodActivity.objects.filter(period=found).delete()
        PeriodActivity.objects.bulk_create(
            PeriodActivity(period=found, activity=activity_named(code), weekdays=to_mask(weekdays))
            for code, weekdays in draft.weekdays.items()
        )
    touch_rulebook()
    record(Act("change_period", str(found.public_id), before, asked), by=by, now=now)
    return found


@transaction.atomic
def remove_period(*, period: Period, by: Actor, now: datetime) -> None:
    """Take a period away that no family has validated. Raises OfferError."""
    touch_rulebook()
    if PeriodChoice.objects.filter(period=period).exists():
        raise OfferError("Des familles ont déjà validé cette période : elle ne peut plus être retirée.")
    before = _told(period)
    Period.objects.filter(pk=period.pk).delete()
    touch_rulebook()
    record(Act("remove_period", str(period.public_id), before=before), by=by, now=now)


def _told(period: Period) -> dict[str, Any]:
    rows = PeriodActivity.objects.filter(period=period).values_list("activity__code", "weekdays")
    return {
        "name": period.name,
        "first": str(period.first),
        "last": str(period.last),
        "freezes": period.freezes,
        "weekdays": {code: sorted(from_mask(mask)) for code, mask in rows},
    }


def _drafted(draft: PeriodDraft) -> dict[str, Any]:
    return {
        "name": draft.name,
        "first": str(draft.first),
        "last": str(draft.last),
        "freezes": draft.freezes,
        "weekdays": {code: sorted(weekdays) for code, weekdays in draft.weekdays.items()},
    }


@dataclass(frozen=True, slots=True)
class PeriodWish:
    """The weekdays wanted in one period: activity code -> weekdays, 0 = Monday. What is not offered is left out."""

    period: UUID
    person: str
    weekdays: Mapping[str, Collection[int]]


def validate_period(*, wish: PeriodWish, by: Actor, now: datetime) -> ChangeSet:
    """Record the choice and book its days as ordinary bookings, under the same rules, in one transaction.

    Days that the rules refuse are refused one by one in the answer. Bookings already made are left alone. Raises
    UnknownPeriodError, NotAllowedError, ValidatedAlreadyError; two validations at the same instant give one.
    """
    try:
        with transaction.atomic():
            return _validate(wish, by=by, now=now)
    except IntegrityError:
        if _chosen_already(wish):
            raise ValidatedAlreadyError from None
        raise


def _chosen_already(wish: PeriodWish) -> bool:
    return PeriodChoice.objects.filter(period__public_id=wish.period, person__code=wish.person).exists()


def _validate(wish: PeriodWish, *, by: Actor, now: datetime) -> ChangeSet:
    offer = offer_now()
    children = children_of(by, [wish.person], lock=True)
    period = next((p for p in offer.periods if p.public_id == str(wish.period)), None)
    if not children or period is None:
        raise UnknownPeriodError
    if not by.is_town_hall and not _may_choose(children[0], period, offer, now):
        raise NotAllowedError
    if PeriodChoice.objects.filter(period_id=period.id, person_id=children[0].id).exists():
        raise ValidatedAlreadyError
    chosen = _offered(wish, period)
    booked = booked_cells(children, offer, Span(period.first, period.last))
    calendar, school = offer.rulebook.calendar, children[0].school_id
    wishes = [
        Wish(wish.person, activity, day, present=True)
        for activity, day in expand(chosen, period.first, period.last)
        if (wish.person, activity, day) not in booked
        and calendar.opening((rules := offer.rulebook.activities[activity]).opens_on, rules.weekdays, day, school).open
    ]
    token = f"period-{period.public_id}-{children[0].id}"
    change_set = apply_submission(Submission(wishes, token=token), by=by, now=now)
    PeriodChoice.objects.bulk_create(
        PeriodChoice(
            period_id=period.id,
            person_id=children[0].id,
            activity_id=offer.rulebook.activities[activity].id,
            weekdays=to_mask(chosen.get(activity, ())),
            change_set=change_set,
        )
        for activity in period.weekdays
    )
    return change_set


def _may_choose(child: ChildRow, period: PeriodOffer, offer: Offer, now: datetime) -> bool:
    """A choice is for good: it is not left to who could book none of its days."""
    today = now.astimezone(offer.rulebook.zone).date()
    return not child.occasional and child.right is not Right.READ_ONLY and today <= period.last


def _offered(wish: PeriodWish, period: PeriodOffer) -> dict[str, frozenset[int]]:
    return {
        activity: frozenset(wish.weekdays.get(activity, ())) & offered for activity, offered in period.weekdays.items()
    }
