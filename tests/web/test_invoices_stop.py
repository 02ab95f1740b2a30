"""The way out of the mails about invoices, for whoever reads the mailbox (feature F7)."""

from django.urls import reverse

from portail.billing.models import InvoiceEmail
from portail.billing.operations.unsubscribing import stop_token
from portail.families.models import Payer
from portail.towns.scope import in_town
from tests.web.browser import Browser
from tests.world import NOW


def stop_link(payer: Payer, address: str) -> str:
    return reverse("invoice_email", kwargs={"secret": stop_token(payer.pk, address)})


def test_whoever_reads_the_mailbox_stops_its_mails_by_one_button(world, snapshot):
    with in_town(world.demo):
        for place, address in ((1, "grandpa@server.fr"), (2, "other@server.fr")):
            InvoiceEmail.objects.create(payer=world.jamie, place=place, address=address, asked_at=NOW, confirmed_at=NOW)
    before, stranger = snapshot(), Browser()
    link = stop_link(world.jamie, "Grandpa@server.fr")
    page = stranger.page(link)
    assert "Ne plus recevoir ces messages" in page.text
    for personal in ("BOND", "grandpa", "other@"):
        assert personal not in page.html
    assert snapshot() == before  # mail scanners open links too
    for _ in range(2):
        assert "Votre adresse est retirée" in stranger.post(link).content.decode()
    with in_town(world.demo):
        assert [row.address for row in InvoiceEmail.objects.all()] == ["other@server.fr"]


def test_the_town_hall_s_address_is_stopped_as_it_is_now(world):
    with in_town(world.demo):
        Payer.objects.filter(pk=world.jamie.pk).update(email="now@server.fr")
        InvoiceEmail.objects.create(payer=world.jamie, place=0, address="then@server.fr", asked_at=NOW)
    stranger = Browser()
    stranger.post(stop_link(world.jamie, "then@server.fr"))
    with in_town(world.demo):
        assert InvoiceEmail.objects.count() == 1
    stranger.post(stop_link(world.jamie, "now@server.fr"))
    with in_town(world.demo):
        assert InvoiceEmail.objects.count() == 0


def test_a_forged_link_to_stop_or_another_town_s_stops_nothing(world, snapshot):
    with in_town(world.demo):
        InvoiceEmail.objects.create(payer=world.jamie, place=1, address="a@server.fr", asked_at=NOW, confirmed_at=NOW)
    before, link = snapshot(), stop_link(world.jamie, "a@server.fr")
    for forged in (link[:-3] + "xx/", "/factures/courriel/x:y/", "/factures/courriel/:/", "/factures/courriel/%00:é/"):
        for answer in (Browser().get(forged), Browser().post(forged)):
            assert answer.status_code == 404
            assert "Ce lien ne marche plus" in answer.content.decode()
    Browser("buchelay.localhost").post(link)
    assert snapshot() == before
