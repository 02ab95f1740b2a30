"""The script `portail`: which settings each command gets, and what it says to a word it does not know."""

import os

import pytest

from portail.console import main as script
from portail.console.main import AS_OWNER, ROLE, ROLE_TO_SERVE, main, own_commands

COMMANDS = [
    "attendance", "book", "books", "certificate", "close", "codes", "demo", "deposit", "enrol", "families",
    "invoices", "limit", "mails", "news", "payfip", "payment", "quotient", "regie", "reminders", "school_day", "sepa",
    "serve", "staff", "statement", "status", "tick", "titres", "town", "verify_audit", "worker",
]  # fmt: skip


@pytest.fixture
def environment(monkeypatch) -> dict[str, str]:
    """The environment that a command would have seen."""
    seen: dict[str, str] = {}
    for name in (ROLE, ROLE_TO_SERVE, "PORTAIL_MODE", "PORTAIL_HTTPS"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setattr(script, "_run", lambda name, words: seen.update(os.environ, ran=" ".join([name, *words])))
    return seen


def test_the_commands_are_these():
    assert own_commands() == COMMANDS


@pytest.mark.parametrize("name", sorted({*AS_OWNER, "migrate"} - {"makemigrations"}))
def test_what_changes_tables_runs_as_their_owner(environment, monkeypatch, name):
    monkeypatch.setenv(ROLE, "portail_app")
    assert main([name]) == 0
    assert (environment[ROLE], environment[ROLE_TO_SERVE]) == ("", "portail_app")


@pytest.mark.parametrize("name", ["book", "tick", "serve", "shell", "status"])
def test_everything_else_keeps_the_role(environment, name):
    assert main([name]) == 0
    assert ROLE not in environment


def test_the_demonstration_sets_its_own_mode(environment, monkeypatch):
    monkeypatch.setenv("PORTAIL_MODE", "production")
    main(["demo", "--reset"])
    assert (environment["PORTAIL_MODE"], environment["PORTAIL_HTTPS"], environment["ran"]) == (
        "demo",
        "0",
        "demo --reset",
    )


def test_a_hyphen_is_as_good_as_an_underscore(environment):
    main(["school-day", "--day", "x"])
    assert environment["ran"] == "school_day --day x"


@pytest.mark.parametrize(("word", "hint"), [("tik", " Vouliez-vous dire « tick » ?"), ("startproject", "")])
def test_an_unknown_command_is_said_in_french(environment, capsys, word, hint):
    assert main([word]) == 2
    assert capsys.readouterr().err == f"portail : la commande « {word} » n'existe pas.{hint}\nLa liste : portail help\n"


@pytest.mark.parametrize("words", [[], ["help"], ["--help"], ["-h"]])
def test_help_lists_every_command_in_french(environment, capsys, words):
    assert main(words) == 0
    said = capsys.readouterr().out
    assert [name for name in COMMANDS if f"  {name.replace('_', '-')} " not in said] == []
    assert "startproject" not in said


def test_an_interrupted_command_ends_quietly(environment, monkeypatch):
    def interrupted(name: str, words: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(script, "_run", interrupted)
    assert main(["tick"]) == 130


def test_a_refusal_is_a_sentence_and_an_exit_code(capsys, monkeypatch):
    monkeypatch.setattr("django.db.connections.close_all", lambda: None)
    with pytest.raises(SystemExit) as refused:
        main(["book"])
    assert refused.value.code == 2
    assert capsys.readouterr().err == (
        "portail book : il manque --child, --activity, --day.\nL'aide : portail book --help\n"
    )


def test_a_refused_act_is_a_sentence_and_an_exit_code(world, capsys, monkeypatch):
    monkeypatch.setattr("django.db.connections.close_all", lambda: None)
    with pytest.raises(SystemExit) as refused:
        main(["limit", "--town", "paris", "--activity", "x", "--seats", "1"])
    assert refused.value.code == 2
    assert capsys.readouterr().err.startswith("Aucune commune ne s'appelle « paris »")
