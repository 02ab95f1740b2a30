"""The crowd of processes, started for the first race and kept for all."""

from collections.abc import Iterator

import pytest

from tests.race.crowd import Crowd


@pytest.fixture(scope="session")
def crowd(django_db_setup: None) -> Iterator[Crowd]:
    found = Crowd()
    yield found
    found.stop()
