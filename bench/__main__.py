"""`python -m bench [requests|rush|contention|invoicing|papers|payments]`: measure, print a report, and fail when a
promise is broken.

On SQLite by default; on PostgreSQL with DATABASE_URL, or `tools/pgtest .venv/bin/python -m bench`. The database is one
of its own, erased at the end.
"""

import argparse
import sys
from importlib import import_module

from bench.place import throw_away

MODULES = {
    "requests": "compare",
    "rush": "rush",
    "contention": "contention",
    "invoicing": "invoicing",
    "papers": "papers",
    "payments": "payments",
}


def main() -> int:
    """The exit status: 1 when a promise is broken."""
    arguments = parsed()
    with throw_away() as folder:
        # Only now may models be imported: Django is set up on the throw-away database.
        module = import_module(f"bench.{MODULES[arguments.what]}")
        status: int = module.run(arguments, folder)
        return status


def parsed() -> argparse.Namespace:
    """The words of the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Mesurer les promesses de vitesse.")
    parser.add_argument("what", nargs="?", default="requests", choices=tuple(MODULES))
    parser.add_argument("--families", type=int, default=0, help="familles de la ville (1000 ; invoicing : 20000)")
    parser.add_argument("--seed", type=int, default=1, help="graine du tirage (1)")
    parser.add_argument("--rounds", type=int, default=0, help="tours (60 ; contention : 3)")
    parser.add_argument("--seconds", type=float, default=30, help="durée des arrivées de rush (30)")
    parser.add_argument("--rate", type=float, default=8, help="visites par seconde de rush (8)")
    found = parser.parse_args()
    found.families = found.families or (20_000 if found.what == "invoicing" else 1000)
    return found


if __name__ == "__main__":
    sys.exit(main())
