"""A town described in a file: created, changed, applied twice; every fault said with its place, and nothing written."""

from pathlib import Path

import pytest

from portail.bookings.models import (
    Activity,
    ActivityAudience,
    ActivityDependency,
    Closure,
    DayOverride,
    HolidayPeriod,
    Limit,
    Period,
    PeriodActivity,
    Stop,
)
from portail.bookings.queries.offer import cutoff_from
from portail.families.models import Classroom, School
from portail.news.models import NewsFile, NewsItem
from portail.rules.cutoffs import Cutoff, CutoffKind
from portail.rules.zones import HOLIDAYS
from portail.towns.models import Audit, Host, Logo, Town
from portail.towns.scope import in_town
from tests.world import World

ROOM = '[town]\nslug = "ville"\nname = "Ville"\nhosts = ["ville.localhost"]\n'
WHOLE = (
    ROOM
    + """
status = "open"
zone = "B"
phone = "04 65 71 00 10"
town_colour = "#1b3a6b"
weeks_shown = 6
labels = { payer_code = "Code famille" }
logo = "logo.svg"

[[schools]]
code = "ferry"
name = "JULES FERRY"
weekdays = "lu ma me je ve"
classes = [{ name = "CE1", teacher = "Mme Formatrice", level = "CE1" }]

[[groups]]
code = "peri"
name = "PERISCOLAIRE"

[[activities]]
code = "cantine"
name = "Cantine"
group = "peri"
opens_on = "school_days"
weekdays = "lu ma je ve"
cutoff = { kind = "working_days", days = 1, at = "10:00" }
cancel_cutoff = { kind = "same_day", at = 08:30:00 }
late = "accept"
late_until = "9 h"
seats = 40
seats_by_school = { ferry = 25 }
audiences = [{ school = "ferry", class = "CE1" }]
min_age = 3
excludes = ["midi"]

[[activities]]
code = "midi"
name = "Accueil midi sans repas"
group = "peri"
opens_on = "school_days"
weekdays = "lu ma je ve"
cutoff = { kind = "weekday_before", weekday = "ve", at = "12:00", moved_back = true }
stops = { "Mairie" = "12:10" }

[calendar]
holidays = [{ name = "Fête locale", first = 2026-06-01, last = "02/06/2026" }]
school_days = [{ day = 2026-11-25, reason = "rattrapage" }]
closures = [{ first = 2026-11-27, reason = "Grève", activity = "cantine" }]

[[periods]]
name = "Automne"
first = 2026-11-02
last = 2026-12-18
weekdays = { midi = "lu ma" }

[[news]]
kind = "tip"
title = "Bon à savoir"
body = "<p>Bonjour</p>"
published_at = 2026-11-01
files = [{ path = "menus.pdf" }]
"""
)


@pytest.fixture
def apply(run, tmp_path: Path):
    (tmp_path / "logo.svg").write_text("<svg/>")
    (tmp_path / "menus.pdf").write_bytes(b"%PDF-1.4\n")

    def write_and_apply(text: str = WHOLE, run=run) -> object:
        path = tmp_path / "ville.toml"
        path.write_text(text)
        return run("town", "apply", path)

    return write_and_apply


@pytest.fixture
def ville(apply, db) -> Town:
    apply()
    return Town.objects.get(slug="ville")


def test_everything_that_the_file_says_is_there(ville: Town):
    assert (ville.name, ville.status, ville.zone, ville.weeks_shown) == ("Ville", "open", "B", 6)
    assert ville.labels == {"payer_code": "Code famille"}
    assert list(Host.objects.filter(town=ville).values_list("name", "canonical")) == [("ville.localhost", True)]
    with in_town(ville):
        assert School.objects.get().school_weekdays == 0b11111
        assert Classroom.objects.get().teacher == "Mme Formatrice"
        assert Logo.objects.get().content_type == "image/svg+xml"
        assert HolidayPeriod.objects.count() == len(HOLIDAYS["B"]) + 1
        assert DayOverride.objects.get().has_school
        assert Closure.objects.get().activity.code == "cantine"
        assert (Period.objects.get().name, PeriodActivity.objects.get().weekdays) == ("Automne", 0b11)
        assert (NewsItem.objects.get().published_at.isoformat(), NewsFile.objects.get().name) == (
            "2026-10-31T23:00:00+00:00", "menus.pdf",
        )  # fmt: skip


def test_an_activity_is_all_that_the_file_says(ville: Town):
    with in_town(ville):
        cantine, midi = Activity.objects.order_by("position")
        assert cutoff_from(cantine.book_cutoff) == Cutoff(CutoffKind.WORKING_DAYS, 600, days=1)
        assert cutoff_from(cantine.cancel_cutoff) == Cutoff(CutoffKind.SAME_DAY, 510)
        assert cutoff_from(midi.cancel_cutoff) == Cutoff(CutoffKind.WEEKDAY_BEFORE, 720, weekday=4, moved_back=True)
        assert (cantine.late_policy, cantine.late_until, cantine.min_age) == ("accept", 540, 3)
        limits = Limit.objects.order_by("seats").values_list("school__code", "seats")
        assert list(limits) == [("ferry", 25), (None, 40)]
        assert ActivityAudience.objects.get().classroom.name == "CE1"
        assert ActivityDependency.objects.get().other == midi
        assert Stop.objects.get().at == 730


def test_a_second_time_adds_nothing(ville: Town, apply):
    models = (School, Classroom, Activity, Limit, HolidayPeriod, DayOverride, Closure, Period, NewsItem, NewsFile, Stop)
    with in_town(ville):
        before = {model: model.objects.count() for model in models}
    assert apply() == ["« Ville » est à jour."]
    with in_town(ville):
        assert {model: model.objects.count() for model in models} == before
        assert Audit.objects.filter(verb__in=["change_settings", "set_logo", "set_status", "set_hosts"]).count() == 2
    assert Town.objects.filter(slug="ville").count() == 1


def test_what_changed_in_the_file_changes(ville: Town, apply):
    text = WHOLE.replace('"04 65 71 00 10"', '"04 65 71 00 11"').replace("seats = 40", "seats = 30")
    text = text.replace('["ville.localhost"]', '["famille.localhost", "ville.localhost"]').replace(
        '"open"', '"suspended"'
    )
    apply(text)
    ville.refresh_from_db()
    assert (ville.phone, ville.status) == ("04 65 71 00 11", "suspended")
    hosts = Host.objects.filter(town=ville).order_by("-canonical")
    assert list(hosts.values_list("name", flat=True)) == ["famille.localhost", "ville.localhost"]
    with in_town(ville):
        assert sorted(Limit.objects.values_list("seats", flat=True)) == [25, 30]


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("weeks_shown = 6", "weeks_shwon = 6", "ville.toml, town : weeks_shwon n'existe pas ici."),
        ("weeks_shown = 6", 'weeks_shown = "6"', "ville.toml, town, weeks_shown : il faut un nombre."),
        ("weeks_shown = 6", "weeks_shown = 60", "ville.toml, town, weeks_shown : de 1 à 53 semaines."),
        ('name = "Ville"\n', "", "ville.toml, town : il manque name."),
        ('hosts = ["ville.localhost"]', "hosts = []", "ville.toml, town : il faut au moins un nom d'hôte dans hosts."),
        ('status = "open"', 'status = "ouvert"', "town, status : « ouvert » n'existe pas ; au choix : preparing, open"),
        ('zone = "B"', 'zone = "Z"', "La zone de vacances « Z » n'existe pas : A, B ou C."),
        ("#1b3a6b", "#ffff00", "La couleur #ffff00 n'est pas assez foncée"),
        ("payer_code = ", "code = ", "Seuls ces libellés peuvent être changés"),
        ('days = 1, at = "10:00"', 'days = 1, at = "25:00"', "ville.toml, activities « cantine », cutoff, at : "),
        ('days = 1, at = "10:00"', 'at = "10:00"', "ville.toml, activities « cantine », cutoff : il faut days"),
        ('group = "peri"', 'group = "bus"', "Le groupe d'activités « bus » n'existe pas."),
        ('school = "ferry", class', 'school = "curie", class', "L'école « curie » n'existe pas."),
        ('excludes = ["midi"]', 'excludes = ["cantine"]', "« Cantine » ne peut pas dépendre d'elle-même."),
        ('excludes = ["midi"]', 'excludes = ["soir"]', "L'activité « soir » n'existe pas."),
        ("last = 2026-12-18", "last = 2026-10-18", "La période finit avant de commencer."),
        ('last = "02/06/2026"', 'last = "31/05/2026"', "ville.toml, calendar, holidays « Fête locale » : les vacances"),
        ('path = "menus.pdf"', 'path = "absent.pdf"', "absent.pdf : fichier ou dossier introuvable."),
        ('logo = "logo.svg"', 'logo = "menus.pdf"', "Le logo doit être une image PNG, JPEG ou SVG."),
        ("[calendar]", "[calendar", "ville.toml n'est pas un fichier TOML lisible"),
        ('"ville.localhost"', '"demo.localhost"', "Le nom d'hôte demo.localhost est déjà celui de « Ville de Démo »."),
    ],
)  # fmt: skip
def test_a_fault_is_said_and_nothing_is_written(world: World, apply, fail, before, after, sentence):
    assert before in WHOLE
    found = apply(WHOLE.replace(before, after), run=fail)
    assert sentence in str(found)
    assert not Town.objects.filter(slug="ville").exists()


def test_a_file_that_is_not_there_is_said(db, fail, tmp_path: Path):
    assert fail("town", "apply", tmp_path / "absent.toml").endswith("absent.toml : fichier ou dossier introuvable.")
