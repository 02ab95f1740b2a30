"""What would be unsafe to serve, found before the first request. `portail serve` and `portail.wsgi` refuse it.

Deployment checks: building, migrating and testing need no secret. `portail check --deploy` lists them too.
"""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

from portail.billing.queries.regies import idle_regies
from portail.billing.wording import idle_words
from portail.towns.models import Town
from portail.towns.queries import all_towns
from portail.towns.scope import in_town

TAG = "portail"
TOWNS_TAG = "communes"  # what only one town suffers from: told, but the others are served
MODES = ("production", "demo", "test")
SHORTEST_SECRET = 32

_REGIES = "Le mode de chaque régie est décrit dans docs/mairie/facturation.md."
_CONFIGURATION = "Les variables sont décrites dans docs/exploitation/configuration.md."


@register(TAG, deploy=True)
def check_mode(**_kwargs: Any) -> list[CheckMessage]:
    """An unknown mode would be neither the strict nor the open one."""
    if settings.MODE in MODES:
        return []
    return [_error(1, f"PORTAIL_MODE vaut « {settings.MODE} » ; au choix : {', '.join(MODES)}.")]


@register(TAG, deploy=True)
def check_secrets(**_kwargs: Any) -> list[CheckMessage]:
    """Keys that anybody can read in the source, too short, or shared."""
    if settings.MODE != "production":
        return []
    found: list[CheckMessage] = []
    for number, variable, value in (
        (2, "PORTAIL_SECRET_KEY", settings.SECRET_KEY),
        (3, "PORTAIL_PEPPER", settings.PEPPER),
        (7, "PORTAIL_FIELD_KEY", settings.FIELD_KEY),
    ):
        if value == settings.INSECURE_KEY:
            found.append(_error(number, f"{variable} n'est pas définie : il faut une clé secrète tirée au hasard."))
        elif len(value) < SHORTEST_SECRET:
            found.append(_error(number, f"{variable} est trop courte : au moins {SHORTEST_SECRET} caractères."))
    if not found and settings.SECRET_KEY == settings.PEPPER:
        found.append(_error(4, "PORTAIL_SECRET_KEY et PORTAIL_PEPPER doivent être deux clés différentes."))
    if not found and settings.FIELD_KEY in {settings.SECRET_KEY, settings.PEPPER}:
        found.append(_error(8, "PORTAIL_FIELD_KEY doit différer de PORTAIL_SECRET_KEY et de PORTAIL_PEPPER."))
    return found


@register(TAG, deploy=True)
def check_https(**_kwargs: Any) -> list[CheckMessage]:
    """Codes and cookies must not travel in the clear."""
    if settings.MODE != "production" or settings.HTTPS:
        return []
    return [_error(5, "PORTAIL_HTTPS est désactivée : en production, le portail ne se sert qu'en https.")]


@register(TAG, deploy=True)
def check_database_role(**_kwargs: Any) -> list[CheckMessage]:
    """On PostgreSQL the owner of the tables is not held by row-level security."""
    if settings.MODE == "test" or not _on_postgresql() or settings.DATABASE_ROLE:
        return []
    return [_error(6, "PORTAIL_DATABASE_ROLE est vide : le portail ne se sert pas en propriétaire de la base.")]


@register(TOWNS_TAG, deploy=True)
def check_regies(**_kwargs: Any) -> list[CheckMessage]:
    """A régie left in test mode in production: families could « pay » with test cards, so they are offered nothing.

    It reads the tables: before they are there, there is no régie either.
    """
    if settings.MODE != "production":
        return []
    try:
        return [message for town in all_towns() for message in _idle(town)]
    except DatabaseError:
        return []


def _idle(town: Town) -> list[CheckMessage]:
    with in_town(town):
        return [
            checks.Warning(f"{town.name}, {idle_words(one.name, one.mode)}.", hint=_REGIES, id="portail.W009")
            for one in idle_regies()
        ]


def unsafe() -> list[str]:
    """Why this installation may not be served, in French; empty when it may."""
    found = run_checks(tags=[TAG], include_deployment_checks=True)
    return [message.msg for message in found if message.is_serious()]


def refuse_unsafe_start() -> None:
    """Raises ImproperlyConfigured with every reason at once."""
    reasons = unsafe()
    if reasons:
        raise ImproperlyConfigured("\n".join(("Le portail refuse de démarrer :", *(f"- {why}" for why in reasons))))


def _on_postgresql() -> bool:
    return connection.vendor == "postgresql"


def _error(number: int, sentence: str) -> Error:
    return Error(sentence, hint=_CONFIGURATION, id=f"portail.E{number:03}")
