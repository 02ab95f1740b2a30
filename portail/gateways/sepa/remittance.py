"""A remittance of direct debits: its values, and everything that is wrong with it, in French sentences.

Limits: core rulebook EPC016-06 and its implementation guidelines EPC130-08 (texts of 70 and 140 signs, references of
35, amounts from 0,01 to 999 999 999,99 €).
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from portail.gateways.letters import foreign_letters, plain
from portail.gateways.sepa.accounts import (
    BIC_NEEDED,
    SEPA_CHARACTERS,
    bic_fault,
    compact,
    iban_fault,
    ics_fault,
    reference_fault,
    rum_fault,
)
from portail.gateways.sepa.days import FIRST_SIGNATURE, is_banking_day

MOST_CENTS = 99_999_999_999
LONGEST_NAME, LONGEST_LABEL = 70, 140
LONGEST_ID = 30
"""Of a remittance: the file adds « -FRST » to it for each of its lots, within the 35 of the protocol."""


class SepaError(ValueError):
    """No file was made: `faults` are French sentences, all of them."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class Stage(StrEnum):
    """Where a debit stands in the life of its mandate (SeqTp). Since 2016 a first one may also be RCUR."""

    FIRST = "FRST"
    RECURRENT = "RCUR"
    ONE_OFF = "OOFF"
    LAST = "FNAL"


@dataclass(frozen=True, slots=True)
class Creditor:
    """Who collects. `name`: the holder of the account, as the bank or the Treasury knows it.

    `siret`: that of the depositor, when the account is at the Treasury (DFT); "" when it is in a bank.
    """

    name: str
    ics: str
    iban: str
    bic: str
    siret: str = ""


@dataclass(frozen=True, slots=True)
class Debit:
    """One amount to collect under one mandate. `end_to_end_id` comes back with a reject: it names the invoice."""

    rum: str
    signed_on: date
    iban: str
    holder: str
    cents: int
    end_to_end_id: str
    label: str
    stage: Stage
    bic: str = ""


@dataclass(frozen=True, slots=True)
class Remittance:
    """What is handed over at once. `identifier`: at most 30 signs, never used before for this creditor.

    `created_at`: in the town's own time, whose day is compared with `collect_on`.
    """

    identifier: str
    created_at: datetime
    collect_on: date
    creditor: Creditor
    debits: Sequence[Debit]

    @property
    def total_cents(self) -> int:
        """The control sum."""
        return sum(debit.cents for debit in self.debits)


def sepa_text(text: str, longest: int) -> str:
    """`text` in the characters that every bank of the zone takes, cut at `longest`. « & » is written « + »."""
    bare = plain(text.replace("&", "+").replace("_", "-"))
    kept = re.sub(rf"[^{SEPA_CHARACTERS} ]", " ", bare)
    return " ".join(kept.split())[:longest].strip()


def faults_of(remittance: Remittance) -> list[str]:
    """All that is wrong, the debit named by its invoice; [] when the file may be made."""
    return [
        *_heading_faults(remittance),
        *(f"Créancier : {fault}." for fault in _creditor_faults(remittance.creditor)),
        *(
            f"Prélèvement {debit.end_to_end_id or number} ({debit.holder}) : {fault}."
            for number, debit in enumerate(remittance.debits, 1)
            for fault in _debit_faults(debit, remittance.collect_on)
        ),
        *_faults_between(remittance.debits),
    ]


def _heading_faults(remittance: Remittance) -> Iterator[str]:
    if fault := reference_fault(remittance.identifier, "l'identifiant de la remise"):
        yield f"Remise : {fault}."
    elif len(remittance.identifier) > LONGEST_ID:
        yield f"Remise : l'identifiant dépasse {LONGEST_ID} caractères."
    if not remittance.debits:
        yield "Remise : elle ne contient aucun prélèvement."
    if not is_banking_day(remittance.collect_on):
        yield f"Remise : les banques n'échangent pas le {remittance.collect_on:%d/%m/%Y}."
    if remittance.collect_on < remittance.created_at.date():
        yield f"Remise : le {remittance.collect_on:%d/%m/%Y} est passé."
    if remittance.total_cents > MOST_CENTS:
        yield "Remise : le total dépasse ce qu'un fichier peut porter."


def _creditor_faults(creditor: Creditor) -> list[str]:
    faults = [
        _name_fault(creditor.name, "le nom"),
        ics_fault(creditor.ics),
        iban_fault(creditor.iban),
        bic_fault(creditor.bic),
    ]
    if creditor.siret and not re.fullmatch(r"[0-9]{14}", creditor.siret):
        faults.append("le SIRET a 14 chiffres")
    return [fault for fault in faults if fault]


def _debit_faults(debit: Debit, collect_on: date) -> Iterator[str]:
    for fault in (
        rum_fault(debit.rum),
        iban_fault(debit.iban),
        bic_fault(debit.bic) if debit.bic else "",
        _name_fault(debit.holder, "le titulaire"),
        reference_fault(debit.end_to_end_id, "la référence"),
    ):
        if fault:
            yield fault
    if not debit.bic and compact(debit.iban)[:2] in BIC_NEEDED:
        yield "hors de l'Espace économique européen, le BIC est obligatoire"
    if not 1 <= debit.cents <= MOST_CENTS:
        yield "le montant va de 0,01 € à 999 999 999,99 €"
    if not FIRST_SIGNATURE <= debit.signed_on <= collect_on:
        yield f"le mandat ne peut être signé le {debit.signed_on:%d/%m/%Y}"
    if not sepa_text(debit.label, LONGEST_LABEL):
        yield "le libellé est vide"


def _name_fault(name: str, what: str) -> str:
    if foreign := foreign_letters(name):
        return f"{what} « {name} » ne s'écrit pas en lettres latines ({foreign})"
    return "" if sepa_text(name, LONGEST_NAME) else f"{what} manque"


def _faults_between(debits: Sequence[Debit]) -> Iterator[str]:
    for reference, times in Counter(debit.end_to_end_id for debit in debits).items():
        if times > 1 and reference:
            yield f"La référence {reference} sert {times} fois."
    for rum, times in Counter(debit.rum for debit in debits if debit.stage is not Stage.RECURRENT).items():
        if times > 1 and rum:
            yield f"Le mandat {rum} a {times} prélèvements uniques, premiers ou derniers : un seul par remise."
    mandates = {(debit.rum, debit.signed_on, compact(debit.iban)) for debit in debits}
    for rum, times in Counter(rum for rum, _, _ in mandates).items():
        if times > 1 and rum:
            yield f"Le mandat {rum} a plusieurs comptes ou plusieurs dates de signature."
