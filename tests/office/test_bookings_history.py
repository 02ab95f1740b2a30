"""The whole history: filters, doors, export, and what it must not show."""

import pytest

from portail.bookings.models import Change
from portail.families.operations.register import PersonDraft
from portail.rules.staff import Role
from portail.towns.scope import in_town
from tests.office.doors import Office
from tests.world import ALINE, ANGELINE, JAMES, MONDAY, NEXT_TUESDAY, World, family, tick, untick, validate

HISTORY = "/mairie/reservations/historique/"


@pytest.fixture
def lived(demo: World, clerk: Office) -> World:
    """James eats on Monday, by his mother then no more by the town hall; Angéline comes on Tuesday morning."""
    validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie)
    validate(untick(JAMES, "cantine", MONDAY), clerk.by)
    validate(tick(ANGELINE, "matin", NEXT_TUESDAY), demo.as_denise)
    return demo


def test_who_did_what_by_which_door(clerk: Office, lived: World):
    page = clerk.page(HISTORY)
    assert "3 lignes" in page
    for words in (
        "BOND James",
        "Cantine",
        "23/11/2026",
        "par internet, Jamie BOND",
        "par la Mairie, Odile PRUVOST",
        "annulé",
        "16/11/2026 09:00",
        f"/mairie/familles/enfants/{lived.james.public_id}/",
    ):
        assert words in page
    assert f"/mairie/reservations/envois/{Change.objects.first().change_set.public_id}/" in page  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ({"q": "bond"}, "2 lignes"), ({"q": "Denise"}, "1 ligne"), ({"q": ALINE}, "0 ligne"),
        ({"par": "town_hall"}, "1 ligne"), ({"par": "web", "activite": "cantine"}, "1 ligne"),
        ({"du": "2026-11-24"}, "1 ligne"), ({"au": "2026-11-23"}, "2 lignes"), ({"tri": "child"}, "3 lignes"),
        ({"q": "\0", "par": "x", "activite": "x", "du": "x", "enfant": "x"}, "3 lignes"),
        ({"q": "x" * 10_000}, "3 lignes"), ({"par": "phone"}, "Aucune modification ne correspond"),
    ],
)  # fmt: skip
def test_filters_are_the_address(clerk: Office, lived: World, query: dict, lines: str):
    assert lines in clerk.page(HISTORY, **query)


def test_one_child_alone(clerk: Office, lived: World):
    page = clerk.page(HISTORY, enfant=str(lived.angeline.public_id))
    assert "1 ligne<" in page
    assert "Tous les enfants" in page
    assert f'name="enfant" value="{lived.angeline.public_id}"' in page
    assert "0 ligne" in clerk.page(HISTORY, enfant=str(lived.zoe.public_id))


def test_another_towns_history_is_not_there(clerk: Office, lived: World):
    with in_town(lived.buchelay):
        validate(tick(JAMES, "cantine", MONDAY), lived.as_lea)
    assert "LEROY" not in clerk.page(HISTORY)


def test_who_does_not_book_reads_without_the_submissions(lived: World):
    page = Office().enter(Role.REGISSEUR).page(HISTORY)
    assert "3 lignes" in page
    assert "/envois/" not in page


def test_the_list_costs_the_same_whatever_its_length_and_leaves_safely(
    clerk: Office, lived: World, django_assert_num_queries
):
    clerk.page(HISTORY)
    with django_assert_num_queries(5):
        clerk.page(HISTORY)
    payer, _ = family("=CMD() X", "K7M2P-9QX00", [PersonDraft("=1+1", "=HYPERLINK()", "mallerin", "10", code="700001")])
    one = Change.objects.filter(channel="web").first()
    assert one is not None
    Change.objects.bulk_create(
        Change(change_set=one.change_set, person=payer.links.get().person, activity=one.activity, day=MONDAY,
               present=True, channel="web", reason="=2+2", at=one.at)
        for _ in range(60)
    )  # fmt: skip
    with django_assert_num_queries(5):
        assert "63 lignes, page 1 sur 2" in clerk.page(HISTORY)
    lines = clerk.get(HISTORY, export="csv").content.decode().splitlines()
    assert len(lines) == 64
    assert not [line for line in lines if line.startswith("=") or ";=" in line]
    assert clerk.get(HISTORY, export="xlsx").status_code == 200
