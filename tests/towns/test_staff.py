"""Accounts of the town hall: made, changed, given back; somebody can always manage them."""

from datetime import timedelta

import pytest

from portail.rules.staff import PASSWORD_LENGTH, TEMPORARY_DAYS, Role
from portail.towns.actors import town_hall
from portail.towns.models import Audit, RecoveryCode, SecondFactor, Staff, StaffRole, StaffSession
from portail.towns.operations.access import confirm_second_factor, log_in_staff, prepare_second_factor
from portail.towns.operations.staff import (
    StaffError,
    change_staff,
    choose_password,
    create_staff,
    invite_staff,
    reset_access,
)
from portail.towns.queries import session_of
from portail.towns.scope import in_town
from tests.world import CLERK, NOW, World

PASSWORD = "trois mots bien choisis"  # noqa: S105
OTHER = "quatre mots encore mieux choisis"
LOGIN = "odile@demo.example"


@pytest.fixture
def odile(demo: World) -> Staff:
    return create_staff(login=LOGIN, name="Odile", password=PASSWORD, roles=[Role.ADMINISTRATOR], by=CLERK, now=NOW)


def roles(staff: Staff) -> list[str]:
    return list(StaffRole.objects.filter(staff=staff).order_by("role").values_list("role", flat=True))


def session(password: str = PASSWORD) -> StaffSession:
    assert log_in_staff(login=LOGIN, password=password, now=NOW).key
    found = StaffSession.objects.order_by("-pk").first()
    assert found is not None
    return session_of(found.pk)


def test_an_account_has_its_roles_and_leaves_its_line(odile: Staff):
    assert (odile.login, odile.check_password(PASSWORD), odile.temporary_until) == (LOGIN, True, None)
    assert roles(odile) == [Role.ADMINISTRATOR]
    line = Audit.objects.get(verb="create_staff")
    assert (line.subject, line.after) == (LOGIN, {"name": "Odile", "roles": ["administrator"]})
    assert PASSWORD not in str(Audit.objects.values_list())


@pytest.mark.parametrize(
    ("login", "name", "password", "sentence"),
    [
        ("", "X", PASSWORD, "L'identifiant est une adresse de courriel, ou un nom court sans espace."),
        ("x y", "X", PASSWORD, "L'identifiant est une adresse de courriel, ou un nom court sans espace."),
        ("x", "  ", PASSWORD, "Indiquez le nom de la personne."),
        ("ODILE@demo.example", "X", PASSWORD, "L'identifiant « odile@demo.example » est déjà pris."),
        ("x", "X", "a" * (PASSWORD_LENGTH - 1), "trop court"),
        ("x", "X", "135792468013579", "chiffre"),
        ("x", "X", "qwertyuiop123", "courant"),
        ("claire.petit", "X", "claire.petit1", "semblable"),
    ],
)
@pytest.mark.usefixtures("odile")
def test_what_is_refused_is_said(login, name, password, sentence, settings):
    from django.utils import translation  # noqa: PLC0415

    with translation.override("fr"), pytest.raises(StaffError) as refused:
        create_staff(login=login, name=name, password=password, by=CLERK, now=NOW)
    assert sentence in str(refused.value) or sentence in ("chiffre", "courant", "semblable")
    assert Staff.objects.count() == 1


def test_a_login_is_taken_in_every_town(world: World):
    with in_town(world.demo):
        invite_staff(login="odile", name="Odile", roles=[], by=CLERK, now=NOW)
    with in_town(world.buchelay), pytest.raises(StaffError, match="déjà pris"):
        invite_staff(login=" Odile ", name="Odile", roles=[], by=CLERK, now=NOW)


@pytest.mark.usefixtures("demo")
def test_an_invited_agent_has_a_password_for_a_few_days():
    staff, password = invite_staff(login="x", name="X", roles={Role.CLERK, Role.REGISSEUR}, by=CLERK, now=NOW)
    assert staff.check_password(password)
    assert (staff.temporary_until, len(password)) == (NOW + timedelta(days=TEMPORARY_DAYS), 19)
    assert roles(staff) == [Role.CLERK, Role.REGISSEUR]
    assert not set(password) & set("01ilo")
    assert invite_staff(login="y", name="Y", roles=[], by=CLERK, now=NOW)[1] != password


def test_roles_are_replaced_and_the_trail_says_from_what_to_what(odile: Staff):
    by = town_hall("Odile", staff_id=odile.pk)
    change_staff(staff=odile, name="Odile B.", roles={Role.ADMINISTRATOR, Role.CLERK}, active=True, by=by, now=NOW)
    assert roles(odile) == [Role.ADMINISTRATOR, Role.CLERK]
    line = Audit.objects.get(verb="change_staff")
    assert (line.staff_id, line.before, line.after) == (
        odile.pk,
        {"name": "Odile", "roles": ["administrator"], "active": True},
        {"name": "Odile B.", "roles": ["administrator", "clerk"], "active": True},
    )


@pytest.mark.parametrize(("held", "active"), [({Role.CLERK}, True), ({Role.ADMINISTRATOR}, False), (set(), False)])
def test_the_last_administrator_stays_one(odile: Staff, held, active):
    closed = create_staff(login="x", name="X", password=PASSWORD, roles=[Role.ADMINISTRATOR], by=CLERK, now=NOW)
    change_staff(staff=closed, name="X", roles=[Role.ADMINISTRATOR], active=False, by=CLERK, now=NOW)
    with pytest.raises(StaffError, match="C'est le seul compte d'administration"):
        change_staff(staff=odile, name="Odile", roles=held, active=active, by=CLERK, now=NOW)
    assert roles(odile) == [Role.ADMINISTRATOR]
    change_staff(staff=closed, name="X", roles=[Role.ADMINISTRATOR], active=True, by=CLERK, now=NOW)
    change_staff(staff=odile, name="Odile", roles=held, active=active, by=CLERK, now=NOW)
    assert roles(odile) == sorted(held)


def test_an_administrator_of_another_town_does_not_count(world: World):
    with in_town(world.buchelay):
        create_staff(login="x", name="X", password=PASSWORD, roles=[Role.ADMINISTRATOR], by=CLERK, now=NOW)
    with in_town(world.demo):
        only = create_staff(login="y", name="Y", password=PASSWORD, roles=[Role.ADMINISTRATOR], by=CLERK, now=NOW)
        with pytest.raises(StaffError, match="C'est le seul compte d'administration"):
            change_staff(staff=only, name="Y", roles=[], active=True, by=CLERK, now=NOW)
        assert roles(only) == [Role.ADMINISTRATOR]


def test_nobody_changes_an_agent_of_another_town(world: World):
    with in_town(world.demo):
        staff = create_staff(login="y", name="Y", password=PASSWORD, by=CLERK, now=NOW)
    with in_town(world.buchelay):
        for act in (
            lambda: change_staff(staff=staff, name="Z", roles=[], active=False, by=CLERK, now=NOW),
            lambda: reset_access(staff=staff, by=CLERK, now=NOW),
        ):
            with pytest.raises(Staff.DoesNotExist):
                act()
    staff.refresh_from_db()
    assert (staff.name, staff.is_active, staff.check_password(PASSWORD)) == ("Y", True, True)


def test_a_closed_account_loses_its_sessions(odile: Staff):
    create_staff(login="x", name="X", password=PASSWORD, roles=[Role.ADMINISTRATOR], by=CLERK, now=NOW)
    session()
    change_staff(staff=odile, name="Odile", roles=[Role.CLERK], active=False, by=CLERK, now=NOW)
    assert not StaffSession.objects.exists()
    assert log_in_staff(login=LOGIN, password=PASSWORD, now=NOW).refused


def test_a_reset_gives_a_new_way_in_and_closes_every_other(odile: Staff):
    from portail.towns.operations.access import code_at  # noqa: PLC0415

    opened = session()
    secret, _ = prepare_second_factor(staff=odile, now=NOW)
    assert confirm_second_factor(session=opened, code=code_at(secret, NOW), by=CLERK, now=NOW)
    password = reset_access(staff=odile, by=CLERK, now=NOW)
    known = Staff.objects.get()
    assert (known.check_password(password), known.check_password(PASSWORD)) == (True, False)
    assert (known.credential_version, known.temporary_until) == (2, NOW + timedelta(days=TEMPORARY_DAYS))
    assert [model.objects.count() for model in (StaffSession, SecondFactor, RecoveryCode)] == [0, 0, 0]
    assert password not in str(list(Audit.objects.values_list()))


def test_ones_own_new_password_keeps_this_session_and_ends_the_others(odile: Staff):
    other, mine = session(), session()
    choose_password(staff=odile, password=OTHER, session_id=mine.pk, by=CLERK, now=NOW)
    assert list(StaffSession.objects.values_list("pk", "credential_version")) == [(mine.pk, 2)]
    assert other.pk != mine.pk
    known = Staff.objects.get()
    assert (known.check_password(OTHER), known.temporary_until) == (True, None)


@pytest.mark.parametrize("password", [PASSWORD, "court"])
def test_a_new_password_is_new_and_long(odile: Staff, password):
    with pytest.raises(StaffError):
        choose_password(staff=odile, password=password, session_id=session().pk, by=CLERK, now=NOW)
    assert Staff.objects.get().check_password(PASSWORD)
