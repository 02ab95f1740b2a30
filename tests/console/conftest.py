"""The console as an operator uses it: words in, words and exit code out."""

from collections.abc import Callable, Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from portail.bookings.queries import offer

Run = Callable[..., list[str]]
Fail = Callable[..., str]


@pytest.fixture(autouse=True)
def fresh_offers() -> Iterator[None]:
    """A database rolled back gives the same keys and revisions to other towns: what a process remembers goes too."""
    offer._kept.clear()
    yield
    offer._kept.clear()


@pytest.fixture
def run() -> Run:
    """`run("tick")` -> the lines it said."""

    def command(name: str, *words: object) -> list[str]:
        out = StringIO()
        call_command(name, *map(str, words), stdout=out)
        return out.getvalue().splitlines()

    return command


@pytest.fixture
def fail(run: Run) -> Fail:
    """`fail("book", …)` -> the sentence of a command that must refuse, with exit code 2."""

    def command(name: str, *words: object) -> str:
        with pytest.raises(CommandError) as error:
            run(name, *words)
        assert error.value.returncode == 2
        return str(error.value)

    return command
