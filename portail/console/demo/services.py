"""What the demonstration runs beside the portal: a PayFiP of its own, a letter box, the worker."""

import os
import sys
from collections.abc import Mapping
from typing import NoReturn

from django.conf import settings
from django.db import connections

from portail.console import serving
from portail.console.processes import Program, run_together
from portail.console.serving import granian_command, host, network_address, payfip_port

PAYFIP_URL = "PORTAIL_PAYFIP_URL"
_LOOPBACK = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1", "::1": "[::1]"}


def refuse_taken_port() -> None:
    """Raises ConsoleError when something else listens where the portal or its PayFiP would."""
    serving.refuse_taken_port()
    serving.refuse_taken_payfip_port()


def payfip_url() -> str:
    """Where parents and the portal reach PayFiP: as told, or the demonstration's own, on the next port."""
    return os.environ.get(PAYFIP_URL) or f"http://{_LOOPBACK.get(host()) or network_address()}:{payfip_port()}"


def services() -> dict[str, str]:
    """What `demo.json` says of them."""
    return {"payfip": payfip_url(), "mail": str(settings.VAR / "mail")}


def programs(environment: Mapping[str, str]) -> list[Program]:
    """The web server, which all the rest is for, the worker and PayFiP."""
    known = {**environment, PAYFIP_URL: payfip_url()}
    payfip = [
        sys.executable, "-m", "portail.simulator",
        "--host", host(),
        "--port", str(payfip_port()),
        "--database", str(settings.VAR / "payfip.sqlite3"),
        "--mail-folder", str(settings.VAR / "mail"),
    ]  # fmt: skip
    return [
        Program("Le simulateur de PayFiP", payfip, known),
        Program(
            "Le service des courriels et des paiements", [sys.executable, "-m", "portail.console", "worker"], known
        ),
        Program("Le serveur web", granian_command(), known, essential=True),
    ]


def serve(environment: Mapping[str, str]) -> NoReturn:
    """Serve until Ctrl-C; raises SystemExit."""
    connections.close_all()
    sys.stdout.flush()
    raise SystemExit(run_together(programs(environment), lambda line: print(line, file=sys.stderr, flush=True)))
