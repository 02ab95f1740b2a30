"""Pupils brought in: tried dry, done by slices, undone; and everything that a file can have wrong."""

import io
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import Workbook

from portail.console import family_imports
from portail.console.jobs import JobRunner
from portail.families.models import Classroom, ImportBatch, ImportRow, Link, Person, School
from portail.families.operations.import_work import import_slice
from portail.families.operations.imports import (
    FamilyImportError,
    Matching,
    confirm_import,
    plan_import,
    receive_file,
    table_of,
    undo_import,
)
from portail.families.operations.people import PersonDetails, add_person
from portail.families.queries.imports import states, verdicts
from portail.towns.models import Audit, Job, KeptFile
from portail.towns.operations.jobs import stop_job
from portail.towns.scope import in_town
from tests.families.pupils import HEADERS, line, onde, school_of
from tests.world import CLERK, NOW, World

PUPILS = ImportBatch.Kind.PUPILS


def received(content: bytes, name: str = "eleves.csv") -> ImportBatch:
    return receive_file(kind=PUPILS, name=name, content=content, by=CLERK, now=NOW)


def planned(content: bytes, *, school: str = "ferry", leavers: bool = False) -> ImportBatch:
    batch = received(content)
    matching = Matching(batch.columns, School.objects.get(code=school).pk, leavers)
    return plan_import(batch=batch, matching=matching, by=CLERK, now=NOW)


def work() -> int:
    runner, done = JobRunner("one", lambda: NOW, lambda: False), 0
    while runner.run_one():
        done += 1
    return done


def imported(content: bytes, **more: object) -> ImportBatch:
    batch = planned(content, **more)  # type: ignore[arg-type]
    confirm_import(batch=batch, by=CLERK, now=NOW)
    assert work() == 1
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.DONE, Job.objects.latest("pk").error
    return batch


def undone(batch: ImportBatch) -> ImportBatch:
    undo_import(batch=batch, by=CLERK, now=NOW)
    work()
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.UNDONE
    return batch


def register() -> list[tuple[object, ...]]:
    rows = Person.objects.order_by("pk").values_list(
        "pk", "first_name", "last_name", "sort_key", "birth_date", "ine", "classroom", "active"
    )
    return [*rows, *Classroom.objects.order_by("pk").values_list("pk", "school", "name")]


FERRY = onde(
    line("MARSONE", "Angeline", "01/02/2019", "0000000001A", "CE1"),  # known without a birth date, accents apart
    line(
        "MARSONE", "Bertrand", "03/04/2018", "0000000002B", "CM1", level="CM1"
    ),  # changes class, one that is not there
    line("LEFÈVRE", "Élodie", "05/06/2017", "", "CM1", level="CM1"),
)


def test_a_file_says_what_it_would_change_and_changes_nothing(demo: World):
    before = register()
    batch = planned(FERRY)
    assert verdicts(batch) == {"new": 1, "changed": 2}
    row = ImportRow.objects.get(batch=batch, name="Bertrand MARSONE")
    assert (row.before["place"][1], row.after["place"][1]) == ("CE2", "CM1")
    assert register() == before


def test_it_is_done_then_undone_to_the_last_field(demo: World):
    before = register()
    batch = imported(FERRY)
    angeline = Person.objects.get(pk=demo.angeline.pk)
    assert (angeline.first_name, angeline.birth_date, angeline.ine) == ("Angéline", date(2019, 2, 1), "0000000001A")
    elodie = Person.objects.get(first_name="Élodie")
    assert (elodie.sort_key, str(elodie.classroom), len(elodie.code)) == ("lefevre elodie", "CM1", 8)
    assert Classroom.objects.get(name="CM1").level == "CM1"
    assert Person.objects.get(pk=demo.bertrand.pk).classroom == elodie.classroom
    assert Audit.objects.filter(verb="import_families", actor=CLERK.name).exists()
    undone(batch)
    assert register() == before
    assert states(batch)["undone"] == 3


def test_the_same_file_again_changes_nothing(demo: World):
    imported(FERRY)
    batch = planned(FERRY)
    assert verdicts(batch) == {"same": 3}
    with pytest.raises(FamilyImportError, match="ne change rien"):
        confirm_import(batch=batch, by=CLERK, now=NOW)


def test_who_is_not_in_the_file_leaves_only_when_that_is_asked(demo: World):
    only = onde(line("MARSONE", "Angéline", "", "0000000001A", "CE1"))
    batch = planned(only)
    assert verdicts(batch) == {"changed": 1, "left": 1}
    assert (states(batch)["planned"], states(batch)["idle"]) == (1, 1)
    done = imported(only, leavers=True)
    assert not Person.objects.get(pk=demo.bertrand.pk).active
    assert Person.objects.get(pk=demo.james.pk).active  # of another school
    back = imported(FERRY)
    assert Person.objects.get(pk=demo.bertrand.pk).active
    undone(back)
    undone(done)
    assert Person.objects.get(pk=demo.bertrand.pk).active


def test_a_child_whose_line_does_not_read_has_not_left(demo: World):
    batch = planned(
        onde(line("MARSONE", "Angéline", room="CE1"), line("MARSONE", "Bertrand", "31/02/2018")), leavers=True
    )
    assert verdicts(batch) == {"changed": 1, "unreadable": 1}


def test_lines_that_are_wrong_are_named_and_leave_the_others_alone(demo: World):
    batch = imported(
        onde(
            line("ALPHA", "Un", ine="0000000009Z"),
            line("ALPHA", "Un", ine="0000000009Z"),
            line("", "Sans"),
            line("BETA", ""),
            line("GAMMA", "Vieux", "01/01/1960"),
            line("DELTA", "Futur", "01/01/2030"),
            line("EPSILON", "Rien", ""),
            line("Z" * 90, "Long"),
            line("ETA", "Classe", room="C" * 41),
            ["COURTE", "", "Ligne"],
            line('=HYPERLINK("http://x")', "+1"),
        )
    )
    reasons = dict(ImportRow.objects.filter(batch=batch).values_list("line", "reason"))
    assert reasons == {
        2: "", 3: "Déjà lu à la ligne 2.", 4: "Le nom manque.", 5: "Le prénom manque.",
        6: "Né le 01/01/1960 : ce n'est pas l'âge d'un élève.", 7: "Né le 01/01/2030 : ce n'est pas l'âge d'un élève.",
        8: "Ni date de naissance, ni INE.", 9: "Le nom dépasse 80 caractères.", 10: "La classe dépasse 40 caractères.",
        11: "Ni date de naissance, ni INE.", 12: "",
    } | {n: r for n, r in reasons.items() if n == 0}  # fmt: skip
    assert Person.objects.filter(sort_key__contains="alpha").count() == 1
    assert Person.objects.get(first_name="+1").last_name == '=HYPERLINK("http://x")'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "vide"),
        (b"Nom;Prenom\r\n", "vide"),
        (b"Nom;Pr\x00nom\r\na;b", "pas du texte"),
        (b"%PDF-1.7 x", "pas du texte"),
        (b"PK\x03\x04 not a workbook", "classeur"),
        (b"x" * (10 * 1024 * 1024 + 1), "10 Mo"),
        (b'a;b\r\n"open', "guillemets"),
        (b";".join([b"x"] * 251) + b"\r\n1", "250 colonnes"),
        (b"a\r\n" + b"1\r\n" * 10_001, "10000 lignes"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(demo: World, content: bytes, words: str):
    with pytest.raises(FamilyImportError, match=words):
        received(content)
    assert ImportBatch.objects.count() == KeptFile.objects.count() == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_encodings_and_separators_are_told(demo: World, encoding: str, separator: str):
    batch = imported(onde(line("LEFÈVRE", "Élodie"), encoding=encoding, separator=separator))
    assert verdicts(batch)["new"] == 1
    assert Person.objects.get(last_name="LEFÈVRE").first_name == "Élodie"


def test_a_workbook_reads_as_its_csv(demo: World):
    book = Workbook()
    book.active.append(["Prénom", "NOM", "Né(e) le", "Classe"])
    book.active.append(["Élodie", "LEFÈVRE", date(2018, 5, 4), "CE1"])
    out = io.BytesIO()
    book.save(out)
    batch = planned(out.getvalue())
    assert ImportRow.objects.get(batch=batch, verdict="new").after["birth_date"] == "2018-05-04"


def test_two_hundred_columns_and_two_of_a_name(demo: World):
    headers = [*HEADERS, *HEADERS, *(f"x{n}" for n in range(156))]
    batch = planned(onde([*line("ALPHA", "Un"), *line("AUTRE", "Autre")], headers=headers))
    assert ImportRow.objects.get(batch=batch, verdict="new").name == "Un ALPHA"


def test_namesakes_without_a_birth_date_are_left_to_the_clerk(demo: World):
    add_person(
        payers=[], details=PersonDetails("Angéline", "MARSONE"), homonyms=True, by=CLERK, now=NOW
    )  # fmt: skip
    batch = planned(onde(line("MARSONE", "Angéline", room="CE1")))
    assert "2 enfants de ce nom" in ImportRow.objects.get(batch=batch, line=2).reason
    assert verdicts(batch)["double"] == 1


def test_what_the_register_has_outrun_is_refused_alone(demo: World):
    batch = planned(FERRY)
    Person.objects.filter(pk=demo.bertrand.pk).update(classroom=demo.angeline.classroom)
    add_person(
        payers=[], details=PersonDetails("Elodie", "Lefevre", birth_date=date(2017, 6, 5)), by=CLERK, now=NOW
    )  # fmt: skip
    confirm_import(batch=batch, by=CLERK, now=NOW)
    work()
    reasons = dict(ImportRow.objects.filter(batch=batch, state="refused").values_list("line", "reason"))
    assert reasons == {3: "La fiche a changé depuis la vérification.", 4: "Cet enfant a été créé entre-temps."}
    assert Person.objects.get(pk=demo.angeline.pk).ine == "0000000001A"


def test_undoing_spares_what_has_changed_or_serves_since(demo: World):
    batch = imported(onde(line("UN", "Lié"), line("DEUX", "Corrigé"), line("TROIS", "Libre"), line("QUATRE", "Parti")))
    linked, corrected, gone = (Person.objects.get(last_name=name) for name in ("UN", "DEUX", "QUATRE"))
    Link.objects.create(payer=demo.jamie, person=linked)
    Person.objects.filter(pk=corrected.pk).update(first_name="Autre")
    gone.delete()
    undone(batch)
    rows = ImportRow.objects.filter(batch=batch).exclude(line=0)
    assert dict(rows.values_list("line", "state")) == {2: "stuck", 3: "stuck", 4: "undone", 5: "undone"}
    assert set(rows.filter(state="stuck").values_list("reason", flat=True)) == {
        "Cet enfant a déjà un payeur, des réservations ou d'autres informations.", "La fiche a changé depuis l'import.",
    }  # fmt: skip
    assert not Person.objects.filter(last_name="TROIS").exists()
    assert Classroom.objects.filter(name="CP A").exists()  # somebody is still in it


def test_it_is_asked_once_and_its_columns_are_remembered(demo: World):
    headers = ["Qui", *HEADERS[1:]]
    batch = received(onde(line("ALPHA", "Un"), headers=headers))
    assert "last_name" not in batch.columns
    columns = {name: place for name, place in batch.columns.items() if name != "usual_name"}
    with pytest.raises(FamilyImportError, match="colonne donne le nom") as refusal:
        plan_import(batch=batch, matching=Matching(columns, 1), by=CLERK, now=NOW)
    assert refusal.value.field == "last_name"
    school = School.objects.get(code="ferry").pk
    plan_import(batch=batch, matching=Matching({**batch.columns, "last_name": 0}, school), by=CLERK, now=NOW)
    assert received(onde(line("BETA", "Deux"), headers=headers)).columns["last_name"] == 0
    one = confirm_import(batch=batch, by=CLERK, now=NOW)
    assert confirm_import(batch=batch, by=CLERK, now=NOW) == one
    with pytest.raises(FamilyImportError, match="est en cours"):
        undo_import(batch=batch, by=CLERK, now=NOW)
    with pytest.raises(FamilyImportError, match="déjà « en cours »"):
        plan_import(batch=batch, matching=Matching(batch.columns, school), by=CLERK, now=NOW)


def test_killed_between_two_slices_the_rest_is_done_once(demo: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(family_imports, "SLICE", 4)
    batch = planned(onde(*school_of(10)))
    job = confirm_import(batch=batch, by=CLERK, now=NOW)
    calls = []

    def mortal(**values: object) -> int:
        calls.append(1)
        if len(calls) == 2:
            import_slice(**values)  # type: ignore[arg-type]
            raise KeyboardInterrupt  # before the commit
        return import_slice(**values)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(family_imports, "import_slice", mortal)
        with pytest.raises(KeyboardInterrupt):
            work()
    assert Person.objects.filter(classroom__name__regex=r"^[A-Z0-9]+ \d$").count() == 4
    stop_job(public_id=job.public_id, by=CLERK, now=NOW)
    again = confirm_import(batch=batch, by=CLERK, now=NOW)  # « Reprendre »
    assert again.pk != job.pk
    work()
    assert states(batch)["done"] == 10
    assert Person.objects.filter(classroom__name__regex=r"^[A-Z0-9]+ \d$").count() == 10


def test_a_slice_costs_the_same_whatever_it_holds(demo: World):
    def queries(count: int, seed: int) -> int:
        batch = planned(
            onde(*(line(f"NOM{seed}{n}", "P", ine=f"{seed:05}{n:05}X", room=f"K{seed}") for n in range(count)))
        )
        confirm_import(batch=batch, by=CLERK, now=NOW)
        with CaptureQueriesContext(
            connection,
        ) as spent:
            assert import_slice(batch=batch, size=100, by=CLERK, now=NOW) == count
        Job.objects.all().delete()
        return len(spent)

    assert queries(1, 1) == queries(60, 2)


def test_a_thousand_pupils_are_tried_dry_at_once(demo: World):
    batch = imported(onde(*school_of(1000)), leavers=False)
    assert verdicts(batch) == {"new": 1000, "left": 2}
    assert Person.objects.count() == 1004
    assert verdicts(planned(onde(*school_of(1000)))) == {"same": 1000, "left": 2}
    undone(batch)
    assert Person.objects.count() == 4
    assert Classroom.objects.count() == 3


def test_another_town_sees_nothing_of_it(world: World):
    with in_town(world.demo):
        batch = planned(FERRY)
    with in_town(world.buchelay):
        assert ImportBatch.objects.count() == ImportRow.objects.count() == 0
        with pytest.raises(ImportBatch.DoesNotExist):
            confirm_import(batch=batch, by=CLERK, now=NOW)


def test_the_table_keeps_line_numbers():
    headers, lines = table_of(b'a;b\r\n\r\n"1\n2";x\r\n3;4\r\n')
    assert headers == ["a", "b"]
    assert [number for number, _ in lines] == [3, 5]
