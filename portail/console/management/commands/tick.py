"""`portail tick`: what the clock must do; to be run every hour or so."""

from typing import Any

from portail.billing.operations.sepa import purge_mandates
from portail.console.command import PortailCommand, counted
from portail.console.worker import worker_in_force
from portail.families.operations.access import purge_access
from portail.towns.actors import town_hall
from portail.towns.queries import all_towns
from portail.towns.scope import in_town

CLOCK = town_hall("Horloge")


class Command(PortailCommand):
    """Forget, town by town, what need not be kept; then one turn of the worker, in case none is running."""

    help = "le travail de l'horloge, à lancer chaque heure : oublier les sessions et les échecs périmés"

    def act(self, **_options: Any) -> None:
        for town in all_towns():
            with in_town(town):
                purge_mandates(by=CLOCK, now=self.now)
                self.say(f"{town.slug} : {counted(purge_access(now=self.now), 'ligne oubliée', 'lignes oubliées')}.")
        worker = worker_in_force(lambda: False, once=True)
        done = worker.turn()
        worker.hang_up()
        if done:
            self.say(f"{counted(done, 'courriel ou paiement traité', 'courriels ou paiements traités')}.")
