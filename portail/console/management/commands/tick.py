"""`portail tick`: what the clock must do; to be run every hour or so."""

from typing import Any

from portail.console.command import PortailCommand, counted
from portail.families.operations.access import purge_access
from portail.towns.queries import all_towns
from portail.towns.scope import in_town


class Command(PortailCommand):
    """Forget, town by town, what need not be kept."""

    help = "le travail de l'horloge, à lancer chaque heure : oublier les sessions et les échecs périmés"

    def act(self, **_options: Any) -> None:
        for town in all_towns():
            with in_town(town):
                self.say(f"{town.slug} : {counted(purge_access(now=self.now), 'ligne oubliée', 'lignes oubliées')}.")
