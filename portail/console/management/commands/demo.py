"""`portail demo`: the demonstration towns, built if need be, then served."""

import os
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management import call_command

from portail.console import typed as read
from portail.console.arguments import typed
from portail.console.command import ConsoleError, PortailCommand
from portail.console.demo import ledger
from portail.console.demo.services import refuse_taken_port, serve
from portail.console.demo.world import build_world, built_for, is_built, pay_the_past, refuse_real_towns
from portail.console.main import ROLE, ROLE_TO_SERVE
from portail.console.serving import host, network_address, port, waiting_migrations
from portail.console.static_files import collect_if_changed

PARIS = ZoneInfo("Europe/Paris")
OPENS = time(9)  # the hour of a world built for another day
OLD = timedelta(weeks=3)  # after which the coming weeks of the world have mostly gone by


class Command(PortailCommand):
    """Addresses and codes are printed, and written to `demo.json`. A second start keeps the data."""

    help = "servir les villes de démonstration (--reset les refait à neuf)"

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--reset", action="store_true", help="refaire les villes à neuf, puis s'arrêter")
        parser.add_argument("--date", type=typed(read.day), metavar="JOUR", help="comme si l'on était ce jour-là")

    def act(self, **options: Any) -> None:
        if settings.MODE != "demo" and settings.MODE != "test":
            raise ConsoleError("La démonstration se lance par « portail demo », jamais en production.")
        if not options["reset"]:
            refuse_taken_port()
        self._prepare_database()
        known = ledger.load(self._path) if is_built() else None
        if known is not None and options["date"] and not options["reset"]:
            raise ConsoleError("Les villes existent déjà : ajoutez --reset pour les refaire à cette date.")
        if known is None or options["reset"]:
            known = self._build(options["date"])
        collect_if_changed()
        if options["reset"]:
            self.say("Les villes de démonstration sont refaites à neuf.")
            return
        known = ledger.at_port(known, port())
        ledger.save(self._path, known)
        self._welcome(known)
        serve(_serving_environment())

    @property
    def _path(self) -> Any:
        return settings.VAR / "demo.json"

    def _prepare_database(self) -> None:
        refuse_real_towns()
        if waiting_migrations():
            self.say("Préparation de la base de données…")
            call_command("migrate", interactive=False, verbosity=0)

    def _build(self, day: date | None) -> dict[str, Any]:
        self.say("Création des villes de démonstration…")
        self._path.unlink(missing_ok=True)  # a build that is cut short must not be taken for a finished one
        now = datetime.combine(day, OPENS, tzinfo=PARIS) if day else self.now.astimezone(PARIS)
        found = ledger.written(build_world(now), port())
        pay_the_past(now, settings.VAR)
        ledger.save(self._path, found)
        return found

    def _welcome(self, known: dict[str, Any]) -> None:
        self.say("", "Le portail de démonstration est prêt :", *ledger.lines(known), "")
        self.say(f"Toutes les adresses et tous les codes : {self._path}")
        since = built_for()
        if since is not None and abs(self.now - since) > OLD:
            self.say("Ces villes ont vieilli : « make demo-reset » les refait à la date du jour.")
        if host() not in ("127.0.0.1", "localhost", "::1"):
            self.say(f"Depuis un téléphone du même réseau : http://{network_address()}:{port()}/")
        self.say("Ctrl-C pour arrêter.")


def _serving_environment() -> dict[str, str]:
    """The environment of the server: with the role that row-level security holds, which building went without."""
    found = dict(os.environ)
    found.pop(ROLE, None)
    if ROLE_TO_SERVE in found:
        found[ROLE] = found.pop(ROLE_TO_SERVE)
    return found
