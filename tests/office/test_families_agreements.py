"""Rules and consents: put to each payer every school year; a text once answered stays as it was."""

from datetime import datetime, timedelta

import pytest

from portail.families.models import Agreement, AgreementAnswer
from portail.families.operations.agreements import AgreementDraft, answer_agreement, save_agreement
from portail.families.operations.register import RegisterError
from portail.families.queries.agreements import agreements_of, agreements_with_counts, still_to_answer
from portail.towns.models import Audit
from portail.towns.scope import in_town
from tests.office.test_families import page_of
from tests.world import CLERK, NOW, PARIS, World

PAGE = "/mairie/familles/accords/"
TODAY = NOW.date()
NEXT_YEAR = datetime(2027, 9, 10, 9, tzinfo=PARIS)


def put(title: str = "Règlement", kind: str = "rules", **more) -> Agreement:
    return save_agreement(draft=AgreementDraft(kind, title, "Article 1.", **more), by=CLERK, now=NOW)


def test_a_text_is_written_signed_on_paper_and_counted(demo: World, clerk):
    assert "Aucun texte" in clerk.page(PAGE)
    values = {
        "kind": "rules",
        "title": "Règlement <b>",
        "body": "Article 1.\nArticle 2.",
        "required": "on",
        "active": "on",
    }
    assert clerk.sent(f"{PAGE}nouveau/", values) == PAGE
    assert "existe déjà" in clerk.refused(f"{PAGE}nouveau/", values)
    one = Agreement.objects.get()
    page = clerk.page(page_of(demo.jamie))
    assert "Règlement &lt;b&gt;" in page
    assert "sans réponse" in page
    assert "BOND Jamie" in clerk.page(f"{PAGE}{one.pk}/sans-reponse/")
    path = f"{page_of(demo.jamie)}accords/{one.pk}/"
    for _ in range(2):  # a second click changes nothing
        assert clerk.sent(path, {"agreed": "yes"}) == page_of(demo.jamie)
    assert "accepté" in clerk.page(page_of(demo.jamie))
    waiting = clerk.page(f"{PAGE}{one.pk}/sans-reponse/")
    assert "BOND Jamie" not in waiting
    assert "MARSONE Denise" in waiting
    assert "1 réponse cette année" in clerk.page(PAGE)
    assert "faites-en plutôt un nouveau" in clerk.refused(f"{PAGE}{one.pk}/", {**values, "body": "Autre."})
    assert clerk.sent(f"{PAGE}{one.pk}/", {**values, "title": "Règlement", "active": ""}) == PAGE
    assert clerk.post(path, {"agreed": "yes"}).status_code == 400


def test_a_consent_is_free_and_rules_are_not_refused(demo: World, clerk):
    consent, rules = put("Droit à l'image", "consent"), put()
    clerk.sent(f"{page_of(demo.jamie)}accords/{consent.pk}/", {"agreed": "no"})
    assert ">non<" in clerk.page(page_of(demo.jamie))
    assert clerk.post(f"{page_of(demo.jamie)}accords/{rules.pk}/", {"agreed": "no"}).status_code == 400
    assert AgreementAnswer.objects.get().agreed is False
    assert Audit.objects.get(verb="answer_agreement").after == {"agreed": False}


def test_each_year_asks_again_and_each_answers_for_oneself(demo: World, django_assert_num_queries):
    one = put(required=True)
    answer_agreement(agreement=one, payer=demo.jamie, agreed=True, by=demo.as_jamie, now=NOW)
    with pytest.raises(RegisterError, match="pour soi"):
        answer_agreement(agreement=one, payer=demo.denise, agreed=True, by=demo.as_jamie, now=NOW)
    assert list(still_to_answer(one, TODAY)) == [demo.denise]
    assert set(still_to_answer(one, NEXT_YEAR.date())) == {demo.jamie, demo.denise}
    with django_assert_num_queries(2):
        (line,) = agreements_of(demo.jamie, TODAY)
    assert not line.lacking
    assert agreements_of(demo.jamie, NEXT_YEAR.date())[0].lacking
    with django_assert_num_queries(1):
        assert [row.answered for row in agreements_with_counts(TODAY)] == [1]
    changed = AgreementDraft("rules", "Règlement", "Autre.")
    save_agreement(draft=changed, agreement=one, by=CLERK, now=NEXT_YEAR)  # nobody has answered that year
    answer_agreement(agreement=one, payer=demo.jamie, agreed=True, by=demo.as_jamie, now=NEXT_YEAR + timedelta(1))
    assert AgreementAnswer.objects.count() == 2


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (AgreementDraft("rules", "", "x"), "titre manque"),
        (AgreementDraft("rules", "x", " \0\n "), "texte manque"),
        (AgreementDraft("rules", "x", "y" * 20_001), "20000"),
        (AgreementDraft("law", "x", "y"), "nature"),
    ],
)
def test_what_cannot_be_is_refused(demo: World, draft, words):
    with pytest.raises(RegisterError, match=words):
        save_agreement(draft=draft, by=CLERK, now=NOW)


def test_another_town_has_its_own_texts(world: World, clerk):
    with in_town(world.buchelay):
        theirs = put()
    for path in (f"{PAGE}{theirs.pk}/", f"{PAGE}{theirs.pk}/sans-reponse/"):
        assert clerk.get(path).status_code == 404
    assert clerk.post(f"{page_of(world.jamie)}accords/{theirs.pk}/", {"agreed": "yes"}).status_code == 404
