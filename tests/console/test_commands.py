"""Every act of the town hall has its command; each says what it did, and refuses in French without a traceback."""

from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import DataError

from portail.bookings.models import Change, Closure, DayOverride, Enrolment, Limit, Presence
from portail.console.words import WHY, WORDS
from portail.families.models import Payer
from portail.families.operations.register import FamilyDraft, PayerDraft, PersonDraft, register_family
from portail.news.models import NewsFile, NewsItem
from portail.rules.booking import NotFor, Refusal
from portail.rules.calendar import ClosedWhy
from portail.towns.models import Audit
from portail.towns.scope import in_town
from tests.world import CLERK, MONDAY, NEXT_TUESDAY, NOW, WEDNESDAY, World, connect, tick, validate

NO_DAY = "n'est pas un jour : écrivez 2026-11-24 ou 24/11/2026"
pytestmark = pytest.mark.usefixtures("frozen")


def booked() -> list[tuple[str, str]]:
    return sorted(Presence.objects.values_list("person__code", "activity__code"))


def test_book_and_cancel_by_the_town_hall(demo: World, run):
    cell = ("--town", "demo", "--child", "007", "--activity", "cantine", "--day", "23/11/2026")
    assert run("book", *cell, "--reason", "Par téléphone") == [
        "Inscription enregistrée – Cantine, lundi 23 novembre 2026."
    ]
    change = Change.objects.get()
    assert (change.day, change.channel, change.reason, change.at) == (MONDAY, "town_hall", "Par téléphone", NOW)
    assert run("book", *cell) == ["Rien à changer : c'était déjà le cas."]
    assert run("book", *cell, "--cancel") == ["Annulation enregistrée – Cantine, lundi 23 novembre 2026."]
    assert booked() == []
    assert Audit.objects.filter(verb="change_presences", actor="Mairie (console)").count() == 2


@pytest.mark.parametrize(
    ("child", "activity", "day", "why"),
    [
        ("999", "cantine", "2026-11-23", "aucun enfant n'a ce code."),
        ("007", "tennis", "2026-11-23", "cette activité n'existe pas."),
        ("007", "cantine", "2026-11-22", "l'activité n'est pas proposée ce jour-là."),
        ("007", "cantine", "2026-12-25", "c'est fermé ce jour-là (jour férié, Noël)."),
        ("007", "bus", "2026-11-23", "l'enfant n'est pas inscrit à cette activité (portail enrol)."),
    ],
)
def test_the_town_hall_is_told_why_not(demo: World, fail, child, activity, day, why):
    sentence = fail("book", "--town", "demo", "--child", child, "--activity", activity, "--day", day)
    assert sentence.endswith(f" : {why}")
    assert booked() == []


def test_closing_says_first_then_does(demo: World, run, fail):
    validate([*tick("007", "cantine", MONDAY, NEXT_TUESDAY), *tick("008", "cantine", MONDAY)], demo.as_jamie)
    words = ("--town", "demo", "--from", "23/11/2026", "--reason", "Grève")
    assert run("close", *words, "--preview") == [
        "lundi 23 novembre 2026 : enfant 008, cantine",
        "lundi 23 novembre 2026 : enfant 007, cantine",
        "Aperçu, rien n'est écrit : 2 présences seraient annulées.",
    ]
    assert (Closure.objects.count(), len(booked())) == (0, 3)
    assert run("close", *words, "--school", "mallerin", "--class", "10") == ["Fermeture posée ; 2 présences annulées."]
    assert (Closure.objects.count(), booked()) == (1, [("007", "cantine")])
    assert fail("close", *words, "--to", "20/11/2026") == "La fermeture finit avant de commencer."
    assert fail("close", *words, "--to", "20/11/2026", "--preview") == "La fermeture finit avant de commencer."
    assert fail("close", *words, "--class", "10") == "Une classe se ferme avec son école : ajoutez --school."
    assert fail("close", *words, "--activity", "tennis") == "L'activité « tennis » n'existe pas."


def test_limits_enrolments_and_school_days(demo: World, run, fail):
    assert run("limit", "--town", "demo", "--activity", "cantine", "--seats", 40) == ["Cantine : 40 places par jour."]
    assert Limit.objects.get().seats == 40
    assert fail("limit", "--town", "demo", "--activity", "cantine", "--seats", 0).startswith("Une capacité est d'au")
    assert run("enrol", "--town", "demo", "--child", "007", "--activity", "bus", "--stop", "Mairie") == [
        "James BOND est inscrit à « Transport 8h30 »."
    ]
    assert Enrolment.objects.get().stop.name == "Mairie"
    assert fail("enrol", "--town", "demo", "--child", "007", "--activity", "bus", "--stop", "Lune").endswith(
        "« Lune »."
    )
    words = ("--town", "demo", "--day", "25/11/2026", "--reason", "rattrapage du pont")
    assert run("school_day", *words) == ["Mercredi 25 novembre 2026 : il y a école."]
    override = DayOverride.objects.get()
    assert (override.day, override.has_school, override.reason) == (WEDNESDAY, True, "rattrapage du pont")
    assert run("school_day", *words, "--no-school") == ["Mercredi 25 novembre 2026 : pas école."]
    assert not DayOverride.objects.get().has_school


def test_a_reissued_code_replaces_the_old_one(demo: World, run, fail):
    first, second = run("codes", "reissue", "--town", "demo", "--child", "007")
    code = first.rpartition(" : ")[2]
    assert second == "Notez-le : il ne pourra pas être relu."
    assert (connect("007", code).key != "", connect("007", "K7M2P-9QXDT").key) == (True, "")
    assert fail("codes", "reissue", "--town", "demo", "--child", "999") == "Aucun enfant n'a le code « 999 »."
    assert fail("codes", "reissue", "--town", "demo", "--child", "007", "--payer", "Zorro") == (
        "Précisez --payer ; payeurs de cet enfant : Jamie BOND."
    )


def test_news_are_posted_with_their_files(demo: World, run, fail, tmp_path: Path):
    menus, odd = tmp_path / "menus.pdf", tmp_path / "menus.doc"
    menus.write_bytes(b"%PDF-1.4\n")
    odd.write_bytes(b"\xd0\xcf\x11\xe0")
    words = ("post", "--town", "demo", "--title", "Menus", "--text", "Bon <appétit>")
    assert run("news", *words, "--file", menus, "--until", "24/12/2026 18 h") == [
        "« Menus » est publiée (1 fichier joint)."
    ]
    item = NewsItem.objects.get()
    assert (item.body, item.published_at, item.until.isoformat()) == (
        "<p>Bon &lt;appétit&gt;</p>", NOW, "2026-12-24T17:00:00+00:00",
    )  # fmt: skip
    assert NewsFile.objects.get().name == "menus.pdf"
    assert "n'est ni un PDF" in fail("news", *words, "--file", odd)
    assert fail("news", *words, "--file", tmp_path / "absent.pdf").endswith("fichier ou dossier introuvable.")
    assert NewsItem.objects.count() == 1
    assert "n'existe pas ; au choix" in fail("news", *words, "--kind", "potins")


def test_the_town_must_be_named_when_there_are_several(world: World, fail):
    words = ("--activity", "cantine", "--seats", 40)
    assert fail("limit", *words) == "Quelle commune ? Ajoutez --town ; communes connues : buchelay, demo."
    assert fail("limit", *words, "--town", "paris") == (
        "Aucune commune ne s'appelle « paris » ; communes connues : buchelay, demo."
    )


def test_the_clock_forgets_in_every_town(world: World, run):
    for town, child in ((world.demo, "007"), (world.buchelay, "007")):
        with in_town(town):
            connect(child, "WRONG-CODE0")
    with time_machine.travel(NOW + timedelta(days=2), tick=False):
        assert run("tick") == ["buchelay : 1 ligne oubliée.", "demo : 1 ligne oubliée."]


def test_status_lists_the_towns(world: World, run):
    lines = run("status")
    assert lines[0].startswith("Mode : test ; base de données : ")
    assert lines[1:] == [
        "Buchelay (buchelay) : ouvert ; buchelay.localhost",
        "    payeurs : 1 ; enfants et convives : 1 ; activités : 1",
        "Ville de Démo (demo) : ouvert ; demo.localhost",
        "    payeurs : 2 ; enfants et convives : 4 ; activités : 6",
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("book",), "portail book : il manque --child, --activity, --day."),
        (("limit", "--activity", "x", "--seats", "y"), "portail limit : --seats : 'y' n'est pas un nombre."),
        (("close", "--reason", "x", "--from", "z"), f"portail close : --from : « z » {NO_DAY}."),
        (("town",), "portail town : il manque ACTE."),
    ],
)  # fmt: skip
def test_words_missing_or_wrong_are_said_in_french(db, fail, words, sentence):
    assert fail(*words) == sentence


def test_a_database_that_refuses_gives_a_sentence(demo: World, fail, monkeypatch):
    """A name longer than its column: PostgreSQL refuses it; whatever the engine refuses, the operator reads French."""

    def refuse(**_: object) -> None:
        raise DataError("value too long\nDETAIL")

    monkeypatch.setattr("portail.console.management.commands.limit.set_limit", refuse)
    assert fail("limit", "--town", "demo", "--activity", "cantine", "--seats", 4) == (
        "La base de données refuse ces valeurs, rien n'a été écrit (value too long)."
    )


def test_every_refusal_has_words():
    assert set(WORDS) == set(Refusal)
    assert set(WHY) == {*NotFor, *ClosedWhy}


def test_payers_of_a_child_who_has_two(demo: World, run, fail):
    register_family(
        draft=FamilyDraft([PayerDraft("Jim", "BOND")], [PersonDraft("James", "BOND", code="007")]), by=CLERK, now=NOW
    )
    assert fail("codes", "reissue", "--town", "demo", "--child", "007") == (
        "Précisez --payer ; payeurs de cet enfant : Jamie BOND, Jim BOND."
    )
    run("codes", "reissue", "--town", "demo", "--child", "007", "--payer", "bond jim")
    assert [p.credential_version for p in Payer.objects.filter(last_name="BOND").order_by("first_name")] == [1, 2]
