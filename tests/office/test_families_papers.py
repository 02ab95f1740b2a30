"""Papers: asked once, received with their file sealed, missing again when their day has passed."""

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from portail.families.models import Paper, PaperKind, Person
from portail.families.operations.papers import PaperDraft, PaperKindDraft, receive_paper, save_paper_kind
from portail.families.operations.register import RegisterError
from portail.families.queries.papers import SOON, PaperState, lacking, required_and_lacking, state_of
from portail.towns.models import Audit, KeptFile
from portail.towns.operations.files import destroy_expired
from portail.towns.scope import in_town
from tests.world import CLERK, NOW, World

TODAY = NOW.date()
PIECES = "/mairie/familles/pieces/"
PDF = b"%PDF-1.7 assurance"


@pytest.fixture
def insurance(demo: World) -> PaperKind:
    return save_paper_kind(draft=PaperKindDraft("Assurance scolaire"), by=CLERK, now=NOW)


def paper_page(person: Person, kind: PaperKind) -> str:
    return reverse("office:paper", kwargs={"public_id": person.public_id, "number": kind.pk})


def give(person: Person, kind: PaperKind, until: date, **more) -> Paper:
    return receive_paper(person=person, kind=kind, draft=PaperDraft(TODAY, until, **more), by=CLERK, now=NOW)


def test_a_paper_is_asked_received_renewed_and_taken_back(demo: World, clerk):
    assert "Aucune pièce" in clerk.page(PIECES)
    values = {"name": "Assurance", "expires": "on", "required": "on", "active": "on"}
    assert clerk.sent(f"{PIECES}nouvelle/", values) == PIECES
    assert "déjà demandée" in clerk.refused(f"{PIECES}nouvelle/", {**values, "name": "ASSURANCE"})
    assert clerk.page(PIECES).count(">manquante<") == 4
    kind = PaperKind.objects.get()
    path = paper_page(demo.james, kind)
    assert "jusqu&#39;à quand" in clerk.refused(path, {"received_on": "2026-11-16"})
    good = {"received_on": "2026-11-16", "valid_until": "2027-08-31"}
    back = reverse("office:child", kwargs={"public_id": demo.james.public_id})
    assert clerk.sent(path, {**good, "file": SimpleUploadedFile("../a.pdf", PDF)}) == back
    assert "en règle" in clerk.page(back)
    assert clerk.page(PIECES).count(">manquante<") == 3
    got = clerk.get(f"{path}fichier/")
    assert got.content == PDF
    assert PDF not in bytes(KeptFile.objects.get().content)
    assert Audit.objects.filter(verb="download").count() == 1
    assert clerk.sent(path, {**good, "valid_until": "2028-08-31", "file": SimpleUploadedFile("b.pdf", PDF + b"2")})
    assert clerk.get(f"{path}fichier/").content == PDF + b"2"
    assert KeptFile.objects.count() == 1
    assert clerk.sent(f"{path}retirer/") == back
    assert KeptFile.objects.count() == 0
    assert clerk.get(f"{path}fichier/").status_code == 404
    assert clerk.sent(f"{PIECES}{kind.pk}/", {"name": "Assurance"}) == PIECES
    assert ">manquante<" not in clerk.page(PIECES)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"valid_until": "2020-01-01"}, "date de fin"),
        ({"valid_until": "2099-01-01"}, "six ans"),
        ({"received_on": "x"}, "à corriger"),
        ({"file": SimpleUploadedFile("a.exe", b"MZ\x90")}, "ni un PDF ni une photo"),
        ({"file": SimpleUploadedFile("a.pdf", b"%PDF-" + b"x" * (10 * 1024 * 1024))}, "10 Mo"),
    ],
)
def test_what_cannot_be_received_is_said(demo: World, clerk, insurance, more, words):
    values = {"received_on": "2026-11-16", "valid_until": "2027-08-31", **more}
    assert words in clerk.refused(paper_page(demo.james, insurance), values)
    assert not Paper.objects.exists()
    assert not KeptFile.objects.exists()


def test_the_file_goes_a_month_after_the_last_day_and_the_paper_stays_known(demo: World, insurance):
    give(demo.james, insurance, TODAY + timedelta(days=10), name="a.pdf", content=PDF)
    destroy_expired(by=CLERK, now=NOW + timedelta(days=39))
    assert KeptFile.objects.count() == 1
    destroy_expired(by=CLERK, now=NOW + timedelta(days=41))
    assert Paper.objects.get().file is None


def test_a_family_knows_exactly_what_it_lacks(demo: World, insurance, django_assert_num_queries):
    save_paper_kind(draft=PaperKindDraft("Photo", required=False, expires=False), by=CLERK, now=NOW)
    give(demo.james, insurance, TODAY)
    both = [demo.james.pk, demo.aline.pk]
    with django_assert_num_queries(2):
        assert required_and_lacking(both, TODAY) == {demo.aline.pk: ["Assurance scolaire"]}
    assert set(required_and_lacking(both, TODAY + timedelta(days=1))) == set(both)
    with django_assert_num_queries(5):
        assert len(lacking(TODAY)) == 4 + 4  # that of James is soon over
    assert len(lacking(TODAY, kind=insurance.pk, classroom=demo.angeline.classroom_id)) == 1


@given(days=st.integers(-400, 400))
def test_a_paper_is_good_until_its_last_day_included(days: int):
    kind, paper = PaperKind(expires=True), Paper(valid_until=TODAY + timedelta(days=days))
    state = state_of(kind, paper, TODAY)
    assert (state is PaperState.OVER) == (days < 0)
    assert (state is PaperState.SOON) == (0 <= days < SOON.days)
    assert state_of(PaperKind(expires=False), paper, TODAY) is PaperState.GOOD
    assert state_of(kind, None, TODAY) is PaperState.MISSING


def test_another_town_asks_for_its_own(world: World, insurance, clerk):
    with in_town(world.buchelay):
        theirs = save_paper_kind(draft=PaperKindDraft("Assurance scolaire"), by=CLERK, now=NOW)
    assert clerk.get(f"{PIECES}{theirs.pk}/").status_code == 404
    assert clerk.get(paper_page(world.james, theirs)).status_code == 404


def test_a_name_is_required(demo: World):
    with pytest.raises(RegisterError, match="manque"):
        save_paper_kind(draft=PaperKindDraft(" \0"), by=CLERK, now=NOW)
