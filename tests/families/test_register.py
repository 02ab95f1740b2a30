"""The register: families entered once, codes of the scheme or imported, two payers for one child (M1, F7)."""

import re
from datetime import date
from uuid import uuid4

import pytest

from portail.families.models import Classroom, Link, Payer, Person, School
from portail.families.operations import register
from portail.families.operations.register import (
    FamilyDraft,
    PayerDraft,
    PersonDraft,
    RegisterError,
    register_family,
    save_classroom,
    save_school,
    share_feed,
)
from portail.families.queries import children_of, link_named
from portail.rules.booking import Right
from portail.rules.codes import child_code_ok, normalise_payer_code, payer_code_ok
from portail.towns.models import Audit
from portail.towns.scope import in_town
from tests.world import ALINE, ANGELINE, BERTRAND, CLERK, JAMES, MONDAY, NOW, SCHOOL_WEEK, World


def enter(payers: list[PayerDraft], persons: list[PersonDraft]):
    return register_family(draft=FamilyDraft(payers, persons), by=CLERK, now=NOW)


def test_codes_of_ours_are_drawn_and_shown_once(demo: World):
    issued, persons = enter([PayerDraft("Anne", "NEUVE"), PayerDraft("Yves", "NEUVE")], [PersonDraft("Ève", "NEUVE")])
    assert child_code_ok(persons[0].code)
    assert len(persons[0].code) == 8
    for one in issued:
        assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}", one.code)
        assert payer_code_ok(normalise_payer_code(one.code))
        assert not one.payer.weak_code
    assert issued[0].code != issued[1].code
    assert Link.objects.filter(person=persons[0]).count() == 2


def test_a_code_already_taken_is_drawn_again(demo: World, monkeypatch: pytest.MonkeyPatch):
    drawn = iter([JAMES, ALINE, "12345678"])
    monkeypatch.setattr(register, "new_child_code", lambda _: next(drawn))
    assert enter([PayerDraft("A", "B")], [PersonDraft("C", "B")])[1][0].code == "12345678"
    monkeypatch.setattr(register, "new_child_code", lambda _: JAMES)
    with pytest.raises(RegisterError, match="Aucun code"):
        enter([PayerDraft("A", "B")], [PersonDraft("D", "B")])


def test_a_second_payer_joins_a_child_already_there(demo: World):
    issued, persons = enter(
        [PayerDraft("Marc", "BOND", right=Right.WEEKS, weeks_from=MONDAY)], [PersonDraft("James", "BOND", code=JAMES)]
    )
    assert persons == [demo.james]
    assert set(Link.objects.filter(person=demo.james).values_list("payer_id", "right", "weeks_from")) == {
        (demo.jamie.pk, "full", None),
        (issued[0].payer.pk, "weeks", MONDAY),
    }


@pytest.mark.parametrize(
    ("person", "message"),
    [
        (PersonDraft("Autre", "NOM", code=JAMES), "déjà celui de James BOND"),
        (PersonDraft("A", "B", code="12"), "3 à 8 chiffres"),
        (PersonDraft("A", "B", code="abc"), "3 à 8 chiffres"),
        (PersonDraft("A", "B", "mallerin", "99"), "99"),
        (PersonDraft("A", "B", "nulle part", "10"), "nulle part"),
    ],
)
def test_what_cannot_be_is_said_in_french_and_nothing_is_written(demo: World, person: PersonDraft, message: str):
    before = (Payer.objects.count(), Person.objects.count(), Link.objects.count(), Audit.objects.count())
    with pytest.raises(RegisterError, match=message):
        enter([PayerDraft("A", "B")], [PersonDraft("Premier", "B"), person])
    assert (Payer.objects.count(), Person.objects.count(), Link.objects.count(), Audit.objects.count()) == before
    with pytest.raises(RegisterError, match="nulle part"):
        save_classroom(school="nulle part", name="CP", by=CLERK, now=NOW)


def test_names_sort_as_people_sort_them(demo: World):
    enter([PayerDraft("A", "Z")], [PersonDraft(name, "Éclair") for name in ("Zoé", "eric", "Élodie")])
    found = Person.objects.filter(last_name="Éclair").order_by("sort_key")
    assert [person.first_name for person in found] == ["Élodie", "eric", "Zoé"]


def test_a_person_comes_back_as_drafted(demo: World):
    draft = PersonDraft("Paul", "ADULTE", "ferry", "CE1", date(1980, 2, 29), adult=True, occasional=True, code="555")
    enter([PayerDraft("Paul", "ADULTE")], [draft])
    (row,) = children_of(CLERK, ["555"])
    assert (row.full_name, row.adult, row.occasional, row.birth_date) == ("Paul ADULTE", True, True, date(1980, 2, 29))
    assert (row.school, row.classroom, row.level, row.right) == ("JULES FERRY", "CE1", "CE1", Right.FULL)


def test_whom_each_may_reach(world: World, django_assert_num_queries):
    everybody = [BERTRAND, JAMES, "999", ANGELINE, ALINE, "0\0"]
    with in_town(world.demo):
        for by, expected in (
            (world.as_jamie, [JAMES, ALINE]),
            (world.as_denise, [ANGELINE, BERTRAND]),
            (world.as_lea, []),
            (CLERK, [JAMES, ALINE, ANGELINE, BERTRAND]),
        ):
            with django_assert_num_queries(1):
                found = children_of(by, everybody)
            assert sorted(child.code for child in found) == sorted(expected)
            assert [child.id for child in found] == sorted(child.id for child in found)
        Person.objects.filter(code=JAMES).update(active=False)
        assert [child.code for child in children_of(world.as_jamie, everybody)] == [ALINE]


def test_schools_and_classes_are_changed_in_place(demo: World):
    save_school(code="ferry", name="J. FERRY", school_weekdays=SCHOOL_WEEK, by=CLERK, now=NOW)
    save_classroom(school="ferry", name="CE1", teacher="Mr NOUVEAU", level="CE1", by=CLERK, now=NOW)
    assert School.objects.get(code="ferry").school_weekdays == 0b0011011
    assert Classroom.objects.get(school__code="ferry", name="CE1").teacher == "Mr NOUVEAU"
    assert School.objects.count() == 2
    assert set(Audit.objects.filter(verb="save_classroom").values_list("subject", flat=True)) == {
        "mallerin 10",
        "ferry CE1",
        "ferry CE2",
    }


def test_a_feed_is_found_by_its_link_shared_and_renewed_by_its_payer_alone(world: World):
    with in_town(world.demo):
        link = Link.objects.get(payer=world.jamie, person=world.james)
        assert link_named(link.public_id) is None  # nobody asked for an address yet
        for version, shared in ((1, True), (2, True), (3, False)):
            share_feed(link_id=link.public_id, payer_id=world.jamie.pk, shared=shared)
            share_feed(link_id=link.public_id, payer_id=world.denise.pk, shared=not shared)
            link.refresh_from_db()
            assert (link.feed_version, link.feed_open) == (version, shared)
            found = link_named(link.public_id)
            assert (found and (found.person, found.payer)) == ((world.james, world.jamie) if shared else None)
        assert link_named(uuid4()) is None
        share_feed(link_id=link.public_id, payer_id=world.jamie.pk, shared=True)
        assert link_named(link.public_id) is not None
        Payer.objects.filter(pk=world.jamie.pk).update(active=False)
        assert link_named(link.public_id) is None
    with in_town(world.buchelay):
        assert link_named(link.public_id) is None
