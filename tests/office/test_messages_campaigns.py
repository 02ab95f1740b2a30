"""E-mails to families: to whom, seen before, tried, sent once each by a job that may die; and those given up."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from portail.bookings.queries.audience import Audience, families_in
from portail.console import family_mails
from portail.console.jobs import JobRunner
from portail.families.models import Payer
from portail.news.models import Campaign, OutboxMail
from portail.news.operations.campaigns import Letter, Recipients, queue_campaign, write_families
from portail.news.operations.outbox import MailDraft, claim_mails, mark_failed, mark_sent, queue_mail
from portail.towns.models import Audit, Job
from portail.towns.operations.jobs import JobStoppedError
from portail.towns.scope import in_town
from tests.office.doors import Office
from tests.world import ANGELINE, CLERK, JAMES, MONDAY, NOW, TUESDAY, World, tick, validate

LIST, NEW = "/mairie/messages/courriels/", "/mairie/messages/courriels/nouveau/"
LOST, RETRY = f"{LIST}non-remis/", f"{LIST}reessayer/"
HIDDEN = re.compile(r'<input type="hidden" name="(token|shown)" value="([^"]*)"')
TYPED = {"school": "", "classroom": "", "activity": "", "day": "", "subject": "Kermesse", "text": "Bonjour,\r\nvenez !",
         "test_to": ""}  # fmt: skip


@pytest.fixture
def full(demo: World) -> World:
    """The Bonds have an address, Denise a telephone only; James eats on Monday, Angéline on Monday too."""
    Payer.objects.filter(pk=demo.jamie.pk).update(email="jamie@example.org")
    Payer.objects.filter(pk=demo.denise.pk).update(phone="06 00 00 00 01", email="pas une adresse")
    validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie)
    validate(tick(ANGELINE, "soir", MONDAY), demo.as_denise)
    return demo


def preview(office: Office, **values: str) -> tuple[str, dict[str, str]]:
    """The preview, and what its « Envoyer » sends."""
    typed = {**TYPED, "token": str(uuid4()), **values}
    page = office.post(NEW, {**typed, "act": "preview"}).content.decode()
    return page, {**typed, **dict(HIDDEN.findall(page)), "act": "send"}


def run() -> None:
    assert JobRunner("one", lambda: NOW, lambda: False).run_one() == 1


def names(world: World, **values: object) -> set[str]:
    found = families_in(Audience(NOW.date(), **values))  # type: ignore[arg-type]
    assert len(found) == len({family.payer_id for family in found})
    return {family.name.split()[0] for family in found}


def test_each_part_narrows(full: World):
    room = full.james.classroom
    assert room is not None
    assert names(full) == {"BOND", "MARSONE"}
    assert names(full, school=room.school_id) == {"BOND"}
    assert names(full, classroom=full.angeline.classroom_id) == {"MARSONE"}
    assert names(full, day=MONDAY) == {"BOND", "MARSONE"}
    assert names(full, day=MONDAY, activity="cantine") == {"BOND"}
    assert names(full, day=TUESDAY) == set()
    assert names(full, activity="soir") == {"MARSONE"}
    assert names(full, activity="bus") == set()
    assert names(full, activity="soir", school=room.school_id) == set()


def test_the_preview_counts_and_lists_whom_to_call(full: World, clerk: Office):
    page, _ = preview(clerk)
    assert "<b>1 famille</b>" in page
    assert "1 famille sans adresse de courriel" in page
    assert "MARSONE Denise" in page
    assert "06 00 00 00 01" in page
    assert "toutes les familles" in page
    assert not Campaign.objects.exists()
    assert not OutboxMail.objects.exists()


def test_sent_once_to_each_by_a_job(full: World, clerk: Office):
    _, sent = preview(clerk, activity="cantine", day=str(MONDAY))
    for _ in range(2):
        clerk.sent(NEW, sent)
    assert Campaign.objects.count() == Job.objects.count() == 1
    assert not OutboxMail.objects.exists()
    run()
    mail, one = OutboxMail.objects.get(), Campaign.objects.get()
    assert (mail.to, mail.subject, mail.payer_id, mail.campaign_id) == (
        "jamie@example.org", "Kermesse", full.jamie.pk, one.pk,
    )  # fmt: skip
    assert mail.text == "Bonjour,\nvenez !\n\nVille de Démo"
    assert one.audience == "activité Cantine, réservés le lundi 23 novembre 2026"
    assert Audit.objects.filter(verb="write_families").count() == 1
    mark_sent(public_id=mail.public_id, now=NOW)
    page = clerk.page(reverse("office:campaign", kwargs={"public_id": one.public_id}))
    assert "<dt>Envoyés</dt><dd>1</dd>" in page
    assert "Voir le travail" in page
    assert "Kermesse" in clerk.page(LIST)


def test_killed_between_slices_it_goes_on(full: World, monkeypatch):
    monkeypatch.setattr(family_mails, "SLICE", 1)
    Payer.objects.filter(pk=full.denise.pk).update(email="denise@example.org")
    to = Recipients([full.jamie.pk, full.denise.pk], 0, "toutes")
    write_families(letter=Letter("A", "B"), to=to, token=uuid4(), by=CLERK, now=NOW)
    real, calls = queue_campaign, []

    def dies(**values):
        calls.append(values["payers"])
        if len(calls) == 2:
            real(**values)
            raise JobStoppedError  # inside the transaction: what this slice wrote is undone
        return real(**values)

    monkeypatch.setattr(family_mails, "queue_campaign", dies)
    run()
    assert OutboxMail.objects.count() == 1
    run()
    assert calls == [[full.jamie.pk], [full.denise.pk], [full.denise.pk]]
    assert set(OutboxMail.objects.values_list("to", flat=True)) == {"jamie@example.org", "denise@example.org"}
    assert Job.objects.get().state == Job.State.DONE


def test_who_lost_the_address_meanwhile_is_passed_over(full: World, clerk: Office):
    _, sent = preview(clerk)
    clerk.sent(NEW, sent)
    Payer.objects.filter(pk=full.jamie.pk).update(email="")
    run()
    assert not OutboxMail.objects.exists()


def test_recipients_that_changed_must_be_seen_again(full: World, clerk: Office):
    _, sent = preview(clerk)
    Payer.objects.filter(pk=full.denise.pk).update(email="denise@example.org")
    page = clerk.refused(NEW, sent)
    assert "Les destinataires ont changé" in page
    assert "venez !" in page
    assert "destinataires ont changé" in clerk.refused(NEW, {**sent, "shown": ""})
    assert not Campaign.objects.exists()


def test_a_test_goes_to_oneself_alone(full: World, clerk: Office):
    _, sent = preview(clerk)
    page = clerk.post(NEW, {**sent, "act": "test", "test_to": "moi@example.org"}).content.decode()
    assert "Un essai part à moi@example.org." in page
    mail = OutboxMail.objects.get()
    assert (mail.to, mail.subject, mail.payer_id, mail.campaign_id) == (
        "moi@example.org",
        "[essai] Kermesse",
        None,
        None,
    )
    assert "pas une adresse" in clerk.refused(NEW, {**sent, "act": "test", "test_to": "moi"})


@pytest.mark.parametrize(
    "values",
    [{"subject": ""}, {"subject": "\x07"}, {"text": "\0"}, {"text": "x" * 5001}, {"school": "999999"}, {"day": "hier"},
     {"activity": "' OR 1=1"}, {"token": "zzz"}],
)  # fmt: skip
def test_a_refused_form_sends_nothing(full: World, clerk: Office, values):
    for act in ("preview", "send", "test"):
        assert "à corriger" in clerk.refused(NEW, {**TYPED, **values, "act": act})
    assert not Campaign.objects.exists()
    assert not OutboxMail.objects.exists()


def test_nobody_has_an_address(demo: World, clerk: Office):
    _, sent = preview(clerk)
    assert "Aucune de ces familles" in clerk.refused(NEW, sent)


def test_another_towns_campaign_is_not_found(full: World, clerk: Office):
    with in_town(full.buchelay):
        made = write_families(
            letter=Letter("A", "B"), to=Recipients([full.lea.pk], 0, "x"), token=uuid4(), by=CLERK, now=NOW
        )
    assert clerk.get(reverse("office:campaign", kwargs={"public_id": made.public_id})).status_code == 404


def test_lists_cost_the_same_whatever_their_length(full: World, clerk: Office, django_assert_max_num_queries):
    counts = []
    for number in (1, 20):
        for _ in range(number):
            write_families(
                letter=Letter("A", "B"), to=Recipients([full.jamie.pk], 0, "x"), token=uuid4(), by=CLERK, now=NOW
            )
            give_up(full)
        with django_assert_max_num_queries(30) as captured:
            clerk.page(LIST)
            clerk.page(LOST)
        counts.append(len(captured.captured_queries))
    assert counts[0] == counts[1]


def give_up(world: World) -> OutboxMail:
    key = f"test/{uuid4()}"
    queue_mail(MailDraft(key, "test", "jamie@example.org", "=1+1", "x", payer_id=world.jamie.pk), now=NOW)
    for mail in claim_mails(limit=500, lease=timedelta(minutes=5), worker="w", now=NOW):
        mark_failed(public_id=mail.public_id, error="Boîte pleine.", permanent=True, worker="w", now=NOW)
    return OutboxMail.objects.get(key=key)


def test_what_was_given_up_is_listed_and_tried_again(full: World, clerk: Office):
    first, second = give_up(full), give_up(full)
    page = clerk.page(LOST)
    assert "Boîte pleine." in page
    assert "Jamie BOND" in page
    assert "<b>2</b> courriels non remis" in clerk.page("/mairie/")
    assert "'=1+1" in clerk.get(LOST, export="csv").content.decode()
    for _ in range(2):
        clerk.sent(RETRY, {"one": str(first.public_id)})
    assert set(OutboxMail.objects.values_list("pk", "status")) == {(first.pk, "waiting"), (second.pk, "failed")}
    clerk.sent(RETRY)
    assert "Tous les courriels sont partis." in clerk.page(LOST)
    assert Audit.objects.filter(verb="retry_mail").count() == 1
    assert clerk.post(RETRY, {"one": "\0zzz"}).status_code == 404
