"""The PES v2 Aller file itself: ISO-8859-1, every value in an attribute V, tags in the order of the format."""

import xml.etree.ElementTree as ET

from portail.gateways.helios.checks import faults_of
from portail.gateways.helios.keys import key_1, key_2
from portail.gateways.helios.texts import amount, upper
from portail.gateways.helios.values import (
    Bordereau,
    BordereauKind,
    Debtor,
    DirectDebit,
    HeliosError,
    Issuer,
    Line,
    PesFile,
    Piece,
    PieceKind,
)
from portail.gateways.sepa.accounts import compact
from portail.gateways.sepa.remittance import LONGEST_LABEL, Stage, sepa_text

NAMESPACE = "http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/aller"
_STAGES = {Stage.ONE_OFF: "01", Stage.FIRST: "02", Stage.RECURRENT: "03", Stage.LAST: "04"}


def build(file: PesFile) -> bytes:
    """The file. Raises HeliosError with every fault. That it is well-formed is all that is promised: see `schemas`."""
    if faults := faults_of(file):
        raise HeliosError(faults)
    root = ET.Element("n:PES_Aller", {"xmlns:n": NAMESPACE, "Id": file.name})
    _envelope(root, file)
    _identity(root, file)
    receipts = ET.SubElement(root, "PES_RecetteAller")
    # 1 only with an electronic signature inside the file: the signature of the slip is made outside.
    _values(ET.SubElement(receipts, "EnTeteRecette"), IdVer="2", InfoDematerialisee="0")
    _bordereau(ET.SubElement(receipts, "Bordereau"), file.bordereau, file.issuer)
    ET.indent(root, " ")
    content: bytes = ET.tostring(root, encoding="ISO-8859-1", xml_declaration=True)
    return content


def _values(parent: ET.Element, **values: str) -> None:
    """One tag for each value, in this order; no tag for an empty one."""
    for tag, value in values.items():
        if value:
            ET.SubElement(parent, tag, V=value)


def _envelope(root: ET.Element, file: PesFile) -> None:
    envelope = ET.SubElement(root, "Enveloppe")
    kind = "PESORMC" if file.bordereau.kind is BordereauKind.ORMC else "PESALR1"
    _values(ET.SubElement(envelope, "Parametres"), Version="2", TypFic=kind, NomFic=file.name)
    issuer = file.issuer
    _values(ET.SubElement(envelope, "Emetteur"), Sigle=upper(issuer.sigle, 32), Adresse=upper(issuer.software, 38))


def _identity(root: ET.Element, file: PesFile) -> None:
    _values(
        ET.SubElement(root, "EnTetePES"),
        DteStr=file.made_on.isoformat(),
        IdPost=file.issuer.codique,
        IdColl=file.issuer.siret,
        CodCol=file.issuer.collectivity,
        CodBud=file.issuer.budget,
        LibelleColBud=upper(file.issuer.label, 38),
    )


def _bordereau(parent: ET.Element, bordereau: Bordereau, issuer: Issuer) -> None:
    _values(
        ET.SubElement(parent, "BlocBordereau"),
        Exer=str(bordereau.exercise),
        IdBord=f"{bordereau.number:07}",
        DteBordEm=bordereau.issued_on.isoformat(),
        TypBord=bordereau.kind,
        NbrPce=str(len(bordereau.pieces)),
        MtBordHt=amount(bordereau.cents),
        DteAsp=bordereau.notice_on.isoformat() if bordereau.notice_on else "",
        Objet=upper(bordereau.label, 160),
    )
    for piece in bordereau.pieces:
        element = ET.SubElement(parent, "Piece")
        _piece(ET.SubElement(element, "BlocPiece"), piece, bordereau, issuer)
        for number, line in enumerate(piece.lines, 1):
            _line(ET.SubElement(element, "LigneDePiece"), number, line, piece)


def _piece(parent: ET.Element, piece: Piece, bordereau: Bordereau, issuer: Issuer) -> None:
    first = second = ""
    if piece.kind is PieceKind.ORMC:
        first = key_1(
            collectivity=issuer.collectivity,
            bordereau=bordereau.number,
            exercise=bordereau.exercise,
            period=piece.period,
            debt=piece.debt,
        )
        second = key_2(exercise=bordereau.exercise, period=piece.period, debt=piece.debt)
    _values(
        parent,
        IdPce=str(piece.number),
        TypPce=piece.kind,
        NatPce=piece.nature,
        Edition=piece.edition or "",
        ObjPce=upper(piece.label, 160),
        NumDette=piece.debt,
        Per=str(piece.period) if piece.period else "",
        Cle1=first,
        Cle2=second,
        NumeroFacture=upper(piece.invoice, 20),
    )


def _line(parent: ET.Element, number: int, line: Line, piece: Piece) -> None:
    block = ET.SubElement(parent, "BlocLignePiece")
    _values(
        ET.SubElement(block, "InfoLignePiece"),
        IdLigne=str(number),
        ObjLignePce=upper(line.label, 160),
        CodProdLoc=line.product.upper(),
        Nature=line.nature,
        Majo="0",
        TvaIntraCom="0",
        MtHT=amount(line.cents),
    )
    if piece.debit is not None:
        _debit(ET.SubElement(block, "InfoPrelevementSEPA"), piece.debit, line.cents)
    if piece.corrected is not None:
        _values(
            ET.SubElement(block, "RattachPiece"),
            NatPceOrig=piece.corrected.nature,
            ExerRat=str(piece.corrected.exercise),
            IdPceOrig=str(piece.corrected.piece),
            IdLigneOrig=str(piece.corrected.line),
        )
    _debtor(ET.SubElement(parent, "Tiers"), piece.debtor, piece.debit)


def _debit(parent: ET.Element, debit: DirectDebit, cents: int) -> None:
    _values(
        parent,
        NatPrel=debit.by,
        PerPrel="07",
        DtePrel=debit.collect_on.isoformat(),
        MtPrel=amount(cents),
        SequencePres=_STAGES[debit.stage],
        DateSignMandat=debit.signed_on.isoformat(),
        RefUniMdt=debit.rum,
        LibPrel=sepa_text(debit.label, LONGEST_LABEL),
    )


def _debtor(parent: ET.Element, debtor: Debtor, debit: DirectDebit | None) -> None:
    _values(
        ET.SubElement(parent, "InfoTiers"),
        CatTiers="01",
        NatJur="01",
        TypTiers="01",
        Civilite=upper(debtor.title, 10),
        Nom=upper(debtor.last_name, 38),
        Prenom=upper(debtor.first_name, 38),
    )
    abroad = debtor.country not in ("", "100")
    _values(
        ET.SubElement(parent, "Adresse"),
        TypAdr="1",
        Adr1=upper(debtor.before_street, 38),
        Adr2=upper(debtor.street, 38),
        Adr3=upper(debtor.after_street, 38),
        CP=debtor.postcode,
        Ville=upper(debtor.town, 38),
        CodRes="1" if abroad else "0",
        CodPays=debtor.country if abroad else "",
    )
    if debit is not None:
        account = debit.account
        _values(
            ET.SubElement(parent, "CpteBancaire"),
            BIC=compact(account.bic),
            IBAN=compact(account.iban),
            TitCpte=upper(account.holder, 32),
        )
