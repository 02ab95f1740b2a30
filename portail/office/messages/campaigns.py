"""E-mails to families: written, previewed with their recipients, tried on oneself, sent; the history (feature M6)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from portail.bookings.queries.audience import digest, families_in
from portail.bookings.queries.closing import FamilyToTell
from portail.news.campaign_queries import abandoned_rows, campaign_rows, campaign_with
from portail.news.operations.campaigns import Letter, Recipients, checked, send_test, write_families
from portail.news.operations.lines import NewsError
from portail.news.operations.outbox import is_address, retry_failed, retry_mail
from portail.office.lists import Column, listed
from portail.office.messages.campaign_forms import CampaignForm
from portail.office.pages import done, show
from portail.office.requests import OfficeRequest, actor, agent_of, allowed, today, zone_of
from portail.rules.staff import Right
from portail.towns.job_queries import job_with
from portail.towns.wording import moment_near


@dataclass(frozen=True, slots=True)
class Preview:
    """What would leave, to whom."""

    letter: Letter
    words: str
    reached: list[FamilyToTell]
    to_call: list[FamilyToTell]

    @property
    def shown(self) -> str:
        return digest(family.payer_id for family in self.reached)

    @property
    def recipients(self) -> Recipients:
        return Recipients([family.payer_id for family in self.reached], len(self.to_call), self.words)


@allowed(Right.MESSAGES)
def campaigns(request: OfficeRequest) -> HttpResponse:
    """What was sent to families, the latest first."""
    zone = zone_of(request)
    columns = [
        Column("subject", "Objet", lambda one: one.subject, sort=("subject",), link=lambda one: f"{one.public_id}/"),
        Column("audience", "À qui", lambda one: one.audience),
        Column("at", "Demandé", lambda one: moment_near(one.at, request.now, zone), sort=("at",)),
        Column("actor", "Par", lambda one: one.actor, sort=("actor", "-at")),
        Column("recipients", "Familles", lambda one: one.recipients, sort=("recipients",), kind="number"),
        Column("sent", "Envoyés", lambda one: one.sent, kind="number"),
        Column("failed", "Échecs", lambda one: one.failed, kind="number"),
    ]
    listing = listed(request, campaign_rows(), columns, sort="-at", file_name="courriels-aux-familles")
    if isinstance(listing, HttpResponse):
        return listing
    return show(request, "office/messages/campaigns.html", {"listing": listing}, current="campaigns")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.MESSAGES)
def new_campaign(request: OfficeRequest) -> HttpResponse:
    """The form; « Voir les destinataires » previews, « M'envoyer un essai » tries, « Envoyer » sends what was seen."""
    login = agent_of(request).login
    form = CampaignForm(
        request.POST or None, initial={"token": uuid4(), "test_to": login if is_address(login) else ""}
    )  # fmt: skip
    preview, said = None, ""
    if form.is_valid():
        act = request.POST.get("act")
        try:
            preview = _preview(request, form)
            if act == "test":
                send_test(letter=preview.letter, to=form.cleaned_data["test_to"], now=request.now)
                said = f"Un essai part à {form.cleaned_data['test_to']}."
            elif act == "send":
                return _send(request, form, preview)
        except NewsError as refusal:
            form.refuse(refusal)
    context: dict[str, Any] = {"form": form, "preview": preview, "tried": said}
    status = 400 if form.errors else 200
    return show(request, "office/messages/campaign_new.html", context, current="campaigns", status=status)


@allowed(Right.MESSAGES)
def campaign(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """One e-mail to families: what it said, how many left."""
    one = campaign_with(public_id)
    if one is None:
        raise Http404
    job = job_with(one.job)
    mine = job is not None and job.staff_id == agent_of(request).staff_id
    context = {"one": one, "job": job if mine else None}
    return show(request, "office/messages/campaign.html", context, current="campaigns")


@allowed(Right.MESSAGES)
def abandoned(request: OfficeRequest) -> HttpResponse:
    """The mails that were given up, and why."""
    zone = zone_of(request)
    columns = [
        Column("to", "Destinataire", lambda one: one.to, sort=("to",)),
        Column("payer", "Famille", lambda one: str(one.payer) if one.payer else ""),
        Column("subject", "Objet", lambda one: one.subject, sort=("subject",)),
        Column("at", "Créé", lambda one: moment_near(one.created_at, request.now, zone), sort=("created_at",)),
        Column("error", "Pourquoi", lambda one: one.last_error or "inconnu"),
    ]
    listing = listed(request, abandoned_rows(), columns, sort="-at", file_name="courriels-non-remis")
    if isinstance(listing, HttpResponse):
        return listing
    return show(request, "office/messages/abandoned.html", {"listing": listing}, current="abandoned")


@require_POST
@allowed(Right.MESSAGES)
def retry(request: OfficeRequest) -> HttpResponse:
    """« Réessayer » one mail, or all of them."""
    one = request.POST.get("one", "")
    if not one:
        found = retry_failed(by=actor(request), now=request.now)
        return done(f"{found} courriel{'s repartent' if found > 1 else ' repart'}.", "office:abandoned")
    try:
        tried = retry_mail(public_id=UUID(one), by=actor(request), now=request.now)
    except ValueError:
        raise Http404 from None
    return done("Le courriel repart." if tried else "Ce courriel est déjà reparti.", "office:abandoned")


def _send(request: OfficeRequest, form: CampaignForm, preview: Preview) -> HttpResponse:
    """Raises NewsError when the families are no longer those of the preview, or none has an address."""
    if request.POST.get("shown") != preview.shown:
        raise NewsError("Les destinataires ont changé depuis l'aperçu : relisez-le, puis envoyez.")
    made = write_families(
        letter=preview.letter, to=preview.recipients, token=form.cleaned_data["token"] or uuid4(), by=actor(request),
        now=request.now,
    )  # fmt: skip
    number = len(preview.reached)
    words = f"{number} courriels vont partir." if number > 1 else "Un courriel va partir."
    return done(words, "office:campaign", public_id=made.public_id)


def _preview(request: OfficeRequest, form: CampaignForm) -> Preview:
    found = families_in(form.audience(today(request)))
    reached = [family for family in found if is_address(family.email)]
    to_call = [family for family in found if not is_address(family.email)]
    return Preview(checked(form.letter()), form.audience_words(), reached, to_call)
