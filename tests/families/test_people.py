"""The register corrected one by one: no doubles, links that keep a child in somebody's hands, a trail of each act."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.families.models import AuthorisedPerson, Link, Payer, Person
from portail.families.operations import typed
from portail.families.operations.care import MOST_AUTHORISED, AuthorisedDraft, save_authorised
from portail.families.operations.people import (
    Answering,
    DoubleError,
    PayerDetails,
    PersonDetails,
    add_person,
    change_payer,
    change_person,
    enter_family,
    remove_link,
    set_link,
)
from portail.families.operations.register import RegisterError
from portail.families.queries.doubles import same_payer, same_person
from portail.families.queries.search import Wanted, payers_wanted, persons_wanted
from portail.rules.booking import Right
from portail.towns.models import Audit
from portail.towns.scope import in_town
from tests.world import CLERK, MONDAY, NOW, World, connect

BORN = date(2018, 5, 4)


def test_a_double_is_the_same_name_and_a_birth_date_that_may_be_the_same(demo: World):
    assert same_person("JAMES", "bond", None) == demo.james
    assert same_person("James", "Bond", BORN) == demo.james  # whose birth date nobody knows
    Person.objects.filter(pk=demo.james.pk).update(birth_date=BORN)
    assert same_person("Jâmes", "BOND", BORN) == demo.james
    assert same_person("James", "BOND", BORN + timedelta(days=1)) is None
    assert same_payer("jamie", "bond") == demo.jamie
    assert same_payer("Jamie", "BONDE") is None


def test_a_double_of_another_town_is_none(world: World):
    with in_town(world.buchelay):
        assert same_person("James", "BOND", None) is None
        assert same_payer("Jamie", "BOND") is None


def test_a_family_whose_child_exists_is_not_half_entered(demo: World):
    with pytest.raises(DoubleError) as refusal:
        enter_family(
            payer=PayerDetails("Une", "AUTRE"), persons=[PersonDetails("James", "BOND")], by=CLERK, now=NOW
        )  # fmt: skip
    assert refusal.value.person == demo.james.public_id
    assert not Payer.objects.filter(last_name="AUTRE").exists()
    issued, (child,) = enter_family(
        payer=PayerDetails("Une", "AUTRE"), persons=[PersonDetails("James", "BOND")], homonyms=True, by=CLERK, now=NOW
    )
    assert child.code != demo.james.code
    assert connect(child.code, issued.code).key


def test_an_adult_eater_is_entered_as_such(demo: World):
    made = add_person(payers=[demo.jamie], details=PersonDetails("Odile", "ATSEM", adult=True), by=CLERK, now=NOW)
    assert made.kind == Person.Kind.ADULT
    assert Link.objects.get(person=made).right == Right.FULL.value


def test_alternate_weeks_count_from_a_monday(demo: World):
    for anchor, words in ((None, "quel lundi"), (MONDAY + timedelta(days=1), "d'un lundi")):
        with pytest.raises(RegisterError, match=words):
            set_link(
                payer=demo.denise, person=demo.james, answering=Answering(Right.WEEKS, anchor), by=CLERK, now=NOW
            )  # fmt: skip
    set_link(payer=demo.denise, person=demo.james, answering=Answering(Right.WEEKS, MONDAY), by=CLERK, now=NOW)
    link = set_link(payer=demo.denise, person=demo.james, answering=Answering(weeks_from=MONDAY), by=CLERK, now=NOW)
    assert (link.right, link.weeks_from) == ("full", None)
    last = Audit.objects.filter(verb="set_link").latest("pk")
    assert (last.before["weeks_from"], last.after["weeks_from"]) == (str(MONDAY), None)


def test_a_child_keeps_somebody(demo: World):
    with pytest.raises(RegisterError, match="seul payeur"):
        remove_link(payer=demo.jamie, person=demo.james, by=CLERK, now=NOW)
    remove_link(payer=demo.denise, person=demo.james, by=CLERK, now=NOW)  # never was: nothing happens
    details = PersonDetails("James", "BOND", active=False)
    change_person(person=demo.james, details=details, by=CLERK, now=NOW)
    remove_link(payer=demo.jamie, person=demo.james, by=CLERK, now=NOW)
    assert not Link.objects.filter(person=demo.james).exists()


def test_a_change_that_changes_nothing_leaves_no_line(demo: World):
    details = PayerDetails("Jamie", "BOND", phone="06")
    for _ in range(2):
        change_payer(payer=demo.jamie, details=details, by=CLERK, now=NOW)
    assert Audit.objects.filter(verb="change_payer").count() == 1


@pytest.mark.parametrize(
    ("details", "words"),
    [
        (PersonDetails("", "B"), "prénom manque"),
        (PersonDetails("A", " \0 "), "nom manque"),
        (PersonDetails("A" * 81, "B"), "80 caractères"),
        (PersonDetails("A", "B", birth_date=date(2027, 1, 1)), "pas possible"),
        (PersonDetails("A", "B", birth_date=date(1900, 1, 1)), "pas possible"),
        (PersonDetails("A", "B", classroom_id=0), "classe"),
        (PersonDetails("A", "B", meal="halal"), "repas"),
    ],
)
def test_what_cannot_be_is_refused_in_french(demo: World, details, words):
    before = Person.objects.count()
    with pytest.raises(RegisterError, match=words):
        add_person(payers=[demo.jamie], details=details, by=CLERK, now=NOW)
    with pytest.raises(RegisterError, match=words):
        change_person(person=demo.james, details=details, by=CLERK, now=NOW)
    assert Person.objects.count() == before


def test_a_class_of_another_town_is_refused(world: World):
    with in_town(world.buchelay):
        theirs = world.zoe.classroom_id
    with in_town(world.demo), pytest.raises(RegisterError, match="classe"):
        change_person(person=world.james, details=PersonDetails("A", "B", classroom_id=theirs), by=CLERK, now=NOW)


def test_the_list_of_who_may_fetch_a_child_ends(demo: World):
    for number in range(MOST_AUTHORISED):
        save_authorised(person=demo.james, draft=AuthorisedDraft(f"P{number}"), by=CLERK, now=NOW)
    with pytest.raises(RegisterError, match="déjà 20"):
        save_authorised(person=demo.james, draft=AuthorisedDraft("Encore"), by=CLERK, now=NOW)
    assert AuthorisedPerson.objects.filter(person=demo.aline).count() == 0


@given(first=st.text(max_size=80), last=st.text(max_size=80))
def test_a_name_is_one_clean_line_whatever_was_typed(first: str, last: str):
    for text in (first, last):
        found = typed.line(text, "Le nom", 80)
        assert found == found.strip()
        assert "\0" not in found
        assert "\n" not in found
        found.encode()
        assert typed.line(found, "Le nom", 80) == found


@pytest.mark.parametrize("words", ["%", "'; --", "\ud800x".encode(errors="replace").decode(), "١٢٣٤", "+" * 100, "@"])
def test_hostile_words_find_nobody(demo: World, words):
    assert not persons_wanted(Wanted(words))
    assert not payers_wanted(Wanted(words))


@pytest.mark.parametrize(
    ("kept", "asked"),
    [("06 12 34 56 78", "0612345678"), ("+33612345678", "06.12.34.56.78"), ("06.12.34.56.78", "+33 6 12 34 56 78")],
)
def test_a_telephone_is_found_however_it_is_written(demo: World, kept, asked):
    Payer.objects.filter(pk=demo.denise.pk).update(phone=kept)
    assert list(payers_wanted(Wanted(asked))) == [demo.denise]
