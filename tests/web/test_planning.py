"""The head of the planning: who it is about."""

import re

import pytest

from portail.families.models import Person
from portail.towns.scope import in_town
from tests.web.browser import Browser, planning_of
from tests.world import JAMES, World


def head(browser: Browser) -> str:
    html = browser.page(planning_of(JAMES)).html
    found = re.search(r'<p class="sub asked">(.*?)<a ', html, re.DOTALL)
    assert found
    return " ".join(re.sub(r"<[^>]+>", "", found[1]).split())


@pytest.mark.parametrize("adult", [False, True])
def test_an_adult_s_code_is_not_called_a_child_s(adult, jamie, world: World):
    with in_town(world.demo):
        Person.objects.filter(code=JAMES).update(kind=Person.Kind.ADULT if adult else Person.Kind.CHILD)
    assert head(jamie).endswith(f"· Code adulte {JAMES}" if adult else f"· Code enfant {JAMES}")


def test_without_a_class_the_line_begins_with_a_word(jamie, world: World):
    assert head(jamie)[0] != "·"
    with in_town(world.demo):
        Person.objects.filter(code=JAMES).update(classroom=None)
    assert head(jamie) == f"Code enfant {JAMES}"
