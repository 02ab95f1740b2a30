"""« Ville de Démo » in force, with its régies and tariffs (`tests.billing.build`)."""

import pytest

from tests.billing import build
from tests.world import World


@pytest.fixture
def billing(demo: World) -> World:
    """The world of the tests, where November 2026 may be billed."""
    build.setup()
    return demo
