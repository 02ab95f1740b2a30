"""Who is told of new invoices: the town hall's address, and three of one's own once somebody there has agreed."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.billing.models import InvoiceEmail
from portail.billing.operations.emails import EmailsSaved, confirm_invoice_email, set_invoice_emails
from portail.families.models import Payer
from portail.news.models import OutboxMail
from portail.towns.scope import in_town
from tests.world import NOW, World

ONE, TWO, THREE = "un@exemple.fr", "deux@exemple.fr", "trois@exemple.fr"
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class Links:
    """The links that were made, in order."""

    def __init__(self) -> None:
        self.secrets: list[str] = []

    def __call__(self, secret: str) -> str:
        self.secrets.append(secret)
        return f"https://demo.example/factures/courriel/{secret}/"


def save(world: World, links: Links, *addresses: str, wanted: bool = False, now=NOW) -> EmailsSaved:
    return set_invoice_emails(wanted=wanted, addresses=addresses, confirm_url=links, by=world.as_jamie, now=now)


def kept() -> list[tuple[int, str, bool]]:
    """(place, address, confirmed) of all."""
    rows = InvoiceEmail.objects.order_by("place")
    return [(row.place, row.address, row.confirmed_at is not None) for row in rows]


def test_three_addresses_are_asked_and_one_of_the_town_hall_is_not(demo: World):
    Payer.objects.filter(pk=demo.jamie.pk).update(email="jamie@exemple.fr")
    links = Links()
    saved = save(demo, links, ONE, f" {TWO} ", THREE, "quatre@exemple.fr", wanted=True)
    assert saved == EmailsSaved({}, (ONE, TWO, THREE))
    assert kept() == [(0, "jamie@exemple.fr", True), (1, ONE, False), (2, TWO, False), (3, THREE, False)]
    mails = {mail.to: mail for mail in OutboxMail.objects.all()}
    assert list(mails) == [ONE, TWO, THREE] or set(mails) == {ONE, TWO, THREE}
    for secret, address in zip(links.secrets, (ONE, TWO, THREE), strict=True):
        assert f"/courriel/{secret}/" in mails[address].text
    save(demo, links, ONE, TWO, THREE, wanted=False)
    assert [place for place, _, _ in kept()] == [1, 2, 3]


def test_the_town_halls_place_needs_an_address_there(demo: World):
    save(demo, Links(), wanted=True)
    assert kept() == []


def test_the_secret_is_nowhere_in_the_table(demo: World):
    links = Links()
    save(demo, links, ONE)
    assert links.secrets[0] not in InvoiceEmail.objects.get().secret_hash


def test_a_link_confirms_its_address_alone_and_again_changes_nothing(demo: World):
    links = Links()
    save(demo, links, ONE, TWO)
    confirmed = confirm_invoice_email(secret=links.secrets[1], now=NOW + MINUTE)
    assert confirmed is not None
    assert kept() == [(1, ONE, False), (2, TWO, True)]
    again = confirm_invoice_email(secret=links.secrets[1], now=NOW + DAY)
    assert again is not None
    assert again.confirmed_at == NOW + MINUTE
    save(demo, links, ONE, TWO, now=NOW + DAY)
    assert kept()[1] == (2, TWO, True)


@pytest.mark.parametrize("secret", ["", "x", "é" * 500, "\x00", "\ud800", "' OR 1=1"])
def test_an_unknown_link_confirms_nothing(demo: World, secret):
    save(demo, Links(), ONE)
    assert confirm_invoice_email(secret=secret, now=NOW) is None
    assert kept() == [(1, ONE, False)]


def test_a_link_lives_seven_days_and_only_in_its_town(demo: World):
    links = Links()
    save(demo, links, ONE)
    with in_town(demo.buchelay):
        assert confirm_invoice_email(secret=links.secrets[0], now=NOW) is None
    assert confirm_invoice_email(secret=links.secrets[0], now=NOW + 7 * DAY + MINUTE) is None
    assert kept() == [(1, ONE, False)]
    assert confirm_invoice_email(secret=links.secrets[0], now=NOW + 7 * DAY) is not None


def test_another_address_at_the_same_place_is_to_be_confirmed_again(demo: World):
    links = Links()
    save(demo, links, ONE)
    confirm_invoice_email(secret=links.secrets[0], now=NOW)
    assert save(demo, links, TWO).asked == (TWO,)
    assert kept() == [(1, TWO, False)]
    assert confirm_invoice_email(secret=links.secrets[0], now=NOW) is None
    assert kept() == [(1, TWO, False)]


def test_an_emptied_place_is_removed_and_its_link_is_dead(demo: World):
    links = Links()
    save(demo, links, ONE, TWO)
    save(demo, links, "", TWO)
    assert kept() == [(2, TWO, False)]
    assert confirm_invoice_email(secret=links.secrets[0], now=NOW) is None


def test_a_link_is_sent_again_after_ten_minutes_and_no_earlier(demo: World):
    links = Links()
    save(demo, links, ONE)
    assert save(demo, links, ONE, now=NOW + 10 * MINUTE).asked == ()
    assert save(demo, links, ONE, now=NOW + 11 * MINUTE).asked == (ONE,)
    assert OutboxMail.objects.count() == 2
    assert confirm_invoice_email(secret=links.secrets[0], now=NOW + 12 * MINUTE) is None
    assert confirm_invoice_email(secret=links.secrets[1], now=NOW + 12 * MINUTE) is not None


WRONG = {
    "no address": (("jamie",), {1: "complète"}),
    "a header": (("a@b.fr\nBcc: c@d.fr",), {1: "complète"}),
    "twice the same": ((ONE, ONE.upper()), {2: "déjà"}),
    "the third": ((ONE, TWO, "x@"), {3: "complète"}),
    "too long": (("x" * 250 + "@a.fr",), {1: "complète"}),
}


@pytest.mark.parametrize(("addresses", "errors"), WRONG.values(), ids=WRONG)
def test_one_wrong_address_changes_nothing_at_all(demo: World, addresses, errors):
    save(demo, Links(), THREE)
    before, mails = kept(), OutboxMail.objects.count()
    saved = save(demo, Links(), *addresses, wanted=True)
    assert saved.errors.keys() == errors.keys()
    assert all(errors[place] in said for place, said in saved.errors.items())
    assert (kept(), OutboxMail.objects.count()) == (before, mails)


def test_nobodys_mailbox_is_flooded(demo: World):
    links = Links()
    for number in range(30):
        save(demo, links, f"voisin{number}@exemple.fr")
    assert OutboxMail.objects.count() == 10
    refused = save(demo, links, "encore@exemple.fr")
    assert "demain" in refused.errors[1]
    assert save(demo, links, "encore@exemple.fr", now=NOW + DAY).asked == ("encore@exemple.fr",)


def test_the_limit_of_links_never_stops_a_removal(demo: World):
    for number in range(10):
        save(demo, Links(), f"voisin{number}@exemple.fr")
    assert save(demo, Links(), "") == EmailsSaved({})
    assert kept() == []


@given(forms=st.lists(st.tuples(*[st.sampled_from(["", ONE, TWO, THREE])] * 3), min_size=1, max_size=6))
def test_after_any_forms_what_is_kept_is_the_last_good_one(demo: World, forms):
    InvoiceEmail.objects.all().delete()
    OutboxMail.objects.all().delete()
    good: tuple[str, ...] = ("", "", "")
    for form in forms:
        typed = [address for address in form if address]
        saved = save(demo, Links(), *form)
        if not saved.errors:
            assert len(set(typed)) == len(typed)
            good = form
    assert [(place, address) for place, address, _ in kept()] == [
        (place, address) for place, address in enumerate(good, 1) if address
    ]
    assert OutboxMail.objects.count() <= 12
