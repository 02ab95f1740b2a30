"""`portail verify-audit`: is the trail still what it was when it was sealed?"""

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from portail.console import typed as read
from portail.console.arguments import typed
from portail.console.chores import STREAMS
from portail.console.command import ConsoleError, PortailCommand, counted, town_named
from portail.console.typed import TypedError
from portail.rules.sealing import Flaw, Head, read_head
from portail.towns.chain_queries import Found, Verification, verify_chain
from portail.towns.models import Town
from portail.towns.queries import all_towns
from portail.towns.scope import in_town

SHOWN = 50  # flaws of one town
TAMPERED = 1  # exit code
STREAM_WORDS = {"audit": "trace", "change": "historique des familles"}


def head(text: str) -> Head:
    """« 1234:9f86d0… » as the command printed it one day. Raises TypedError."""
    found = read_head(text)
    if found is None:
        raise TypedError("Une tête de chaîne s'écrit « rang:empreinte », comme cette commande l'affiche.")
    return found


class Command(PortailCommand):
    """Every town, or one; exit code 1 as soon as something was altered, removed, or never sealed."""

    help = "vérifier que la trace des actes n'a pas été récrite (code de sortie 1 sinon)"

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--town", metavar="COMMUNE", help="identifiant de la commune (toutes, sans elle)")
        parser.add_argument("--since", type=typed(read.day), metavar="JOUR", help="ce qui a été scellé depuis ce jour")
        parser.add_argument(
            "--head", type=typed(head), metavar="RANG:EMPREINTE", help="la tête notée un autre jour, avec --town"
        )

    def act(self, **options: Any) -> None:
        if options["head"] and not options["town"]:
            raise ConsoleError("Une tête de chaîne est celle d'une commune : ajoutez --town.")
        towns = [town_named(options["town"])] if options["town"] else all_towns()
        wrong = 0
        for town in towns:
            with in_town(town):
                verified = verify_chain(
                    STREAMS, self.now, since=_instant(options["since"], town), noted=options["head"]
                )
            self.say(*_lines(town, verified))
            wrong += bool(verified.found)
        if wrong:
            raise ConsoleError("La trace n'est pas intacte.", returncode=TAMPERED)


def _instant(day: date | None, town: Town) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), ZoneInfo(town.time_zone))


def _lines(town: Town, verified: Verification) -> Iterator[str]:
    checked = counted(verified.checked, "ligne vérifiée", "lignes vérifiées")
    intact = "" if verified.found else ", intactes" if verified.checked > 1 else ", intacte"
    yield f"{town.slug} : {checked}{intact}." if verified.checked else f"{town.slug} : rien de scellé à vérifier."
    for found in verified.found[:SHOWN]:
        yield f"    {_sentence(found)}"
    if len(verified.found) > SHOWN:
        yield f"    et {len(verified.found) - SHOWN} autres."
    yield f"    tête de la chaîne, à noter ailleurs : {verified.head.written}"


def _sentence(found: Found) -> str:
    line = f"{STREAM_WORDS.get(found.stream, found.stream)}, ligne {found.row}"
    sentences = {
        Flaw.ALTERED: f"rang {found.place} : {line}, n'est plus ce qu'elle était quand elle a été scellée",
        Flaw.REMOVED: f"rang {found.place} : {line}, a disparu",
        Flaw.GAP: f"rang {found.place} : {counted(found.count, 'sceau a disparu', 'sceaux ont disparu')}",
        Flaw.HEAD: f"rang {found.place} : l'empreinte notée n'est pas dans la chaîne",
        Flaw.UNSEALED: f"{counted(found.count, 'ligne', 'lignes')} sans sceau depuis plus d'un jour ; {line}, et suite",
    }
    return sentences[found.flaw]
