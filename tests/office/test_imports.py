"""Pupils brought in through the pages: sent, matched, seen, confirmed, reported, undone."""

import html
import re
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portail.console.jobs import JobRunner
from portail.families.models import ImportBatch, ImportRow, Payer, Person, School
from portail.rules.staff import Role
from portail.towns.models import Job, KeptFile
from portail.towns.scope import in_town
from tests.families.pupils import guardian, guardians, line, onde, school_of
from tests.office.doors import BUCHELAY, Office
from tests.world import NOW, World

IMPORTS = "/mairie/imports/"


def sent(office: Office, content: bytes, name: str = "élèves.csv", kind: str = "pupils") -> str:
    """Where the page of columns is."""
    return office.sent(IMPORTS, {"kind": kind, "file": SimpleUploadedFile(name, content)})


def matched(office: Office, path: str, **changes: str) -> dict[str, str]:
    """The form of the columns as it stands on the page."""
    page = office.page(path)
    values = {}
    for name, inner in re.findall(r'<select name="(\w+)".*?>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', inner)
        values[name] = chosen[1] if chosen else ""
    return {**values, **changes}


def ferry() -> str:
    return str(School.objects.get(code="ferry").pk)


def ready(office: Office, content: bytes, **changes: str) -> str:
    """Where the dry run is."""
    path = sent(office, content)
    return office.sent(path, matched(office, path, school_of_all=ferry(), **changes))


def work() -> None:
    while JobRunner("one", lambda: NOW, lambda: False).run_one():
        pass


def test_from_the_file_to_the_report_and_back(demo: World, clerk: Office):
    before = Person.objects.count()
    page = ready(clerk, onde(line("LEFÈVRE", "Élodie"), line("MARSONE", "Angéline", ine="1A", room="CE1")))
    shown = html.unescape(clerk.page(page))
    assert "Élodie LEFÈVRE" in shown
    assert "2</b> lignes seront écrites" in shown
    assert "né le : 04/05/2018 ; INE : 1A" in shown
    assert Person.objects.count() == before
    job = clerk.sent(f"{page}confirmer/")
    assert clerk.sent(f"{page}confirmer/") == job  # a double click
    assert "Travail en cours" in clerk.page(page)
    work()
    followed = html.unescape(clerk.page(job))
    assert "2 lignes importées." in followed
    assert page in followed
    assert "2 lignes faites" in clerk.page(page)
    assert Person.objects.count() == before + 1
    clerk.sent(f"{page}annuler/")
    work()
    assert "2 lignes remises comme avant" in clerk.page(page)
    assert Person.objects.count() == before
    assert "déjà" in html.unescape(clerk.post(f"{page}annuler/").content.decode())
    assert "élèves.csv" in clerk.page(IMPORTS)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "vide"), (b"a;b\r\n\x00;1", "pas du texte"), (b"x" * 10_485_761, "10 Mo"), (b"PK\x03\x04", "classeur")],
)
def test_a_bad_file_is_refused_with_a_sentence(demo: World, clerk: Office, content: bytes, words: str):
    page = clerk.refused(IMPORTS, {"kind": "pupils", "file": SimpleUploadedFile("\0../x\r\n.csv", content)})
    assert words in html.unescape(page)
    assert "Choisissez un fichier" in clerk.refused(IMPORTS, {})
    assert not ImportBatch.objects.exists()


def test_columns_that_lack_are_said_at_their_field_and_choices_stay(demo: World, clerk: Office):
    path = sent(clerk, onde(line("LEFÈVRE", "Élodie")))
    values = matched(clerk, path, first_name="", level="3")
    page = html.unescape(clerk.refused(path, values))
    assert 'id="first_name_error"' in page
    assert re.search(r'name="level".*?value="3" selected', page, re.DOTALL)
    assert "Choisissez l'école" in html.unescape(clerk.refused(path, matched(clerk, path)))
    assert clerk.refused(path, {**values, "first_name": "999"})
    assert clerk.refused(path, {**values, "first_name": "\0" * 10_000})
    assert not ImportRow.objects.exists()
    assert clerk.sent(path, matched(clerk, path, school_of_all=ferry()))


def test_nothing_to_do_is_said(demo: World, clerk: Office):
    page = ready(clerk, onde(line("", "Sans")))
    assert "ne change rien" in clerk.page(page)
    assert clerk.post(f"{page}confirmer/").status_code == 400
    assert not Job.objects.exists()


def test_the_list_filters_sorts_and_leaves_as_a_file_that_computes_nothing(demo: World, clerk: Office):
    page = ready(clerk, onde(line('=HYPERLINK("x")', "@1"), line("ALPHA", "Un"), line("", "Sans")))
    assert "Un ALPHA" not in clerk.page(page, constat="unreadable")
    assert "Un ALPHA" in clerk.page(page, q="alpha", tri="-name")
    assert clerk.page(page, constat="\0", q="\0" * 10_000, tri="x", page="z")
    exported = clerk.get(page, export="csv").content.decode()
    assert "'@1 =HYPERLINK" in exported
    assert "né le : 04/05/2018" in exported
    assert clerk.get(page, export="xlsx").status_code == 200


def test_as_many_queries_for_one_line_as_for_many(demo: World, clerk: Office):
    def spent(page: str) -> int:
        clerk.page(page)
        with CaptureQueriesContext(connection) as queries:
            clerk.page(page)
        return len(queries)

    one, many = ready(clerk, onde(*school_of(1))), ready(clerk, onde(*school_of(45)))
    for page in (one, many):
        clerk.sent(f"{page}confirmer/")
        work()
    assert spent(one) == spent(many)


def test_a_work_stopped_is_taken_up_from_the_page(demo: World, clerk: Office):
    page = ready(clerk, onde(line("ALPHA", "Un")))
    job = clerk.sent(f"{page}confirmer/")
    clerk.sent(f"{job}arreter/")
    assert "Reprendre l'import" in html.unescape(clerk.page(page))
    clerk.sent(f"{page}confirmer/")
    work()
    assert "1 ligne faite" in clerk.page(page)
    assert clerk.get(f"{page}colonnes/").status_code == 302


def test_another_town_and_other_roles_find_nothing(world: World, enter):
    with in_town(world.demo):
        page = ready(Office().enter(Role.CLERK), onde(line("ALPHA", "Un")))
        assert enter(Role.KITCHEN).get(page).status_code == 403
        assert enter(Role.CLERK).get(reverse("office:import", kwargs={"public_id": UUID(int=0)})).status_code == 404
    with in_town(world.buchelay):
        other = Office(BUCHELAY).enter(Role.CLERK)
        for answer in (other.get(page), other.post(f"{page}confirmer/"), other.post(f"{page}annuler/")):
            assert answer.status_code == 404


def test_guardians_become_payers(demo: World, clerk: Office):
    content = guardians(guardian("NOUVEL", "Éric", ("BOND", "James"), email="eric@n.fr"))
    path = sent(clerk, content, "responsables.csv", "guardians")
    page = clerk.sent(path, matched(clerk, path))
    shown = html.unescape(clerk.page(page))
    assert "courriel : eric@n.fr" in shown
    assert "1 enfant à lier" in shown
    clerk.sent(f"{page}confirmer/")
    work()
    payer = Payer.objects.get(last_name="NOUVEL")
    assert reverse("office:family", kwargs={"public_id": payer.public_id}) in clerk.page(page)
    path = sent(clerk, content, "responsables.csv", "guardians")
    assert "responsable" in html.unescape(clerk.refused(path, {**matched(clerk, path), "first_name": ""}))
    assert clerk.refused(IMPORTS, {"kind": "x", "file": SimpleUploadedFile("a.csv", content)})


def test_a_file_destroyed_meanwhile_is_asked_for_again(demo: World, clerk: Office):
    path = sent(clerk, onde(line("ALPHA", "Un")))
    values = matched(clerk, path, school_of_all=ferry())
    KeptFile.objects.all().delete()
    assert "envoyez-le de nouveau" in clerk.refused(path, values)
