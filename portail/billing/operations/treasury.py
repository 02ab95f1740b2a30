"""Unpaid debts handed over to the public accountant, as titres or an ORMC roll (issue 3, « The Treasury's side »).

Taken are issued invoices, still owed, that nothing may still bring money for: no operation under way, no direct debit
file. Afterwards they are never payable at the régie. The file is not stored: the trail keeps what makes it again, and
its SHA-256, so that it is the same file or none.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from portail.billing.models import Attempt, Invoice, Regie
from portail.billing.operations.setup import BillingError
from portail.billing.titres import Claim, Slip, claims_file
from portail.gateways.helios.editors import csv_of
from portail.gateways.helios.pes import build
from portail.gateways.helios.schemas import Validation, validate
from portail.gateways.helios.values import BordereauKind, HeliosError, PesFile
from portail.rules.invoicing import InvoiceStatus
from portail.rules.paying import OPEN
from portail.towns.actors import Actor
from portail.towns.models import Audit
from portail.towns.operations import Act, record
from portail.towns.queries import town_day

VERB = "transfer_to_titre"
KINDS = (BordereauKind.ORMC, BordereauKind.ORDINARY)
UNDER_WAY = "une opération de paiement est en cours, ou à vérifier"
REMITTED = "elle est dans une remise de prélèvements"
BUNCH = 500  # keys in one query


@dataclass(frozen=True, slots=True)
class TransferDraft:
    """A slip to make. `invoices`: those chosen by the town, whatever their deadline; None for all that may go.

    All that may go: past their deadline for a régie, at once for a service that issues titres. `number`: of the slip,
    or of the roll. `issued_on` and `exercise`: today and its year if None. `preview`: make the file, write nothing.
    """

    regie: str
    number: int
    kind: BordereauKind = BordereauKind.ORMC
    label: str = "Factures impayées"
    invoices: Sequence[UUID] | None = None
    first_piece: int = 1
    previous: int | None = None
    exercise: int | None = None
    issued_on: date | None = None
    notice_on: date | None = None
    preview: bool = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An invoice that stayed where it was, and why, in French."""

    number: str
    payer: str
    cents: int
    why: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """The file, and the same content for a finance editor. `validation`: whether the official schemas were there."""

    file_name: str
    content: bytes
    csv: bytes
    invoices: int
    cents: int
    left_out: tuple[LeftOut, ...]
    validation: Validation


def transfer_to_titre(*, draft: TransferDraft, by: Actor, now: datetime) -> Transfer:
    """Make the slip and mark its invoices, all or nothing. Nobody is written to: the accountant's notice will say it.

    Raises BillingError: unknown régie, slip number used, nothing to hand over, settings or schemas that say no.
    """
    try:
        with transaction.atomic():
            return _transfer(draft, by, now)
    except HeliosError as error:
        raise BillingError(str(error)) from None


def rebuild_transfer(*, regie: str, number: int, exercise: int, kind: BordereauKind = BordereauKind.ORMC) -> Transfer:
    """The same file again, byte for byte. Raises BillingError when it cannot be the same any more. Writes nothing."""
    place = _regie(regie)
    told = Audit.objects.filter(verb=VERB, subject=_subject(place, kind, exercise, number)).first()
    if told is None or not told.after:
        raise BillingError(f"Aucun bordereau {number} de {exercise} n'a été fait pour la régie « {place} ».")
    try:
        return _made_again(place, told.after)
    except HeliosError as error:
        raise BillingError(str(error)) from None


def _transfer(draft: TransferDraft, by: Actor, now: datetime) -> Transfer:
    # Two slips of a régie are made one after the other; a payment, which only refers to the régie, does not wait.
    regie = _regie(draft.regie, lock=True)
    slip = _slip(draft, town_day(now))
    subject = _subject(regie, slip.kind, slip.exercise, slip.number)
    if Audit.objects.filter(verb=VERB, subject=subject).exists():
        raise BillingError(f"Le bordereau {slip.number} de {slip.exercise} est déjà fait : prenez le numéro suivant.")
    invoices = _locked(_wanted(regie, draft, town_day(now)), preview=draft.preview)
    free, left_out = _sorted_out(invoices)
    file, taken, refused = claims_file(regie, slip, free)
    by_key = {claim.invoice.pk: claim for claim in free}
    left_out += [_left(by_key[key].invoice, why) for key, why in refused.items()]
    found = _transfer_of(file, left_out)
    if not draft.preview:
        _write(taken)
        record(Act(VERB, subject, after=_told(regie, slip, taken, found)), by=by, now=now)
    return found


def _regie(code: str, *, lock: bool = False) -> Regie:
    rows = Regie.objects.select_for_update(no_key=True) if lock else Regie.objects.all()
    regie = rows.filter(code=code).first()
    if regie is None:
        raise BillingError(f"La régie « {code} » n'existe pas.")
    return regie


def _slip(draft: TransferDraft, today: date) -> Slip:
    if draft.kind not in KINDS:
        raise BillingError("Un bordereau est fait de titres ordinaires (01) ou d'un rôle ORMC (06).")
    issued_on = draft.issued_on or today
    return Slip(
        number=draft.number,
        kind=draft.kind,
        exercise=draft.exercise or issued_on.year,
        label=draft.label,
        issued_on=issued_on,
        made_on=max(today, issued_on),
        first_piece=draft.first_piece,
        previous=draft.previous,
        notice_on=draft.notice_on,
    )


def _subject(regie: Regie, kind: BordereauKind, exercise: int, number: int) -> str:
    """What no two slips of a budget may share: exercise, kind and number."""
    budget = f"{regie.treasury.get('collectivity', '')}-{regie.treasury.get('budget', '')}"
    return f"bordereau {exercise}-{kind}-{number:07}, budget {budget}"


def _wanted(regie: Regie, draft: TransferDraft, today: date) -> list[int]:
    """The keys of the invoices asked for. Raises BillingError for one that cannot be handed over at all."""
    owed = Invoice.objects.filter(regie=regie, kind=Invoice.Kind.INVOICE, status=InvoiceStatus.ISSUED.value)
    if draft.invoices is None:
        return list(_ripe(owed, regie, today).order_by("number").values_list("pk", flat=True))
    keys: list[int] = []
    for start in range(0, len(draft.invoices), BUNCH):
        some = owed.filter(public_id__in=list(draft.invoices)[start : start + BUNCH])
        keys += some.order_by("number").values_list("pk", flat=True)
    if len(keys) != len(set(draft.invoices)):
        raise BillingError("Une des factures choisies n'est pas, ou plus, à payer à cette régie.")
    return keys


def _ripe(owed: QuerySet[Invoice], regie: Regie, today: date) -> QuerySet[Invoice]:
    if regie.circuit == Regie.Circuit.TITRE:
        return owed
    late = Q(payable_until__lt=today) | Q(payable_until__isnull=True, due_on__lt=today)
    return owed.filter(late, published_at__isnull=False)


def _locked(keys: Sequence[int], *, preview: bool) -> list[Invoice]:
    """In the order of their numbers, locked in the order of their keys; what was paid meanwhile is left out."""
    found: list[Invoice] = []
    for start in range(0, len(keys), BUNCH):
        rows = Invoice.objects.filter(pk__in=sorted(keys)[start : start + BUNCH]).select_related("payer", "run")
        found += (rows if preview else rows.select_for_update(of=("self",))).order_by("pk")
    alive = [one for one in found if one.status == InvoiceStatus.ISSUED.value and one.left_cents > 0]
    if not alive:
        raise BillingError("Aucune facture impayée n'est à transmettre.")
    return sorted(alive, key=lambda one: one.number or "")


def _sorted_out(invoices: Sequence[Invoice]) -> tuple[list[Claim], list[LeftOut]]:
    """What may go; what something may still bring money for."""
    busy: set[int] = set()
    keys, states = [invoice.pk for invoice in invoices], [state.value for state in OPEN]
    for start in range(0, len(keys), BUNCH):
        rows = Attempt.objects.filter(invoice_id__in=keys[start : start + BUNCH], state__in=states)
        busy.update(rows.values_list("invoice_id", flat=True))
    free, left_out = [], []
    for invoice in invoices:
        if invoice.remittance_id is not None or invoice.pk in busy:
            left_out.append(_left(invoice, REMITTED if invoice.remittance_id is not None else UNDER_WAY))
        else:
            free.append(Claim(invoice, invoice.left_cents))
    return free, left_out


def _left(invoice: Invoice, why: str) -> LeftOut:
    return LeftOut(invoice.number or "", invoice.payer_name, invoice.left_cents, why)


def _transfer_of(file: PesFile, left_out: Sequence[LeftOut]) -> Transfer:
    """Raises BillingError when the official schemas are there and refuse the file."""
    content = build(file)
    validation = validate(content, Path(settings.PES_SCHEMAS) if settings.PES_SCHEMAS else None)
    if validation.errors:
        raise BillingError("\n".join(("Les schémas du PES refusent ce fichier :", *validation.errors)))
    slip = file.bordereau
    return Transfer(file.name, content, csv_of(file), len(slip.pieces), slip.cents, tuple(left_out), validation)


def _write(taken: Sequence[Claim]) -> None:
    keys = [claim.invoice.pk for claim in taken]
    for start in range(0, len(keys), BUNCH):
        Invoice.objects.filter(pk__in=keys[start : start + BUNCH]).update(status=InvoiceStatus.TRANSFERRED.value)


def _told(regie: Regie, slip: Slip, taken: Sequence[Claim], found: Transfer) -> dict[str, Any]:
    """What makes the file again: of the settings, those of the accountant, which hold no secret."""
    days = {name: str(getattr(slip, name)) for name in ("issued_on", "made_on")}
    return {
        "regie": regie.code,
        "slip": {**asdict(slip), **days, "notice_on": str(slip.notice_on) if slip.notice_on else None},
        "treasury": regie.treasury,
        "claims": [[claim.invoice.number, claim.cents] for claim in taken],
        "cents": found.cents,
        "sha256": hashlib.sha256(found.content).hexdigest(),
    }


def _made_again(regie: Regie, told: dict[str, Any]) -> Transfer:
    days = {name: date.fromisoformat(told["slip"][name]) for name in ("issued_on", "made_on")}
    notice = told["slip"]["notice_on"]
    slip = Slip(**{**told["slip"], **days, "kind": BordereauKind(told["slip"]["kind"]), "notice_on": None})
    slip = replace(slip, notice_on=date.fromisoformat(notice) if notice else None)
    numbers, rows = [number for number, _ in told["claims"]], {}
    for start in range(0, len(numbers), BUNCH):
        for invoice in Invoice.objects.filter(number__in=numbers[start : start + BUNCH]).select_related("payer", "run"):
            rows[invoice.number] = invoice
    claims = [Claim(rows[number], cents) for number, cents in told["claims"]]
    file, taken, _ = claims_file(regie, slip, claims, told["treasury"])
    found = _transfer_of(file, ())
    if len(taken) != len(claims) or hashlib.sha256(found.content).hexdigest() != told["sha256"]:
        raise BillingError(
            "Un nom, une imputation ou un réglage a changé depuis : le fichier ne peut être refait à l'identique."
        )
    return found
