"""Accounts of the town hall: making them, their roles, their password (feature M7)."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    MinimumLengthValidator,
    NumericPasswordValidator,
    UserAttributeSimilarityValidator,
)
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from portail.rules.staff import PASSWORD_LENGTH, TEMPORARY_DAYS, Role
from portail.towns.actors import Actor
from portail.towns.models import RecoveryCode, SecondFactor, Staff, StaffRole, StaffSession
from portail.towns.operations.trail import Act, record
from portail.towns.scope import current_town

VALIDATORS = (
    MinimumLengthValidator(PASSWORD_LENGTH),
    CommonPasswordValidator(),
    NumericPasswordValidator(),
    UserAttributeSimilarityValidator(("login", "name")),
)


class StaffError(ValueError):
    """An account that cannot be: the message is a French sentence."""


@transaction.atomic
def create_staff(
    *, login: str, name: str, password: str = "", roles: Collection[Role] = (), by: Actor, now: datetime
) -> Staff:
    """Create an account for someone of the town in force, with the password they chose. Raises StaffError."""
    staff = _new(login, name, now)
    check_password_choice(password, staff)
    staff.set_password(password)
    return _created(staff, roles, by=by, now=now)


@transaction.atomic
def invite_staff(*, login: str, name: str, roles: Collection[Role], by: Actor, now: datetime) -> tuple[Staff, str]:
    """Create an account with a password for one use, to hand over: (the agent, that password). Raises StaffError."""
    staff, password = _new(login, name, now), _drawn()
    staff.set_password(password)
    staff.temporary_until = now + timedelta(days=TEMPORARY_DAYS)
    return _created(staff, roles, by=by, now=now), password


@transaction.atomic
def change_staff(*, staff: Staff, name: str, roles: Collection[Role], active: bool, by: Actor, now: datetime) -> None:
    """Name, roles, whether the account still opens. Raises StaffError when nobody could manage accounts any more."""
    known = _locked(staff)
    held = _roles(known)
    if not name.strip():
        raise StaffError("Indiquez le nom de la personne.")
    last = not _administrators().exclude(staff=known).exists()
    if last and Role.ADMINISTRATOR in held and (Role.ADMINISTRATOR not in roles or not active):
        raise StaffError("C'est le seul compte d'administration : donnez d'abord ce rôle à quelqu'un d'autre.")
    before = {"name": known.name, "roles": sorted(held), "active": known.is_active}
    Staff.objects.filter(pk=known.pk).update(name=name.strip(), is_active=active)
    StaffRole.objects.filter(staff=known).exclude(role__in=roles).delete()
    StaffRole.objects.bulk_create(StaffRole(staff=known, role=role) for role in sorted(set(roles) - held))
    if not active:
        StaffSession.objects.filter(staff=known).delete()
    after = {"name": name.strip(), "roles": sorted(roles), "active": active}
    record(Act("change_staff", known.login, before, after), by=by, now=now)


@transaction.atomic
def reset_access(*, staff: Staff, by: Actor, now: datetime) -> str:
    """A lost password or telephone: a new password for one use, the second factor to be set up again. Returns it."""
    known, password = _locked(staff), _drawn()
    known.set_password(password)
    Staff.objects.filter(pk=known.pk).update(
        password=known.password,
        temporary_until=now + timedelta(days=TEMPORARY_DAYS),
        credential_version=known.credential_version + 1,
    )
    SecondFactor.objects.filter(staff=known).delete()
    RecoveryCode.objects.filter(staff=known).delete()
    StaffSession.objects.filter(staff=known).delete()
    record(Act("reset_access", known.login), by=by, now=now)
    return password


@transaction.atomic
def choose_password(*, staff: Staff, password: str, session_id: int, by: Actor, now: datetime) -> None:
    """One's own new password; every other session of the account is over. Raises StaffError."""
    known = _locked(staff)
    if known.check_password(password):
        raise StaffError("Ce mot de passe est l'ancien : choisissez-en un autre.")
    check_password_choice(password, known)
    known.set_password(password)
    version = known.credential_version + 1
    Staff.objects.filter(pk=known.pk).update(password=known.password, temporary_until=None, credential_version=version)
    StaffSession.objects.filter(staff=known).exclude(pk=session_id).delete()
    StaffSession.objects.filter(pk=session_id).update(credential_version=version)
    record(Act("choose_password", known.login), by=by, now=now)


def check_password_choice(password: str, staff: Staff) -> None:
    """Raises StaffError: too short, too common, made of digits alone, or too like the name."""
    for validator in VALIDATORS:
        try:
            validator.validate(password, staff)
        except ValidationError as error:
            raise StaffError(" ".join(error.messages)) from None


def _new(login: str, name: str, now: datetime) -> Staff:
    login = login.strip().casefold()
    if not login or any(character.isspace() for character in login):
        raise StaffError("L'identifiant est une adresse de courriel, ou un nom court sans espace.")
    if not name.strip():
        raise StaffError("Indiquez le nom de la personne.")
    if Staff.objects.filter(login=login).exists():
        raise StaffError(f"L'identifiant « {login} » est déjà pris.")
    return Staff(login=login, name=name.strip(), town=current_town(), created_at=now)


def _created(staff: Staff, roles: Collection[Role], *, by: Actor, now: datetime) -> Staff:
    staff.save()
    StaffRole.objects.bulk_create(StaffRole(staff=staff, role=role) for role in sorted(set(roles)))
    record(Act("create_staff", staff.login, after={"name": staff.name, "roles": sorted(roles)}), by=by, now=now)
    return staff


def _locked(staff: Staff) -> Staff:
    return Staff.objects.select_for_update().get(pk=staff.pk, town=current_town())


def _roles(staff: Staff) -> set[Role]:
    return {Role(role) for role in StaffRole.objects.filter(staff=staff).values_list("role", flat=True)}


def _administrators() -> QuerySet[StaffRole]:
    rows: QuerySet[StaffRole] = StaffRole.objects.filter(role=Role.ADMINISTRATOR, staff__is_active=True)
    return rows


def _drawn() -> str:
    """A password to read aloud: 16 characters without look-alikes, more than 70 bits."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4))
