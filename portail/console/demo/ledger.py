"""`demo.json`: the addresses and codes of the demonstration, for people, browser tests and benches."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from portail.console.demo.agents import PASSWORD, DemoAgent
from portail.console.demo.households import Household
from portail.console.demo.services import services
from portail.console.demo.world import BuiltTown

SHOWN = 5  # families of each town on the terminal; the file has all of them
NOTES: Mapping[str, str] = {
    "Nadia EL AMRANI": "parents séparés, une semaine sur deux",
    "Julien CARPENTIER": "l'autre parent",
    "Mathilde VASSEUR": "enfant « occasionnel »",
    "Ginette FABRE": "grand-mère, lecture seule",
    "Denise MARSONE": "ancien code importé, à renouveler",
    "Odette LEROY": "adulte à la cantine",
}


def written(towns: Sequence[BuiltTown], port: int) -> dict[str, Any]:
    """The ledger as it goes to the file."""
    return {
        "towns": [
            {
                "name": town.name,
                "url": _url(town.host, port),
                "time_zone": town.time_zone,
                "families": [family for household in town.households for family in _families(household)],
                "staff": [_agent(agent) for agent in town.agents],
            }
            for town in towns
        ],
        "services": services(),
    }


def save(path: Path, ledger: Mapping[str, Any]) -> None:
    """Write the file whole or not at all."""
    draft = path.with_suffix(".json.part")
    draft.write_text(json.dumps(ledger, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    os.replace(draft, path)  # noqa: PTH105  the only word for « atomically »


def load(path: Path) -> dict[str, Any] | None:
    """The ledger of a finished build, None when there is none that can be read."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found if found["towns"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def at_port(ledger: Mapping[str, Any], port: int) -> dict[str, Any]:
    """The same ledger, its addresses on this port, its services as they are about to be served."""
    towns = [{**town, "url": _url(town["url"].split("//")[1].split(":")[0], port)} for town in ledger["towns"]]
    return {**ledger, "towns": towns, "services": services()}


def lines(ledger: Mapping[str, Any]) -> list[str]:
    """The addresses and the first codes, for a terminal."""
    said = []
    for town in ledger["towns"]:
        said += ["", f"  {town['name']}   {town['url']}/"]
        families = town["families"]
        for family in families[:SHOWN]:
            children = ", ".join(f"{child['first_name']} {child['code']}" for child in family["children"])
            note = NOTES.get(family["payer_name"])
            said.append(
                f"    code payeur {family['payer_code']:<13}{family['payer_name']}{f' ({note})' if note else ''}"
                f" – enfants : {children}"
            )
        said.append(f"    … et {len(families) - SHOWN} autres familles")
        said.append(f"    mairie : {town['url']}/mairie/ – mot de passe {PASSWORD}")
        said += [f"      {agent['login']:<22}{agent['name']}" for agent in town["staff"]]
    found = ledger["services"]
    return [
        *said,
        "",
        f"  PayFiP simulé, aucun paiement réel : {found['payfip']}/sim/",
        f"  Les courriels envoyés : {found['mail']}",
    ]


def _families(household: Household) -> list[dict[str, Any]]:
    children = [
        {"code": person.code, "first_name": person.first_name, "last_name": person.last_name}
        for person in household.persons
    ]
    return [
        {"payer_code": code, "payer_name": str(payer), "children": children} for payer, code, *_ in household.payers
    ]


def _agent(agent: DemoAgent) -> dict[str, Any]:
    roles = [role.value for role in agent.roles]
    return {"login": agent.login, "name": agent.name, "roles": roles, "password": PASSWORD, "totp_secret": agent.secret}


def _url(host: str, port: int) -> str:
    return f"http://{host}:{port}"
