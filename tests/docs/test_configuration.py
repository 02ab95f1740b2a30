"""The table of variables says what the settings read, and what they take when nothing is said."""

import ast
from collections.abc import Iterator

from portail.console import serving
from tests.docs.markdown import ROOT, rows, section, spans

PAGE = (ROOT / "docs/exploitation/configuration.md").read_text()
EMPTY = "*(vide)*"


def read_by_settings() -> Iterator[tuple[str, ast.expr | None]]:
    """(variable, default) of each `env.…("NAME", default)` of the settings."""
    for node in ast.walk(ast.parse((ROOT / "portail/settings.py").read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("env."):
            name = node.args[0]
            assert isinstance(name, ast.Constant)
            yield str(name.value), node.args[1] if len(node.args) > 1 else None


def table(title: str) -> dict[str, str]:
    found = [(spans(name), default) for name, default, _meaning in rows(section(PAGE, title), 3)]
    assert all(len(names) == 1 for names, _default in found)
    return {names[0]: default for names, default in found}


def test_the_variables_of_the_settings_are_those_of_the_table_in_the_same_order():
    variables = dict.fromkeys(name for name, _default in read_by_settings())
    assert set(table("Variables du portail")) == set(variables)
    assert len(list(rows(section(PAGE, "Variables du portail"), 3))) == len(variables)


def test_plain_defaults_are_those_of_the_settings():
    said = table("Variables du portail")
    for name, default in read_by_settings():
        if isinstance(default, ast.Constant) and default.value == "":
            assert said[name] == EMPTY, name
        elif isinstance(default, ast.Constant):
            value = str(default.value).lower() if isinstance(default.value, bool) else str(default.value)
            assert said[name] == f"`{value}`", name
        elif isinstance(default, ast.List):
            assert (said[name], default.elts) == (EMPTY, []), name


def test_the_variables_of_the_server_are_those_that_it_reads():
    source = (ROOT / "portail/console/serving.py").read_text()
    said = {name: default.strip("`") for name, default in table("Variables du serveur").items()}
    assert said == {
        "PORT": str(serving.DEFAULT_PORT),
        "HOST": serving.DEFAULT_HOST,
        "PORTAIL_WORKERS": str(serving.DEFAULT_WORKERS),
        "PORTAIL_PAYFIP_PORT": "PORT + 1",
    }
    assert all(f'"{name}"' in source for name in said)


def test_every_variable_named_in_a_document_is_in_a_table():
    known = {*table("Variables du portail"), *table("Variables du serveur")}
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        named = {span.split("=")[0] for span in spans(path.read_text()) if span.startswith(("PORTAIL_", "DATABASE_"))}
        assert named <= known, path
