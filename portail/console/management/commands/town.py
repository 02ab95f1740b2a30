"""`portail town apply FILE.toml`."""

from pathlib import Path
from typing import Any

from portail.console.command import PortailCommand
from portail.console.town_apply import apply_town
from portail.console.town_file import read_town
from portail.towns.actors import town_hall


class Command(PortailCommand):
    """Create or change a town as a file describes it."""

    help = "créer une commune, ou la mettre à jour, d'après un fichier TOML"

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="do", required=True, metavar="ACTE")
        apply = acts.add_parser("apply", help="appliquer un fichier")
        apply.add_argument("file", type=Path, metavar="FICHIER.toml", help="la description de la commune")
        apply.add_argument("--by", metavar="NOM", default="Mairie (console)", help="au nom de qui, pour l'historique")

    def act(self, **options: Any) -> None:
        town, said = apply_town(read_town(options["file"]), by=town_hall(options["by"]), now=self.now)
        self.say(*said, f"« {town.name} » est à jour.")
