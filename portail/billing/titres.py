"""From unpaid invoices to a slip of titres or an ORMC roll: the values that `gateways.helios` turns into a file.

What the accountant knows of the budget is in the régie's settings (`Regie.treasury`): codique, siret, collectivity,
budget, label, sigle; then nature, product, edition, piece_nature and periods ({"1": 1, …}) where the town chose them.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from portail.billing.models import BilledActivity, Invoice, InvoiceLine, Regie
from portail.gateways.helios.checks import ORMC_NATURE, faults_of
from portail.gateways.helios.keys import DEBT_DIGITS
from portail.gateways.helios.values import (
    BY_TWO_MONTHS,
    Bordereau,
    BordereauKind,
    Debtor,
    Edition,
    HeliosError,
    Issuer,
    Line,
    PeriodTable,
    PesFile,
    Piece,
    PieceKind,
    PieceNature,
)
from portail.rules.invoicing import pro_rata

SOFTWARE = "Les parents services"
_POSTCODE = re.compile(r"(?P<postcode>[0-9]{5})\s+(?P<town>\S.*)")


@dataclass(frozen=True, slots=True)
class Slip:
    """What the slip itself says. `number` is given by the town: the finance department keeps the sequence."""

    number: int
    kind: BordereauKind
    exercise: int
    label: str
    issued_on: date
    made_on: date
    first_piece: int = 1
    previous: int | None = None
    notice_on: date | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """An invoice and what of it is handed over, in cents."""

    invoice: Invoice
    cents: int


def claims_file(
    regie: Regie, slip: Slip, claims: Sequence[Claim], treasury: Mapping[str, Any] | None = None
) -> tuple[PesFile, list[Claim], dict[int, str]]:
    """The file of what Hélios would take; the claims in it; why not, by invoice key, for the others.

    `treasury`: the settings as they were, for a file made again. Three queries. Raises HeliosError for what is wrong
    with the slip or the settings, and when nothing is left.
    """
    maker = _Maker(regie.treasury if treasury is None else treasury, slip, claims)
    taken: list[Claim] = []
    refused: dict[int, str] = {}
    seen: set[tuple[int, str]] = set()
    for claim in claims:
        piece = maker.piece(claim, slip.first_piece)
        faults = [words for words in faults_of(maker.file([piece])) if words.startswith("Pièce ")]
        if piece.debt and (piece.period, piece.debt) in seen:
            faults = ["Pièce : une autre dette de la même période porte ce numéro."]
        if faults:
            refused[claim.invoice.pk] = " ".join(_bare(words) for words in faults)
        else:
            taken.append(claim)
            seen.add((piece.period, piece.debt))
    if not taken:
        # Not without a word about the settings, if they are wrong as well.
        general = [words for words in faults_of(maker.file([])) if not words.startswith("Bordereau")]
        raise HeliosError(general or ["Aucune facture ne peut entrer dans ce bordereau.", *refused.values()])
    pieces = [maker.piece(claim, number) for number, claim in enumerate(taken, slip.first_piece)]
    return maker.file(pieces), taken, refused


def _bare(fault: str) -> str:
    """« Pièce 1 (BOND Jamie) : la voie manque. » -> « la voie manque. »: the list already names the invoice."""
    return fault.partition(" : ")[2] or fault


class _Maker:
    """Makes the pieces of one slip."""

    def __init__(self, treasury: Mapping[str, Any], slip: Slip, claims: Sequence[Claim]) -> None:
        self._treasury = treasury
        self._slip = slip
        self._periods = _periods(treasury)
        self._billed = {row.activity_id: row for row in BilledActivity.objects.select_related("activity")}
        self._lines: dict[int, list[InvoiceLine]] = defaultdict(list)
        keys = [claim.invoice.pk for claim in claims]
        # Keys in bunches: no engine takes any number of parameters.
        for start in range(0, len(keys), 500):
            rows = InvoiceLine.objects.filter(invoice_id__in=keys[start : start + 500])
            for line in rows.order_by("invoice_id", "position"):
                self._lines[line.invoice_id].append(line)

    def file(self, pieces: Sequence[Piece]) -> PesFile:
        """The whole file; its name holds what makes a slip unique, so it never serves twice."""
        slip, issuer = self._slip, self._issuer()
        kind = "ORMC" if slip.kind is BordereauKind.ORMC else "TITRES"
        budget = re.sub(r"[^A-Za-z0-9]", "", issuer.collectivity + issuer.budget)
        bordereau = Bordereau(
            exercise=slip.exercise,
            number=slip.number,
            kind=slip.kind,
            issued_on=slip.issued_on,
            label=slip.label,
            cents=sum(piece.cents for piece in pieces),
            pieces=pieces,
            notice_on=slip.notice_on,
            previous=slip.previous,
        )
        name = f"{kind}{budget}{slip.exercise:04}{slip.number:07}.xml"
        return PesFile(name, slip.made_on, issuer, bordereau)

    def piece(self, claim: Claim, number: int) -> Piece:
        """One debtor and what he owes."""
        invoice, roll = claim.invoice, self._slip.kind is BordereauKind.ORMC
        month = (invoice.run.month if invoice.run else invoice.issued_on or invoice.due_on).month
        piece = Piece(
            number=number,
            kind=PieceKind.ORMC if roll else PieceKind.TITRE,
            nature=_choice(PieceNature, self._treasury, "piece_nature", PieceNature.OPERATING),
            label=invoice.label,
            cents=claim.cents,
            lines=self._imputations(claim, roll=roll),
            debtor=debtor_of(invoice),
            invoice=(invoice.number or "") if len(invoice.number or "") <= 20 else "",
            edition=_choice(Edition, self._treasury, "edition", None),
        )
        return replace(piece, debt=debt_number(invoice), period=self._periods.digit(month)) if roll else piece

    def _issuer(self) -> Issuer:
        words = {name: str(self._treasury.get(name, "")) for name in ("codique", "siret", "collectivity", "budget")}
        label = str(self._treasury.get("label", ""))
        return Issuer(**words, label=label, sigle=str(self._treasury.get("sigle", "PORTAIL")), software=SOFTWARE)

    def _imputations(self, claim: Claim, *, roll: bool) -> list[Line]:
        """One line for each activity, of what is still owed: in proportion of what the invoice billed."""
        grouped: dict[tuple[str, str, str], int] = {}
        for line in self._lines[claim.invoice.pk]:
            billed = self._billed.get(line.activity_id or 0)
            product = (billed.product if billed else "") or str(self._treasury.get("product", ""))
            account = (billed.account if billed else "") or str(self._treasury.get("nature", ""))
            label = str(billed.activity) if billed else claim.invoice.label
            place = (label, product, ORMC_NATURE if roll else account)
            grouped[place] = grouped.get(place, 0) + max(0, line.amount_cents)
        shares = pro_rata(list(grouped.values()), claim.cents)
        return [Line(*place, share) for place, share in zip(grouped, shares, strict=True) if share]


def debtor_of(invoice: Invoice) -> Debtor:
    """The payer as the invoice was addressed. The last line is « 78200 Buchelay »; the one before it is the street."""
    lines = [line.strip() for line in invoice.payer_address.splitlines() if line.strip()]
    found = _POSTCODE.fullmatch(lines[-1]) if lines else None
    above = lines[:-1] if found else lines
    return Debtor(
        title="",
        last_name=invoice.payer.last_name,
        first_name=invoice.payer.first_name,
        before_street=" ".join(above[:-1]),
        street=above[-1] if above else "",
        postcode=found["postcode"] if found else "",
        town=found["town"] if found else "",
    )


def debt_number(invoice: Invoice) -> str:
    """« 2013-026-000335 » -> « 2013026000335 »: the digits of the number, the last thirteen if there are more."""
    return "".join(c for c in invoice.number or "" if c.isascii() and c.isdigit())[-DEBT_DIGITS:]


def _periods(treasury: Mapping[str, Any]) -> PeriodTable:
    said = treasury.get("periods")
    if not said:
        return BY_TWO_MONTHS
    try:
        return PeriodTable({int(month): int(digit) for month, digit in said.items()})
    except (AttributeError, TypeError, ValueError):
        raise HeliosError(["Table des périodes : un chiffre de 1 à 9 pour chacun des douze mois."]) from None


def _choice(kind: Any, treasury: Mapping[str, Any], name: str, default: Any) -> Any:
    said = treasury.get(name)
    if not said:
        return default
    if said not in list(kind):
        raise HeliosError([f"Réglages de la trésorerie : « {said} » n'est pas un choix de « {name} »."])
    return kind(said)
