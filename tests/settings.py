"""The settings of the tests: those of the product, in test mode, on a throw-away database.

SQLite lives in a file, so that the races may run in real processes. PostgreSQL is the one of `tools/pgtest`.
"""

import atexit
import os
import shutil
import tempfile

# One folder per run, shared with xdist's workers and with the processes of the races, erased by whoever made it.
if "PORTAIL_TEST_DIR" not in os.environ:
    os.environ["PORTAIL_TEST_DIR"] = tempfile.mkdtemp(prefix="portail-tests-")
    atexit.register(shutil.rmtree, os.environ["PORTAIL_TEST_DIR"], ignore_errors=True)
FOLDER = os.environ["PORTAIL_TEST_DIR"]
# A developer's own environment must not decide what the tests see: DATABASE_URL alone does.
for name in [name for name in os.environ if name.startswith("PORTAIL_") and name != "PORTAIL_TEST_DIR"]:
    del os.environ[name]
os.environ |= {"PORTAIL_MODE": "test", "PORTAIL_HTTPS": "false", "PORTAIL_VAR": FOLDER}

from portail.settings import *  # noqa: E402, F403 -- the environment had to be set first
from portail.settings import DATABASES, MIDDLEWARE  # noqa: E402

POSTGRESQL = DATABASES["default"]["ENGINE"] != "django.db.backends.sqlite3"
if POSTGRESQL:
    # Migrations run as the owner; conftest.py then takes the role that row-level security holds.
    DATABASES["default"]["OPTIONS"].pop("assume_role", None)
else:
    DATABASES["default"]["TEST"] = {"NAME": f"{FOLDER}/test.sqlite3"}
    # Nothing here outlives the run. What asks for no order gets it backwards: no test may lean on luck.
    DATABASES["default"]["OPTIONS"]["init_command"] = (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=OFF;PRAGMA reverse_unordered_selects=ON"
    )
    DATABASES["default"]["OPTIONS"]["timeout"] = 120  # seconds: many processes queue on a slow machine, and that is all

# Static files straight from the source: no collectstatic before the tests.
MIDDLEWARE = [name for name in MIDDLEWARE if "whitenoise" not in name]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # of staff; the codes of parents keep theirs
LOGGING = {"version": 1, "disable_existing_loggers": False}
