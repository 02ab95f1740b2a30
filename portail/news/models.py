"""What the town hall tells families, what they write to it, and the e-mails that the portal sends."""

from uuid import uuid4

from django.db import models
from django.db.models import Q

from portail.families.models import Payer, School
from portail.towns.keys import SameTown
from portail.towns.models import TownModel


class NewsItem(TownModel):
    """A text shown before and after login: an item of news, the « Message d'information » or a « Bon à savoir »."""

    class Kind(models.TextChoices):
        NEWS = "news", "Au fil de l'actualité"
        INFORMATION = "information", "Message d'information"
        TIP = "tip", "Bon à savoir"

    class Place(models.TextChoices):
        EVERYWHERE = "all", "avant et après la connexion"
        BEFORE = "before", "avant la connexion seulement"
        AFTER = "after", "après la connexion seulement"

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    kind = models.CharField("rubrique", max_length=11, choices=Kind.choices)
    title = models.CharField("titre", max_length=150)
    body = models.TextField("texte (HTML nettoyé)")
    link = models.URLField("en savoir plus", blank=True)
    published_at = models.DateTimeField("publié le")
    until = models.DateTimeField("retiré le", null=True, blank=True)
    place = models.CharField("où", max_length=6, choices=Place.choices, default=Place.EVERYWHERE)

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


class Menu(TownModel):
    """What a canteen serves on a day, in one school or in all of them (feature N5)."""

    class Allergen(models.TextChoices):
        """The fourteen of Regulation (EU) No 1169/2011, annex II, in its order."""

        GLUTEN = "gluten", "gluten"
        CRUSTACEANS = "crustaceans", "crustacés"
        EGGS = "eggs", "œufs"
        FISH = "fish", "poisson"
        PEANUTS = "peanuts", "arachides"
        SOYA = "soya", "soja"
        MILK = "milk", "lait"
        NUTS = "nuts", "fruits à coque"
        CELERY = "celery", "céleri"
        MUSTARD = "mustard", "moutarde"
        SESAME = "sesame", "sésame"
        SULPHITES = "sulphites", "sulfites"
        LUPIN = "lupin", "lupin"
        MOLLUSCS = "molluscs", "mollusques"

    school = models.ForeignKey(
        School,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="+",
        verbose_name="école (aucune : toutes)",
    )
    day = models.DateField("jour")
    courses = models.TextField("plats, un par ligne", max_length=1000)
    allergens = models.JSONField("allergènes", default=list, blank=True)  # values of Allergen, in their order

    class Meta(TownModel.Meta):
        verbose_name = "menu"
        constraints = [
            models.UniqueConstraint(
                fields=["town", "school", "day"], condition=Q(school__isnull=False), name="menu_once_per_school_and_day"
            ),
            models.UniqueConstraint(fields=["town", "day"], condition=Q(school__isnull=True), name="menu_once_per_day"),
            SameTown(field="school", name="menu_same_town_school"),
        ]

    def __str__(self) -> str:
        return f"{self.day}"


class ContactRequest(TownModel):
    """« Je rencontre des difficultés à me connecter »: a message to the town hall (feature A4)."""

    class Status(models.TextChoices):
        NEW = "new", "à traiter"
        ANSWERED = "answered", "répondue"
        DONE = "done", "classée"

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    at = models.DateTimeField("reçue le")
    subject = models.CharField("objet", max_length=20)
    name = models.CharField("nom", max_length=150)
    email = models.EmailField("courriel", blank=True)
    phone = models.CharField("téléphone", max_length=30, blank=True)
    child = models.CharField("enfant", max_length=150, blank=True)
    message = models.TextField("message", max_length=4000)
    status = models.CharField("état", max_length=8, choices=Status.choices, default=Status.NEW)
    # Known for certain only when it was written from inside; a name or an address that was typed proves nothing.
    payer = models.ForeignKey(
        Payer,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="+",
        verbose_name="payeur",
    )

    class Meta(TownModel.Meta):
        verbose_name = "demande de contact"
        verbose_name_plural = "demandes de contact"
        indexes = [models.Index(fields=["town", "status", "at"], name="contact_by_status")]
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "public_id"], name="contact_public_id"),
            SameTown(field="payer", name="contact_same_town_payer"),
        ]

    def __str__(self) -> str:
        return self.name


class ContactReply(TownModel):
    """What the town hall answered to a message: an e-mail that left, or what was said on the telephone."""

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    request = models.ForeignKey(
        ContactRequest, on_delete=models.CASCADE, db_constraint=False, related_name="replies", verbose_name="demande"
    )
    at = models.DateTimeField("écrite le")
    actor = models.CharField("par", max_length=150)
    text = models.TextField("réponse", max_length=4000)
    to = models.EmailField("destinataire", blank=True)  # empty: said, not written

    class Meta(TownModel.Meta):
        verbose_name = "réponse à une demande"
        verbose_name_plural = "réponses aux demandes"
        constraints = [
            models.UniqueConstraint(fields=["town", "public_id"], name="contact_reply_public_id"),
            SameTown(field="request", name="contact_reply_same_town_request"),
        ]


class Campaign(TownModel):
    """An e-mail from the town hall to many families; one row of the outbox for each payer (feature M6)."""

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)
    at = models.DateTimeField("demandé le")
    actor = models.CharField("par", max_length=150)
    subject = models.CharField("objet", max_length=200)
    text = models.TextField("texte", max_length=5000)
    audience = models.CharField("à qui", max_length=300)
    recipients = models.PositiveIntegerField("destinataires")
    without_address = models.PositiveIntegerField("familles sans courriel")
    job = models.UUIDField("travail")

    class Meta(TownModel.Meta):
        verbose_name = "courriel aux familles"
        verbose_name_plural = "courriels aux familles"
        indexes = [models.Index(fields=["town", "-at"], name="campaign_by_date")]
        constraints = [
            *TownModel.Meta.constraints,
            models.UniqueConstraint(fields=["town", "public_id"], name="campaign_public_id"),
        ]

    def __str__(self) -> str:
        return self.subject


class OutboxMail(TownModel):
    """An e-mail to send, written in the transaction of what it tells; the worker sends it (`docs/exploitation`).

    Waiting mails may be claimed; a claim is a lease, so that a worker that dies gives back what it held.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "à envoyer"
        SENDING = "sending", "en cours d'envoi"  # said before the server hears of it: its fate is unknown until then
        SENT = "sent", "envoyé"
        FAILED = "failed", "abandonné"
        DROPPED = "dropped", "retiré"

    public_id = models.UUIDField("identifiant public", default=uuid4, editable=False)  # the Message-ID, at every try
    key = models.CharField("clé d'unicité", max_length=150)
    kind = models.CharField("nature", max_length=30)
    to = models.EmailField("destinataire")
    subject = models.CharField("objet", max_length=200)
    text = models.TextField("texte")
    html = models.TextField("texte (HTML)", blank=True)
    attachments = models.JSONField("pièces jointes", default=list, blank=True)  # [{"document": kind, "id": uuid}, …]
    unsubscribe = models.CharField("adresse de désabonnement", max_length=500, blank=True)
    payer = models.ForeignKey(
        Payer,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="+",
        verbose_name="payeur",
    )
    campaign = models.ForeignKey(
        Campaign,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="mails",
        verbose_name="courriel aux familles",
    )
    created_at = models.DateTimeField("créé le")
    due_at = models.DateTimeField("à envoyer à partir du")
    status = models.CharField("état", max_length=7, choices=Status.choices, default=Status.WAITING)
    tries = models.PositiveSmallIntegerField("essais", default=0)
    claimed_until = models.DateTimeField("pris jusqu'au", null=True, blank=True)
    claimed_by = models.CharField("pris par", max_length=80, blank=True)
    sent_at = models.DateTimeField("envoyé le", null=True, blank=True)
    last_error = models.CharField("dernière erreur", max_length=300, blank=True)

    class Meta(TownModel.Meta):
        verbose_name = "courriel à envoyer"
        verbose_name_plural = "courriels à envoyer"
        indexes = [
            models.Index(fields=["town", "due_at", "id"], condition=Q(status="waiting"), name="outbox_waiting"),
            models.Index(fields=["town", "claimed_until"], condition=Q(status="sending"), name="outbox_sending"),
            models.Index(fields=["town", "payer", "-created_at"], name="outbox_by_payer"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["town", "key"], name="outbox_key_once_per_town"),
            models.UniqueConstraint(fields=["town", "public_id"], name="outbox_public_id"),
            SameTown(field="payer", name="outbox_same_town_payer"),
            SameTown(field="campaign", name="outbox_same_town_campaign"),
            models.CheckConstraint(
                condition=Q(status__in=["waiting", "sending", "sent", "failed", "dropped"]), name="outbox_known_status"
            ),
            models.CheckConstraint(
                condition=Q(status="sent", sent_at__isnull=False) | (~Q(status="sent") & Q(sent_at__isnull=True)),
                name="outbox_sent_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(status="sending") | Q(claimed_until__isnull=False), name="outbox_sending_is_claimed"
            ),
            models.CheckConstraint(condition=~Q(key="") & ~Q(to=""), name="outbox_goes_somewhere"),
        ]

    def __str__(self) -> str:
        return self.subject
