"""`portail payment` and `portail payfip`: money at the counter, and online payments that somebody must look at."""

import re
from datetime import date
from pathlib import Path

import pytest

from portail import billing
from portail.billing.models import Anomaly, Attempt, BilledActivity, Invoice, Payment, Regie
from portail.billing.operations.money import raise_anomaly
from portail.billing.operations.paying import announce
from portail.billing.operations.statements.deciding import KINDS
from portail.billing.providers import Trouble
from portail.billing.wording import ATTEMPT_STATES, PAYMENT_ANOMALIES, RunAnomaly
from portail.bookings.models import Activity
from portail.console.chores import SWEPT_AT_ONCE
from portail.news.models import OutboxMail
from portail.rules.paying import AttemptState
from portail.towns.models import Audit
from tests.billing import payfip
from tests.billing.payfip import DAY, MINUTE, invoice, pay_online, regie, settled, simulated_bank, state, told
from tests.world import NOW, World

pytestmark = pytest.mark.usefixtures("frozen")
DEMO = ("--town", "demo")
BILLING = Path(billing.__file__).parent
IDOP = "k" * 32  # of the older form: what makes the address of the call-back unguessable


def plain(lines: list[str]) -> list[str]:
    return [line.replace("\u202f", " ").replace("\u00a0", " ") for line in lines]


def number(debt: Invoice) -> str:
    return str(debt.number)


def left(debt: Invoice) -> int:
    return Invoice.objects.get(pk=debt.pk).left_cents


# ── guichet ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_cheque_pays_two_invoices_in_their_order(demo: World, run):
    first, second = invoice(demo.jamie, 1000), invoice(demo.jamie, 500)
    words = ("--invoice", number(first), "--invoice", number(second), "--means", "cheque", "--amount", "12,00")
    said = plain(run("payment", "record", *DEMO, *words, "--on", "12/11/2026", "--reference", "n° 0012345"))
    assert said == [
        "Reçu n° 2026-000001, Régie peri : 12,00 € de Jamie BOND.",
        f"{first.number}  Jamie BOND  10,00 €, reste 0,00 €  émise, échéance 16/12/2026 – Cantine de novembre",
        f"{second.number}  Jamie BOND  5,00 €, reste 3,00 €  émise, échéance 16/12/2026 – Cantine de novembre",
    ]
    payment = Payment.objects.get()
    assert (payment.means, payment.on, payment.reference) == ("cheque", date(2026, 11, 12), "n° 0012345")
    assert Audit.objects.get(verb="record_payment").actor == "Mairie (console)"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--amount", "8,00"), "Ce règlement dépasse ce qui reste à payer."),
        (("--amount", "0"), "Le montant doit être plus grand que zéro."),
        (("--amount", "douze"), "« douze » n'est pas un montant : écrivez 12,34."),
        (("--amount", "1,234"), "« 1,234 » n'est pas un montant"),
        (("--amount=-1",), "« -1 » n'est pas un montant"),
        (("--amount", "1", "--on", "17/11/2026"), "La date du règlement est dans l'avenir."),
        (("--amount", "1", "--means", "or"), "'or' n'existe pas ; au choix"),
        (("--amount", "1", "--means", "cesu"), "Indiquez l'émetteur et le numéro du CESU."),
        (("--amount", "1", "--means", "cesu", "--reference", "Up 1"), "Seuls 0,00\u00a0€ de ces factures"),
        (("--amount", "1", "--means", "virement"), "n'accepte pas ce moyen de paiement."),
        (("--amount", "1", "--reference", "x" * 61), "La référence dépasse 60 caractères."),
        (("--amount", "1", "--comment", "x" * 201), "La remarque dépasse 200 caractères."),
        (("--amount", "1", "--invoice", "2026-9"), "Aucune facture ne porte le numéro « 2026-9 »."),
    ],
)
def test_a_payment_that_cannot_be_is_said(demo: World, fail, words, sentence):
    place = regie(means=["cash", "cheque", "cesu"])
    debt = invoice(demo.jamie, 777, place)
    assert sentence in fail("payment", "record", *DEMO, "--invoice", number(debt), "--means", "especes", *words)
    assert (left(debt), Payment.objects.count()) == (777, 0)


def test_cesu_pay_care(demo: World, run):
    debt = invoice(demo.jamie, 1000)
    soir = Activity.objects.get(code="soir")
    BilledActivity.objects.create(activity=soir, regie=debt.regie, cesu=BilledActivity.Cesu.ALL)
    amounts = {"unit_cents": 1000, "amount_cents": 1000, "care_cents": 800, "food_cents": 200, "extra_cents": 0}
    debt.lines.create(position=1, label="Soir", quantity=1, person=demo.james, activity=soir, **amounts)
    words = ("--invoice", number(debt), "--means", "cesu", "--amount", "8", "--reference", "Up 123")
    assert len(run("payment", "record", *DEMO, *words)) == 2
    assert left(debt) == 200


def test_what_exceeds_is_kept_then_used_or_given_back(demo: World, run, fail):
    first, second = invoice(demo.jamie, 700), invoice(demo.jamie, 500)
    words = ("--invoice", number(first), "--means", "especes", "--amount", "20", "--keep-change")
    run("payment", "record", *DEMO, *words)
    receipt = ("--receipt", "2026-000001")
    assert plain(run("payment", "allocate", *DEMO, *receipt, "--invoice", number(second))) == [
        f"5,00 € du reçu 2026-000001 paient la facture {second.number}."
    ]
    assert "pas disponible" in fail("payment", "refund", *DEMO, *receipt, "--amount", "8,01", "--reason", "Demande")
    assert plain(run("payment", "refund", *DEMO, *receipt, "--amount", "8", "--reason", "Demande")) == [
        "Remboursement n° 2026-000002 : 8,00 € à virer à Jamie BOND."
    ]
    assert (left(first), left(second)) == (0, 0)


def test_a_rejected_debit_opens_the_debt_again_and_tells_the_payer(demo: World, run, fail):
    debt = invoice(demo.jamie, 777)
    type(demo.jamie).objects.filter(pk=demo.jamie.pk).update(email="jamie@example.org")
    run("payment", "record", *DEMO, "--invoice", number(debt), "--means", "cheque", "--amount", "7,77")
    words = ("--receipt", "2026-000001", "--reason", "prélèvement rejeté")
    assert plain(run("payment", "reverse", *DEMO, *words)) == [
        "Le reçu 2026-000001 est annulé par le reçu 2026-000002 : −7,77 €.",
        f"{debt.number}  Jamie BOND  7,77 €, reste 7,77 €  émise, échéance 16/12/2026 – Cantine de novembre",
    ]
    assert OutboxMail.objects.get().to == "jamie@example.org"
    assert fail("payment", "reverse", *DEMO, *words) == "Ce règlement est déjà annulé."
    assert fail("payment", "reverse", *DEMO, "--receipt", "7", "--reason", "x") == (
        "Aucun règlement n'a le reçu « 7 »."
    )


def test_a_receipt_number_that_two_regies_gave(demo: World, run, fail):
    first, second = invoice(demo.jamie, 100), invoice(demo.jamie, 100, regie("loisirs", "000124", recette="T6"))
    for debt in (first, second):
        run("payment", "record", *DEMO, "--invoice", number(debt), "--means", "especes", "--amount", "1")
    words = ("--receipt", "2026-000001", "--reason", "erreur")
    assert fail("payment", "reverse", *DEMO, *words) == (
        "Le reçu 2026-000001 existe dans plusieurs régies, ajoutez --regie : loisirs, peri."
    )
    run("payment", "reverse", *DEMO, *words, "--regie", "loisirs")
    assert (left(first), left(second)) == (0, 100)


def test_payments_are_listed_with_their_total(demo: World, run, fail):
    mine, hers = invoice(demo.jamie, 1000), invoice(demo.denise, 500)
    words = ("--means", "especes", "--amount")
    run("payment", "record", *DEMO, "--invoice", number(mine), *words, "12", "--keep-change", "--comment", "merci")
    run("payment", "record", *DEMO, "--invoice", number(hers), *words, "5,00", "--on", "31/10/2026")
    run("payment", "reverse", *DEMO, "--receipt", "2026-000002", "--reason", "erreur")
    paid = f"pour {mine.number} (10,00 €)  hors facture 2,00 €  merci"
    assert plain(run("payment", "list", *DEMO, "--payer", "bond")) == [
        f"16/11/2026  peri  reçu 2026-000001  Jamie BOND  espèces  12,00 €  {paid}",
        "Total : 12,00 € (espèces 12,00 €).",
        "1 règlement du 1er novembre 2026 au 16 novembre 2026.",
    ]
    said = plain(run("payment", "list", *DEMO, "--from", "01/10/2026", "--regie", "peri"))
    assert said[0].startswith("31/10/2026  peri  reçu 2026-000002  Denise MARSONE  espèces  5,00 €  pour ")
    assert "annule le reçu 2026-000002" in said[2]
    assert said[3:] == ["Total : 12,00 € (espèces 12,00 €).", "3 règlements du 1er octobre 2026 au 16 novembre 2026."]
    assert run("payment", "list", *DEMO, "--to", "30/09/2026") == [
        "0 règlement du 1er septembre 2026 au 30 septembre 2026."
    ]
    assert fail("payment", "list", *DEMO, "--from", "17/11/2026") == "Le premier jour vient après le dernier."


# ── en ligne ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_lost_notification_is_found_by_hand(demo: World, run, settings, frozen):
    with simulated_bank(settings) as bank:
        debts = [invoice(demo.jamie, 777 + n) for n in range(SWEPT_AT_ONCE + 1)]
        for debt in debts:
            assert bank.pay(pay_online(debt, bank).idop, "P")
        assert run("payfip", "sweep", *DEMO) == ["0 opération relue.", "Rien à vérifier."]  # too early to ask
        frozen.move_to(bank.clock.advance(5 * MINUTE))
        assert run("payfip", "sweep", *DEMO) == [f"{len(debts)} opérations relues.", "Rien à vérifier."]
        assert run("payfip", "sweep", *DEMO)[0] == "0 opération relue."
    assert [left(debt) for debt in debts] == [0] * len(debts)


def announced(debt: Invoice) -> Attempt:
    """An operation of the older form that a call-back said paid, which nobody can verify."""
    attempt = Attempt.objects.create(
        ticket="LPS2345678", invoice=debt, payer=debt.payer, provider=Regie.Provider.PAYFIP_REDIRECT, numcli="000125",
        mode="T", reference="2026T50026000001", exercise=2026, cents=777, email="jamie@example.org", idop=IDOP,
        state=AttemptState.WAITING, created_at=NOW,
    )  # fmt: skip
    raw = {"numcli": "000125", "exer": "2026", "refdet": attempt.reference, "montant": "777", "resultrans": "P",
           "numauto": "394492", "dattrans": "15112026", "heurtrans": "1012", "mel": "jamie@example.org",
           "saisie": "T", "objet": "x"}  # fmt: skip
    found = announce(token=IDOP, raw=raw, now=NOW)
    assert found is not None
    assert found.state == AttemptState.ANNOUNCED
    return found


def test_an_announced_payment_is_listed_then_confirmed(demo: World, run, fail):
    debt = invoice(demo.jamie, 777)
    attempt = announced(debt)
    doubt = Anomaly.objects.get()
    said = plain(run("payfip", "list", *DEMO))
    assert said == [
        f"[{str(doubt.public_id)[:8]}] annoncé payé par l'ancien formulaire : à rapprocher du relevé",
        f"    ticket LPS2345678 (annoncée payée), Jamie BOND, 7,77 €, facture {debt.number}, Régie peri",
        "    authorisation : 394492",
        "1 ligne à vérifier.",
    ]
    assert "à trancher" in fail("payfip", "solve", *DEMO, "--entry", str(doubt.public_id), "--answer", "vu")
    words = ("--ticket", "lps2345678", "--reason", "au relevé du 16")
    said = plain(run("payfip", "confirm", *DEMO, *words, "--amount", "7,77", "--on", f"{NOW:%d/%m/%Y}"))
    assert said[0] == "Payé : reçu n° 2026-000001, 7,77 € ; le ticket part par courriel."
    assert "reste 0,00 €" in said[1]
    assert (state(attempt), left(debt), OutboxMail.objects.get().kind) == ("paid", 0, "receipt")
    assert run("payfip", "list", *DEMO) == ["Rien à vérifier."]
    assert fail("payfip", "dismiss", *DEMO, *words) == "Cette opération n'est pas, ou plus, à vérifier."


def test_an_answer_that_differs_is_dismissed(demo: World, run, fail):
    debt = invoice(demo.jamie, 777)
    attempt = announced(debt)
    Attempt.objects.filter(pk=attempt.pk).update(state=AttemptState.WAITING)
    settled(attempt, told(faithful=False))
    assert state(attempt) == "review"
    words = ("--ticket", "LPS2345678", "--reason")
    assert fail("payfip", "dismiss", *DEMO, *words, " ").startswith("Dites pourquoi")
    said = run("payfip", "dismiss", *DEMO, *words, "rien au relevé")
    assert said[0] == "L'opération LPS2345678 n'a rien rapporté : la facture peut de nouveau être payée."
    assert (state(attempt), left(debt)) == ("cancelled", 777)
    assert fail("payfip", "confirm", *DEMO, "--ticket", "ZZZ", "--reason", "x") == (
        "Aucune opération de paiement n'a le ticket « ZZZ »."
    )


def test_a_line_that_only_wants_to_be_seen_is_answered(demo: World, run, fail):
    debt = invoice(demo.jamie, 777)
    attempt = announced(debt)
    run("payfip", "dismiss", *DEMO, "--ticket", attempt.ticket, "--reason", "essai")
    raise_anomaly("provider_down", attempt=attempt, now=NOW + DAY, label="PayFiP est en maintenance.")
    doubt = Anomaly.objects.get(solved_at__isnull=True)
    mark = str(doubt.public_id)[:8]
    assert "    label : PayFiP est en maintenance." in run("payfip", "list", *DEMO)
    assert fail("payfip", "solve", *DEMO, "--entry", "zz", "--answer", "vu").startswith("« zz » ne désigne pas")
    assert run("payfip", "solve", *DEMO, "--entry", mark, "--answer", " vu ") == [f"[{mark}] réglée : vu"]
    assert run("payfip", "list", *DEMO) == ["Rien à vérifier."]


def test_what_is_about_no_operation_is_listed_too(demo: World, run):
    doubt = Anomaly.objects.create(kind="unprintable", payer=demo.jamie, data={"document": "x"}, at=NOW)
    said = "\n".join(run("payfip", "list", *DEMO))
    assert "ce document ne peut pas être imprimé" in said
    assert "Jamie BOND" in said
    run("payfip", "solve", *DEMO, "--entry", str(doubt.public_id)[:8], "--answer", "Police ajoutée")
    assert Anomaly.objects.get().solved_at is not None


def test_every_state_and_every_doubt_has_words():
    assert set(ATTEMPT_STATES) == set(AttemptState)
    assert not set(PAYMENT_ANOMALIES) & set(RunAnomaly)
    source = "".join(path.read_text(encoding="utf-8") for path in BILLING.rglob("*.py"))
    raised = set(re.findall(r'(?:raise_anomaly\(|Anomaly[^\n]*kind=)"([a-z_]+[a-z])"', source))
    providers = {f"provider_{trouble.value}" for trouble in Trouble if trouble is not Trouble.EMAIL}
    assert {"overpaid", "reopened_titre", "answer_differs"} <= raised
    assert raised | providers | set(KINDS) <= set(PAYMENT_ANOMALIES)


def test_the_other_town_sees_nothing(demo: World, run, fail):
    debt = invoice(demo.jamie, 777)
    announced(debt)
    assert run("payfip", "list", "--town", "buchelay") == ["Rien à vérifier."]
    for words in (("--invoice", number(debt), "--means", "especes", "--amount", "1"),):
        assert fail("payment", "record", "--town", "buchelay", *words).startswith("Aucune facture ne porte")
    assert fail("payfip", "confirm", "--town", "buchelay", "--ticket", "LPS2345678", "--reason", "x").startswith(
        "Aucune opération"
    )
    assert (left(debt), payfip.receipts()) == (777, [])
