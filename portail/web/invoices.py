"""« Facture »: to pay, paid, one invoice explained, the papers, and who hears of new ones (features F1, F2, F7–F10)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, cast
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portail.billing import documents
from portail.billing.operations.emails import confirm_invoice_email, set_invoice_emails
from portail.billing.operations.papers import note_unprintable
from portail.billing.operations.unsubscribing import MARK, is_stop_token, stop_invoice_emails
from portail.billing.queries.cards import Addresses, Clock, InvoiceCard, LineRow
from portail.billing.queries.invoices import (
    account_of,
    addresses_of,
    invoice_of,
    lines_of,
    payer_of,
    payment_of,
    payments_on,
)
from portail.billing.queries.papers import certified_children
from portail.families.queries import Family
from portail.gateways.pdf.press import PaperError
from portail.towns import wording as say
from portail.web import ticket_email
from portail.web.accounts import (
    certificate_of,
    credit_view,
    due_view,
    settled_of,
    settled_row,
    with_reversals,
    years_of,
)
from portail.web.errors import unprintable
from portail.web.explain import Explained, explained
from portail.web.pages import labels_of, show
from portail.web.requests import TownRequest, actor, for_family, zone_of
from portail.web.words_billing import Speaker, state_of

OWN_ADDRESSES = 3
LONGEST_ADDRESS = 254


@dataclass(frozen=True, slots=True)
class Typed:
    """What came back with a form that was refused: kept, with the errors by field."""

    invoice: str = ""
    email: str = ""
    wanted: bool = False
    addresses: Sequence[str] = ()
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AddressField:
    """One of the three addresses of one's own."""

    id: str
    value: str
    state: str
    error: str


@dataclass(frozen=True, slots=True)
class ChildLines:
    """The lines of one child, or those about no child."""

    name: str
    place: str
    lines: list[Explained]
    total: str


def clock_of(request: TownRequest) -> Clock:
    """The request's instant on the town's clock."""
    return Clock(request.now, zone_of(request))


def speaker_of(request: TownRequest) -> Speaker:
    """What the sentences about money need."""
    return Speaker(clock_of(request), labels_of(request.town), request.town.phone)


def invoice_or_404(request: TownRequest, family: Family, public_id: UUID) -> InvoiceCard:
    """The invoice, if it is online and this payer's."""
    card = invoice_of(public_id, family.payer_id, clock_of(request))
    if card is None:
        raise Http404
    return card


def reference_label(request: TownRequest) -> str:
    """« Référence TIPI », or what the town calls it († « Numéro de commande »)."""
    return str(request.town.labels.get("order_number") or _("Référence TIPI"))


@require_http_methods(["GET", "HEAD", "POST"])
@for_family
def invoices(request: TownRequest, family: Family) -> HttpResponse:
    """« Facture », step 1: five queries whatever the number of invoices; five more for the certificate of a year."""
    if request.method != "POST":
        return _list(request, family, Typed())
    if request.POST.get("action") == "emails":
        return _save_emails(request, family)
    return _choose(request, family)


def _choose(request: TownRequest, family: Family) -> HttpResponse:
    """« Procéder au paiement »: the chosen invoice and the address of the ticket are looked at, then step 2."""
    typed = Typed(request.POST.get("invoice", "")[:40], request.POST.get("email", "")[:LONGEST_ADDRESS].strip())
    errors = {}
    if not typed.invoice:
        errors["invoice"] = _("Choisissez la facture que vous voulez payer.")
    else:
        card = invoice_or_404(request, family, _uuid(typed.invoice))
        if card.refusal is not None:
            errors["invoice"] = state_of(card, speaker_of(request)).reason
    problem = ticket_email.problem_with(typed.email)
    if problem:
        errors["email"] = problem
    if errors:
        return _list(request, family, Typed(typed.invoice, typed.email, errors=errors), status=400)
    response = redirect("pay", public_id=_uuid(typed.invoice))
    ticket_email.remember(response, family, typed.email)
    return response


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


def _save_emails(request: TownRequest, family: Family) -> HttpResponse:
    """« Enregistrer »: an emptied field removes its address; a new one is confirmed by a link first."""
    names = [f"email{place}" for place in range(1, OWN_ADDRESSES + 1)]
    addresses = [request.POST.get(name, "")[:LONGEST_ADDRESS].strip() for name in names]
    wanted = "wanted" in request.POST
    saved = set_invoice_emails(
        wanted=wanted,
        addresses=addresses,
        confirm_url=lambda secret: request.build_absolute_uri(reverse("invoice_email", kwargs={"secret": secret})),
        by=actor(family),
        now=request.now,
    )
    if saved.errors:
        errors = {f"email{place}": _(words) for place, words in saved.errors.items()}
        typed = Typed(wanted=wanted, addresses=addresses, errors=errors)
        return _list(request, family, typed, status=400)
    return redirect(f"{reverse('invoices')}?avis={'envoye' if saved.asked else 'ok'}#avis")


def _list(request: TownRequest, family: Family, typed: Typed, *, status: int = 200) -> HttpResponse:
    speaker = speaker_of(request)
    account, addresses = account_of(family.payer_id, speaker.clock), addresses_of(family.payer_id)
    payable = [card for card in account.due if card.refusal is None]
    only = str(payable[0].public_id) if len(payable) == 1 else ""
    in_order = [*payable, *(card for card in account.due if card.refusal is not None)]
    chosen, years = years_of(account, request.GET.get("annee", ""))
    context = {
        "due": [due_view(card, speaker, typed.invoice or only) for card in in_order],
        "some_payable": bool(payable),
        "test": any(card.regie.test for card in account.due),
        "fake": any(card.regie.fake for card in account.due),
        "payfip": any(card.regie.online for card in account.due),
        "balance": say.money(account.due_cents) if account.due else "",
        "in_hand": say.money(account.in_hand_cents) if account.in_hand_cents > 0 else "",
        "reference_label": reference_label(request),
        "email": typed.email or addresses.for_ticket,
        "settled": settled_of(account, chosen, speaker.clock),
        "credits": [credit_view(card) for card in account.credits],
        "years": years,
        "certificate": _certificate(family, certificate_of(account, chosen, speaker.clock.today.year)),
        "emails": _address_fields(addresses, typed),
        "wanted": typed.wanted if typed.addresses else addresses.wanted,
        "town_hall_email": addresses.town_hall,
        "errors": typed.errors,
        "saved": request.GET.get("avis", ""),
    }
    return show(request, "web/invoices.html", context, current="invoices", status=status)


def _certificate(family: Family, link: tuple[str, str] | None) -> tuple[str, str] | None:
    """The link, unless nothing of that year is to be certified: it would lead nowhere."""
    return link if link and certified_children(payer_of(family.payer_id), int(link[0])) else None


def _address_fields(addresses: Addresses, typed: Typed) -> list[AddressField]:
    known = {row.place: row for row in addresses.told}
    fields = []
    for place in range(1, OWN_ADDRESSES + 1):
        row = known.get(place)
        value = typed.addresses[place - 1] if typed.addresses else row.address if row else ""
        state = ""
        if row is not None and row.address == value:
            state = _("confirmée") if row.confirmed else _("à confirmer : ouvrez le lien que nous y avons envoyé")
        name = f"email{place}"
        fields.append(AddressField(name, value, state, typed.errors.get(name, "")))
    return fields


# ── one invoice ─────────────────────────────────────────────────────────────────────────────────────────────────────


@require_safe
@for_family
def invoice(request: TownRequest, family: Family, *, public_id: UUID) -> HttpResponse:
    """The invoice as a page (feature F10); each line opens to what explains it."""
    card = invoice_or_404(request, family, public_id)
    lines, speaker = lines_of(card), speaker_of(request)
    address = [line for line in card.payer_address.splitlines() if line.strip()]
    context: dict[str, Any] = {
        "card": card,
        "view": due_view(card, speaker),
        "total": say.money(card.total_cents),
        "issued": say.day(card.issued_on) if card.issued_on else "",
        "due_day": say.day(card.due_on),
        "payer_lines": [card.payer_name, *address],
        "reference_label": reference_label(request),
        "children": _children(lines),
        "parts": _parts(lines),
        "payments": [settled_row(card, row, speaker.clock, back) for row, back in with_reversals(payments_on(card))],
        "credited": say.money(card.credited_cents) if card.credited_cents else "",
    }
    return show(request, "web/invoice.html", context, current="invoices")


def _children(lines: Iterable[LineRow]) -> list[ChildLines]:
    groups = groupby(lines, key=lambda line: (line.child, line.place))
    found = []
    for (name, place), rows in groups:
        own = list(rows)
        total = say.money(sum(line.amount_cents for line in own)) if len(own) > 1 else ""
        found.append(ChildLines(name, place, [explained(line) for line in own], total))
    return found


def _parts(lines: Sequence[LineRow]) -> list[tuple[str, str]]:
    parts = [
        (_("Garde"), sum(line.care_cents for line in lines)),
        (_("Repas"), sum(line.food_cents for line in lines)),
        (_("Majorations"), sum(line.extra_cents for line in lines)),
    ]
    return [(words, say.money(cents)) for words, cents in parts if cents]


# ── papers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@require_safe
@for_family
def invoice_pdf(request: TownRequest, family: Family, *, public_id: UUID) -> HttpResponse:
    """The invoice, or the credit note, on paper."""
    invoice_or_404(request, family, public_id)
    return _printed(request, public_id, documents.invoice_pdf)


@require_safe
@for_family
def receipt_pdf(request: TownRequest, family: Family, *, public_id: UUID) -> HttpResponse:
    """The receipt of a payment."""
    if payment_of(public_id, family.payer_id) is None:
        raise Http404
    return _printed(request, public_id, documents.receipt_pdf)


@require_safe
@for_family
def certificate_pdf(request: TownRequest, family: Family, *, year: str) -> HttpResponse:
    """The tax certificate of a year that is over."""
    this_year = clock_of(request).today.year
    if not (len(year) == 4 and year.isascii() and year.isdecimal()) or not 2000 <= int(year) < this_year:
        raise Http404
    try:
        found = documents.certificate_pdf(payer_of(family.payer_id), int(year), now=request.now)
    except PaperError as error:
        return _not_printed(request, family.payer_public_id, error)
    if found is None:
        raise Http404
    return _paper(found)


def _printed(request: TownRequest, public_id: UUID, paper: Callable[..., documents.PdfFile]) -> HttpResponse:
    try:
        return _paper(paper(public_id, now=request.now))
    except PaperError as error:
        return _not_printed(request, public_id, error)


def _not_printed(request: TownRequest, public_id: UUID, error: PaperError) -> HttpResponse:
    note_unprintable(public_id=public_id, reason=str(error), now=request.now)
    return unprintable(request)


def _paper(file: documents.PdfFile) -> HttpResponse:
    response = HttpResponse(file.content, content_type="application/pdf")
    response.headers["Content-Disposition"] = content_disposition_header(False, file.name) or "inline"
    return response


# ── addresses ───────────────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "HEAD", "POST"])
def invoice_email(request: HttpRequest, secret: str) -> HttpResponse:
    """The link of a confirmation, or the one to stop: one button. Opening it changes nothing: mail scanners do too."""
    visitor = cast(TownRequest, request)
    state = "ask"
    if MARK in secret:
        state = _stopping(request, secret)
    elif request.method == "POST":
        state = "done" if confirm_invoice_email(secret=secret, now=visitor.now) else "unknown"
    return show(visitor, "web/invoice_emails.html", {"state": state}, status=404 if state == "unknown" else 200)


def _stopping(request: HttpRequest, token: str) -> str:
    """The link at the end of each mail about an invoice: whoever reads that mailbox needs no code to stop them."""
    if request.method == "POST":
        return "stopped" if stop_invoice_emails(token=token) else "unknown"
    return "stop" if is_stop_token(token) else "unknown"
