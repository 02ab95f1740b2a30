"""Aujourd'hui: head-counts, lists of names, the kitchen's addresses, through their pages."""

import re
from datetime import date, timedelta

import pytest

from portail.bookings.models import Activity, Attendance, KitchenOrder, KitchenRecipient, Presence
from portail.bookings.operations.attendance import MarkDraft, record_attendance
from portail.bookings.operations.kitchen import RecipientDraft, save_recipient
from portail.bookings.queries import offer
from portail.families.models import AuthorisedPerson, HealthRecord, Person
from portail.rules.staff import Role
from portail.towns.scope import in_town
from tests.office.doors import Office
from tests.world import ALINE, ANGELINE, BERTRAND, CLERK, JAMES, MONDAY, NOW, World, tick, validate

TODAY = NOW.date()
PAGE, WEEK, LISTS = "/mairie/aujourdhui/", "/mairie/aujourdhui/semaine/", "/mairie/aujourdhui/listes/"
FORGOTTEN, KITCHEN = "/mairie/aujourdhui/sans-pointage/", "/mairie/aujourdhui/cuisine/"
HOSTILE = ["", "0", "x", "2026-13-45", "9999-12-31", "0001-01-01", "\0", "2" * 10_000, "20261124", "2026-W48-2"]


def book(activity: str, day: date, *people: str) -> None:
    key = Activity.objects.get(code=activity).pk
    rows = Person.objects.filter(code__in=people)
    Presence.objects.bulk_create(Presence(person=person, activity_id=key, day=day) for person in rows)


def text(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.split("<main", 1)[1]).split())


def test_the_kitchen_sees_how_many_and_no_name(enter, demo: World):
    book("cantine", TODAY, JAMES, ALINE, ANGELINE)
    Person.objects.filter(code=ALINE).update(meal=Person.Meal.NO_PORK)
    kitchen = enter(Role.KITCHEN)
    page = text(kitchen.page(PAGE))
    assert "Lundi 16 novembre 2026 – aujourd&#39;hui" in page
    assert "MALLERIN PRIMAIRE 1 1 2" in page
    assert "3 inscrits" in page
    kitchen.sent("/mairie/aujourdhui/commande/", {"jour": str(TODAY), "activite": "cantine"})
    book("cantine", TODAY, BERTRAND)
    page = text(kitchen.page(PAGE))
    assert "JULES FERRY 2 +1 0 2 +1" in page
    assert "Commande : lundi 16 novembre à 9 h, par Odile PRUVOST" in page
    assert "MARSONE" not in page


def test_who_moved_since_the_order_is_told_to_those_who_may_know(clerk: Office, demo: World):
    clerk.sent("/mairie/aujourdhui/commande/", {"jour": str(MONDAY), "activite": "cantine"})
    validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie, now=NOW + timedelta(minutes=1))
    page = text(clerk.page(PAGE, jour=str(MONDAY)))
    assert "+ James BOND Cantine, MALLERIN PRIMAIRE" in page


@pytest.mark.parametrize("day", HOSTILE)
def test_any_day_that_is_none_is_today(clerk: Office, day: str):
    for path in (PAGE, WEEK):
        assert "novembre 2026" in clerk.page(path, jour=day)
    assert clerk.post("/mairie/aujourdhui/commande/", {"jour": day, "activite": "cantine"}).status_code == 302
    assert not KitchenOrder.objects.exists()


def test_an_order_sent_twice_is_one_and_of_nothing_is_refused(clerk: Office, demo: World):
    for _ in range(2):
        assert "jour=2026-11-16" in clerk.sent(
            "/mairie/aujourdhui/commande/", {"jour": str(TODAY), "activite": "cantine"}
        )
    assert KitchenOrder.objects.count() == 1
    for activity in ("", "x", "\0", "é" * 10_000):
        assert "existe pas" in clerk.refused("/mairie/aujourdhui/commande/", {"jour": str(TODAY), "activite": activity})


def test_files_hold_no_formula(clerk: Office, demo: World):
    book("cantine", TODAY, JAMES)
    Person.objects.filter(code=JAMES).update(last_name="=cmd|' /C calc'!A0")
    demo.james.classroom.school.__class__.objects.update(name="@SUM(1)")  # type: ignore[union-attr]
    offer._kept.clear()
    for path in (PAGE, WEEK, LISTS):
        csv = clerk.get(path, export="csv")
        assert csv.headers["Content-Disposition"].endswith('.csv"')
        assert not re.search(r"(^|;)[=@]", csv.content.decode("utf-8-sig"), re.MULTILINE)
        assert clerk.get(path, export="xlsx").content[:2] == b"PK"


def test_the_lists_say_who_with_symbols_alone(clerk: Office, demo: World):
    book("cantine", TODAY, JAMES, ALINE, ANGELINE)
    HealthRecord.objects.create(person=demo.james, sealed=b"arachide", care_plan=True, updated_at=NOW)
    AuthorisedPerson.objects.create(person=demo.aline, name="Mamie <b>", relation="grand-mère", phone="0612")
    page = clerk.page(LISTS)
    assert "PAI" in text(page)
    assert "arachide" not in page
    assert "Mamie" not in page
    page = clerk.page(LISTS, autorisees="on", activite="cantine", ecole=str(demo.james.classroom.school_id))  # type: ignore[union-attr]
    assert "Mamie &lt;b&gt; (grand-mère), 0612" in page
    assert "Angéline" not in page
    page = clerk.page(LISTS, classe=str(demo.angeline.classroom_id))
    assert "Angéline" in page
    assert "James" not in page
    for values in ({"jour": "x", "activite": "y", "ecole": "\0", "classe": "9" * 50}, {"jour": "9999-12-31"}):
        assert clerk.get(LISTS, **values).status_code == 200


def test_booked_and_not_ticked(clerk: Office, demo: World):
    past = TODAY - timedelta(days=3)
    book("cantine", past, JAMES, ALINE, ANGELINE)
    assert "sans pointage" not in text(clerk.page(PAGE))
    record_attendance(marks=[MarkDraft(JAMES, "cantine", past, Attendance.Mark.PRESENT)], by=CLERK, now=NOW)
    assert "2 réservations des 31 derniers jours sans pointage" in text(clerk.page(PAGE))
    page = clerk.page(FORGOTTEN)
    assert f'href="/mairie/pointage/cantine/{past}/"' in page
    assert "BOND Aline" in page
    assert "BOND James" not in page
    assert "Tout est pointé" in clerk.page(FORGOTTEN, since=str(TODAY - timedelta(days=1)))
    assert clerk.get(FORGOTTEN, since="x", until="9999-12-31").status_code == 200


def test_lists_cost_the_same_whatever_their_length(clerk: Office, demo: World, django_assert_num_queries):
    past = TODAY - timedelta(days=3)
    record_attendance(marks=[MarkDraft(JAMES, "matin", past, Attendance.Mark.PRESENT)], by=CLERK, now=NOW)
    book("cantine", TODAY, JAMES)
    book("matin", past, ALINE)
    clerk.page(PAGE)
    counts = {PAGE: 7, WEEK: 5, LISTS: 6, FORGOTTEN: 5}
    for many in (False, True):
        if many:
            people = [
                Person(code=f"9{n:04}", first_name="A", last_name="B", sort_key="b a", classroom=demo.james.classroom)
                for n in range(120)
            ]
            Person.objects.bulk_create(people)
            for activity, day in (("cantine", TODAY), ("matin", past)):
                book(activity, day, *[person.code for person in people])
        for path, queries in counts.items():
            with django_assert_num_queries(queries):
                clerk.page(path)


def test_the_kitchens_addresses(clerk: Office, demo: World):
    values = {"activity": "cantine", "school": "", "email": "cuisine@demo.example", "days_ahead": "1", "at": "09:30"}
    assert clerk.sent(f"{KITCHEN}nouveau/", values) == KITCHEN
    assert "la veille (jour ouvré) à 9\u00a0h\u00a030" in clerk.page(KITCHEN)
    assert "reçoit déjà" in clerk.refused(f"{KITCHEN}nouveau/", values)
    page = clerk.refused(f"{KITCHEN}nouveau/", {**values, "email": "x y", "at": "25:00", "days_ahead": "11"})
    assert 'value="x y"' in page
    one = KitchenRecipient.objects.get()
    assert clerk.sent(f"{KITCHEN}{one.pk}/", {**values, "school": "ferry", "days_ahead": "0"}) == KITCHEN
    assert "JULES FERRY" in clerk.page(KITCHEN)
    assert 'value="09:30"' in clerk.page(f"{KITCHEN}{one.pk}/")
    assert clerk.sent(f"{KITCHEN}{one.pk}/retirer/") == KITCHEN
    assert clerk.get(f"{KITCHEN}{one.pk}/").status_code == 404
    assert "Aucune adresse" in clerk.page(KITCHEN)


def test_another_towns_address_is_not_found(clerk: Office, demo: World):
    with in_town(demo.buchelay):
        draft = RecipientDraft("cantine", "", "b@b.example", 0, 0)
        other = save_recipient(draft=draft, by=CLERK, now=NOW)
    for path in (f"{KITCHEN}{other.pk}/", f"{KITCHEN}{other.pk}/retirer/"):
        assert clerk.post(path).status_code == 404


@pytest.mark.parametrize("email", ["\0", "a" * 10_000, "a@b.fr\nBcc: c@d.fr", "=1+1@x"])
def test_hostile_addresses_are_refused(clerk: Office, email: str):
    values = {"activity": "cantine", "school": "", "email": email, "days_ahead": "1", "at": "09:30"}
    assert clerk.refused(f"{KITCHEN}nouveau/", values)
