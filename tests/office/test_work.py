"""The page of a long work: followed, stopped, its file taken; nobody else's."""

from datetime import timedelta

from portail.towns.models import Audit, KeptFile
from portail.towns.operations.files import NewFile
from portail.towns.operations.jobs import Outcome, Step, claim_jobs, enqueue, fail, finish, report
from tests.world import NOW

LEASE = timedelta(minutes=1)
NONE = "/mairie/travaux/00000000-0000-0000-0000-000000000001/"


def asked(office, label="Lettres du CP"):
    job = enqueue(kind="letters", label=label, order={}, by=office.by, now=NOW)
    return job, f"/mairie/travaux/{job.public_id}/"


def claimed():
    (job,) = claim_jobs(worker="w", lease=LEASE, limit=1, now=NOW)
    return job


def test_a_work_is_followed_to_its_file(clerk):
    _, path = asked(clerk)
    page = clerk.get(path)
    assert page.headers["Refresh"] == "5"
    assert "en attente" in page.content.decode()
    held = claimed()
    report(job=held, step=Step(3, 10, "classe <CP>"), lease=LEASE, now=NOW)
    assert "en cours : 3 sur 10, classe &lt;CP&gt;" in clerk.page(path)
    assert clerk.get(f"{path}etat/").json() == {
        "done": 3, "total": 10, "words": "en cours : 3 sur 10, classe <CP>", "over": False,
    }  # fmt: skip
    file = NewFile("lettres.pdf", "application/pdf", b"%PDF-1.7", 7)
    finish(job=held, outcome=Outcome({"words": "Dix lettres sont prêtes."}, file), now=NOW)
    page = clerk.get(path)
    assert "Refresh" not in page.headers
    assert "Dix lettres sont prêtes." in page.content.decode()
    got = clerk.get(f"{path}fichier/")
    assert (got.content, got.headers["Content-Disposition"]) == (b"%PDF-1.7", 'attachment; filename="lettres.pdf"')
    assert Audit.objects.filter(verb="download", actor=clerk.staff.name).count() == 1


def test_a_file_that_was_destroyed_says_so(clerk):
    _, path = asked(clerk)
    finish(job=claimed(), outcome=Outcome({}, NewFile("a.pdf", "application/pdf", b"%PDF", 7)), now=NOW)
    KeptFile.objects.update(expires_at=NOW)
    page = clerk.get(f"{path}fichier/")
    assert page.status_code == 404
    assert "détruit" in page.content.decode()


def test_it_can_be_stopped_once(clerk):
    _, path = asked(clerk)
    assert clerk.sent(f"{path}arreter/") == path
    assert "Le travail est arrêté." in clerk.page(path)
    clerk.sent(f"{path}arreter/")
    assert "déjà fini" in clerk.page(path)


def test_a_failure_says_why(clerk):
    _, path = asked(clerk)
    fail(job=claimed(), error="La classe <CP> est vide.", now=NOW)
    assert "La classe &lt;CP&gt; est vide." in clerk.page(path)
    assert clerk.get(f"{path}fichier/").status_code == 404


def test_a_work_belongs_to_who_asked_for_it(clerk, administrator):
    _, path = asked(clerk)
    for address in (path, f"{path}etat/", f"{path}fichier/", NONE):
        assert administrator.get(address).status_code == 404
    assert administrator.post(f"{path}arreter/").status_code == 404
    assert "Aucun travail" in administrator.page("/mairie/travaux/")


def test_the_list_costs_the_same_whatever_its_length(clerk, django_assert_num_queries):
    asked(clerk)
    with django_assert_num_queries(5):
        clerk.page("/mairie/travaux/")
    for number in range(60):
        asked(clerk, f"Travail {number}")
    with django_assert_num_queries(5):
        assert "page 1 sur 2" in clerk.page("/mairie/travaux/")
