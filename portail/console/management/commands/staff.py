"""`portail staff create`."""

import secrets
import sys
from typing import Any

from portail.console.command import ConsoleError, TownCommand, add_town_arguments
from portail.console.lookups import login_taken
from portail.towns.operations import create_staff

SHORTEST_PASSWORD = 12


class Command(TownCommand):
    """An account for someone of the town hall."""

    help = "créer le compte d'un agent"

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="do", required=True, metavar="ACTE")
        create = acts.add_parser("create", help="créer un compte")
        add_town_arguments(create)
        create.add_argument("--login", required=True, metavar="IDENTIFIANT", help="adresse de courriel ou nom court")
        create.add_argument("--name", required=True, metavar="NOM", help="prénom et nom")
        create.add_argument("--password-stdin", action="store_true", help="lire le mot de passe sur l'entrée standard")

    def act_in_town(self, **options: Any) -> None:
        if login_taken(options["login"]):
            raise ConsoleError(f"L'identifiant « {options['login']} » est déjà pris.")
        typed_in = options["password_stdin"]
        password = sys.stdin.readline().rstrip("\n") if typed_in else secrets.token_urlsafe(12)
        if len(password) < SHORTEST_PASSWORD:
            raise ConsoleError(f"Le mot de passe est trop court : au moins {SHORTEST_PASSWORD} caractères.")
        staff = create_staff(login=options["login"], name=options["name"], password=password, by=self.by, now=self.now)
        self.say(f"Compte de {staff.name} créé ; identifiant : {staff.login}")
        if not typed_in:
            self.say(f"Mot de passe : {password}", "Transmettez-le de vive voix : il ne pourra pas être relu.")
