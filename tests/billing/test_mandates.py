"""Bank details at rest, and the mandates that hold them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.billing.models import Mandate, Remittance
from portail.billing.operations.sepa import (
    hand_over_remittance,
    purge_mandates,
    reseal,
    revoke_mandate,
    settle_remittance,
)
from portail.billing.operations.sepa.mandates import account_of
from portail.billing.operations.setup import BillingError
from portail.towns.models import Audit
from portail.towns.scope import in_town
from portail.towns.sealing import SealError, seal, unseal
from tests.billing.debits import IBAN, LATER, OLD, TAIL, built, mandated, place, texts
from tests.billing.treasury import invoice
from tests.world import CLERK, NOW, World

# --- Sealing ----------------------------------------------------------------------------------------------------------


def test_bank_details_are_never_in_the_clear(demo: World):
    place()
    mandate = mandated(demo.jamie)
    kept = bytes(Mandate.objects.get().account)
    assert b"FR14" not in kept
    assert IBAN.replace(" ", "").encode() not in kept
    assert (mandate.tail, account_of(Mandate.objects.get()).iban) == (TAIL, IBAN.replace(" ", ""))
    invoice(demo.jamie, **OLD)
    file = built().remittance
    assert b"FR14" not in bytes(Remittance.objects.get().content)
    assert texts(file, "IBAN") == ["FR7630006000011234567890189", IBAN.replace(" ", "")]
    trail = str(list(Audit.objects.values_list("subject", "after")))
    assert TAIL in trail
    assert "FR14" not in trail
    assert Audit.objects.filter(verb="hand_over_remittance").count() == 1


@given(st.binary(max_size=200), st.text(max_size=20))
def test_what_is_sealed_opens_in_its_place_only(world_town, text, where):
    sealed = seal(text, where)
    assert unseal(sealed, where) == text
    assert seal(text, where) != sealed
    for wrong in (sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1]), b"\x02" + sealed[1:], b"", sealed[:9]):
        with pytest.raises(SealError):
            unseal(wrong, where)
    with pytest.raises(SealError):
        unseal(sealed, where + "x")


@pytest.fixture(scope="module")
def world_town():
    from portail.towns.models import Town  # noqa: PLC0415 -- only a key is needed, no database

    with in_town(Town(pk=7)):
        yield


def test_a_change_of_key_keeps_the_old_one_for_reading_until_all_is_sealed_again(demo: World, settings):
    place()
    mandate = mandated(demo.jamie)
    invoice(demo.jamie, **OLD)
    built()
    settings.FIELD_KEY_FALLBACKS, settings.FIELD_KEY = [settings.FIELD_KEY], "n" * 40
    assert account_of(Mandate.objects.get()).iban.startswith("FR14")
    assert reseal(by=CLERK, now=NOW) == 2
    settings.FIELD_KEY_FALLBACKS = []
    assert account_of(Mandate.objects.get(pk=mandate.pk)).iban.startswith("FR14")
    settings.FIELD_KEY = "z" * 40
    with pytest.raises(BillingError, match="PORTAIL_FIELD_KEY"):
        reseal(by=CLERK, now=NOW)
    with pytest.raises(BillingError, match="PORTAIL_FIELD_KEY"):
        settle_remittance(remittance=Remittance.objects.get().public_id, by=CLERK, now=LATER)


def test_a_sealed_account_moved_to_another_row_or_town_does_not_open(world: World):
    with in_town(world.demo):
        place()
        one, other = mandated(world.jamie), mandated(world.denise)
        Mandate.objects.filter(pk=one.pk).update(account=other.account)
        with pytest.raises(SealError):
            account_of(Mandate.objects.get(pk=one.pk))
    with in_town(world.buchelay), pytest.raises(SealError):
        account_of(other)


# --- Mandates ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"iban": "FR14 2004"}, "un IBAN FR a 27 caractères"),
        ({"iban": IBAN.replace("6", "7")}, "mal recopié"),
        ({"bic": "X"}, "le BIC a 8 ou 11 caractères"),
        ({"holder": " "}, "le titulaire du compte a de 1 à 70"),
        ({"holder": "Иван"}, "en lettres latines"),
        ({"rum": "été"}, "la RUM a un caractère interdit"),
        ({"signed_on": date(2026, 11, 17)}, "la date de signature est impossible"),
        ({"signed_on": date(2001, 1, 1)}, "la date de signature est impossible"),
        ({"regie": "tennis"}, "La régie « tennis » n'existe pas."),
    ],
)
def test_a_wrong_mandate_is_refused(demo: World, changed, said):
    place()
    with pytest.raises(BillingError, match=said):
        mandated(demo.jamie, **changed)
    assert not Mandate.objects.exists()


def test_a_new_mandate_takes_the_place_of_the_former(demo: World):
    place()
    first = mandated(demo.jamie, rum="LPS-1")
    with pytest.raises(BillingError, match="sert déjà"):
        mandated(demo.denise, rum="LPS-1")
    second = mandated(demo.jamie)
    first.refresh_from_db()
    assert (first.revoked_on, second.revoked_on) == (NOW.date(), None)
    assert revoke_mandate(mandate=second.public_id, by=CLERK, now=NOW).revoked_on == NOW.date()
    with pytest.raises(BillingError, match="déjà révoqué"):
        revoke_mandate(mandate=second.public_id, by=CLERK, now=NOW)


def test_bank_details_are_erased_after_36_months(demo: World):
    place()
    mandated(demo.jamie, signed_on=date(2023, 11, 17))
    old = mandated(demo.denise, signed_on=date(2023, 11, 16))
    kept = Remittance.objects.create(
        regie=old.regie, collected_on=date(2023, 11, 16), file_name="a", content=b"x", cents=1, built_at=NOW
    )
    assert purge_mandates(by=CLERK, now=NOW) == 2
    for row in (old, kept):
        row.refresh_from_db()
    assert (bytes(old.account), old.tail, old.holder, old.revoked_on) == (b"", "", "", NOW.date())
    assert bytes(kept.content) == b""
    assert Mandate.objects.exclude(tail="").count() == 1
    assert purge_mandates(by=CLERK, now=NOW) == 0
    with pytest.raises(BillingError, match="effacé"):
        hand_over_remittance(remittance=kept.public_id, by=CLERK, now=NOW)
