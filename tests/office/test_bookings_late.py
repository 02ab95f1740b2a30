"""Late requests at the town hall: the list, one request, the answer that the family reads."""

from uuid import uuid4

import pytest

from portail.bookings.models import LateRequest, Presence
from portail.bookings.queries.offer import offer_in_force
from portail.families.models import Payer
from portail.families.operations.register import PersonDraft
from portail.news.models import OutboxMail
from portail.office.bookings.words import NOT_FOR, REASONS, SHORT, explain
from portail.rules.booking import NotFor, Outcome, Refusal, Verdict, Wish
from portail.rules.staff import Role
from portail.towns.scope import in_town
from tests.office.doors import Office
from tests.world import ALINE, JAMES, MONDAY, NOW, TUESDAY, World, family, limit, tick, validate

LIST = "/mairie/reservations/demandes/"
EVENING = NOW.replace(hour=17)
ACCEPT, REFUSE = {"decision": "accept"}, {"decision": "refuse", "preset": "Demande reçue trop tard"}


@pytest.fixture
def asked(demo: World) -> LateRequest:
    Payer.objects.filter(pk=demo.jamie.pk).update(email="jamie@example.org", phone="06 00 00 00 07")
    validate(tick(JAMES, "soir", TUESDAY), demo.as_jamie, now=EVENING)
    return LateRequest.objects.get()


def page_of(asked: LateRequest) -> str:
    return f"{LIST}{asked.public_id}/"


def test_the_list_shows_what_waits_and_leads_to_it(clerk: Office, asked: LateRequest):
    page = clerk.page(LIST)
    assert "1 ligne<" in page
    assert page_of(asked) in page
    for words in (
        "BOND James",
        "Accueil soir",
        "inscription",
        "Jamie BOND",
        "16/11/2026 17:00",
        "MALLERIN PRIMAIRE · 10",
    ):
        assert words in page
    assert "en attente" in clerk.page(LIST, etat="all")
    one = clerk.page(page_of(asked))
    assert "Inscription demandée" in one
    assert "06 00 00 00 07" in one
    assert "reçoit la réponse par courriel" in one


def test_the_first_page_counts_what_waits(clerk: Office, asked: LateRequest, enter):
    assert "<b>1</b> demande tardive sans réponse" in clerk.page("/mairie/")
    assert "tardive sans" not in enter(Role.REGISSEUR).page("/mairie/")
    clerk.sent(page_of(asked), REFUSE)
    assert "tardive sans" not in clerk.page("/mairie/")


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ({"etat": "answered"}, "0 ligne"), ({"etat": "all"}, "1 ligne"), ({"activite": "matin"}, "0 ligne"),
        ({"activite": "soir", "du": "2026-11-17", "au": "2026-11-17"}, "1 ligne"), ({"du": "2026-11-18"}, "0 ligne"),
        ({"etat": "x", "activite": "\0", "du": "hier"}, "1 ligne"), ({"tri": "-at"}, "1 ligne"),
    ],
)  # fmt: skip
def test_filters_are_the_address(clerk: Office, asked: LateRequest, query: dict, lines: str):
    assert lines in clerk.page(LIST, **query)


def test_accepting_books_and_says_so(clerk: Office, asked: LateRequest):
    where = clerk.sent(page_of(asked), {**ACCEPT, "reason": "Pour cette fois"})
    page = clerk.page(where)
    assert "James BOND, mardi 17 novembre : demande acceptée ; la famille est prévenue par courriel." in page
    assert "Aucune demande n&#39;attend de réponse." in page
    assert Presence.objects.get().activity.code == "soir"
    assert "Motif : Pour cette fois" in OutboxMail.objects.get().text
    assert "Pour cette fois" in clerk.page(page_of(asked))
    assert 'name="decision"' not in clerk.page(page_of(asked))


def test_refusing_tells_the_reason(clerk: Office, asked: LateRequest):
    clerk.sent(page_of(asked), {**REFUSE, "reason": "le traiteur est prévenu"})
    asked.refresh_from_db()
    assert (asked.status, asked.answer) == ("refused", "Demande reçue trop tard : le traiteur est prévenu")
    assert not Presence.objects.exists()
    clerk.sent(page_of(asked), REFUSE)  # a double click
    assert OutboxMail.objects.count() == 1
    assert "déjà une réponse : refusée" in clerk.refused(page_of(asked), ACCEPT)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "obligatoire"), ({"decision": "x"}, "choix valide"), ({"decision": "refuse"}, "Indiquez le motif"),
        ({**REFUSE, "preset": "autre"}, "choix valide"), ({**REFUSE, "reason": "x" * 10_000}, "150 caractères"),
        ({**REFUSE, "reason": "x" * 150}, "150 caractères"), ({**REFUSE, "reason": "a\0"}, "nul"),
    ],
)  # fmt: skip
def test_a_refused_answer_says_why_and_keeps_what_was_typed(clerk: Office, asked: LateRequest, values, words):
    page = clerk.refused(page_of(asked), {**values, "act": "\0"})
    assert words in page
    if values.get("decision") == "refuse":
        assert 'value="refuse" id="decision_1" checked' in page.replace(' aria-invalid="true"', "")
    assert LateRequest.objects.get().status == "waiting"


def test_a_family_without_an_address_is_to_be_called(clerk: Office, asked: LateRequest, demo: World):
    Payer.objects.filter(pk=demo.jamie.pk).update(email="")
    assert "pensez à l&#39;appeler" in clerk.page(page_of(asked))
    assert "appelez-la" in clerk.page(clerk.sent(page_of(asked), ACCEPT))
    assert not OutboxMail.objects.exists()


def test_a_full_day_is_said_before_and_after_the_click(clerk: Office, asked: LateRequest):
    limit("soir", 1)
    validate(tick(ALINE, "soir", TUESDAY), clerk.by, now=EVENING)
    assert "Complet" in clerk.page(page_of(asked))
    page = clerk.refused(page_of(asked), ACCEPT)
    assert "Cette demande ne peut pas être acceptée. Complet" in page
    assert Presence.objects.get().person.code == ALINE


def test_another_towns_request_is_not_there(clerk: Office, world: World):
    with in_town(world.buchelay):
        validate(tick(JAMES, "cantine", MONDAY), world.as_lea)
        one = LateRequest.objects.create(
            person=world.zoe, activity_id=Presence.objects.get().activity_id, day=MONDAY, present=False, at=NOW,
            change_set_id=Presence.objects.get().person.changes.get().change_set_id,
        )  # fmt: skip
    assert clerk.get(page_of(one)).status_code == 404
    assert clerk.post(page_of(one), REFUSE).status_code == 404
    assert clerk.get(f"{LIST}{uuid4()}/").status_code == 404
    assert "LEROY" not in clerk.page(LIST, etat="all")


def test_the_list_costs_the_same_whatever_its_length(clerk: Office, asked: LateRequest, django_assert_num_queries):
    with django_assert_num_queries(5):
        clerk.page(LIST)
    for number in range(60):
        payer, (person,) = family(
            f"P{number} =CMD()", f"K7M2P-9QX{number:02}", [PersonDraft("=1+1", f"N{number}", "mallerin", "10")]
        )
        LateRequest.objects.create(
            person=person, activity=asked.activity, day=MONDAY, present=True, at=NOW, change_set=asked.change_set
        )
        assert payer.pk
    with django_assert_num_queries(5):
        assert "page 1 sur 2" in clerk.page(LIST)
    exported = clerk.get(LIST, export="csv").content.decode()
    assert exported.count("inscription") == 61
    assert not [line for line in exported.splitlines() if ";=" in line or line.startswith("=")]


# --- Words ----------------------------------------------------------------------------------------------------------


def test_every_refusal_has_its_words(demo: World):
    assert set(REASONS) == set(SHORT) == set(Refusal)
    assert set(NOT_FOR) == set(NotFor)
    wish = Wish(JAMES, "soir", TUESDAY, present=True)
    offer = offer_in_force()
    for refusal in Refusal:
        why = NotFor.TOO_OLD if refusal is Refusal.NOT_FOR_THIS_CHILD else ""
        for when in (None, NOW):
            words = explain(Verdict(wish, Outcome.REFUSED, refusal, when, why=why, other="cantine"), offer)
            assert words.endswith("."), refusal
            assert "{" not in words
    assert explain(Verdict(wish, Outcome.BOOKED), offer) == ""
