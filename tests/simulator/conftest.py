from collections.abc import Iterator
from pathlib import Path

import pytest

from portail.simulator.bank import Bank
from tests.simulator.running import NOON, Listener, Simulator, running


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    """A simulator of its own on a real port, at noon."""
    with running(tmp_path) as simulator:
        yield simulator


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A portal that hears notifications."""
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
def moments() -> list[float]:
    """The clock of `bank`: its first value."""
    return [NOON]


@pytest.fixture
def bank(moments: list[float]) -> Bank:
    """A bank without a server, in memory."""
    return Bank(":memory:", lambda: moments[0])
