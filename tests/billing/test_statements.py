"""Statements of two layouts: what they pair, record and confirm; the two difference lists; doubtful operations."""

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portail.billing.models import Anomaly, Attempt, Invoice, Payment, StatementLayout, StatementLine
from portail.billing.operations import paying
from portail.billing.operations.money import raise_anomaly, reverse_payment
from portail.billing.operations.setup import BillingError
from portail.billing.operations.statements import (
    Imported,
    StatementDraft,
    confirm_attempt,
    dismiss_attempt,
    import_statement,
    save_layout,
)
from portail.billing.operations.statements.importing import Settled
from portail.billing.queries.statements import ALONE, Alone, Differences, differences
from portail.news.models import OutboxMail
from portail.rules.invoicing import NotPayable
from portail.towns.actors import parent
from portail.towns.models import Audit
from portail.towns.scope import in_town
from tests.billing.payfip import DAY, invoice, left, receipts, regie, settled, state, told
from tests.billing.treasury import attempt, counter
from tests.world import CLERK, NOW, World

# The régisseur's file: header, lines and footer told apart, amounts in euros, online payments only.
REGISSEUR: dict[str, Any] = {
    "header": False, "separator": ";", "kind": 1, "keep": ["LIGNE"], "ignore": ["EN-TETE"], "footer": "PIED-DE-PAGE",
    "footer_total": 4, "date": 2, "date_format": "JJMMAAAA", "reference": 3, "amount": 4, "means_constant": "CB",
    "authorisation": 5,
}  # fmt: skip
# A bank's export: titles, commas, cents, the reference inside a text, the means in words of its own.
BANK: dict[str, Any] = {
    "separator": ",", "date": "Date d'opération", "date_format": "AAAA-MM-JJ", "reference": "Libellé",
    "reference_after": "REF", "amount": "Centimes", "unit": "cents", "means": "Nature",
}  # fmt: skip
BANK_WORDS = {"VIR RECU": "transfer", "REMISE CHQ": "cheque"}
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)


@pytest.fixture
def layouts(demo: World) -> None:
    save_layout(name="régisseur", columns=REGISSEUR, by=CLERK, now=NOW)
    save_layout(name="banque", columns=BANK, means=BANK_WORDS, by=CLERK, now=NOW)


def line(debt: Invoice | str, cents: int, authorisation: str = "", day: int = 12) -> str:
    reference = debt if isinstance(debt, str) else debt.reference.replace("-", "")
    euros = f"{'-' if cents < 0 else ''}{abs(cents) // 100},{abs(cents) % 100:02}"
    return f"LIGNE;{day:02}112026;{reference};{euros};{authorisation}\n"


def file(*lines: str) -> bytes:
    cents = sum(int(one.split(";")[3].replace(",", "")) for one in lines)
    footer = f"{'-' if cents < 0 else ''}{abs(cents) // 100},{abs(cents) % 100:02}"
    return ("EN-TETE;relevé;;;\n" + "".join(lines) + f"PIED-DE-PAGE;;;{footer};\n").encode()


def imported(content: bytes, layout: str = "régisseur", name: str = "releve.csv") -> Imported:
    return import_statement(draft=StatementDraft("peri", layout, name, content), by=CLERK, now=NOW)


def lists() -> Differences:
    place = StatementLine.objects.first().regie if StatementLine.objects.exists() else regie()  # type: ignore[union-attr]
    return differences(place, FIRST, LAST, NOW.date())


def why(found: Differences) -> list[str]:
    return [one.why for one in found.only_in_statement]


def test_a_payment_made_elsewhere_is_recorded_from_either_layout(demo: World, layouts):
    one, other = invoice(demo.jamie, 777), invoice(demo.denise, 5687)
    found = imported(file(line(one, 777, "394492")))
    assert (found.read, found.new, found.settled) == (1, 1, Settled(recorded=1))
    bank = (
        "Date d'opération,Libellé,Nature,Centimes\n"
        f"2026-11-13,VIREMENT REF {other.reference} MARSONE,VIR RECU,5000\n"
        f"2026-11-14,CHEQUE REF {other.reference},Remise chq,687\n"
    )
    assert imported(bank.encode("cp1252"), "banque", "banque.csv").settled == Settled(recorded=2)
    assert [left(one), left(other)] == [0, 0]
    rows = Payment.objects.order_by("number").values_list("means", "cents", "on", "reference", "comment")
    assert list(rows) == [
        ("card", 777, date(2026, 11, 12), "394492", "Relevé releve.csv"),
        ("transfer", 5000, date(2026, 11, 13), "", "Relevé banque.csv"),
        ("cheque", 687, date(2026, 11, 14), "", "Relevé banque.csv"),
    ]
    assert lists() == Differences([], [])


def test_the_same_file_twice_brings_nothing_and_identical_lines_are_two_payments(demo: World, layouts):
    debt = invoice(demo.jamie, 1000)
    content = file(line(debt, 300), line(debt, 300))
    assert (imported(content).new, receipts(), left(debt)) == (2, [300, 300], 400)
    again = imported(content, name="autre nom.csv")
    assert (again.read, again.new, again.settled) == (2, 0, Settled())
    assert (StatementLine.objects.count(), left(debt)) == (2, 400)
    # A third one, in a file that holds the first two again.
    assert imported(file(*[line(debt, 300)] * 3)).new == 1
    assert left(debt) == 100


def test_a_payment_that_the_portal_knows_is_paired_and_nothing_is_paid_twice(demo: World, layouts):
    debt = invoice(demo.jamie, 777)
    settled(attempt(debt), told("P", at=NOW))
    assert lists().only_in_portal[0].reference == debt.reference.replace("-", "")
    found = imported(file(line(debt, 777, "394492", day=16)))
    assert (found.settled, receipts()) == (Settled(paired=1), [777])
    assert Payment.objects.get().statement_line == StatementLine.objects.get()
    assert lists() == Differences([], [])


def test_cash_at_the_counter_does_not_answer_a_card_of_the_statement(demo: World, layouts):
    debt = invoice(demo.jamie, 777)
    counter(debt, 777)
    assert imported(file(line(debt, 777))).settled == Settled()
    assert why(lists()) == [ALONE[Alone.TOO_MUCH]]


def test_a_reject_is_paired_with_its_reversal(demo: World, layouts):
    debt = invoice(demo.jamie, 777)
    settled(attempt(debt), told("V", at=NOW))
    reject = file(line(debt, 777, "394492", day=16), line(debt, -777, "394492", day=16))
    assert imported(reject).settled == Settled(paired=1)
    assert why(lists()) == [ALONE[Alone.REJECT]]
    reverse_payment(payment=Payment.objects.get().public_id, reason="Prélèvement rejeté", by=CLERK, now=NOW)
    assert imported(reject).settled == Settled(paired=1)
    assert lists() == Differences([], [])


# --- The older form ---------------------------------------------------------------------------------------------------


def redirected(demo: World, cents: int = 777, **more: Any) -> Invoice:
    regie(provider="payfip_redirect")
    return invoice(demo.jamie, cents, **more)


def announced(debt: Invoice, **columns: Any) -> Attempt:
    found = attempt(debt, "announced", **columns)
    raise_anomaly("to_reconcile", attempt=found, now=NOW)
    return found


def test_an_announced_payment_is_confirmed_by_its_line(demo: World, layouts):
    debt = redirected(demo)
    doubt = announced(debt, authorisation="394492")
    assert imported(file(line(debt, 777, "394492"))).settled == Settled(confirmed=1)
    payment = Payment.objects.get()
    assert (payment.attempt, payment.cents, payment.on) == (doubt, 777, date(2026, 11, 12))
    assert (state(doubt), left(debt)) == ("paid", 0)
    assert Anomaly.objects.get().solved_at == NOW
    assert [event.code for event in doubt.events.all()] == ["statement"]
    assert OutboxMail.objects.filter(kind="receipt").count() == 1


@pytest.mark.parametrize("was", ["waiting", "expired", "cancelled", "refused"])
def test_the_statement_proves_an_operation_whose_call_back_was_lost(demo: World, layouts, was):
    debt = redirected(demo)
    lost = attempt(debt, was)
    assert imported(file(line(debt, 777))).settled == Settled(confirmed=1)
    assert (state(lost), receipts()) == ("paid", [777])


def test_another_amount_or_authorisation_confirms_nothing(demo: World, layouts):
    debt = redirected(demo)
    doubt = announced(debt, authorisation="394492")
    assert imported(file(line(debt, 700, "394492"), line(debt, 777, "111111"))).settled == Settled()
    assert why(lists()) == [ALONE[Alone.REVIEW]] * 2
    assert (state(doubt), receipts()) == ("announced", [])


def test_a_confirmed_payment_of_an_invoice_settled_meanwhile_is_a_surplus(demo: World, layouts):
    debt = redirected(demo)
    announced(debt)
    counter(debt, 777)
    assert imported(file(line(debt, 777))).settled == Settled(confirmed=1)
    assert receipts() == [777, 777]
    assert Anomaly.objects.filter(kind="overpaid", data__cents=777).count() == 1


def test_the_web_service_is_asked_again_before_a_line_is_believed(demo: World, layouts):
    debt = invoice(demo.jamie, 777)
    pending = attempt(debt, next_check_at=NOW.replace(hour=23))
    content = file(line(debt, 777))
    assert imported(content).settled == Settled()
    pending.refresh_from_db()
    assert (why(lists()), pending.next_check_at) == ([ALONE[Alone.UNDER_WAY]], NOW)
    settled(pending, told("P", at=NOW, authorisation=""))
    assert (imported(content).settled, receipts()) == (Settled(paired=1), [777])


@pytest.mark.parametrize(
    ("columns", "cents", "day", "reason"),
    [
        ({}, 778, 12, Alone.TOO_MUCH),
        ({"status": "cancelled"}, 777, 12, Alone.CLOSED),
        ({}, 777, 30, Alone.FUTURE),
        ({}, -777, 12, Alone.REJECT),
    ],
)
def test_what_is_not_certain_is_listed_and_never_forced(demo: World, layouts, columns, cents, day, reason):
    debt = invoice(demo.jamie, 777, **columns)
    assert imported(file(line(debt, cents, day=day))).settled == Settled()
    assert (why(lists()), receipts()) == ([ALONE[reason]], [])


def test_a_reference_of_nobody_of_two_years_or_of_another_regie(demo: World, layouts):
    one = invoice(demo.jamie, 777)
    Invoice.objects.filter(pk=invoice(demo.denise, 777).pk).update(reference=one.reference, exercise=2025)
    elsewhere = invoice(demo.jamie, 777, regie("loisirs", "000124", recette="T6"))
    content = file(line("2026T50099999999", 777), line(one, 777), line(elsewhere, 777))
    assert imported(content).settled == Settled()
    assert sorted(why(lists())) == sorted([ALONE[Alone.UNKNOWN], ALONE[Alone.SEVERAL], ALONE[Alone.UNKNOWN]])


def test_a_debt_handed_over_is_still_settled_by_what_the_accountant_says(demo: World, layouts):
    debt = invoice(demo.jamie, 777, status="transferred")
    save_layout(name="trésor", columns={**REGISSEUR, "means_constant": "Trésorerie"}, by=CLERK, now=NOW)
    assert imported(file(line(debt, 777)), "trésor").settled == Settled(recorded=1)
    assert Payment.objects.get().means == "treasury"


def test_a_known_payment_of_another_amount_is_said_in_both_lists(demo: World, layouts):
    debt = invoice(demo.jamie, 777)
    settled(attempt(debt), told("P", at=NOW))
    imported(file(line(debt, 770, "394492")))
    found = lists()
    assert (why(found), [one.cents for one in found.only_in_portal]) == ([ALONE[Alone.AMOUNT]], [777])


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: imported(b"n'importe quoi", "inconnu"), "Le format de relevé « inconnu » n'existe pas."),
        (lambda: imported(b"PK\x03\x04", "régisseur"), "n'est pas du texte"),
        (lambda: imported(b"Date\n2026", "banque"), "Ce fichier ne va pas avec ce réglage"),
        (
            lambda: imported(
                b"Date d'op\xc3\xa9ration,Libell\xc3\xa9,Nature,Centimes\n2026-11-13,REF X1,TROC,100\n", "banque"
            ),
            "Moyens de paiement inconnus dans ce relevé : « TROC ».",
        ),
        (lambda: save_layout(name=" ", columns=BANK, by=CLERK, now=NOW), "de 1 à 80 caractères"),
        (lambda: save_layout(name="x", columns={"date": 1}, by=CLERK, now=NOW), "Il manque la colonne"),
        (
            lambda: save_layout(name="x", columns=BANK, means={"a": "or"}, by=CLERK, now=NOW),
            "Moyen de paiement inconnu : or",
        ),
        (
            lambda: save_layout(name="x", columns={**REGISSEUR, "means_constant": "TROC"}, by=CLERK, now=NOW),
            "Le moyen « TROC » n'est pas connu",
        ),
    ],
)
def test_what_cannot_be_read_is_said_and_writes_nothing(demo: World, layouts, act, said):
    regie()
    before = Audit.objects.count()
    with pytest.raises(BillingError) as refused:
        act()
    assert said in str(refused.value)
    counts = (StatementLine.objects.count(), StatementLayout.objects.count(), Audit.objects.count())
    assert counts == (0, 2, before)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.integers(1, 400), max_size=6))
def test_what_is_recorded_is_what_was_read_and_never_above_the_debt(demo: World, amounts):
    save_layout(name="régisseur", columns=REGISSEUR, by=CLERK, now=NOW)
    debt = invoice(demo.jamie, 777)
    content = file(*(line(debt, cents) for cents in amounts))
    if not amounts:
        assert imported(content).read == 0
        return
    imported(content)
    imported(content)
    paid = 777 - left(debt)
    alone = [one for one in lists().only_in_statement if one.reference == debt.reference.replace("-", "")]
    assert paid + sum(one.cents for one in alone) == sum(amounts)
    assert all(one.cents > left(debt) for one in alone)


# --- « À vérifier » ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("was", ["announced", "review"])
def test_the_regisseur_confirms_a_doubtful_operation(demo: World, was):
    debt = invoice(demo.jamie, 777)
    doubt = attempt(debt, was, result="V")
    raise_anomaly("answer_differs", attempt=doubt, now=NOW)
    payment = confirm_attempt(attempt=doubt.public_id, reason="Vu sur le relevé", by=CLERK, now=NOW)
    assert (payment.cents, payment.means, payment.attempt, left(debt)) == (777, "debit", doubt, 0)
    assert (state(doubt), Anomaly.objects.get().answer) == ("paid", "Vu sur le relevé")
    assert OutboxMail.objects.filter(kind="receipt").count() == 1
    with pytest.raises(BillingError, match="pas, ou plus, à vérifier"):
        confirm_attempt(attempt=doubt.public_id, reason="Encore", by=CLERK, now=NOW)
    # Whatever the provider tells later, there is one payment.
    settled(doubt, told("P"))
    assert receipts() == [777]


def test_another_amount_may_be_confirmed(demo: World):
    debt = invoice(demo.jamie, 777)
    doubt = attempt(debt, "review")
    seen: dict[str, Any] = {"reason": "700 reçus", "cents": 700, "by": CLERK, "now": NOW}
    for wrong, words in ((date(26, 11, 21), "avant l'opération"), (NOW.date() + DAY, "l'avenir")):
        with pytest.raises(BillingError, match=words):
            confirm_attempt(attempt=doubt.public_id, on=wrong, **seen)
    assert receipts() == []
    confirm_attempt(attempt=doubt.public_id, on=NOW.date() - DAY, **seen)
    assert (left(debt), receipts()) == (77, [700])


def test_a_dismissed_operation_frees_the_invoice_and_the_money_may_still_come(demo: World, layouts):
    debt = redirected(demo)
    doubt = announced(debt)
    with pytest.raises(paying.PaymentRefusedError) as refused:
        begun(debt)
    assert refused.value.reason is NotPayable.ANNOUNCED
    dismiss_attempt(attempt=doubt.public_id, reason="Rien sur le relevé", by=CLERK, now=NOW)
    assert (state(doubt), receipts(), Anomaly.objects.get().answer) == ("cancelled", [], "Rien sur le relevé")
    begun(debt)
    imported(file(line(debt, 777)))
    assert receipts() == [777]


def begun(debt: Invoice) -> paying.Started:
    urls = paying.Urls("https://demo.example/n/", "https://demo.example/r/", "https://demo.example/a/")
    return paying.start(invoice=debt.public_id, email="a@b.fr", urls=urls, by=parent(debt.payer_id), now=NOW)


@pytest.mark.parametrize("was", ["waiting", "paid", "cancelled", "expired"])
def test_only_a_doubt_is_decided(demo: World, was):
    found = attempt(invoice(demo.jamie), was)
    for decide in (confirm_attempt, dismiss_attempt):
        with pytest.raises(BillingError, match="pas, ou plus, à vérifier"):
            decide(attempt=found.public_id, reason="Parce que", by=CLERK, now=NOW)
        with pytest.raises(BillingError, match="Dites pourquoi"):
            decide(attempt=found.public_id, reason=" ", by=CLERK, now=NOW)
    assert state(found) == was


# --- Towns, costs -----------------------------------------------------------------------------------------------------


def test_two_towns_are_never_mixed(world: World):
    debts = []
    for town, payer in ((world.demo, world.jamie), (world.buchelay, world.lea)):
        with in_town(town):
            save_layout(name="régisseur", columns=REGISSEUR, by=CLERK, now=NOW)
            debts.append(invoice(payer, 777))
    content = file(line(debts[0], 777))
    with in_town(world.demo):
        assert imported(content).settled == Settled(recorded=1)
    with in_town(world.buchelay):
        assert (left(debts[1]), receipts(), StatementLine.objects.count()) == (777, [], 0)
        assert imported(content).new == 1


def test_the_lists_cost_the_same_few_queries(demo: World, layouts):
    def cost(lines: int) -> int:
        debts = [invoice(demo.jamie, 777) for _ in range(lines)]
        for debt in debts:
            settled(attempt(debt), told("P", at=NOW))
        imported(file(*(line(f"2026T5009{lines}{number:03}", 500) for number in range(lines))))
        place = debts[0].regie
        with CaptureQueriesContext(connection) as queries:
            found = differences(place, FIRST, LAST, NOW.date())
        assert len(found.only_in_portal) >= lines
        assert len(found.only_in_statement) >= lines
        return len(queries)

    assert cost(1) == cost(8) <= 7


def test_a_reference_of_the_former_software_is_found_without_its_signs(demo: World, layouts):
    debt = invoice(demo.jamie, 777, reference="fac/2026 n.12_b")
    assert imported(file(line("FAC2026N12B", 777))).settled == Settled(recorded=1)
    assert left(debt) == 0
