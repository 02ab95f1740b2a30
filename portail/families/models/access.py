"""The ways in: sessions of parents, the brake on tries."""

from django.db import models

from portail.families.models.register import Payer
from portail.towns.keys import SameTown
from portail.towns.models import TownModel


class ParentSession(TownModel):
    """A web session of a payer. The cookie holds the key, the table only its SHA-256: a stolen backup opens nothing.

    Idleness is stamped in the signed cookie, so that reading a page writes nothing here.
    """

    key_hash = models.CharField("empreinte de la clé", max_length=64)
    payer = models.ForeignKey(
        Payer, on_delete=models.CASCADE, db_constraint=False, related_name="sessions", verbose_name="payeur"
    )
    credential_version = models.PositiveIntegerField("version des codes")
    started_at = models.DateTimeField("ouverte le")
    ends_at = models.DateTimeField("expire le")

    class Meta(TownModel.Meta):
        verbose_name = "session d'un parent"
        indexes = [models.Index(fields=["town", "ends_at"], name="session_by_end")]
        constraints = [
            models.UniqueConstraint(fields=["town", "key_hash"], name="session_key_once"),
            SameTown(field="payer", name="session_same_town_payer"),
        ]


class Throttle(TownModel):
    """One bucket of login attempts (`rules.codes.Bucket`): a child code, existing or not, or a known device."""

    key = models.CharField("clé", max_length=80)
    tries = models.PositiveIntegerField("échecs des 24 heures", default=0)
    in_a_row = models.PositiveIntegerField("échecs de suite", default=0)
    last = models.DateTimeField("dernier essai", null=True)

    class Meta(TownModel.Meta):
        verbose_name = "compteur d'essais"
        constraints = [models.UniqueConstraint(fields=["town", "key"], name="throttle_key_once")]


class FailedLogin(TownModel):
    """A refused login, for the network's and the town's counts. Kept a day, with a shortened address."""

    at = models.DateTimeField("le")
    network = models.CharField("réseau", max_length=45)
    child_code = models.CharField("code enfant saisi", max_length=20)

    class Meta(TownModel.Meta):
        verbose_name = "connexion refusée"
        indexes = [models.Index(fields=["town", "network", "at"], name="failed_by_network")]
