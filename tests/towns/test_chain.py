"""The chain of seals: what was done to the histories behind the operations' back is seen; what came later is sealed."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import ProgrammingError, connection, connections, transaction
from django.db.models import F

from portail.bookings.models import Change
from portail.console.chores import STREAMS
from portail.rules.sealing import GENESIS, Flaw, Head
from portail.towns import chain_queries
from portail.towns.chain_queries import Found, Verification, head_of_chain, verify_chain
from portail.towns.models import Audit, Seal
from portail.towns.operations import Act, record
from portail.towns.operations.sealing_chain import seal_new
from portail.towns.scope import in_town
from portail.towns.second_lock import APPEND_ONLY
from tests.world import CLERK, JAMES, MONDAY, NOW, World, tick, validate

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LATER = NOW + 2 * MINUTE
FIRST = 3  # of the lines of `lines`
Flaws = list[tuple[Flaw, int, str]]


def act(number: int, **values: Any) -> None:
    record(Act(f"act {number}", "test", **values), by=CLERK, now=NOW)


def seal_all(now: Any = LATER) -> int:
    done = 0
    while more := seal_new(streams=STREAMS, limit=7, now=now):
        done += more
    return done


def verify(**values: Any) -> Verification:
    return verify_chain(STREAMS, LATER, **values)


def flaws(**values: Any) -> Flaws:
    return [(found.flaw, found.place, found.stream) for found in verify(**values).found]


def tamper(change: Callable[[], object]) -> None:
    """As the owner of the tables may, whom nothing stops: the application's own role may not even try."""
    if connection.vendor != "postgresql":
        change()
        return
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        try:
            change()
        finally:
            cursor.execute("SET ROLE portail_app")


@pytest.fixture
def sealed(demo: World) -> int:
    """Acts and a family's change, all sealed; how many links."""
    for number in range(20):
        act(number, before={"é": [1, None]}, after={"n": number})
    validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie)
    done = seal_all()
    assert {seal.stream for seal in Seal.objects.all()} == {"audit", "change"}
    assert done == Audit.objects.count() + Change.objects.count()
    return done


def seal_of(place: int) -> Seal:
    found: Seal = Seal.objects.get(place=place)
    return found


def test_an_untouched_chain_is_intact(sealed: int):
    verified = verify()
    assert (verified.checked, verified.found) == (sealed, ())
    assert verified.head == head_of_chain() == Head(sealed, seal_of(sealed).digest)
    assert sorted(Seal.objects.values_list("place", flat=True)) == list(range(1, sealed + 1))


def test_an_empty_town_has_an_empty_chain(db):
    from portail.towns.operations import create_town  # noqa: PLC0415

    town = create_town(slug="vide", hosts=["vide.localhost"], settings={"name": "Vide"}, by=CLERK, now=NOW)
    with in_town(town):
        assert head_of_chain() == Head(0, GENESIS)
        assert verify().found == ()
        assert seal_all() == 1


def test_lines_of_the_last_minute_wait(demo: World):
    seal_all()
    act(1)
    assert seal_new(streams=STREAMS, limit=9, now=NOW + MINUTE) == 0
    assert seal_new(streams=STREAMS, limit=9, now=LATER) == 1


def test_what_came_late_is_sealed_after_the_rest(sealed: int):
    """Transactions end in another order than they began: a smaller number may be seen last."""
    record(Act("slow", "test"), by=CLERK, now=LATER)
    act(99)
    assert seal_all(LATER) == 1
    assert seal_all(LATER + 2 * MINUTE) == 1
    slow, quick = (Audit.objects.get(verb=verb).pk for verb in ("slow", "act 99"))
    assert (slow < quick, seal_of(sealed + 1).row, seal_of(sealed + 2).row) == (True, quick, slow)
    assert (verify().checked, verify().found) == (sealed + 2, ())


@pytest.mark.parametrize("column", ["actor", "at", "after", "before", "subject", "staff_id"])
def test_an_altered_line_is_seen(sealed: int, column: str):
    row = seal_of(FIRST).row
    value = {"at": F("at") + timedelta(microseconds=1), "after": {"n": 99}, "before": None, "staff_id": None}
    before = Audit.objects.filter(pk=row).values_list(column, flat=True).get()
    tamper(lambda: Audit.objects.filter(pk=row).update(**{column: value.get(column, "Quelqu'un d'autre")}))
    same = Audit.objects.filter(pk=row).values_list(column, flat=True).get() == before
    assert flaws() == ([] if same else [(Flaw.ALTERED, FIRST, "audit")])


def test_an_altered_change_of_a_family_is_seen(sealed: int):
    place = Seal.objects.get(stream="change").place
    tamper(lambda: Change.objects.update(late=True))
    assert flaws() == [(Flaw.ALTERED, place, "change")]


def test_a_removed_line_is_seen(sealed: int):
    row = seal_of(FIRST).row
    tamper(lambda: Audit.objects.filter(pk=row).delete())
    assert flaws() == [(Flaw.REMOVED, FIRST, "audit")]


def test_a_line_removed_with_its_seal_is_a_gap(sealed: int):
    row = seal_of(FIRST).row

    def remove() -> None:
        Audit.objects.filter(pk=row).delete()
        Seal.objects.filter(place__in=[FIRST, FIRST + 1]).delete()

    tamper(remove)
    assert verify().found[0] == Found(Flaw.GAP, FIRST, count=2)


def test_the_last_seals_removed_are_seen_by_whom_noted_the_head(sealed: int):
    noted = head_of_chain()

    def remove() -> None:
        rows = Seal.objects.filter(place__gt=sealed - 2)
        Audit.objects.filter(pk__in=rows.filter(stream="audit").values_list("row", flat=True)).delete()
        Change.objects.filter(pk__in=rows.filter(stream="change").values_list("row", flat=True)).delete()
        rows.delete()

    assert flaws(noted=noted) == []
    tamper(remove)
    assert flaws() == [], "the chain alone cannot tell"
    assert flaws(noted=noted) == [(Flaw.HEAD, sealed, "")]


def test_a_chain_rewritten_from_end_to_end_is_seen_by_whom_noted_the_head(sealed: int):
    noted = head_of_chain()

    def rewrite() -> None:
        Audit.objects.filter(pk=seal_of(FIRST).row).update(actor="Quelqu'un d'autre")
        Seal.objects.all().delete()
        assert seal_all() == sealed

    tamper(rewrite)
    assert flaws() == []
    assert flaws(noted=noted) == [(Flaw.HEAD, sealed, "")]


def test_two_lines_that_changed_places_are_seen(sealed: int):
    def swap() -> None:
        one, other = seal_of(FIRST), seal_of(FIRST + 1)
        Seal.objects.filter(pk=one.pk).update(row=0)
        Seal.objects.filter(pk=other.pk).update(row=one.row)
        Seal.objects.filter(pk=one.pk).update(row=other.row)

    tamper(swap)
    assert flaws() == [(Flaw.ALTERED, FIRST, "audit"), (Flaw.ALTERED, FIRST + 1, "audit")]


def test_what_nobody_sealed_for_a_day_is_seen(sealed: int):
    act(1)
    act(2)
    assert verify_chain(STREAMS, NOW + DAY).found == ()
    (found,) = verify_chain(STREAMS, NOW + DAY + MINUTE).found
    assert (found.flaw, found.stream, found.count) == (Flaw.UNSEALED, "audit", 2)


def test_since_a_day_checks_only_what_was_sealed_since(sealed: int):
    row = seal_of(FIRST).row
    act(1)
    seal_all(NOW + DAY)
    tamper(lambda: Audit.objects.filter(pk=row).update(actor="Quelqu'un d'autre"))
    assert (verify(since=NOW + DAY).checked, flaws(since=NOW + DAY)) == (1, [])
    assert flaws(since=NOW) == [(Flaw.ALTERED, FIRST, "audit")]
    nothing = verify(since=NOW + 2 * DAY)
    assert (nothing.checked, nothing.head.place) == (0, sealed + 1)


def test_the_queries_are_those_of_batches(
    sealed: int, monkeypatch, django_assert_num_queries, django_assert_max_num_queries
):
    each, once = 1 + len(STREAMS), 1 + len(STREAMS)
    with django_assert_num_queries(each + once):
        verify()
    monkeypatch.setattr(chain_queries, "BATCH", 10)
    with django_assert_max_num_queries(each * -(-sealed // 10) + once):
        verify()
    act(1)
    act(2)
    with django_assert_num_queries(1 + len(STREAMS) + 3):
        assert seal_new(streams=STREAMS, limit=500, now=LATER) == 2


def test_each_town_has_its_chain(world: World):
    for town in (world.demo, world.buchelay):
        with in_town(town):
            act(1)
            assert seal_all() == head_of_chain().place == Seal.objects.count()
            assert verify().found == ()
    with in_town(world.buchelay):
        tamper(lambda: Audit.objects.filter(verb="act 1").update(actor="Quelqu'un d'autre"))
        assert len(flaws()) == 1
    with in_town(world.demo):
        assert flaws() == []


def test_a_second_sealer_writes_nothing_and_nothing_is_sealed_twice(demo: World, monkeypatch):
    """It looked at the head before the first one wrote."""
    act(1)
    seal_all()
    before = head_of_chain()
    act(2)
    seal_all()
    monkeypatch.setattr("portail.towns.operations.sealing_chain.head_of_chain", lambda: before)
    act(3)
    assert seal_new(streams=STREAMS, limit=9, now=LATER) == 0
    monkeypatch.undo()
    assert (seal_all(), verify().found) == (1, ())


@pytest.mark.django_db(transaction=True)
def test_sealers_at_once_make_one_chain(world: World):
    with in_town(world.demo):
        for number in range(60):
            act(number)
    barrier, errors = Barrier(3), []

    def work() -> None:
        try:
            with in_town(world.demo):
                barrier.wait(10)
                for _ in range(15):
                    seal_new(streams=STREAMS, limit=7, now=LATER)
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with in_town(world.demo):
        seal_all()
        verified = verify()
        assert (errors, verified.found, verified.checked) == ([], (), Audit.objects.count() + Change.objects.count())


def test_the_application_can_neither_alter_nor_remove(sealed: int):
    """On SQLite nothing can hold it: the chain is all there is."""
    assert {"towns_audit", "towns_seal", "bookings_change"} <= set(APPEND_ONLY)
    if connection.vendor != "postgresql":
        return
    for table in (model._meta.db_table for model in (Audit, Seal, Change)):
        for sql in (f"UPDATE {table} SET id = id WHERE id = 0", f"DELETE FROM {table} WHERE id = 0"):  # noqa: S608
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                connection.cursor().execute(sql)
