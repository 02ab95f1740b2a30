"""A remittance: what is debited on one day, as a file. Its invoices are not payable online while it stands."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.db import transaction

from portail.billing.models import Attempt, Invoice, Mandate, Regie, Remittance
from portail.billing.operations.money import locked_keys
from portail.billing.operations.sepa.mandates import account_of, file_place
from portail.billing.operations.setup import BillingError, regie_named
from portail.billing.operations.treasury import REMITTED, UNDER_WAY, LeftOut
from portail.gateways.sepa import pain008
from portail.gateways.sepa.days import NOTICE_DAYS, collection_refusal, is_lapsed
from portail.gateways.sepa.remittance import Creditor, Debit, SepaError, Stage
from portail.gateways.sepa.remittance import Remittance as File
from portail.rules.invoicing import InvoiceStatus, sent
from portail.rules.paying import OPEN
from portail.towns import wording
from portail.towns.actors import Actor
from portail.towns.operations import Act, record
from portail.towns.queries import town_day
from portail.towns.scope import current_town
from portail.towns.sealing import SealError, seal, unseal

NO_MANDATE = "son payeur n'a pas de mandat en vigueur à cette régie"
LAPSED = "son mandat n'a pas servi depuis 36 mois : il faut en faire signer un autre"
NOT_PUBLISHED = "la famille ne l'a pas encore reçue"
_CREDITOR = ("name", "ics", "iban", "bic", "siret")


@dataclass(frozen=True, slots=True)
class RemittanceDraft:
    """`invoices`: those chosen; None for all that are due on that day and whose payer has a mandate."""

    regie: str
    collected_on: date
    invoices: Sequence[UUID] | None = None


@dataclass(frozen=True, slots=True)
class Built:
    """The remittance, how many debits it has, and what stayed out of it."""

    remittance: Remittance
    debits: int
    left_out: tuple[LeftOut, ...]


@transaction.atomic
def build_remittance(*, draft: RemittanceDraft, by: Actor, now: datetime) -> Built:
    """Make the file and hold its invoices. All or nothing. Raises BillingError.

    The creditor is in the régie's settings (`Regie.creditor`: name, ics, iban, bic, siret; service, notice_days).
    """
    regie = regie_named(draft.regie)
    # Two files of a régie at once: the second waits, and takes the next rank.
    Regie.objects.select_for_update(no_key=True).get(pk=regie.pk)
    if refusal := collection_refusal(draft.collected_on, sent_on=town_day(now)):
        raise BillingError(refusal)
    chosen = _chosen(regie, draft)
    mandates = _mandates(regie, chosen)
    taken, left_out = _sorted_out(chosen, mandates, regie, draft.collected_on)
    if not taken:
        raise BillingError("\n".join(("Aucune facture ne peut être prélevée.", *_told(left_out))))
    file = _file(regie, taken, mandates, draft.collected_on, now)
    try:
        remittance = _kept(regie, file, pain008.build(file), now)
    except SepaError as error:
        raise BillingError(str(error)) from None
    Invoice.objects.filter(pk__in=[invoice.pk for invoice in taken]).update(remittance=remittance)
    after = {"collected_on": str(draft.collected_on), "cents": file.total_cents, "debits": len(taken)}
    record(Act("build_remittance", f"régie {regie}, {remittance.file_name}", after=after), by=by, now=now)
    return Built(remittance, len(taken), tuple(left_out))


@transaction.atomic
def hand_over_remittance(*, remittance: UUID, by: Actor, now: datetime) -> tuple[str, bytes]:
    """The file, in the clear: its name and content. It holds bank details, so the trail says who took it.

    Raises BillingError.
    """
    found = Remittance.objects.filter(public_id=remittance).first()
    if found is None or not bytes(found.content):
        raise BillingError("Cette remise n'existe pas, ou son fichier a été effacé.")
    record(Act("hand_over_remittance", found.file_name, after={"cents": found.cents}), by=by, now=now)
    return found.file_name, content_of(found)


def content_of(remittance: Remittance) -> bytes:
    """The file of a remittance. Raises BillingError."""
    try:
        return unseal(remittance.content, file_place(remittance.public_id))
    except SealError as error:
        raise BillingError(str(error)) from None


def end_to_end(invoice: Invoice) -> str:
    """What comes back with a reject: the reference of the debt."""
    return sent(invoice.reference) or (invoice.number or "")


def _chosen(regie: Regie, draft: RemittanceDraft) -> list[Invoice]:
    """Locked, in the order of their numbers."""
    owed = Invoice.objects.filter(regie=regie, kind=Invoice.Kind.INVOICE, status=InvoiceStatus.ISSUED.value)
    if draft.invoices is not None:
        keys = list(owed.filter(public_id__in=draft.invoices).values_list("pk", flat=True))
        if len(keys) != len(set(draft.invoices)):
            raise BillingError("Une des factures choisies n'est pas, ou plus, à payer à cette régie.")
    else:
        payers = Mandate.objects.filter(regie=regie, revoked_on__isnull=True).values("payer")
        due = owed.filter(payer__in=payers, due_on__lte=draft.collected_on, remittance__isnull=True)
        keys = list(due.values_list("pk", flat=True))
    alive = [one for one in locked_keys(keys).values() if one.status == InvoiceStatus.ISSUED and one.left_cents > 0]
    return sorted(alive, key=lambda one: one.number or "")


def _mandates(regie: Regie, invoices: Sequence[Invoice]) -> dict[int, Mandate]:
    payers = {invoice.payer_id for invoice in invoices}
    rows = Mandate.objects.filter(regie=regie, revoked_on__isnull=True, payer_id__in=payers)
    return {mandate.payer_id: mandate for mandate in rows}


def _sorted_out(
    invoices: Sequence[Invoice], mandates: Mapping[int, Mandate], regie: Regie, on: date
) -> tuple[list[Invoice], list[LeftOut]]:
    states = [state.value for state in OPEN]
    rows = Attempt.objects.filter(invoice__in=[invoice.pk for invoice in invoices], state__in=states)
    busy = set(rows.values_list("invoice_id", flat=True))
    taken, left_out = [], []
    for invoice in invoices:
        why = _why_not(invoice, mandates.get(invoice.payer_id), regie, on, busy=invoice.pk in busy)
        if why:
            left_out.append(LeftOut(invoice.number or "", invoice.payer_name, invoice.left_cents, why))
        else:
            taken.append(invoice)
    return taken, left_out


def _why_not(invoice: Invoice, mandate: Mandate | None, regie: Regie, on: date, *, busy: bool) -> str:
    if mandate is None:
        return NO_MANDATE
    reasons = (
        (invoice.remittance_id is not None, REMITTED),
        (busy, UNDER_WAY),
        (is_lapsed(mandate.signed_on, mandate.last_used_on, on), LAPSED),
        (invoice.published_at is None, NOT_PUBLISHED),
        (invoice.published_at is not None and _too_soon(invoice.published_at, regie, on), _notice(regie)),
    )
    return next((why for found, why in reasons if found), "")


def _too_soon(published_at: datetime, regie: Regie, on: date) -> bool:
    """The invoice is the notice that a debit asks for (EPC016-06: 14 days, unless agreed otherwise)."""
    return (on - town_day(published_at)).days < _notice_days(regie)


def _notice(regie: Regie) -> str:
    return f"la famille doit avoir reçu sa facture {_notice_days(regie)} jours avant le prélèvement"


def _notice_days(regie: Regie) -> int:
    said = regie.creditor.get("notice_days", NOTICE_DAYS)
    return said if isinstance(said, int) and not isinstance(said, bool) else NOTICE_DAYS


def _file(regie: Regie, taken: Sequence[Invoice], mandates: Mapping[int, Mandate], on: date, now: datetime) -> File:
    here = now.astimezone(ZoneInfo(current_town().time_zone))
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    rank = Remittance.objects.filter(regie=regie, built_at__gte=midnight).count() + 1
    words: dict[str, Any] = {name: str(regie.creditor.get(name, "")) for name in _CREDITOR}
    times = Counter(invoice.payer_id for invoice in taken)
    try:
        debits = [_debit(invoice, mandates[invoice.payer_id], times) for invoice in taken]
    except SealError as error:
        raise BillingError(str(error)) from None
    return File(
        identifier=f"SDD-{regie.pk}-{town_day(now):%y%m%d}-{rank:03}",
        created_at=here,
        collect_on=on,
        creditor=Creditor(**words),
        debits=debits,
    )


def _debit(invoice: Invoice, mandate: Mandate, times: Mapping[int, int]) -> Debit:
    account = account_of(mandate)
    # A first debit may also be presented as recurrent (rulebook of November 2016): needed when there are several.
    first = mandate.last_used_on is None and times[invoice.payer_id] == 1
    return Debit(
        rum=mandate.rum,
        signed_on=mandate.signed_on,
        iban=account.iban,
        holder=mandate.holder,
        cents=invoice.left_cents,
        end_to_end_id=end_to_end(invoice),
        label=f"{invoice.label} facture {invoice.number}",
        stage=Stage.FIRST if first else Stage.RECURRENT,
        bic=account.bic,
    )


def _kept(regie: Regie, file: File, content: bytes, now: datetime) -> Remittance:
    service, public_id = str(regie.creditor.get("service", "")), uuid4()
    name = f"{file.identifier}.xml"
    if service:
        # Ranks of the day run over all the régies that share the service.
        beginning = pain008.dft_file_name(service, town_day(now), 1)[: -len("001.xml")]
        name = pain008.dft_file_name(
            service, town_day(now), Remittance.objects.filter(file_name__startswith=beginning).count() + 1
        )
    return Remittance.objects.create(
        public_id=public_id,
        regie=regie,
        collected_on=file.collect_on,
        file_name=name,
        content=seal(content, file_place(public_id)),
        cents=file.total_cents,
        built_at=now,
    )


def _told(left_out: Sequence[LeftOut]) -> list[str]:
    return [f"{one.number} ({one.payer}, {wording.money(one.cents)}) : {one.why}." for one in left_out[:20]]
