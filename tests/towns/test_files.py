"""Files kept for a while: sealed at rest, each reading in the trail, gone when their time is over."""

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.towns.models import Audit, Job, KeptFile
from portail.towns.operations import files
from portail.towns.operations.files import (
    DESTROYED_AT_ONCE,
    KeptFileError,
    NewFile,
    OpenedFile,
    destroy_expired,
    keep_file,
    open_file,
)
from portail.towns.operations.jobs import Outcome, claim_jobs, enqueue, finish
from portail.towns.scope import in_town
from portail.towns.sealing import SealError
from tests.world import CLERK, NOW, World

DAY = timedelta(days=1)
LETTERS = NewFile("lettres-CP.pdf", "application/pdf", b"%PDF-1.7 le code de Jamie : K7M2P-9QXDT", 7)


def trail() -> list[tuple[str, str]]:
    return list(Audit.objects.filter(verb__contains="file").order_by("id").values_list("verb", "subject"))


@pytest.mark.usefixtures("demo")
def test_a_file_is_unreadable_at_rest_and_comes_back_as_it_was():
    kept = keep_file(LETTERS, by=CLERK, now=NOW)
    row = KeptFile.objects.get()
    assert LETTERS.content[:8] not in bytes(row.content)
    assert (row.size, row.expires_at) == (len(LETTERS.content), NOW + 7 * DAY)
    opened = open_file(public_id=kept.public_id, by=CLERK, now=NOW + 6 * DAY)
    assert opened == OpenedFile(LETTERS.name, LETTERS.content_type, LETTERS.content)
    line = Audit.objects.get(verb="download")
    assert (line.subject, line.actor, line.after) == (LETTERS.name, CLERK.name, {"file": str(kept.public_id)})


@pytest.mark.usefixtures("demo")
@given(st.binary(min_size=1, max_size=300))
def test_whatever_is_kept_comes_back(content: bytes):
    kept = keep_file(NewFile("x", "y", content, 1), by=CLERK, now=NOW)
    assert open_file(public_id=kept.public_id, by=CLERK, now=NOW).content == content


def test_a_file_opens_in_its_town_and_in_its_row_alone(world: World):
    with in_town(world.demo):
        one, other = (keep_file(LETTERS, by=CLERK, now=NOW) for _ in range(2))
        KeptFile.objects.filter(pk=other.pk).update(content=one.content)
        with pytest.raises(SealError):
            open_file(public_id=other.public_id, by=CLERK, now=NOW)
        assert not Audit.objects.filter(verb="download").exists()
    with in_town(world.buchelay), pytest.raises(KeptFileError):
        open_file(public_id=one.public_id, by=CLERK, now=NOW)


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (NewFile("x.pdf", "y", b"", 1), "Ce fichier est vide, ou n'a pas de nom."),
        (NewFile(" /\n", "y", b"x", 1), "Ce fichier est vide, ou n'a pas de nom."),
        (NewFile("x.pdf", "y", b"x", 0), "Un fichier se garde au moins un jour."),
    ],
)
@pytest.mark.usefixtures("demo")
def test_what_cannot_be_kept_is_said(file, sentence):
    with pytest.raises(KeptFileError) as refused:
        keep_file(file, by=CLERK, now=NOW)
    assert (str(refused.value), KeptFile.objects.count()) == (sentence, 0)


@pytest.mark.usefixtures("demo")
def test_a_file_has_a_size_at_most(monkeypatch):
    assert files.LARGEST == 25 * 1024 * 1024
    monkeypatch.setattr(files, "LARGEST", 2 * 1024 * 1024)
    keep_file(NewFile("x", "y", b"x" * files.LARGEST, 1), by=CLERK, now=NOW)
    with pytest.raises(KeptFileError, match="« x » est trop gros : 2 Mo au plus"):
        keep_file(NewFile("x", "y", b"x" * (files.LARGEST + 1), 1), by=CLERK, now=NOW)


@pytest.mark.parametrize(
    ("name", "kept"),
    [("C:\\eleves\\ONDE.csv", "ONDE.csv"), ("../../etc/é\r\nX: y", "é  X: y"), ("a\0b", "a b"), ("x" * 300, "x" * 200)],
)
@pytest.mark.usefixtures("demo")
def test_a_name_is_only_a_name(name, kept):
    assert keep_file(NewFile(name, "y", b"x", 1), by=CLERK, now=NOW).name == kept


@pytest.mark.usefixtures("demo")
def test_what_is_over_is_closed_at_once_then_destroyed():
    kept, later = (keep_file(NewFile(f"{days}", "y", b"x", days), by=CLERK, now=NOW) for days in (1, 2))
    assert destroy_expired(by=CLERK, now=NOW + DAY - timedelta(seconds=1)) == 0
    with pytest.raises(KeptFileError, match="Ce fichier n'existe plus"):
        open_file(public_id=kept.public_id, by=CLERK, now=NOW + DAY)
    with pytest.raises(KeptFileError):
        open_file(public_id=uuid4(), by=CLERK, now=NOW)
    assert [destroy_expired(by=CLERK, now=NOW + DAY) for _ in range(2)] == [1, 0]
    assert KeptFile.objects.get() == later
    assert trail() == [("keep_file", "1"), ("keep_file", "2"), ("destroy_file", "1")]


@pytest.mark.usefixtures("demo")
def test_many_are_destroyed_by_slices():
    for n in range(DESTROYED_AT_ONCE + 1):
        keep_file(NewFile(f"{n}", "y", b"x", 1), by=CLERK, now=NOW)
    assert [destroy_expired(by=CLERK, now=NOW + DAY) for _ in range(3)] == [DESTROYED_AT_ONCE, 1, 0]


@pytest.mark.usefixtures("demo")
def test_the_job_of_a_destroyed_file_stays():
    enqueue(kind="letters", label="Lettres", order={}, by=CLERK, now=NOW)
    (job,) = claim_jobs(worker="one", lease=DAY, limit=1, now=NOW)
    assert finish(job=job, outcome=Outcome({}, LETTERS), now=NOW)
    assert destroy_expired(by=CLERK, now=NOW + 7 * DAY) == 1
    assert Job.objects.get().file is None
