"""« Périscotidien »: choose the weekdays of a period, once (feature P10)."""

from dataclasses import dataclass
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portail.bookings.operations.periods import (
    NotAllowedError,
    PeriodWish,
    UnknownPeriodError,
    ValidatedAlreadyError,
    validate_period,
)
from portail.bookings.queries.offer import Offer, PeriodOffer, offer_in_force
from portail.bookings.queries.records import period_choices
from portail.families.queries import ChildRow, Family
from portail.towns import wording as say
from portail.web.pages import child_card, show
from portail.web.planning import child_or_404, local_today
from portail.web.requests import TownRequest, actor, for_family
from portail.web.spans import Problem
from portail.web.weekdays import DayRow, heads, read_days, rows


@dataclass(frozen=True, slots=True)
class PeriodCard:
    """One period: a form, or what was validated."""

    id: str
    title: str
    range_words: str
    rows: list[DayRow]
    validated: bool
    word: str
    token: str


@require_http_methods(["GET", "HEAD", "POST"])
@for_family
def periods(request: TownRequest, family: Family, *, code: str) -> HttpResponse:
    """The cards of the periods that are not over; POST validates one of them."""
    child, offer = child_or_404(family, code), offer_in_force()
    errors: list[Problem] = []
    if request.method == "POST":
        answer = _validate(request, family, child, offer)
        if isinstance(answer, HttpResponse):
            return answer
        errors.append(answer)
    context = {
        "child": child_card(child),
        "back_url": child_card(child).url_planning,
        "errors": errors,
        "heads": heads(offer),
        "cards": _cards(request, child, offer),
    }
    return show(request, "web/periods.html", context, current="planning", status=400 if errors else 200)


def _validate(request: TownRequest, family: Family, child: ChildRow, offer: Offer) -> HttpResponse | Problem:
    try:
        period = UUID(request.POST.get("period", ""))
    except ValueError:
        raise Http404 from None
    if request.POST.get("sure") != "1":
        text = _("Cochez « J'ai compris » : le choix d'une période est définitif.")
        return Problem(text, f"period-{period}")
    wish = PeriodWish(period, child.code, read_days(request.POST, offer))
    try:
        change_set = validate_period(wish=wish, by=actor(family), now=request.now)
    except UnknownPeriodError:
        raise Http404 from None
    except NotAllowedError:
        return Problem(_("Vous ne pouvez pas choisir les jours de cette période."), f"period-{period}")
    except ValidatedAlreadyError:
        return Problem(_("Cette période est déjà validée : rien n'a été changé."), f"period-{period}")
    return redirect(f"{reverse('recap', kwargs={'public_id': change_set.public_id})}#recap")


def _cards(request: TownRequest, child: ChildRow, offer: Offer) -> list[PeriodCard]:
    chosen = period_choices(child, offer)
    sent = read_days(request.POST, offer)
    cards = []
    for period in offer.periods:
        if period.last < local_today(request):
            continue
        done = period.id in chosen
        ticked = chosen.get(period.id) or (sent if request.POST.get("period") == period.public_id else {})
        word = _("Période déjà validée (non modifiable)") if done else _freeze_words(period)
        cards.append(
            PeriodCard(
                period.public_id, _title(period), _range(period), rows(offer, ticked, period.weekdays), done, word, ""
            )
        )
    return cards


def _title(period: PeriodOffer) -> str:
    return period.name or _("Période")


def _range(period: PeriodOffer) -> str:
    return _("du %(first)s au %(last)s") % {"first": say.numeric(period.first), "last": say.numeric(period.last)}


def _freeze_words(period: PeriodOffer) -> str:
    if period.freezes:
        return _("Une fois validés, ces jours ne changeront plus, même dans le planning.")
    return _("Une fois la période validée, vous pourrez encore changer un jour dans le planning, avant sa clôture.")
