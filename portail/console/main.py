"""The console script `portail`: chooses the settings a command needs, then runs it."""

import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

# Django's own commands that an operator needs; `manage.py` has all of them, for developers.
FROM_DJANGO = {
    "migrate": "préparer ou mettre à jour la base de données",
    "collectstatic": "rassembler les fichiers statiques avant de servir",
    "check": "vérifier l'installation (check --deploy pour la production)",
    "shell": "ouvrir une console Python",
    "dbshell": "ouvrir une console SQL",
}
# What changes the tables needs their owner, whom row-level security does not hold; all the rest keeps the role.
AS_OWNER = {"migrate", "makemigrations", "dbshell", "demo"}
ROLE = "PORTAIL_DATABASE_ROLE"
ROLE_TO_SERVE = "PORTAIL_ROLE_TO_SERVE"  # what the role was, for the server that `demo` starts once it has built
WRONG = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run `portail …`; returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    name = words[0].replace("-", "_") if words else "help"
    if name in {"help", "__help", "_h"}:
        return _help()
    if name not in {*own_commands(), *FROM_DJANGO}:
        return _unknown(words[0])
    _prepare(name)
    try:
        _run(name, words[1:])
    except KeyboardInterrupt:
        return 130
    return 0


def own_commands() -> list[str]:
    """The commands of this package."""
    package = import_module("portail.console.management.commands")
    return sorted(module.name for module in iter_modules(package.__path__))


def _prepare(name: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portail.settings")
    if name == "demo":
        os.environ |= {"PORTAIL_MODE": "demo", "PORTAIL_HTTPS": "0"}
        os.environ.setdefault("PORTAIL_PUBLIC_PORT", f":{os.environ.get('PORT') or '8000'}")
    if name in AS_OWNER:
        if ROLE in os.environ:
            os.environ[ROLE_TO_SERVE] = os.environ[ROLE]
        os.environ[ROLE] = ""


def _set_up() -> None:
    import django  # noqa: PLC0415  only once the environment says which settings
    from environs import EnvError  # noqa: PLC0415

    try:
        django.setup()
    except EnvError as error:
        sys.stderr.write(f"Une variable d'environnement est illisible : {error}\n")
        raise SystemExit(WRONG) from None


def _run(name: str, words: list[str]) -> None:
    _set_up()
    from django.core.management import load_command_class  # noqa: PLC0415

    if name in AS_OWNER:
        _make_folder()
    app = "portail.console" if name in own_commands() else _owner_of(name)
    command: Any = load_command_class(app, name)
    command.run_from_argv(["portail", name, *words])


def _make_folder() -> None:
    """SQLite creates its file, not the folder around it."""
    from django.conf import settings  # noqa: PLC0415

    settings.VAR.mkdir(parents=True, exist_ok=True)


def _owner_of(name: str) -> str:
    return "django.contrib.staticfiles" if name == "collectstatic" else "django.core"


def _help() -> int:
    _prepare("help")
    _set_up()
    lines = ["Usage : portail COMMANDE [--help]", "", "Commandes du portail :"]
    for name in own_commands():
        command = import_module(f"portail.console.management.commands.{name}").Command
        lines.append(f"  {name.replace('_', '-'):<14}{command.help}")
    lines += ["", "Installation :", *(f"  {name:<14}{words}" for name, words in FROM_DJANGO.items())]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _unknown(word: str) -> int:
    names = [name.replace("_", "-") for name in (*own_commands(), *FROM_DJANGO)]
    near = get_close_matches(word, names, n=1)
    hint = f" Vouliez-vous dire « {near[0]} » ?" if near else ""
    sys.stderr.write(f"portail : la commande « {word} » n'existe pas.{hint}\nLa liste : portail help\n")
    return WRONG
