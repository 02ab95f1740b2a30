"""PayFiP's modes: in production a régie left in test, or not yet active, takes no money from families."""

from datetime import date
from uuid import uuid4

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from portail.billing import documents
from portail.billing.models import Attempt, Invoice, Regie
from portail.billing.operations import paying
from portail.billing.operations.setup import BillingError
from portail.billing.operations.trying import try_payment
from portail.billing.queries.cards import Clock
from portail.billing.queries.invoices import account_of, due_of
from portail.billing.queries.regies import idle_regies, regies_in_use, takes_online
from portail.console import checks
from portail.rules.invoicing import NotPayable
from portail.towns.models import Audit, Town
from portail.towns.scope import in_town
from tests.billing.payfip import MINUTE, SWEEP, SimulatedBank, invoice, left, pay_online, regie, simulated_bank, state
from tests.world import CLERK, NOW, PARIS, World

CLOCK = Clock(NOW, PARIS)
TEST, ACTIVATION, LIVE = Regie.Mode.TEST, Regie.Mode.ACTIVATION, Regie.Mode.PRODUCTION


@pytest.fixture
def production(settings):
    settings.MODE = "production"
    return settings


def refusals(world: World) -> dict[str, NotPayable | None]:
    return {card.regie.name: card.refusal for card in due_of(world.jamie.pk, CLOCK)}


def test_in_production_only_mode_w_is_offered_to_families(demo: World, production):
    for number, mode in enumerate((TEST, ACTIVATION, LIVE)):
        invoice(demo.jamie, 777, regie(mode.value.lower(), f"00012{number}", mode=mode))
    assert refusals(demo) == {
        "Régie t": NotPayable.NO_PROVIDER,
        "Régie x": NotPayable.NO_PROVIDER,
        "Régie w": None,
    }
    assert {terms.name: (terms.online, terms.fake, terms.popup) for terms in regies_in_use()} == {
        "Régie t": (False, False, False),
        "Régie x": (False, False, False),
        "Régie w": (True, False, False),
    }
    cards = account_of(demo.jamie.pk, CLOCK).invoices
    assert [card.regie.name for card in cards if card.regie.online] == ["Régie w"]
    assert not any(card.regie.fake or card.regie.test for card in cards)


@pytest.mark.parametrize("mode", [TEST, ACTIVATION])
def test_a_family_that_insists_opens_nothing(demo: World, production, mode):
    """The page offers nothing; a form kept from before, or made by hand, is refused too."""
    debt = invoice(demo.jamie, 777, regie(mode=mode))
    with simulated_bank(production) as bank:
        with pytest.raises(paying.PaymentRefusedError) as refused:
            pay_online(debt, bank)
        assert bank.books() == {}
    assert refused.value.reason is NotPayable.NO_PROVIDER
    assert not Attempt.objects.exists()


@pytest.mark.parametrize("installation", ["demo", "test"])
def test_elsewhere_every_mode_pays(demo: World, settings, installation):
    settings.MODE = installation
    for number, mode in enumerate((TEST, ACTIVATION, LIVE)):
        invoice(demo.jamie, 777, regie(mode.value.lower(), f"00012{number}", mode=mode))
    assert set(refusals(demo).values()) == {None}
    assert idle_regies() == []


@given(
    mode=st.sampled_from(Regie.Mode.values),
    provider=st.sampled_from(Regie.Provider.values),
    active=st.booleans(),
    installation=st.sampled_from(["production", "demo", "test"]),
)
def test_online_needs_a_provider_an_active_regie_and_in_production_mode_w(
    demo, settings, mode, provider, active, installation
):
    settings.MODE = installation
    online = takes_online(provider, mode, active=active)
    assert not online or (active and provider != "none" and "W" in {mode, "W" if installation != "production" else ""})
    assert online == (takes_online(provider, "W", active=active) and (mode == "W" or installation != "production"))


def test_the_paper_does_not_invite_to_pay_online_either(demo: World, production):
    debt = invoice(demo.jamie, 777)
    assert documents._online(debt) is None
    Regie.objects.update(mode=LIVE)
    debt.regie.refresh_from_db()
    assert documents._online(debt) is not None


# --- The town hall and the operator are told ------------------------------------------------------------------------


def test_the_deployment_check_warns_without_keeping_the_portal_from_starting(demo: World, production, capsys):
    place = regie()
    (found,) = run_checks(tags=[checks.TOWNS_TAG], include_deployment_checks=True)
    assert (found.id, found.is_serious()) == ("portail.W009", False)
    assert found.msg == (
        "Ville de Démo, Régie peri : PayFiP en mode T (test), les familles ne peuvent pas payer en ligne ; "
        "passez au mode W."
    )
    call_command("check", tags=[checks.TOWNS_TAG], deploy=True)
    assert "portail.W009" in capsys.readouterr().err
    Regie.objects.filter(pk=place.pk).update(mode=LIVE)
    assert run_checks(tags=[checks.TOWNS_TAG], include_deployment_checks=True) == []


def test_it_is_on_the_list_to_be_looked_at_until_it_is_mended(demo: World, production, capsys):
    regie(mode=ACTIVATION)
    call_command("payfip", "list", "--town", "demo")
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("[régie peri] Régie peri : PayFiP en mode X (activation), les familles ne peuvent pas")
    assert said[1:] == ["1 ligne à vérifier."]
    Regie.objects.update(mode=LIVE)
    call_command("payfip", "list", "--town", "demo")
    assert capsys.readouterr().out.splitlines() == ["Rien à vérifier."]


def test_a_town_that_is_closed_to_families_may_be_trying(demo: World, production):
    regie()
    regie("ferme", "000124", active=False)
    regie("guichet", "", provider=Regie.Provider.NONE)
    assert [one.code for one in idle_regies()] == ["peri"]
    preparing, suspended = Town.Status.PREPARING, Town.Status.SUSPENDED
    for status, opens_on, idle in ((preparing, None, 0), (preparing, date(2026, 12, 1), 1), (suspended, None, 0)):
        demo.demo.status, demo.demo.opens_on = status, opens_on
        with in_town(demo.demo):
            assert len(idle_regies()) == idle


# --- The town's own trial -------------------------------------------------------------------------------------------


def tried(debt: Invoice, bank: SimulatedBank) -> paying.Started:
    return try_payment(invoice=debt.public_id, email="regie@exemple.fr", urls=bank.urls, by=CLERK, now=NOW)


@pytest.mark.parametrize("mode", [TEST, ACTIVATION])
def test_the_town_tries_the_payment_while_no_family_can(demo: World, production, mode):
    debt = invoice(demo.jamie, 777, regie(mode=mode))
    with simulated_bank(production) as bank:
        with pytest.raises(BillingError, match="suspendez la commune"):
            tried(debt, bank)
        demo.demo.status = Town.Status.SUSPENDED
        with in_town(demo.demo):
            attempt = tried(debt, bank).attempt
            assert bank.pay(attempt.idop, "P")
            paying.resolve(attempt=attempt.pk, trigger=SWEEP, now=NOW + 5 * MINUTE)
            assert (state(attempt), left(debt), attempt.mode) == ("paid", 0, mode)
            assert Audit.objects.get(verb="try_payment").after["ticket"] == attempt.ticket
            with pytest.raises(BillingError, match="ne peut pas être payée en ligne"):
                tried(debt, bank)


def test_there_is_nothing_to_try_in_mode_w_nor_at_the_counter(demo: World, settings):
    with simulated_bank(settings) as bank:
        for place in (regie(mode=LIVE), regie("guichet", "", provider=Regie.Provider.NONE)):
            with pytest.raises(BillingError, match="rien à essayer"):
                tried(invoice(demo.jamie, 777, place), bank)
        with pytest.raises(BillingError, match="pas en ligne"):
            tried(invoice(demo.jamie, 777, regie("essai", "000125"), published_at=None), bank)
        with pytest.raises(BillingError, match="n'existe pas"):
            try_payment(invoice=uuid4(), email="a@b.fr", urls=bank.urls, by=CLERK, now=NOW)
    assert not Attempt.objects.exists()


def test_the_command_says_where_to_pay(demo: World, settings, capsys):
    debt = invoice(demo.jamie, 777)
    with simulated_bank(settings) as bank:
        call_command("payfip", "try", "--town", "demo", "--number", debt.number, "--email", "regie@exemple.fr")
        said = capsys.readouterr().out.splitlines()
        attempt = Attempt.objects.get()
        assert said[0] == f"Opération {attempt.ticket} ouverte en mode T (test) ; payez-la sur cette page :"
        assert bank.open_page(said[1].strip()) == 200
        with pytest.raises(CommandError, match="nom@exemple"):
            call_command("payfip", "try", "--town", "demo", "--number", debt.number, "--email", "regie")
