"""« Mode d'emploi Facture »: the town's own words, the same sentences as the payment pages, its pictures."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from portail.billing.models import BilledActivity, Regie
from portail.billing.queries.regies import regies_in_use
from portail.bookings.models import Activity
from portail.rules.paying import ANOTHER_AFTER, SECURE_PAGE_LIVES, AttemptState
from portail.towns.scope import in_town
from portail.web import manuals
from portail.web.words_billing import OUTCOMES, Speaker, outcome_of
from tests.web.browser import BUCHELAY, Browser, Page, Queries
from tests.world import World

ADDRESS = reverse("invoice_manual")
HEAVIEST = 60_000  # bytes
STEPS = {"payer", "apres", "probleme", "date-limite"}
OFFLINE: dict[str, Any] = {"provider": Regie.Provider.NONE, "numcli": ""}


def regie(code: str = "peri", name: str = "REGIE PERISCOLAIRE", **more: Any) -> Regie:
    """A régie of the town in force, in production, with a deadline."""
    fields: dict[str, Any] = {
        "provider": Regie.Provider.PAYFIP_WS, "numcli": "000123", "mode": Regie.Mode.PRODUCTION, "payable_day": 10,
        "means": ["cash", "cheque"], "after_deadline": "Après, allez à la Trésorerie.",
    }  # fmt: skip
    return Regie.objects.create(code=code, name=name, **fields | more)


def manual(browser: Browser | None = None) -> Page:
    return (browser or Browser()).page(ADDRESS)


def ids(page: Page) -> set[str]:
    return {found["id"] or "" for _tag, found in page.tags if "id" in found}


def pictures(page: Page) -> list[dict[str, str | None]]:
    return [found for tag, found in page.tags if tag == "img" and "web/help/" in (found["src"] or "")]


@pytest.fixture
def paid_online(world: World) -> Regie:
    with in_town(world.demo):
        return regie()


# --- The town's own words ---------------------------------------------------------------------------------------------


def test_it_tells_the_regies_of_this_town_alone(world, paid_online):
    with in_town(world.demo):
        BilledActivity.objects.create(activity=Activity.objects.get(code="cantine"), regie=paid_online)
        regie("bus", "TRANSPORT", **OFFLINE, payable_day=None, after_deadline="", means=[])
        regie("old", "REGIE ANCIENNE", active=False)
    text = manual().text
    for words in (
        "REGIE PERISCOLAIRE", "Cantine", "oui, par PayFiP", "jusqu'au 10 du mois suivant la facture, inclus",
        "espèces et chèque bancaire", "Après, allez à la Trésorerie.", "TRANSPORT", "Référence TIPI",
    ):  # fmt: skip
        assert words in text, words
    assert "REGIE ANCIENNE" not in text
    assert "mode test" not in text
    assert "REGIE" not in manual(Browser(BUCHELAY)).text


def test_the_words_that_a_town_renames_are_its_own(world, paid_online):
    world.demo.labels = {"order_number": "Numéro de commande", "town_hall": "le SIVOS"}
    world.demo.save(update_fields=["labels"])
    text = manual().text
    assert "« Numéro de commande » est le numéro" in text
    assert "Dites-le au SIVOS." in text
    assert "Dès que le SIVOS met une facture en ligne" in text
    assert "mairie" not in text


def test_a_hostile_name_is_only_text(world, paid_online):
    with in_town(world.demo):
        hostile = "<script>alert(1)</script>"
        regie("x", hostile, after_deadline=hostile, means=[hostile])
    html = Browser().get(ADDRESS).content.decode()
    assert hostile not in html
    assert html.count("&lt;script&gt;alert(1)") == 2 + 1 + 1  # its name, its means, its deadline


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"mode": Regie.Mode.TEST}, "aucun paiement ne sera réellement effectué"),
        ({"popup": True}, "« Payer dans cette fenêtre »"),
        ({"provider": Regie.Provider.PAYFIP_REDIRECT}, "« Paiement annoncé »"),
    ],
)
def test_what_only_some_regies_have_is_said_for_them_alone(fields, words, world, paid_online):
    assert words not in manual().text
    with in_town(world.demo):
        Regie.objects.filter(pk=paid_online.pk).update(**fields)
    assert words in manual().text


@given(st.integers(min_value=1, max_value=31))
def test_every_deadline_is_a_sentence(day):
    words = manuals._deadline(day)
    assert words.startswith("jusqu'au 1er " if day == 1 else f"jusqu'au {day} ")
    assert words.endswith("inclus")
    assert "%" not in words


# --- The same sentences as the payment pages --------------------------------------------------------------------------


def test_troubles_are_told_as_the_payment_pages_tell_them(world, paid_online):
    text = manual().text
    speaker = Speaker(None, {"town_hall": "la mairie"}.__getitem__, world.demo.phone)  # type: ignore[arg-type]
    told = {state for state in OUTCOMES if outcome_of(state, speaker).title in text}
    assert told == {*manuals.TROUBLES, AttemptState.REVIEW, AttemptState.PAID}
    for state in (*manuals.TROUBLES, AttemptState.REVIEW):
        assert outcome_of(state, speaker).words in text


def test_the_minutes_are_those_of_the_rules(world, paid_online):
    text = manual().text
    assert f"dans les {SECURE_PAGE_LIVES.seconds // 60} minutes" in text
    assert f"un autre {ANOTHER_AFTER.seconds // 60} minutes après" in text


# --- The page ---------------------------------------------------------------------------------------------------------


def test_the_table_of_contents_leads_everywhere(world, paid_online):
    page = manual()
    anchors = {link[1:] for link in page.links if link.startswith("#")} - {"main"}
    assert anchors > STEPS
    assert anchors <= ids(page)


def test_a_town_that_takes_nothing_online_is_told_nothing_of_it(world):
    bare = manual()
    assert ids(bare) & (STEPS | {"moyens"}) == set()
    with in_town(world.demo):
        regie(**OFFLINE)
    page = manual()
    assert ids(page) & STEPS == set()
    assert "Après, allez à la Trésorerie." in page.text
    for each in (bare, page):
        assert {link[1:] for link in each.links if link.startswith("#")} <= ids(each)
        assert "PayFiP" not in each.text


def test_the_help_and_the_visitor_are_led_on(world, jamie, paid_online):
    assert ADDRESS in Browser().page(reverse("help")).links
    assert reverse("invoices") in manual(jamie).links
    assert "Me connecter" in manual().text
    assert "Me connecter" not in manual(jamie).text


def test_it_costs_three_queries_whatever_the_number_of_regies(world, paid_online):
    manual()
    with Queries() as few:
        manual()
    with in_town(world.demo):
        for number in range(12):
            regie(f"more{number}", f"REGIE {number}")
        assert len(regies_in_use()) == 13
    with Queries() as many:
        manual()
    assert (len(few), len(many)) == (3, 3)


# --- Pictures ---------------------------------------------------------------------------------------------------------


def size_of(content: bytes) -> tuple[int, int]:
    """Width and height of a lossless WebP (RFC 9649 §3.4), or of a lossy one (RFC 6386 §9.1)."""
    assert (content[:4], content[8:12]) == (b"RIFF", b"WEBP")
    if content[12:16] == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    assert content[12:16] == b"VP8 "
    return int.from_bytes(content[26:28], "little") & 0x3FFF, int.from_bytes(content[28:30], "little") & 0x3FFF


def test_every_picture_is_there_light_and_of_the_size_announced(world, paid_online):
    shown = pictures(manual())
    assert len(shown) == len(manuals.PICTURES)
    for one in shown:
        found = finders.find("web/help/" + Path(one["src"] or "").name)
        assert isinstance(found, str), one["src"]
        content = Path(found).read_bytes()
        assert len(content) <= HEAVIEST, one["src"]
        assert size_of(content) == (int(one["width"] or 0), int(one["height"] or 0)), one["src"]


def test_every_picture_says_in_words_what_it_shows_and_waits_to_be_seen(world, paid_online):
    shown = pictures(manual())
    assert {one["loading"] for one in shown} == {"lazy"}
    alts = [one["alt"] or "" for one in shown]
    assert len(set(alts)) == len(alts)
    assert min(map(len, alts)) > 30


def test_no_picture_is_shipped_for_nothing():
    folder = Path(str(finders.find("web/help/help.css"))).parent
    files = {file.stem for file in folder.iterdir() if file.suffix != ".css"}
    assert files == set(manuals.PICTURES)
    documented = re.findall(r"web/help/([\w-]+)\.webp", Path("docs/parents/factures.md").read_text())
    assert set(documented) <= files
    assert documented
