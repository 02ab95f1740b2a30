"""`portail books …`: the régisseur's books, as PDF and CSV files, or said on the screen."""

from datetime import date
from pathlib import Path
from typing import Any

from portail.billing import books_pdf
from portail.billing.books_pdf import Book
from portail.billing.models import Regie
from portail.billing.queries import books
from portail.console import typed as read
from portail.console.arguments import typed
from portail.console.billing_lookups import regie_coded
from portail.console.command import ConsoleError, TownCommand, add_town_arguments, counted
from portail.console.paper_files import write_new
from portail.console.payers import add_payer_arguments, payer_named
from portail.console.treasury_lookups import deposit_numbered
from portail.gateways.pdf.press import PaperError
from portail.towns import wording
from portail.towns.queries import town_day

_BOOKS = {
    "journal": "le journal par jour et par moyen",
    "receipts": "le registre des reçus",
    "cheques": "le bordereau des chèques en caisse, ou d'un versement",
    "month": "l'état mensuel par imputation",
    "cash": "la situation de la caisse",
    "unpaid": "les factures restant à payer, par ancienneté",
    "deposit": "un versement au comptable",
}
_PERIODS = {"journal", "receipts"}


class Command(TownCommand):
    """Reads only: nothing is written but files."""

    help = "les livres du régisseur, en PDF et en CSV"

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="do", required=True, metavar="LIVRE")
        day = typed(read.day)
        for name, words in _BOOKS.items():
            one = acts.add_parser(name, help=words)
            add_town_arguments(one)
            one.add_argument("--regie", required=True, metavar="CODE", help="la régie")
            one.add_argument("--out", required=True, type=Path, metavar="DOSSIER", help="où écrire les deux fichiers")
            if name in _PERIODS:
                one.add_argument("--from", dest="first", required=True, type=day, metavar="JOUR", help="premier jour")
                one.add_argument("--to", dest="last", required=True, type=day, metavar="JOUR", help="dernier jour")
            if name == "month":
                one.add_argument("--month", required=True, type=typed(read.month), metavar="MOIS", help="2026-11")
            if name in {"cheques", "deposit"}:
                needed = name == "deposit"
                one.add_argument("--number", type=int, required=needed, metavar="N", help="numéro du versement")
        balance = acts.add_parser("balance", help="ce que doit un payeur, régie par régie")
        add_town_arguments(balance)
        add_payer_arguments(balance)
        add_town_arguments(acts.add_parser("costs", help="les tarifs au-dessus du coût par usager"))
        meals = acts.add_parser("meals", help="le nombre de repas facturés 1 € ou moins")
        add_town_arguments(meals)
        meals.add_argument("--from", dest="first", required=True, type=day, metavar="JOUR", help="premier jour")
        meals.add_argument("--to", dest="last", required=True, type=day, metavar="JOUR", help="dernier jour")

    def act_in_town(self, **options: Any) -> None:
        if options["do"] in _BOOKS:
            regie = regie_coded(options["regie"])
            book = _book(options["do"], regie, town_day(self.now), options)
            self._write(book, regie, options["out"])
        elif options["do"] == "balance":
            self._balance(options)
        elif options["do"] == "costs":
            self._costs()
        else:
            self._meals(options["first"], options["last"])

    def _write(self, book: Book, regie: Regie, out: Path) -> None:
        if not out.is_dir():
            raise ConsoleError(f"{out} n'est pas un dossier.")
        try:
            pdf = books_pdf.book_pdf(book, regie, now=self.now, on=town_day(self.now))
        except PaperError as error:
            raise ConsoleError(f"« {book.title} » n'a pu être composé : {error}") from None
        base = f"{regie.code}-{book.name}"
        csv = write_new(out, f"{base}.csv", books_pdf.book_csv(book))
        self.say(f"{book.title} : {write_new(out, f'{base}.pdf', pdf)}, {csv}.", *book.sentences)

    def _balance(self, options: dict[str, Any]) -> None:
        payer = payer_named(options["payer"], options["child"])
        rows = books.balances_of(payer)
        if not rows:
            self.say(f"{payer} n'a ni facture ni règlement.")
        for row in rows:
            self.say(
                f"{row.regie} : doit {wording.money(row.owed_cents)}, au comptable "
                f"{wording.money(row.transferred_cents)}, trop-perçu {wording.money(row.surplus_cents)}, avoirs "
                f"{wording.money(row.credits_cents)} ; net {wording.money(row.net_cents)}."
            )

    def _costs(self) -> None:
        found = books.cost_warnings(town_day(self.now))
        for one in found:
            why = " avec majoration" if one.surcharged else ""
            self.say(
                f"{one.activity}, tarif « {one.tariff} » : jusqu'à {wording.money(one.price_cents)}{why}, pour un coût "
                f"par usager de {wording.money(one.cost_cents)}."
            )
        self.say(f"{counted(len(found), 'tarif dépasse', 'tarifs dépassent')} le coût par usager.")

    def _meals(self, first: date, last: date) -> None:
        found = books.cheap_meals(first, last)
        self.say(*(f"{one.activity} : {one.meals} repas, {wording.money(one.cents)}" for one in found))
        self.say(f"{sum(one.meals for one in found)} repas facturés 1 € ou moins.")


def _book(name: str, regie: Regie, today: date, options: dict[str, Any]) -> Book:
    match name:
        case "journal":
            return books_pdf.journal_book(regie, options["first"], options["last"])
        case "receipts":
            return books_pdf.receipts_book(regie, options["first"], options["last"])
        case "cheques":
            return books_pdf.cheques_book(regie, options["number"])
        case "month":
            return books_pdf.month_book(regie, options["month"])
        case _:
            return _today_book(name, regie, today, options)


def _today_book(name: str, regie: Regie, today: date, options: dict[str, Any]) -> Book:
    if name == "deposit":
        return books_pdf.deposit_book(deposit_numbered(regie.code, options["number"]))
    return books_pdf.cash_book(regie, today) if name == "cash" else books_pdf.unpaid_book(regie, today)
