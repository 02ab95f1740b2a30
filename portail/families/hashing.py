"""How a payer code is kept: Argon2id over an HMAC whose key (the pepper) lies outside the database.

A code of ours is 50 random bits: a light setting (about 5 ms) is enough and lets a rush of parents in. A weak imported
code gets the full OWASP setting. A code can never be read again.
"""

import hashlib
import hmac

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from django.conf import settings

LIGHT = PasswordHasher(time_cost=1, memory_cost=4 * 1024, parallelism=1)
FULL = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hash_code(code: str, *, weak: bool) -> str:
    """The hash of a normalised payer code."""
    return (FULL if weak else LIGHT).hash(_peppered(code))


def verify(hashed: str, code: str) -> bool:
    """Is this normalised code the one that was hashed? Takes as long whatever the answer."""
    try:
        return LIGHT.verify(hashed, _peppered(code))
    except (VerificationError, InvalidHashError):
        return False


def _peppered(code: str) -> str:
    return hmac.new(settings.PEPPER.encode(), code.encode(), hashlib.sha256).hexdigest()


# What an unknown child code is checked against, so that it takes the time of a known one.
NOBODY = {weak: hash_code("", weak=weak) for weak in (False, True)}
