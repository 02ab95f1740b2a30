"""`python -m bench`: every budgeted request against the floors, in one process."""

import argparse
import time
from pathlib import Path

from bench import floors, report, world
from bench.place import ROOT
from bench.requests import Rounds

ROUNDS = 60


def run(arguments: argparse.Namespace, folder: Path) -> int:
    """1 when a number of queries is exceeded, or CPU beyond what noise explains."""
    started = time.monotonic()
    town = world.build(families=arguments.families, seed=arguments.seed)
    report.say(f"{town.persons} enfants, {town.bookings} réservations en {time.monotonic() - started:.0f} s")
    before = floors.measure(folder)
    samples = Rounds(town).run(arguments.rounds or ROUNDS)
    found = report.Run(town, before, floors.measure(folder), samples)
    print(report.markdown(found))
    report.say(f"→ {report.save(found, vars(arguments)).relative_to(ROOT)}")
    return 1 if report.failures(found) else 0
