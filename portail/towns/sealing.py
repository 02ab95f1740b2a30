"""What is sealed at rest (bank details, secrets, files): AES-256-GCM, under a key kept apart from the database.

Each text is bound to its place (« mandate/<uuid> » of a town): moved to another row, it does not open. The first key
of the settings seals; the former ones (`FIELD_KEY_FALLBACKS`) only open.
"""

import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from portail.towns.scope import current_town

VERSION = b"\x01"
NONCE = 12  # bytes, drawn for each text (NIST SP 800-38D)


class SealError(ValueError):
    """What was sealed does not open; the message is a French sentence."""


def seal(text: bytes, place: str) -> bytes:
    """Encrypt `text` for one place of the town in force."""
    nonce = secrets.token_bytes(NONCE)
    return VERSION + nonce + _cipher(settings.FIELD_KEY).encrypt(nonce, text, _bound(place))


def unseal(sealed: bytes | memoryview, place: str) -> bytes:
    """What was sealed for that place. Raises SealError: wrong key, wrong place, or altered."""
    kept = bytes(sealed)
    nonce, rest = kept[1 : 1 + NONCE], kept[1 + NONCE :]
    if kept[:1] == VERSION and len(nonce) == NONCE:
        for key in (settings.FIELD_KEY, *settings.FIELD_KEY_FALLBACKS):
            try:
                return _cipher(key).decrypt(nonce, rest, _bound(place))
            except InvalidTag:
                continue
    raise SealError("Ces données chiffrées ne se lisent pas : la clé PORTAIL_FIELD_KEY a-t-elle changé ?")


def _bound(place: str) -> bytes:
    return f"{current_town().pk}/{place}".encode()


@lru_cache(maxsize=8)
def _cipher(key: str) -> AESGCM:
    """A setting is a text of any length: HKDF makes a key of it (RFC 5869)."""
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"portail, bank details").derive(key.encode()))
