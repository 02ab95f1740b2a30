"""Towns and the hosts they answer on. Base of every town's table."""

import hashlib
from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar

from django.db import models
from django.db.models import Q

from portail.towns.keys import TOWN_AND_ID
from portail.towns.scope import NoTownError, current_town, is_everywhere

M = TypeVar("M", bound="TownModel")


class Town(models.Model):
    """A town hall (or « collectivité », « SIVOS ») and its settings. Shared table: it is what a host leads to."""

    class Status(models.TextChoices):
        PREPARING = "preparing", "en préparation"
        OPEN = "open", "ouvert"
        SUSPENDED = "suspended", "suspendu"

    name = models.CharField("nom", max_length=100)
    slug = models.SlugField("identifiant", unique=True)
    status = models.CharField("état", max_length=10, choices=Status.choices, default=Status.PREPARING)
    opens_on = models.DateField("ouverture prévue le", null=True, blank=True)
    time_zone = models.CharField("fuseau horaire", max_length=40, default="Europe/Paris")
    zone = models.CharField("zone de vacances", max_length=1, blank=True)
    region = models.CharField("jours fériés locaux", max_length=20, blank=True)
    phone = models.CharField("téléphone", max_length=20, blank=True)
    voice_number = models.CharField("serveur vocal", max_length=20, blank=True)
    email = models.EmailField("courriel", blank=True)
    address = models.TextField("adresse", blank=True)
    office_hours = models.TextField("horaires d'ouverture", blank=True)
    website = models.URLField("site de la commune", blank=True)
    town_colour = models.CharField("couleur", max_length=7, default="#1b3a6b")
    accent_colour = models.CharField("couleur d'accent", max_length=7, default="#b34000")
    labels = models.JSONField("libellés", default=dict, blank=True)
    weeks_shown = models.PositiveSmallIntegerField("semaines affichées", default=4)
    logo_digest = models.CharField("empreinte du logo", max_length=64, blank=True)
    # Drawn anew by every change of what the planning is computed from (activities, calendar, closures): a compiled
    # rulebook is kept per process under (town, revision), so it can never be older than the row just read.
    revision = models.PositiveIntegerField("révision", default=0)

    class Meta:
        verbose_name = "commune"
        constraints = [
            models.CheckConstraint(condition=Q(weeks_shown__range=(1, 53)), name="town_weeks_shown"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def colours_digest(self) -> str:
        """Changes with the colours, so that the stylesheet made of them may be kept for ever."""
        return hashlib.sha256(f"{self.town_colour}{self.accent_colour}".encode()).hexdigest()[:12]


class Host(models.Model):
    """A host name a town answers on; the canonical one is where the others redirect (features A1)."""

    town = models.ForeignKey(Town, on_delete=models.CASCADE, related_name="hosts", verbose_name="commune")
    name = models.CharField("nom d'hôte", max_length=253, unique=True)
    canonical = models.BooleanField("principal", default=False)

    class Meta:
        verbose_name = "nom d'hôte"
        constraints = [
            models.UniqueConstraint(fields=["town"], condition=Q(canonical=True), name="host_one_canonical_per_town"),
        ]

    def __str__(self) -> str:
        return self.name


class TownQuerySet(models.QuerySet[M]):
    """Refuses to move a row to another town: `update(town=…)`, `bulk_update([…], ["town"])`, foreign `bulk_create`."""

    def update(self, **values: Any) -> int:
        if {"town", "town_id"} & set(values) and not is_everywhere():
            raise NoTownError("a row does not change town")
        return super().update(**values)

    def bulk_update(self, objs: Iterable[M], fields: Iterable[str], batch_size: int | None = None) -> int:
        fields = list(fields)
        if {"town", "town_id"} & set(fields) and not is_everywhere():
            raise NoTownError("a row does not change town")
        rows = list(objs)
        for row in rows:
            row.stamp_town()
        return super().bulk_update(rows, fields, batch_size)

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        rows = list(objs)
        for row in rows:
            row.stamp_town()
        return super().bulk_create(rows, *args, **kwargs)


class TownManager(models.Manager[M]):
    """Filters on the town in force; refuses to run without one."""

    def get_queryset(self) -> TownQuerySet[M]:
        rows: TownQuerySet[M] = TownQuerySet(self.model, using=self._db)
        return rows if is_everywhere() else rows.filter(town_id=current_town().pk)

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        return self.get_queryset().bulk_create(objs, *args, **kwargs)


class TownModel(models.Model):
    """Base of every table that belongs to one town."""

    town = models.ForeignKey(
        Town, on_delete=models.PROTECT, editable=False, related_name="+", verbose_name="commune", db_index=False
    )

    objects: ClassVar[TownManager[Any]] = TownManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"
        constraints: ClassVar[list[Any]] = [TOWN_AND_ID]

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.stamp_town()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        self.stamp_town()  # Django deletes a row by its key alone, without asking any manager
        return super().delete(*args, **kwargs)

    def stamp_town(self) -> None:
        """Give the row the town in force, or refuse a row of another one."""
        if is_everywhere():
            return
        town = current_town()
        self.town_id = self.town_id or town.pk
        if self.town_id != town.pk:
            raise NoTownError(f"{self._meta.label} of town {self.town_id} written in town {town.pk}")


class Logo(TownModel):
    """The town's logo, in its own table so that a request never loads it by accident."""

    content = models.BinaryField("contenu")
    content_type = models.CharField("type", max_length=20)

    class Meta(TownModel.Meta):
        verbose_name = "logo"
        constraints = [models.UniqueConstraint(fields=["town"], name="logo_one_per_town")]
