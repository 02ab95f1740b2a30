"""Guardians' files: the children that each line names, who is known, and no payer entered twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.rules.onde import Unread, told
from portail.rules.onde_guardians import (
    GUARDIAN_ALIASES,
    Guardian,
    GuardianField,
    KnownPayer,
    child_columns,
    guardian_differences,
    missing_of_guardians,
    read_guardian,
)
from portail.rules.onde_matching import Difference, Known, Verdict
from tests.families.pupils import CHILD_HEADERS, GUARDIAN_HEADERS, guardian

HEADERS = GUARDIAN_HEADERS + CHILD_HEADERS * 3
COLUMNS = told(HEADERS, GUARDIAN_ALIASES, {})
CHILDREN = [Known(1, "BOND", "James"), Known(2, "BOND", "Aline"), Known(3, "TWIN", "Léo"), Known(4, "TWIN", "Léo")]
JAMIE = KnownPayer(7, "BOND", "Jamie", "jamie@b.fr", "", "1 rue A\n78000 DÉMO", frozenset({1}))


def read(*cells: list[str]) -> list[Guardian | Unread]:
    groups = child_columns(HEADERS)
    return [read_guardian(number, one, COLUMNS, groups) for number, one in enumerate(cells, 2)]


def found(*cells: list[str], payers: tuple[KnownPayer, ...] = (JAMIE,)) -> list[Difference]:
    return guardian_differences(read(*cells), CHILDREN, payers)


def test_the_documented_headers_are_all_told():
    assert {name: HEADERS[place] for name, place in COLUMNS.items()} == {
        "last_name": "Nom responsable", "usual_name": "Nom usage responsable", "first_name": "Prénom responsable",
        "address": "Adresse responsable", "postcode": "CP responsable", "city": "Commune responsable",
        "email": "Courriel", "mobile": "Téléphone portable", "home_phone": "Téléphone domicile",
    }  # fmt: skip
    assert child_columns(HEADERS) == [([12, 13], 14), ([16, 17], 18), ([20, 21], 22)]
    assert missing_of_guardians(COLUMNS, HEADERS) is None


def test_what_lacks_is_said():
    assert missing_of_guardians({}, HEADERS) is not None
    assert missing_of_guardians({"last_name": 0}, HEADERS) is not None
    nobody = missing_of_guardians(COLUMNS, GUARDIAN_HEADERS)
    assert nobody is not None
    assert "ne nomme pas les enfants" in nobody[1]
    assert missing_of_guardians({**COLUMNS, "city": COLUMNS["email"]}, HEADERS) is not None


def test_a_line_says_everything():
    (one,) = read(guardian("BOND", "Jamie", ("bond", "JAMES"), ("BOND", "Aline"), usual="SMITH", email="a@b.fr"))
    assert isinstance(one, Guardian)
    assert (one.last_name, one.other_name, one.phone) == ("SMITH", "BOND", "0612345678")
    assert one.address == "1 rue A\n78000 DÉMO"
    assert [name for _, name in one.children] == ["JAMES bond", "Aline BOND"]


@pytest.mark.parametrize(
    ("cells", "verdict", "after"),
    [
        (guardian("Bond", "jamie", ("BOND", "James"), ("BOND", "Aline")), Verdict.CHANGED,
         {"phone": "0612345678", "children": [2]}),
        (guardian("BOND", "Jamie", ("BOND", "James"), street="", email="JAMIE@b.fr"), Verdict.CHANGED,
         {"phone": "0612345678"}),
        (guardian("BOND", "Jamie", ("BOND", "James"), street="ailleurs"), Verdict.CHANGED, {"phone": "0612345678"}),
        (guardian("BOND", "Jamie", ("BOND", "Aline"), street="ailleurs"), Verdict.DOUBLE, {}),
        (guardian("AUTRE", "Nom", ("BOND", "Aline"), email="Jamie@b.fr"), Verdict.DOUBLE, {}),
        (guardian("AUTRE", "Nom", ("TWIN", "Léo")), Verdict.UNREADABLE, {}),
        (guardian("AUTRE", "Nom"), Verdict.UNREADABLE, {}),
        (guardian("", "Nom", ("BOND", "Aline")), Verdict.UNREADABLE, {}),
        (guardian("AUTRE", "Nom", ("BOND", "Aline"), email="pas un courriel"), Verdict.UNREADABLE, {}),
        (guardian("A" * 90, "Nom", ("BOND", "Aline")), Verdict.UNREADABLE, {}),
    ],
)  # fmt: skip
def test_who_is_known_and_who_is_doubted(cells: list[str], verdict: Verdict, after: dict):
    (one,) = found(cells)
    assert (one.verdict, dict(one.after)) == (verdict, after)
    assert bool(one.reason) == (verdict in (Verdict.DOUBLE, Verdict.UNREADABLE))


def test_a_new_payer_has_everything_and_the_child_who_is_not_found_is_said():
    (one,) = found(guardian("AUTRE", "Nom", ("BOND", "Aline"), ("TWIN", "Léo"), email="n@a.fr"))
    assert one.verdict is Verdict.NEW
    assert one.after == {
        "last_name": "AUTRE", "first_name": "Nom", "email": "n@a.fr", "phone": "0612345678",
        "address": "1 rue A\n78000 DÉMO", "children": [2],
    }  # fmt: skip
    assert one.reason == "Pas trouvé : Léo TWIN."


def test_two_parents_of_one_address_are_two_and_a_line_twice_is_one():
    lines = [
        guardian("PÈRE", "Un", ("BOND", "Aline")), guardian("MERE", "Deux", ("BOND", "Aline")),
        guardian("pere", "UN", ("BOND", "James")),
    ]  # fmt: skip
    assert [one.verdict for one in found(*lines)] == [Verdict.NEW, Verdict.NEW, Verdict.DOUBLE]


names = st.sampled_from(["BOND", "bond", "AUTRE", "TWIN", ""])
firsts = st.sampled_from(["Jamie", "James", "Aline", "Léo"])
cells = st.builds(
    lambda last, first, child, email, street: guardian(last, first, child, email=email, street=street),
    names, firsts, st.tuples(names, firsts), st.sampled_from(["", "a@b.fr", "A@B.FR", "x@y.fr"]),
    st.sampled_from(["", "1 rue A", "9 rue B"]),
)  # fmt: skip
payers = st.builds(
    KnownPayer, st.integers(1, 9), names, firsts, st.sampled_from(["", "a@b.fr"]), st.just(""),
    st.sampled_from(["", "1 rue A\n78000 DÉMO"]), st.frozensets(st.sampled_from([1, 2])),
)  # fmt: skip


@given(st.lists(cells, max_size=6), st.lists(payers, max_size=4, unique_by=lambda one: one.pk))
def test_no_second_payer_for_an_email_nor_for_a_name_and_an_address(lines: list, known: list[KnownPayer]):
    new = [one.after for one in found(*lines, payers=tuple(known)) if one.verdict is Verdict.NEW]
    emails = [one["email"].casefold() for one in new if one["email"]] + [one.email for one in known if one.email]
    assert len(set(emails)) == len(emails) - (
        len([o for o in known if o.email]) - len({o.email for o in known if o.email})
    )
    homes = [(one["last_name"].casefold(), one["first_name"], one["address"]) for one in new]
    assert len(set(homes)) == len(homes)


@given(st.lists(st.text(), max_size=24))
def test_any_line_reads_or_says_why(values: list[str]):
    (one,) = read(values)
    assert isinstance(one, Guardian) or one.reason.endswith(".")


def test_aliases_mean_one_thing():
    every = [alias for aliases in GUARDIAN_ALIASES.values() for alias in aliases]
    assert len(every) == len(set(every))
    assert set(GUARDIAN_ALIASES) == set(GuardianField)
