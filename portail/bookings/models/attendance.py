"""What really happened: who came, who did not, from when to when."""

from django.db import models
from django.db.models import F, Q

from portail.bookings.models.activities import KEEP, Activity
from portail.families.models import Person
from portail.towns.keys import SameTown
from portail.towns.models import TownModel


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
