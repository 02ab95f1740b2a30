"""Codes and letters: one file by class, codes that live and die with it, and a new one on an explicit yes alone."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pikepdf
import pytest
from django.urls import reverse

from portail.console import code_letters
from portail.console.jobs import JobRunner
from portail.families.models import Link, ParentSession, Payer, Person, Throttle
from portail.families.operations.people import Answering, PayerDetails, add_payer
from portail.families.operations.register import PersonDraft
from portail.families.queries.letters import each_payer_once, letters_to, piles
from portail.gateways.pdf.press import PaperError, print_many
from portail.towns.models import Audit, Job, KeptFile
from portail.towns.operations.files import open_file
from portail.towns.operations.jobs import enqueue, stop_job
from tests.gateways.pdf_reading import structure, words
from tests.world import ANGELINE, CLERK, DENISE_CODE, JAMES, JAMIE_CODE, NOW, World, connect, family

LETTERS = "/mairie/familles/lettres/"
LATER = NOW + timedelta(minutes=10)  # the lease of a dead worker is over
ASKED = {"who": "new", "sure": "on"}


def runner(now: datetime = NOW) -> JobRunner:
    return JobRunner("one", lambda: now, lambda: False)


def classes(*persons: Person) -> list[int | None]:
    return [person.classroom_id for person in persons]


def file_of(job: Job) -> bytes:
    job.refresh_from_db()
    assert job.state == Job.State.DONE, job.error
    assert job.file is not None
    return open_file(public_id=job.file.public_id, by=CLERK, now=NOW).content


def code_page(payer: Payer) -> str:
    return reverse("office:payer_code", kwargs={"public_id": payer.public_id})


def test_the_letters_of_a_class_carry_codes_that_open(demo: World, clerk):
    connect(JAMES, JAMIE_CODE)
    assert ParentSession.objects.count() == 1
    path = clerk.sent(LETTERS, {**ASKED, "classes": classes(demo.james)})
    assert clerk.sent(LETTERS, {**ASKED, "classes": classes(demo.james)}) == path  # two clicks, one work
    assert connect(JAMES, JAMIE_CODE).key  # nothing changed yet
    assert runner().run_one() == 1
    (job,) = Job.objects.all()
    (page,) = words(file_of(job))
    assert "JamesBOND" in page
    assert "cahier:AlineBOND" in page
    (code,) = set(re.findall(r"[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}", page))
    assert ParentSession.objects.count() == 0
    assert not connect(JAMES, JAMIE_CODE).key
    assert connect("008", code).key
    assert connect(ANGELINE, DENISE_CODE).key
    assert Payer.objects.get(pk=demo.jamie.pk).letter_at == NOW
    assert "2 lettres" not in clerk.page(path)
    assert "Télécharger lettres-mallerin-primaire-10.pdf" in clerk.page(path)
    assert Audit.objects.filter(verb="reissue_code", actor="Odile PRUVOST").count() == 1
    assert KeptFile.objects.get().expires_at > NOW
    assert "déjà eu leur lettre" in clerk.refused(LETTERS, {**ASKED, "classes": classes(demo.james)})
    assert clerk.sent(LETTERS, {**ASKED, "who": "all", "classes": classes(demo.james)}) != path


def test_every_class_has_its_file_and_nobody_two_codes(demo: World, clerk):
    assert clerk.sent(LETTERS, {**ASKED, "classes": classes(demo.james, demo.angeline, demo.bertrand)})
    while runner().run_one():
        pass
    assert [job.order["payers"] for job in Job.objects.order_by("pk")] == [[demo.denise.pk], [demo.jamie.pk]]
    assert {job.state for job in Job.objects.all()} == {"done"}
    texts = ["".join(words(file_of(job))) for job in Job.objects.order_by("pk")]
    assert "BertrandMARSONE" in texts[0]
    assert "cahier:AngélineMARSONE" in texts[0]


def test_nothing_is_asked_without_an_explicit_yes(demo: World, clerk):
    page = clerk.refused(LETTERS, {"who": "new", "classes": classes(demo.james)})
    assert "ne serviront plus" in page
    assert "au moins une classe" in clerk.refused(LETTERS, ASKED)
    assert clerk.refused(LETTERS, {**ASKED, "classes": ["999999"]})
    assert "Cochez la case" in clerk.refused(code_page(demo.jamie), {"way": "screen"})
    assert Job.objects.count() == 0
    assert connect(JAMES, JAMIE_CODE).key


def test_a_code_on_screen_is_shown_once_and_opens(demo: World, clerk):
    page = clerk.post(code_page(demo.jamie), {"way": "screen", "sure": "on"}).content.decode()
    code = re.search(r'class="given num">([^<]+)<', page)
    assert code
    assert connect(JAMES, code[1]).key
    assert not connect(JAMES, JAMIE_CODE).key
    assert code[1] not in clerk.page(reverse("office:family", kwargs={"public_id": demo.jamie.public_id}))


def test_a_letter_for_one(demo: World, clerk):
    path = clerk.sent(code_page(demo.denise), {"way": "letter", "sure": "on"})
    runner().run_one()
    (page,) = words(file_of(Job.objects.get()))
    assert "DeniseMARSONE" in page
    assert clerk.get(f"{path}fichier/").content[:5] == b"%PDF-"
    assert Audit.objects.filter(verb="download").exists()


def test_the_letter_is_tagged_and_hostile_names_stay_text(demo: World, clerk):
    Payer.objects.filter(pk=demo.jamie.pk).update(first_name='#panic("x")', last_name="$x^2$ *g* @r \\u{41}")
    clerk.sent(code_page(demo.jamie), {"way": "letter", "sure": "on"})
    runner().run_one()
    pdf = file_of(Job.objects.get())
    roles = [role for role, _ in structure(pdf)]
    assert roles.count("H1") == 1
    assert roles.count("TH") == 3
    assert '#panic("x")' in words(pdf)[0]
    assert len(pikepdf.open(io.BytesIO(pdf)).pages) == 1


def test_when_the_press_fails_the_old_codes_stay(demo: World, clerk, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object, **__: object) -> bytes:
        raise PaperError("no")

    monkeypatch.setattr(code_letters, "print_many", broken)
    clerk.sent(code_page(demo.jamie), {"way": "letter", "sure": "on"})
    runner().run_one()
    assert Job.objects.get().state == Job.State.FAILED
    assert connect(JAMES, JAMIE_CODE).key


def test_a_work_stopped_meanwhile_changes_no_code(demo: World, clerk, monkeypatch: pytest.MonkeyPatch):
    clerk.sent(code_page(demo.jamie), {"way": "letter", "sure": "on"})
    job = Job.objects.get()

    def stopped(*papers: object, **more: object) -> bytes:
        stop_job(public_id=job.public_id, by=CLERK, now=NOW)
        return print_many(*papers, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(code_letters, "print_many", stopped)
    runner().run_one()
    assert Job.objects.get().state == Job.State.STOPPED
    assert connect(JAMES, JAMIE_CODE).key
    assert KeptFile.objects.count() == 0


@contextmanager
def power_cut(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[None]:
    """Dies where `name` would be called, as a worker that is killed."""

    def dead(**_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(code_letters, name, dead)
        with pytest.raises(KeyboardInterrupt):
            runner().run_one()
        yield


def test_killed_before_the_end_the_old_codes_stay_and_the_work_is_taken_up(demo: World, clerk, monkeypatch):
    clerk.sent(code_page(demo.jamie), {"way": "letter", "sure": "on"})
    with power_cut(monkeypatch, "finish"):
        assert connect(JAMES, JAMIE_CODE).key
        assert Payer.objects.get(pk=demo.jamie.pk).letter_at is None
    assert runner(LATER).run_one() == 1
    assert Job.objects.get().state == Job.State.DONE
    assert not connect(JAMES, JAMIE_CODE, now=LATER).key


def test_a_work_for_nobody_says_so(demo: World, clerk):
    job = enqueue(kind="code_letters", label="x", order={"payers": [0], "title": "x"}, by=CLERK, now=NOW)
    runner().run_one()
    job.refresh_from_db()
    assert "Plus aucun payeur" in job.error


def test_parents_apart_get_theirs_by_post_after_the_notebooks(demo: World):
    Payer.objects.filter(pk=demo.jamie.pk).update(address="1 rue A\n78000 DÉMO")
    other = add_payer(
        person=demo.james, details=PayerDetails("Marc", "BOND", address="9 rue B\n78000 DÉMO"), answering=Answering(),
        by=CLERK, now=NOW,
    ).payer  # fmt: skip
    found = letters_to([demo.jamie.pk, other.pk, demo.denise.pk])
    assert [(one.name, one.apart) for one in found] == [
        ("Denise MARSONE", False), ("Jamie BOND", True), ("Marc BOND", True),
    ]  # fmt: skip
    Payer.objects.filter(pk=other.pk).update(address="1 RUE A 78000 demo")
    assert not any(one.apart for one in letters_to([demo.jamie.pk, other.pk]))


def test_piles_hold_everybody_once_and_cost_the_same(demo: World, django_assert_num_queries):
    alone, _ = family("Sans CLASSE", "ZZZZZ-00001", [PersonDraft("A", "SANS")])
    with django_assert_num_queries(2):
        every = piles()
    assert [pile.name for pile in every] == [
        "JULES FERRY, CE1", "JULES FERRY, CE2", "MALLERIN PRIMAIRE, 10", "Sans classe",
    ]  # fmt: skip
    once = [payer for pile in each_payer_once(every) for payer in pile.payers]
    assert sorted(once) == sorted({demo.jamie.pk, demo.denise.pk, alone.pk})
    Link.objects.filter(payer=alone).delete()
    assert len(piles()) == 3
    with django_assert_num_queries(2):
        letters_to([demo.jamie.pk, demo.denise.pk])


def test_a_family_that_tried_too_often_may_try_again(demo: World, clerk):
    path = reverse("office:unlock", kwargs={"public_id": demo.jamie.public_id})
    for _ in range(6):
        connect(JAMES, "wrong")
    assert connect(JAMES, JAMIE_CODE).brake
    clerk.sent(path)
    assert connect(JAMES, JAMIE_CODE).key
    Throttle.objects.update(in_a_row=100, tries=1)
    assert "nouveau code" in clerk.post(path).content.decode()
    assert Throttle.objects.filter(in_a_row=100).exists()
