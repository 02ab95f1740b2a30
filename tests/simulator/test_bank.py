import threading
from datetime import datetime

import pytest

from portail.simulator.bank import PARIS, Bank
from portail.simulator.values import Client, RefusedError
from tests.simulator.running import NOON, ORDER

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600


def refusal(act, *arguments, **named):
    """The code with which the bank says no, None when it does not."""
    try:
        act(*arguments, **named)
    except RefusedError as refused:
        return refused.code
    return None


# What happens, in order: a step is a result, « open », or a number of seconds that pass; then what `detail` tells.
LIVES = [
    ((), "P5"),
    (("open",), "P5"),
    (("open", "P"), "P"),
    (("open", "V"), "V"),
    (("open", "R"), "R"),
    (("open", "A", "P"), "P"),
    (("open", "R", "R", "V"), "V"),
    (("open", "Z", "A"), "A"),
    (("open", "W"), "W"),
    (("P",), "P"),
    ((15 * MINUTE, "open", 15 * MINUTE, "P"), "P"),
    (("open", "P", 300 * DAY), "P"),
    (("open", "P", 366 * DAY), "P1"),
    ((2 * HOUR,), "P5"),
    ((DAY,), "P1"),
    (("open", DAY), "P1"),
    (("open", "A", DAY), "A"),
]


@pytest.mark.parametrize(("steps", "told"), LIVES, ids=str)
def test_the_life_of_an_operation(bank, moments, steps, told):
    idop = bank.create(ORDER)
    for step in steps:
        if step == "open":
            bank.open(idop, "browser")
        elif isinstance(step, str):
            bank.settle(idop, step)
        else:
            moments[0] += step
    assert (refusal(bank.detail, idop) or bank.detail(idop)["resultrans"]) == told


REFUSALS = [
    (("open", "P"), "P", "P3"),
    (("V",), "R", "P3"),
    (("W",), "P", "P3"),
    ((15 * MINUTE + 1,), "P", "P4"),
    (("open", 15 * MINUTE + 1), "P", "P4"),
    (("open", "A", 15 * MINUTE + 1), "P", "P4"),
    ((DAY,), "P", "P1"),
]


@pytest.mark.parametrize(("steps", "result", "code"), REFUSALS, ids=str)
def test_what_can_no_longer_be_paid(bank, moments, steps, result, code):
    idop = bank.create(ORDER)
    for step in steps:
        if step == "open":
            bank.open(idop, "browser")
        elif isinstance(step, str):
            bank.settle(idop, step)
        else:
            moments[0] += step
    assert refusal(bank.settle, idop, result) == code
    assert refusal(bank.open, idop, "browser") == code


def test_a_late_answer_of_the_card_network_may_be_forced_but_never_over_a_payment(bank, moments):
    idop = bank.create(ORDER)
    bank.open(idop, "browser")
    moments[0] += 2 * HOUR
    assert refusal(bank.settle, idop, "P") == "P4"
    bank.settle(idop, "P", force=True)
    assert refusal(bank.settle, idop, "R", force=True) == "P3"
    assert bank.detail(idop)["resultrans"] == "P"


def test_the_same_browser_may_come_back_and_another_one_may_not(bank):
    idop = bank.create(ORDER)
    assert refusal(bank.visited, idop, "") == "P3"  # nobody has opened it: nobody is its browser
    first = bank.open(idop, "one")
    assert bank.open(idop, "one") == first
    assert refusal(bank.open, idop, "two") == "P3"
    assert refusal(bank.visited, idop, "two") == "P3"
    assert refusal(bank.visited, idop, "") == "P3"


def test_the_night_forgets_what_has_no_result_and_spares_who_is_paying(bank, moments):
    moments[0] = datetime(2026, 11, 22, 2, 50, tzinfo=PARIS).timestamp()
    paying = bank.create(ORDER)
    bank.open(paying, "browser")
    moments[0] -= 3 * HOUR
    old, done = bank.create(ORDER), bank.create(ORDER)
    bank.settle(done, "A")
    moments[0] += 3 * HOUR + 11 * MINUTE
    assert refusal(bank.detail, old) == "P1"
    assert refusal(bank.detail, paying) == "P5"
    assert bank.detail(done)["resultrans"] == "A"
    moments[0] += DAY
    assert refusal(bank.detail, paying) == "P1"


def test_two_payments_at_the_same_instant_are_one(bank):
    idop = bank.create(ORDER)
    codes: list[str | None] = []
    gate = threading.Barrier(8, timeout=20)

    def pay():
        gate.wait()
        codes.append(refusal(bank.settle, idop, "P"))

    threads = [threading.Thread(target=pay) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes, key=str) == [None, *["P3"] * 7]
    assert len(bank.notices()[idop]) == 1


def test_two_processes_over_one_file_pay_once_and_neither_fails(tmp_path):
    banks = [Bank(str(tmp_path / "bank.sqlite3"), lambda: NOON) for _ in range(2)]
    idops = [banks[0].create(ORDER) for _ in range(20)]
    codes: list[str | None] = []
    gate = threading.Barrier(2, timeout=20)

    def pay(bank):
        for idop in idops:
            gate.wait()
            codes.append(refusal(bank.settle, idop, "P"))

    threads = [threading.Thread(target=pay, args=(bank,)) for bank in banks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (codes.count(None), codes.count("P3")) == (20, 20)
    assert len({operation.numauto for operation in banks[0].store.operations()}) == 20
    for bank in banks:
        bank.store.close()


def test_a_bank_that_is_restarted_forgets_nothing(tmp_path):
    path = str(tmp_path / "bank.sqlite3")
    before = Bank(path, lambda: NOON)
    waiting, paid = before.create(ORDER), before.create(ORDER)
    before.settle(paid, "P", card="5017##########02")
    before.set_controls(skew=60.0, notices="hold")
    before.alter(paid, {"montant": "1"})
    before.add_client(Client("654321", "REGIE", "VILLE", "PRODUIT", debit=False))
    told = before.detail(paid)
    before.store.close()

    after = Bank(path, lambda: NOON)
    assert after.detail(paid) == told
    assert refusal(after.detail, waiting) == "P5"
    assert (after.now(), after.controls().notices) == (NOON + 60, "hold")
    assert after.client("654321").debit is False
    assert after.settle(waiting, "P").numauto != told["numauto"]
    after.store.close()


CHECKS = [
    ({"numcli": ""}, "T1"),
    ({"numcli": "12"}, "T1"),
    ({"numcli": "999999"}, "T2"),
    ({"saisie": "A"}, "S1"),
    ({"saisie": ""}, "S1"),
    ({"mel": ""}, "A1"),
    ({"mel": "jamie"}, "A2"),
    ({"mel": "a@b.c"}, "A2"),
    ({"mel": f"{'a' * 80}@b.fr"}, "A2"),
    ({"mel": "bad", "montant": "1"}, "A2"),  # before the amount, as the real one does
    ({"refdet": "ABCD"}, "R3"),
    ({"refdet": "2013-T5-00-26000335"}, "R3"),
    ({"refdet": "A" * 31}, "R3"),
    ({"refdet": "ÉÉÉÉÉÉ"}, "R3"),
    ({"exer": "26"}, "E3"),
    ({"montant": "4,24"}, "M1"),
    ({"montant": "٤٢٤"}, "M1"),
    ({"montant": "99"}, "M3"),
    ({"montant": "100"}, None),
    ({"montant": "9999999"}, None),
    ({"montant": "10000000"}, "M5"),
    ({"objet": "été"}, "O3"),
    ({"objet": ""}, None),
    ({"urlnotif": "demo.fr"}, "N1"),
    ({"urlnotif": f"http://demo.fr/{'a' * 250}"}, "N1"),
    ({"urlredirect": "javascript:alert(1)"}, "D1"),
]


@pytest.mark.parametrize(("wrong", "code"), CHECKS, ids=str)
def test_what_an_operation_must_be(bank, wrong, code):
    assert refusal(bank.create, ORDER | wrong) == code


def test_the_service_may_be_made_to_lie_and_to_tell_the_truth_again(bank):
    idop = bank.create(ORDER)
    bank.settle(idop, "P")
    truth = bank.detail(idop)
    bank.alter(idop, {"montant": "1", "numcli": "000124"})
    assert bank.detail(idop) == truth | {"montant": "1", "numcli": "000124"}
    bank.alter(idop, {})
    assert bank.detail(idop) == truth


def test_the_minute_of_a_payment_is_that_of_paris_in_summer_and_in_winter(bank, moments):
    for at, day, minute in [("2026-07-14T22:30", "15072026", "0030"), ("2026-12-31T23:05", "01012027", "0005")]:
        moments[0] = datetime.fromisoformat(f"{at}:00+00:00").timestamp()
        idop = bank.create(ORDER)
        bank.settle(idop, "V")
        told = bank.detail(idop)
        assert (told["dattrans"], told["heurtrans"]) == (day, minute)
        assert told["numauto"].endswith("-tip")


def test_the_web_service_says_nothing_of_the_older_form(bank):
    idop = bank.create(ORDER, "form")
    bank.settle(idop, "P")
    assert refusal(bank.detail, idop) == "P5"
