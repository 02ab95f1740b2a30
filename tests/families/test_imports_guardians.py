"""Guardians brought in: payers entered once, linked to their children, with a code that nobody knows; taken back."""

import pytest

from portail.families.models import ImportBatch, ImportRow, Link, Payer
from portail.families.operations.imports import (
    FamilyImportError,
    Matching,
    confirm_import,
    plan_import,
    receive_file,
    undo_import,
)
from portail.families.queries.imports import states, verdicts
from portail.families.queries.letters import piles
from tests.families.pupils import GUARDIAN_HEADERS, guardian, guardians, onde
from tests.families.test_imports import work
from tests.world import CLERK, JAMES, JAMIE_CODE, NOW, World, connect

GUARDIANS = ImportBatch.Kind.GUARDIANS


def planned(content: bytes) -> ImportBatch:
    batch = receive_file(kind=GUARDIANS, name="responsables.csv", content=content, by=CLERK, now=NOW)
    return plan_import(batch=batch, matching=Matching(batch.columns), by=CLERK, now=NOW)


def imported(content: bytes) -> ImportBatch:
    batch = planned(content)
    confirm_import(batch=batch, by=CLERK, now=NOW)
    work()
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.DONE
    return batch


def undone(batch: ImportBatch) -> None:
    undo_import(batch=batch, by=CLERK, now=NOW)
    work()
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.UNDONE


def register() -> list[tuple[object, ...]]:
    payers = Payer.objects.order_by("pk").values_list("pk", "last_name", "email", "phone", "address", "code_hash")
    return [*payers, *Link.objects.order_by("payer", "person").values_list("payer", "person", "right")]


FILE = guardians(
    guardian("BOND", "Jamie", ("BOND", "James"), ("BOND", "Aline"), ("MARSONE", "Angéline"), email="jamie@b.fr"),
    guardian("NOUVEL", "Éric", ("Marsone", "ANGELINE"), ("MARSONE", "Bertrand"), email="eric@n.fr"),
    guardian("PERDU", "Qui", ("PERSONNE", "Aucun")),
)


def test_they_are_entered_linked_and_taken_back_to_the_last_field(demo: World):
    before = register()
    batch = imported(FILE)
    assert verdicts(batch) == {"changed": 1, "new": 1, "unreadable": 1}
    eric = Payer.objects.get(last_name="NOUVEL")
    assert (eric.sort_key, eric.phone, eric.address) == ("nouvel eric", "0612345678", "1 rue A\n78000 DÉMO")
    assert {link.person_id for link in eric.links.all()} == {demo.angeline.pk, demo.bertrand.pk}
    jamie = Payer.objects.get(pk=demo.jamie.pk)
    assert (jamie.email, jamie.links.count()) == ("jamie@b.fr", 3)
    assert connect(JAMES, JAMIE_CODE).key  # their code has not changed
    assert eric.letter_at is None
    assert any(eric.pk in pile.waiting for pile in piles())
    undone(batch)
    assert register() == before


def test_the_same_file_again_enters_nobody(demo: World):
    imported(FILE)
    assert verdicts(planned(FILE)) == {"same": 2, "unreadable": 1}


def test_who_was_entered_since_is_not_entered_twice(demo: World):
    batch = planned(FILE)
    Payer.objects.create(last_name="X", first_name="Y", sort_key="x y", email="ERIC@n.fr", code_hash="x")
    Payer.objects.filter(pk=demo.jamie.pk).update(email="autre@b.fr")
    confirm_import(batch=batch, by=CLERK, now=NOW)
    work()
    assert dict(ImportRow.objects.filter(batch=batch, state="refused").values_list("line", "reason")) == {
        2: "La fiche a changé depuis la vérification.", 3: "Ce payeur a été créé entre-temps.",
    }  # fmt: skip
    assert not Payer.objects.filter(last_name="NOUVEL").exists()


def test_undoing_spares_a_payer_who_serves_or_changed_since(demo: World):
    batch = imported(FILE)
    eric = Payer.objects.get(last_name="NOUVEL")
    Link.objects.create(payer=eric, person=demo.james)
    Payer.objects.filter(pk=demo.jamie.pk).update(phone="0700000000")
    undone(batch)
    assert states(batch)["stuck"] == 2
    assert eric.links.count() == 3
    assert Payer.objects.get(pk=demo.jamie.pk).email == "jamie@b.fr"


def test_a_file_without_children_is_refused(demo: World):
    with pytest.raises(FamilyImportError, match="ne nomme pas les enfants"):
        planned(onde(guardian("A", "B"), headers=GUARDIAN_HEADERS))


def test_six_hundred_guardians_of_cp1252(demo: World):
    lines = [guardian(f"NOMÉ{n}", "Zoé", ("BOND", "James"), street=f"{n} rue") for n in range(600)]
    batch = imported(guardians(*lines, encoding="cp1252"))
    assert Payer.objects.filter(first_name="Zoé").count() == 600
    assert verdicts(batch) == {"new": 600}
    undone(batch)
    assert Payer.objects.count() == 2
