"""Who is who: payers, the persons they answer for, schools and classes, quotients."""

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

    class Meal(models.TextChoices):
        STANDARD = "standard", "standard"
        NO_PORK = "no_pork", "sans porc"
        NO_MEAT = "no_meat", "sans viande"
        CARE_PLAN = "care_plan", "PAI"

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    code = models.CharField("code enfant", max_length=8)
    kind = models.CharField("qualité", max_length=5, choices=Kind.choices, default=Kind.CHILD)
    first_name = models.CharField("prénom", max_length=80)
    last_name = models.CharField("nom", max_length=80)
    sort_key = models.CharField("clé de tri", max_length=170)
    birth_date = models.DateField("date de naissance", null=True, blank=True)
    ine = models.CharField("INE", max_length=20, blank=True)  # of the national education, when the school gave it
    classroom = models.ForeignKey(
        Classroom,
        on_delete=KEEP,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="persons",
        verbose_name="classe",
    )
    # In clear, for the head-counts of the kitchen; why is in `HealthRecord`, sealed.
    meal = models.CharField("repas", max_length=10, choices=Meal.choices, default=Meal.STANDARD)
    occasional = models.BooleanField("occasionnel", default=False)
    active = models.BooleanField("actif", default=True)

    class Meta(TownModel.Meta):
        verbose_name = "enfant ou convive"
        indexes = [models.Index(fields=["town", "sort_key"], name="person_by_name")]
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "code"], name="person_code_once_per_town"),
            models.UniqueConstraint(fields=["town", "public_id"], name="person_public_id"),
            models.UniqueConstraint(fields=["town", "ine"], condition=~Q(ine=""), name="person_ine_once_per_town"),
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
    letter_at = models.DateTimeField("lettre éditée le", null=True, blank=True)  # the last letter with a code
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
