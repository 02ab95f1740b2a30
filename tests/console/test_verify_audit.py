"""`portail verify-audit`: what it says of an intact trail, of one that is not, and its exit code."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from portail.console.chores import STREAMS
from portail.rules.sealing import GENESIS
from portail.towns.chain_queries import head_of_chain
from portail.towns.models import Audit, Seal
from portail.towns.operations.sealing_chain import seal_new
from portail.towns.scope import in_town
from tests.towns.test_chain import tamper
from tests.world import NOW, World

LATER = NOW + timedelta(minutes=2)


@pytest.fixture
def sealed(world: World, frozen) -> World:
    """Both towns sealed a minute after they were made."""
    for town in (world.demo, world.buchelay):
        with in_town(town):
            while seal_new(streams=STREAMS, limit=100, now=LATER):
                pass
    frozen.move_to(LATER)
    return world


def test_an_intact_trail(sealed: World, run):
    with in_town(sealed.demo):
        head, count = head_of_chain(), Seal.objects.count()
    assert run("verify_audit", "--town", "demo") == [
        f"demo : {count} lignes vérifiées, intactes.",
        f"    tête de la chaîne, à noter ailleurs : {head.written}",
    ]
    assert len(run("verify_audit")) == 4
    assert run("verify_audit", "--town", "demo", "--head", head.written, "--since", "17/11/2026")[0] == (
        "demo : rien de scellé à vérifier."
    )  # fmt: skip


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda row: Audit.objects.filter(pk=row).update(actor="X"), "n'est plus ce qu'elle était"),
        (lambda row: Audit.objects.filter(pk=row).delete(), "a disparu"),
        (lambda row: Seal.objects.filter(row=row, stream="audit").delete(), "1 sceau a disparu"),
    ],
)
def test_a_trail_that_was_touched(sealed: World, act, sentence):
    with in_town(sealed.demo):
        row = Seal.objects.get(place=2).row
        tamper(lambda: act(row))
    out = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("verify_audit", stdout=out)
    assert (str(error.value), error.value.returncode) == ("La trace n'est pas intacte.", 1)
    assert [line for line in out.getvalue().splitlines() if sentence in line and "rang 2 : " in line]
    assert "buchelay" in out.getvalue()


def test_a_noted_head_that_is_gone(sealed: World, run):
    with pytest.raises(CommandError) as error:
        run("verify_audit", "--town", "demo", "--head", f"7:{GENESIS}")
    assert error.value.returncode == 1


def test_what_is_typed_wrong_is_said(sealed: World, fail):
    assert fail("verify_audit", "--head", f"7:{GENESIS}") == (
        "Une tête de chaîne est celle d'une commune : ajoutez --town."
    )  # fmt: skip
    assert "Une tête de chaîne s'écrit « rang:empreinte »" in fail("verify_audit", "--town", "demo", "--head", "x")


def test_an_installation_without_a_town(db, run):
    assert run("verify_audit") == []
