"""`portail serve`: refuses an unsafe start, then serves with granian."""

from typing import Any

from portail.console.command import PortailCommand
from portail.console.serving import host, port, refuse_taken_port, refuse_unready, serve


class Command(PortailCommand):
    """HOST, PORT and PORTAIL_WORKERS choose where and how many."""

    help = "servir le portail (HOST, PORT, PORTAIL_WORKERS)"

    def act(self, **_options: Any) -> None:
        refuse_unready()
        refuse_taken_port()
        self.say(f"Le portail écoute sur {host()}:{port()} (Ctrl-C pour arrêter).")
        serve()
