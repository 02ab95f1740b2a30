"""Direct debit files: valid or refused with a sentence, and never a cent lost."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portail.gateways.sepa import pain008
from portail.gateways.sepa.pain008 import Version, build, dft_file_name, schema_faults
from portail.gateways.sepa.remittance import Creditor, Debit, Remittance, SepaError, Stage, faults_of, sepa_text
from portail.gateways.sepa.transfers import transfer_qr_text

FR, DE, CH = "FR1420041010050500013M02606", "DE89370400440532013000", "CH9300762011623852957"
TOWN = Creditor("Régie périscolaire de Buchelay", "FR72ZZZ123456", FR, "BDFEFRPPCCT", siret="21780118000017")
DEBIT = Debit(
    rum="BUC-0001",
    signed_on=date(2025, 9, 1),
    iban="FR14 2004 1010 0505 0001 3M02 606",
    holder="Élodie Cœur",
    cents=777,
    end_to_end_id="2013-019-000345",
    label="Cantine & garderie d’octobre",
    stage=Stage.FIRST,
)
REMITTANCE = Remittance("PRE-2026-11-01", datetime(2026, 11, 20, 9, tzinfo=UTC), date(2026, 12, 10), TOWN, [DEBIT])
OTHER = replace(DEBIT, rum="BUC-0002", end_to_end_id="2013-019-000346", cents=10_000, stage=Stage.RECURRENT)


def read(content: bytes, path: str) -> list[str]:
    root = ET.fromstring(content)  # noqa: S314 -- our own bytes
    name = root.tag.split("}")[0].strip("{")
    return [found.text or "" for found in root.findall(path.replace("//", ".//x:").replace("/>", "/x:"), {"x": name})]


@pytest.mark.parametrize("version", Version)
def test_a_file_says_what_it_was_told(version: Version) -> None:
    content = build(replace(REMITTANCE, debits=[DEBIT, OTHER, replace(OTHER, end_to_end_id="F3", cents=1)]), version)
    assert read(content, "//NbOfTxs") == ["3", "1", "2"]
    assert read(content, "//CtrlSum") == ["107.78", "7.77", "100.01"]
    assert read(content, "//InstdAmt") == ["7.77", "100.00", "0.01"]
    assert read(content, "//SeqTp") == ["FRST", "RCUR"]
    assert read(content, "//PmtInfId") == ["PRE-2026-11-01-FRST", "PRE-2026-11-01-RCUR"]
    assert read(content, "//Dbtr/>Nm")[0] == "Elodie Coeur"
    assert read(content, "//Ustrd")[0] == "Cantine + garderie d'octobre"
    assert read(content, "//DbtrAcct/>Id/>IBAN")[0] == FR
    assert schema_faults(content, version) == []
    assert build(replace(REMITTANCE, debits=[DEBIT]), version) == build(REMITTANCE, version)


def test_the_treasury_gets_the_siret_and_the_holder_a_bank_does_not() -> None:
    treasury, bank = build(REMITTANCE), build(replace(REMITTANCE, creditor=replace(TOWN, siret="")))
    assert read(treasury, "//OrgId/>Othr/>Id") == ["21780118000017"]
    assert read(treasury, "//CdtrAcct/>Nm") == ["Regie periscolaire de Buchelay"]
    assert read(bank, "//OrgId/>Othr/>Id") == ["FR72ZZZ123456"]
    assert read(bank, "//CdtrAcct/>Nm") == []


def test_a_bank_that_is_not_named_is_said_not_provided() -> None:
    assert read(build(REMITTANCE), "//DbtrAgt/>FinInstnId/>Othr/>Id") == ["NOTPROVIDED"]
    named = replace(REMITTANCE, debits=[replace(DEBIT, bic="PSSTFRPPPAR")])
    assert read(build(named), "//DbtrAgt/>FinInstnId/>BIC") == ["PSSTFRPPPAR"]
    assert read(build(named, Version.V08), "//DbtrAgt/>FinInstnId/>BICFI") == ["PSSTFRPPPAR"]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"rum": "x" * 36}, "la RUM a 36 caractères"),
    ({"rum": "été"}, "la RUM a un caractère interdit"),
    ({"iban": "FR1420041010050500013M02607"}, "l'IBAN est mal recopié"),
    ({"iban": CH}, "le BIC est obligatoire"),
    ({"bic": "ABC"}, "le BIC a 8 ou 11 caractères"),
    ({"holder": ""}, "le titulaire manque"),
    ({"holder": "Иванов"}, "ne s'écrit pas en lettres latines (Ивано)"),
    ({"cents": 0}, "le montant va de 0,01 €"),
    ({"cents": -1}, "le montant va de 0,01 €"),
    ({"cents": 100_000_000_000}, "le montant va de 0,01 €"),
    ({"end_to_end_id": ""}, "la référence manque"),
    ({"label": "  "}, "le libellé est vide"),
    ({"signed_on": date(2026, 12, 11)}, "ne peut être signé le 11/12/2026"),
    ({"signed_on": date(2009, 10, 31)}, "ne peut être signé le 31/10/2009"),
]


@pytest.mark.parametrize(("change", "said"), WRONG)
def test_a_wrong_debit_is_named_and_no_file_is_made(change: dict[str, Any], said: str) -> None:
    with pytest.raises(SepaError) as refused:
        build(replace(REMITTANCE, debits=[OTHER, replace(DEBIT, **change)]))
    assert said in str(refused.value)
    reference = change.get("end_to_end_id", DEBIT.end_to_end_id) or "2"
    assert all(fault.startswith((f"Prélèvement {reference} ", "Remise")) for fault in refused.value.faults)


@pytest.mark.parametrize(
    ("remittance", "said"),
    [
        (replace(REMITTANCE, debits=[]), "ne contient aucun prélèvement"),
        (replace(REMITTANCE, identifier="x" * 31), "dépasse 30"),
        (replace(REMITTANCE, identifier=""), "l'identifiant de la remise manque"),
        (replace(REMITTANCE, collect_on=date(2026, 12, 12)), "les banques n'échangent pas"),
        (replace(REMITTANCE, collect_on=date(2026, 11, 19)), "est passé"),
        (replace(REMITTANCE, creditor=replace(TOWN, ics="FR73ZZZ123456")), "Créancier : l'ICS est mal recopié"),
        (replace(REMITTANCE, creditor=replace(TOWN, siret="123")), "le SIRET a 14 chiffres"),
        (replace(REMITTANCE, creditor=replace(TOWN, bic="")), "Créancier : le BIC"),
        (replace(REMITTANCE, creditor=replace(TOWN, name="")), "Créancier : le nom manque"),
        (replace(REMITTANCE, debits=[DEBIT, replace(OTHER, end_to_end_id=DEBIT.end_to_end_id)]), "sert 2 fois"),
        (replace(REMITTANCE, debits=[DEBIT, replace(DEBIT, end_to_end_id="X")]), "un seul par remise"),
        (replace(REMITTANCE, debits=[OTHER, replace(OTHER, end_to_end_id="X", iban=DE)]), "plusieurs comptes"),
        (replace(REMITTANCE, debits=[replace(OTHER, cents=99_999_999_999), DEBIT]), "le total dépasse"),
    ],
)
def test_a_wrong_remittance_is_refused(remittance: Remittance, said: str) -> None:
    with pytest.raises(SepaError) as refused:
        build(remittance)
    assert said in str(refused.value)


def test_all_faults_are_said_at_once() -> None:
    wrong = replace(DEBIT, rum="", cents=0, iban="FR00")
    assert len(faults_of(replace(REMITTANCE, debits=[wrong, OTHER], collect_on=date(2026, 12, 12)))) == 4


def test_the_schema_really_bites() -> None:
    content = build(REMITTANCE)
    assert schema_faults(content, Version.V02) == []
    assert schema_faults(content.replace(b"<SeqTp>FRST", b"<SeqTp>ELSE"), Version.V02)
    assert schema_faults(content.replace(b"DtOfSgntr", b"SignedOn"), Version.V02)
    assert schema_faults(content, Version.V08)  # the other version is another namespace


def test_what_our_checks_would_miss_the_schema_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pain008, "faults_of", lambda _: [])
    with pytest.raises(SepaError, match=r"le schéma pain\.008\.001\.02 refuse"):
        build(replace(REMITTANCE, debits=[replace(DEBIT, holder="")]))


DEBITS = st.builds(
    Debit,
    rum=st.text("AZaz09-/+. é", max_size=36),
    signed_on=st.dates(date(2009, 1, 1), date(2027, 1, 1)),
    iban=st.sampled_from([FR, FR, DE, CH, "FR76"]),
    holder=st.text(max_size=90),
    cents=st.integers(-2, 10**6) | st.just(99_999_999_999),
    end_to_end_id=st.text("AZaz09-/", max_size=36),
    label=st.text(min_size=1, max_size=200),
    stage=st.sampled_from(Stage),
    bic=st.sampled_from(["", "PSSTFRPPPAR", "PSST"]),
)
GOOD = st.builds(
    Debit,
    rum=st.integers(1, 10**9).map("RUM-{}".format),
    signed_on=st.dates(date(2010, 1, 1), date(2026, 12, 1)),
    iban=st.sampled_from([FR, DE]),
    holder=st.text().map(lambda text: "x" + "".join(c for c in text if c.isascii() or c in "éÉœ’"))
    | st.just("O'Neill & Fils <b>]]>"),
    cents=st.integers(1, 10**8),
    end_to_end_id=st.uuids().map(lambda drawn: drawn.hex),
    label=st.text().map("L{}".format),
    stage=st.sampled_from(Stage),
    bic=st.sampled_from(["", "PSSTFRPPPAR"]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(DEBITS, max_size=3), st.sampled_from(Version))
def test_valid_or_refused_with_a_sentence(debits: list[Debit], version: Version) -> None:
    faults = faults_of(replace(REMITTANCE, debits=debits))
    if faults:
        with pytest.raises(SepaError) as refused:
            build(replace(REMITTANCE, debits=debits), version)
        assert refused.value.faults == tuple(faults)
        assert all(fault.endswith(".") for fault in faults)
    else:
        assert schema_faults(build(replace(REMITTANCE, debits=debits), version), version) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(GOOD, min_size=1, max_size=5, unique_by=lambda debit: debit.rum), st.sampled_from(Version))
def test_sums_are_exact(debits: list[Debit], version: Version) -> None:
    content = build(replace(REMITTANCE, debits=debits), version)
    amounts = sorted(int(Decimal(text) * 100) for text in read(content, "//InstdAmt"))
    assert amounts == sorted(debit.cents for debit in debits)
    whole, *lots = (int(Decimal(text) * 100) for text in read(content, "//CtrlSum"))
    assert whole == sum(lots) == sum(amounts)
    assert len(lots) == len({debit.stage for debit in debits})


@given(st.text(), st.integers(1, 140))
def test_texts_hold_only_what_every_bank_takes(text: str, longest: int) -> None:
    kept = sepa_text(text, longest)
    assert len(kept) <= longest
    assert set(kept) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")
    assert kept == kept.strip()


def test_the_name_of_a_file_for_the_treasury() -> None:
    assert dft_file_name("078012", date(2026, 1, 1), 1) == "078012-DFT-SDD-26001-001.xml"
    assert dft_file_name("078012", date(2026, 12, 31), 42) == "078012-DFT-SDD-26365-042.xml"
    for service, rank in (("a/b", 1), ("", 1), ("078012", 0), ("078012", 1000)):
        with pytest.raises(SepaError):
            dft_file_name(service, date(2026, 1, 1), rank)


def test_the_text_of_a_transfer() -> None:
    text = transfer_qr_text(name="Régie de Buchelay", iban=FR, cents=777, text="2013-019-000345")
    assert text.split("\n") == (
        ["BCD", "002", "1", "SCT", "", "Regie de Buchelay", FR, "EUR7.77", "", "", "2013-019-000345"]
    )
    longest = transfer_qr_text(name="N" * 99, iban=FR, cents=99_999_999_999, text="T" * 200, bic="BDFEFRPPCCT")
    assert len(longest.encode()) <= 331
    with pytest.raises(SepaError, match="IBAN"):
        transfer_qr_text(name="N", iban="FR76", cents=1, text="T")
    with pytest.raises(SepaError, match="montant"):
        transfer_qr_text(name="N", iban=FR, cents=0, text="T")
