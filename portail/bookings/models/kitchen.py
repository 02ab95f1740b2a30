"""What the kitchen is told: to whom, when, and the head-counts as they were when the meals were ordered."""

from uuid import uuid4

from django.db import models
from django.db.models import Q

from portail.bookings.models.activities import KEEP, Activity
from portail.families.models import School
from portail.towns.keys import SameTown
from portail.towns.models import TownModel


class KitchenRecipient(TownModel):
    """An address that receives the head-counts of an activity, of one school or of all, at a set time before the day.

    `days_ahead` counts days that the town hall works; 0 is the day itself. `since`: days whose time came before it was
    set are left alone, so that a new address is not sent the past.
    """

    activity = models.ForeignKey(
        Activity, on_delete=KEEP, db_constraint=False, related_name="kitchen_recipients", verbose_name="activité"
    )
    school = models.ForeignKey(
        School, on_delete=KEEP, null=True, blank=True, db_constraint=False, related_name="+", verbose_name="école"
    )
    email = models.EmailField("courriel")
    at = models.PositiveSmallIntegerField("heure (minutes)")
    days_ahead = models.PositiveSmallIntegerField("jours ouvrés avant")
    since = models.DateTimeField("réglé le")
    active = models.BooleanField("actif", default=True)

    class Meta(TownModel.Meta):
        verbose_name = "destinataire des effectifs"
        verbose_name_plural = "destinataires des effectifs"
        constraints = [
            *TownModel.Meta.constraints,
            models.CheckConstraint(condition=Q(at__lt=1440), name="kitchen_time_is_in_a_day"),
            models.CheckConstraint(condition=Q(days_ahead__lte=10), name="kitchen_days_ahead_few"),
            SameTown(field="activity", name="kitchen_recipient_same_activity"),
            SameTown(field="school", name="kitchen_recipient_same_school"),
        ]


class KitchenOrder(TownModel):
    """Meals ordered for a day: the head-counts as they were then, never edited. What moved since is shown in orange.

    `recipient` None: somebody wrote down that the order was placed. `counts`: by school key as text (« 0 »: without a
    school), then by meal type, « adults » among them.
    """

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    activity = models.ForeignKey(
        Activity, on_delete=KEEP, db_constraint=False, related_name="kitchen_orders", verbose_name="activité"
    )
    school = models.ForeignKey(
        School, on_delete=KEEP, null=True, blank=True, db_constraint=False, related_name="+", verbose_name="école"
    )
    recipient = models.ForeignKey(
        KitchenRecipient, on_delete=KEEP, null=True, db_constraint=False, related_name="orders",
        verbose_name="destinataire",
    )  # fmt: skip
    day = models.DateField("jour")
    at = models.DateTimeField("passée le")
    actor = models.CharField("auteur", max_length=150)
    counts = models.JSONField("effectifs")

    class Meta(TownModel.Meta):
        verbose_name = "commande à la cuisine"
        verbose_name_plural = "commandes à la cuisine"
        indexes = [models.Index(fields=["town", "day", "activity"], name="kitchen_order_by_day")]
        constraints = [
            models.UniqueConstraint(fields=["town", "public_id"], name="kitchen_order_public_id"),
            models.UniqueConstraint(fields=["town", "day", "recipient"], name="kitchen_order_once"),
            SameTown(field="activity", name="kitchen_order_same_activity"),
            SameTown(field="school", name="kitchen_order_same_school"),
            SameTown(field="recipient", name="kitchen_order_same_recipient"),
        ]
