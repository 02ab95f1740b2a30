"""`portail staff`: the accounts of the town hall, their roles, a way back in."""

import sys
from typing import Any
from zoneinfo import ZoneInfo

from portail.console.arguments import typed
from portail.console.command import ConsoleError, TownCommand, add_town_arguments, counted
from portail.console.typed import TypedError
from portail.rules.staff import Role
from portail.towns.models import Staff
from portail.towns.operations.staff import (
    StaffError,
    change_staff,
    create_staff,
    invite_staff,
    reset_access,
)
from portail.towns.queries import staff_named, staff_rows
from portail.towns.wording import moment

ROLES = {
    "agent": Role.CLERK, "regisseur": Role.REGISSEUR, "cuisine": Role.KITCHEN, "animateur": Role.ANIMATEUR,
    "administrateur": Role.ADMINISTRATOR,
}  # fmt: skip
WORDS = {role.value: word for word, role in ROLES.items()}


def role(text: str) -> Role:
    """« regisseur » -> Role.REGISSEUR. Raises TypedError."""
    found = ROLES.get(text.strip().lower().replace("é", "e"))
    if found is None:
        raise TypedError(f"« {text} » n'est pas un rôle : {', '.join(ROLES)}.")
    return found


class Command(TownCommand):
    """Create an account, list them, change roles, give a lost access back."""

    help = "les comptes des agents : créer, lister, changer les rôles, redonner un accès"

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="do", required=True, metavar="ACTE")
        create = _add(acts, "create", "créer un compte")
        create.add_argument("--name", required=True, metavar="NOM", help="prénom et nom")
        _add_roles(create, "rôle donné, à répéter ; sans lui, le compte n'ouvre que son accueil")
        create.add_argument("--password-stdin", action="store_true", help="lire le mot de passe sur l'entrée standard")
        add_town_arguments(acts.add_parser("list", help="les comptes de la commune et leurs rôles"))
        roles = _add(acts, "roles", "remplacer les rôles d'un compte, le fermer ou le rouvrir")
        _add_roles(roles, "rôle, à répéter : tous ceux que le compte gardera")
        roles.add_argument("--none", action="store_true", help="ne garder aucun rôle")
        door = roles.add_mutually_exclusive_group()
        door.add_argument("--close", action="store_true", help="le compte n'ouvre plus rien")
        door.add_argument("--open", action="store_true", help="le compte ouvre de nouveau")
        _add(acts, "reset", "mot de passe ou téléphone perdu : un mot de passe provisoire")

    def act_in_town(self, **options: Any) -> None:
        acts = {"create": self._create, "list": self._list, "roles": self._roles, "reset": self._reset}
        try:
            acts[options["do"]](options)
        except StaffError as error:
            raise ConsoleError(str(error)) from error

    def _create(self, options: dict[str, Any]) -> None:
        words = {"login": options["login"], "name": options["name"], "roles": options["roles"]}
        if options["password_stdin"]:
            password = sys.stdin.readline().rstrip("\n")
            staff = create_staff(**words, password=password, by=self.by, now=self.now)
            self._say_created(staff)
            return
        staff, password = invite_staff(**words, by=self.by, now=self.now)
        self._say_created(staff)
        self._say_password(password, staff)

    def _list(self, _options: dict[str, Any]) -> None:
        found = sorted(staff_rows(), key=lambda staff: staff.name.casefold())
        self.say(*(_line(staff) for staff in found), f"{counted(len(found), 'compte', 'comptes')}.")

    def _roles(self, options: dict[str, Any]) -> None:
        staff = _named(options["login"])
        held = {Role(one.role) for one in staff.roles.all()}
        asked = set(options["roles"])
        if asked and options["none"]:
            raise ConsoleError("Donnez des rôles, ou --none, pas les deux.")
        if not (asked or options["none"] or options["close"] or options["open"]):
            raise ConsoleError("Que changer ? Ajoutez --role, --none, --close ou --open.")
        roles = asked if asked or options["none"] else held
        active = options["open"] or (staff.is_active and not options["close"])
        change_staff(staff=staff, name=staff.name, roles=roles, active=active, by=self.by, now=self.now)
        self.say(_line(_named(staff.login)))

    def _reset(self, options: dict[str, Any]) -> None:
        staff = _named(options["login"])
        password = reset_access(staff=staff, by=self.by, now=self.now)
        self.say(f"L'accès de {staff.name} est à refaire : mot de passe, puis deuxième facteur.")
        self._say_password(password, _named(staff.login))

    def _say_created(self, staff: Staff) -> None:
        self.say(f"Compte de {staff.name} créé ; identifiant : {staff.login}")

    def _say_password(self, password: str, staff: Staff) -> None:
        self.say(f"Mot de passe provisoire : {password}")
        if staff.temporary_until is not None:
            self.say(f"Il sert jusqu'au {moment(staff.temporary_until, ZoneInfo(self.town.time_zone))}.")
        self.say("Transmettez-le de vive voix : il ne pourra pas être relu.")


def _named(login: str) -> Staff:
    try:
        return staff_named(login.strip().casefold())
    except Staff.DoesNotExist:
        raise ConsoleError(f"Aucun compte de cette commune ne s'appelle « {login} ».") from None


def _line(staff: Staff) -> str:
    roles = ", ".join(WORDS[one.role] for one in sorted(staff.roles.all(), key=lambda held: held.role))
    return f"{staff.name} ({staff.login}) : {roles or 'aucun rôle'}{'' if staff.is_active else ' ; fermé'}"


def _add(acts: Any, name: str, words: str) -> Any:
    parser = acts.add_parser(name, help=words)
    add_town_arguments(parser)
    parser.add_argument("--login", required=True, metavar="IDENTIFIANT", help="adresse de courriel ou nom court")
    return parser


def _add_roles(parser: Any, words: str) -> None:
    parser.add_argument(
        "--role", dest="roles", action="append", default=[], type=typed(role), metavar="RÔLE",
        help=f"{words} : {', '.join(ROLES)}",
    )  # fmt: skip
