"""Who is who: payers, the persons they answer for, schools and classes, and the ways in (codes, sessions, throttle)."""

from uuid import uuid4

from django.db import models
from django.db.models import Q

from portail.rules.booking import Right
from portail.towns.keys import SameTown
from portail.towns.models import TownModel

KEEP = models.PROTECT


class School(TownModel):
    """A school. Its weekdays with lessons (« rythme » of 4 or 4,5 days) make the school days of its pupils."""

    code = models.SlugField("code", max_length=40)
    name = models.CharField("nom", max_length=100)
    school_weekdays = models.PositiveSmallIntegerField("jours d'école", default=0b0011011)

    class Meta(TownModel.Meta):
        verbose_name = "école"
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "code"], name="school_code_once_per_town"),
            models.CheckConstraint(condition=Q(school_weekdays__lte=127), name="school_weekdays_are_seven_bits"),
        ]

    def __str__(self) -> str:
        return self.name


class Classroom(TownModel):
    """A class of a school, for one school year."""

    school = models.ForeignKey(
        School, on_delete=KEEP, db_constraint=False, related_name="classrooms", verbose_name="école"
    )
    name = models.CharField("nom", max_length=40)
    teacher = models.CharField("enseignant", max_length=100, blank=True)
    level = models.CharField("niveau", max_length=20, blank=True)

    class Meta(TownModel.Meta):
        verbose_name = "classe"
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "school", "name"], name="classroom_name_once_per_school"),
            SameTown(field="school", name="classroom_same_town_school"),
        ]

    def __str__(self) -> str:
        return self.name


class Person(TownModel):
    """Someone the town expects at its activities: a child, or an adult eater (teacher, ATSEM; feature M1).

    An adult is never counted as a child, but logs in, books and is billed by the same roads, with codes of their own.
    """

    class Kind(models.TextChoices):
        CHILD = "child", "enfant"
        ADULT = "adult", "adulte"

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    code = models.CharField("code enfant", max_length=8)
    kind = models.CharField("qualité", max_length=5, choices=Kind.choices, default=Kind.CHILD)
    first_name = models.CharField("prénom", max_length=80)
    last_name = models.CharField("nom", max_length=80)
    sort_key = models.CharField("clé de tri", max_length=170)
    birth_date = models.DateField("date de naissance", null=True, blank=True)
    classroom = models.ForeignKey(
        Classroom,
        on_delete=KEEP,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="persons",
        verbose_name="classe",
    )
    occasional = models.BooleanField("occasionnel", default=False)
    active = models.BooleanField("actif", default=True)

    class Meta(TownModel.Meta):
        verbose_name = "enfant ou convive"
        indexes = [models.Index(fields=["town", "sort_key"], name="person_by_name")]
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "code"], name="person_code_once_per_town"),
            models.UniqueConstraint(fields=["town", "public_id"], name="person_public_id"),
            SameTown(field="classroom", name="person_same_town_classroom"),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"


class Payer(TownModel):
    """A responsible adult who books and pays. Holds the secret « code payeur », which is stored only as a hash."""

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    first_name = models.CharField("prénom", max_length=80)
    last_name = models.CharField("nom", max_length=80)
    sort_key = models.CharField("clé de tri", max_length=170)
    email = models.EmailField("courriel", blank=True)
    phone = models.CharField("téléphone", max_length=20, blank=True)
    address = models.TextField("adresse", blank=True)  # as printed in the window of an envelope, at most six lines
    resident = models.BooleanField("habite la commune", default=True)  # some tariffs differ
    code_hash = models.CharField("empreinte du code payeur", max_length=200)
    # Few digits chosen by an older product: hashed at full strength, fewer tries, and an invitation to renew.
    weak_code = models.BooleanField("code faible", default=False)
    # Raised by a reissue: every web session that carries an older one dies with the old code.
    credential_version = models.PositiveIntegerField("version des codes", default=1)
    disabled = models.BooleanField("code bloqué", default=False)
    active = models.BooleanField("actif", default=True)

    class Meta(TownModel.Meta):
        verbose_name = "payeur"
        indexes = [models.Index(fields=["town", "sort_key"], name="payer_by_name")]
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "public_id"], name="payer_public_id"),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"


class Quotient(TownModel):
    """The quotient familial of a payer between two days, in whole euros (CAF or town hall). Gaps: unknown."""

    payer = models.ForeignKey(
        Payer, on_delete=models.CASCADE, db_constraint=False, related_name="quotients", verbose_name="payeur"
    )
    first_day = models.DateField("du")
    last_day = models.DateField("au", null=True, blank=True)
    value = models.PositiveIntegerField("quotient familial (euros)")
    source = models.CharField("origine", max_length=60, blank=True)

    class Meta(TownModel.Meta):
        verbose_name = "quotient familial"
        verbose_name_plural = "quotients familiaux"
        constraints = [
            models.UniqueConstraint(fields=["town", "payer", "first_day"], name="quotient_once_per_first_day"),
            models.CheckConstraint(
                condition=Q(last_day__isnull=True) | Q(first_day__lte=models.F("last_day")),
                name="quotient_days_in_order",
            ),
            SameTown(field="payer", name="quotient_same_town_payer"),
        ]


class Link(TownModel):
    """The right of one payer over one person: the unit of every permission of the parents' face."""

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    payer = models.ForeignKey(Payer, on_delete=KEEP, db_constraint=False, related_name="links", verbose_name="payeur")
    person = models.ForeignKey(Person, on_delete=KEEP, db_constraint=False, related_name="links", verbose_name="enfant")
    right = models.CharField(
        "droit", max_length=10, choices=[(r.value, r.value) for r in Right], default=Right.FULL.value
    )
    # A Monday of this payer's weeks when custody alternates; every second week from there.
    weeks_from = models.DateField("semaines à partir du", null=True, blank=True)
    # Part of the secret address of the calendar feed: renewing it makes the old address answer 404.
    feed_version = models.PositiveIntegerField("version de l'agenda", default=0)
    feed_open = models.BooleanField("agenda partagé", default=False)

    class Meta(TownModel.Meta):
        verbose_name = "lien payeur-enfant"
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "payer", "person"], name="link_once"),
            models.UniqueConstraint(fields=["town", "public_id"], name="link_public_id"),
            models.CheckConstraint(
                condition=~Q(right=Right.WEEKS.value) | Q(weeks_from__isnull=False), name="link_weeks_have_an_anchor"
            ),
            SameTown(field="payer", name="link_same_town_payer"),
            SameTown(field="person", name="link_same_town_person"),
        ]


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
