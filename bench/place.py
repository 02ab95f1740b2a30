"""Where a bench runs: a throw-away folder and database, the product's own settings, nothing of the developer's."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parent.parent
KEY = "only for a bench: drawn for nobody, kept nowhere, long enough"


@contextmanager
def throw_away() -> Iterator[Path]:
    """Set up Django on an empty, migrated database of its own; everything is erased at the end.

    SQLite in the folder by default. With DATABASE_URL, a new database of that PostgreSQL cluster, dropped afterwards.
    """
    folder = Path(tempfile.mkdtemp(prefix="portail-bench-"))
    try:
        with _database() as url:
            _set_up(folder, url)
            try:
                yield folder
            finally:
                _close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def environment() -> dict[str, str]:
    """What a server process of the bench is started with: the same place, in the role that owns nothing."""
    kept = {name: value for name, value in os.environ.items() if name != "PORTAIL_DATABASE_ROLE"}
    return kept | {"DJANGO_SETTINGS_MODULE": "portail.settings"}


def engine_words() -> str:
    """« SQLite 3.40.1 », or « PostgreSQL 15.18 (fsync off, synchronous_commit off) »: what the ratios depend on."""
    from django.db import connection  # noqa: PLC0415 -- Django is set up by then

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT sqlite_version()")
            return f"SQLite {cursor.fetchone()[0]} (WAL, synchronous=FULL)"
        cursor.execute(
            "SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')"
        )
        version, fsync, commit = cursor.fetchone()
    return f"PostgreSQL {version.split()[0]} (fsync {fsync}, synchronous_commit {commit})"


@contextmanager
def _database() -> Iterator[str]:
    """The address of an empty PostgreSQL database, "" for SQLite."""
    given = os.environ.get("DATABASE_URL", "")
    if not given.startswith(("postgres:", "postgresql:")):
        yield ""
        return
    import psycopg  # noqa: PLC0415 -- an optional dependency

    name = f"portail_bench_{os.getpid()}"
    with psycopg.connect(given, autocommit=True) as owner:
        owner.execute(f'CREATE DATABASE "{name}"'.encode())
    try:
        yield urlsplit(given)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(given, autocommit=True) as owner:
            owner.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def _set_up(folder: Path, url: str) -> None:
    for name in [name for name in os.environ if name.startswith("PORTAIL_")]:
        del os.environ[name]
    os.environ.pop("DATABASE_URL", None)
    if url:
        os.environ["DATABASE_URL"] = url
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "portail.settings",
        "PORTAIL_MODE": "test",
        "PORTAIL_HTTPS": "false",
        "PORTAIL_VAR": str(folder),
        "PORTAIL_SECRET_KEY": KEY,
        "PORTAIL_PEPPER": KEY[::-1],
        "PORTAIL_FIELD_KEY": "f" * len(KEY),
        "PORTAIL_DATABASE_ROLE": "",  # migrations run as the owner
    }
    import django  # noqa: PLC0415 -- the environment had to be set first
    from django.core.management import call_command  # noqa: PLC0415

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    become_the_application()


def become_the_application() -> None:
    """On PostgreSQL, take the role that row-level security holds, as the web process does."""
    from django.db import connection  # noqa: PLC0415

    if connection.vendor == "postgresql":
        from portail.towns.second_lock import ROLE  # noqa: PLC0415

        connection.close()
        connection.settings_dict.setdefault("OPTIONS", {})["assume_role"] = ROLE


def _close() -> None:
    from django.db import connections  # noqa: PLC0415

    connections.close_all()
