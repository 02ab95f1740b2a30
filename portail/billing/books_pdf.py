"""The régisseur's books as papers: one content, as PDF for the binder and as CSV for the spreadsheet.

Cells are values: amounts stay numbers in the CSV, and a text that a spreadsheet would compute is disarmed there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import translation

from portail.billing.documents import letterhead, siret_of
from portail.billing.models import Deposit, Payment, Regie
from portail.billing.queries import books
from portail.billing.queries.statements import Differences
from portail.gateways.pdf.papers import Alignment, Column, Fact, JournalPaper
from portail.gateways.pdf.press import print_pdf
from portail.gateways.spreadsheet import Euros, Value, written
from portail.towns import wording
from portail.towns.scope import current_town

LEFT, RIGHT = Alignment.LEFT, Alignment.RIGHT
MEANS: Mapping[str, str] = {str(value): str(label) for value, label in Payment.Means.choices}


@dataclass(frozen=True, slots=True)
class Book:
    """One book. `columns`: their titles; a title ending in « € » or named « Nombre » is aligned to the right."""

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Value]]
    totals: Sequence[Sequence[Value]] = ()
    subtitle: str = ""
    facts: Sequence[tuple[str, str]] = ()
    sentences: Sequence[str] = ()
    signatures: Sequence[str] = ()
    wide: int = 0


def book_csv(book: Book) -> bytes:
    """For a spreadsheet: titles, rows, totals."""
    return written([book.columns, *book.rows, *book.totals])


def book_pdf(book: Book, regie: Regie | None, *, now: datetime, on: date) -> bytes:
    """For the binder. Outside any transaction. Raises PaperError."""
    with translation.override("fr"):
        paper = JournalPaper(
            letterhead=letterhead(current_town(), siret_of(regie) if regie else ""),
            title=book.title,
            columns=tuple(
                Column(name, RIGHT if name.endswith("€") or name == "Nombre" else LEFT, place == book.wide)
                for place, name in enumerate(book.columns)
            ),
            rows=tuple(tuple(_words(cell) for cell in row) for row in book.rows),
            totals=tuple(tuple(_words(cell) for cell in row) for row in book.totals),
            regie=regie.name if regie else "",
            subtitle=book.subtitle,
            facts=tuple(Fact(label, value) for label, value in book.facts),
            sentences=tuple(book.sentences),
            signatures=tuple(book.signatures),
            landscape=len(book.columns) > 6,
            issued_on=wording.plain_day(on),
        )
    return print_pdf(paper, printed_at=now)


def _words(cell: Value) -> str:
    match cell:
        case Euros():
            return wording.money(cell.cents)
        case date():
            return wording.numeric(cell)
        case _:
            return str(cell)


def _days(first: date, last: date) -> str:
    return f"du {wording.plain_day(first)} au {wording.plain_day(last)}"


def journal_book(regie: Regie, first: date, last: date) -> Book:
    """The daily journal, by day and means, with the totals of each means."""
    rows = books.daily_journal(regie, first, last)
    by_means: dict[str, list[int]] = {}
    for row in rows:
        total = by_means.setdefault(row.means, [0, 0])
        total[0] += row.receipts + row.reversals
        total[1] += row.cents
    everything = sum(cents for _, cents in by_means.values())
    return Book(
        "journal",
        "Journal des encaissements",
        ("Jour", "Moyen", "Nombre", "Annulations", "Montant €"),
        [(row.on, MEANS[row.means], row.receipts, row.reversals, Euros(row.cents)) for row in rows],
        [
            *(("Total", MEANS[means], count, "", Euros(cents)) for means, (count, cents) in by_means.items()),
            ("Total", "tous moyens", sum(count for count, _ in by_means.values()), "", Euros(everything)),
        ],
        _days(first, last),
        signatures=("Le régisseur",),
        wide=1,
    )


def receipts_book(regie: Regie, first: date, last: date) -> Book:
    """The register of receipts."""
    rows = books.receipts(regie, first, last)
    return Book(
        "recus",
        "Registre des reçus",
        ("Reçu", "Jour", "Réglé par", "Moyen", "Référence", "Factures", "Annule", "Versement", "Montant €"),
        [
            (
                r.number, r.on, r.payer, MEANS[r.means], r.reference, r.invoices, r.reverses, r.deposit or "",
                Euros(r.cents),
            )
            for r in rows
        ],
        [("Total", "", "", "", "", "", "", "", Euros(sum(row.cents for row in rows)))],
        _days(first, last),
        wide=2,
    )  # fmt: skip


def cheques_book(regie: Regie, deposit: int | None) -> Book:
    """The slip joined to the cheques; those in hand without a number."""
    rows = books.cheques(regie, deposit)
    what = f"Versement n° {deposit}" if deposit else "Chèques en caisse, à verser"
    return Book(
        f"cheques-{deposit}" if deposit else "cheques",
        "Bordereau de chèques",
        ("N° de chèque", "Tireur", "Reçu", "Jour", "Montant €"),
        [(row.number, row.drawer, row.receipt, row.on, Euros(row.cents)) for row in rows],
        [("Total", f"{len(rows)} chèques", "", "", Euros(sum(row.cents for row in rows)))],
        what,
        signatures=("Le régisseur", "Le comptable"),
        wide=1,
    )


def month_book(regie: Regie, month: date) -> Book:
    """The monthly statement by account code."""
    rows = books.monthly_statement(regie, month)
    named = {"": "sans imputation"}
    return Book(
        f"mois-{month:%Y-%m}",
        "État mensuel des recettes",
        ("Imputation", "Montant €"),
        [(named.get(row.account, row.account), Euros(row.cents)) for row in rows],
        [("Total", Euros(sum(row.cents for row in rows)))],
        f"mois du {wording.plain_day(month.replace(day=1))}",
        signatures=("Le régisseur", "L'ordonnateur"),
    )


def deposit_book(made: Deposit) -> Book:
    """One payment to the accountant."""
    count = made.payments.count()
    return Book(
        f"versement-{made.number}",
        f"Versement n° {made.number} au comptable",
        ("Moyen", "Nombre", "Montant €"),
        [(MEANS[made.means], count, Euros(made.cents))],
        [("Total", count, Euros(made.cents))],
        f"versé le {wording.plain_day(made.on)}",
        signatures=("Le régisseur", "Le comptable"),
    )


def cash_book(regie: Regie, today: date) -> Book:
    """What the till must hold, with its warnings."""
    cash = books.cash_in_hand(regie, today)
    warnings = []
    if cash.over_ceiling and cash.ceiling_cents is not None:
        warnings.append(f"L'encaisse dépasse le plafond de {wording.money(cash.ceiling_cents)} : versez au comptable.")
    if cash.overdue and cash.oldest is not None:
        warnings.append(f"Des espèces attendent depuis le {wording.plain_day(cash.oldest)}, plus d'un mois.")
    ceiling: Value = Euros(cash.ceiling_cents) if cash.ceiling_cents is not None else "non fixé"
    return Book(
        "caisse",
        "Situation de la caisse",
        ("Élément", "Montant €"),
        [
            ("Fonds de caisse", Euros(cash.float_cents)),
            ("Espèces encaissées, à verser", Euros(cash.takings_cents)),
            ("Plafond d'encaisse", ceiling),
        ],
        [("À compter dans la caisse", Euros(cash.in_hand_cents))],
        f"au {wording.plain_day(today)}",
        sentences=warnings,
        signatures=("Le régisseur",),
    )


def unpaid_book(regie: Regie, today: date) -> Book:
    """What is owed, with the total of each age."""
    rows = books.unpaid(regie, today)
    ages = [(age, sum(row.cents for row in rows if row.age == age)) for age in books.AGES]
    return Book(
        "impayes",
        "Factures restant à payer",
        ("Facture", "Payeur", "Échéance", "Ancienneté", "Relances", "Prélèvement", "Reste €"),
        [
            (
                row.number, row.payer, row.due_on, row.age, row.reminders, "en cours" if row.remitted else "",
                Euros(row.cents),
            )
            for row in rows
        ],
        [
            *(("Total", "", "", age, "", "", Euros(cents)) for age, cents in ages if cents),
            ("Total", "", "", "", "", "", Euros(sum(row.cents for row in rows))),
        ],
        f"au {wording.plain_day(today)}",
        wide=1,
    )  # fmt: skip


def differences_book(found: Differences, first: date, last: date) -> Book:
    """Both lists of a statement's reconciliation."""
    left: list[Sequence[Value]] = [
        ("dans le relevé seulement", row.on, row.reference, MEANS[row.means], row.why, Euros(row.cents))
        for row in found.only_in_statement
    ]
    right: list[Sequence[Value]] = [
        (
            "dans le portail seulement", row.on, row.reference, MEANS[row.means], f"reçu {row.receipt}, {row.payer}",
            Euros(row.cents),
        )
        for row in found.only_in_portal
    ]  # fmt: skip
    return Book(
        "ecarts",
        "Écarts entre le relevé et le portail",
        ("Où", "Jour", "Référence", "Moyen", "Précision", "Montant €"),
        [*left, *right],
        subtitle=_days(first, last),
        wide=4,
    )
