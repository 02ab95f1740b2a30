"""Paying an invoice online: summary, the bank's page, waiting, confirmation (features F3 to F6).

The truth comes from our own server, which asks the bank: a notification or a return only makes it ask at once.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

from csp.decorators import csp_update
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from portail.billing.models import Attempt, Invoice
from portail.billing.operations.paying import (
    EmailError,
    PaymentRefusedError,
    ProviderDownError,
    Urls,
    announce,
    hear,
    start,
)
from portail.billing.providers import Trouble, comes_back
from portail.billing.queries.cards import InvoiceCard
from portail.billing.queries.invoices import addresses_of, attempt_of, last_attempt_on
from portail.families.queries import Family
from portail.rules.paying import SECURE_PAGE_LIVES, AttemptState
from portail.web import ticket_email
from portail.web.accounts import due_view
from portail.web.invoices import invoice_or_404, reference_label, speaker_of
from portail.web.pages import show
from portail.web.payment_steps import WAITING, bank_page, device_of, ended_page, standing, waiting_page, waits
from portail.web.requests import TownRequest, View, actor, for_family
from portail.web.words_billing import State, outcome_of, refused

IDOP = re.compile(r"[0-9A-Za-z_-]{1,64}")
LONGEST_STAMP = 10  # digits of seconds since 1970
FOLLOWED = 20  # times the page of a popup looks for the operation that it opened
MOST_FIELDS, LONGEST_NAME, LONGEST_VALUE = 30, 40, 300
CODES = {"email": 400, "amount": 409, "refused": 409, "down": 503}


class SeeOther(HttpResponseRedirect):
    """303: go there with a GET, whatever was sent here."""

    status_code = 303


def to_the_bank(view: View) -> Callable[..., HttpResponse]:
    """Only these pages may send a form on to the bank, and keep a hold on the window that they opened."""

    @wraps(view)
    def freed(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        address = urlsplit(getattr(settings, "PAYFIP_URL", "https://www.payfip.gouv.fr"))
        answered = csp_update({"form-action": [f"{address.scheme}://{address.netloc}"]})(view)
        response = cast(HttpResponse, answered(request, **kwargs))
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin-allow-popups"
        return response

    return freed


# ── step 2 ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the payment did not begin. `place`: email, amount, refused or down."""

    place: str
    words: str
    advice: str = ""


@require_http_methods(["GET", "HEAD", "POST"])
@to_the_bank
@for_family
def pay(request: TownRequest, family: Family, *, public_id: UUID) -> HttpResponse:
    """« Récapitulatif », and « Payer en ligne », which leads to the bank's page."""
    card = invoice_or_404(request, family, public_id)
    if request.method != "POST":
        return _summary(request, family, card)
    problem = _before(request, card)
    if problem is None:
        begun = _begin(request, family, card)
        if isinstance(begun, HttpResponse):
            return begun
        problem = begun
        card = invoice_or_404(request, family, public_id)  # what changed meanwhile
    return _summary(request, family, card, problem)


def _before(request: TownRequest, card: InvoiceCard) -> Problem | None:
    """What can be said at once, without opening anything."""
    words = ticket_email.problem_with(request.POST.get("email", "").strip())
    if words:
        return Problem("email", words)
    shown = request.POST.get("cents", "")
    if card.refusal is None and shown != str(card.left_cents):
        return Problem(
            "amount",
            _("Le montant à payer a changé depuis que vous avez ouvert cette page."),
            _("Vérifiez-le, puis appuyez de nouveau sur « Payer en ligne »."),
        )
    return None


def _begin(request: TownRequest, family: Family, card: InvoiceCard) -> HttpResponse | Problem:
    email = request.POST.get("email", "").strip()
    urls = Urls(
        notify=request.build_absolute_uri(reverse("pay_notified")),
        back=request.build_absolute_uri(reverse("pay_return")),
        announce=request.build_absolute_uri(reverse("pay_announced", kwargs={"token": "x"})).removesuffix("x/"),
    )
    try:
        started = start(
            invoice=card.public_id,
            email=email,
            urls=urls,
            by=actor(family),
            now=request.now,
            device=device_of(request, family),
        )
    except Invoice.DoesNotExist:
        raise Http404 from None
    except EmailError as error:
        return Problem("email", _(str(error)))
    except PaymentRefusedError as error:
        return _already(request, family, error) or _refusal(request, card, error)
    except ProviderDownError as error:
        return _not_opened(request, error)
    by_link = "link" in request.POST and not comes_back(started.attempt.provider)
    response = waiting_page(request, family, started.attempt, started.url) if by_link else SeeOther(started.url)
    ticket_email.remember(response, family, email)
    return response


def _not_opened(request: TownRequest, error: ProviderDownError) -> Problem:
    """Not the bank's silence when the town hall has something to mend: trying again at once would be of no use."""
    if error.trouble is Trouble.REFUSED:
        return Problem(
            "down",
            _("Le paiement en ligne n'est pas disponible pour cette facture : rien n'a été payé ni débité."),
            _("Nos services en sont avertis. Vous pouvez payer autrement, ou réessayer plus tard."),
        )
    return Problem(
        "down",
        _("Le service de paiement de l'État ne répond pas : rien n'a été payé ni débité."),
        _("L'incident est signalé %(to_town_hall)s. Réessayez dans quelques minutes.")
        % {"to_town_hall": speaker_of(request).label("to_town_hall")},
    )


def _already(request: TownRequest, family: Family, error: PaymentRefusedError) -> HttpResponse | None:
    """« Payer en ligne » pressed twice, or after Back: the operation already open, never a second one.

    From another device, our own page: the bank's would only say « Paiement impossible ».
    """
    attempt = error.attempt
    if error.until is None or attempt is None or attempt.state not in WAITING:
        return None
    bank = bank_page(request, family, attempt)
    return SeeOther(bank or reverse("payment", kwargs={"public_id": attempt.public_id}))


def _refusal(request: TownRequest, card: InvoiceCard, error: PaymentRefusedError) -> Problem:
    state = refused(error.reason, card, speaker_of(request))
    return Problem("refused", state.reason, state.advice)


def _summary(request: TownRequest, family: Family, card: InvoiceCard, problem: Problem | None = None) -> HttpResponse:
    typed = request.POST.get("email", "")[:254] if request.method == "POST" else ""
    email = typed or ticket_email.remembered(request, family) or addresses_of(family.payer_id).for_ticket
    if problem is not None and problem.place == "refused" and card.refusal is not None:
        problem = None  # the page itself says why, with the latest facts
        status = CODES["refused"]
    else:
        status = CODES[problem.place] if problem else 200
    context = {
        "card": card,
        "view": due_view(card, speaker_of(request)),
        "reference_label": reference_label(request),
        "email": email,
        "problem": problem,
        "popup": card.regie.popup or not comes_back(card.regie.provider),
        "by_link": not comes_back(card.regie.provider),
        "payfip": card.regie.online,
        "follow_url": _follow_url(card.public_id, request.now),
    }
    return show(request, "web/pay.html", context, current="invoices", status=status)


# ── step 3 ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@require_safe
@for_family
def pay_follow(request: TownRequest, family: Family, *, public_id: UUID) -> HttpResponse:
    """Where the page goes on once the bank's window is open: to the operation just opened, as soon as there is one.

    One that had ended before the summary was shown (`depuis`) is not it.
    """
    card = invoice_or_404(request, family, public_id)
    since = _since(request)
    found = last_attempt_on(public_id, family.payer_id, since)
    if found is not None:
        return redirect("payment", public_id=found.public_id)
    turn = request.GET.get("tour", "0")
    count = int(turn) + 1 if turn.isascii() and turn.isdecimal() and len(turn) < 3 else 1
    context = {
        "outcome": State("info", _("Nous ouvrons la page de la banque"), _("Cela ne prend que quelques secondes.")),
        "again_url": f"{_follow_url(public_id, since)}&tour={count}" if count <= FOLLOWED else "",
        "back_url": reverse("pay", kwargs={"public_id": public_id}),
        "by_link": not comes_back(card.regie.provider),
    }
    return show(request, "web/pay_follow.html", context, current="invoices")


def _follow_url(public_id: UUID, since: datetime) -> str:
    return f"{reverse('pay_follow', kwargs={'public_id': public_id})}?depuis={int(since.timestamp())}"


def _since(request: TownRequest) -> datetime:
    """When the summary was shown, if the address says so; never further back than a page of the bank lives."""
    oldest, stamp = request.now - SECURE_PAGE_LIVES, request.GET.get("depuis", "")
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= LONGEST_STAMP):
        return oldest
    return max(oldest, datetime.fromtimestamp(int(stamp), UTC))


def attempt_or_404(family: Family, public_id: UUID) -> Attempt:
    """The operation, if it is this payer's."""
    found = attempt_of(public_id, family.payer_id)
    if found is None:
        raise Http404
    return found


@require_safe
@for_family
def payment(request: TownRequest, family: Family, *, public_id: UUID) -> HttpResponse:
    """Step 3 while the bank has not answered, step 4 once it has."""
    attempt = attempt_or_404(family, public_id)
    page = waiting_page if waits(attempt, request.now) else ended_page
    return page(request, family, attempt)


@require_safe
@for_family
def payment_state(request: TownRequest, family: Family, *, public_id: UUID) -> JsonResponse:
    """What the waiting page asks: is there an answer yet? One query of its own."""
    attempt = attempt_or_404(family, public_id)
    return JsonResponse({"state": standing(attempt, request.now), "settled": not waits(attempt, request.now)})


@require_safe
@for_family
def payment_resume(request: TownRequest, family: Family, *, public_id: UUID) -> HttpResponse:
    """« Reprendre le paiement »: the bank's page of the operation already open, while this device may open it."""
    attempt = attempt_or_404(family, public_id)
    return redirect(bank_page(request, family, attempt) or reverse("payment", kwargs={"public_id": public_id}))


# ── what comes from outside ─────────────────────────────────────────────────────────────────────────────────────────


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def pay_return(request: HttpRequest) -> HttpResponse:
    """The browser comes back from the bank. Without a session, nothing personal is shown."""
    visitor = cast(TownRequest, request)
    attempt = _heard(visitor, Attempt.Trigger.RETURN)
    if attempt is None:
        if visitor.family is not None:
            return redirect("invoices")
        return show(visitor, "web/pay_returned.html", {"outcome": None}, current="invoices")
    if visitor.family is not None and attempt.payer_id == visitor.family.payer_id:
        return SeeOther(reverse("payment", kwargs={"public_id": attempt.public_id}))
    state = AttemptState.WAITING if waits(attempt, visitor.now) else AttemptState(attempt.state)
    outcome = outcome_of(state, speaker_of(visitor))
    return show(visitor, "web/pay_returned.html", {"outcome": outcome}, current="invoices")


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def pay_notified(request: HttpRequest) -> HttpResponse:
    """PayFiP says that something happened. Unsigned: it only makes us ask. The answer is the same whatever was sent."""
    _heard(cast(TownRequest, request), Attempt.Trigger.NOTIFICATION)
    return HttpResponse("ok\n", content_type="text/plain")


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def pay_announced(request: HttpRequest, token: str) -> HttpResponse:
    """The call-back of the older form. The address is its only proof: nothing is ever credited here."""
    if IDOP.fullmatch(token):
        announce(token=token, raw=_fields(request), now=cast(TownRequest, request).now)
    return HttpResponse("ok\n", content_type="text/plain")


def _heard(request: TownRequest, trigger: Attempt.Trigger) -> Attempt | None:
    fields = _fields(request)
    idop = next((value for name, value in fields.items() if name.lower() == "idop"), "")
    if not IDOP.fullmatch(idop):
        return None
    return hear(idop=idop, trigger=trigger, raw=fields, now=request.now)


def _fields(request: HttpRequest) -> dict[str, str]:
    """What came, in the address or in a form: few, short, and such as a database takes."""
    found = [*request.GET.items(), *request.POST.items()][:MOST_FIELDS]
    return {_plain(name, LONGEST_NAME): _plain(str(value), LONGEST_VALUE) for name, value in found}


def _plain(text: str, longest: int) -> str:
    return "".join(letter for letter in text[:longest] if letter.isprintable())
