"""The page before login, logging in and out (features A1 to A4, A6)."""

from datetime import UTC, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from portail.bookings.queries.offer import offer_in_force
from portail.bookings.wording import reminders
from portail.families.operations.access import LoginAttempt, LoginResult, log_in, log_out
from portail.families.queries import Family
from portail.rules.codes import Brake, miscopied, normalise_child_code
from portail.towns import wording as say
from portail.towns.models import Town
from portail.web import session
from portail.web.board import board_context, menus_context
from portail.web.pages import labels_of, show
from portail.web.requests import TownRequest, for_family, network_of, safe_next

TICKET = Signer(salt="wait")


@require_http_methods(["GET", "HEAD", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """News, reminders and the two codes; POST logs in."""
    visitor = cast(TownRequest, request)
    if request.method == "POST":
        return _try(visitor)
    if visitor.family is not None and "fin" not in request.GET:
        return redirect("home")
    ended = "fin" in request.GET and request.GET.get("suite", "/") != reverse("home")
    notice = _("Votre session est terminée. Vos cases cochées et non validées sont gardées sur cet appareil : "
               "elles reviendront après la connexion.") if ended else ""  # fmt: skip
    return _page(visitor, notice=notice)


@require_POST
@for_family
def logout(request: TownRequest, family: Family) -> HttpResponse:
    """« Déconnexion »: the session is over on the server too."""
    log_out(session_id=family.session_id)
    response = redirect(f"{reverse('login')}?au-revoir=1")
    session.forget(response)
    rotate_token(request)
    return response


@require_POST
@for_family
def extend(request: TownRequest, family: Family) -> HttpResponse:
    """« Prolonger »: the visit counts from now. Nothing is written."""
    visit = session.read(request)
    ends = min(request.now + session.IDLE, family.ends_at)
    response = JsonResponse({"session_ends": ends.isoformat()})
    if visit is not None:
        session.remember(response, visit.key, request.now)
    return response


def _try(request: TownRequest) -> HttpResponse:
    if _closed(request.town, request.now):
        return _page(request)
    child_code = request.POST.get("child_code", "")[:40].strip()
    payer_code = request.POST.get("payer_code", "")[:40].strip()
    problem = _unusable(request, child_code, payer_code)
    if problem:
        return _page(request, error=problem, child_code=child_code, status=400)
    device = session.read_device(request)
    attempt = LoginAttempt(
        child_code=child_code,
        payer_code=payer_code,
        network=network_of(request),
        device_payer=device.payer if device else None,
        device=device.id if device else "",
        waited=_waited(request),
    )
    result = log_in(attempt=attempt, now=request.now)
    if not result.key or result.payer is None:
        return _page(
            request, error=_refusal(request, result), child_code=child_code, ticket=bool(result.wait), status=403
        )
    response = redirect(safe_next(request, request.POST.get("suite", "")))
    session.remember(response, result.key, request.now)
    session.remember_device(request, response, result.payer)
    rotate_token(request)
    return response


def _unusable(request: TownRequest, child_code: str, payer_code: str) -> str:
    """What is wrong at first sight: said at once, costs neither a try nor a hash."""
    label = labels_of(request.town)("payer_code")
    if not child_code or not payer_code:
        return _("Saisissez les deux codes : le Code enfant et le %(payer_code)s.") % {"payer_code": label}
    code = normalise_child_code(child_code)
    if not code:
        return _("Le Code enfant est fait de 3 à 8 chiffres.")
    if miscopied(code):
        return _("Le Code enfant semble mal recopié : vérifiez chaque chiffre.")
    return ""


def _refusal(request: TownRequest, result: LoginResult) -> str:
    match result.brake:
        case Brake.DISABLED:
            return _("Ce code est bloqué après trop d'essais. Demandez un nouveau code %(to_town_hall)s.") % {
                "to_town_hall": labels_of(request.town)("to_town_hall")
            }
        case Brake.WAIT | Brake.DAY_SPENT:
            return _("Trop d'essais avec ce code. Réessayez dans %(wait)s.") % {
                "wait": say.duration(result.wait + timedelta(seconds=59))
            }
        case Brake.CHALLENGE | Brake.SLOW:
            seconds = max(1, round(result.wait.total_seconds()))
            words = ngettext(
                "Beaucoup d'essais viennent de votre réseau. Attendez %(n)d seconde puis appuyez de nouveau.",
                "Beaucoup d'essais viennent de votre réseau. Attendez %(n)d secondes puis appuyez de nouveau.",
                seconds,
            )
            return words % {"n": seconds}
        case _:
            label = labels_of(request.town)("payer_code")
            return _("Ces deux codes ne vont pas ensemble. Vérifiez le Code enfant et le %(payer_code)s.") % {
                "payer_code": label
            }


def _waited(request: TownRequest) -> timedelta:
    """How long ago this visitor was asked to wait: from the signed ticket of the form."""
    try:
        stamp = TICKET.unsign(request.POST.get("ticket", ""))
    except BadSignature:
        return timedelta(0)
    return max(timedelta(0), request.now - datetime.fromtimestamp(int(stamp), UTC))


def _closed(town: Town, now: datetime) -> bool:
    if town.status == Town.Status.PREPARING:
        return town.opens_on is None or say.local(now, ZoneInfo(town.time_zone)).date() < town.opens_on
    return town.status == Town.Status.SUSPENDED


def _page(
    request: TownRequest,
    *,
    error: str = "",
    notice: str = "",
    child_code: str = "",
    ticket: bool = False,
    status: int = 200,
) -> HttpResponse:
    town, closed = request.town, _closed(request.town, request.now)
    state = "suspended" if town.status == Town.Status.SUSPENDED else "preparing" if closed else "open"
    context = {
        **board_context(request),
        **menus_context(request),
        "form": {
            "child_code": child_code,
            "error": error,
            "notice": notice or (_("Vous êtes déconnecté.") if "au-revoir" in request.GET else ""),
            "suite": request.POST.get("suite") or request.GET.get("suite", ""),
            "ticket": TICKET.sign(str(int(request.now.timestamp()))) if ticket else "",
        },
        "reminders": reminders(offer_in_force().rulebook.activities.values()),
        "state": state,
        "state_words": _state_words(request, state),
    }
    return show(request, "web/login.html", context, status=status)


def _state_words(request: TownRequest, state: str) -> str:
    if state == "suspended":
        return _("Le service est momentanément suspendu. Contactez %(town_hall)s pour toute inscription.") % {
            "town_hall": labels_of(request.town)("town_hall")
        }
    if state == "preparing" and request.town.opens_on:
        return _("La connexion ouvrira le %(day)s.") % {"day": say.day(request.town.opens_on)}
    return _("La connexion n'est pas encore ouverte.") if state == "preparing" else ""
