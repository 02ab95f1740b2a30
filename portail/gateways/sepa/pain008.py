"""Direct debit files: ISO 20022 pain.008, as the Treasury (DFT deposit accounts) and the banks take it.

Layout: EPC130-08; one lot for each stage of the mandates. Never returned unless valid against the ISO schemas, which
the package sepaxml carries. Nothing is drawn at random and no clock is read: the same remittance, the same bytes.
"""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files

from xmlschema import XMLSchema

from portail.gateways.sepa.accounts import compact
from portail.gateways.sepa.remittance import (
    LONGEST_LABEL,
    LONGEST_NAME,
    Creditor,
    Debit,
    Remittance,
    SepaError,
    Stage,
    faults_of,
    sepa_text,
)


class Version(StrEnum):
    """The message: 02 is what the Treasury and most banks take, 08 the one of the rulebook since November 2023."""

    V02 = "pain.008.001.02"
    V08 = "pain.008.001.08"


def build(remittance: Remittance, version: Version = Version.V02) -> bytes:
    """The file, in UTF-8. Raises SepaError with every fault: nothing is corrected in silence, nothing left out."""
    faults = faults_of(remittance)
    if faults:
        raise SepaError(faults)
    document = ET.Element("Document", {"xmlns": f"urn:iso:std:iso:20022:tech:xsd:{version}"})
    initiation = _in(document, "CstmrDrctDbtInitn")
    _heading(initiation, remittance)
    for stage in Stage:
        debits = [debit for debit in remittance.debits if debit.stage is stage]
        if debits:
            _lot(initiation, remittance, debits, version)
    content: bytes = ET.tostring(document, encoding="UTF-8", xml_declaration=True)
    if errors := schema_faults(content, version):
        raise SepaError(errors)
    return content


def schema_faults(content: bytes, version: Version) -> list[str]:
    """What the ISO schema of that version says against a file, at most ten sentences."""
    errors = _schema(version).iter_errors(content.decode())
    return [
        f"{error.path or 'Document'} : le schéma {version} refuse ({error.reason})."
        for error, _ in zip(errors, range(10), strict=False)
    ]


def dft_file_name(service: str, sent_on: date, rank: int) -> str:
    """« 012345-DFT-SDD-26325-001.xml »: service, year and day of the year, rank of the file in the day (1 to 999).

    Raises SepaError.
    """
    if not (service.isascii() and service.isalnum() and len(service) <= 20):
        raise SepaError(["L'identifiant du service DFT est fait de lettres sans accent et de chiffres."])
    if not 1 <= rank <= 999:
        raise SepaError(["Le rang du fichier dans la journée va de 1 à 999."])
    return f"{service}-DFT-SDD-{sent_on:%y%j}-{rank:03}.xml"


@lru_cache(maxsize=len(Version))
def _schema(version: Version) -> XMLSchema:
    source = files("sepaxml").joinpath("schemas", f"{version}.xsd").read_text(encoding="utf-8")
    return XMLSchema(source, defuse="always", allow="none")


def _in(parent: ET.Element, path: str, text: str = "") -> ET.Element:
    """The element at the end of `path`, new from top to bottom; its text when there is one."""
    for tag in path.split("/"):
        parent = ET.SubElement(parent, tag)
    parent.text = text or None
    return parent


def _amount(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def _sums(parent: ET.Element, debits: Sequence[Debit]) -> None:
    _in(parent, "NbOfTxs", str(len(debits)))
    _in(parent, "CtrlSum", _amount(sum(debit.cents for debit in debits)))


def _heading(parent: ET.Element, remittance: Remittance) -> None:
    heading = _in(parent, "GrpHdr")
    _in(heading, "MsgId", remittance.identifier)
    _in(heading, "CreDtTm", f"{remittance.created_at:%Y-%m-%dT%H:%M:%S}")
    _sums(heading, remittance.debits)
    party = _in(heading, "InitgPty")
    _in(party, "Nm", sepa_text(remittance.creditor.name, LONGEST_NAME))
    other = _in(party, "Id/OrgId/Othr")
    # The Treasury knows its depositors by their SIRET; a bank by their ICS.
    _in(other, "Id", remittance.creditor.siret or compact(remittance.creditor.ics))
    _in(other, "SchmeNm/Prtry", "SIRET" if remittance.creditor.siret else "SEPA")


def _lot(parent: ET.Element, remittance: Remittance, debits: Sequence[Debit], version: Version) -> None:
    stage, creditor = debits[0].stage, remittance.creditor
    lot = _in(parent, "PmtInf")
    _in(lot, "PmtInfId", f"{remittance.identifier}-{stage}")
    _in(lot, "PmtMtd", "DD")
    _in(lot, "BtchBookg", "true")
    _sums(lot, debits)
    kind = _in(lot, "PmtTpInf")
    _in(kind, "SvcLvl/Cd", "SEPA")
    _in(kind, "LclInstrm/Cd", "CORE")
    _in(kind, "SeqTp", stage)
    _in(lot, "ReqdColltnDt", f"{remittance.collect_on:%Y-%m-%d}")
    _creditor(lot, creditor, version)
    for debit in debits:
        _debit(lot, debit, version)


def _creditor(lot: ET.Element, creditor: Creditor, version: Version) -> None:
    name = sepa_text(creditor.name, LONGEST_NAME)
    _in(lot, "Cdtr/Nm", name)
    account = _in(lot, "CdtrAcct")
    _in(account, "Id/IBAN", compact(creditor.iban))
    if creditor.siret:
        _in(account, "Nm", name)  # the Treasury asks for the holder of the deposit account; EPC130-08 does without
    _bank(lot, "CdtrAgt", creditor.bic, version)
    _in(lot, "ChrgBr", "SLEV")
    scheme = _in(lot, "CdtrSchmeId/Id/PrvtId/Othr")
    _in(scheme, "Id", compact(creditor.ics))
    _in(scheme, "SchmeNm/Prtry", "SEPA")


def _debit(lot: ET.Element, debit: Debit, version: Version) -> None:
    transaction = _in(lot, "DrctDbtTxInf")
    _in(transaction, "PmtId/EndToEndId", debit.end_to_end_id)
    _in(transaction, "InstdAmt", _amount(debit.cents)).set("Ccy", "EUR")
    mandate = _in(transaction, "DrctDbtTx/MndtRltdInf")
    _in(mandate, "MndtId", debit.rum)
    _in(mandate, "DtOfSgntr", f"{debit.signed_on:%Y-%m-%d}")
    _bank(transaction, "DbtrAgt", debit.bic, version)
    _in(transaction, "Dbtr/Nm", sepa_text(debit.holder, LONGEST_NAME))
    _in(transaction, "DbtrAcct/Id/IBAN", compact(debit.iban))
    _in(transaction, "RmtInf/Ustrd", sepa_text(debit.label, LONGEST_LABEL))


def _bank(parent: ET.Element, role: str, bic: str, version: Version) -> None:
    if bic:
        _in(parent, f"{role}/FinInstnId/{'BIC' if version is Version.V02 else 'BICFI'}", compact(bic))
    else:
        _in(parent, f"{role}/FinInstnId/Othr/Id", "NOTPROVIDED")
