"""`portail staff`: accounts, roles, a way back in, by whoever holds the server."""

import pytest

from portail.rules.staff import Role
from portail.towns.models import Audit, Staff, StaffRole
from portail.towns.operations.staff import create_staff
from portail.towns.scope import in_town
from tests.world import CLERK, NOW, World

TOWN = ("--town", "demo", "--by", "Exploitant")
ODILE = (*TOWN, "--login", "odile@demo.example")

pytestmark = pytest.mark.usefixtures("frozen")


def roles() -> list[str]:
    return sorted(StaffRole.objects.values_list("role", flat=True))


def create(run, *words: str) -> list[str]:
    return run("staff", "create", *ODILE, "--name", "Mme Odile", *words)


def test_an_account_is_created_with_a_password_for_a_week(demo: World, run, fail):
    first, password, until, last = create(run, "--role", "regisseur", "--role", "Agent")
    assert first == "Compte de Mme Odile créé ; identifiant : odile@demo.example"
    staff = Staff.objects.get()
    assert staff.check_password(password.removeprefix("Mot de passe provisoire : "))
    assert until.replace("\u00a0", " ") == "Il sert jusqu'au lundi 23 novembre à 9 h."
    assert last == "Transmettez-le de vive voix : il ne pourra pas être relu."
    assert roles() == [Role.CLERK, Role.REGISSEUR]
    assert Audit.objects.get(verb="create_staff").actor == "Exploitant"
    assert fail("staff", "create", *ODILE, "--name", "Autre") == (
        "L'identifiant « odile@demo.example » est déjà pris."
    )  # fmt: skip


def test_a_password_of_ones_own_is_for_good(demo: World, run, monkeypatch):
    monkeypatch.setattr("sys.stdin.readline", lambda: "un long mot de passe\n", raising=False)
    assert create(run, "--password-stdin") == ["Compte de Mme Odile créé ; identifiant : odile@demo.example"]
    staff = Staff.objects.get()
    assert (staff.temporary_until, staff.check_password("un long mot de passe"), roles()) == (None, True, [])


def test_a_password_of_ones_own_is_not_short(demo: World, fail, monkeypatch):
    monkeypatch.setattr("sys.stdin.readline", lambda: "azerty\n", raising=False)
    sentence = fail("staff", "create", *ODILE, "--name", "Mme Odile", "--password-stdin")
    assert sentence == "Ce mot de passe est trop court. Il doit contenir au minimum 12 caractères."
    assert not Staff.objects.exists()


def test_an_unknown_role_is_said_with_the_known_ones(demo: World, fail):
    assert fail("staff", "create", *ODILE, "--name", "X", "--role", "chef") == (
        "portail staff create : --role : « chef » n'est pas un rôle : agent, regisseur, cuisine, animateur, "
        "administrateur."
    )


def test_the_list_names_roles_and_closed_accounts(world: World, run):
    with in_town(world.demo):
        create_staff(login="zoe", name="Zoé", password="un long mot de passe", by=CLERK, now=NOW)  # noqa: S106
        create(run, "--role", "cuisine")
        run("staff", "roles", *ODILE, "--close")
    assert run("staff", "list", "--town", "demo") == [
        "Mme Odile (odile@demo.example) : cuisine ; fermé", "Zoé (zoe) : aucun rôle", "2 comptes.",
    ]  # fmt: skip
    assert run("staff", "list", "--town", "buchelay") == ["0 compte."]


def test_roles_are_replaced_and_the_account_reopened(demo: World, run, fail):
    create(run, "--role", "cuisine")
    line = "Mme Odile (odile@demo.example)"
    assert run("staff", "roles", *ODILE, "--role", "agent", "--close") == [f"{line} : agent ; fermé"]
    assert run("staff", "roles", *ODILE, "--open") == [f"{line} : agent"]
    assert run("staff", "roles", *ODILE, "--none") == [f"{line} : aucun rôle"]
    assert fail("staff", "roles", *ODILE) == "Que changer ? Ajoutez --role, --none, --close ou --open."
    assert fail("staff", "roles", *ODILE, "--none", "--role", "agent") == (
        "Donnez des rôles, ou --none, pas les deux."
    )  # fmt: skip


def test_the_last_administrator_stays(demo: World, run, fail):
    create(run, "--role", "administrateur")
    assert fail("staff", "roles", *ODILE, "--close").startswith("C'est le seul compte d'administration")
    assert roles() == [Role.ADMINISTRATOR]


def test_a_lost_access_is_given_back(demo: World, run, fail):
    create(run)
    first, password, *_ = run("staff", "reset", *ODILE)
    assert first == "L'accès de Mme Odile est à refaire : mot de passe, puis deuxième facteur."
    assert Staff.objects.get().check_password(password.removeprefix("Mot de passe provisoire : "))
    assert fail("staff", "reset", *TOWN, "--login", "nemo") == "Aucun compte de cette commune ne s'appelle « nemo »."
