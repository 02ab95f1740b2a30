"""`portail demo`: builds once, keeps, rebuilds what is not whole, never touches a real town."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from base64 import b32decode
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from portail.console.demo import ledger, scenes, world
from portail.console.main import ROLE, ROLE_TO_SERVE
from portail.console.management.commands import demo
from portail.families.operations.access import LoginAttempt, log_in
from portail.towns.models import Town
from portail.towns.operations import create_town
from portail.towns.scope import in_town
from tests.world import CLERK, NOW

ROOT = Path(__file__).parents[2]
LAST_TABLE = "SELECT count(*) FROM sqlite_master WHERE name = 'bookings_presence'"
pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def start(settings, monkeypatch, tmp_path, run, transactional_db):
    """`start()` runs `portail demo` up to the moment when it would serve; gives what it said."""
    settings.MODE, settings.VAR = "demo", tmp_path
    monkeypatch.setattr(demo, "collect_if_changed", lambda: None)
    monkeypatch.setattr(demo, "refuse_taken_port", lambda: None)
    monkeypatch.setattr(demo, "serve", lambda _environment: None)
    # The plannings have their own tests; the towns without them are built in no time.
    monkeypatch.setattr(world, "book_ahead", lambda _diary: None)
    monkeypatch.setattr(scenes, "play", lambda _diary: None)
    return lambda *words: run("demo", *words)


def town_keys() -> list[int]:
    return list(Town.objects.order_by("slug").values_list("pk", flat=True))


def written(folder: Path) -> dict:
    return json.loads((folder / "demo.json").read_text())


def test_the_first_start_builds_and_tells(start, tmp_path, monkeypatch):
    monkeypatch.setenv("PORT", "8123")
    said = "\n".join(start())
    assert "http://demo.localhost:8123/" in said
    assert "code payeur K7M2P-9QXDT  Jamie BOND – enfants : James 007, Aline 008" in said
    assert "Denise MARSONE (ancien code importé, à renouveler) – enfants : Angéline 123456, Bertrand 123457" in said
    assert str(tmp_path / "demo.json") in said
    found = written(tmp_path)  # exactly what browser tests and benches were promised
    assert set(found) == {"towns", "services"}
    assert {key for town in found["towns"] for key in town} == {"name", "url", "time_zone", "families", "staff"}
    assert [(town["name"], town["url"], town["time_zone"], len(town["staff"])) for town in found["towns"]] == [
        ("Ville de Démo", "http://demo.localhost:8123", "Europe/Paris", 5),
        ("Buchelay", "http://buchelay.localhost:8123", "Europe/Paris", 5),
    ]
    clerk = found["towns"][0]["staff"][0]
    assert set(clerk) == {"login", "name", "roles", "password", "totp_secret"}
    assert (clerk["login"], clerk["roles"], len(b32decode(clerk["totp_secret"]))) == ("mairie@demo", ["clerk"], 20)
    assert sum(len(town["families"]) for town in found["towns"]) == 48
    assert found["towns"][0]["families"][0] == {
        "payer_code": "K7M2P-9QXDT",
        "payer_name": "Jamie BOND",
        "children": [
            {"code": "007", "first_name": "James", "last_name": "BOND"},
            {"code": "008", "first_name": "Aline", "last_name": "BOND"},
        ],
    }


def test_every_code_of_the_ledger_opens_its_family(start, tmp_path):
    start()
    for town in written(tmp_path)["towns"]:
        with in_town(Town.objects.get(name=town["name"])):
            for family in town["families"]:
                for child in family["children"]:
                    attempt = LoginAttempt(child["code"], family["payer_code"], "192.0.2.1")
                    assert log_in(attempt=attempt, now=NOW).key, (family["payer_name"], child["code"])


def test_a_world_that_has_aged_says_so(start, frozen):
    assert not any("ont vieilli" in line for line in start())
    frozen.move_to(NOW + timedelta(days=22))
    assert "Ces villes ont vieilli : « make demo-reset » les refait à la date du jour." in start()


def test_a_second_start_keeps_everything_but_the_port(start, tmp_path, monkeypatch):
    start()
    keys, first = town_keys(), written(tmp_path)
    monkeypatch.setenv("PORT", "8124")
    said = start()
    assert "Création des villes de démonstration…" not in said
    assert "  Ville de Démo   http://demo.localhost:8124/" in said
    assert (town_keys(), written(tmp_path)) == (keys, ledger.at_port(first, 8124))


def test_a_reset_builds_anew_with_the_same_codes_and_does_not_serve(start, tmp_path):
    start()
    keys, first = town_keys(), written(tmp_path)
    assert start("--reset")[-1] == "Les villes de démonstration sont refaites à neuf."
    assert not set(keys) & set(town_keys())
    again = written(tmp_path)
    # The second factors alone are drawn anew; the page that asks for them shows the code in a demonstration.
    for town in (*first["towns"], *again["towns"]):
        assert all(agent.pop("totp_secret") for agent in town["staff"])
    assert again == first


@pytest.mark.parametrize("spoilt", ["", "{", "[]", '{"towns": []}', "{}"])
def test_a_ledger_that_is_not_whole_is_none(tmp_path, spoilt):
    (tmp_path / "demo.json").write_text(spoilt)
    assert ledger.load(tmp_path / "demo.json") is None
    assert ledger.load(tmp_path / "absent.json") is None


def test_without_its_ledger_a_world_is_not_whole(start, tmp_path):
    start()
    keys = town_keys()
    (tmp_path / "demo.json").unlink()
    assert "Création des villes de démonstration…" in start()
    assert not set(keys) & set(town_keys())


def test_a_build_that_fails_leaves_the_old_world_and_is_tried_again(start, tmp_path, monkeypatch):
    start()
    keys = town_keys()
    with monkeypatch.context() as broken:
        broken.setattr(world, "post_buchelay_news", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            start("--reset")
    assert town_keys() == keys
    assert not (tmp_path / "demo.json").exists()
    start()
    assert not set(keys) & set(town_keys())
    assert (tmp_path / "demo.json").exists()


@pytest.mark.parametrize("words", [(), ("--reset",)])
def test_a_real_town_is_never_touched(start, fail, tmp_path, monkeypatch, words):
    monkeypatch.setattr(demo, "waiting_migrations", lambda: 1 / 0)  # not even migrated
    create_town(slug="vraie", hosts=["vraie.example"], settings={"name": "Vraie Ville"}, by=CLERK, now=NOW)
    assert fail("demo", *words).startswith("Cette base de données contient Vraie Ville")
    assert town_keys() == [Town.objects.get(slug="vraie").pk]
    assert not (tmp_path / "demo.json").exists()


def test_a_world_of_another_day_replaces_only_when_told(start, fail):
    start("--date", "2027-07-10")
    assert "ajoutez --reset" in fail("demo", "--date", "2027-07-11")
    assert {town.status for town in Town.objects.all()} == {"open"}


def test_production_is_never_a_demonstration(start, fail, settings):
    settings.MODE = "production"
    assert fail("demo") == "La démonstration se lance par « portail demo », jamais en production."


def test_the_server_gets_its_role_back(monkeypatch):
    monkeypatch.setenv(ROLE, "")
    monkeypatch.setenv(ROLE_TO_SERVE, "portail_app")
    assert demo._serving_environment()[ROLE] == "portail_app"
    monkeypatch.delenv(ROLE_TO_SERVE)
    assert ROLE not in demo._serving_environment()


def test_a_killed_build_leaves_no_town_behind(tmp_path):
    """The real thing, in a process of its own, on SQLite."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PORTAIL_", "DJANGO_", "DATABASE_", "PYTEST_"))}
    command = [sys.executable, "-m", "portail.console", "demo", "--reset"]
    process = subprocess.Popen(  # noqa: S603  our own interpreter and words
        command, cwd=ROOT, env={**kept, "PORTAIL_VAR": str(tmp_path)}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    database = tmp_path / "portail.sqlite3-wal"
    while process.poll() is None and not (database.exists() and _writing(tmp_path)):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    with closing(sqlite3.connect(tmp_path / "portail.sqlite3")) as connection:
        assert connection.execute("SELECT count(*) FROM towns_town").fetchall() == [(0,)]
    assert not (tmp_path / "demo.json").exists()


def _writing(folder: Path) -> bool:
    """Has the build begun: every table is there, and somebody holds the write lock?"""
    tables: list[tuple[int]] = []
    with closing(sqlite3.connect(folder / "portail.sqlite3", timeout=0, isolation_level=None)) as connection:
        try:
            tables = connection.execute(LAST_TABLE).fetchall()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return tables == [(1,)]
        return False
