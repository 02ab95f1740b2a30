"""What every command of `portail` is made of: French arguments, one reading of the clock, clear errors."""

import sys
from argparse import SUPPRESS
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, DataError, IntegrityError, OperationalError, ProgrammingError, connections
from django.utils import timezone

from portail.billing.operations.money import MoneyError
from portail.billing.operations.setup import BillingError
from portail.bookings.operations.attendance import AttendanceError
from portail.bookings.operations.offer import OfferError
from portail.console.arguments import FrenchParser
from portail.console.typed import TypedError
from portail.families.operations.register import RegisterError
from portail.news.operations.lines import NewsError
from portail.towns.actors import Actor, town_hall
from portail.towns.models import Town
from portail.towns.operations import TownSettingError
from portail.towns.queries import all_towns
from portail.towns.scope import in_town

WRONG = 2  # exit code of what the operator must type otherwise

_TYPED_WRONG = (
    TypedError,
    TownSettingError,
    RegisterError,
    OfferError,
    NewsError,
    AttendanceError,
    BillingError,
    MoneyError,
)
_SYSTEM = {
    FileNotFoundError: "fichier ou dossier introuvable",
    PermissionError: "accès refusé",
    IsADirectoryError: "c'est un dossier",
}
_DJANGO_DEFAULTS = {
    "verbosity": 1, "settings": None, "pythonpath": None, "traceback": False, "no_color": False, "force_color": False,
}  # fmt: skip


class ConsoleError(CommandError):
    """Something the operator must do otherwise: a French sentence, exit code 2, no traceback."""

    def __init__(self, sentence: str, returncode: int = WRONG) -> None:
        super().__init__(sentence, returncode=returncode)


class PortailCommand(BaseCommand):
    """A command: `add_arguments` says what it takes, `act` does it. A subclass calls operations and prints."""

    requires_system_checks: list[str] = []  # `portail serve` runs those that matter
    stealth_options = tuple(_DJANGO_DEFAULTS)
    now: datetime  # the only reading of the clock, when the command begins

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> FrenchParser:  # noqa: ARG002  Django's signature
        parser = FrenchParser(
            prog=f"portail {subcommand.replace('_', '-')}",
            description=self.help,
            called_from_command_line=getattr(self, "_called_from_command_line", None),
            **kwargs,
        )
        parser.set_defaults(**_DJANGO_DEFAULTS)
        parser.add_argument("--traceback", action="store_true", help=SUPPRESS)
        self.add_arguments(parser)
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        self._called_from_command_line = True
        options = vars(self.create_parser(argv[0], argv[1]).parse_args(argv[2:]))
        try:
            self.execute(**options)
        except CommandError as error:
            if options["traceback"]:
                raise
            sys.stderr.write(f"{error}\n")
            raise SystemExit(error.returncode) from None
        finally:
            connections.close_all()

    def handle(self, *_args: Any, **options: Any) -> None:
        self.now = timezone.now()  # noqa: TID251  the door of the console
        try:
            self.act(**options)
        except _TYPED_WRONG as error:
            raise ConsoleError(str(error)) from error
        except DatabaseError as error:
            raise ConsoleError(_database_sentence(error)) from error
        except OSError as error:
            raise ConsoleError(_system_sentence(error)) from error

    def act(self, **options: Any) -> None:
        """Do it."""
        raise NotImplementedError

    def say(self, *lines: str) -> None:
        """Write lines for whoever typed the command."""
        for line in lines:
            self.stdout.write(line)


class TownCommand(PortailCommand):
    """A command that acts in one town, in the town hall's name."""

    town: Town
    by: Actor

    def add_arguments(self, parser: Any) -> None:
        add_town_arguments(parser)

    def act(self, **options: Any) -> None:
        self.town, self.by = town_named(options["town"]), town_hall(options["author"])
        with in_town(self.town), timezone.override(self.town.time_zone):
            self.act_in_town(**options)

    def act_in_town(self, **options: Any) -> None:
        """Do it in `self.town`, which is in force, as `self.by`."""
        raise NotImplementedError


def counted(number: int, one: str, several: str) -> str:
    """« 1 présence annulée », « 2 présences annulées ». Zero is singular in French."""
    return f"{number} {one if number < 2 else several}"


def add_town_arguments(parser: Any) -> None:
    """`--town` and `--by`."""
    parser.add_argument("--town", metavar="COMMUNE", help="identifiant de la commune (facultatif s'il n'y en a qu'une)")
    parser.add_argument(
        "--by", metavar="NOM", dest="author", default="Mairie (console)", help="au nom de qui, pour l'historique"
    )


def town_named(slug: str | None) -> Town:
    """The town of this slug; the only one when none is named. Raises ConsoleError."""
    towns = all_towns()
    found = [town for town in towns if slug in (None, town.slug)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(town.slug for town in towns) or "aucune pour l'instant"
    if slug is None:
        raise ConsoleError(f"Quelle commune ? Ajoutez --town ; communes connues : {known}.")
    raise ConsoleError(f"Aucune commune ne s'appelle « {slug} » ; communes connues : {known}.")


def _system_sentence(error: OSError) -> str:
    what = next((words for kind, words in _SYSTEM.items() if isinstance(error, kind)), error.strerror or str(error))
    return f"{error.filename or 'Système'} : {what}."


def _database_sentence(error: DatabaseError) -> str:
    why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if isinstance(error, IntegrityError | DataError):
        return f"La base de données refuse ces valeurs, rien n'a été écrit ({why})."
    if isinstance(error, OperationalError | ProgrammingError):
        return f"La base de données ne répond pas ou n'est pas prête : « portail migrate » la prépare ({why})."
    return f"La base de données a refusé ({why})."
