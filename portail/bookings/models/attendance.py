"""What really happened: who came, who did not, from when to when, and every gesture that said so on a tablet."""

from django.db import models
from django.db.models import F, Q

from portail.bookings.models.activities import KEEP, Activity
from portail.families.models import Person
from portail.rules.attendance import Outcome
from portail.towns.keys import SameTown
from portail.towns.models import Staff, TownModel


class Attendance(TownModel):
    """What staff wrote down of one person, activity and day. No row: nobody wrote anything down.

    `arrived` and `left`: minutes after midnight of the town's time.
    """

    class Mark(models.TextChoices):
        PRESENT = "present", "présent"
        ABSENT = "absent", "absent"
        JUSTIFIED = "justified", "absent, justifié"

    person = models.ForeignKey(
        Person, on_delete=KEEP, db_constraint=False, related_name="attendances", verbose_name="enfant"
    )
    activity = models.ForeignKey(
        Activity, on_delete=KEEP, db_constraint=False, related_name="attendances", verbose_name="activité"
    )
    day = models.DateField("jour")
    mark = models.CharField("pointage", max_length=9, choices=Mark.choices)
    arrived = models.PositiveSmallIntegerField("arrivée (minutes)", null=True, blank=True)
    left = models.PositiveSmallIntegerField("départ (minutes)", null=True, blank=True)
    at = models.DateTimeField("noté le")

    class Meta(TownModel.Meta):
        verbose_name = "pointage"
        indexes = [models.Index(fields=["town", "activity", "day"], name="attendance_by_activity_day")]
        constraints = [
            models.UniqueConstraint(fields=["town", "person", "day", "activity"], name="attendance_once"),
            models.CheckConstraint(
                condition=Q(arrived__isnull=True) | Q(left__isnull=True) | Q(arrived__lte=F("left")),
                name="attendance_in_order",
            ),
            SameTown(field="person", name="attendance_same_town_person"),
            SameTown(field="activity", name="attendance_same_town_activity"),
        ]


class AttendanceGesture(TownModel):
    """One tap on a tablet as it reached us, applied or not: append-only. `mark` empty takes back what was written.

    `gesture_id` is made by the tablet, so that the same tap, sent again, is never counted twice. `version`: of the cell
    once the tap was dealt with (`operations.tablets`); `kept`: what holds instead, when another tablet was first.
    """

    gesture_id = models.UUIDField("identifiant du geste")
    person = models.ForeignKey(Person, on_delete=KEEP, db_constraint=False, related_name="+", verbose_name="enfant")
    activity = models.ForeignKey(
        Activity, on_delete=KEEP, db_constraint=False, related_name="+", verbose_name="activité"
    )
    day = models.DateField("jour")
    mark = models.CharField("pointage", max_length=9, blank=True)
    arrived = models.PositiveSmallIntegerField("arrivée (minutes)", null=True)
    left = models.PositiveSmallIntegerField("départ (minutes)", null=True)
    made_at = models.DateTimeField("fait le (heure de la tablette)", null=True)
    at = models.DateTimeField("reçu le")
    staff = models.ForeignKey(
        Staff, on_delete=KEEP, null=True, db_constraint=False, related_name="+", verbose_name="agent"
    )
    actor = models.CharField("auteur", max_length=150)
    outcome = models.CharField("suite", max_length=8, choices=[(o.value, o.value) for o in Outcome])
    seen = models.CharField("version vue", max_length=60, blank=True)
    version = models.CharField("version", max_length=40, blank=True)
    kept = models.JSONField("gardé", null=True)

    class Meta(TownModel.Meta):
        verbose_name = "geste de pointage"
        verbose_name_plural = "gestes de pointage"
        indexes = [models.Index(fields=["town", "activity", "day", "person"], name="gesture_by_cell")]
        constraints = [
            models.UniqueConstraint(fields=["town", "gesture_id"], name="gesture_once"),
            SameTown(field="person", name="gesture_same_town_person"),
            SameTown(field="activity", name="gesture_same_town_activity"),
            SameTown(field="staff", name="gesture_same_town_staff"),
        ]
