"""Health records: sealed in the table, read by those who must, each reading and never a word of it in the trail."""

import pytest
from django.urls import reverse

from portail.families.models import HealthRecord, Person
from portail.families.operations.care import Health, read_health, save_health
from portail.families.operations.register import RegisterError
from portail.families.queries.cards import meals_and_plans
from portail.rules.staff import Role
from portail.towns.models import Audit
from portail.towns.sealing import SealError
from tests.world import CLERK, NOW, World

TEXT = "Arachide : <b>stylo</b> d'adrénaline"


def record_page(person: Person) -> str:
    return reverse("office:health", kwargs={"public_id": person.public_id})


def test_what_is_written_is_sealed_and_read_back(demo: World, clerk):
    path = record_page(demo.james)
    assert "Rien n'est écrit" in clerk.page(path)
    assert clerk.sent(f"{path}modifier/", {"allergies": TEXT, "care_plan": "on", "instructions": "Appeler\nle 15"})
    row = HealthRecord.objects.get()
    assert b"Arachide" not in bytes(row.sealed)
    page = clerk.page(path)
    assert "Arachide : &lt;b&gt;stylo" in page
    assert "PAI signé" in page
    assert "Arachide" in clerk.page(f"{path}modifier/")
    assert clerk.sent(f"{path}modifier/", {"allergies": ""})
    assert not HealthRecord.objects.exists()


def test_each_reading_leaves_a_trace_that_says_nothing_of_it(demo: World, clerk):
    save_health(person=demo.james, health=Health(allergies=TEXT), by=CLERK, now=NOW)
    for _ in range(2):
        clerk.page(record_page(demo.james))
    readings = Audit.objects.filter(verb="read_health")
    assert [(one.actor, one.subject) for one in readings] == [("Odile PRUVOST", "James BOND")] * 2
    assert not [one for one in Audit.objects.all() if "Arachide" in f"{one.before} {one.after} {one.subject}"]
    (kept,) = Audit.objects.filter(verb="save_health")
    assert kept.after == {"code": "007", "changed": ["allergies"]}


@pytest.mark.parametrize("role", [Role.KITCHEN, Role.REGISSEUR, Role.ADMINISTRATOR])
def test_others_do_not_read_it(demo: World, enter, role):
    assert enter(role).get(record_page(demo.james)).status_code == 403
    assert not Audit.objects.filter(verb="read_health").exists()


def test_an_animateur_reads_and_does_not_write(demo: World, enter):
    animateur = enter(Role.ANIMATEUR)
    page = animateur.page(record_page(demo.james))
    assert "/mairie/familles/" not in page
    assert animateur.get(f"{record_page(demo.james)}modifier/").status_code == 403


def test_a_record_moved_to_another_child_does_not_open(demo: World, clerk):
    save_health(person=demo.james, health=Health(allergies=TEXT), by=CLERK, now=NOW)
    HealthRecord.objects.update(person=demo.aline)
    with pytest.raises(SealError):
        read_health(person=demo.aline, by=CLERK, now=NOW)
    assert clerk.get(record_page(demo.aline)).status_code == 409
    assert clerk.get(f"{record_page(demo.aline)}modifier/").status_code == 409


def test_what_is_too_long_is_refused_and_a_second_click_writes_nothing(demo: World):
    with pytest.raises(RegisterError, match="4000"):
        save_health(person=demo.james, health=Health(diet="x" * 4001), by=CLERK, now=NOW)
    for _ in range(2):
        save_health(person=demo.james, health=Health(diet="sans\0 lait"), by=CLERK, now=NOW)
    assert read_health(person=demo.james, by=CLERK, now=NOW) == Health(diet="sans lait")
    assert Audit.objects.filter(verb="save_health").count() == 1


def test_the_head_counts_know_meals_and_plans_without_the_record(demo: World, django_assert_num_queries):
    Person.objects.filter(pk=demo.aline.pk).update(meal=Person.Meal.NO_PORK)
    save_health(person=demo.james, health=Health(care_plan=True), by=CLERK, now=NOW)
    with django_assert_num_queries(1):
        found = {pk: (meal, plan) for pk, meal, plan in meals_and_plans()}
    assert found[demo.aline.pk] == ("no_pork", None)
    assert found[demo.james.pk] == ("standard", True)
