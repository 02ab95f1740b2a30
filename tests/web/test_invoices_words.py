"""The words of invoices and payments: one for every reason and state, lines explained, amounts as people write them."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from portail.billing import operations
from portail.billing.models import Payment
from portail.billing.queries.cards import Clock, InvoiceCard, LineRow, RegieCard
from portail.rules.invoicing import InvoiceStatus, NotPayable
from portail.rules.paying import AttemptState
from portail.rules.pricing import (
    Attendance,
    Bracket,
    Brackets,
    Consumed,
    Effort,
    Increase,
    Line,
    Price,
    Standing,
    Surcharge,
    SurchargeKind,
    Tariff,
    Unit,
    Why,
    explain,
    price_month,
)
from portail.towns import wording as say
from portail.towns.models import Town
from portail.web.explain import WHY, dates, explained
from portail.web.pages import labels_of
from portail.web.words_billing import (
    MEANS,
    NOT_PAYABLE,
    OUTCOMES,
    SAID_ELSEWHERE,
    Speaker,
    deadline,
    means_words,
    outcome_of,
    refused,
)
from tests.world import NOW, PARIS


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def speaker(**labels: str) -> Speaker:
    return Speaker(Clock(NOW, PARIS), labels_of(Town(labels=labels)), "01 30 00 00 00")


def card(**more: Any) -> InvoiceCard:
    regie = RegieCard("REGIE", "payfip_ws", True, "W", False, more.pop("after", ""), ("cash", "ticket-sport"))
    values: dict[str, Any] = {
        "id": 1, "public_id": uuid4(), "kind": "invoice", "status": InvoiceStatus.ISSUED, "number": "1",
        "reference": "", "label": "NOVEMBRE", "regie": regie, "issued_on": None, "due_on": date(2026, 11, 30),
        "payable_until": None, "total_cents": 100, "paid_cents": 0, "credited_cents": 0, "collected_on": None,
        "payer_name": "", "payer_address": "", "attempts": (), "refusal": None, "until": None,
    }  # fmt: skip
    return InvoiceCard(**values | more)


# --- Every reason, every state ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", list(NotPayable))
def test_every_reason_says_a_sentence_and_a_few_words(reason):
    state = refused(reason, card(), speaker())
    assert state.reason.endswith(".")
    assert state.advice == "" or state.advice.endswith(".")
    assert 0 < len(state.chip) <= 24
    assert state.kind in {"info", "good", "warn", "bad"}
    for words in (state.reason, state.advice, state.chip):
        assert "%" not in words
        assert "None" not in words


@pytest.mark.parametrize("state", list(AttemptState))
def test_every_end_says_a_title_and_a_sentence(state):
    outcome = outcome_of(state, speaker(town_hall="le SIVOS"))
    assert outcome.words.endswith(".")
    assert outcome.advice == "" or outcome.advice.endswith(".")
    assert outcome.title
    assert outcome.kind in {"info", "good", "warn", "bad"}
    assert "mairie" not in outcome.words + outcome.advice


def test_only_a_payment_that_came_is_called_accepted():
    kinds = {state: outcome_of(state, speaker()).kind for state in AttemptState}
    assert [state for state, kind in kinds.items() if kind == "good"] == [AttemptState.PAID]


def test_the_tables_of_words_hold_everything_and_nothing_else():
    assert set(NOT_PAYABLE) == set(NotPayable)
    assert set(OUTCOMES) == set(AttemptState)
    assert set(MEANS) == set(Payment.Means)
    assert set(WHY) == set(Why)
    assert means_words("ticket-sport") == "ticket-sport"


def test_after_the_deadline_the_regie_speaks_or_the_counter_does():
    late = card(payable_until=date(2026, 11, 10))
    assert plain(refused(NotPayable.DEADLINE, late, speaker()).advice) == (
        "Moyens acceptés au guichet : espèces et ticket-sport. Appelez la mairie au 01 30 00 00 00."
    )
    own = card(payable_until=date(2026, 11, 10), after="Allez à la Trésorerie.")
    assert refused(NotPayable.DEADLINE, own, speaker()).advice == "Allez à la Trésorerie."
    assert deadline(late) == "jusqu'au mardi 10 novembre 2026 inclus"
    assert deadline(card()) == ""


def test_a_direct_debit_says_its_day():
    state = refused(NotPayable.REMITTED, card(collected_on=date(2026, 12, 11)), speaker())
    assert state.reason == "Cette facture sera prélevée sur votre compte le vendredi 11 décembre 2026."


# --- Amounts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cents", "french", "english"),
    [
        (0, "0,00\u00a0€", "€0.00"),
        (5, "0,05\u00a0€", "€0.05"),
        (5687, "56,87\u00a0€", "€56.87"),
        (123456, "1\u202f234,56\u00a0€", "€1,234.56"),
        (999999999, "9\u202f999\u202f999,99\u00a0€", "€9,999,999.99"),
        (-50, "\u22120,50\u00a0€", "\u2212€0.50"),
    ],
)
def test_amounts_as_people_write_them(cents, french, english):
    with translation.override("fr"):
        assert say.money(cents) == french
    with translation.override("en"):
        assert say.money(cents) == english


@given(st.integers(-(10**9), 10**9))
def test_an_amount_reads_back(cents):
    digits = say.money(cents).replace("\u202f", "").removesuffix("\u00a0€").replace("\u2212", "-").replace(",", "")
    assert int(digits) == cents


# --- « Expliquer ma facture » -----------------------------------------------------------------------------------------

DAYS = [date(2026, 11, day) for day in (2, 3, 5, 6)]
STANDING = Standing(quotient=850, rank=2)


def row(line: Line, **more: Any) -> LineRow:
    return LineRow(
        "James BOND", "", "Cantine", "Cantine", line.quantity, line.unit_cents, line.amount_cents, line.care_cents,
        line.food_cents, line.extra_cents, explain(line) | more,
    )  # fmt: skip


def said(tariff: Tariff, *days: Consumed, standing: Standing = STANDING, **more: Any) -> list[str]:
    consumed = days or [Consumed(day, attendance=Attendance.PRESENT) for day in DAYS]
    (line,) = price_month(consumed, [tariff], lambda _day: standing).lines
    return [plain(words) for words in explained(row(line, **more)).sentences]


PRICE = Price(134, 230)


def test_a_fixed_price_says_its_parts_and_that_nothing_else_counts():
    tariff = Tariff(PRICE, name="Cantine 2026-2027", valid_from=date(2026, 9, 1))
    assert said(tariff) == [
        "Tarif « Cantine 2026-2027 », en vigueur depuis le 01/09/2026.",
        "Prix : 3,64 € par jour, dont 1,34 € de garde et 2,30 € de repas.",
        "Ce prix ne dépend pas du quotient familial.",
        "Cette ligne comprend : 5,36 € de garde et 9,20 € de repas.",
    ]


def test_a_bracket_says_the_quotient_and_which_one():
    tariff = Tariff(Brackets((Bracket(0, Price(60, 140)), Bracket(700, PRICE))))
    assert "Votre quotient familial ces jours-là : 850, soit la tranche 2." in said(tariff)
    unknown = said(tariff, standing=Standing(None))
    assert any(words.startswith("Nous n'avions pas votre quotient familial") for words in unknown)


def test_an_effort_rate_says_the_quotient():
    words = said(Tariff(Effort(Decimal("0.005"), 100, 900), unit=Unit.PRESENCE))
    assert "Votre quotient familial ces jours-là : 850." in words


def test_reductions_shares_and_residence_are_told():
    words = said(Tariff(PRICE, rank_reductions=(Decimal(0), Decimal("12.5"))))
    assert "Réduction de 12,5 % : 2e enfant de la famille." in words
    assert "Votre part de ces jours : 50 %. Le reste est à l'autre payeur." in said(Tariff(PRICE), share="1/2")
    assert "Votre part de ces jours : 33,33 %. Le reste est à l'autre payeur." in said(Tariff(PRICE), share="1/3")
    outside = said(Tariff(PRICE, outside=Increase(Decimal(20))), standing=Standing(resident=False))
    assert "C'est le prix des familles qui n'habitent pas la commune." in outside
    assert "Ce prix ne dépend pas du quotient familial." not in outside


def test_each_unit_has_its_words():
    half = Consumed(DAYS[0], attendance=Attendance.PRESENT, minutes=70)
    assert "Prix : 3,64 € par demi-heure commencée, dont" in said(Tariff(PRICE, unit=Unit.HALF_HOUR), half)[0]
    assert "Prix : 3,64 € pour le mois, dont" in said(Tariff(PRICE, unit=Unit.MONTH))[0]


SURCHARGES = {
    "majoration : 2,00 €": Surcharge(SurchargeKind.CENTS, Decimal(200)),
    "majoration : 25 %": Surcharge(SurchargeKind.PERCENT, Decimal(25)),
    "prix multiplié par 1,5": Surcharge(SurchargeKind.MULTIPLIER, Decimal("1.5")),
}


@pytest.mark.parametrize("words", SURCHARGES)
def test_each_day_says_its_presence_and_its_surcharge(words):
    late = Consumed(DAYS[0], late=True, attendance=Attendance.PRESENT)
    (line,) = price_month([late], [Tariff(PRICE, late=SURCHARGES[words])], lambda _day: STANDING).lines
    (day,) = explained(row(line)).days
    assert (day.words, day.why, plain(day.note)) == ("lundi 2 novembre", "présent, réservé hors délai", words)


def test_half_hours_are_counted_by_day():
    half = Consumed(DAYS[0], attendance=Attendance.PRESENT, minutes=70)
    (line,) = price_month([half], [Tariff(PRICE, unit=Unit.HALF_HOUR)], lambda _day: STANDING).lines
    assert explained(row(line)).days[0].note == "3 demi-heures"


@pytest.mark.parametrize(
    "detail", [{}, {"days": None}, {"days": [{}]}, {"days": [{"day": "x"}]}, {"carried": True}, []]
)
def test_a_line_without_days_is_simply_shown(detail):
    found = explained(LineRow("", "", "", "Report de octobre 2026", 1, 329, 329, 0, 329, 0, detail))
    assert (found.label, found.days, found.days_words) == ("Report de octobre 2026", [], "")
    assert [plain(words) for words in found.sentences] == ["Cette ligne comprend : 3,29 € de repas."]


def test_free_days_and_a_reason_are_told():
    free = [["2026-11-05", "justified_free"], ["2026-11-04", "not_expected"], ["2026-11-09", "absent_free"]]
    detail = {"days": [{"day": "2026-11-06", "why": ["present"]}], "free": free, "reason": "Erreur de saisie"}
    found = explained(LineRow("", "", "", "Cantine", 1, 329, 329, 0, 329, 0, detail))
    assert [(day.words, day.why) for day in found.days] == [
        ("jeudi 5 novembre", "absent, justifié, non facturé"),
        ("vendredi 6 novembre", "présent"),
        ("lundi 9 novembre", "absent, non facturé"),
    ]
    assert found.days_words == "6 novembre"
    assert found.sentences[-1] == "Motif : Erreur de saisie"


def test_days_are_listed_month_by_month():
    assert dates(DAYS) == "2, 3, 5 et 6 novembre"
    assert dates([date(2026, 12, 1), date(2026, 11, 30)]) == "30 novembre ; 1er décembre"
    assert dates([]) == ""


@given(
    days=st.lists(
        st.builds(
            Consumed,
            st.dates(date(2026, 11, 1), date(2026, 11, 30)),
            st.booleans(),
            st.booleans(),
            st.sampled_from(Attendance),
            st.none() | st.integers(0, 600),
        ),
        unique_by=lambda consumed: consumed.day,
    ),
    unit=st.sampled_from(Unit),
    quotient=st.none() | st.integers(0, 5000),
)
def test_whatever_the_rules_keep_can_be_told(days, unit, quotient):
    surcharge = Surcharge(SurchargeKind.CENTS, Decimal(100), 2)
    scale = Brackets((Bracket(0, PRICE), Bracket(900, Price(200, 200))))
    tariff = Tariff(scale, unit=unit, name="T", late=surcharge, unbooked=surcharge)
    for line in price_month(days, [tariff], lambda _day: Standing(quotient)).lines:
        found = explained(row(line, share=str(Fraction(1, 3))))
        assert len(found.days) == len(line.days)
        assert all(day.why for day in found.days)
        assert all(words.endswith(".") and "%(" not in words for words in found.sentences)


def test_what_the_operations_say_is_marked_word_for_word():
    root = Path(operations.__file__).parent
    source = (root / "emails.py").read_text() + (root / "paying.py").read_text()
    assert [sentence for sentence in SAID_ELSEWHERE if sentence not in source] == []
