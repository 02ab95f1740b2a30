"""The office's door, through its pages: password, second factor, first time, lost things."""

import re
from datetime import timedelta

import pytest

from portail.rules.staff import Role
from portail.towns.models import Audit, StaffSession
from portail.towns.operations.access import code_at
from portail.towns.operations.staff import invite_staff
from portail.towns.queries import demo_secret
from tests.office.doors import PASSWORD, Office, account
from tests.world import CLERK, NOW

MINUTE = timedelta(minutes=1)


def typed(office: Office, login: str, password: str = PASSWORD):
    return office.post("/mairie/connexion/", {"login": login, "password": password})


def test_first_time_from_the_password_given_by_hand_to_the_paper_codes(demo):
    staff, given = invite_staff(login="a@demo.fr", name="Agnès", roles=[Role.CLERK], by=CLERK, now=NOW)
    office = Office()
    assert typed(office, "A@demo.fr", given).status_code == 302
    assert office.get("/mairie/").headers["Location"] == "/mairie/connexion/telephone/"
    page = office.page("/mairie/connexion/telephone/")
    assert "data:image/svg+xml;base64," in page
    assert office.refused("/mairie/connexion/telephone/", {"code": "000000"})
    code = code_at(demo_secret(staff.pk), NOW)
    shown = office.post("/mairie/connexion/telephone/", {"code": code}).content.decode()
    assert len(re.findall(r"<li>\d{5} \d{5}</li>", shown)) == 10
    assert office.get("/mairie/").headers["Location"] == "/mairie/mot-de-passe/"
    assert "différentes" in office.refused("/mairie/mot-de-passe/", {"password": PASSWORD, "again": "x"})
    assert "numérique" in office.refused("/mairie/mot-de-passe/", {"password": "7" * 14, "again": "7" * 14})
    assert office.sent("/mairie/mot-de-passe/", {"password": PASSWORD, "again": PASSWORD}) == "/mairie/"
    assert "Bonjour Agnès" in office.page("/mairie/")


def test_a_later_time_then_out(demo, clock):
    office = Office().enter(Role.CLERK, login="b@demo.fr")
    clock.shift(MINUTE)
    other = Office()
    typed(other, "b@demo.fr")
    assert other.get("/mairie/agents/").headers["Location"] == "/mairie/connexion/code/"
    assert "Ce code" in other.refused("/mairie/connexion/code/", {"code": "123456"})
    code = code_at(demo_secret(office.staff.pk), NOW + MINUTE)
    assert (
        other.sent("/mairie/connexion/code/", {"code": code, "suite": "/mairie/mot-de-passe/"})
        == "/mairie/mot-de-passe/"
    )
    assert other.sent("/mairie/deconnexion/") == "/mairie/connexion/"
    assert other.get("/mairie/").status_code == 302
    assert office.page("/mairie/")


@pytest.mark.parametrize(("login", "password"), [("x@demo.fr", PASSWORD), ("b@demo.fr", "wrong"), ("b@demo.fr", "")])
def test_the_same_words_for_a_wrong_login_and_a_wrong_password(demo, login, password):
    account(Role.CLERK, login="b@demo.fr")
    page = Office().refused("/mairie/connexion/", {"login": login, "password": password})
    words = "n&#39;est pas le bon" if password else "Ce champ est obligatoire"
    assert words in page
    assert password not in page or not password
    assert StaffSession.objects.count() == 0


def test_too_many_tries_wait_in_the_same_way_whoever_it_is(demo):
    account(Role.CLERK, login="b@demo.fr")
    for login in ("b@demo.fr", "nobody@demo.fr"):
        for _ in range(5):
            typed(Office(), login, "wrong")
        assert "Trop d&#39;essais" in typed(Office(), login, PASSWORD).content.decode()


def test_the_page_asked_for_is_kept_whole_through_the_two_steps(demo, clock):
    wanted = "/mairie/journal/?q=a&page=2"
    office = Office().enter(Role.ADMINISTRATOR, login="d@demo.fr")
    clock.shift(MINUTE)
    other = Office()
    values = {"login": "d@demo.fr", "password": PASSWORD, "suite": wanted}
    step = other.sent("/mairie/connexion/", values)
    assert 'value="/mairie/journal/?q=a&amp;page=2"' in other.page(step)
    code = code_at(demo_secret(office.staff.pk), NOW + MINUTE)
    assert other.sent("/mairie/connexion/code/", {"code": code, "suite": wanted}) == wanted


def test_a_new_way_in_closes_the_old_ones(administrator, clerk):
    page = administrator.post(f"/mairie/agents/{clerk.staff.pk}/acces/").content.decode()
    given = re.search(r'class="given num">([^<]+)<', page)
    assert given
    assert clerk.get("/mairie/").status_code == 302
    assert typed(Office(), clerk.staff.login, given[1]).status_code == 302
    assert Audit.objects.filter(verb="reset_access", actor="Odile PRUVOST").count() == 1


def test_accounts_are_made_changed_and_closed(administrator):
    values = {"login": "c@demo.fr", "name": "Chloé <b>", "roles": ["clerk", "kitchen"]}
    page = administrator.post("/mairie/agents/nouveau/", values).content.decode()
    assert "Chloé &lt;b&gt;" in page
    assert "déjà pris" in administrator.refused("/mairie/agents/nouveau/", values)
    assert "au moins un rôle" in administrator.refused("/mairie/agents/nouveau/", {**values, "login": "d", "roles": []})
    listed = administrator.page("/mairie/agents/")
    number = re.search(r'href="(\d+)/">Chloé', listed)
    assert number
    path = f"/mairie/agents/{number[1]}/"
    assert administrator.sent(path, {"name": "Chloé B", "roles": ["kitchen"]}) == "/mairie/agents/"
    assert "fermé" in administrator.page("/mairie/agents/")


def test_the_last_administrator_stays(administrator):
    path = f"/mairie/agents/{administrator.staff.pk}/"
    page = administrator.refused(path, {"name": "Odile", "roles": ["clerk"], "active": "on"})
    assert "seul compte d&#39;administration" in page


def test_the_trail_says_who_did_what_and_leaves_as_a_file(administrator):
    administrator.sent(
        f"/mairie/agents/{administrator.staff.pk}/", {"name": "=cmd", "roles": ["administrator"], "active": "on"}
    )
    assert "compte modifié" in administrator.page("/mairie/journal/", q="Odile")
    assert "Aucun acte" in administrator.page("/mairie/journal/", q="introuvable")
    csv = administrator.get("/mairie/journal/", export="csv")
    assert csv.headers["Content-Disposition"] == 'attachment; filename="journal.csv"'
    assert administrator.get("/mairie/journal/", export="xlsx").content[:2] == b"PK"


def test_a_list_costs_the_same_whatever_its_length(administrator, django_assert_num_queries):
    with django_assert_num_queries(6):
        administrator.page("/mairie/agents/")
    for number in range(120):
        account(Role.CLERK, login=f"z{number}@demo.fr")
    with django_assert_num_queries(6):
        assert "page 1 sur 3" in administrator.page("/mairie/agents/")
