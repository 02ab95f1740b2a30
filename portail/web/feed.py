"""The calendar feed: a secret iCalendar address per child and payer, which the parent may renew or stop."""

import hashlib
import hmac
from datetime import timedelta
from typing import cast
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from portail.bookings.queries.offer import offer_in_force
from portail.bookings.queries.records import booked_days
from portail.families.operations.register import share_feed
from portail.families.queries import Family, link_named
from portail.rules.icalendar import Event, calendar
from portail.rules.weeks import history_floor
from portail.towns.models import Town
from portail.web.pages import child_card, show
from portail.web.planning import child_or_404, local_today
from portail.web.requests import TownRequest, for_family

AHEAD = timedelta(days=400)


@require_http_methods(["GET", "HEAD", "POST"])
@for_family
def feed_page(request: TownRequest, family: Family, *, code: str) -> HttpResponse:
    """The address to subscribe to; POST makes a new one, or stops sharing."""
    child = child_or_404(family, code)
    if child.link_id is None:
        raise Http404
    if request.method == "POST":
        shared = request.POST.get("action") != "stop"
        share_feed(link_id=child.link_id, payer_id=family.payer_id, shared=shared)
        return redirect("feed_page", code=code)
    address = ""
    if child.feed_open:
        secret = feed_secret(child.link_id, child.feed_version)
        address = request.build_absolute_uri(reverse("feed", kwargs={"link": child.link_id, "secret": secret}))
    context = {
        "child": child_card(child),
        "back_url": child_card(child).url_planning,
        "feed_url": address,
        "webcal_url": "webcal://" + address.split("://", 1)[1] if address else "",
    }
    return show(request, "web/feed.html", context, current="planning")


@require_safe
def feed(request: HttpRequest, link: UUID, secret: str) -> HttpResponse:
    """The feed itself: read by calendar programs, without a cookie."""
    visitor = cast(TownRequest, request)
    found = link_named(link)
    if found is None or visitor.town.status == Town.Status.SUSPENDED:
        raise Http404
    if not hmac.compare_digest(feed_secret(link, found.feed_version).encode(), secret.encode()):
        raise Http404
    today = local_today(visitor)
    offer = offer_in_force()
    host = request.get_host().rsplit(":", 1)[0]
    events = [
        Event(f"{found.person.public_id}-{code}-{day:%Y%m%d}@{host}", day, f"{name} – {found.person.first_name}")
        for code, name, day in booked_days(found.person_id, offer, history_floor(today), today + AHEAD)
    ]
    body = calendar(f"{found.person.first_name} – {visitor.town.name}", events, visitor.now)
    return HttpResponse(
        body, content_type="text/calendar; charset=utf-8", headers={"Cache-Control": "private, max-age=900"}
    )


def feed_secret(link: UUID, version: int) -> str:
    """160 bits that only this server can compute; another version, another secret. Nothing to store."""
    return hmac.new(settings.SECRET_KEY.encode(), f"feed {link} {version}".encode(), hashlib.sha256).hexdigest()[:40]
