"""The payer that somebody types: by name, by a child's code, or both when one of them is not enough."""

from collections.abc import Sequence
from typing import Any

from portail.console.command import ConsoleError
from portail.families.models import Payer
from portail.rules.codes import normalise_child_code
from portail.rules.names import sort_key

SHOWN = 8


def add_payer_arguments(parser: Any) -> None:
    """`--payer` and `--child`."""
    parser.add_argument("--payer", metavar="NOM", default="", help="nom et prénom du payeur")
    parser.add_argument("--child", metavar="CODE", default="", help="ou le code de l'un de ses enfants")


def payer_named(name: str, child: str) -> Payer:
    """The only payer of whom both are true; an empty one is not looked at. Raises ConsoleError."""
    words = sort_key(name).split()
    if not words and not child.strip():
        raise ConsoleError("Quel payeur ? Donnez --payer, ou --child.")
    code = (normalise_child_code(child) or child) if child.strip() else ""
    found = _answering_to(words, code)
    if len(found) == 1:
        return found[0]
    if not found:
        raise ConsoleError("Aucun payeur ne porte ce nom." if words else f"Aucun enfant n'a le code « {child} ».")
    known = ", ".join(map(str, found[:SHOWN])) + (", …" if len(found) > SHOWN else "")
    raise ConsoleError(f"Lequel ? Précisez --payer ou --child : {known}.")


def _answering_to(words: Sequence[str], child_code: str) -> list[Payer]:
    """Active payers whose name has all these words (as they sort), of the child of this code; "" for any child."""
    found = Payer.objects.filter(active=True).order_by("sort_key", "pk")
    if child_code:
        found = found.filter(links__person__code=child_code)
    for word in words:
        found = found.filter(sort_key__contains=word)
    return [payer for payer in found if set(words) <= set(payer.sort_key.split())]
