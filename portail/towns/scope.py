"""The town in force. Every query of a town's table is filtered by it; without one, it refuses."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portail.towns.models import Town

_town: ContextVar["Town | None"] = ContextVar("town", default=None)
_everywhere: ContextVar[bool] = ContextVar("everywhere", default=False)


class NoTownError(RuntimeError):
    """A town's table was reached outside `with in_town(...)`, or a row of another town was about to be written."""


@contextmanager
def in_town(town: "Town") -> Iterator[None]:
    """Put `town` in force for the block: the only ordinary way to reach the tables of a town."""
    if town.pk is None:
        raise NoTownError("in_town() needs a saved town")
    token, other = _town.set(town), _everywhere.set(False)
    try:
        yield
    finally:
        _town.reset(token)
        _everywhere.reset(other)


@contextmanager
def in_every_town(reason: str) -> Iterator[None]:
    """Open all towns at once; `reason` is for the reader and for grep. Under row-level security: the owner only."""
    if not reason:
        raise NoTownError("say why")
    token, other = _everywhere.set(True), _town.set(None)
    try:
        yield
    finally:
        _everywhere.reset(token)
        _town.reset(other)


def current_town() -> "Town":
    """The town in force. Raises NoTownError without one."""
    town = _town.get()
    if town is None:
        raise NoTownError("no town in force; wrap the call in `with in_town(town):`")
    return town


def town_id_or_none() -> int | None:
    """The key of the town in force, for the second lock (`portail.towns.postgresql`)."""
    town = _town.get()
    return None if town is None else town.pk


def is_everywhere() -> bool:
    """True inside `in_every_town`."""
    return _everywhere.get()
