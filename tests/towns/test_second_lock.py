"""Row-level security, the second lock of towns: what holds when Python forgets. PostgreSQL only."""

from threading import Thread
from typing import Any

import pytest
from django.apps import apps
from django.db import Error, ProgrammingError, connection, transaction

from portail.bookings.models import Change, Presence
from portail.families.models import Person
from portail.towns.models import Audit, Town, TownModel
from portail.towns.queries import town_rows
from portail.towns.scope import in_every_town, in_town
from portail.towns.second_lock import APPEND_ONLY, POLICY, ROLE
from tests.world import CLERK, FRIDAY, JAMES, MONDAY, NOW, World, tick, validate

TABLES = [model._meta.db_table for model in apps.get_models() if issubclass(model, TownModel)]


def rows(sql: str, *params: Any) -> list[tuple[Any, ...]]:
    """Raw SQL as a careless hand would write it."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize("table", TABLES)
def test_every_table_of_towns_is_locked(db, table: str):
    assert rows("SELECT relrowsecurity FROM pg_class WHERE oid = %s::regclass", table) == [(True,)]
    policies = rows("SELECT policyname, cmd, qual, with_check FROM pg_policies WHERE tablename = %s", table)
    setting = "(NULLIF(current_setting('portail.town'::text, true), ''::text))::bigint"
    assert policies == [(POLICY, "ALL", f"(town_id = {setting})", None)]


def test_the_application_owns_nothing_and_passes_no_lock(db):
    assert rows("SELECT current_user") == [(ROLE,)]
    assert rows("SELECT relname FROM pg_class WHERE relowner = %s::regrole", ROLE) == []
    assert rows("SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = %s", ROLE) == [
        (False, False, False)
    ]


def test_raw_sql_sees_the_town_in_force_and_no_other(world: World):
    sql = "SELECT DISTINCT town_id FROM families_person"
    assert rows(sql) == []
    for town in (world.demo, world.buchelay, world.demo):
        with in_town(town):
            assert rows(sql) == [(town.pk,)]
    assert rows(sql) == []
    with in_every_town("the application may not"):
        assert rows(sql) == []
        assert Person.objects.count() == 0


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE families_person SET town_id = %(other)s",
        "INSERT INTO families_failedlogin (town_id, at, network, child_code) VALUES (%(other)s, now(), '', '')",
        "INSERT INTO families_throttle (town_id, key, tries, in_a_row) VALUES (%(other)s, 'x', 0, 0)",
    ],
)
def test_nothing_is_moved_or_written_to_another_town(world: World, sql: str):
    refused = pytest.raises(ProgrammingError, match="row-level security")
    with in_town(world.demo), refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, {"other": world.buchelay.pk})


@pytest.mark.parametrize("sql", ["UPDATE families_person SET first_name = 'X'", "DELETE FROM families_link"])
def test_a_write_without_filter_reaches_its_own_town_alone(world: World, sql: str):
    def of_buchelay() -> list[Any]:
        with in_town(world.buchelay):
            return list(Person.objects.order_by("id").values_list("first_name", "links__payer_id"))

    before = of_buchelay()
    with in_town(world.demo):
        rows(sql)
    assert of_buchelay() == before
    rows(sql)
    assert of_buchelay() == before


def test_a_queryset_of_every_town_reaches_only_the_one_in_force(world: World):
    with in_every_town("test"):
        everybody = Person.objects.order_by("id")
    with in_town(world.buchelay):
        assert [person.pk for person in everybody.all()] == [world.zoe.pk]
        assert everybody.update(first_name="Zoé") == 1


def test_the_lock_follows_the_town_inside_one_transaction(world: World):
    sql = "SELECT count(*) FROM families_person"
    with transaction.atomic(), in_town(world.demo):
        assert rows(sql) == [(4,)]
        with in_town(world.buchelay):
            assert rows(sql) == [(1,)]
            with pytest.raises(Error), transaction.atomic():
                rows("SELECT 1 / 0")
            assert rows(sql) == [(1,)]
        assert rows(sql) == [(4,)]


@pytest.mark.django_db(transaction=True)
def test_the_setting_ends_with_its_transaction(world: World):
    sql = "SELECT count(*) FROM families_person"
    with in_town(world.demo):
        assert rows(sql) == [(4,)]  # a lone statement, in a transaction of its own
        assert len(list(Person.objects.iterator(chunk_size=1))) == 4
        with transaction.atomic():
            assert rows(sql) == [(4,)]
    assert rows("SELECT current_setting('portail.town', true)") in ([("",)], [(None,)])
    assert rows(sql) == [(0,)]
    found: list[list[tuple[Any, ...]]] = []

    def elsewhere() -> None:
        found.append(rows(sql))
        connection.close()

    with in_town(world.demo):  # a new thread starts without a town
        thread = Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert found == [[(0,)]]


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("sql", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_history_is_written_once_and_for_all(world: World, table: str, sql: str):
    with in_town(world.demo):
        validate(tick(JAMES, "cantine", MONDAY), CLERK)
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            rows(sql.format(table))


@pytest.mark.parametrize("model", [Audit, Change])
def test_not_even_through_the_models(world: World, model: Any):
    with in_town(world.demo):
        validate(tick(JAMES, "cantine", MONDAY), CLERK)
        row = model.objects.order_by("id").first()
        for act in (row.save, row.delete, model.objects.all().delete):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                act()


def test_the_application_defines_nothing(db):
    for sql in (
        "DROP POLICY town_in_force ON families_person",
        "ALTER TABLE families_person DISABLE ROW LEVEL SECURITY",
        "CREATE TABLE x (id int)",
    ):
        with pytest.raises(ProgrammingError), transaction.atomic():
            rows(sql)


def test_the_ordinary_road_passes(world: World):
    with in_town(Town.objects.get(pk=world.demo.pk)):
        validate(tick(JAMES, "cantine", MONDAY, FRIDAY), world.as_jamie)
        sql = "SELECT code FROM families_person WHERE town_id = %(town)s AND code = %(code)s"
        assert town_rows(sql, {"code": JAMES}) == [(JAMES,)]
        assert Presence.objects.count() == 2
        assert Audit.objects.filter(at=NOW).exists()
