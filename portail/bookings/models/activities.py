"""Activities: what a child may be booked for, under which rules, by whom."""

from django.db import models
from django.db.models import F, Q

from portail.families.models import Classroom, Person, School
from portail.rules.booking import DependencyKind, LatePolicy
from portail.rules.calendar import Opening
from portail.towns.keys import SameTown
from portail.towns.models import TownModel

KEEP = models.PROTECT
SCHOOL_WEEK = 0b0011011  # Monday, Tuesday, Thursday, Friday


class ActivityGroup(TownModel):
    """A line of the menu of the planning: PERISCOLAIRE, TRANSPORT, MERCREDI… (feature P3)."""

    code = models.SlugField("code", max_length=40)
    name = models.CharField("nom", max_length=60)
    position = models.PositiveSmallIntegerField("ordre", default=0)

    class Meta(TownModel.Meta):
        verbose_name = "groupe d'activités"
        verbose_name_plural = "groupes d'activités"
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "code"], name="group_code_once_per_town"),
        ]

    def __str__(self) -> str:
        return self.name


class Activity(TownModel):
    """One row of the planning: something a child can be booked for, day by day. A slot of transport is one too."""

    code = models.SlugField("code", max_length=40)
    name = models.CharField("nom", max_length=80)
    group = models.ForeignKey(
        ActivityGroup, on_delete=KEEP, db_constraint=False, related_name="activities", verbose_name="groupe"
    )
    position = models.PositiveSmallIntegerField("ordre", default=0)
    opens_on = models.CharField("ouverte", max_length=16, choices=[(o.value, o.value) for o in Opening])
    weekdays = models.PositiveSmallIntegerField("jours de la semaine", default=SCHOOL_WEEK)
    first_day = models.DateField("du", null=True, blank=True)
    last_day = models.DateField("au", null=True, blank=True)
    # A cut-off is a frozen value kept as a whole: the fields of `rules.cutoffs.Cutoff`, checked by the operation.
    book_cutoff = models.JSONField("clôture des inscriptions")
    cancel_cutoff = models.JSONField("clôture des annulations")
    late_policy = models.CharField(
        "après la clôture", max_length=8, choices=[(p.value, p.value) for p in LatePolicy], default="refuse"
    )
    late_until = models.PositiveSmallIntegerField("hors délai jusqu'à (minutes du jour même)", default=0)
    weeks_ahead = models.PositiveSmallIntegerField("semaines ouvertes d'avance", null=True, blank=True)
    min_age = models.PositiveSmallIntegerField("âge minimal", null=True, blank=True)
    max_age = models.PositiveSmallIntegerField("âge maximal", null=True, blank=True)
    enrolled_only = models.BooleanField("réservée aux inscrits", default=False)
    adults = models.BooleanField("pour les adultes", default=False)
    active = models.BooleanField("active", default=True)

    class Meta(TownModel.Meta):
        verbose_name = "activité"
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "code"], name="activity_code_once_per_town"),
            models.CheckConstraint(condition=Q(weekdays__range=(1, 127)), name="activity_has_a_weekday"),
            models.CheckConstraint(condition=Q(late_until__lte=1440), name="activity_late_until_is_a_day"),
            models.CheckConstraint(
                condition=Q(first_day__isnull=True) | Q(last_day__isnull=True) | Q(first_day__lte=F("last_day")),
                name="activity_days_in_order",
            ),
            SameTown(field="group", name="activity_same_town_group"),
        ]

    def __str__(self) -> str:
        return self.name


class ActivityAudience(TownModel):
    """Who may use an activity: all the set parts of one line must match; no line at all means every child."""

    activity = models.ForeignKey(
        Activity, on_delete=models.CASCADE, db_constraint=False, related_name="audiences", verbose_name="activité"
    )
    school = models.ForeignKey(
        School, on_delete=KEEP, null=True, db_constraint=False, related_name="+", verbose_name="école"
    )
    classroom = models.ForeignKey(
        Classroom, on_delete=KEEP, null=True, db_constraint=False, related_name="+", verbose_name="classe"
    )
    level = models.CharField("niveau", max_length=20, blank=True)

    class Meta(TownModel.Meta):
        verbose_name = "public d'une activité"
        verbose_name_plural = "publics des activités"
        constraints = [
            SameTown(field="activity", name="audience_same_town_activity"),
            SameTown(field="school", name="audience_same_town_school"),
            SameTown(field="classroom", name="audience_same_town_class"),
        ]


class ActivityDependency(TownModel):
    """Requires, implies or excludes another activity the same day (midi avec repas / sans repas)."""

    activity = models.ForeignKey(
        Activity, on_delete=models.CASCADE, db_constraint=False, related_name="dependencies", verbose_name="activité"
    )
    kind = models.CharField("lien", max_length=8, choices=[(k.value, k.value) for k in DependencyKind])
    other = models.ForeignKey(
        Activity, on_delete=models.CASCADE, db_constraint=False, related_name="+", verbose_name="autre activité"
    )

    class Meta(TownModel.Meta):
        verbose_name = "dépendance entre activités"
        verbose_name_plural = "dépendances entre activités"
        constraints = [
            models.UniqueConstraint(fields=["town", "activity", "kind", "other"], name="dependency_once"),
            models.CheckConstraint(condition=~Q(activity=F("other")), name="dependency_on_another_activity"),
            SameTown(field="activity", name="dependency_same_town_activity"),
            SameTown(field="other", name="dependency_same_town_other"),
        ]


class Stop(TownModel):
    """A stop of a transport slot, with its time (feature P3)."""

    activity = models.ForeignKey(
        Activity, on_delete=models.CASCADE, db_constraint=False, related_name="stops", verbose_name="activité"
    )
    name = models.CharField("nom", max_length=80)
    at = models.PositiveSmallIntegerField("heure (minutes)")

    class Meta(TownModel.Meta):
        verbose_name = "arrêt"
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "activity", "name"], name="stop_once_per_activity"),
            models.CheckConstraint(condition=Q(at__lt=1440), name="stop_time_is_in_a_day"),
            SameTown(field="activity", name="stop_same_town_activity"),
        ]


class Enrolment(TownModel):
    """A person is enrolled in an activity (needed where it is reserved for the enrolled), with their transport stop."""

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, db_constraint=False, related_name="enrolments", verbose_name="enfant"
    )
    activity = models.ForeignKey(
        Activity, on_delete=models.CASCADE, db_constraint=False, related_name="enrolments", verbose_name="activité"
    )
    first_day = models.DateField("du", null=True, blank=True)
    last_day = models.DateField("au", null=True, blank=True)
    stop = models.ForeignKey(
        Stop, on_delete=KEEP, null=True, blank=True, db_constraint=False, related_name="+", verbose_name="arrêt"
    )

    class Meta(TownModel.Meta):
        verbose_name = "inscription à une activité"
        verbose_name_plural = "inscriptions aux activités"
        constraints = [
            models.UniqueConstraint(fields=["town", "person", "activity"], name="enrolment_once"),
            SameTown(field="person", name="enrolment_same_town_person"),
            SameTown(field="activity", name="enrolment_same_town_activity"),
            SameTown(field="stop", name="enrolment_same_town_stop"),
        ]
