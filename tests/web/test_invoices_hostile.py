"""Hostile words on the pages about money: labels, names, what a provider sent, what is typed in a form."""

import pytest

from portail.billing.models import Invoice, InvoiceLine, Payment, Regie
from portail.rules.paying import AttemptState
from portail.towns.scope import in_town
from tests.web.bills import bills_of
from tests.web.browser import Browser, Page
from tests.web.test_escaping import PAYLOADS, runs
from tests.world import World


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_hostile_label_is_only_ever_a_label(payload: str, world: World, jamie: Browser):
    with in_town(world.demo):
        bills = bills_of(world.jamie, after_deadline=payload, means=[payload])
        invoice, late = bills.invoice(), bills.invoice(payable_until="2026-11-01")
        detail = {"tariff": payload, "days": [{"day": "2026-11-02", "why": [payload]}], "share": payload}
        bills.line(invoice, world.james, 5687, payload, **detail)
        paid, open_one = bills.attempt(bills.invoice(), AttemptState.PAID), bills.attempt(bills.invoice())
        bills.paid(invoice, 100)
        Regie.objects.update(name=payload)
        Invoice.objects.update(label=payload, payer_name=payload, payer_address=payload)
        Payment.objects.update(payer_name=payload)
        assert InvoiceLine.objects.get().label == payload
    addresses = ["/factures/", "/accueil/"]
    for one in (invoice, late):
        addresses += [f"/factures/{one.public_id}/", f"/factures/{one.public_id}/payer/"]
    addresses += [f"/paiement/{one.public_id}/" for one in (paid, open_one)]
    pages = [jamie.page(address) for address in addresses]
    typed = dict.fromkeys(("email", "email1", "email2", "cents", "invoice"), payload)
    pages.append(Page(jamie.post(f"/factures/{invoice.public_id}/payer/", typed).content.decode()))
    pages.append(Page(jamie.post("/factures/", typed | {"action": "emails"}).content.decode()))
    pages.append(Page(jamie.post("/factures/", typed | {"invoice": str(invoice.public_id)}).content.decode()))
    pages.append(jamie.page("/factures/?" + "annee=%22%3E%3Cscript%3E&avis=%3Cb%3E"))
    assert [(page.words[:3], runs(page)) for page in pages if runs(page)] == []
    assert "".join(payload.split()) in "".join(pages[2].text.split())
