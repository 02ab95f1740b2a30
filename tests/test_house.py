"""The house keeps its own rules: sizes, who may write, the towns' two locks, the clock, the migrations, the words."""

import ast
import re
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin
from django.core.management import call_command
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader

from portail.towns.keys import SameTown
from portail.towns.models import Host, Staff, Town, TownModel
from portail.towns.scope import NoTownError, in_every_town, in_town
from tests.world import World

ROOT = Path(__file__).parent.parent
PRODUCT = sorted(p.relative_to(ROOT) for p in (ROOT / "portail").rglob("*.py") if "migrations" not in p.parts)
TESTS = sorted(p.relative_to(ROOT) for p in (ROOT / "tests").rglob("*.py"))
GLOSSARY = ROOT / "docs" / "glossaire.md"
FACES = {"web", "office", "voice", "api", "console"}
TIMELESS = {"rules", "gateways", "towns", "families", "news", "bookings", "billing"}
MAPPINGS = {
    "globals",
    "context",
    "headers",
    "query",
    "environ",
    "params",
}  # names of dictionaries, for the test of writes
SHARED_TABLES = {Town, Host, Staff}
OWN_MODELS = [model for model in apps.get_models() if model.__module__.startswith("portail.")]
TOWN_MODELS = [model for model in OWN_MODELS if issubclass(model, TownModel)]
SAME_TOWN_KEYS = [
    (model, field)
    for model in TOWN_MODELS
    for field in model._meta.concrete_fields
    if isinstance(field, models.ForeignKey) and field.related_model is not Town
]


def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text())


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """(name called, call) of everything the file calls: `x.save()` and `save()` both under « save »."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            yield node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id, node


def floor(path: Path) -> str:
    return path.parts[1].removesuffix(".py")


# --- Sizes and storeys ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PRODUCT, *TESTS], ids=str)
def test_files_and_functions_stay_short(path):
    source = (ROOT / path).read_text()
    assert source.count("\n") <= 400
    functions = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [n.name for n in functions if (n.end_lineno or 0) - n.lineno >= 50] == []


def writes(name: str, call: ast.Call) -> bool:
    """Is it one of Django's writes? A `dict.update(other)`, a `cache.delete(key)` are not: theirs take no argument."""
    if name in {"create", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}:
        return True
    method = isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value).split(".")[-1] not in MAPPINGS
    return method and name in {"save", "update", "delete"} and not call.args


@pytest.mark.parametrize("path", [p for p in PRODUCT if floor(p) in FACES or "queries" in p.as_posix()], ids=str)
def test_faces_and_queries_never_write(path):
    assert [f"{name} line {call.lineno}" for name, call in calls(path) if writes(name, call)] == []


@pytest.mark.parametrize("path", [p for p in PRODUCT if floor(p) in TIMELESS], ids=str)
def test_only_the_doors_read_the_clock(path):
    clock = {"now", "today", "utcnow", "localtime", "localdate", "Now", "time_ns", "monotonic", "fromtimestamp"}
    assert [f"{name} line {call.lineno}" for name, call in calls(path) if name in clock] == []
    imported = {
        alias.name for n in ast.walk(tree(path)) if isinstance(n, ast.Import | ast.ImportFrom) for alias in n.names
    }
    modules = {n.module for n in ast.walk(tree(path)) if isinstance(n, ast.ImportFrom)}
    assert (imported | modules) & {"time", "timezone", "django.utils.timezone"} <= {"timezone"} - modules


@pytest.mark.parametrize("model", OWN_MODELS, ids=lambda m: m._meta.label)
def test_no_column_fills_itself_with_the_clock(model):
    assert [f.name for f in model._meta.fields if getattr(f, "auto_now", False) or getattr(f, "auto_now_add", 0)] == []


@pytest.mark.parametrize("path", [p for p in PRODUCT if "operations" in p.as_posix()], ids=str)
def test_an_operation_is_told_who_and_when_by_name(path):
    positional = [
        f"{node.name}({arg.arg})"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        for arg in [*node.args.posonlyargs, *node.args.args]
        if arg.arg in {"by", "now"}
    ]
    assert positional == []


@pytest.mark.parametrize("path", PRODUCT, ids=str)
def test_raw_sql_stays_behind_its_one_door(path):
    doors = {"portail/towns/queries.py", "portail/towns/second_lock.py", "portail/towns/postgresql/base.py"}
    raw = {"cursor", "raw", "extra", "RawSQL"}
    if path.as_posix() not in doors:
        assert [f"{name} line {call.lineno}" for name, call in calls(path) if name in raw] == []


# --- Towns: the lock in Python --------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", OWN_MODELS, ids=lambda m: m._meta.label)
def test_every_table_belongs_to_a_town_or_is_listed_as_shared(model):
    assert issubclass(model, TownModel) or model in SHARED_TABLES


WAYS: dict[str, Callable[[Any], object]] = {
    "all": lambda m: list(m.objects.all()),
    "values_list": lambda m: list(m.objects.values_list("pk")),
    "iterator": lambda m: list(m.objects.iterator()),
    "count": lambda m: m.objects.count(),
    "exists": lambda m: m.objects.exists(),
    "first": lambda m: m.objects.first(),
    "get": lambda m: m.objects.get(pk=1),
    "in_bulk": lambda m: m.objects.in_bulk([1]),
    "aggregate": lambda m: m.objects.aggregate(models.Max("pk")),
    "raw": lambda m: list(m.objects.raw("SELECT 1 AS id")),
    "lock": lambda m: list(m.objects.select_for_update()),
    "base manager": lambda m: list(m._base_manager.all()),
    "default manager": lambda m: list(m._default_manager.all()),
    "refresh": lambda m: m(pk=1).refresh_from_db(),
    "create": lambda m: m.objects.create(),
    "save": lambda m: m().save(),
    "save of a known row": lambda m: m(pk=1).save(force_update=True),
    "delete": lambda m: m.objects.filter(pk=1).delete(),
    "delete of a known row": lambda m: m(pk=1).delete(),
    "update": lambda m: m.objects.filter(pk=1).update(town=1),
    "get_or_create": lambda m: m.objects.get_or_create(pk=1),
    "update_or_create": lambda m: m.objects.update_or_create(pk=1),
    "bulk_create": lambda m: m.objects.bulk_create([m()]),
    "bulk_update": lambda m: m.objects.bulk_update([m(pk=1)], ["town"]),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", TOWN_MODELS, ids=lambda m: m._meta.label)
def test_no_town_no_query(model, way, db):
    with pytest.raises(NoTownError):
        WAYS[way](model)


@pytest.mark.parametrize("model", TOWN_MODELS, ids=lambda m: m._meta.label)
def test_a_queryset_built_in_a_town_writes_nothing_in_another(model, db):
    """The four gaps of house.md §6 that Python can close, tried on the queryset itself."""
    one, other = Town.objects.create(slug="one"), Town.objects.create(slug="other")
    with in_town(one):
        rows = model.objects.all()
    writes = (
        lambda: rows.bulk_create([model(town=one)]),
        lambda: rows.bulk_update([model(pk=1, town=one)], ["id"]),
        lambda: rows.bulk_update([model(pk=1, town=other)], ["town"]),
        lambda: rows.create(town=one),
        lambda: rows.update(town=other),
        lambda: rows.update(town_id=other.pk),
        lambda: model(pk=1, town=one).save(),
        lambda: model(pk=1, town=one).delete(),
    )
    for write in writes:
        with pytest.raises(NoTownError):
            write()
        with in_town(other), pytest.raises(NoTownError):
            write()


def test_one_town_sees_nothing_of_the_other(world: World):
    for model in TOWN_MODELS:
        with in_town(world.demo):
            assert not {row.town_id for row in model.objects.all()} - {world.demo.pk}
        with in_town(world.buchelay):
            assert not {row.town_id for row in model.objects.all()} - {world.buchelay.pk}


def test_opening_every_town_needs_a_reason_and_ends_with_its_block(world: World):
    with pytest.raises(NoTownError), in_every_town(""):
        pass
    with in_town(world.demo):
        with in_every_town("test"):
            pass
        assert not {row.town_id for row in apps.get_model("families.Person").objects.all()} - {world.demo.pk}


# --- Towns: what the database keeps ---------------------------------------------------------------------------------


def key_id(value: Any) -> str:
    return str(value._meta.label if hasattr(value, "_meta") else value.name)


@pytest.mark.parametrize(("model", "field"), SAME_TOWN_KEYS, ids=key_id)
def test_every_key_between_towns_tables_stays_in_its_town(model, field):
    assert not field.db_constraint
    assert [c for c in model._meta.constraints if isinstance(c, SameTown) and c.field == field.name]
    target = [c.fields for c in field.related_model._meta.constraints if isinstance(c, models.UniqueConstraint)]
    assert ("town", "id") in target


@pytest.mark.parametrize(("model", "field"), SAME_TOWN_KEYS, ids=key_id)
def test_the_migrations_really_made_the_same_town_key(model, field, db):
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' AND conrelid = %s::regclass",
                [model._meta.db_table],
            )
            found = {re.sub(r" (ON|DEFERRABLE|NOT VALID).*", "", row[0]) for row in cursor.fetchall()}
            wanted = (
                f"FOREIGN KEY (town_id, {field.column}) REFERENCES {field.related_model._meta.db_table}(town_id, id)"
            )
            assert wanted in found
        else:
            cursor.execute(f"PRAGMA foreign_key_list({model._meta.db_table})")
            keys: dict[int, set[tuple[str, str, str]]] = {}
            for number, _, table, column, target, *_ in cursor.fetchall():
                keys.setdefault(number, set()).add((table, column, target))
            table = field.related_model._meta.db_table
            assert {(table, "town_id", "town_id"), (table, field.column, "id")} in keys.values()


@pytest.mark.parametrize("model", TOWN_MODELS, ids=lambda m: m._meta.label)
def test_what_is_unique_is_unique_in_its_town(model):
    assert [f.name for f in model._meta.fields if f.unique and not f.primary_key] == []
    uniques = [c for c in model._meta.constraints if isinstance(c, models.UniqueConstraint)]
    assert [c.name for c in uniques if c.fields[0] != "town"] == []


# --- Migrations -----------------------------------------------------------------------------------------------------


def test_migrations_are_complete(db):
    out = StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=out)
    assert out.getvalue().strip() == "No changes detected"


@pytest.mark.parametrize("room", sorted({model._meta.app_label for model in OWN_MODELS}))
def test_migrations_form_one_named_line(room):
    graph = MigrationLoader(None).graph
    own = [key for key in graph.nodes if key[0] == room]
    assert len(graph.leaf_nodes(room)) == 1
    for key in own:
        assert len([parent for parent in graph.node_map[key].parents if parent.key[0] == room]) <= 1
        assert "_auto_" not in key[1]


# --- Words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", OWN_MODELS, ids=lambda m: m._meta.label)
def test_every_table_and_column_says_its_french_name(model):
    assert "verbose_name" in model._meta.original_attrs
    django = {f.name for base in (AbstractBaseUser, PermissionsMixin) for f in base._meta.get_fields()}
    own = [f for f in model._meta.fields if not f.auto_created and not (model is Staff and f.name in django)]
    assert [f.name for f in own if f._verbose_name is None] == []


def identifiers() -> set[str]:
    """Every name that the product defines: modules, classes, functions, arguments, fields, constants."""
    found = {part.removesuffix(".py") for path in PRODUCT for part in path.parts}
    for path in PRODUCT:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                found.add(node.name)
            elif isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.arg):
                found.add(node.arg)
    return found


def glossary_rows() -> list[list[str]]:
    """Rows « | mot à l'écran | `identifiant` | sens | » of the glossary, header and rule left out."""
    lines = [line for line in GLOSSARY.read_text().splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in rows if "`" in row[1]]


def test_every_identifier_of_the_glossary_exists():
    """`Presence`, `bookings.Presence`, `Refusal.FULL` or `change_presences()`: each dotted part is a name of ours."""
    known = identifiers()
    spoken = [name for row in glossary_rows() for name in re.findall(r"`([^`]+)`", row[1])]
    assert spoken
    assert [name for name in spoken if not set(re.split(r"\W+", name.rstrip("()"))) <= known] == []


def test_every_table_is_in_the_glossary():
    spoken = {part for row in glossary_rows() for name in re.findall(r"`([^`]+)`", row[1]) for part in name.split(".")}
    assert sorted({model.__name__ for model in OWN_MODELS} - spoken) == []
