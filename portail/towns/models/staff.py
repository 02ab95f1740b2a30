"""Who works for a town hall, by which roles, and how they log in (feature M7)."""

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models

from portail.rules.staff import Role
from portail.towns.keys import SameTown
from portail.towns.models.towns import Town, TownModel


class StaffManager(BaseUserManager["Staff"]):
    """Staff log in by their e-mail address or login name, whatever its case."""

    def get_by_natural_key(self, username: str | None) -> "Staff":
        return self.get(login=(username or "").casefold())


class Staff(AbstractBaseUser, PermissionsMixin):
    """Someone who works for a town hall, or the operator of the installation (no town). Parents are not users."""

    login = models.CharField("identifiant", max_length=254, unique=True)
    name = models.CharField("nom", max_length=150)
    town = models.ForeignKey(
        Town, on_delete=models.PROTECT, null=True, blank=True, related_name="staff", verbose_name="commune"
    )
    is_active = models.BooleanField("actif", default=True)
    created_at = models.DateTimeField("créé le")
    # Given by hand by whoever made the account: opens the door until then, to choose another.
    temporary_until = models.DateTimeField("mot de passe provisoire jusqu'au", null=True, blank=True)
    # Raised by a new password or a new second factor: sessions that carry an older one are over.
    credential_version = models.PositiveIntegerField("version du mot de passe", default=1)

    USERNAME_FIELD = "login"
    REQUIRED_FIELDS = ["name"]
    objects: ClassVar[StaffManager] = StaffManager()

    class Meta:
        verbose_name = "agent"
        constraints = [models.UniqueConstraint(fields=["town", "id"], name="towns_staff_town_and_id")]

    def __str__(self) -> str:
        return self.name


class StaffRole(TownModel):
    """One of the roles of an agent; what a role may do is in `rules.staff.TABLE`."""

    staff = models.ForeignKey(
        Staff, on_delete=models.CASCADE, db_constraint=False, related_name="roles", verbose_name="agent"
    )
    role = models.CharField("rôle", max_length=15, choices=[(role.value, role.value) for role in Role])

    class Meta(TownModel.Meta):
        verbose_name = "rôle d'un agent"
        constraints = [
            models.UniqueConstraint(fields=["town", "staff", "role"], name="staff_role_once"),
            SameTown(field="staff", name="staff_role_same_town_staff"),
        ]


class SecondFactor(TownModel):
    """The secret that an agent's telephone shares with us (TOTP, RFC 6238), sealed; in force once `confirmed_at`."""

    staff = models.ForeignKey(
        Staff, on_delete=models.CASCADE, db_constraint=False, related_name="second_factors", verbose_name="agent"
    )
    secret = models.BinaryField("secret chiffré")
    made_at = models.DateTimeField("créé le")
    confirmed_at = models.DateTimeField("confirmé le", null=True)
    last_step = models.BigIntegerField("dernier pas accepté", default=0)  # a code that was used opens nothing again

    class Meta(TownModel.Meta):
        verbose_name = "deuxième facteur"
        constraints = [
            models.UniqueConstraint(fields=["town", "staff"], name="second_factor_once"),
            SameTown(field="staff", name="second_factor_same_town_staff"),
        ]


class RecoveryCode(TownModel):
    """A code on paper for the day the telephone is lost: kept as a hash, good for once."""

    staff = models.ForeignKey(
        Staff, on_delete=models.CASCADE, db_constraint=False, related_name="recovery_codes", verbose_name="agent"
    )
    code_hash = models.CharField("empreinte", max_length=64)
    used_at = models.DateTimeField("utilisé le", null=True)

    class Meta(TownModel.Meta):
        verbose_name = "code de secours"
        constraints = [
            models.UniqueConstraint(fields=["town", "staff", "code_hash"], name="recovery_code_once"),
            SameTown(field="staff", name="recovery_code_same_town_staff"),
        ]


class StaffSession(TownModel):
    """A session of the office. Like a parent's, the cookie holds the key and the table its hash.

    `verified`: the second factor was given; until then the session opens nothing but the page that asks for it.
    """

    key_hash = models.CharField("empreinte de la clé", max_length=64)
    staff = models.ForeignKey(
        Staff, on_delete=models.CASCADE, db_constraint=False, related_name="sessions", verbose_name="agent"
    )
    credential_version = models.PositiveIntegerField("version du mot de passe")
    verified = models.BooleanField("deuxième facteur donné", default=False)
    started_at = models.DateTimeField("ouverte le")
    ends_at = models.DateTimeField("expire le")

    class Meta(TownModel.Meta):
        verbose_name = "session d'un agent"
        indexes = [models.Index(fields=["town", "ends_at"], name="staff_session_by_end")]
        constraints = [
            models.UniqueConstraint(fields=["town", "key_hash"], name="staff_session_key_once"),
            SameTown(field="staff", name="staff_session_same_town_staff"),
        ]


class StaffThrottle(TownModel):
    """The bucket of one login name, existing or not (`rules.codes.Bucket`)."""

    key = models.CharField("identifiant saisi", max_length=254)
    tries = models.PositiveIntegerField("échecs des 24 heures", default=0)
    in_a_row = models.PositiveIntegerField("échecs de suite", default=0)
    last = models.DateTimeField("dernier essai", null=True)

    class Meta(TownModel.Meta):
        verbose_name = "compteur d'essais d'un agent"
        constraints = [models.UniqueConstraint(fields=["town", "key"], name="staff_throttle_key_once")]
