"""What the kitchen is told: its addresses, the orders written down, the head-counts that leave by themselves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import uuid4

from django.db import IntegrityError, transaction

from portail.bookings.models import Activity, KitchenOrder, KitchenRecipient
from portail.bookings.queries.headcounts import ADULTS, Place, counts_of, recipients
from portail.bookings.queries.offer import Offer, offer_in_force
from portail.bookings.queries.records import Span
from portail.families.models import Person, School
from portail.news.operations.outbox import MailDraft, is_address, queue_mail
from portail.rules.kitchen import LONGEST_WAIT, is_due, told_at
from portail.towns import wording as say
from portail.towns.actors import Actor, town_hall
from portail.towns.operations.trail import Act, record
from portail.towns.queries import town_day
from portail.towns.scope import current_town

CLOCK = town_hall("Horloge")
MOST_DAYS_AHEAD = 10
LAST_MINUTE = 24 * 60 - 1


class KitchenError(ValueError):
    """What cannot be set or ordered; the message is a French sentence, `field` the form's field that it speaks of."""

    def __init__(self, words: str, field: str = "") -> None:
        super().__init__(words)
        self.field = field


@dataclass(frozen=True, slots=True)
class RecipientDraft:
    """Who is told of what: an activity by code, a school by code (empty: all); `at` in minutes after midnight."""

    activity: str
    school: str
    email: str
    at: int
    days_ahead: int


@transaction.atomic
def save_recipient(
    *, draft: RecipientDraft, recipient: KitchenRecipient | None = None, by: Actor, now: datetime
) -> KitchenRecipient:
    """Add an address, or change one. Raises KitchenError."""
    activity, school = _checked(draft)
    before = None if recipient is None else _told(recipient)
    row = recipient or KitchenRecipient()
    row.activity, row.school, row.email = activity, school, draft.email
    row.at, row.days_ahead, row.since = draft.at, draft.days_ahead, now
    twins = KitchenRecipient.objects.filter(active=True, activity=activity, school=school, email__iexact=draft.email)
    if twins.exclude(pk=row.pk).exists():
        raise KitchenError("Cette adresse reçoit déjà ces effectifs.", "email")
    row.save()
    record(Act("save_kitchen_recipient", activity.code, before, _told(row)), by=by, now=now)
    return row


@transaction.atomic
def remove_recipient(*, recipient: KitchenRecipient, by: Actor, now: datetime) -> None:
    """Send nothing more there. What was sent stays written down."""
    recipient.active = False
    recipient.save(update_fields=["active"])
    record(Act("remove_kitchen_recipient", recipient.activity.code, _told(recipient)), by=by, now=now)


@transaction.atomic
def place_order(*, activity: str, day: date, by: Actor, now: datetime) -> KitchenOrder:
    """Write down that the meals of a day are ordered, all schools together, as the head-counts are now.

    The same counts ordered twice are one order. Raises KitchenError.
    """
    offer = offer_in_force()
    row = Activity.objects.filter(code=activity, pk__in=offer.codes).first() if activity.isprintable() else None
    if row is None:
        raise KitchenError("Cette activité n'existe pas.")
    counts = _counts(counts_of(Span(day, day), row.pk).get(day, {}), row.pk, None)
    last = KitchenOrder.objects.filter(activity=row, day=day, school=None).order_by("-at", "-id").first()
    if last is not None and last.counts == counts:
        return last
    order = KitchenOrder.objects.create(public_id=uuid4(), activity=row, day=day, at=now, actor=by.name, counts=counts)
    record(Act("place_kitchen_order", f"{row.code} {day}", after={"counts": counts}), by=by, now=now)
    return order


def send_due_orders(*, now: datetime) -> int:
    """Send the head-counts whose time has come in the town in force, each once; returns how many left.

    Order and mail are written together: a worker that dies before has done nothing, after has done all.
    """
    rows = list(recipients())
    if not rows:
        return 0
    offer, today = offer_in_force(), town_day(now)
    days = [today + timedelta(days=n) for n in range(LONGEST_WAIT.days)]
    sent = set(KitchenOrder.objects.filter(recipient__in=rows, day__gte=today).values_list("recipient_id", "day"))
    due = [(row, day) for row in rows for day in _due_days(row, days, offer, now) if (row.pk, day) not in sent]
    return sum(_send(row, day, offer, now) for row, day in due)


def _due_days(row: KitchenRecipient, days: list[date], offer: Offer, now: datetime) -> Iterator[date]:
    calendar, zone = offer.rulebook.calendar, offer.rulebook.zone
    if row.activity_id not in offer.codes:
        return
    for day in days:
        moment = told_at(day, row.days_ahead, row.at, calendar, zone)
        if is_due(moment, day=day, since=row.since, now=now, zone=zone):
            yield day


def _send(row: KitchenRecipient, day: date, offer: Offer, now: datetime) -> int:
    """One order and its mail; 0 when nobody is expected on a day that is closed, or another worker was first."""
    counts = _counts(counts_of(Span(day, day), row.activity_id).get(day, {}), row.activity_id, row.school_id)
    if not counts and not _is_open(row, day, offer):
        return 0
    try:
        with transaction.atomic():
            order = KitchenOrder.objects.create(
                public_id=uuid4(), activity=row.activity, school=row.school, recipient=row, day=day, at=now,
                actor=CLOCK.name, counts=counts,
            )  # fmt: skip
            queue_mail(_mail(order, row, offer), now=now)
            told = {"to": row.email, "counts": counts}
            record(Act("send_kitchen_order", f"{row.activity.code} {day}", after=told), by=CLOCK, now=now)
    except IntegrityError:
        return 0
    return 1


def _is_open(row: KitchenRecipient, day: date, offer: Offer) -> bool:
    rules, calendar = offer.rulebook.activities[offer.codes[row.activity_id]], offer.rulebook.calendar
    schools = [row.school_id] if row.school_id else list(offer.schools)
    return any(
        calendar.opening(rules.opens_on, rules.weekdays, day, school).open
        and calendar.closure(day, activity=rules.code, school_id=school, classroom_id=None) is None
        for school in schools
    )


def _counts(places: Mapping[Place, Mapping[str, int]], activity: int, school: int | None) -> dict[str, dict[str, int]]:
    """As an order keeps them: by school as text, then by meal type."""
    return {
        str(place[1] or 0): dict(counts)
        for place, counts in places.items()
        if place[0] == activity and (school is None or place[1] == school)
    }


MEALS = {**{meal.value: meal.label for meal in Person.Meal}, ADULTS: "adultes"}
"""The words of meal types, in the order in which they are shown."""


def _mail(order: KitchenOrder, row: KitchenRecipient, offer: Offer) -> MailDraft:
    total = sum(sum(counts.values()) for counts in order.counts.values())
    name = offer.rulebook.activities[offer.codes[row.activity_id]].name
    lines = [f"{name}, {say.day(order.day)} : {total}", ""]
    for school, counts in sorted(order.counts.items(), key=lambda item: offer.schools.get(int(item[0]), "~")):
        lines += [f"{offer.schools.get(int(school), 'Sans école')} : {sum(counts.values())}"]
        lines += [f"  {words} : {counts[meal]}" for meal, words in MEALS.items() if counts.get(meal)]
    if not order.counts:
        lines += ["Personne n'est inscrit."]
    lines += ["", f"Effectifs arrêtés le {say.moment(order.at, offer.rulebook.zone)}.",
              f"{current_town().name}"]  # fmt: skip
    subject = f"{name}, {say.day_without_year(order.day)} : {total} inscrit{'s' if total > 1 else ''}"
    return MailDraft(f"kitchen/{order.public_id}", "kitchen", row.email, subject, "\n".join(lines))


def _checked(draft: RecipientDraft) -> tuple[Activity, School | None]:
    activity = Activity.objects.filter(code=draft.activity, active=True).first()
    if activity is None:
        raise KitchenError("Choisissez une activité.", "activity")
    school = School.objects.filter(code=draft.school).first() if draft.school else None
    if draft.school and school is None:
        raise KitchenError("Choisissez une école.", "school")
    if not is_address(draft.email):
        raise KitchenError("Cette adresse n'est pas une adresse de courriel.", "email")
    if not 0 <= draft.at <= LAST_MINUTE:
        raise KitchenError("Une heure va de 0 h à 23 h 59.", "at")
    if not 0 <= draft.days_ahead <= MOST_DAYS_AHEAD:
        raise KitchenError(f"De 0 à {MOST_DAYS_AHEAD} jours ouvrés avant.", "days_ahead")
    return activity, school


def _told(row: KitchenRecipient) -> dict[str, object]:
    return {
        "activity": row.activity.code, "school": row.school.code if row.school else "", "email": row.email,
        "at": row.at, "days_ahead": row.days_ahead,
    }  # fmt: skip
