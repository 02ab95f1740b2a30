"""`portail tick`: what the clock must do; to be run every hour or so."""

from typing import Any

from portail.billing.operations.sepa import purge_mandates
from portail.console.chores import CLOCK
from portail.console.command import PortailCommand, counted
from portail.console.jobs import do_all_jobs
from portail.console.worker import keep_house, worker_in_force
from portail.families.operations.access import purge_access
from portail.towns.operations.access import purge_staff_access
from portail.towns.queries import all_towns
from portail.towns.scope import in_town


class Command(PortailCommand):
    """Forget, town by town, what need not be kept; then the worker's part, in case none is running."""

    help = "le travail de l'horloge, à lancer chaque heure : oublier les sessions et les échecs périmés"

    def act(self, **_options: Any) -> None:
        for town in all_towns():
            with in_town(town):
                purge_mandates(by=CLOCK, now=self.now)
                forgotten = purge_access(now=self.now) + purge_staff_access(now=self.now)
                self.say(f"{town.slug} : {counted(forgotten, 'ligne oubliée', 'lignes oubliées')}.")
        worker = worker_in_force(lambda: False, once=True)
        done = worker.turn()
        worker.hang_up()
        if done:
            self.say(f"{counted(done, 'courriel ou paiement traité', 'courriels ou paiements traités')}.")
        if jobs := do_all_jobs(lambda: False):
            self.say(f"{counted(jobs, 'travail fait', 'travaux faits')}.")
        keep_house()
