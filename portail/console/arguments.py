"""The arguments of a command, with help and errors in French."""

import re
import sys
from argparse import SUPPRESS, Action, ArgumentTypeError, HelpFormatter
from collections.abc import Callable, Iterable
from typing import Any, NoReturn, TypeVar

from django.core.management.base import CommandError, CommandParser

from portail.console.typed import TypedError

T = TypeVar("T")

_HEADINGS = {"options": "options", "positional arguments": "arguments"}
# argparse speaks the language of its own catalogue, which Python does not ship in French.
_MESSAGES = (
    (r"argument ([^:]+): (.*)", r"\1 : \2"),
    (r"the following arguments are required: (.*)", r"il manque \1"),
    (r"one of the arguments (.*) is required", r"il faut l'un de : \1"),
    (r"unrecognized arguments: (.*)", r"argument inconnu : \1"),
    (r"expected one argument", "il manque sa valeur"),
    (r"expected at least one argument", "il manque sa valeur"),
    (r"not allowed with argument (.*)", r"ne va pas avec \1"),
    (r"invalid choice: (.*) \(choose from (.*)\)", r"\1 n'existe pas ; au choix : \2"),
    (r"invalid int value: (.*)", r"\1 n'est pas un nombre"),
    (r"ambiguous option: (.*) could match (.*)", r"\1 peut vouloir dire \2"),
)


def in_french(message: str) -> str:
    """An error of argparse in French; what is not known stays as it is."""
    for pattern, words in _MESSAGES:
        if re.fullmatch(pattern, message, re.DOTALL):
            head, colon, rest = re.sub(pattern, words, message, flags=re.DOTALL).partition(" : ")
            return f"{head}{colon}{in_french(rest)}" if pattern.startswith("argument") else head + colon + rest
    return message


class FrenchFormatter(HelpFormatter):
    """Help under French headings."""

    def add_usage(
        self, usage: str | None, actions: Iterable[Action], groups: Iterable[Any], prefix: str | None = None
    ) -> None:
        super().add_usage(usage, actions, groups, "Usage : " if prefix is None else prefix)

    def start_section(self, heading: str | None) -> None:
        super().start_section(_HEADINGS.get(heading or "", heading))


class FrenchParser(CommandParser):
    """A parser whose errors are French sentences, with exit code 2."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("formatter_class", FrenchFormatter)
        super().__init__(add_help=False, **kwargs)
        self.add_argument("-h", "--help", action="help", default=SUPPRESS, help="afficher cette aide")

    def error(self, message: str) -> NoReturn:
        sentence = f"{self.prog} : {in_french(message)}."
        if self.called_from_command_line:
            sys.stderr.write(f"{sentence}\nL'aide : {self.prog} --help\n")
            raise SystemExit(2)
        raise CommandError(sentence, returncode=2)


def typed(read: Callable[[str], T]) -> Callable[[str], T]:
    """A reader of `portail.console.typed` as the `type=` of an argument."""

    def argument(text: str) -> T:
        try:
            return read(text)
        except TypedError as error:
            raise ArgumentTypeError(str(error).removesuffix(".")) from None

    return argument
