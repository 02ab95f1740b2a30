"""What the kitchen is sent, once, at its time."""

from datetime import date, datetime, timedelta

import pytest

from portail.bookings.models import Activity, KitchenOrder, KitchenRecipient, Presence
from portail.bookings.operations import kitchen
from portail.bookings.operations.kitchen import (
    KitchenError,
    RecipientDraft,
    place_order,
    remove_recipient,
    save_recipient,
    send_due_orders,
)
from portail.bookings.queries.offer import offer_in_force
from portail.families.models import Person
from portail.news.models import OutboxMail
from portail.towns.models import Audit
from portail.towns.scope import in_town
from tests.world import CLERK, JAMES, MONDAY, NOW, PARIS, TUESDAY, World

DRAFT = RecipientDraft("cantine", "", "cuisine@demo.example", 9 * 60 + 30, 1)
HALF_PAST = NOW.replace(minute=30)


@pytest.fixture
def recipient(demo: World) -> KitchenRecipient:
    return save_recipient(draft=DRAFT, by=CLERK, now=NOW)


def book(day: date, code: str = JAMES) -> None:
    Presence.objects.create(
        person=Person.objects.get(code=code), activity=Activity.objects.get(code="cantine"), day=day
    )


def test_it_leaves_once_at_its_time(recipient: KitchenRecipient):
    book(TUESDAY)
    assert send_due_orders(now=HALF_PAST - timedelta(seconds=1)) == 0
    assert send_due_orders(now=HALF_PAST) == 1
    assert send_due_orders(now=HALF_PAST + timedelta(hours=5)) == 0
    order, mail = KitchenOrder.objects.get(), OutboxMail.objects.get()
    assert (order.day, order.actor, order.recipient) == (TUESDAY, "Horloge", recipient)
    assert (mail.to, mail.key) == ("cuisine@demo.example", f"kitchen/{order.public_id}")
    assert mail.subject == "Cantine, mardi 17 novembre : 1 inscrit"
    assert "MALLERIN PRIMAIRE : 1\n  standard : 1" in mail.text
    assert Audit.objects.filter(verb="send_kitchen_order").count() == 1


def test_a_worker_that_was_dead_sends_late(recipient: KitchenRecipient):
    book(TUESDAY)
    assert send_due_orders(now=datetime(2026, 11, 17, 20, tzinfo=PARIS)) == 1
    assert KitchenOrder.objects.get().day == TUESDAY


def test_a_worker_that_was_dead_sends_nothing_for_a_day_that_is_over(recipient: KitchenRecipient):
    book(TUESDAY)
    send_due_orders(now=datetime(2026, 11, 18, 0, 1, tzinfo=PARIS))
    assert TUESDAY not in {order.day for order in KitchenOrder.objects.all()}


def test_a_death_between_order_and_mail_leaves_neither(recipient: KitchenRecipient, monkeypatch):
    book(TUESDAY)

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(kitchen, "queue_mail", dies)
        with pytest.raises(KeyboardInterrupt):
            send_due_orders(now=HALF_PAST)
    assert not KitchenOrder.objects.exists()
    assert send_due_orders(now=HALF_PAST) == 1


def test_a_second_worker_that_saw_nothing_sends_nothing(recipient: KitchenRecipient, monkeypatch):
    book(TUESDAY)
    send_due_orders(now=HALF_PAST)
    assert kitchen._send(recipient, TUESDAY, offer_in_force(), HALF_PAST) == 0
    assert OutboxMail.objects.count() == 1


def test_an_address_is_not_sent_the_past_nor_closed_days(demo: World):
    late = HALF_PAST + timedelta(minutes=1)
    save_recipient(draft=DRAFT, by=CLERK, now=late)
    book(TUESDAY)
    assert send_due_orders(now=late) == 0
    assert send_due_orders(now=HALF_PAST + timedelta(days=1)) == 0  # Wednesday: closed, nobody
    assert send_due_orders(now=HALF_PAST + timedelta(days=2)) == 1  # Thursday is open: « Personne n'est inscrit »
    assert "Personne n'est inscrit." in OutboxMail.objects.get().text


def test_one_school_alone(demo: World):
    save_recipient(draft=RecipientDraft("cantine", "ferry", "f@demo.example", 570, 1), by=CLERK, now=NOW)
    book(TUESDAY)
    send_due_orders(now=HALF_PAST)
    assert KitchenOrder.objects.get().counts == {}


def test_removed_means_nothing_more_and_orders_stay(recipient: KitchenRecipient):
    book(TUESDAY)
    send_due_orders(now=HALF_PAST)
    remove_recipient(recipient=recipient, by=CLERK, now=NOW)
    book(MONDAY)
    assert send_due_orders(now=datetime(2026, 11, 20, 10, tzinfo=PARIS)) == 0
    assert KitchenOrder.objects.count() == 1


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (RecipientDraft("x", "", "a@b.fr", 0, 0), "activity"),
        (RecipientDraft("cantine", "x", "a@b.fr", 0, 0), "school"),
        (RecipientDraft("cantine", "", "a b@c.fr", 0, 0), "email"),
        (RecipientDraft("cantine", "", "a@b.fr", 1440, 0), "at"),
        (RecipientDraft("cantine", "", "a@b.fr", 0, 11), "days_ahead"),
        (RecipientDraft("cantine", "", "CUISINE@demo.example", 0, 1), "email"),
    ],
)
def test_what_cannot_be_set(recipient: KitchenRecipient, draft: RecipientDraft, field: str):
    with pytest.raises(KitchenError) as refusal:
        save_recipient(draft=draft, by=CLERK, now=NOW)
    assert refusal.value.field == field
    assert KitchenRecipient.objects.count() == 1


def test_an_order_of_nothing_known_is_refused(demo: World):
    for code in ("x", "\0", "é" * 10_000):
        with pytest.raises(KitchenError):
            place_order(activity=code, day=MONDAY, by=CLERK, now=NOW)


def test_towns_are_apart(recipient: KitchenRecipient, demo: World):
    book(TUESDAY)
    with in_town(demo.buchelay):
        assert send_due_orders(now=HALF_PAST) == 0
