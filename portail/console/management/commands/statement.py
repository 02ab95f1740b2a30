"""`portail statement …`: statements of payments. Doubtful operations are decided of by `portail payfip`."""

import tomllib
from pathlib import Path
from typing import Any

from portail.billing.books_pdf import book_csv, differences_book
from portail.billing.operations.statements import (
    StatementDraft,
    import_statement,
    save_layout,
)
from portail.billing.queries.statements import differences
from portail.console import typed as read
from portail.console.arguments import typed
from portail.console.billing_lookups import regie_coded
from portail.console.command import ConsoleError, TownCommand, add_town_arguments, counted
from portail.console.paper_files import write_new
from portail.towns import wording
from portail.towns.queries import town_day


class Command(TownCommand):
    """How a file is read, its import, the two difference lists."""

    help = "importer les relevés du régisseur et les paiements faits ailleurs"

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="do", required=True, metavar="ACTE")
        day = typed(read.day)
        layout = _act(acts, "layout", "enregistrer comment un relevé se lit")
        layout.add_argument("--name", required=True, metavar="NOM", help="nom du format")
        layout.add_argument("file", type=Path, metavar="FORMAT.toml", help="tables [columns] et [means]")
        entry = _act(acts, "import", "importer un relevé ; deux fois le même n'apporte rien de plus")
        entry.add_argument("--regie", required=True, metavar="CODE", help="la régie")
        entry.add_argument("--layout", required=True, metavar="NOM", help="nom du format")
        entry.add_argument("file", type=Path, metavar="RELEVÉ.csv", help="le relevé")
        lists = _act(acts, "differences", "ce qui n'est que dans le relevé, ce qui n'est que dans le portail")
        lists.add_argument("--regie", required=True, metavar="CODE", help="la régie")
        lists.add_argument("--from", dest="first", required=True, type=day, metavar="JOUR", help="premier jour")
        lists.add_argument("--to", dest="last", required=True, type=day, metavar="JOUR", help="dernier jour")
        lists.add_argument("--out", type=Path, metavar="SORTIE.csv", help="écrire aussi les deux listes")

    def act_in_town(self, **options: Any) -> None:
        acts = {"layout": self._layout, "import": self._import, "differences": self._differences}
        acts[options["do"]](options)

    def _layout(self, options: dict[str, Any]) -> None:
        try:
            told = tomllib.loads(options["file"].read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConsoleError(f"{options['file']} : ce n'est pas du TOML ({error}).") from None
        unknown = sorted(set(told) - {"columns", "means"})
        tables = {name: told.get(name, {}) for name in ("columns", "means")}
        if unknown or not all(isinstance(table, dict) for table in tables.values()):
            raise ConsoleError("Le format a deux tables, [columns] et [means], et rien d'autre.")
        means = {str(word): str(value) for word, value in tables["means"].items()}
        save_layout(name=options["name"], columns=tables["columns"], means=means, by=self.by, now=self.now)
        self.say(f"Format « {options['name']} » enregistré.")

    def _import(self, options: dict[str, Any]) -> None:
        content, name = options["file"].read_bytes(), options["file"].name
        draft = StatementDraft(options["regie"], options["layout"], name, content)
        found = import_statement(draft=draft, by=self.by, now=self.now)
        done = found.settled
        self.say(
            f"{counted(found.read, 'paiement lu', 'paiements lus')}, {counted(found.new, 'nouveau', 'nouveaux')}.",
            f"{done.paired} déjà connus du portail, {done.recorded} enregistrés, {done.confirmed} confirmant une "
            "opération annoncée.",
            *(f"Attention : {words}" for words in found.statement.warnings),
            *(f"Illisible : {line.why}" for line in found.statement.unreadable),
        )

    def _differences(self, options: dict[str, Any]) -> None:
        regie, first, last = regie_coded(options["regie"]), options["first"], options["last"]
        found = differences(regie, first, last, town_day(self.now))
        self.say(counted(len(found.only_in_statement), "ligne", "lignes") + " dans le relevé seulement.")
        self.say(
            *(f"  {one.on:%d/%m/%Y} {one.reference} {wording.money(one.cents)} : {one.why}"
              for one in found.only_in_statement)
        )  # fmt: skip
        self.say(counted(len(found.only_in_portal), "paiement", "paiements") + " dans le portail seulement.")
        self.say(
            *(f"  {one.on:%d/%m/%Y} {one.reference} {wording.money(one.cents)} : reçu {one.receipt}, {one.payer}"
              for one in found.only_in_portal)
        )  # fmt: skip
        if options["out"]:
            book = differences_book(found, first, last)
            self.say(f"Listes écrites : {write_new(options['out'], book.name + '.csv', book_csv(book))}.")


def _act(acts: Any, name: str, words: str) -> Any:
    parser = acts.add_parser(name, help=words)
    add_town_arguments(parser)
    return parser
