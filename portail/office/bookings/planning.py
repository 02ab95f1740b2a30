"""A call in three clicks: find the child, tick, « Valider »; then what was done, what was refused and why."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from portail.bookings.models import ChangeSet
from portail.bookings.operations.changes import Submission
from portail.bookings.operations.requests import LONGEST_REASON, RequestError, book_for_family
from portail.bookings.queries.movements import persons_coded, relatives_of, submission_named
from portail.bookings.queries.offer import Offer, offer_in_force
from portail.bookings.queries.records import Span
from portail.bookings.queries.wished import read_wishes
from portail.bookings.verdicts import restored_all
from portail.families.models import Person
from portail.families.queries import children_of
from portail.families.queries.cards import person_card
from portail.families.queries.search import Wanted, persons_wanted
from portail.office.bookings.sheet import Sheet, sheet_of
from portail.office.bookings.words import CALL_REASONS, CHANNELS, activity_name, explain
from portail.office.families.forms import WantedForm
from portail.office.families.search import names_first
from portail.office.forms import OfficeForm
from portail.office.lists import Column, listed
from portail.office.pages import show
from portail.office.requests import OfficeRequest, actor, allowed, today
from portail.rules.booking import Channel, Outcome, Refusal, Verdict, Wish
from portail.rules.staff import Right
from portail.rules.weeks import history_floor, monday, parse_week, week_slug
from portail.towns import wording as say

WEEKS = 4
FURTHEST = timedelta(weeks=60)
LONGEST_TOKEN = 64


class CallForm(OfficeForm):
    """Why the town hall changes a planning."""

    reason = forms.CharField(
        label="Motif", required=False, max_length=LONGEST_REASON,
        widget=forms.TextInput(attrs={"list": "motifs", "autocomplete": "off"}),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One change of a recap: « Cantine, mardi 24 novembre 2026 », and why not when it was refused."""

    child: str
    what: str
    present: bool
    why: str
    note: str


@allowed(Right.BOOKINGS)
def bookings(request: OfficeRequest) -> HttpResponse:
    """Whose planning: the search of families, straight to the boxes."""
    form = WantedForm(request.GET)
    form.is_valid()
    values = form.cleaned_data
    wanted = Wanted(values.get("q", ""), None, values.get("classroom"), active=not values.get("gone"))
    listing = listed(request, persons_wanted(wanted), COLUMNS, sort="name", filters=form, file_name="enfants")
    if isinstance(listing, HttpResponse):
        return listing
    return show(request, "office/bookings/search.html", {"listing": listing}, current="bookings")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.BOOKINGS)
def child_bookings(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """The planning of a child over four weeks; POST is « Valider »."""
    card = person_card(public_id)
    if card is None:
        raise Http404
    start, form, sent = _start(request), CallForm(request.POST or None), list[Wish]()
    if request.method == "POST":
        wishes, unreadable = read_wishes(request.POST.getlist("shown"), request.POST.getlist("ticked"))
        # The page of a child changes that child: a box of anybody else's was forged.
        sent = [wish for wish in wishes if wish.person == card.person.code]
        unreadable += [f"{wish.person}/{wish.activity}/{wish.day}" for wish in wishes if wish not in sent]
        saved = _validated(request, form, _sheet(request, card.person, start, sent), sent, unreadable)
        if saved is not None:
            return redirect("office:bookings_recap", public_id=saved.public_id)
    sheet = _sheet(request, card.person, start, sent)
    context = {
        "card": card, "person": card.person, "form": form, "weeks": sheet.weeks(start, WEEKS),
        "token": request.POST.get("token", "")[:LONGEST_TOKEN] or secrets.token_urlsafe(16), "reasons": CALL_REASONS,
        "relatives": [(one, _address(one, start)) for one in relatives_of(card.person)],
        "pager": _pager(request, card.person, start), "here": _address(card.person, start),
        "words": f"Du {say.day_without_year(start)} au {say.day(start + timedelta(weeks=WEEKS, days=-1))}",
    }  # fmt: skip
    status = 400 if form.errors else 200
    return show(request, "office/bookings/planning.html", context, current="bookings", status=status)


@require_safe
@allowed(Right.BOOKINGS)
def bookings_recap(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """What one submission did, by the town hall or by a family."""
    change_set = submission_named(public_id)
    if change_set is None:
        raise Http404
    verdicts, offer = restored_all(change_set.verdicts), offer_in_force()
    persons = persons_coded({verdict.wish.person for verdict in verdicts})
    shares: dict[str, list[Line]] = {"saved": [], "requested": [], "refused": [], "unchanged": []}
    for verdict in sorted(verdicts, key=lambda one: (one.wish.day, one.wish.person)):
        shares[SHARES[verdict.outcome]].append(_line(verdict, persons, offer))
    first = min((verdict.wish for verdict in verdicts if verdict.wish.person in persons),
                key=lambda wish: wish.day, default=None)  # fmt: skip
    context = {
        **shares, "change_set": change_set, "unreadable": len(change_set.verdicts) - len(verdicts),
        "back": _address(persons[first.person], monday(first.day)) if first else reverse("office:bookings"),
        "channel": CHANNELS[Channel(change_set.channel)], "author": change_set.payer or change_set.actor,
    }  # fmt: skip
    return show(request, "office/bookings/recap.html", context, current="bookings")


SHARES = {
    Outcome.BOOKED: "saved",
    Outcome.CANCELLED: "saved",
    Outcome.REQUESTED: "requested",
    Outcome.REFUSED: "refused",
    Outcome.UNCHANGED: "unchanged",
}


def _validated(
    request: OfficeRequest, form: CallForm, sheet: Sheet, wishes: Sequence[Wish], unreadable: Sequence[str]
) -> ChangeSet | None:
    """The submission as recorded, or None with what is wrong written on the form."""
    if not form.is_valid():
        return None
    reason = form.cleaned_data["reason"]
    if not unreadable and all(wish.present == wish.seen for wish in wishes):
        form.add_error(None, "Cochez ou décochez au moins une case.")
    elif not reason and sheet.passes_a_limit(wishes):
        form.add_error("reason", "La famille ne peut plus changer une de ces cases : indiquez un motif.")
    if form.errors:
        return None
    token = request.POST.get("token", "")[:LONGEST_TOKEN]
    # Marked as ours, like the parents' forms: it must not stand in for an undoing.
    submission = Submission(wishes, token=f"office-{token}" if token else "", reason=reason, unreadable=unreadable)
    try:
        return book_for_family(submission=submission, by=actor(request), now=request.now)
    except RequestError as refusal:
        form.add_error("reason", str(refusal))
        return None


def _sheet(request: OfficeRequest, person: Person, start: date, sent: Sequence[Wish]) -> Sheet:
    child = children_of(actor(request), [person.code])[0]
    days = [start, start + timedelta(weeks=WEEKS, days=-1), *(w.day for w in sent)]
    span = Span.of(days) or Span(start, start)
    return sheet_of(child, offer_in_force(), span, request.now, sent)


def _start(request: OfficeRequest) -> date:
    here = today(request)
    wanted = parse_week(request.GET.get("semaine", "")) or monday(here)
    return min(max(wanted, monday(history_floor(here))), monday(here + FURTHEST))


def _address(person: Person, start: date) -> str:
    to = reverse("office:child_bookings", kwargs={"public_id": person.public_id})
    return f"{to}?{urlencode({'semaine': week_slug(start)})}"


def _pager(request: OfficeRequest, person: Person, start: date) -> dict[str, str]:
    """Where « Précédent », « Aujourd'hui » and « Suivant » lead, "" for nowhere."""
    here, step = today(request), timedelta(weeks=WEEKS)
    first, last = monday(history_floor(here)), monday(here + FURTHEST)
    return {
        "previous": _address(person, max(start - step, first)) if start > first else "",
        "today": _address(person, monday(here)) if start != monday(here) else "",
        "next": _address(person, min(start + step, last)) if start < last else "",
    }


def _line(verdict: Verdict, persons: dict[str, Person], offer: Offer) -> Line:
    wish = verdict.wish
    person = persons.get(wish.person)
    return Line(
        child=str(person) if person else wish.person,
        what=f"{activity_name(wish.activity, offer)}, {say.day(wish.day)}",
        present=wish.present if verdict.refusal is not Refusal.CHANGED_MEANWHILE else bool(verdict.booked_now),
        why=explain(verdict, offer),
        note="ajouté avec une autre activité du même jour" if verdict.implied else "",
    )


def _classroom(person: Person) -> str:
    return "" if person.classroom is None else f"{person.classroom.school} · {person.classroom}"


def _phones(person: Person) -> str:
    return ", ".join(link.payer.phone for link in person.links.all() if link.payer.phone)


COLUMNS = [
    Column(
        "name", "Enfant", names_first, sort=("sort_key",),
        link=lambda one: reverse("office:child_bookings", kwargs={"public_id": one.public_id}),
    ),
    Column("code", "Code", lambda one: one.code, sort=("code",)),
    Column("classroom", "Classe", _classroom, sort=("classroom__school__name", "classroom__name", "sort_key")),
    Column("payers", "Payeurs", lambda one: ", ".join(str(link.payer) for link in one.links.all())),
    Column("phone", "Téléphone", _phones),
]  # fmt: skip
