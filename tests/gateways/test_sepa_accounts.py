"""IBAN, BIC, ICS, RUM; the days of the banks; the letters they write."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.gateways.letters import foreign_letters, plain
from portail.gateways.sepa import accounts, days

# The examples that the SWIFT registry prints, and others of public documents.
IBANS = """
    FR1420041010050500013M02606 DE89370400440532013000 BE68539007547034 CH9300762011623852957 LU280019400644750000
    ES9121000418450200051332 IT60X0542811101000000123456 PT50000201231234567890154 NL91ABNA0417164300
    GB29NWBK60161331926819 MC5811222000010123456789030 MT84MALT011000012345MTLCAST001S NO9386011117947
    AD1200012030200359100100 AL47212110090000000235698741 AT611904300234573201 BG80BNBG96611020345678
    CY17002001280000001200527600 CZ6508000000192000145399 DK5000400440116243 EE382200221020145685
    FI2112345600000785 GI75NWBK000000007099453 GR1601101250000000012300695 HR1210010051863000160
    HU42117730161111101800000000 IE29AIBK93115212345678 IS140159260076545510730339 LI21088100002324013AA
    LT121000011101001000 LV80BANK0000435195001 MD24AG000225100013104168 ME25505000012345678951
    MK07250120000058984 PL61109010140000071219812874 RO49AAAA1B31007593840000 RS35260005601001611379
    SE4550000000058398257466 SI56263300012039086 SK3112000000198742637541 SM86U0322509800000000270100
    VA59001123000012345678
""".split()  # noqa: SIM905 -- a list literal would take 44 lines


def test_every_country_has_an_example_that_passes() -> None:
    assert {iban[:2] for iban in IBANS} == set(accounts.IBAN_LENGTHS)
    assert [fault for iban in IBANS if (fault := accounts.iban_fault(iban))] == []
    assert accounts.iban_fault("fr14 2004 1010 0505 0001 3M02 606") == ""


@given(st.sampled_from(IBANS), st.data())
def test_one_wrong_character_is_always_seen(iban: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(2, len(iban) - 1))
    like = "0123456789" if iban[place].isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    other = data.draw(st.sampled_from([c for c in like if c != iban[place]]))
    assert accounts.iban_fault(iban[:place] + other + iban[place + 1 :])


@pytest.mark.parametrize(
    ("iban", "said"),
    [
        ("", "commence par deux lettres"),
        ("1420041010", "commence par deux lettres"),
        ("FR14É0041010050500013M02606", "commence par deux lettres"),
        ("US1420041010050500013M02606", "n'est pas de la zone SEPA"),
        ("FR1420041010050500013M0260", "celui-ci en a 26"),
        ("FR1420041010050500013M02607", "mal recopié"),
        ("FR14٢٠041010050500013M02606", "commence par deux lettres"),
    ],
)
def test_a_wrong_iban_is_explained(iban: str, said: str) -> None:
    assert said in accounts.iban_fault(iban)


@given(st.text(max_size=40))
def test_any_text_gets_an_answer(text: str) -> None:
    answers = [accounts.iban_fault(text), accounts.bic_fault(text), accounts.ics_fault(text), accounts.rum_fault(text)]
    assert all(isinstance(answer, str) for answer in answers)


def test_bic_ics_and_rum() -> None:
    assert accounts.bic_fault("BDFEFRPP") == accounts.bic_fault("bdfefrppcct") == ""
    assert "8 ou 11" in accounts.bic_fault("BDFEFRPPC")
    # The example of the Bundesbank; its business code (ZZZ) is not in the key.
    assert accounts.ics_fault("DE98ZZZ09999999999") == accounts.ics_fault("DE98ABC09999999999") == ""
    assert accounts.ics_fault("FR72ZZZ123456") == ""
    assert "mal recopié" in accounts.ics_fault("FR73ZZZ123456")
    assert "13 caractères" in accounts.ics_fault("FR72ZZZ1234567")
    assert accounts.rum_fault("RUM-2026/001 A") == ""
    assert "35 au plus" in accounts.rum_fault("R" * 36)
    assert "manque" in accounts.rum_fault("")


@pytest.mark.parametrize("rum", ["été", "a_b", " A", "A ", "A&B", "A\nB", "/A", "A/", "A//B"])
def test_a_mandate_reference_is_never_mended(rum: str) -> None:
    assert accounts.rum_fault(rum)


def test_the_closing_days_of_target_in_2027() -> None:
    year = [date(2027, 1, 1) + timedelta(days=n) for n in range(365)]
    closed = [day for day in year if day.weekday() < 5 and not days.is_banking_day(day)]
    # 1 May, 25 and 26 December fall on a week-end that year.
    assert closed == [date(2027, 1, 1), date(2027, 3, 26), date(2027, 3, 29)]
    assert days.is_banking_day(date(2027, 5, 6))  # Ascension: the banks work
    assert days.next_banking_day(date(2026, 12, 25)) == date(2026, 12, 28)


@pytest.mark.parametrize(
    ("collect_on", "sent_on", "notified_on", "said"),
    [
        (date(2026, 12, 10), date(2026, 12, 9), date(2026, 11, 26), ""),
        (date(2026, 12, 10), date(2026, 12, 9), date(2026, 11, 27), "14 jours avant"),
        (date(2026, 12, 10), date(2026, 12, 9), None, ""),
        (date(2026, 12, 10), date(2026, 12, 10), None, "avant le 11/12/2026"),
        (date(2026, 12, 14), date(2026, 12, 11), None, ""),
        (date(2026, 12, 12), date(2026, 12, 1), None, "n'échangent pas ; le premier jour possible est le 14/12/2026"),
    ],
)
def test_when_money_may_be_collected(collect_on: date, sent_on: date, notified_on: date | None, said: str) -> None:
    answer = days.collection_refusal(collect_on, sent_on=sent_on, notified_on=notified_on)
    assert said in answer
    assert bool(said) == bool(answer)


@given(st.dates(date(2020, 1, 1), date(2099, 1, 1)), st.integers(0, 30))
def test_the_earliest_collection_is_the_first_that_is_not_refused(told: date, notice: int) -> None:
    first = days.earliest_collection(told, notice)
    sent = told - timedelta(days=10)
    answers = {
        day: days.collection_refusal(day, sent_on=sent, notified_on=told, notice_days=notice)
        for day in (first - timedelta(days=n) for n in range(5))
    }
    assert answers.pop(first) == ""
    assert all(answers.values())


def test_a_mandate_lapses_after_36_months_without_use() -> None:
    signed = date(2023, 11, 21)
    assert not days.is_lapsed(signed, None, date(2026, 11, 20))
    assert days.is_lapsed(signed, None, date(2026, 11, 21))
    assert not days.is_lapsed(signed, date(2026, 10, 1), date(2029, 9, 30))
    assert days.is_lapsed(signed, date(2026, 10, 1), date(2029, 10, 1))


def test_letters_the_treasury_can_read() -> None:
    assert plain("Cœur d’Élodie  –  Ñandú & Łódź") == "Coeur d'Elodie - Nandu & Lodz"
    assert foreign_letters("Élodie Œuf ’ ²") == ""
    assert foreign_letters("Иван И") == "Иван"


@given(st.text())
def test_plain_text_is_ascii_and_stays_plain(text: str) -> None:
    once = plain(text)
    assert once.isascii()
    assert plain(once) == once
