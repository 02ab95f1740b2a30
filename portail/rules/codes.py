"""Child and payer codes: draw, clean, check; and how long one who fails must wait (feature A5).

The child code is an identifier, keyed on telephones, and no secret. The payer code is the only secret: 50 random bits
(CNIL, délibération 2022-100: 50 bits with restricted access; NIST 800-63B-4: at most 100 failures in a row).
Randomness comes in as `draw`, a callable such as `secrets.randbelow`: draw(n) gives 0 to n - 1.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

Draw = Callable[[int], int]

CHILD_CODE_LENGTH = 8
PAYER_CODE_LENGTH = 10
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base32: no I, L, O, U
_READ_AS = str.maketrans("ILO", "110")
_SEPARATORS = re.compile(r"[\s.\-_\u00ad\u200b\u2010-\u2015\u2212]+")
_LONGEST = 64  # nobody types more; keeps a forged megabyte away from the regular expressions

# Damm's quasigroup of order 10: sees every wrong digit and every swap of neighbours.
_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)


def damm(digits: str) -> int:
    """The check digit to append; 0 for a number whose check digit is right."""
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return interim


def new_child_code(draw: Draw) -> str:
    """7 random digits and their check digit. Never a leading zero: spreadsheets drop them."""
    digits = str(1_000_000 + draw(9_000_000))
    return f"{digits}{damm(digits)}"


def normalise_child_code(text: str) -> str:
    """The digits, zeros in front kept (007 is a code); "" for what is no code of 3 to 8 digits."""
    code = _clean(text)
    return code if re.fullmatch(r"[0-9]{3,8}", code) else ""


def miscopied(code: str, *, legacy_of_8: bool = False) -> bool:
    """Is this normalised child code surely « mal recopié »? Then no try is counted and nothing is looked up.

    `legacy_of_8`: the town imported codes of 8 digits without check digit, so that nothing may be said.
    """
    return len(code) == CHILD_CODE_LENGTH and not legacy_of_8 and damm(code) != 0


def child_code_ok(text: str, *, legacy_of_8: bool = False) -> bool:
    """Could this be a child code: 8 digits with the right check digit, or an imported one of 3 to 8 digits?"""
    code = normalise_child_code(text)
    return bool(code) and not miscopied(code, legacy_of_8=legacy_of_8)


def new_payer_code(draw: Draw) -> str:
    """10 characters of Crockford's base32, 50 random bits, as they are hashed: without hyphen."""
    return "".join(_ALPHABET[draw(len(_ALPHABET))] for _ in range(PAYER_CODE_LENGTH))


def show_payer_code(code: str) -> str:
    """As printed on the letters: K7M2P-9QXDT. An imported code of another length stays whole."""
    return f"{code[:5]}-{code[5:]}" if len(code) == PAYER_CODE_LENGTH else code


def normalise_payer_code(text: str) -> str:
    """What is hashed: capitals, no space or hyphen, I and L read as 1, O as 0. Imported codes pass the same way."""
    return _clean(text).upper().translate(_READ_AS)


def payer_code_ok(code: str) -> bool:
    """Is this normalised code one of ours (not an imported one)?"""
    return len(code) == PAYER_CODE_LENGTH and all(character in _ALPHABET for character in code)


def _clean(text: str) -> str:
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text[:_LONGEST]))


# --- Throttle -------------------------------------------------------------------------------------------------------
# Every try is counted before the code is hashed (`counted`), under the lock of its row, and given back when the code
# was right (`refunded`). A try that was not allowed is not counted. Known and unknown child codes count alike.

FREE_TRIES = 5
LONGEST_WAIT = timedelta(hours=1)
DAY = timedelta(hours=24)
TRIES_A_DAY = 25
WEAK_TRIES_A_DAY = 5  # imported numeric payer codes, short and perhaps known
FAILURES_TO_DISABLE = 100
IP_WINDOW = timedelta(minutes=10)
IP_CODES = 20
IP_LONGEST_DELAY = timedelta(seconds=30)
TOWN_FAILURES = 500
SLOW_MODE = timedelta(seconds=3)


class Brake(StrEnum):
    """Why a try is refused (the first three) or slowed down (the last two)."""

    WAIT = "wait"
    DAY_SPENT = "day_spent"
    DISABLED = "disabled"  # until a new code is issued: waiting does not help
    CHALLENGE = "challenge"  # too many different codes fail from this address
    SLOW = "slow"  # too many failures in the town


@dataclass(frozen=True, slots=True)
class Bucket:
    """One row of the throttle: of a child code (existing or not), or of a known device.

    `tries`: failures since the last 24 hours of silence; `in_a_row`: since the last success; `last`: the last counted.
    """

    tries: int = 0
    in_a_row: int = 0
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """May this try be made? `wait`: when refused, what is left to wait (0 if disabled); when allowed, the delay."""

    allowed: bool
    wait: timedelta = timedelta(0)
    reason: Brake | None = None


ALLOWED = Decision(allowed=True)


@dataclass(frozen=True, slots=True)
class Counters:
    """All that a try is judged on. `device`: bucket of a device that once succeeded for this very payer, if any."""

    code: Bucket
    device: Bucket | None = None
    ip_codes: int = 0  # distinct child codes that failed from this address (/32 or /64) within IP_WINDOW
    town_failures: int = 0  # failures in the town today
    weak: bool = False  # the payer code at stake was imported


def wait_after(failures: int) -> timedelta:
    """What separates a failure from the next try: nothing for four, then 1, 2, 4… minutes up to an hour."""
    if failures < FREE_TRIES:
        return timedelta(0)
    return min(LONGEST_WAIT, timedelta(minutes=2 ** min(failures - FREE_TRIES, 6)))


def may_try(counters: Counters, now: datetime) -> Decision:
    """Allowed or not, and how slowly.

    A known device has a bucket of its own, so that whoever attacks a code cannot lock its owner out; it is spared the
    brakes of the address and of the town, which never refuse anybody anyway (a whole school sits behind one address).
    """
    known_device = counters.device is not None
    decision = decide(counters.device or counters.code, now, weak=counters.weak)
    if not decision.allowed or known_device:
        return decision
    slow = SLOW_MODE if town_alert(counters.town_failures) else timedelta(0)
    wait, reason = max((ip_delay(counters.ip_codes), Brake.CHALLENGE), (slow, Brake.SLOW))
    return Decision(allowed=True, wait=wait, reason=reason) if wait else ALLOWED


def decide(bucket: Bucket, now: datetime, *, weak: bool = False) -> Decision:
    """One bucket: 5 free tries, growing waits, 25 (weak: 5) a day, 100 failures in a row.

    The day ends after 24 hours without a counted try: no span of 24 hours, wherever it begins, ever holds more.
    """
    if bucket.in_a_row >= FAILURES_TO_DISABLE:
        return Decision(allowed=False, reason=Brake.DISABLED)
    if bucket.last is None or now - bucket.last >= DAY:
        return ALLOWED
    since = now - bucket.last
    if bucket.tries >= (WEAK_TRIES_A_DAY if weak else TRIES_A_DAY):
        return Decision(allowed=False, wait=DAY - since, reason=Brake.DAY_SPENT)
    # A success clears the waits, not the day's count: the other parent of a child cannot use one to guess for ever.
    left = wait_after(min(bucket.tries, bucket.in_a_row)) - since
    return Decision(allowed=False, wait=left, reason=Brake.WAIT) if left > timedelta(0) else ALLOWED


def counted(bucket: Bucket, now: datetime) -> Bucket:
    """The bucket once an allowed try is counted, before its code is checked."""
    fresh = bucket.last is None or now - bucket.last >= DAY
    return Bucket(tries=1 if fresh else bucket.tries + 1, in_a_row=bucket.in_a_row + 1, last=now)


def refunded(bucket: Bucket, before: Bucket, at: datetime) -> Bucket:
    """The bucket once the try counted `at` turned out right; `before`: as it was before that try.

    Whatever others did in between stays counted; the silence that ends a day is that of failures.
    """
    last = before.last if bucket.last == at else bucket.last
    return Bucket(tries=max(0, bucket.tries - 1), in_a_row=0, last=last)


def ip_delay(distinct_codes: int) -> timedelta:
    """How long the challenge page holds: a second for each code over 20, never more than 30, never a refusal."""
    return min(IP_LONGEST_DELAY, timedelta(seconds=max(0, distinct_codes - IP_CODES)))


def town_alert(failures_today: int) -> bool:
    """Is the town under attack: tell its staff, and slow down unknown devices?"""
    return failures_today > TOWN_FAILURES
