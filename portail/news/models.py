"""What the town hall tells families, and what they write to it."""

from uuid import uuid4

from django.db import models

from portail.towns.keys import SameTown
from portail.towns.models import TownModel


class NewsItem(TownModel):
    """A text shown before and after login: an item of news, the « Message d'information » or a « Bon à savoir »."""

    class Kind(models.TextChoices):
        NEWS = "news", "Au fil de l'actualité"
        INFORMATION = "information", "Message d'information"
        TIP = "tip", "Bon à savoir"

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    kind = models.CharField("rubrique", max_length=11, choices=Kind.choices)
    title = models.CharField("titre", max_length=150)
    body = models.TextField("texte (HTML nettoyé)")
    link = models.URLField("en savoir plus", blank=True)
    published_at = models.DateTimeField("publié le")
    until = models.DateTimeField("retiré le", null=True, blank=True)

    class Meta(TownModel.Meta):
        verbose_name = "actualité"
        verbose_name_plural = "actualités"
        indexes = [models.Index(fields=["town", "-published_at"], name="news_by_date")]
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "public_id"], name="news_public_id"),
        ]

    def __str__(self) -> str:
        return self.title


class NewsFile(TownModel):
    """A file or picture attached to a news item, kept in the database: small, few, saved by the same backup."""

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    item = models.ForeignKey(
        NewsItem, on_delete=models.CASCADE, db_constraint=False, related_name="files", verbose_name="actualité"
    )
    name = models.CharField("nom", max_length=150)
    alt = models.CharField("texte de remplacement", max_length=200, blank=True)
    content_type = models.CharField("type", max_length=60)
    size = models.PositiveIntegerField("taille en octets")
    content = models.BinaryField("contenu")

    class Meta(TownModel.Meta):
        verbose_name = "fichier d'une actualité"
        constraints = [
            models.UniqueConstraint(fields=["town", "public_id"], name="news_file_public_id"),
            SameTown(field="item", name="news_file_same_town_item"),
        ]


class ContactRequest(TownModel):
    """« Je rencontre des difficultés à me connecter »: a message to the town hall (feature A4)."""

    class Status(models.TextChoices):
        NEW = "new", "à traiter"
        DONE = "done", "traitée"

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    at = models.DateTimeField("reçue le")
    subject = models.CharField("objet", max_length=20)
    name = models.CharField("nom", max_length=150)
    email = models.EmailField("courriel", blank=True)
    phone = models.CharField("téléphone", max_length=30, blank=True)
    child = models.CharField("enfant", max_length=150, blank=True)
    message = models.TextField("message", max_length=4000)
    status = models.CharField("état", max_length=4, choices=Status.choices, default=Status.NEW)

    class Meta(TownModel.Meta):
        verbose_name = "demande de contact"
        verbose_name_plural = "demandes de contact"
        indexes = [models.Index(fields=["town", "status", "at"], name="contact_by_status")]
        constraints = [models.UniqueConstraint(fields=["town", "public_id"], name="contact_public_id")]
