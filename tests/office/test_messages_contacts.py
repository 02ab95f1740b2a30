"""What families wrote, at the town hall: read with the family behind it, answered once, closed."""

import re
from uuid import uuid4

import pytest
from django.urls import reverse

from portail.families.models import Payer
from portail.news.models import ContactReply, ContactRequest, OutboxMail
from portail.news.operations.contact import ContactDraft, receive_contact
from portail.rules.staff import Role
from portail.towns.models import Audit
from portail.towns.scope import in_town
from tests.office.doors import Office
from tests.web.browser import Browser
from tests.world import JAMES, JAMIE_CODE, NOW, World

LIST = "/mairie/messages/demandes/"
TOKEN = re.compile(r'name="token" value="([^"]+)"')


def received(**values: object) -> ContactRequest:
    usual = {"subject": "code", "name": "Jamie BOND", "email": "jamie@example.org", "phone": "", "child": ""}
    draft = {**usual, "message": "J'ai perdu\nmes codes.", **values}
    return receive_contact(draft=ContactDraft(**draft), now=NOW)  # type: ignore[arg-type]


def page_of(one: ContactRequest) -> str:
    return reverse("office:contact", kwargs={"public_id": one.public_id})


def answer(office: Office, one: ContactRequest, **values: str) -> dict[str, str]:
    found = TOKEN.search(office.page(page_of(one)))
    assert found
    return {"way": "mail", "text": "Passez à l'accueil.", "token": found[1], **values}


def test_the_list_shows_what_waits_and_the_rest_on_demand(demo: World, clerk: Office):
    first, second = received(), received(name="Denise MARSONE", message="Une question")
    page = clerk.page(LIST)
    assert "J&#39;ai perdu mes codes." in page
    assert "Codes perdus" in page
    clerk.sent(page_of(first), answer(clerk, first))
    page = clerk.page(LIST)
    assert "Jamie BOND" not in page
    assert "Denise MARSONE" in page
    assert "Jamie BOND" in clerk.page(LIST, etat="answered")
    assert "Aucune demande ici." in clerk.page(LIST, etat="done")
    assert "Jamie BOND" in clerk.page(LIST, etat="toutes", q="perdu")
    assert "Denise MARSONE" not in clerk.page(LIST, etat="toutes", q="perdu")
    assert second.status == ContactRequest.Status.NEW


def test_an_answer_leaves_once_and_stays_in_the_thread(demo: World, clerk: Office):
    one = received()
    sent = answer(clerk, one)
    assert clerk.sent(page_of(one), sent) == page_of(one)
    assert clerk.sent(page_of(one), sent) == page_of(one)  # a double click
    mail, reply = OutboxMail.objects.get(), ContactReply.objects.get()
    assert (mail.to, mail.kind) == ("jamie@example.org", "contact")
    assert mail.subject == "Ville de Démo : réponse à votre message"
    assert mail.text.startswith("Passez à l'accueil.\n\nVille de Démo\n\nVotre message :\n> J'ai perdu\n> mes codes.")
    assert (reply.text, reply.actor, reply.to) == ("Passez à l'accueil.", clerk.staff.name, one.email)
    assert ContactRequest.objects.get().status == "answered"
    assert list(Audit.objects.filter(verb="answer_contact").values_list("subject", flat=True)) == ["Jamie BOND"]
    page = clerk.page(page_of(one))
    assert "La réponse part à jamie@example.org." in page
    assert "Réponse envoyée" in page


def test_a_second_answer_is_another_mail(demo: World, clerk: Office):
    one = received()
    for _ in range(2):
        clerk.sent(page_of(one), answer(clerk, one))
    assert OutboxMail.objects.count() == ContactReply.objects.count() == 2


def test_without_an_address_the_answer_is_noted(demo: World, clerk: Office):
    one = received(email="", phone="06 39 98 01 37")
    assert "Pas de courriel" in clerk.page(page_of(one))
    assert "téléphonez-lui" in clerk.refused(page_of(one), answer(clerk, one))
    clerk.sent(page_of(one), answer(clerk, one, way="said"))
    assert not OutboxMail.objects.exists()
    assert "Réponse de vive voix" in clerk.page(page_of(one))


@pytest.mark.parametrize("text", ["", " \n", "\0\x07", "x" * 4001])
def test_a_refused_answer_is_kept_on_the_page(demo: World, clerk: Office, text):
    one = received()
    page = clerk.refused(page_of(one), answer(clerk, one, text=text, way="said"))
    assert "à corriger" in page
    assert ("x" * 4001 in page) == text.startswith("x")
    assert not ContactReply.objects.exists()


def test_closed_and_opened_again(demo: World, clerk: Office):
    one = received()
    state = reverse("office:contact_state", kwargs={"public_id": one.public_id})
    for _ in range(2):
        assert clerk.sent(state, {"act": "close"}) == LIST
    assert ContactRequest.objects.get().status == "done"
    clerk.sent(state, {"act": "reopen"})
    assert ContactRequest.objects.get().status == "new"
    assert Audit.objects.filter(verb__in=["close_contact", "reopen_contact"]).count() == 2


def test_who_wrote_from_inside_is_known(demo: World, clerk: Office):
    one = received(payer_id=demo.denise.pk, email="jamie@example.org")
    page = clerk.page(page_of(one))
    assert "Denise MARSONE" in page
    assert "écrit après connexion" in page


@pytest.mark.parametrize(
    "values", [{"child": "James (007)"}, {"phone": "01.99.00.12.34"}, {"email": "JAMIE@example.org"}]
)
def test_who_wrote_from_outside_is_only_suggested(demo: World, clerk: Office, values):
    Payer.objects.filter(pk=demo.jamie.pk).update(email="jamie@example.org", phone="01 99 00 12 34")
    page = clerk.page(page_of(received(**{"name": "X", "email": "x@example.org", **values})))
    assert "Peut-être" in page
    assert "Jamie BOND" in page
    assert "Denise" not in page


def test_nobody_looks_like_it(demo: World, clerk: Office):
    assert "Aucune famille ne ressemble" in clerk.page(page_of(received(phone="1", child="\ud7ff ? 99999999")))


def test_the_list_costs_the_same_whatever_its_length(demo: World, clerk: Office, django_assert_max_num_queries):
    counts = []
    for number in (1, 60):
        for _ in range(number):
            received()
        with django_assert_max_num_queries(20) as captured:
            clerk.page(LIST)
        counts.append(len(captured.captured_queries))
    assert counts[0] == counts[1]


def test_a_formula_stays_a_text_in_the_export(demo: World, clerk: Office):
    received(name="=1+1")
    assert "'=1+1" in clerk.get(LIST, export="csv").content.decode()


def test_another_town_is_not_found(world: World, enter):
    with in_town(world.buchelay):
        one = received()
    with in_town(world.demo):
        office = Office().enter(Role.CLERK)
        for path in (page_of(one), reverse("office:contact", kwargs={"public_id": uuid4()})):
            assert office.get(path).status_code == office.post(path).status_code == 404


def test_the_home_page_counts_what_waits(demo: World, clerk: Office, regisseur: Office):
    assert "demande à traiter" not in clerk.page("/mairie/")
    received()
    assert "<b>1</b> demande à traiter" in clerk.page("/mairie/")
    received()
    assert "<b>2</b> demandes à traiter" in clerk.page("/mairie/")
    assert "demandes à traiter" not in regisseur.page("/mairie/")


def test_what_is_written_after_login_bears_its_payer(demo: World, clerk: Office):
    visitor = Browser()
    visitor.enter(JAMES, JAMIE_CODE)
    visitor.post("/contact/", {"subject": "other", "name": "Une autre", "email": "x@example.org", "message": "Bonjour"})
    assert ContactRequest.objects.get().payer_id == demo.jamie.pk
    family = reverse("office:family", kwargs={"public_id": demo.jamie.public_id})
    assert "Bonjour" in clerk.page(family)
