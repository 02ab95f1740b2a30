"""The two codes: who gets in, who must wait, what is kept, and that nothing is learnt from a refusal (A3, A5)."""

import hashlib
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.crypto import get_random_string

from portail.families import hashing
from portail.families.models import FailedLogin, Link, ParentSession, Payer, Person, Throttle
from portail.families.operations import access
from portail.families.operations.access import LoginAttempt, LoginResult, key_hash, log_in, log_out, purge_access
from portail.families.operations.register import PersonDraft, reissue_code
from portail.families.queries import family_of_session
from portail.rules.booking import Right
from portail.rules.codes import Brake
from portail.towns.scope import in_town
from tests.world import (
    ALINE,
    ANGELINE,
    CLERK,
    DENISE_CODE,
    JAMES,
    JAMIE_CODE,
    LEA_CODE,
    MONDAY,
    NOW,
    World,
    connect,
    family,
)

WRONG = "00000-00000"
UNKNOWN = "009"
STRANGER = "12345674"  # eight digits and nobody's: the cheapest to check


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cost of every hash computed: « light » or « full »."""
    done: list[str] = []

    def counting(stored: str, code: str) -> bool:
        done.append("full" if f"m={hashing.FULL.memory_cost}," in stored else "light")
        return hashing.verify(stored, code)

    monkeypatch.setattr(access, "verify", counting)
    return done


def fail(child_code: str, times: int) -> list[LoginResult]:
    return [connect(child_code, WRONG) for _ in range(times)]


# --- Coming in ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("child_code", [JAMES, ALINE, " 0 0 7 "])
@pytest.mark.parametrize("payer_code", [JAMIE_CODE, "k7m2p9qxdt", " K7M2P 9QXDT ", "K7M2P–9QXDT"])
def test_any_child_of_the_payer_opens_all_of_them(demo: World, child_code: str, payer_code: str):
    result = connect(child_code, payer_code)
    found = family_of_session(key_hash(result.key), NOW)
    assert found is not None
    assert (result.payer, found.payer_id, found.payer_name) == (demo.jamie.public_id, demo.jamie.pk, "Jamie BOND")
    assert [child.full_name for child in found.children] == ["Aline BOND", "James BOND"]
    james = found.child(JAMES)
    assert james is not None
    assert (james.school, james.classroom, james.teacher) == ("MALLERIN PRIMAIRE", "10", "Mme Béatrice ESCO")
    assert found.child(ANGELINE) is None


@pytest.mark.parametrize(
    ("child_code", "payer_code"),
    [(JAMES, WRONG), (JAMES, ""), (JAMES, DENISE_CODE), (UNKNOWN, JAMIE_CODE), ("", JAMIE_CODE), ("abc", "\0")],
)
def test_anything_else_opens_nothing(demo: World, child_code: str, payer_code: str):
    assert connect(child_code, payer_code) == LoginResult()
    assert not ParentSession.objects.exists()


def test_the_neighbour_town_has_a_007_too(world: World):
    with in_town(world.buchelay):
        assert connect(JAMES, JAMIE_CODE).key == ""
        key = connect(JAMES, LEA_CODE).key
        assert key
    with in_town(world.demo):
        assert connect(JAMES, LEA_CODE).key == ""
        assert family_of_session(key_hash(key), NOW) is None


def test_a_child_of_two_payers_opens_the_one_whose_code_was_typed(demo: World):
    lou = PersonDraft("Lou", "PETIT", code="301")
    claire, _ = family("Claire PETIT", "C1A1R-EEEEE", [lou], right=Right.WEEKS, weeks_from=MONDAY)
    paul, _ = family("Paul PETIT", "PAV1P-PPPPP", [lou], right=Right.READ_ONLY)
    for payer, code, right in ((claire, "C1A1R-EEEEE", Right.WEEKS), (paul, "PAV1P-PPPPP", Right.READ_ONLY)):
        found = family_of_session(key_hash(connect("301", code).key), NOW)
        assert found is not None
        assert (found.payer_id, [child.right for child in found.children]) == (payer.pk, [right])


def test_a_session_is_kept_only_as_a_hash_and_ends(demo: World):
    key = connect(JAMES, JAMIE_CODE).key
    row = ParentSession.objects.get()
    assert row.key_hash == hashlib.sha256(key.encode()).hexdigest()
    assert key not in str(list(ParentSession.objects.values_list()))
    assert len(key) >= 43  # 256 bits
    assert family_of_session(key, NOW) is None
    assert family_of_session(row.key_hash, NOW + timedelta(hours=12)) is None
    assert family_of_session(row.key_hash, NOW + timedelta(hours=11, minutes=59)) is not None


def test_logging_out_closes_that_session_alone(demo: World):
    one, other = (key_hash(connect(JAMES, JAMIE_CODE).key) for _ in range(2))
    found = family_of_session(one, NOW)
    assert found is not None
    log_out(session_id=found.session_id)
    assert (family_of_session(one, NOW), family_of_session(other, NOW) is None) == (None, False)


def test_a_family_costs_one_query_whatever_its_size(demo: World, django_assert_num_queries):
    for number in (1, 6):
        _, persons = family("Nombre EUX", f"N0MBR-EEEE{number}", [PersonDraft(f"E{n}", "EUX") for n in range(number)])
        key = key_hash(connect(persons[0].code, f"N0MBR-EEEE{number}").key)
        with django_assert_num_queries(1):
            found = family_of_session(key, NOW)
        assert found is not None
        assert len(found.children) == number


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("payer_code", [JAMIE_CODE, WRONG])
def test_a_login_is_one_transaction(world: World, payer_code: str):
    with in_town(world.demo), CaptureQueriesContext(connection) as queries:
        connect(JAMES, payer_code)
    words = [query["sql"].split()[0] for query in queries]
    assert words.count("BEGIN") == words.count("COMMIT") == 1
    assert (words[0], words[-1]) == ("BEGIN", "COMMIT")


# --- The throttle ---------------------------------------------------------------------------------------------------


def test_five_free_tries_then_one_minute_two_four(demo: World):
    assert fail(JAMES, 5) == [LoginResult()] * 5
    now = NOW
    for wait in (1, 2, 4, 8, 16, 32, 60, 60):
        refused = connect(JAMES, JAMIE_CODE, now=now)
        assert refused == LoginResult(wait=timedelta(minutes=wait), brake=Brake.WAIT)
        now += timedelta(minutes=wait)
        assert connect(JAMES, WRONG, now=now) == LoginResult()
    assert connect(JAMES, JAMIE_CODE, now=now + timedelta(hours=1)).key


def test_a_refused_try_costs_no_hash_and_is_not_counted(demo: World, hashes: list[str]):
    fail(JAMES, 5)
    done = len(hashes)
    fail(JAMES, 50)
    assert len(hashes) == done
    assert Throttle.objects.get().tries == FailedLogin.objects.count() == 5


def test_a_success_gives_the_try_back(demo: World):
    fail(JAMES, 4)
    assert connect(JAMES, JAMIE_CODE).key
    assert Throttle.objects.values_list("tries", "in_a_row").get() == (4, 0)
    assert fail(JAMES, 4) == [LoginResult()] * 4


def test_never_more_than_25_tries_in_a_day(demo: World):
    now, checked = NOW, 0
    while now < NOW + timedelta(hours=24):
        checked += connect(STRANGER, WRONG, now=now).brake is None
        now += timedelta(minutes=7)
    assert checked <= 25
    assert connect(STRANGER, WRONG, now=now).brake in (Brake.DAY_SPENT, Brake.WAIT)


def test_a_hundred_failures_in_a_row_close_the_code_until_a_new_one(demo: World):
    Throttle.objects.create(key=f"code:{JAMES}", tries=0, in_a_row=100, last=NOW - timedelta(days=30))
    assert connect(JAMES, JAMIE_CODE) == LoginResult(brake=Brake.DISABLED)
    issued = reissue_code(payer=demo.jamie, by=CLERK, now=NOW)
    assert connect(JAMES, issued.code).key


def test_the_owner_gets_in_from_a_known_device_while_the_code_is_under_attack(demo: World):
    fail(JAMES, 5)
    assert connect(JAMES, JAMIE_CODE).brake is Brake.WAIT

    def from_device(payer_code: str, device: str, payer: Payer) -> LoginResult:
        attempt = LoginAttempt(JAMES, payer_code, "198.51.100.7", device_payer=payer.public_id, device=device)
        return log_in(attempt=attempt, now=NOW)

    assert from_device(JAMIE_CODE, "phone", demo.jamie).key
    # A device of somebody else is no known device; a known one that guesses has its own count.
    assert from_device(JAMIE_CODE, "tablet", demo.denise).brake is Brake.WAIT
    assert [from_device(WRONG, "phone", demo.jamie).brake for _ in range(7)] == [None] * 5 + [Brake.WAIT] * 2
    assert from_device(JAMIE_CODE, "laptop", demo.jamie).key


def test_a_busy_address_is_slowed_down_never_refused(demo: World):
    for number in range(22):
        connect(f"{number:03}", WRONG, network="203.0.113.9")
    slowed = connect(ANGELINE, DENISE_CODE, network="203.0.113.9")
    assert (slowed.key, slowed.brake) == ("", Brake.CHALLENGE)
    attempt = LoginAttempt(ANGELINE, DENISE_CODE, "203.0.113.9", waited=slowed.wait)
    assert log_in(attempt=attempt, now=NOW).key
    assert connect(ANGELINE, DENISE_CODE, network="203.0.113.10").key
    assert connect(ANGELINE, DENISE_CODE, network="203.0.113.9", now=NOW + timedelta(minutes=10)).key


def test_three_hundred_good_logins_from_one_school_all_pass(demo: World):
    for _ in range(60):
        assert connect(JAMES, JAMIE_CODE, network="203.0.113.9").key
        assert connect(ANGELINE, DENISE_CODE, network="203.0.113.9").key
    assert not FailedLogin.objects.exists()


def test_known_and_unknown_codes_answer_alike(demo: World, hashes: list[str]):
    """Same values and same work, try after try: a child code that exists cannot be told from one that does not."""
    family("Vieux CODE", "4711", [PersonDraft("Ancien", "CODE", code="302")])
    long_code = family("Neuf CODE", "NEVFC-0DE00", [PersonDraft("Neuf", "CODE")])[1][0].code
    unknown_long = next(code for code in (f"{n}" for n in range(10_000_000, 99_999_999)) if code != long_code)
    for alike in ((JAMES, "302", UNKNOWN), (long_code, unknown_long)):
        seen = []
        for child_code in alike:
            hashes.clear()
            answers = fail(child_code, 4)
            seen.append((answers, Counter(hashes)))
        assert seen == [seen[0]] * len(alike)


# --- Codes ----------------------------------------------------------------------------------------------------------


def test_a_code_can_never_be_read_again(demo: World):
    stored = " ".join(Payer.objects.order_by("id").values_list("code_hash", flat=True))
    assert "$argon2id$" in stored
    assert not [code for code in (JAMIE_CODE, "K7M2P9QXDT", DENISE_CODE) if code in stored]
    one = hashing.hash_code("K7M2P9QXDT", weak=False)
    assert hashing.hash_code("K7M2P9QXDT", weak=False) != one  # salted
    assert hashing.verify(one, "K7M2P9QXDT")
    assert not hashing.verify("", "K7M2P9QXDT")


def test_the_pepper_is_part_of_the_hash(demo: World, settings):
    settings.PEPPER = get_random_string(50)
    assert connect(JAMES, JAMIE_CODE) == LoginResult()


def test_an_imported_code_is_kept_weak_hashed_harder_and_tried_less(demo: World):
    payer, _ = family("Vieux CODE", "471108", [PersonDraft("Ancien", "CODE", code="302")])
    assert payer.weak_code
    assert f"m={hashing.FULL.memory_cost},t=2" in payer.code_hash
    assert f"m={hashing.LIGHT.memory_cost},t=1" in demo.jamie.code_hash
    found = family_of_session(key_hash(connect("302", "471108").key), NOW)
    assert found is not None
    assert found.weak_code
    fail("302", 5)
    later = connect("302", "471108", now=NOW + timedelta(hours=23))
    assert later == LoginResult(wait=timedelta(hours=1), brake=Brake.DAY_SPENT)
    assert connect("302", "471108", now=NOW + timedelta(hours=24)).key


def test_a_new_code_kills_the_old_one_and_every_session(demo: World):
    old, other = key_hash(connect(JAMES, JAMIE_CODE).key), key_hash(connect(ANGELINE, DENISE_CODE).key)
    fail(JAMES, 5)
    issued = reissue_code(payer=demo.jamie, by=CLERK, now=NOW)
    assert family_of_session(old, NOW) is None
    assert family_of_session(other, NOW) is not None
    assert connect(JAMES, issued.code).key  # the bucket of an attacked code is emptied too
    assert connect(JAMES, JAMIE_CODE).key == ""


def test_a_session_opened_while_the_code_changed_is_dead(demo: World):
    """The login read the old version; its row comes after the reissue has swept the others."""
    key = key_hash(connect(JAMES, JAMIE_CODE).key)
    Payer.objects.filter(pk=demo.jamie.pk).update(credential_version=2)
    assert family_of_session(key, NOW) is None


@pytest.mark.parametrize("what", ["payer", "payer disabled", "person", "link"])
def test_who_left_gets_in_no_more(demo: World, what: str):
    key = key_hash(connect(JAMES, JAMIE_CODE).key)
    if what == "payer":
        Payer.objects.filter(pk=demo.jamie.pk).update(active=False)
    elif what == "payer disabled":
        Payer.objects.filter(pk=demo.jamie.pk).update(disabled=True)
    elif what == "person":
        Person.objects.filter(links__payer=demo.jamie).update(active=False)
    else:
        Link.objects.filter(payer=demo.jamie).delete()
    assert family_of_session(key, NOW) is None
    assert connect(JAMES, JAMIE_CODE).key == ""


def test_the_clock_sweeps_what_is_over(demo: World):
    connect(JAMES, JAMIE_CODE)
    fail(ANGELINE, 2)
    assert purge_access(now=NOW + timedelta(hours=11)) == 0
    assert purge_access(now=NOW + timedelta(hours=12)) == 1
    assert purge_access(now=NOW + timedelta(hours=24, seconds=1)) == 2
    assert purge_access(now=NOW + timedelta(days=31)) == 1  # the bucket of the failures; a success leaves none behind


def test_a_code_that_is_disabled_stays_so_whatever_the_clock_sweeps(demo: World):
    Throttle.objects.create(key=f"code:{JAMES}", in_a_row=100, last=NOW)
    purge_access(now=NOW + timedelta(days=400))
    assert connect(JAMES, JAMIE_CODE).key == ""
