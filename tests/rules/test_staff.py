"""Who may do what at the town hall: the one table, and what it must never say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.rules.staff import EVERYBODY, TABLE, Right, Role, rights_of

ROLES = st.sets(st.sampled_from(Role))


def test_every_role_is_in_the_table_and_opens_the_office():
    assert set(TABLE) == set(Role)
    assert all(rights >= EVERYBODY for rights in TABLE.values())


def test_every_right_is_somebody_s():
    assert rights_of(Role) == set(Right)


def test_without_a_role_nothing_opens():
    assert rights_of([]) == frozenset()


@pytest.mark.parametrize(
    ("role", "never"),
    [
        (Role.KITCHEN, {Right.LISTS, Right.FAMILIES, Right.HEALTH, Right.MONEY, Right.INVOICES}),
        (Role.ANIMATEUR, {Right.FAMILIES, Right.MONEY, Right.INVOICES, Right.SETTINGS, Right.STAFF}),
        (Role.CLERK, {Right.MONEY, Right.SETTINGS, Right.STAFF, Right.TRAIL}),
        (Role.REGISSEUR, {Right.HEALTH, Right.STAFF, Right.SETTINGS, Right.FAMILIES_EDIT, Right.TRAIL}),
        (Role.ADMINISTRATOR, {Right.HEALTH, Right.MONEY}),
    ],
)
def test_what_a_role_never_opens(role, never):
    assert not rights_of([role]) & never


def test_money_and_accounts_are_two_persons():
    """Who hands out accounts does not take money, and the other way round (separation of duties)."""
    for rights in TABLE.values():
        assert not {Right.MONEY, Right.STAFF} <= rights


def test_the_kitchen_counts_and_no_more():
    assert rights_of([Role.KITCHEN]) == {Right.HOME, Right.HEADCOUNTS}


@given(ROLES, ROLES)
def test_several_roles_add_up_and_never_take_away(one: set[Role], other: set[Role]):
    assert rights_of(one | other) == rights_of(one) | rights_of(other)
    assert rights_of(list(one) * 2) == rights_of(one)
