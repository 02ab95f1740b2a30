"""Serving with granian: is everything ready, and the process that takes over."""

import os
import socket
import sys
from typing import NoReturn

from django.conf import settings
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import DatabaseError

from portail.console.checks import unsafe
from portail.console.command import ConsoleError

DEFAULT_PORT, DEFAULT_HOST, DEFAULT_WORKERS = 8000, "127.0.0.1", 2
BLOCKING_THREADS = 4  # requests that one worker answers side by side
LAST_PORT = 65535


def port() -> int:
    """PORT of the environment. Raises ConsoleError."""
    return _number("PORT", DEFAULT_PORT, LAST_PORT)


def host() -> str:
    """HOST of the environment."""
    return os.environ.get("HOST") or DEFAULT_HOST


def workers() -> int:
    """PORTAIL_WORKERS of the environment. Raises ConsoleError."""
    return _number("PORTAIL_WORKERS", DEFAULT_WORKERS, 64)


def payfip_port() -> int:
    """PORTAIL_PAYFIP_PORT of the environment, where the demonstration's PayFiP listens. Raises ConsoleError."""
    return _number("PORTAIL_PAYFIP_PORT", min(port() + 1, LAST_PORT), LAST_PORT)


def refuse_taken_port() -> None:
    """Raises ConsoleError when something else listens there: better said before building than after."""
    _refuse_taken(port(), "PORT=8001")


def refuse_taken_payfip_port() -> None:
    """The same, for the demonstration's PayFiP."""
    _refuse_taken(payfip_port(), "PORTAIL_PAYFIP_PORT=9001")


def network_address() -> str:
    """The address of this machine on its network, as another one would reach it; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return host()
        return str(probe.getsockname()[0])


def refuse_unready() -> None:
    """Raises ConsoleError, with every reason at once, when this installation must not be served."""
    reasons = unsafe()
    if not (settings.STATIC_ROOT / "staticfiles.json").exists():
        reasons.append("Les fichiers statiques ne sont pas rassemblés : lancez « portail collectstatic --noinput ».")
    if not reasons:
        reasons += _not_migrated()
    if reasons:
        raise ConsoleError("\n".join(("Le portail refuse de démarrer :", *(f"- {reason}" for reason in reasons))))


def waiting_migrations() -> list[str]:
    """The migrations that the database has not received."""
    executor = MigrationExecutor(connection)
    return [f"{m.app_label}.{m.name}" for m, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]


def serve(environment: dict[str, str] | None = None) -> NoReturn:
    """Become the server: this process is replaced, so that Ctrl-C and signals reach granian itself."""
    connections.close_all()
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, granian_command(), environment or dict(os.environ))  # noqa: S606  our own interpreter


def granian_command() -> list[str]:
    """The words that start granian."""
    return [
        sys.executable, "-m", "granian",
        "--interface", "wsgi",
        "--host", host(),
        "--port", str(port()),
        "--workers", str(workers()),
        "--blocking-threads", str(BLOCKING_THREADS),
        "--respawn-failed-workers",
        "--workers-kill-timeout", "30",
        "--log-level", "warning",
        "portail.wsgi:application",
    ]  # fmt: skip


def _not_migrated() -> list[str]:
    try:
        waiting = waiting_migrations()
    except DatabaseError as error:
        return [f"La base de données ne répond pas ou n'est pas prête : lancez « portail migrate » ({error})."]
    return ["La base de données n'est pas à jour : lancez « portail migrate »."] if waiting else []


def _refuse_taken(number: int, example: str) -> None:
    family = socket.AF_INET6 if ":" in host() else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host(), number))
        except OSError as error:
            raise ConsoleError(
                f"Impossible d'écouter sur {host()}:{number} ({error.strerror}). Essayez un autre port : {example}."
            ) from None


def _number(name: str, default: int, most: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) <= most:
        raise ConsoleError(f"{name} vaut « {text} » : il faut un nombre de 1 à {most}.")
    return int(text)
