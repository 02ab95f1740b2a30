"""A plain CSV of a slip, for finance editors that make the Treasury's file themselves: one line for each imputation."""

from portail.gateways.helios.checks import faults_of
from portail.gateways.helios.values import HeliosError, Line, PesFile, Piece
from portail.gateways.sepa.accounts import compact
from portail.gateways.spreadsheet import Euros, Value, written

COLUMNS = (
    "Exercice", "Bordereau", "Émis le", "Pièce", "Type", "Dette", "Période", "Facture", "Objet", "Ligne",
    "Libellé", "Code produit", "Nature", "Montant", "Total de la pièce", "Civilité", "Nom", "Prénom",
    "Complément", "Voie", "Lieu-dit", "Code postal", "Ville", "Pays", "Prélèvement", "RUM", "Signé le", "Séquence",
    "IBAN", "BIC", "Titulaire",
)  # fmt: skip


def csv_of(file: PesFile) -> bytes:
    """The same content and the same checks as the PES file, accents kept. Raises HeliosError."""
    if faults := faults_of(file):
        raise HeliosError(faults)
    rows = [
        [*_piece(file, piece), *_line(number, line, piece), *_debtor(piece), *_debit(piece)]
        for piece in file.bordereau.pieces
        for number, line in enumerate(piece.lines, 1)
    ]
    return written([COLUMNS, *rows])


def _piece(file: PesFile, piece: Piece) -> list[Value]:
    slip = file.bordereau
    period = str(piece.period or "")
    return [
        slip.exercise, slip.number, slip.issued_on, piece.number, piece.kind, piece.debt, period, piece.invoice,
        piece.label,
    ]  # fmt: skip


def _line(number: int, line: Line, piece: Piece) -> list[Value]:
    return [number, line.label, line.product, line.nature, Euros(line.cents), Euros(piece.cents)]


def _debtor(piece: Piece) -> list[Value]:
    who = piece.debtor
    return [
        who.title, who.last_name, who.first_name, who.before_street, who.street, who.after_street, who.postcode,
        who.town, who.country,
    ]  # fmt: skip


def _debit(piece: Piece) -> list[Value]:
    debit = piece.debit
    if debit is None:
        return [""] * 7
    account = debit.account
    return [
        debit.collect_on, debit.rum, debit.signed_on, debit.stage, compact(account.iban), compact(account.bic),
        account.holder,
    ]  # fmt: skip
