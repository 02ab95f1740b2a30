"""Logging in to the office: the brake, the password, the second factor, the end of a session."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.rules.codes import FREE_TRIES
from portail.rules.staff import LONGEST_SESSION, RECOVERY_CODES, TEMPORARY_DAYS, TOTP_SLACK, TOTP_STEP, Role
from portail.towns.models import Audit, RecoveryCode, SecondFactor, Staff, StaffSession, StaffThrottle
from portail.towns.operations.access import (
    QUIET,
    StaffLogin,
    code_at,
    confirm_second_factor,
    log_in_staff,
    log_out_staff,
    prepare_second_factor,
    purge_staff_access,
    renew_recovery_codes,
    verify_second_factor,
)
from portail.towns.operations.staff import choose_password, create_staff, invite_staff
from portail.towns.queries import agent_of_session, session_of
from portail.towns.scope import in_town
from tests.world import CLERK, NOW, World

PASSWORD = "trois mots bien choisis"  # noqa: S105
OTHER = "un tout autre secret"
LOGIN = "odile@demo.example"
SECOND, MINUTE, STEP = timedelta(seconds=1), timedelta(minutes=1), timedelta(seconds=TOTP_STEP)


@pytest.fixture
def odile(demo: World) -> Staff:
    return create_staff(login=LOGIN, name="Odile", password=PASSWORD, roles=[Role.CLERK], by=CLERK, now=NOW)


def log_in(password: str = PASSWORD, *, login: str = LOGIN, now: datetime = NOW) -> StaffLogin:
    return log_in_staff(login=login, password=password, now=now)


def opened(now: datetime = NOW) -> StaffSession:
    agent = agent_of_session(log_in(now=now).key, now)
    assert agent is not None
    return session_of(agent.session_id)


def confirmed(staff: Staff, at: datetime = NOW) -> tuple[bytes, list[str]]:
    """The secret in force and the codes on paper."""
    secret, _ = prepare_second_factor(staff=staff, now=at)
    codes = confirm_second_factor(session=opened(at), code=code_at(secret, at), by=CLERK, now=at)
    assert codes is not None
    return secret, codes


def give(code: str, now: datetime, session: StaffSession | None = None) -> bool:
    """Is this second factor accepted?"""
    return not verify_second_factor(session=session or opened(now), code=code, by=CLERK, now=now).refused


# --- Password -------------------------------------------------------------------------------------------------------


def test_the_right_password_opens_a_session_that_still_asks(odile: Staff):
    agent = agent_of_session(log_in(login=" ODILE@demo.example ").key, NOW)
    assert agent is not None
    assert (agent.name, agent.verified, agent.has_factor, agent.roles) == ("Odile", False, False, (Role.CLERK,))
    assert StaffSession.objects.get().ends_at == NOW + LONGEST_SESSION
    assert StaffThrottle.objects.get().tries == 0


@pytest.mark.parametrize("login", [LOGIN, "nobody", "", "x" * 300])
@pytest.mark.usefixtures("odile")
def test_a_known_and_an_unknown_login_are_answered_and_braked_alike(login: str):
    answers = [log_in("wrong", login=login) for _ in range(FREE_TRIES + 2)]
    assert answers[:FREE_TRIES] == [StaffLogin(refused=True)] * FREE_TRIES
    assert answers[FREE_TRIES:] == [StaffLogin(wait=MINUTE, refused=True)] * 2
    assert log_in("wrong", login=login, now=NOW + MINUTE) == StaffLogin(refused=True)
    assert log_in("wrong", login=login, now=NOW + MINUTE).wait == 2 * MINUTE


def test_the_right_password_waits_too_then_opens_and_clears_the_brake(odile: Staff):
    for _ in range(FREE_TRIES):
        log_in("wrong")
    assert log_in().wait == MINUTE
    assert log_in(now=NOW + MINUTE).key
    assert [log_in("wrong", now=NOW + MINUTE).wait for _ in range(FREE_TRIES)] == [timedelta()] * FREE_TRIES


def test_a_closed_account_or_another_town_s_is_unknown(world: World):
    with in_town(world.demo):
        create_staff(login=LOGIN, name="Odile", password=PASSWORD, by=CLERK, now=NOW)
    with in_town(world.buchelay):
        assert log_in() == StaffLogin(refused=True)
    with in_town(world.demo):
        Staff.objects.update(is_active=False)
        assert log_in() == StaffLogin(refused=True)


@pytest.mark.usefixtures("demo")
def test_a_password_given_by_hand_opens_for_a_week():
    _, password = invite_staff(login=LOGIN, name="Odile", roles=[], by=CLERK, now=NOW)
    week = timedelta(days=TEMPORARY_DAYS)
    agent = agent_of_session(log_in(password, now=NOW + week).key, NOW + week)
    assert agent is not None
    assert agent.temporary
    assert log_in(password, now=NOW + week + SECOND) == StaffLogin(refused=True)


# --- Sessions -------------------------------------------------------------------------------------------------------


def test_a_session_ends_with_the_day_or_by_hand(odile: Staff):
    key = log_in().key
    assert agent_of_session(key, NOW + LONGEST_SESSION - SECOND) is not None
    assert agent_of_session(key, NOW + LONGEST_SESSION) is None
    log_out_staff(session_id=StaffSession.objects.get().pk)
    assert agent_of_session(key, NOW) is None
    assert agent_of_session("", NOW) is None


def test_a_session_is_bound_to_the_password_it_was_opened_with(odile: Staff):
    old, mine = log_in().key, log_in().key
    agent = agent_of_session(mine, NOW)
    assert agent is not None
    choose_password(staff=odile, password=OTHER, session_id=agent.session_id, by=CLERK, now=NOW)
    assert (agent_of_session(old, NOW), agent_of_session(mine, NOW) is not None) == (None, True)
    Staff.objects.update(credential_version=9)
    assert agent_of_session(mine, NOW) is None


def test_a_session_is_of_its_town(world: World):
    with in_town(world.demo):
        create_staff(login=LOGIN, name="Odile", password=PASSWORD, by=CLERK, now=NOW)
        key = log_in().key
        assert agent_of_session(key, NOW) is not None
    with in_town(world.buchelay):
        assert agent_of_session(key, NOW) is None


def test_what_is_over_is_forgotten(odile: Staff):
    log_in(), log_in("wrong", login="nobody")
    assert purge_staff_access(now=NOW + LONGEST_SESSION - SECOND) == 0
    assert purge_staff_access(now=NOW + LONGEST_SESSION) == 1
    assert purge_staff_access(now=NOW + QUIET + SECOND) == 1
    assert (StaffSession.objects.count(), StaffThrottle.objects.filter(key="nobody").count()) == (0, 0)


# --- Second factor --------------------------------------------------------------------------------------------------


def test_the_secret_is_shown_until_it_is_confirmed_and_sealed_at_rest(odile: Staff):
    secret, address = prepare_second_factor(staff=odile, now=NOW)
    assert prepare_second_factor(staff=odile, now=NOW)[0] == secret
    assert address.startswith("otpauth://totp/")
    assert secret not in bytes(SecondFactor.objects.get().secret)
    assert confirm_second_factor(session=opened(), code="000000", by=CLERK, now=NOW) is None
    codes = confirm_second_factor(session=opened(), code=code_at(secret, NOW), by=CLERK, now=NOW)
    assert codes is not None
    assert len(set(codes)) == RECOVERY_CODES
    with pytest.raises(ValueError, match="never shown again"):
        prepare_second_factor(staff=odile, now=NOW)


def test_a_right_code_completes_this_session_alone(odile: Staff):
    secret, _ = confirmed(odile)
    StaffSession.objects.all().delete()
    later = NOW + 2 * STEP
    other, mine = opened(later), opened(later)
    assert give(code_at(secret, later), later, mine)
    assert dict(StaffSession.objects.values_list("pk", "verified")) == {other.pk: False, mine.pk: True}
    assert Audit.objects.get(verb="log_in").after == {"way": "totp"}


@pytest.mark.parametrize("steps", range(-3, 4))
def test_the_clock_of_a_telephone_may_be_a_step_away(odile: Staff, steps: int):
    secret, _ = confirmed(odile, NOW - timedelta(hours=1))
    assert give(code_at(secret, NOW + steps * STEP), NOW) == (abs(steps) <= TOTP_SLACK)


@pytest.mark.parametrize("code", ["", "12345", "abcdef", "١٢٣٤٥٦", "1234567", "0" * 10, "\0"])
def test_what_is_no_code_is_wrong(odile: Staff, code: str):
    confirmed(odile)
    assert not give(code, NOW + MINUTE)


def test_a_code_opens_once(odile: Staff):
    secret, _ = confirmed(odile)
    later = NOW + 2 * STEP
    code = code_at(secret, later)
    assert [give(code, later), give(code, later), give(code, later + SECOND)] == [True, False, False]
    assert not give(code_at(secret, later - STEP), later), "an older one neither"
    assert give(code_at(secret, later + STEP), later + STEP)


def test_the_code_that_confirmed_is_spent(odile: Staff):
    secret, _ = confirmed(odile)
    assert not give(code_at(secret, NOW), NOW)


def test_a_code_on_paper_opens_once_however_it_is_typed(odile: Staff):
    _, codes = confirmed(odile)
    assert [give(f" {codes[0]}\n", NOW), give(codes[0], NOW), give(codes[1].replace(" ", ""), NOW)] == [
        True, False, True,
    ]  # fmt: skip
    assert RecoveryCode.objects.exclude(used_at=None).count() == 2
    assert not {code.replace(" ", "") for code in codes} & set(RecoveryCode.objects.values_list("code_hash", flat=True))


def test_new_codes_on_paper_replace_the_former(odile: Staff):
    _, codes = confirmed(odile)
    fresh = renew_recovery_codes(staff=odile, by=CLERK, now=NOW)
    assert (give(codes[0], NOW), give(fresh[0], NOW)) == (False, True)


def test_guessing_codes_is_braked_apart_from_passwords(odile: Staff):
    secret, _ = confirmed(odile)
    session, later = opened(), NOW + 2 * STEP
    answers = [
        verify_second_factor(session=session, code="000000", by=CLERK, now=later).wait for _ in range(FREE_TRIES + 1)
    ]
    assert answers == [timedelta()] * FREE_TRIES + [MINUTE]
    assert not give(code_at(secret, later), later, session)
    assert log_in(now=later).key
    assert give(code_at(secret, later + MINUTE), later + MINUTE, session)


def test_without_a_confirmed_factor_no_code_opens(odile: Staff):
    secret, _ = prepare_second_factor(staff=odile, now=NOW)
    assert not give(code_at(secret, NOW), NOW)


# --- RFC 6238 -------------------------------------------------------------------------------------------------------

RFC_SECRET = b"12345678901234567890"  # appendix B, SHA-1; its eight digits end by our six


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (1234567890, "89005924"),
        (2000000000, "69279037"), (20000000000, "65353130"),
    ],
)  # fmt: skip
def test_the_vectors_of_the_rfc(seconds: int, code: str):
    assert code_at(RFC_SECRET, datetime.fromtimestamp(seconds, UTC)) == code[-6:]


@pytest.mark.usefixtures("demo")
@given(st.integers(0, 2 * 10**9), st.integers(-4, 4))
def test_a_code_is_accepted_within_the_slack_and_refused_beyond(seconds: int, steps: int):
    """Whatever the instant; two steps of one secret give the same six digits once in a million."""
    now = datetime.fromtimestamp(seconds + 10**9, UTC)
    Staff.objects.all().delete(), StaffThrottle.objects.all().delete()  # of the last example
    staff = create_staff(login=LOGIN, name="Odile", password=PASSWORD, by=CLERK, now=now)
    secret, _ = confirmed(staff, now - timedelta(days=1))
    code = code_at(secret, now + steps * STEP)
    near = {code_at(secret, now + n * STEP) for n in range(-TOTP_SLACK, TOTP_SLACK + 1)}
    assert give(code, now) == (code in near)
