"""Dunning: who is reminded, once, by letter and by e-mail; what is left in peace."""

from datetime import timedelta
from typing import Any

import pytest

from portail.billing.models import Invoice, Remittance
from portail.billing.operations.reminders import Reminded, ReminderDraft, remind
from portail.billing.operations.setup import BillingError
from portail.billing.operations.treasury import REMITTED, UNDER_WAY
from portail.billing.queries.reminders import letters_of
from portail.billing.reminder_letters import print_reminders, reminder_paper
from portail.families.models import Payer
from portail.news.models import OutboxMail
from portail.towns.scope import in_town
from tests.billing.payfip import EMAIL
from tests.billing.treasury import attempt, counter, invoice, regie
from tests.gateways.pdf_reading import words as words_of
from tests.world import CLERK, NOW, World

DAY = NOW.date()
OVERDUE: dict[str, Any] = {"due_on": DAY - timedelta(days=20), "payable_until": None}


def reminded(level: int = 1, min_days: int = 15, days: int = 0) -> Reminded:
    draft = ReminderDraft("peri", level, min_days)
    return remind(draft=draft, by=CLERK, now=NOW + timedelta(days=days))


def with_mail(payer: Payer) -> None:
    Payer.objects.filter(pk=payer.pk).update(email=EMAIL)


def test_one_letter_for_each_payer_and_one_mail_where_there_is_an_address(demo: World):
    with_mail(demo.jamie)
    one, other, third = invoice(demo.jamie, **OVERDUE), invoice(demo.jamie, **OVERDUE), invoice(demo.denise, **OVERDUE)
    counter(other, 700)
    found = reminded()
    assert (found.letters, found.invoices, found.mails, found.left_out) == (2, 3, 1, ())
    assert found.cents == 777 + 77 + 777
    one.refresh_from_db()
    assert (one.reminders, one.reminded_on) == (1, DAY)
    mail = OutboxMail.objects.get()
    assert (mail.to, mail.kind) == (EMAIL, "reminder")
    assert "8,54" in mail.text
    assert "James" not in mail.text
    assert [letter.cents for letter in letters_of(one.regie, 1, DAY)] == [854, 777]
    assert letters_of(one.regie, 1, DAY)[1].invoices == [third]


def test_only_what_is_late_enough_was_received_and_is_still_owed(demo: World):
    regie()
    for columns in (
        {"due_on": DAY - timedelta(days=14)}, {"status": "transferred"}, {"status": "cancelled"}, {"paid_cents": 777},
        {"published_at": None}, {"kind": "credit"},
    ):  # fmt: skip
        invoice(demo.jamie, **{**OVERDUE, **columns})
    with pytest.raises(BillingError, match="Aucune facture n'est à relancer"):
        reminded()
    assert reminded(min_days=14).invoices == 1


def test_what_may_be_paid_already_is_left_in_peace(demo: World):
    place = regie()
    file = Remittance.objects.create(regie=place, collected_on=DAY, file_name="x", content=b"", cents=1, built_at=NOW)
    busy, held = invoice(demo.jamie, **OVERDUE), invoice(demo.jamie, remittance=file, **OVERDUE)
    attempt(busy)
    with pytest.raises(BillingError, match="2 ne le sont pas"):
        reminded()
    sound = invoice(demo.denise, **OVERDUE)
    assert [(one.number, one.why) for one in reminded().left_out] == [(busy.number, UNDER_WAY), (held.number, REMITTED)]
    assert list(Invoice.objects.filter(reminders=1)) == [sound]


def test_once_at_each_level_and_never_twice_on_a_day(demo: World):
    with_mail(demo.jamie)
    debt = invoice(demo.jamie, **OVERDUE)
    reminded()
    for level, days in ((1, 0), (2, 0), (1, 8)):
        with pytest.raises(BillingError, match="Aucune facture"):
            reminded(level, days=days)
    reminded(3, days=8)
    debt.refresh_from_db()
    assert (debt.reminders, OutboxMail.objects.count()) == (3, 2)
    with pytest.raises(BillingError, match="Aucune facture"):
        reminded(2, days=16)


@pytest.mark.parametrize("draft", [{"level": 0}, {"level": 4}, {"min_days": 0}, {"min_days": 10_000}])
def test_a_reminder_that_cannot_be(demo: World, draft):
    regie()
    with pytest.raises(BillingError, match="niveau 1, 2 ou 3"):
        reminded(**draft)


def test_a_service_that_issues_titres_reminds_nobody(demo: World):
    regie(circuit="titre")
    invoice(demo.jamie, **OVERDUE)
    with pytest.raises(BillingError, match="c'est le comptable qui relance"):
        reminded()


@pytest.mark.parametrize(("level", "words"), [(1, "Sauf erreur"), (2, "Malgré notre première"), (3, "huit jours")])
def test_the_letter_says_how_far_it_has_come(demo: World, level, words):
    place = regie(means=["cash", "cheque"], officer="Mme Régisseuse")
    debt = invoice(demo.jamie, place=place, **OVERDUE)
    reminded(level)
    (letter,) = letters_of(place, level, DAY)
    paper = reminder_paper(place, letter, level, DAY, "http://x")
    assert words in paper.paragraphs[1]
    assert paper.online is not None
    assert (paper.total, paper.signatory) == ("7,77\u00a0€", ("Le régisseur", "Mme Régisseuse"))
    (pdf,) = print_reminders(place, [letter], level, now=NOW, on=DAY)
    assert (debt.number or "") in " ".join(words_of(pdf))


def test_a_page_that_is_closed_is_not_proposed_and_what_is_paid_is_not_printed(demo: World):
    place = regie()
    debt = invoice(demo.jamie, place=place, **{**OVERDUE, "payable_until": DAY - timedelta(days=1)})
    reminded()
    (letter,) = letters_of(place, 1, DAY)
    assert reminder_paper(place, letter, 1, DAY, "http://x").online is None
    counter(debt, 777)
    assert letters_of(place, 1, DAY) == []


def test_two_towns_are_never_mixed(world: World):
    for town, payer in ((world.demo, world.jamie), (world.buchelay, world.lea)):
        with in_town(town):
            with_mail(payer)
            invoice(payer, [("cantine", 500)], **OVERDUE)
    with in_town(world.demo):
        assert reminded().letters == 1
    with in_town(world.buchelay):
        assert not OutboxMail.objects.exists()
        assert Invoice.objects.get().reminders == 0
