"""What was asked and what is booked: submissions, presences, late requests, history."""

from uuid import uuid4

from django.db import models
from django.db.models import Q

from portail.bookings.models.activities import Activity
from portail.bookings.models.calendar import Period
from portail.families.models import Payer, Person
from portail.rules.booking import Channel
from portail.towns.keys import SameTown
from portail.towns.models import Staff, TownModel

KEEP = models.PROTECT
CHANNELS = [(channel.value, channel.value) for channel in Channel]


class ChangeSet(TownModel):
    """One « VALIDER »: what was asked at once, and the answer, replayed when the same form is sent again."""

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    token = models.CharField("jeton d'envoi", max_length=64)
    payer = models.ForeignKey(
        Payer, on_delete=KEEP, null=True, db_constraint=False, related_name="change_sets", verbose_name="payeur"
    )
    staff = models.ForeignKey(
        Staff, on_delete=KEEP, null=True, db_constraint=False, related_name="+", verbose_name="agent"
    )
    actor = models.CharField("auteur", max_length=150, blank=True)
    channel = models.CharField("par", max_length=10, choices=CHANNELS)
    at = models.DateTimeField("le")
    verdicts = models.JSONField("réponses")
    undo_of = models.ForeignKey(
        "self", on_delete=KEEP, null=True, db_constraint=False, related_name="undone_by", verbose_name="annule"
    )

    class Meta(TownModel.Meta):
        verbose_name = "envoi"
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "public_id"], name="change_set_public_id"),
            models.UniqueConstraint(fields=["town", "token"], name="change_set_token_once"),
            models.UniqueConstraint(fields=["town", "undo_of"], name="change_set_undone_once"),
            SameTown(field="payer", name="change_set_same_town_payer"),
            SameTown(field="staff", name="change_set_same_town_staff"),
            SameTown(field="undo_of", name="change_set_same_town_undo"),
        ]


class Presence(TownModel):
    """A person is expected at an activity on a day. No row: not expected."""

    person = models.ForeignKey(
        Person, on_delete=KEEP, db_constraint=False, related_name="presences", verbose_name="enfant"
    )
    activity = models.ForeignKey(
        Activity, on_delete=KEEP, db_constraint=False, related_name="presences", verbose_name="activité"
    )
    day = models.DateField("jour")
    late = models.BooleanField("hors délai", default=False)

    class Meta(TownModel.Meta):
        verbose_name = "présence"
        indexes = [models.Index(fields=["town", "activity", "day"], name="presence_by_activity_day")]
        constraints = [
            models.UniqueConstraint(fields=["town", "person", "day", "activity"], name="presence_once"),
            SameTown(field="person", name="presence_same_town_person"),
            SameTown(field="activity", name="presence_same_town_activity"),
        ]


class LateRequest(TownModel):
    """A change asked for after the cut-off, « en attente de la mairie ». One open request per cell."""

    class Status(models.TextChoices):
        WAITING = "waiting", "en attente de la mairie"
        ACCEPTED = "accepted", "acceptée"
        REFUSED = "refused", "refusée"

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=KEEP, db_constraint=False, related_name="+", verbose_name="enfant")
    activity = models.ForeignKey(
        Activity, on_delete=KEEP, db_constraint=False, related_name="+", verbose_name="activité"
    )
    day = models.DateField("jour")
    present = models.BooleanField("inscription demandée")
    change_set = models.ForeignKey(
        ChangeSet, on_delete=KEEP, db_constraint=False, related_name="late_requests", verbose_name="envoi"
    )
    at = models.DateTimeField("demandée le")
    status = models.CharField("état", max_length=8, choices=Status.choices, default=Status.WAITING)
    answer = models.CharField("réponse", max_length=300, blank=True)

    class Meta(TownModel.Meta):
        verbose_name = "demande tardive"
        verbose_name_plural = "demandes tardives"
        constraints = [
            models.UniqueConstraint(fields=["town", "public_id"], name="late_request_public_id"),
            models.UniqueConstraint(
                fields=["town", "person", "activity", "day"],
                condition=Q(status="waiting"),
                name="late_request_one_open_per_cell",
            ),
            SameTown(field="person", name="late_request_same_town_person"),
            SameTown(field="activity", name="late_request_same_town_act"),
            SameTown(field="change_set", name="late_request_same_town_set"),
        ]


class Change(TownModel):
    """The history families read (feature P9): one row per accepted change, never edited."""

    change_set = models.ForeignKey(
        ChangeSet, on_delete=KEEP, db_constraint=False, related_name="changes", verbose_name="envoi"
    )
    person = models.ForeignKey(
        Person, on_delete=KEEP, db_constraint=False, related_name="changes", verbose_name="enfant"
    )
    activity = models.ForeignKey(
        Activity, on_delete=KEEP, db_constraint=False, related_name="+", verbose_name="activité"
    )
    day = models.DateField("jour")
    present = models.BooleanField("inscrit")
    late = models.BooleanField("hors délai", default=False)
    channel = models.CharField("par", max_length=10, choices=CHANNELS)
    reason = models.CharField("motif", max_length=150, blank=True)
    at = models.DateTimeField("le")

    class Meta(TownModel.Meta):
        verbose_name = "modification"
        indexes = [models.Index(fields=["town", "person", "day"], name="change_by_person_day")]
        constraints = [
            SameTown(field="change_set", name="change_same_town_set"),
            SameTown(field="person", name="change_same_town_person"),
            SameTown(field="activity", name="change_same_town_activity"),
        ]


class PeriodChoice(TownModel):
    """The weekdays validated for one child, period and activity. Unique: two parallel validations give one."""

    period = models.ForeignKey(
        Period, on_delete=KEEP, db_constraint=False, related_name="choices", verbose_name="période"
    )
    person = models.ForeignKey(Person, on_delete=KEEP, db_constraint=False, related_name="+", verbose_name="enfant")
    activity = models.ForeignKey(
        Activity, on_delete=KEEP, db_constraint=False, related_name="+", verbose_name="activité"
    )
    weekdays = models.PositiveSmallIntegerField("jours choisis")
    change_set = models.ForeignKey(
        ChangeSet, on_delete=KEEP, db_constraint=False, related_name="+", verbose_name="envoi"
    )

    class Meta(TownModel.Meta):
        verbose_name = "choix d'une période"
        verbose_name_plural = "choix des périodes"
        constraints = [
            models.UniqueConstraint(fields=["town", "period", "person", "activity"], name="period_choice_once"),
            models.CheckConstraint(condition=Q(weekdays__lte=127), name="period_choice_is_seven_bits"),
            SameTown(field="period", name="period_choice_same_town_period"),
            SameTown(field="person", name="period_choice_same_town_person"),
            SameTown(field="activity", name="period_choice_same_town_act"),
            SameTown(field="change_set", name="period_choice_same_town_set"),
        ]
