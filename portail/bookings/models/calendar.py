"""The town's calendar: holidays, particular days, closures, places, and the périscotidien periods."""

from uuid import uuid4

from django.db import models
from django.db.models import F, Q

from portail.bookings.models.activities import SCHOOL_WEEK, Activity
from portail.families.models import Classroom, School
from portail.towns.keys import SameTown
from portail.towns.models import TownModel

KEEP = models.PROTECT


class HolidayPeriod(TownModel):
    """School holidays of the town, first and last day without school; copied from its zone, then the town's own."""

    name = models.CharField("nom", max_length=60)
    first = models.DateField("premier jour")
    last = models.DateField("dernier jour")
    summer = models.BooleanField("grandes vacances", default=False)

    class Meta(TownModel.Meta):
        verbose_name = "vacances scolaires"
        verbose_name_plural = "vacances scolaires"
        constraints = [
            models.UniqueConstraint(fields=["town", "first"], name="holiday_first_day_once"),
            models.CheckConstraint(condition=Q(first__lte=F("last")), name="holiday_days_in_order"),
        ]


class DayOverride(TownModel):
    """A day that is not what the calendar says: a catch-up Wednesday with school, a « pont » without (feature P12)."""

    day = models.DateField("jour")
    school = models.ForeignKey(
        School, on_delete=KEEP, null=True, blank=True, db_constraint=False, related_name="+", verbose_name="école"
    )
    has_school = models.BooleanField("il y a école")
    reason = models.CharField("motif", max_length=150, blank=True)

    class Meta(TownModel.Meta):
        verbose_name = "jour particulier"
        verbose_name_plural = "jours particuliers"
        constraints = [
            models.UniqueConstraint(
                fields=["town", "day"], condition=Q(school__isnull=True), name="override_once_for_all_schools"
            ),
            models.UniqueConstraint(fields=["town", "day", "school"], name="override_once_per_school"),
            SameTown(field="school", name="override_same_town_school"),
        ]


class Event(TownModel):
    """One act of the town hall that closes days in one or several places: a strike, an outing, snow (feature M2).

    It keeps what it took away, so that it can be undone, and what families were told.
    """

    class Kind(models.TextChoices):
        STRIKE = "strike", "grève"
        OUTING = "outing", "sortie scolaire"
        ABSENCE = "absence", "enseignant absent"
        WEATHER = "weather", "neige, intempéries"
        OTHER = "other", "fermeture"

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    kind = models.CharField("nature", max_length=8, choices=Kind.choices)
    reason = models.CharField("motif", max_length=150)
    first = models.DateField("premier jour")
    last = models.DateField("dernier jour")
    # The submission that cancelled the bookings; none when there was nothing to cancel.
    change_set = models.ForeignKey(
        "bookings.ChangeSet", on_delete=KEEP, null=True, db_constraint=False, related_name="+", verbose_name="envoi"
    )
    subject = models.CharField("objet du message", max_length=200, blank=True)
    text = models.TextField("message", blank=True)
    told = models.PositiveIntegerField("familles prévenues", default=0)
    actor = models.CharField("auteur", max_length=150, blank=True)
    at = models.DateTimeField("le")
    undone_at = models.DateTimeField("retiré le", null=True)

    class Meta(TownModel.Meta):
        verbose_name = "évènement"
        indexes = [models.Index(fields=["town", "last"], name="event_by_last_day")]
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "public_id"], name="event_public_id"),
            models.CheckConstraint(condition=Q(first__lte=F("last")), name="event_days_in_order"),
            SameTown(field="change_set", name="event_same_town_change_set"),
        ]

    def __str__(self) -> str:
        return self.reason


class Closure(TownModel):
    """Days closed for the whole town, or for the school, class and activity that are set (all must match)."""

    first = models.DateField("premier jour")
    last = models.DateField("dernier jour")
    reason = models.CharField("motif", max_length=150, blank=True)
    school = models.ForeignKey(
        School, on_delete=KEEP, null=True, blank=True, db_constraint=False, related_name="+", verbose_name="école"
    )
    classroom = models.ForeignKey(
        Classroom, on_delete=KEEP, null=True, blank=True, db_constraint=False, related_name="+", verbose_name="classe"
    )
    activity = models.ForeignKey(
        Activity, on_delete=KEEP, null=True, blank=True, db_constraint=False, related_name="+", verbose_name="activité"
    )
    event = models.ForeignKey(
        Event, on_delete=KEEP, null=True, blank=True, db_constraint=False, related_name="closures",
        verbose_name="évènement",
    )  # fmt: skip

    class Meta(TownModel.Meta):
        verbose_name = "fermeture"
        constraints = [
            models.CheckConstraint(condition=Q(first__lte=F("last")), name="closure_days_in_order"),
            SameTown(field="school", name="closure_same_town_school"),
            SameTown(field="classroom", name="closure_same_town_classroom"),
            SameTown(field="activity", name="closure_same_town_activity"),
            SameTown(field="event", name="closure_same_town_event"),
        ]


class Limit(TownModel):
    """How many places an activity has each day, for the whole town or for one school. No limit: no counter."""

    activity = models.ForeignKey(
        Activity, on_delete=models.CASCADE, db_constraint=False, related_name="limits", verbose_name="activité"
    )
    school = models.ForeignKey(
        School, on_delete=KEEP, null=True, blank=True, db_constraint=False, related_name="+", verbose_name="école"
    )
    seats = models.PositiveSmallIntegerField("places")

    class Meta(TownModel.Meta):
        verbose_name = "capacité"
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["town", "activity"], condition=Q(school__isnull=True), name="limit_once_for_all_schools"
            ),
            models.UniqueConstraint(fields=["town", "activity", "school"], name="limit_once_per_school"),
            SameTown(field="activity", name="limit_same_town_activity"),
            SameTown(field="school", name="limit_same_town_school"),
        ]


class Places(TownModel):
    """The counter of one limit on one day. `taken` never passes `seats`: the database refuses it."""

    limit = models.ForeignKey(
        Limit, on_delete=models.CASCADE, db_constraint=False, related_name="places", verbose_name="capacité"
    )
    day = models.DateField("jour")
    # A limit lowered below what is taken keeps seats = taken: closed to new bookings, nobody is put out.
    seats = models.PositiveSmallIntegerField("places")
    taken = models.PositiveSmallIntegerField("prises", default=0)

    class Meta(TownModel.Meta):
        verbose_name = "places d'un jour"
        verbose_name_plural = "places des jours"
        constraints = [
            models.UniqueConstraint(fields=["town", "limit", "day"], name="places_once_per_day"),
            models.CheckConstraint(
                condition=Q(taken__gte=0) & Q(taken__lte=F("seats")), name="places_never_overbooked"
            ),
            SameTown(field="limit", name="places_same_town_limit"),
        ]


class Period(TownModel):
    """A stretch of « périscotidien »: families choose weekdays once, then it is read-only (feature P10)."""

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    name = models.CharField("nom", max_length=80, blank=True)
    first = models.DateField("du")
    last = models.DateField("au")
    freezes = models.BooleanField("fige l'activité", default=False)

    class Meta(TownModel.Meta):
        verbose_name = "période"
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "public_id"], name="period_public_id"),
            models.CheckConstraint(condition=Q(first__lte=F("last")), name="period_days_in_order"),
        ]


class PeriodActivity(TownModel):
    """An activity offered in a period, on some weekdays."""

    period = models.ForeignKey(
        Period, on_delete=models.CASCADE, db_constraint=False, related_name="offers", verbose_name="période"
    )
    activity = models.ForeignKey(
        Activity, on_delete=models.CASCADE, db_constraint=False, related_name="+", verbose_name="activité"
    )
    weekdays = models.PositiveSmallIntegerField("jours proposés", default=SCHOOL_WEEK)

    class Meta(TownModel.Meta):
        verbose_name = "activité d'une période"
        verbose_name_plural = "activités des périodes"
        constraints = [
            models.UniqueConstraint(fields=["town", "period", "activity"], name="period_activity_once"),
            models.CheckConstraint(condition=Q(weekdays__range=(1, 127)), name="period_activity_has_a_weekday"),
            SameTown(field="period", name="period_activity_same_town_period"),
            SameTown(field="activity", name="period_activity_same_town_act"),
        ]
