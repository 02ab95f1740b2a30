"""Links lead somewhere, commands can be typed, addresses answer, and the rules read back as the manual says."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from django.core.management import load_command_class
from django.urls import resolve

from portail.bookings.wording import cutoff_sentence
from portail.console.main import FROM_DJANGO, own_commands
from portail.console.toml_table import Table
from portail.console.town_file import cutoff
from tests.docs.markdown import DOCUMENTS, ROOT, anchors, blocks, links, name_of, rows, section, spans

MANUAL = ROOT / "docs/mairie/commandes.md"
COMMANDS = {name.replace("_", "-") for name in own_commands()}
TYPED = re.compile(r"^(?:\.venv/bin/)?portail ([a-z][a-z-]*)")


def typed_in(path: Path) -> list[str]:
    """Every `portail …` of a document, in a block or between backquotes."""
    text = path.read_text()
    return [line for line in (*blocks(text), *spans(text)) if TYPED.match(line)]


def test_the_documents_are_there():
    assert {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"} <= {name_of(path) for path in DOCUMENTS}
    assert len(list((ROOT / "docs/adr").glob("[0-9]*.md"))) >= 18


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_link_leads_somewhere(path):
    for link in links(path.read_text()):
        target, _, anchor = link.partition("#")
        if re.match(r"https?:|mailto:", link):
            continue
        there = path.parent / target if target else path
        assert there.exists(), f"{link} leads nowhere"
        assert not anchor or anchor in anchors(there.read_text()), f"{link}: no such heading"


@pytest.mark.parametrize("path", sorted((ROOT / "docs/adr").glob("*.md")), ids=lambda path: path.stem)
def test_every_decision_is_numbered_titled_and_short(path):
    text = path.read_text()
    assert text.startswith(f"# {path.name[:4]} – ")
    assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE)[:3] == ["Contexte", "Décision", "Conséquences"]
    assert text.count("\n") <= 45


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_command_exists(path):
    for line in typed_in(path):
        match = TYPED.match(line)
        assert match is not None
        assert match[1] in {*COMMANDS, *FROM_DJANGO, "help"}, line


@pytest.mark.parametrize("line", [line for path in DOCUMENTS for line in blocks(path.read_text()) if TYPED.match(line)])
def test_every_example_can_be_typed(line):
    """Parsed by the command itself: options, days and choices included."""
    _portail, name, *words = shlex.split(line)
    if name.replace("-", "_") in own_commands():
        parser = load_command_class("portail.console", name.replace("-", "_")).create_parser("portail", name)
        parser.parse_args(words)
    else:
        assert name in FROM_DJANGO


def test_every_command_is_in_the_manual():
    named = {match[1] for line in typed_in(MANUAL) if (match := TYPED.match(line))}
    assert named >= COMMANDS | set(FROM_DJANGO)


def test_the_manual_quotes_the_cut_offs_as_the_portal_says_them():
    examples = [(spans(left), right) for left, right in rows(section(MANUAL.read_text(), "La commune"), 2)]
    assert len(examples) == 6
    for (written,), sentence in examples:
        rule = cutoff(Table(tomllib.loads(f"cutoff = {written}")["cutoff"], "manual"))
        assert cutoff_sentence(rule).replace("\u00a0", " ") == sentence


def test_the_addresses_of_the_readme_answer():
    text = (ROOT / "README.md").read_text()
    found = [span for _what, where in rows(section(text, "Ce qu'il fait"), 2) for span in spans(where)]
    assert len(found) > 15
    for address in found:
        if "…" not in address and address != "/-/health":
            assert resolve(address, urlconf="portail.urls").url_name


def test_make_knows_every_command_named():
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path in DOCUMENTS:
        text = path.read_text()
        named = {match[1] for part in (*spans(text), *blocks(text)) if (match := re.search(r"\bmake ([a-z-]+)", part))}
        assert named <= known, path
