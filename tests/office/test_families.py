"""Families at the town hall: found by what the caller says, read on one page, corrected, without doubles."""

import re
from datetime import date

import pytest
from django.urls import reverse

from portail.families.models import Link, Payer, Person
from portail.families.operations.quotients import QuotientDraft, set_quotient
from portail.families.operations.register import PersonDraft
from portail.news.operations.contact import ContactDraft, receive_contact
from portail.towns.models import Audit
from portail.towns.scope import in_town
from tests.world import CLERK, JAMES, MONDAY, NOW, World, family, tick, validate

FAMILIES = "/mairie/familles/"


def page_of(payer: Payer) -> str:
    return reverse("office:family", kwargs={"public_id": payer.public_id})


def child_page(person: Person) -> str:
    return reverse("office:child", kwargs={"public_id": person.public_id})


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("james", {"James"}),
        ("BOND", {"James", "Aline"}),
        ("angeline", {"Angéline"}),
        ("Angéline mars", {"Angéline"}),
        ("007", {"James"}),
        ("12345", {"Angéline", "Bertrand"}),
        ("denise", {"Angéline", "Bertrand"}),
        ("01 99", {"James", "Aline"}),
        ("+33 1 99 00 12 34", {"James", "Aline"}),
        ("JAMIE@", {"James", "Aline"}),
        ("zoé", set()),
        ("%", set()),
        ("_", set()),
        ("\0", {"James", "Aline", "Angéline", "Bertrand"}),
        ("x" * 10_000, {"James", "Aline", "Angéline", "Bertrand"}),
    ],
)
def test_children_are_found_by_what_the_caller_says(demo: World, clerk, words, found):
    Payer.objects.filter(pk=demo.jamie.pk).update(phone="01.99.00.12.34", email="jamie@example.org")
    page = clerk.page(FAMILIES, q=words)
    assert {
        name
        for name in ("James", "Aline", "Angéline", "Bertrand")
        if f"BOND {name}" in page or f"MARSONE {name}" in page
    } == found
    assert "LEROY" not in page


def test_payers_are_found_by_their_children(demo: World, clerk):
    page = clerk.page(f"{FAMILIES}payeurs/", q="bertrand")
    assert "MARSONE Denise" in page
    assert "BOND Jamie" not in page
    assert "Bertrand (123457)" in page


def test_a_class_narrows_and_the_old_ones_are_asked_for(demo: World, clerk):
    classroom = demo.angeline.classroom_id
    page = clerk.page(FAMILIES, classroom=classroom)
    assert "MARSONE Angéline" in page
    assert "BOND James" not in page
    Person.objects.filter(pk=demo.angeline.pk).update(active=False)
    assert "MARSONE Angéline" not in clerk.page(FAMILIES)
    assert "MARSONE Angéline" in clerk.page(FAMILIES, gone="on")
    assert clerk.get(FAMILIES, classroom="x" * 500).status_code == 200


@pytest.mark.parametrize("path", [FAMILIES, f"{FAMILIES}payeurs/"])
def test_lists_cost_the_same_whatever_their_length(demo: World, clerk, django_assert_max_num_queries, path):
    counts = []
    for number in (0, 60):
        for place in range(number):
            family(f"P{place} LONG", f"ZZZZ{place:02}", [PersonDraft(f"E{place}", "LONG", "ferry", "CE1")])
        with django_assert_max_num_queries(20) as captured:
            clerk.page(path, q="a" if number == 0 else "")
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_list_leaves_as_a_file_without_formulas(demo: World, clerk):
    Person.objects.filter(pk=demo.james.pk).update(last_name="=cmd()", sort_key="cmd")
    csv = clerk.get(FAMILIES, export="csv").content.decode("utf-8-sig")
    assert "'=cmd() James" in csv
    assert clerk.get(FAMILIES, export="xlsx").content[:2] == b"PK"


def test_one_page_says_everything_of_a_payer(demo: World, clerk):
    Payer.objects.filter(pk=demo.jamie.pk).update(email="jamie@example.org", address="1 rue <b>\n78000 DÉMO")
    set_quotient(payer=demo.jamie, draft=QuotientDraft(640, date(2026, 9, 1)), by=CLERK, now=NOW)
    validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie)
    draft = ContactDraft("codes", "Jamie", "JAMIE@example.org", "", "", "Je n'arrive pas à <me> connecter.")
    receive_contact(draft=draft, now=NOW)
    page = clerk.page(page_of(demo.jamie))
    for part in ("1 rue &lt;b&gt;", "<b>640</b>", "MALLERIN PRIMAIRE", ">007<", "Cantine", "réservé", "inscrit",
                 "par internet", "&lt;me&gt;", "Rien à payer", "jamais"):  # fmt: skip
        assert part in page, part
    assert "K7M2P" not in page
    assert "Denise" not in page


def test_the_page_costs_the_same_for_a_large_family(demo: World, clerk, django_assert_max_num_queries):
    small, (_,) = family("Un SEUL", "ZZZZZ-00001", [PersonDraft("A", "SEUL", "ferry", "CE1")])
    names = [PersonDraft(f"Enfant{n}", "GRAND", "ferry", "CE1") for n in range(8)]
    large, persons = family("Une GRANDE", "ZZZZZ-00002", names)
    for person in persons:
        Link.objects.create(payer=small, person=person)
    counts = []
    clerk.page(page_of(small))  # the offer is compiled once
    for payer in (demo.jamie, large):
        with django_assert_max_num_queries(30) as captured:
            clerk.page(page_of(payer))
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_separated_parents_are_both_on_the_childs_page_each_with_their_right(demo: World, clerk):
    path = child_page(demo.james)
    found = clerk.page(f"{path}payeurs/", q="marsone")
    assert "Denise MARSONE" in found
    link = reverse("office:edit_link", kwargs={"public_id": demo.james.public_id, "payer": demo.denise.public_id})
    assert link in found
    assert "lundi" in clerk.refused(link, {"right": "weeks"})
    assert "lundi" in clerk.refused(link, {"right": "weeks", "weeks_from": "2026-11-17"})
    assert clerk.sent(link, {"right": "weeks", "weeks_from": "2026-11-16"}) == path
    page = clerk.page(path)
    assert "une semaine sur deux, depuis le 16/11/2026" in page
    assert "Jamie BOND" in page
    assert "Aussi" in clerk.page(page_of(demo.jamie))
    assert clerk.sent(f"{link}retirer/") == path
    mine = reverse("office:drop_link", kwargs={"public_id": demo.james.public_id, "payer": demo.jamie.public_id})
    response = clerk.post(mine)
    assert response.status_code == 400
    assert "seul payeur" in response.content.decode()
    assert Link.objects.filter(person=demo.james).count() == 1


NEW = {
    "last_name": "NEUVE",
    "first_name": "Anne",
    "resident": "on",
    "child_first_name": "Ève",
    "child_meal": "standard",
}


def test_a_new_family_is_entered_once(demo: World, clerk):
    path = clerk.sent(f"{FAMILIES}nouvelle/", NEW)
    page = clerk.page(path)
    assert "Ève NEUVE" in page
    assert "éditez sa lettre" in page
    again = clerk.refused(f"{FAMILIES}nouvelle/", NEW)
    assert "existe déjà" in again
    assert path in again
    assert 'value="Anne"' in again
    assert Payer.objects.filter(last_name="NEUVE").count() == 1
    assert clerk.sent(f"{FAMILIES}nouvelle/", {**NEW, "homonyms": "on"}) != path
    assert Payer.objects.filter(last_name="NEUVE").count() == 2


def test_a_child_of_the_same_name_and_birth_date_exists_already(demo: World, clerk):
    Person.objects.filter(pk=demo.james.pk).update(birth_date=date(2018, 1, 2))
    path = reverse("office:new_child", kwargs={"public_id": demo.denise.public_id})
    values = {"first_name": "james", "last_name": "Bond", "meal": "no_pork", "birth_date": "2018-01-02"}
    page = clerk.refused(path, values)
    assert "James BOND existe déjà, avec le code 007" in page
    assert child_page(demo.james) in page
    made = clerk.sent(path, {**values, "birth_date": "2019-01-02"})
    assert "sans porc" in clerk.page(made)
    assert clerk.sent(path, {**values, "homonyms": "on"})
    assert set(Link.objects.filter(person__last_name="Bond").values_list("payer_id", flat=True)) == {demo.denise.pk}


def test_a_payer_is_corrected_and_the_trail_says_what(demo: World, clerk):
    path = f"{page_of(demo.jamie)}modifier/"
    assert 'value="Jamie"' in clerk.page(path)
    values = {
        "last_name": "Bônd",
        "first_name": "Jamie",
        "phone": "06 11 22 33 44",
        "address": "1\n2\n",
        "active": "on",
    }
    assert clerk.sent(path, values) == page_of(demo.jamie)
    row = Payer.objects.get(pk=demo.jamie.pk)
    assert (row.last_name, row.sort_key, row.phone, row.address, row.resident) == (
        "Bônd", "bond jamie", "06 11 22 33 44", "1\n2", False,
    )  # fmt: skip
    act = Audit.objects.get(verb="change_payer")
    assert act.before["last_name"] == "BOND"
    assert act.after["phone"] == "06 11 22 33 44"
    assert act.actor == "Odile PRUVOST"
    clerk.sent(path, values)
    assert Audit.objects.filter(verb="change_payer").count() == 1
    for wrong in ({"first_name": ""}, {"email": "x"}, {"address": "\n".join("abcdefgh")}, {"phone": "0" * 21},
                  {"last_name": "a\0b"}, {"first_name": "x" * 10_000}):  # fmt: skip
        page = clerk.refused(path, {**values, **wrong})
        assert "à corriger" in page
        assert "06 11 22 33 44" in page or "phone" in wrong


def test_a_child_is_corrected(demo: World, clerk):
    path = f"{child_page(demo.james)}modifier/"
    room = demo.angeline.classroom_id
    values = {"last_name": "BOND", "first_name": "Jim", "classroom_id": room, "meal": "no_meat", "active": "on"}
    assert clerk.sent(path, values) == child_page(demo.james)
    row = Person.objects.get(pk=demo.james.pk)
    assert (row.first_name, row.classroom_id, row.meal, row.birth_date) == ("Jim", room, "no_meat", None)
    for wrong in (
        {"meal": "halal"},
        {"classroom_id": "999999"},
        {"birth_date": "2030-01-01"},
        {"birth_date": "1850-01-01"},
    ):
        assert "à corriger" in clerk.refused(path, {**values, **wrong})


def test_who_may_fetch_a_child(demo: World, clerk):
    path = f"{child_page(demo.james)}autorises/"
    values = {"name": "Mamie Rose", "relation": "grand-mère", "phone": "06 00 00 00 00"}
    assert clerk.sent(path, values) == child_page(demo.james)
    assert "déjà sur la liste" in clerk.refused(path, values)
    page = clerk.page(child_page(demo.james))
    one = re.search(rf'href="({path}\d+/)"', page)
    assert one
    assert "Mamie Rose" in page
    assert clerk.sent(one[1], {**values, "phone": ""})
    assert clerk.sent(f"{one[1]}retirer/") == child_page(demo.james)
    assert "Mamie Rose" in clerk.page(child_page(demo.james))  # what was just done, said once
    assert "Mamie Rose" not in clerk.page(child_page(demo.james))
    assert clerk.get(one[1]).status_code == 404


def test_a_quotient_is_typed_with_its_history(demo: World, clerk):
    path = f"{page_of(demo.jamie)}quotient/"
    assert clerk.sent(path, {"value": "640", "first_day": "2026-09-01"}) == page_of(demo.jamie)
    assert clerk.sent(path, {"value": "700", "first_day": "2026-11-01", "source": "CAF"})
    page = clerk.page(path)
    assert "en vigueur" in page
    assert "31/10/2026" in page
    assert "à corriger" in clerk.refused(path, {"value": "-1", "first_day": "2026-09-01"})
    assert "finit avant" in clerk.refused(path, {"value": "1", "first_day": "2026-12-01", "last_day": "2026-11-01"})


def test_another_town_has_nobody_here(world: World, clerk):
    with in_town(world.buchelay):
        paths = [page_of(world.lea), child_page(world.zoe)]
    for path in paths:
        for more in ("", "modifier/"):
            assert clerk.get(f"{path}{more}").status_code == 404
    link = reverse("office:edit_link", kwargs={"public_id": world.james.public_id, "payer": world.lea.public_id})
    assert clerk.post(link, {"right": "full"}).status_code == 404


def test_who_reads_but_does_not_change_sees_no_button(demo: World, regisseur):
    page = regisseur.page(page_of(demo.jamie))
    assert "modifier/" not in page
    assert "Nouveau code" not in page
    assert regisseur.get(f"{page_of(demo.jamie)}modifier/").status_code == 403
    assert "Santé" not in regisseur.page(child_page(demo.james))
