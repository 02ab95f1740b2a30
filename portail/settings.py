"""One settings module; everything that differs between two machines is an environment variable.

`docs/exploitation/configuration.md` lists the variables. Nothing is refused at import, so that tools can load the
settings anywhere: what is unsafe to serve is refused by `portail.console.checks` before the first request.
"""

from pathlib import Path

from django.utils.translation import gettext_lazy as _
from environs import Env

env = Env()

MODE = env.str("PORTAIL_MODE", "production")  # production | demo | test
HTTPS = env.bool("PORTAIL_HTTPS", MODE == "production")
DOMAIN = env.str("PORTAIL_DOMAIN", "localhost")
# « :8000 » where the portal is reached on another port than its scheme's: for the links of e-mails and papers.
PUBLIC_PORT = env.str("PORTAIL_PUBLIC_PORT", "")
VAR = Path(env.str("PORTAIL_VAR", "var")).absolute()

SMTP_URL = env.str("PORTAIL_SMTP_URL", "")  # empty: a folder of VAR in demonstrations and tests, nowhere in production
MAIL_FROM = env.str("PORTAIL_MAIL_FROM", "")
PAYFIP_URL = env.str("PORTAIL_PAYFIP_URL", "https://www.payfip.gouv.fr")
# Folder of the DGFiP's schemas (PES_Aller.xsd), which may not be distributed with the product; empty: none.
PES_SCHEMAS = env.str("PORTAIL_PES_SCHEMAS", "")

INSECURE_KEY = "insecure: only for demonstrations and tests, never for a town"
SECRET_KEY = env.str("PORTAIL_SECRET_KEY", INSECURE_KEY)
SECRET_KEY_FALLBACKS: list[str] = env.list("PORTAIL_SECRET_KEY_FALLBACKS", [])
PEPPER = env.str("PORTAIL_PEPPER", INSECURE_KEY)  # kept apart from the database and its backups
# Encrypts the bank details of the mandates; the fallbacks only read. Kept apart from the database too.
FIELD_KEY = env.str("PORTAIL_FIELD_KEY", INSECURE_KEY)
FIELD_KEY_FALLBACKS: list[str] = env.list("PORTAIL_FIELD_KEY_FALLBACKS", [])
DEBUG = False

# Hosts are matched exactly by the town middleware, against the table of hosts: a pattern here could only be looser.
ALLOWED_HOSTS = ["*"]
# A proxy in front says which scheme the parent used; set only where that proxy really removes the visitor's own header.
if env.bool("PORTAIL_BEHIND_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
TRUSTED_PROXIES: list[str] = env.list("PORTAIL_TRUSTED_PROXIES", [])

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.staticfiles",
    "portail.towns",
    "portail.families",
    "portail.news",
    "portail.bookings",
    "portail.billing",
    "portail.web",
    "portail.office",
    "portail.console",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portail.web.middleware.HealthMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "portail.web.middleware.TownMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "portail.web.middleware.ParentMiddleware",
    "portail.office.middleware.StaffMiddleware",
]
ROOT_URLCONF = "portail.urls"
PRODUCT_URLCONF = "portail.web.product_urls"  # the bare host, where no town is in force
WSGI_APPLICATION = "portail.wsgi.application"
AUTH_USER_MODEL = "towns.Staff"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [Path(__file__).parent / "web" / "jinja", Path(__file__).parent / "office" / "jinja"],
        "OPTIONS": {"environment": "portail.web.environment.environment", "extensions": ["jinja2.ext.i18n"]},
    },
]

DATABASE_URL = env.str("DATABASE_URL", f"sqlite:///{VAR / 'portail.sqlite3'}")
if DATABASE_URL.startswith(("postgres:", "postgresql:")):
    # The web process takes a role that owns nothing, so that row-level security holds it; migrations run as the owner.
    DATABASE_ROLE = env.str("PORTAIL_DATABASE_ROLE", "portail_app")
    DATABASES = {
        "default": {
            **env.dj_db_url("DATABASE_URL", ssl_require=False),
            "ENGINE": "portail.towns.postgresql",
            "CONN_MAX_AGE": None,
        }
    }
    if DATABASE_ROLE:
        DATABASES["default"].setdefault("OPTIONS", {})["assume_role"] = DATABASE_ROLE
else:
    DATABASE_ROLE = ""
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATABASE_URL.removeprefix("sqlite:///"),
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                # Every transaction takes the write lock at once, so that two of them never discover too late that they
                # both meant to write; reads stay out of transactions.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL",
            },
        }
    }

CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", _("Français")), ("en", _("English"))]
LANGUAGE_COOKIE_NAME = "langue"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LOCALE_PATHS = [Path(__file__).parent / "locale"]
USE_TZ = True
TIME_ZONE = "Europe/Paris"  # each town has its own, which the town middleware activates

STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = VAR / "media"

# A year of grid for three children is some 8,000 fields; Django's 1,000 would answer a bare error 400.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

PREFIX = "__Host-" if HTTPS else ""
PARENT_COOKIE_NAME = f"{PREFIX}sid"
DEVICE_COOKIE_NAME = f"{PREFIX}device"
CSRF_COOKIE_NAME = f"{PREFIX}csrf"
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "portail.web.errors.csrf_failure"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^-/health$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = False
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Each town is a host of its own; a directive for sub-domains or for the preload list is the operator's choice, at the
# proxy, for the whole domain.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "worker-src": ["'self'"],  # the register of a tablet, kept at hand without a network
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    }
}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
