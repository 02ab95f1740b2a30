"""Titres and rolls for Hélios: what the file says, what is refused, and the keys of a debt."""

import csv
import io
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portail.gateways.helios.checks import faults_of
from portail.gateways.helios.editors import COLUMNS, csv_of
from portail.gateways.helios.keys import LETTERS, key_1, key_2
from portail.gateways.helios.pes import NAMESPACE, build
from portail.gateways.helios.texts import upper
from portail.gateways.helios.values import (
    BY_TWO_MONTHS,
    Account,
    Bordereau,
    BordereauKind,
    Corrected,
    Debtor,
    DirectDebit,
    Edition,
    HeliosError,
    Issuer,
    Line,
    PeriodTable,
    PesFile,
    Piece,
    PieceKind,
    PieceNature,
)
from portail.gateways.sepa.remittance import Stage

ISSUER = Issuer("078012", "21780118000017", "217", "00", "Commune de Buchelay", "PORTAIL", "Les parents services 0.1")
LINES = [Line("Cantine d’octobre", "CANT", "588", 700), Line("Garderie", "gar", "588", 77)]
DEBTOR = Debtor("Mme", "Cœur-Lévêque", "Élodie", "12, rue de l’Église", "78200", "Buchelay")
PIECE = Piece(
    1, PieceKind.ORMC, PieceNature.OPERATING, "Octobre 2026", 777, LINES, DEBTOR, debt="201926000345", period=5
)
SECOND = replace(PIECE, number=2, debt="201926000346", cents=100, lines=[Line("Cantine", "CANT", "588", 100)])
ROLL = Bordereau(2026, 7, BordereauKind.ORMC, date(2026, 11, 5), "Factures d'octobre", 877, [PIECE, SECOND])
FILE = PesFile("ORMC2026007.xml", date(2026, 11, 6), ISSUER, ROLL)
DEBIT = DirectDebit(
    "BUC-0001", date(2025, 9, 1), Stage.RECURRENT, date(2026, 12, 10), "Cantine & garderie",
    Account("FR14 2004 1010 0505 0001 3M02 606", "Élodie Cœur"),
)  # fmt: skip
TITRE = replace(PIECE, kind=PieceKind.TITRE, debt="", period=0, invoice="2026-019-000345", edition=Edition.DGFIP)
CORRECTION = replace(
    TITRE,
    kind=PieceKind.CORRECTION,
    nature=PieceNature.CANCELLATION,
    corrected=Corrected(PieceNature.OPERATING, 2026, 12),
)


def one(piece: Piece, kind: BordereauKind = BordereauKind.ORMC) -> PesFile:
    return replace(FILE, bordereau=replace(ROLL, kind=kind, cents=piece.cents, pieces=[piece]))


def read(content: bytes) -> ET.Element:
    return ET.fromstring(content)  # noqa: S314 -- our own bytes


def values(root: ET.Element, tag: str) -> list[str | None]:
    return [element.get("V") for element in root.iter(tag)]


def test_a_roll_says_what_it_was_told() -> None:
    content = build(FILE)
    assert content.startswith(b"<?xml version='1.0' encoding='ISO-8859-1'?>")
    root = read(content)
    assert (root.tag, root.get("Id")) == (f"{{{NAMESPACE}}}PES_Aller", "ORMC2026007.xml")
    expected = {
        "Version": ["2"], "TypFic": ["PESORMC"], "NomFic": ["ORMC2026007.xml"], "IdVer": ["2"],
        "IdPost": ["078012"], "IdColl": ["21780118000017"], "CodCol": ["217"], "CodBud": ["00"],
        "InfoDematerialisee": ["0"], "Exer": ["2026"], "IdBord": ["0000007"], "DteBordEm": ["2026-11-05"],
        "TypBord": ["06"], "NbrPce": ["2"], "MtBordHt": ["8.77"], "Objet": ["FACTURES D'OCTOBRE"],
        "IdPce": ["1", "2"], "TypPce": ["15", "15"], "NumDette": ["201926000345", "201926000346"], "Per": ["5", "5"],
        "IdLigne": ["1", "2", "1"], "MtHT": ["7.00", "0.77", "1.00"], "CodProdLoc": ["CANT", "GAR", "CANT"],
        "Nom": ["COEUR-LEVEQUE"] * 3, "Prenom": ["ELODIE"] * 3, "Adr2": ["12, RUE DE L'EGLISE"] * 3,
        "CodRes": ["0"] * 3, "CodPays": [], "InfoPrelevementSEPA": [], "NumeroFacture": [], "DteAsp": [],
    }  # fmt: skip
    assert {tag: values(root, tag) for tag in expected} == expected


def test_every_value_is_in_an_attribute_and_in_the_order_of_the_format() -> None:
    root = read(build(one(replace(PIECE, debit=DEBIT))))
    assert [e.tag for e in root.iter() if (e.text or "").strip()] == []
    assert [e.tag for e in root.iter() if not len(e) and not e.get("V")] == []
    piece = root.find(".//Piece")
    assert piece is not None
    assert [e.tag for e in piece] == ["BlocPiece", "LigneDePiece", "LigneDePiece"]
    order = [e.tag for e in root.findall(".//LigneDePiece[1]/BlocLignePiece/InfoPrelevementSEPA/*")]
    assert order == "NatPrel PerPrel DtePrel MtPrel SequencePres DateSignMandat RefUniMdt LibPrel".split()  # noqa: SIM905
    assert [e.tag for e in root.findall(".//LigneDePiece[1]/*")] == ["BlocLignePiece", "Tiers"]
    assert [e.tag for e in root.findall(".//LigneDePiece[1]/Tiers/*")] == ["InfoTiers", "Adresse", "CpteBancaire"]


def test_a_debit_is_shared_between_the_lines() -> None:
    root = read(build(one(replace(PIECE, debit=DEBIT))))
    assert values(root, "MtPrel") == ["7.00", "0.77"]
    assert values(root, "SequencePres") == ["03", "03"]
    assert values(root, "RefUniMdt") == ["BUC-0001"] * 2
    assert values(root, "LibPrel") == ["Cantine + garderie"] * 2
    assert values(root, "IBAN") == ["FR1420041010050500013M02606"] * 2
    assert values(root, "BIC") == []


def test_titres_and_their_cancellation() -> None:
    root = read(build(one(TITRE, BordereauKind.ORDINARY)))
    assert values(root, "TypFic") == ["PESALR1"]
    assert values(root, "NumeroFacture") == ["2026-019-000345"]
    assert values(root, "Edition") == ["01"]
    assert [values(root, tag) for tag in ("NumDette", "Per", "Cle1", "Cle2")] == [[], [], [], []]
    root = read(build(one(CORRECTION, BordereauKind.CANCELLATION)))
    assert values(root, "IdPceOrig") == ["12", "12"]
    assert values(root, "ExerRat") == ["2026", "2026"]


def test_a_debtor_abroad() -> None:
    debtor = replace(DEBTOR, postcode="99999", town="1000 Bruxelles", country="131")
    root = read(build(one(replace(PIECE, debtor=debtor))))
    assert values(root, "CodRes") == ["1", "1"]
    assert values(root, "CodPays") == ["131", "131"]


DEBTOR_WRONG: list[tuple[dict[str, Any], str]] = [
    ({"last_name": ""}, "le nom du débiteur manque"),
    ({"last_name": "Иванов"}, "ne s'écrit pas en lettres latines (Ивано)"),
    ({"last_name": "N" * 39}, "le nom du débiteur dépasse 38"),
    ({"title": "Mademoiselle"}, "la civilité dépasse 10"),
    ({"street": ""}, "la voie manque"),
    ({"postcode": "7820"}, "le code postal a 5 chiffres"),
    ({"postcode": "٧٨٢٠٠"}, "le code postal a 5 chiffres"),
    ({"country": "131"}, "99999 à l'étranger"),
    ({"country": "BE", "postcode": "99999"}, "le code du pays a 3 chiffres"),
]
PIECE_WRONG: list[tuple[dict[str, Any], str]] = [
    *(({"debtor": replace(DEBTOR, **change)}, said) for change, said in DEBTOR_WRONG),
    ({"number": 0}, "son numéro va de 1"),
    ({"kind": PieceKind.TITRE, "debt": "", "period": 0}, "n'entre pas dans un bordereau de type 06"),
    ({"nature": PieceNature.CANCELLATION}, "la nature 06 ne va pas"),
    ({"corrected": Corrected(PieceNature.OPERATING, 2026, 1)}, "désigne la pièce d'origine"),
    ({"label": ""}, "l'objet manque"),
    ({"label": "é" * 161}, "l'objet dépasse 160"),
    ({"invoice": "F" * 21}, "le numéro de facture"),
    ({"debt": ""}, "le numéro de dette"),
    ({"debt": "1" * 14}, "de 1 à 13 chiffres"),
    ({"debt": "000"}, "le numéro de dette"),
    ({"debt": "2013-19"}, "le numéro de dette"),
    ({"period": 0}, "un chiffre de 1 à 9"),
    ({"period": 10}, "un chiffre de 1 à 9"),
    ({"lines": []}, "elle n'a pas de ligne"),
    ({"cents": 776}, "ses lignes font 7,77 €, pour 7,76 € annoncés"),
    ({"lines": [replace(LINES[0], cents=777, nature="7067")]}, "la nature d'un rôle ORMC est 588"),
    ({"lines": [replace(LINES[0], cents=777, product="CANTI")]}, "ligne 1, le code produit"),
    ({"lines": [replace(LINES[0], cents=0), replace(LINES[0], cents=777)]}, "ligne 1, le montant doit être positif"),
    ({"lines": [replace(LINES[0], cents=-1), replace(LINES[0], cents=778)]}, "ligne 1, le montant doit être positif"),
    ({"debit": replace(DEBIT, rum="é")}, "la RUM a un caractère interdit"),
    ({"debit": replace(DEBIT, account=Account("FR7612", "X"))}, "un IBAN FR a 27 caractères"),
    ({"debit": replace(DEBIT, account=Account("DE89370400440532013000", "X"))}, "hors de France"),
    ({"debit": replace(DEBIT, account=replace(DEBIT.account, bic="X"))}, "le BIC a 8 ou 11"),
    ({"debit": replace(DEBIT, signed_on=date(2026, 12, 11))}, "signé après le prélèvement"),
    ({"debit": replace(DEBIT, label="")}, "le libellé du prélèvement est vide"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "said"), PIECE_WRONG)
def test_a_wrong_piece_is_named_and_no_file_is_made(change: dict[str, Any], said: str) -> None:
    with pytest.raises(HeliosError) as refused:
        build(one(replace(PIECE, **change)))
    naming = [fault for fault in refused.value.faults if said in fault]
    assert len(naming) == 1
    assert naming[0].startswith(f"Pièce {change.get('number', 1)} (")


BORDEREAU_WRONG: list[tuple[dict[str, Any], str]] = [
    ({"number": 0}, "son numéro va de 1 à 9999999"),
    ({"number": 10_000_000}, "son numéro va de 1 à 9999999"),
    ({"previous": 5}, "il suit le 5 : son numéro devrait être 6"),
    ({"exercise": 26}, "une année de quatre chiffres"),
    ({"exercise": 2025}, "ne peut être émis le 05/11/2026 sur l'exercice 2025"),
    ({"notice_on": date(2026, 11, 4)}, "les avis ne peuvent partir avant"),
    ({"label": " "}, "l'objet manque"),
    ({"cents": 878}, "ses pièces font 8,77 €, pour 8,78 € annoncés"),
    ({"pieces": [], "cents": 0}, "il a 0 pièces"),
    ({"pieces": [PIECE, replace(SECOND, number=3)]}, "la pièce 3 suit la 1"),
    ({"pieces": [PIECE, replace(SECOND, number=1)]}, "la pièce 1 suit la 1"),
    ({"pieces": [PIECE, replace(SECOND, debt="0201926000345")]}, "la dette 201926000345 de la période 5 y est 2 fois"),
]


@pytest.mark.parametrize(("change", "said"), BORDEREAU_WRONG)
def test_a_wrong_bordereau_is_refused(change: dict[str, Any], said: str) -> None:
    assert [fault for fault in faults_of(replace(FILE, bordereau=replace(ROLL, **change))) if said in fault] != []


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (replace(FILE, name="2026.xml"), "« 2026.xml »"),
        (replace(FILE, name="a/../b.xml"), "« a/../b.xml »"),
        (replace(FILE, made_on=date(2026, 11, 4)), "antérieur à son bordereau"),
        (replace(FILE, issuer=replace(ISSUER, codique="78012")), "le codique"),
        (replace(FILE, issuer=replace(ISSUER, siret="2178011800001")), "le SIRET"),
        (replace(FILE, issuer=replace(ISSUER, collectivity="21")), "le code collectivité"),
        (replace(FILE, issuer=replace(ISSUER, budget="0A")), "le code budget"),
        (replace(FILE, issuer=replace(ISSUER, sigle="")), "le sigle manque"),
    ],
)
def test_a_wrong_file_is_refused(file: PesFile, said: str) -> None:
    faults = faults_of(file)
    assert len(faults) == 1
    assert said in faults[0]


def test_all_faults_are_said_at_once_and_a_corsican_post_is_known() -> None:
    wrong = replace(PIECE, debt="", period=0, debtor=replace(DEBTOR, last_name="", town=""))
    assert len(faults_of(one(wrong))) == 4
    assert faults_of(replace(FILE, issuer=replace(ISSUER, codique="02A123"))) == []


def test_the_keys_by_hand() -> None:
    # 26 5 00 0000000000001 is 265 × 10^15 + 1; modulo 23, 265 is 12 and 10^15 is 5: 12 × 5 + 1 = 61, that is 15.
    assert key_2(exercise=2026, period=5, debt="1") == LETTERS[15] == "R"
    # From the right: 1×2, the period 5×3, the year 6×4 and 2×5, the slip 7×6, the town 7×7, 1×2 and 2×3.
    assert 2 + 15 + 24 + 10 + 42 + 49 + 2 + 6 == 11 * 13 + (11 - 4)
    assert key_1(collectivity="217", bordereau=7, exercise=2026, period=5, debt="1") == "4"


@given(st.integers(1, 9_999_999), st.integers(2000, 2099), st.integers(1, 9), st.integers(1, 10**13 - 1))
def test_the_keys_do_not_see_leading_zeros_but_see_a_wrong_digit(bord: int, year: int, period: int, debt: int) -> None:
    def keys(text: str) -> tuple[str, str]:
        first = key_1(collectivity="217", bordereau=bord, exercise=year, period=period, debt=text)
        return first, key_2(exercise=year, period=period, debt=text)

    assert keys(str(debt)) == keys(f"{debt:013}")
    wrong = f"{debt:013}"
    wrong = wrong[:-1] + str((int(wrong[-1]) + 1) % 10)
    assert keys(str(debt))[1] != keys(wrong)[1]
    assert keys(str(debt))[0] in "123456789"


def test_the_table_of_periods_keeps_october_away_from_january() -> None:
    assert [BY_TWO_MONTHS.digit(month) for month in range(1, 13)] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]
    with pytest.raises(HeliosError, match="il manque le mois 12"):
        PeriodTable(dict.fromkeys(range(1, 12), 1))
    with pytest.raises(HeliosError, match="le mois 10 n'a pas 1 à 9"):
        PeriodTable({month: month if month < 11 else 1 for month in range(1, 13)})
    with pytest.raises(HeliosError, match="pas de mois 13"):
        BY_TWO_MONTHS.digit(13)


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(1, 10**9), min_size=1, max_size=4), min_size=1, max_size=6), st.text())
def test_sums_are_exact_and_the_file_is_latin(amounts: list[list[int]], name: str) -> None:
    pieces = [
        replace(PIECE, number=n, debt=str(n), cents=sum(some), lines=[replace(LINES[0], cents=c) for c in some])
        for n, some in enumerate(amounts, 4)
    ]
    slip = replace(ROLL, cents=sum(map(sum, amounts)), pieces=pieces, label=f"Rôle {name[:100]} <&\"'>")
    root = read(build(replace(FILE, bordereau=slip)))
    lines = [int((text or "").replace(".", "")) for text in values(root, "MtHT")]
    assert lines == [c for some in amounts for c in some]
    assert values(root, "MtBordHt") == [f"{sum(lines) // 100}.{sum(lines) % 100:02}"]
    assert values(root, "NbrPce") == [str(len(amounts))]
    assert all((e.get("V") or "").isascii() for e in root.iter())


@given(st.text(), st.integers(1, 160))
def test_texts_are_upper_case_ascii(text: str, longest: int) -> None:
    written = upper(text, longest)
    assert written.isascii()
    assert written == written.upper().strip()
    assert len(written) <= longest


def test_the_csv_for_finance_editors() -> None:
    nasty = replace(PIECE, debit=DEBIT, debtor=replace(DEBTOR, first_name="=cmd|' /C calc'!A0", street="12\nrue"))
    content = csv_of(one(nasty))
    assert content.startswith(b"\xef\xbb\xbf")
    heading, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";")
    assert heading == list(COLUMNS)
    assert {len(row) for row in rows} == {len(COLUMNS)}
    first = dict(zip(heading, rows[0], strict=True))
    assert (first["Montant"], first["Total de la pièce"], first["Émis le"]) == ("7,00", "7,77", "05/11/2026")
    assert first["Prénom"] == "'=cmd|' /C calc'!A0"
    assert first["Voie"] == "12 rue"
    assert first["Nom"] == "Cœur-Lévêque"
    with pytest.raises(HeliosError):
        csv_of(one(replace(PIECE, cents=1)))
