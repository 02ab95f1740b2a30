"""An unsafe or unready portal refuses to start, in French, with every reason at once."""

import importlib
import socket
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db.utils import OperationalError

from portail.console import checks, serving
from portail.console.checks import refuse_unsafe_start, unsafe
from portail.console.command import ConsoleError

KEY, PEPPER = "k" * 50, "p" * 50
SAFE = {"MODE": "production", "HTTPS": True, "SECRET_KEY": KEY, "PEPPER": PEPPER, "FIELD_KEY": "f" * 50}


@pytest.fixture
def production(settings, monkeypatch):
    """A production that nothing is wrong with, on SQLite."""
    for name, value in SAFE.items():
        setattr(settings, name, value)
    monkeypatch.setattr(checks, "_on_postgresql", lambda: False)
    return settings


def test_a_production_that_is_safe_may_start(production):
    assert unsafe() == []
    refuse_unsafe_start()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"MODE": "prod"}, "PORTAIL_MODE vaut « prod » ; au choix : production, demo, test."),
        ({"SECRET_KEY": "insecure"}, "PORTAIL_SECRET_KEY n'est pas définie : il faut une clé secrète tirée au hasard."),
        ({"PEPPER": "insecure"}, "PORTAIL_PEPPER n'est pas définie : il faut une clé secrète tirée au hasard."),
        ({"PEPPER": "short"}, "PORTAIL_PEPPER est trop courte : au moins 32 caractères."),
        ({"PEPPER": KEY}, "PORTAIL_SECRET_KEY et PORTAIL_PEPPER doivent être deux clés différentes."),
        (
            {"FIELD_KEY": "insecure"},
            "PORTAIL_FIELD_KEY n'est pas définie : il faut une clé secrète tirée au hasard.",
        ),
        ({"FIELD_KEY": KEY}, "PORTAIL_FIELD_KEY doit différer de PORTAIL_SECRET_KEY et de PORTAIL_PEPPER."),
        ({"HTTPS": False}, "PORTAIL_HTTPS est désactivée : en production, le portail ne se sert qu'en https."),
    ],
)
def test_an_unsafe_setting_is_refused(production, values, reason):
    for name, value in values.items():
        setattr(production, name, production.INSECURE_KEY if value == "insecure" else value)
    assert unsafe() == [reason]
    with pytest.raises(ImproperlyConfigured, match="Le portail refuse de démarrer"):
        refuse_unsafe_start()


@pytest.mark.parametrize("mode", ["production", "demo"])
@pytest.mark.parametrize(("role", "reasons"), [("", 1), ("portail_app", 0)])
def test_the_owner_of_the_tables_does_not_serve(production, monkeypatch, role, mode, reasons):
    monkeypatch.setattr(checks, "_on_postgresql", lambda: True)
    production.MODE, production.DATABASE_ROLE = mode, role
    assert len(unsafe()) == reasons


def test_a_demonstration_needs_no_secret(production):
    production.MODE, production.HTTPS = "demo", False
    production.SECRET_KEY = production.PEPPER = production.INSECURE_KEY
    assert unsafe() == []


def test_the_wsgi_door_refuses_too(production, monkeypatch):
    monkeypatch.delitem(sys.modules, "portail.wsgi", raising=False)
    importlib.import_module("portail.wsgi")
    production.HTTPS = False
    monkeypatch.delitem(sys.modules, "portail.wsgi")
    with pytest.raises(ImproperlyConfigured, match="PORTAIL_HTTPS"):
        importlib.import_module("portail.wsgi")


def test_serving_needs_static_files_and_every_migration(production, db, tmp_path, monkeypatch):
    production.STATIC_ROOT = tmp_path
    with pytest.raises(ConsoleError, match="collectstatic"):
        serving.refuse_unready()
    (tmp_path / "staticfiles.json").write_text("{}")
    serving.refuse_unready()
    monkeypatch.setattr(serving, "waiting_migrations", lambda: ["towns.0001_initial"])
    with pytest.raises(ConsoleError, match="n'est pas à jour"):
        serving.refuse_unready()

    def unreachable() -> list[str]:
        raise OperationalError("connection refused")

    monkeypatch.setattr(serving, "waiting_migrations", unreachable)
    with pytest.raises(ConsoleError, match="portail migrate") as refused:
        serving.refuse_unready()
    assert refused.value.returncode == 2


def test_serve_becomes_granian(production, db, run, tmp_path, monkeypatch):
    production.STATIC_ROOT = tmp_path
    (tmp_path / "staticfiles.json").write_text("{}")
    monkeypatch.setattr("django.db.connections.close_all", lambda: None)
    ran: list[list[str]] = []
    monkeypatch.setattr("os.execve", lambda _program, words, _environment: ran.append(words))
    for name, value in {"HOST": "0.0.0.0", "PORT": "8765", "PORTAIL_WORKERS": "3"}.items():  # noqa: S104  any address
        monkeypatch.setenv(name, value)
    assert run("serve") == ["Le portail écoute sur 0.0.0.0:8765 (Ctrl-C pour arrêter)."]
    (words,) = ran
    assert words[:3] == [sys.executable, "-m", "granian"]
    assert [words[words.index(flag) + 1] for flag in ("--interface", "--host", "--port", "--workers")] == [
        "wsgi", "0.0.0.0", "8765", "3",  # noqa: S104
    ]  # fmt: skip
    assert words[-1] == "portail.wsgi:application"


@pytest.mark.parametrize("value", ["0", "65536", "http", "-1", "8000.5"])
def test_a_port_that_is_none_is_said(monkeypatch, value):
    monkeypatch.setenv("PORT", value)
    with pytest.raises(ConsoleError, match=f"PORT vaut « {value} » : il faut un nombre de 1 à 65535."):
        serving.port()


def test_a_port_that_is_taken_is_said(monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv("PORT", str(other.getsockname()[1]))
        monkeypatch.setenv("HOST", "127.0.0.1")
        with pytest.raises(ConsoleError, match="Impossible d'écouter"):
            serving.refuse_taken_port()
    serving.refuse_taken_port()
