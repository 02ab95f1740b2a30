"""`portail families import FILE.csv`."""

from pathlib import Path
from typing import Any

from portail.console.command import TownCommand, add_town_arguments, counted
from portail.console.families_file import read_families
from portail.console.families_import import import_families, show_codes, write_codes


class Command(TownCommand):
    """Enter families from a spreadsheet, all of them or none."""

    help = "entrer des familles d'après un fichier CSV"

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="do", required=True, metavar="ACTE")
        entry = acts.add_parser("import", help="tout entrer, ou rien si une ligne est fausse")
        add_town_arguments(entry)
        entry.add_argument("file", type=Path, metavar="FICHIER.csv", help="un enfant et un payeur par ligne")
        entry.add_argument("--codes", type=Path, metavar="SORTIE.csv", help="où écrire les codes (fichier privé)")

    def act_in_town(self, **options: Any) -> None:
        families = read_families(options["file"])
        save = write_codes(options["codes"]) if options["codes"] else None
        issued = import_families(families, save=save, by=self.by, now=self.now)
        self.say(f"{counted(len(families), 'famille entrée', 'familles entrées')} à {self.town.name}.")
        if options["codes"]:
            self.say(f"Les codes sont dans {options['codes']}, lisible par vous seul : ils ne pourront pas être relus.")
        else:
            self.say("Notez les codes : ils ne pourront pas être relus.", *show_codes(issued))
