"""`portail worker`: sends the mails, follows the payments, does the office's long work, until SIGTERM or Ctrl-C."""

from typing import Any

from portail.console.bell import bell_of_signals
from portail.console.checks import unsafe
from portail.console.command import ConsoleError, PortailCommand, counted
from portail.console.jobs import do_all_jobs, jobs_aside
from portail.console.serving import waiting_migrations
from portail.console.worker import worker_in_force


class Command(PortailCommand):
    """Several may run at once, on several machines. Stopped, it ends what it is doing first."""

    help = "envoyer les courriels, suivre les paiements, faire les travaux, sans cesse (--once : un seul tour)"

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--once", action="store_true", help="un seul tour, puis s'arrêter")

    def act(self, **options: Any) -> None:
        reasons = unsafe()
        if not reasons and waiting_migrations():
            reasons = ["La base de données n'est pas à jour : lancez « portail migrate »."]
        if reasons:
            raise ConsoleError("\n".join(("Le portail refuse de démarrer :", *(f"- {reason}" for reason in reasons))))
        with bell_of_signals() as bell:
            worker = worker_in_force(bell.is_rung, once=options["once"])
            if not options["once"]:
                with jobs_aside(bell):
                    worker.run(bell.wait)
                return
            done = worker.turn()
            worker.hang_up()
            done += do_all_jobs(bell.is_rung)
        self.say(f"{counted(done, 'chose faite', 'choses faites')}.")
