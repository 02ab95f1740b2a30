"""Neither engine lets a row point at the neighbour town's; whatever Python forgot (`portail.towns.keys`)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction

from portail.bookings.models import Activity, Change, ChangeSet, LateRequest, Limit, Places, Presence
from portail.families.models import Classroom, Link, ParentSession, Payer, Person, School
from portail.towns.keys import SameTown
from portail.towns.models import Audit, Staff, TownModel
from portail.towns.operations import create_staff
from portail.towns.scope import in_town
from tests.world import ALINE, CLERK, JAMES, MONDAY, NOW, TUESDAY, World, connect, limit, tick, validate
from tests.world import JAMIE_CODE as JAMIE
from tests.world import LEA_CODE as LEA

KEYS = [
    (Classroom, "school", School),
    (Person, "classroom", Classroom),
    (Link, "person", Person),
    (Link, "payer", Payer),
    (ParentSession, "payer", Payer),
    (Presence, "person", Person),
    (Presence, "activity", Activity),
    (ChangeSet, "payer", Payer),
    (ChangeSet, "staff", Staff),
    (LateRequest, "person", Person),
    (Limit, "activity", Activity),
    (Places, "limit", Limit),
]


@pytest.fixture
def busy(world: World) -> World:
    """Rows of every kind in both towns."""
    for town, by, code, day in (
        (world.demo, world.as_jamie, JAMIE, TUESDAY),
        (world.buchelay, world.as_lea, LEA, MONDAY),
    ):
        with in_town(town):
            connect(JAMES, code)
            limit("cantine", 3)
            validate(tick(JAMES, "cantine", day), by)
            create_staff(login=f"agent@{town.slug}", name="Agent", password="x" * 12, by=CLERK, now=NOW)
    with in_town(world.demo):
        validate(tick(ALINE, "soir", TUESDAY), world.as_jamie, now=NOW.replace(hour=20))
    return world


def neighbours(model: type[models.Model], world: World) -> Any:
    """A row of « Buchelay »."""
    with in_town(world.buchelay):
        found = model._default_manager.filter(town=world.buchelay).first()
    assert found is not None
    return found


def commit(act: Callable[[], Any]) -> None:
    """Run it and check what a COMMIT would."""
    with transaction.atomic():
        act()
        connection.check_constraints()


@pytest.mark.parametrize(("model", "name", "target"), KEYS, ids=lambda value: getattr(value, "__name__", value))
def test_a_key_to_the_neighbours_row_is_refused(
    busy: World, model: type[TownModel], name: str, target: type[models.Model]
):
    foreign = neighbours(target, busy)
    with in_town(busy.demo):
        row = model.objects.order_by("pk").first()
        assert row is not None
        change = model.objects.filter(pk=row.pk).update
        with pytest.raises(IntegrityError):
            commit(lambda: change(**{name: foreign}))
        commit(lambda: change(**{name: getattr(row, name)}))


@pytest.mark.parametrize(
    "make",
    [
        lambda w: Link(payer=w.jamie, person=w.zoe),
        lambda w: Presence(person=w.zoe, activity=Activity.objects.first(), day=MONDAY),
        lambda w: Person(code="300", classroom=w.zoe.classroom),
        lambda w: ChangeSet(token="x", payer=w.lea, channel="web", at=NOW, verdicts=[]),  # noqa: S106
        lambda w: Change(
            change_set=neighbours(ChangeSet, w),
            person=w.james,
            activity=Activity.objects.first(),
            day=MONDAY,
            present=True,
            channel="web",
            at=NOW,
        ),
        lambda w: Audit(at=NOW, staff=neighbours(Staff, w), actor="", channel="web", verb="x"),
    ],
)
def test_a_new_row_pointing_at_the_neighbours_is_refused(busy: World, make):
    with in_town(busy.demo):
        row = make(busy)
        with pytest.raises(IntegrityError):
            commit(row.save)


def test_the_constraint_is_written_and_read_back_by_migrations():
    one, other = SameTown(field="payer", name="a"), SameTown(field="person", name="a")
    _, args, kwargs = one.deconstruct()
    assert SameTown(*args, **kwargs) == one != other
    assert len({one, other, SameTown(field="payer", name="a")}) == 2
    assert one != "payer"
