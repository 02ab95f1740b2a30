"""« Voir comme la famille »: the site as one payer sees it, read only, said on every page, and in the trail."""

from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from portail.families.operations.register import RegisterError
from portail.families.operations.viewing import open_view
from portail.families.viewing import COOKIE, LONGEST, read_ticket, ticket
from portail.office.families.reading import payer_or_404
from portail.office.pages import error
from portail.office.requests import OfficeRequest, actor, agent_of, allowed
from portail.rules.staff import Right


@require_POST
@allowed(Right.FAMILIES)
def view_as(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """To the parents' site, as this payer sees it."""
    payer = payer_or_404(public_id)
    try:
        view = open_view(
            payer=payer, session_id=agent_of(request).session_id, by=actor(request), now=request.now
        )  # fmt: skip
    except RegisterError as refusal:
        return error(request, 400, "Rien à voir", str(refusal))
    response = redirect("home")
    age = int(LONGEST.total_seconds())
    response.set_cookie(COOKIE, ticket(view), max_age=age, httponly=True, secure=settings.HTTPS, samesite="Lax")
    return response


@require_POST
@allowed(Right.HOME)
def leave_view(request: OfficeRequest) -> HttpResponse:
    """Back to the family's page."""
    view = read_ticket(request.COOKIES.get(COOKIE, ""), request.now)
    seen = Right.FAMILIES in agent_of(request).rights and view is not None
    to = reverse("office:family", kwargs={"public_id": view.payer}) if seen and view else reverse("office:home")
    response = redirect(to)
    response.delete_cookie(COOKIE, samesite="Lax")
    return response
