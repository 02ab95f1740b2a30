"""Before login, the two codes, and out again (features A1 to A6)."""

import re

from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.portal import Family

WRONG = "ZZZZZ-ZZZZZ"


def test_wrong_codes_then_the_right_ones(visit: Visit, family: Family, width: int) -> None:
    parent = visit(family, width=width, allowed={403})
    parent.go("/")
    parent.type_codes(payer_code=WRONG)
    alert = parent.page.get_by_role("alert")
    expect(alert).to_have_text("Ces deux codes ne vont pas ensemble. Vérifiez le Code enfant et le Code payeur.")
    expect(parent.field("Code enfant")).to_have_value(family.children[0].code)
    expect(parent.payer_code()).to_have_value("")
    parent.type_codes()
    expect(parent.heading(re.compile("^Bonjour"), 1)).to_contain_text(family.payer_name)


def test_logging_out_then_back_shows_nothing_private(visit: Visit, family: Family) -> None:
    parent = visit(family)
    parent.log_in()
    parent.open_planning()
    parent.log_out()
    parent.page.go_back()
    expect(parent.heading("Me connecter")).to_be_visible()
    child = family.children[0]
    expect(parent.page.get_by_text(f"{child.first_name} {child.last_name}", exact=True)).to_have_count(0)
