"""Everything that Hélios would reject and that can be seen from here, in French sentences that name the piece."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

from portail.gateways.helios.keys import DEBT_DIGITS
from portail.gateways.helios.texts import upper
from portail.gateways.helios.values import (
    Bordereau,
    BordereauKind,
    Debtor,
    DirectDebit,
    Issuer,
    Line,
    PesFile,
    Piece,
    PieceKind,
    PieceNature,
)
from portail.gateways.letters import foreign_letters
from portail.gateways.sepa.accounts import bic_fault, compact, iban_fault, rum_fault
from portail.gateways.sepa.remittance import LONGEST_LABEL, sepa_text

ORMC_NATURE = "588"
MOST_CENTS = 99_999_999_999_999  # twelve digits before the point
MOST_PIECES = 99_999
_KINDS = {
    BordereauKind.ORDINARY: {
        PieceKind.TITRE,
        PieceKind.AFTER_PAYMENT,
        PieceKind.SUMMARY,
        PieceKind.SUMMARY_WITH_ROLL,
    },
    BordereauKind.CANCELLATION: {PieceKind.CORRECTION},
    BordereauKind.RECEIPT_ORDER: {PieceKind.RECEIPT_ORDER},
    BordereauKind.ORMC: {PieceKind.ORMC},
}
_ISSUER = (
    ("codique", r"(?:[0-9]{3}|02[AB])[0-9]{3,4}", "le codique du poste comptable a 6 ou 7 chiffres"),
    ("siret", r"[0-9]{14}", "le SIRET du budget a 14 chiffres"),
    ("collectivity", r"[0-9]{3}", "le code collectivité a 3 chiffres"),
    ("budget", r"[0-9A-Z][0-9]", "le code budget a 2 signes, le second un chiffre"),
)


def faults_of(file: PesFile) -> list[str]:
    """All that is wrong; [] when the file may be made."""
    bordereau = file.bordereau
    return [
        *_file_faults(file),
        *(f"Émetteur : {fault}." for fault in _issuer_faults(file.issuer)),
        *(f"Bordereau {bordereau.number} : {fault}." for fault in _bordereau_faults(bordereau)),
        *(
            f"Pièce {piece.number} ({piece.debtor.last_name} {piece.debtor.first_name}) : {fault}."
            for piece in bordereau.pieces
            for fault in _piece_faults(piece, bordereau)
        ),
    ]


def _file_faults(file: PesFile) -> Iterator[str]:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,95}\.xml", file.name):
        yield f"Fichier : « {file.name} » : une lettre, puis des lettres et des chiffres, puis .xml."
    if file.made_on < file.bordereau.issued_on:
        yield "Fichier : il ne peut être antérieur à son bordereau."


def _issuer_faults(issuer: Issuer) -> Iterator[str]:
    for field, pattern, sentence in _ISSUER:
        if not re.fullmatch(pattern, getattr(issuer, field)):
            yield sentence
    for text, longest, what in ((issuer.label, 38, "le libellé du budget"), (issuer.sigle, 32, "le sigle")):
        yield from _text_faults(text, longest, what)
    yield from _text_faults(issuer.software, 38, "le nom du logiciel")


def _bordereau_faults(bordereau: Bordereau) -> Iterator[str]:
    yield from _heading_faults(bordereau)
    pieces = bordereau.pieces
    if not 1 <= len(pieces) <= MOST_PIECES:
        yield f"il a {len(pieces)} pièces, pour 1 à {MOST_PIECES}"
    total = sum(line.cents for piece in pieces for line in piece.lines)
    if total != bordereau.cents:
        yield f"ses pièces font {_euros(total)}, pour {_euros(bordereau.cents)} annoncés"
    if not 1 <= bordereau.cents <= MOST_CENTS:
        yield "son montant doit être positif"
    yield from _sequence_faults(pieces)


def _heading_faults(bordereau: Bordereau) -> Iterator[str]:
    if not 1 <= bordereau.number <= 9_999_999:
        yield "son numéro va de 1 à 9999999"
    if bordereau.previous is not None and bordereau.number != bordereau.previous + 1:
        yield f"il suit le {bordereau.previous} : son numéro devrait être {bordereau.previous + 1}"
    if not 2000 <= bordereau.exercise <= 2099:
        yield "l'exercice est une année de quatre chiffres"
    # A « journée complémentaire » lets an exercise receive slips until the end of the January that follows.
    elif not date(bordereau.exercise, 1, 1) <= bordereau.issued_on <= date(bordereau.exercise + 1, 1, 31):
        yield f"il ne peut être émis le {bordereau.issued_on:%d/%m/%Y} sur l'exercice {bordereau.exercise}"
    if bordereau.notice_on is not None and bordereau.notice_on < bordereau.issued_on:
        yield "les avis ne peuvent partir avant son émission"
    yield from _text_faults(bordereau.label, 160, "l'objet")


def _sequence_faults(pieces: Sequence[Piece]) -> Iterator[str]:
    for before, after in pairwise(pieces):
        if after.number != before.number + 1:
            yield f"la pièce {after.number} suit la {before.number} : les numéros doivent se suivre un à un"
    debts = Counter((piece.period, piece.debt.lstrip("0")) for piece in pieces if piece.debt)
    for (period, debt), times in debts.items():
        if times > 1:
            yield f"la dette {debt} de la période {period} y est {times} fois"


def _piece_faults(piece: Piece, bordereau: Bordereau) -> Iterator[str]:
    if not 1 <= piece.number <= 99_999_999:
        yield "son numéro va de 1 à 99999999"
    if piece.kind not in _KINDS[bordereau.kind]:
        yield f"le type {piece.kind} n'entre pas dans un bordereau de type {bordereau.kind}"
    yield from _correction_faults(piece)
    yield from _text_faults(piece.label, 160, "l'objet")
    if len(piece.invoice) > 20 or not piece.invoice.isascii():
        yield "le numéro de facture a 20 signes au plus, sans accent"
    yield from _debt_faults(piece)
    yield from _lines_faults(piece)
    yield from _debtor_faults(piece.debtor)
    if piece.debit is not None:
        yield from _debit_faults(piece.debit)


def _correction_faults(piece: Piece) -> Iterator[str]:
    correcting = piece.kind is PieceKind.CORRECTION
    if correcting != (piece.corrected is not None):
        yield "une pièce correctrice, et elle seule, désigne la pièce d'origine"
    if correcting != (piece.nature is PieceNature.CANCELLATION):
        yield f"la nature {piece.nature} ne va pas avec le type {piece.kind}"
    if piece.corrected is not None and not (1 <= piece.corrected.piece <= 99_999_999 and piece.corrected.line >= 1):
        yield "la pièce d'origine n'a pas de numéro valable"


def _debt_faults(piece: Piece) -> Iterator[str]:
    if piece.kind is not PieceKind.ORMC:
        if piece.debt or piece.period:
            yield "le numéro de dette et la période ne servent qu'aux rôles ORMC"
        return
    if not re.fullmatch(rf"[0-9]{{1,{DEBT_DIGITS}}}", piece.debt) or not piece.debt.strip("0"):
        yield f"le numéro de dette a de 1 à {DEBT_DIGITS} chiffres"
    if not 1 <= piece.period <= 9:
        yield "la période est un chiffre de 1 à 9"


def _lines_faults(piece: Piece) -> Iterator[str]:
    if not 1 <= len(piece.lines) <= 999_999:
        yield "elle n'a pas de ligne"
    total = sum(line.cents for line in piece.lines)
    if total != piece.cents:
        yield f"ses lignes font {_euros(total)}, pour {_euros(piece.cents)} annoncés"
    for number, line in enumerate(piece.lines, 1):
        for fault in _line_faults(line, piece.kind):
            yield f"ligne {number}, {fault}"


def _line_faults(line: Line, kind: PieceKind) -> Iterator[str]:
    yield from _text_faults(line.label, 160, "l'objet")
    if not re.fullmatch(r"[0-9A-Za-z]{1,4}", line.product):
        yield "le code produit a de 1 à 4 lettres ou chiffres"
    if kind is PieceKind.ORMC and line.nature != ORMC_NATURE:
        yield f"la nature d'un rôle ORMC est {ORMC_NATURE}"
    if not re.fullmatch(r"[0-9A-Z]{3,10}", line.nature):
        yield "la nature a de 3 à 10 chiffres"
    if not 1 <= line.cents <= MOST_CENTS:
        yield "le montant doit être positif"


def _debtor_faults(debtor: Debtor) -> Iterator[str]:
    for text, longest, what, needed in (
        (debtor.title, 10, "la civilité", False),
        (debtor.last_name, 38, "le nom du débiteur", True),
        (debtor.first_name, 38, "le prénom du débiteur", False),
        (debtor.before_street, 38, "le complément d'adresse", False),
        (debtor.street, 38, "la voie", True),
        (debtor.after_street, 38, "le lieu-dit", False),
        (debtor.town, 38, "la ville", True),
    ):
        yield from _name_faults(text, longest, what, needed=needed)
    abroad = debtor.country not in ("", "100")
    if not re.fullmatch(r"[0-9]{5}", debtor.postcode) or (abroad and debtor.postcode != "99999"):
        yield "le code postal a 5 chiffres (99999 à l'étranger)"
    if debtor.country and not re.fullmatch(r"[0-9]{3}", debtor.country):
        yield "le code du pays a 3 chiffres"


def _debit_faults(debit: DirectDebit) -> Iterator[str]:
    account = debit.account
    for fault in (
        rum_fault(debit.rum),
        iban_fault(account.iban),
        bic_fault(account.bic) if account.bic else "",
    ):
        if fault:
            yield fault
    if not account.bic and compact(account.iban)[:2] != "FR":
        yield "hors de France, le BIC est obligatoire"
    if debit.signed_on > debit.collect_on:
        yield "le mandat est signé après le prélèvement"
    if not sepa_text(debit.label, LONGEST_LABEL):
        yield "le libellé du prélèvement est vide"
    yield from _name_faults(account.holder, 32, "le titulaire du compte")


def _name_faults(text: str, longest: int, what: str, *, needed: bool = True) -> Iterator[str]:
    """As `_text_faults`; and a name may lose no letter, where an object may."""
    if foreign := foreign_letters(text):
        yield f"{what} « {text} » ne s'écrit pas en lettres latines ({foreign})"
    else:
        yield from _text_faults(text, longest, what, needed=needed)


def _text_faults(text: str, longest: int, what: str, *, needed: bool = True) -> Iterator[str]:
    written = upper(text, 10 * longest)
    if needed and not written:
        yield f"{what} manque"
    if len(written) > longest:
        yield f"{what} dépasse {longest} caractères : « {text} »"


def _euros(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100},{abs(cents) % 100:02} €"
