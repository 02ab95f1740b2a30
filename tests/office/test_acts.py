"""Every act that the product writes in the trail has its French words."""

import ast
from pathlib import Path

from portail.office.acts import ACTS, act_words

PRODUCT = Path(__file__).parents[2] / "portail"


def written() -> set[str]:
    """The short names given to `Act(…)` as they stand in the code."""
    found = set()
    for path in PRODUCT.rglob("operations/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Act":
                found |= {str(one.value) for one in node.args[:1] if isinstance(one, ast.Constant)}
    return found


def test_every_act_is_said_in_french():
    assert len(written()) > 50
    assert sorted(written() - set(ACTS)) == []


def test_an_act_of_another_version_is_still_shown():
    assert act_words("juggle") == "juggle"
    assert act_words("credit_note") == "avoir"
