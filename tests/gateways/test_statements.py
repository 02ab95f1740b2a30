"""Statements read by a mapping: three layouts, and whatever a spreadsheet may do to them."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.gateways.spreadsheet import SpreadsheetError
from portail.gateways.statements.mapping import DATE_FORMATS, Mapping, MappingError, Unit, from_json, to_json
from portail.gateways.statements.reading import StatementError, normalised, read_statement

REGISSEUR = Mapping(
    date=2, reference=3, amount=4, date_format="JJMMAAAA", unit=Unit.CENTS, means_constant="carte", authorisation=5,
    header=False, kind=1, keep=("LIGNE",), ignore=("EN-TETE",), footer="PIED-DE-PAGE", footer_total=3, footer_count=2,
)  # fmt: skip
REGISSEUR_FILE = """EN-TETE;20112026;012345;REGIE PERISCOLAIRE
LIGNE;19112026;2013T50019000345;777;394492;P
LIGNE;20112026;2013-T5-00-26000335;424;3fd;P
PIED-DE-PAGE;2;1201
"""
BANK = Mapping(
    date="Date opération", reference="Libellé", amount="Crédit", means_constant="virement", reference_after="REF",
    payer="Donneur d'ordre", skip=2,
)  # fmt: skip
BANK_FILE = (
    "Compte;FR76 0000;;\r\n"
    "Solde au 20/11/2026;1 000,00;;\r\n"
    "Date opération;Libellé;Donneur d’ordre;Débit;Crédit\r\n"
    '19/11/2026;"VIR SEPA ; REF 2013-019-000345 CANTINE";M. et Mme Cœur;;"1 234,56 €"\r\n'
    "20/11/2026;PRLV EDF;EDF;56,00;\r\n"
    "20/11/2026;VIR REF: 2013-026-000335;Léa Ñ;;4,24\r\n"
)
CHEQUES = Mapping(
    date="Remis le", reference="Facture", amount="Montant", date_format="AAAA-MM-JJ", means="Nature",
    authorisation="N° chèque", payer="Tireur",
)  # fmt: skip
CHEQUES_FILE = (
    "Remis le\tN° chèque\tTireur\tFacture\tMontant\tNature\n"
    "2026-11-19\t0012345\tDUPONT\t2013-019-000345\t12.34\tChèque\n"
    "2026-11-19 14:05\t0012346\tDURAND\t2013-026-000335\t1 004,20\tChèque\n"
)


def test_the_regisseur_s_statement() -> None:
    found = read_statement(REGISSEUR_FILE.encode(), REGISSEUR)
    assert [(line.date, line.reference, line.cents, line.authorisation, line.means) for line in found.lines] == [
        (date(2026, 11, 19), "2013T50019000345", 777, "394492", "carte"),
        (date(2026, 11, 20), "2013T50026000335", 424, "3fd", "carte"),
    ]
    assert [line.line_number for line in found.lines] == [2, 3]
    assert [left.line_number for left in found.ignored] == [1, 4]
    assert (found.unreadable, found.warnings, found.total_cents) == ([], [], 1201)
    assert (found.encoding, found.separator) == ("utf-8", ";")


def test_a_bank_s_statement() -> None:
    found = read_statement(BANK_FILE.encode("cp1252"), BANK)
    assert [(line.reference, line.cents, line.payer, line.means) for line in found.lines] == [
        ("2013019000345", 123_456, "M. et Mme Cœur", "virement"),
        ("2013026000335", 424, "Léa Ñ", "virement"),
    ]
    assert found.encoding == "cp1252"
    assert [left.why for left in found.unreadable] == ["Ligne 5 : « REF » n'est pas dans « PRLV EDF »."]
    assert found.unreadable[0].raw == ("20/11/2026", "PRLV EDF", "EDF", "56,00", "")
    assert [left.line_number for left in found.ignored] == [1, 2]


def test_a_list_of_cheques() -> None:
    found = read_statement(CHEQUES_FILE.encode("utf-8-sig"), CHEQUES)
    assert [(line.cents, line.means, line.authorisation, line.payer) for line in found.lines] == [
        (1234, "Chèque", "0012345", "DUPONT"),
        (100_420, "Chèque", "0012346", "DURAND"),
    ]
    assert found.separator == "\t"
    assert found.lines[1].date == date(2026, 11, 19)


@pytest.mark.parametrize("mapping", [REGISSEUR, BANK, CHEQUES])
def test_a_mapping_is_kept_as_json(mapping: Mapping) -> None:
    assert from_json(json.loads(json.dumps(to_json(mapping)))) == mapping


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("LIGNE;31022026;REF;777;1", "« 31022026 » n'est pas une date JJMMAAAA"),
        ("LIGNE;1122026;REF;777;1", "« 1122026 » n'est pas une date"),
        ("LIGNE;;REF;777;1", "«  » n'est pas une date"),
        ("LIGNE;19110026;REF;777;1", "n'est pas une date"),
        ("LIGNE;19112026; - ;777;1", "la référence est vide"),
        ("LIGNE;19112026;REF;7,77;1", "« 7,77 » n'est pas un montant sûr"),
        ("LIGNE;19112026;REF;;1", "le montant est vide"),
        ("LIGNE;19112026;REF;0;1", "le montant 0,00 € est impossible"),
        ("LIGNE;19112026;REF;٧٧٧;1", "n'est pas un montant sûr"),
        ("LIGNE;19112026;REF;777", "elle a 4 cases, et l'autorisation est dans la 5e"),
        ("AUTRE;19112026;REF;777;1", "le type « AUTRE » n'est pas connu du réglage"),
    ],
)
def test_an_unreadable_line_is_said_and_makes_the_footer_disagree(line: str, said: str) -> None:
    found = read_statement(
        REGISSEUR_FILE.replace("PIED", f"{line}\nPIED").replace(";2;1201", ";3;1978").encode(), REGISSEUR
    )
    assert len(found.lines) == 2
    assert [said in left.why for left in found.unreadable] == [True]
    assert found.unreadable[0].why.startswith("Ligne 4 : ")
    assert found.warnings == [
        "Le pied de page annonce 1978 ; les lignes lues font 12,01 €.",
        "Le pied de page annonce 3 paiements ; 2 sont lus.",
    ]


def test_a_file_cut_short_is_noticed() -> None:
    assert read_statement(REGISSEUR_FILE.partition("PIED")[0].encode(), REGISSEUR).warnings == [
        "Le pied de page n'est pas à la fin : le fichier est peut-être coupé."
    ]
    twice = read_statement((REGISSEUR_FILE * 2).encode(), REGISSEUR)
    assert (len(twice.lines), twice.warnings) == (4, [])
    reject = REGISSEUR_FILE.replace(";424;", ";-424;").replace(";1201", ";353")
    assert read_statement(reject.encode(), REGISSEUR).warnings == []


@pytest.mark.parametrize(
    ("content", "mapping", "said"),
    [
        (b"PK\x03\x04...", BANK, "au format CSV"),
        (b"a\x00b", BANK, "au format CSV"),
        (b"", BANK, "ne va pas avec ce réglage|aucune ligne"),
        (b"", REGISSEUR, "aucune ligne"),
        (CHEQUES_FILE.encode(), replace(BANK, skip=0), "« Libellé » .la référence. manque"),
        (CHEQUES_FILE.replace("Tireur", "Montant").encode(), CHEQUES, "« Montant » .le montant. y est plusieurs fois"),
        (b'LIGNE;19112026;"REF;777;1\nLIGNE;1;2;3;4\n', REGISSEUR, "guillemets mal fermés"),
        (b"x" * (10 * 1024 * 1024 + 1), BANK, "dépasse 10 Mo"),
    ],
)
def test_a_file_that_is_not_that_statement_is_refused(content: bytes, mapping: Mapping, said: str) -> None:
    with pytest.raises((StatementError, SpreadsheetError), match=said):
        read_statement(content, mapping)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"date": 0}, "La colonne de la date porte un numéro"),
        ({"amount": "Montant"}, "se désigne par son numéro"),
        ({"amount": " ", "header": True}, "n'a pas de nom"),
        ({"date_format": "MM/JJ/AAAA"}, "La date s'écrit"),
        ({"separator": "|"}, "Le séparateur"),
        ({"skip": -1}, "On saute"),
        ({"means": 6}, "l'une des deux"),
        ({"means_constant": ""}, "l'une des deux"),
        ({"kind": None}, "il faut désigner la colonne de leur type"),
        ({"keep": ()}, "au moins un type de ligne"),
        ({"ignore": ("ligne ",)}, "deux rôles"),
        ({"footer": ""}, "Le pied de page se désigne"),
    ],
)
def test_a_mapping_that_cannot_serve_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(MappingError, match=said):
        replace(REGISSEUR, **change)
    with pytest.raises(MappingError, match=said):
        from_json(to_json(REGISSEUR) | {key: list(v) if isinstance(v, tuple) else v for key, v in change.items()})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (None, "illisible"),
        ([], "illisible"),
        ({}, "Il manque la colonne de la date"),
        ({**to_json(BANK), "delimiter": ";"}, "Réglage inconnu : « delimiter »"),
        ({**to_json(BANK), "date": None}, "« date » n'a pas la bonne forme"),
        ({**to_json(BANK), "date": True}, "« date » n'a pas la bonne forme"),
        ({**to_json(BANK), "skip": "2"}, "« skip » n'a pas la bonne forme"),
        ({**to_json(BANK), "header": 1}, "« header » n'a pas la bonne forme"),
        ({**to_json(BANK), "keep": "LIGNE"}, "« keep » n'a pas la bonne forme"),
        ({**to_json(BANK), "unit": "francs"}, "L'unité du montant"),
    ],
)
def test_a_mapping_from_json_is_checked(values: object, said: str) -> None:
    with pytest.raises(MappingError, match=said):
        from_json(values)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*to_json(BANK), "x"]), JSON))
def test_any_json_gives_a_mapping_or_sentences(values: dict[str, object]) -> None:
    try:
        read = to_json(from_json(values))
    except MappingError as refused:
        sentences = refused.faults
    else:
        sentences = ()
        assert values.items() <= read.items()
    assert all(sentence.endswith(".") for sentence in sentences)


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.sampled_from(DATE_FORMATS))
def test_every_format_reads_its_own_dates(day: date, date_format: str) -> None:
    python = date_format.replace("JJ", "%d").replace("MM", "%m").replace("AAAA", "%Y").replace("AA", "%y")
    line = f"R1;{day:{python}};1,00".encode()
    mapping = Mapping(date=2, reference=1, amount=3, date_format=date_format, means_constant="x", header=False)
    assert read_statement(line, mapping).lines[0].date == day


CELLS = st.text(st.characters(exclude_characters='"\r\n\x00', exclude_categories=["Cs"]), max_size=12)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=6), min_size=1, max_size=8))
def test_no_line_is_ever_lost(rows: list[list[str]]) -> None:
    content = "\n".join(";".join(cell.replace(";", "") for cell in row) for row in rows)
    mapping = replace(REGISSEUR, separator=";")
    kept = [number for number, line in enumerate(content.split("\n"), 1) if line.replace(";", "").strip()]
    if not kept:
        with pytest.raises(StatementError):
            read_statement(content.encode(), mapping)
        return
    found = read_statement(content.encode(), mapping)
    numbers = [line.line_number for line in found.lines]
    numbers += [left.line_number for left in found.unreadable + found.ignored]
    assert sorted(numbers) == kept


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        found = read_statement(content, REGISSEUR)
    except (StatementError, SpreadsheetError) as refused:
        sentence = str(refused)
    else:
        sentence = "."
        assert found.lines or found.unreadable or found.ignored
    assert sentence.endswith(".")


def test_a_reference_keeps_its_letters_and_digits() -> None:
    assert normalised("2013-t5-00 19000345é²") == "2013T50019000345"
