"""The glossary names things that exist, and forgets nothing that families or the town hall may meet."""

import ast
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from enum import Enum
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from portail.billing.models import InvoiceRun, Payment
from portail.news.models import NewsItem, OutboxMail
from portail.rules.booking import Channel, DependencyKind, LatePolicy, NotFor, Outcome, Refusal, Right
from portail.rules.calendar import ClosedWhy, Opening
from portail.rules.codes import Brake
from portail.rules.cutoffs import CutoffKind
from portail.rules.invoicing import InvoiceStatus, NotPayable
from portail.rules.paying import AttemptState
from portail.rules.pricing import Anomaly, Attendance, Basis, SurchargeKind, Unit, Why
from portail.rules.sealing import Flaw
from portail.rules.staff import Right as StaffRight
from portail.rules.staff import Role
from portail.towns.models import Job, Town
from tests.docs.markdown import ROOT, rows, spans

GLOSSARY = (ROOT / "docs" / "glossaire.md").read_text()
ROWS = list(rows(GLOSSARY, 3))
IDENTIFIERS = [spans(row[1]) for row in ROWS]
MODELS = [model for model in apps.get_models() if model.__module__.startswith("portail.")]
MEMBERS: tuple[Iterable[Enum], ...] = (
    Refusal, NotFor, Outcome, Channel, LatePolicy, DependencyKind, Right, CutoffKind, Opening, ClosedWhy, Brake,
    Town.Status, NewsItem.Kind, OutboxMail.Status, Unit, Basis, SurchargeKind, Attendance, Why, Anomaly, InvoiceStatus,
    NotPayable, AttemptState, Payment.Means, InvoiceRun.State, Role, StaffRight, Flaw, Job.State,
)  # fmt: skip


def found(path: str) -> Any:
    """What the dotted path names inside `portail`: a class, a function, a member, a field. Raises LookupError."""
    parts = path.split(".")
    for length in range(len(parts) - 1, 0, -1):
        try:
            thing: Any = import_module(".".join(["portail", *parts[:length]]))
        except ModuleNotFoundError:
            continue
        for name in parts[length:]:
            thing = _inside(thing, name)
        return thing
    raise LookupError(path)


def _inside(thing: Any, name: str) -> Any:
    if isinstance(thing, type) and issubclass(thing, models.Model):
        try:
            return thing._meta.get_field(name)
        except FieldDoesNotExist:
            pass
    if is_dataclass(thing) and name in {field.name for field in fields(thing)}:
        return name
    try:
        return getattr(thing, name)
    except AttributeError as error:
        raise LookupError(f"{thing} has no {name}") from error


def test_every_row_names_one_thing_and_says_its_meaning():
    assert len(ROWS) > 100
    assert [row for row, names in zip(ROWS, IDENTIFIERS, strict=True) if len(names) != 1] == []
    assert [row for row in ROWS if not row[0] or not row[2]] == []


@pytest.mark.parametrize("name", sorted({name for names in IDENTIFIERS for name in names}))
def test_every_identifier_exists(name):
    assert found(name) is not None


def test_an_identifier_that_does_not_exist_is_seen():
    for name in ("rules.booking.Refusal.TIRED", "bookings.models.Presence.mood", "towns.nowhere.Town", "web.grid.Cel"):
        with pytest.raises(LookupError):
            found(name)


def test_every_table_is_there():
    said = [found(name) for names in IDENTIFIERS for name in names]
    assert [model._meta.label for model in MODELS if model not in said] == []


@pytest.mark.parametrize("kind", MEMBERS, ids=lambda kind: kind.__name__)
def test_every_member_is_there(kind):
    said = {id(found(name)) for names in IDENTIFIERS for name in names}
    assert [member.name for member in kind if id(member) not in said] == []


def test_every_kind_of_cell_is_there():
    """The states of a cell: what `web.grid` calls them, and what the table of refusals says of each."""
    module = ast.parse((ROOT / "portail/web/grid.py").read_text())
    kinds = next(
        node.value
        for node in module.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "KINDS" and isinstance(node.value, ast.Dict)
    )
    named = {f"rules.booking.{ast.unparse(key)}" for key in kinds.keys if key is not None}
    assert named <= {name for names in IDENTIFIERS for name in names}
