"""SEPA mandates. The IBAN is sealed (`towns.sealing`): only its last four signs are ever shown, or in the trail."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from django.db import transaction

from portail.billing.models import Mandate, Remittance
from portail.billing.operations.setup import BillingError, regie_named
from portail.families.models import Payer
from portail.gateways.letters import foreign_letters
from portail.gateways.sepa.accounts import BIC_NEEDED, bic_fault, compact, iban_fault, rum_fault
from portail.gateways.sepa.days import FIRST_SIGNATURE, MANDATE_MONTHS, is_lapsed
from portail.gateways.sepa.remittance import LONGEST_NAME, sepa_text
from portail.towns.actors import Actor
from portail.towns.operations import Act, record
from portail.towns.queries import town_day
from portail.towns.sealing import SealError, seal, unseal


@dataclass(frozen=True, slots=True)
class MandateDraft:
    """A mandate as it was signed. `rum` is drawn when empty; `bic` may be empty inside the EEA."""

    regie: str
    payer: Payer
    holder: str
    iban: str
    signed_on: date
    bic: str = ""
    rum: str = ""


@dataclass(frozen=True, slots=True)
class BankAccount:
    """The payer's account, compact."""

    iban: str
    bic: str


@transaction.atomic
def add_mandate(*, draft: MandateDraft, by: Actor, now: datetime) -> Mandate:
    """Enter a mandate; the one in force for this payer and régie, if any, is revoked the same day.

    Raises BillingError.
    """
    regie, today = regie_named(draft.regie), town_day(now)
    # One mandate in force for each payer and régie: two clerks at once wait for each other here.
    payer = Payer.objects.select_for_update(no_key=True).get(pk=draft.payer.pk)
    rum = draft.rum.strip() or f"LPS-{regie.pk}-{payer.pk}-{uuid4().hex[:8].upper()}"
    _check(draft, rum, today)
    Mandate.objects.filter(regie=regie, payer=payer, revoked_on__isnull=True).update(revoked_on=today)
    public_id, iban = uuid4(), compact(draft.iban)
    account = json.dumps({"iban": iban, "bic": compact(draft.bic)}).encode()
    mandate = Mandate.objects.create(
        public_id=public_id,
        payer=payer,
        regie=regie,
        rum=rum,
        holder=draft.holder.strip(),
        account=seal(account, _place(public_id)),
        tail=iban[-4:],
        signed_on=draft.signed_on,
    )
    after = {"regie": regie.code, "payer": str(payer), "tail": iban[-4:], "signed_on": str(draft.signed_on)}
    record(Act("add_mandate", f"mandat {rum}", after=after), by=by, now=now)
    return mandate


@transaction.atomic
def revoke_mandate(*, mandate: UUID, by: Actor, now: datetime) -> Mandate:
    """No new debit under this mandate; a file already made keeps its own. Raises BillingError."""
    found = Mandate.objects.select_for_update(of=("self",)).filter(public_id=mandate).first()
    if found is None or found.revoked_on is not None:
        raise BillingError("Ce mandat n'existe pas, ou il est déjà révoqué.")
    found.revoked_on = town_day(now)
    found.save(update_fields=["revoked_on"])
    record(Act("revoke_mandate", f"mandat {found.rum}", after={"revoked_on": str(found.revoked_on)}), by=by, now=now)
    return found


@transaction.atomic
def purge_mandates(*, by: Actor, now: datetime) -> int:
    """Erase the bank details that have not served for 36 months, files included; returns how many were erased.

    The mandate and the file stay, without them: what was debited can still be told.
    """
    today, erased = town_day(now), 0
    for mandate in Mandate.objects.select_for_update(of=("self",)).exclude(tail="").order_by("pk"):
        if is_lapsed(mandate.signed_on, mandate.last_used_on, today):
            mandate.account, mandate.tail, mandate.holder = b"", "", ""
            mandate.revoked_on = mandate.revoked_on or today
            mandate.save(update_fields=["account", "tail", "holder", "revoked_on"])
            erased += 1
    for file in Remittance.objects.select_for_update(of=("self",)).order_by("pk"):
        if bytes(file.content) and is_lapsed(file.collected_on, None, today):
            file.content = b""
            file.save(update_fields=["content"])
            erased += 1
    if erased:
        record(Act("purge_mandates", f"{MANDATE_MONTHS} mois", after={"erased": erased}), by=by, now=now)
    return erased


@transaction.atomic
def reseal(*, by: Actor, now: datetime) -> int:
    """Seal everything again with the key in force, after a change of key; returns how many. Raises BillingError."""
    done = 0
    try:
        for mandate in Mandate.objects.select_for_update(of=("self",)).exclude(tail="").order_by("pk"):
            place = _place(mandate.public_id)
            mandate.account = seal(unseal(mandate.account, place), place)
            mandate.save(update_fields=["account"])
            done += 1
        for file in Remittance.objects.select_for_update(of=("self",)).order_by("pk"):
            if bytes(file.content):
                place = file_place(file.public_id)
                file.content = seal(unseal(file.content, place), place)
                file.save(update_fields=["content"])
                done += 1
    except SealError as error:
        raise BillingError(str(error)) from None
    record(Act("reseal", "coordonnées bancaires", after={"sealed": done}), by=by, now=now)
    return done


def account_of(mandate: Mandate) -> BankAccount:
    """The bank details of a mandate, to be written in a file and nowhere else. Raises SealError."""
    return BankAccount(**json.loads(unseal(mandate.account, _place(mandate.public_id))))


def file_place(public_id: UUID) -> str:
    """What the content of a remittance is bound to."""
    return f"remittance/{public_id}"


def _place(public_id: UUID) -> str:
    return f"mandate/{public_id}"


def _lost(name: str) -> bool:
    """Would a file lose letters of this name?"""
    return bool(foreign_letters(name)) or not sepa_text(name, LONGEST_NAME)


def _check(draft: MandateDraft, rum: str, today: date) -> None:
    country = compact(draft.iban)[:2]
    faults = [
        iban_fault(draft.iban),
        bic_fault(draft.bic) if draft.bic.strip() else "",
        "pour ce pays, le BIC est obligatoire" if country in BIC_NEEDED and not draft.bic.strip() else "",
        rum_fault(rum),
        "" if 0 < len(draft.holder.strip()) <= LONGEST_NAME else "le titulaire du compte a de 1 à 70 caractères",
        "le titulaire s'écrit en lettres latines" if _lost(draft.holder) else "",
        "" if FIRST_SIGNATURE <= draft.signed_on <= today else "la date de signature est impossible",
    ]
    said = [fault for fault in faults if fault]
    if said:
        raise BillingError(f"Mandat : {' ; '.join(said)}.")
    if Mandate.objects.filter(rum=rum).exists():
        raise BillingError(f"La RUM « {rum} » sert déjà à un autre mandat.")
