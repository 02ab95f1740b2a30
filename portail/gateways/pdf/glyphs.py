"""Which characters can be printed: a glyph that no shipped font has would fail the whole document (PDF/UA, PDF/A)."""

import re
import unicodedata

from portail.gateways.pdf.coverage import COVERAGE

MISSING = "□"
"""What stands for a character that no shipped font has; the typesetter takes it from a font of its own."""


def printable(text: str) -> str:
    """`text` in Unicode's composed form (NFC), each character that cannot be printed replaced by « □ ».

    Marks of direction, soft hyphens, spaces of no width and variation selectors show nothing anyway: they are dropped.
    The controls that turn the direction of a whole text (U+202A to U+202E, U+2066 to U+2069) can disguise a name: they
    show as « □ ». Tabs and rare spaces become a space; "\\n" stays.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _SPACES.sub(" ", _INVISIBLE.sub("", text.replace("\r\n", "\n")))
    return _UNPRINTABLE.sub(MISSING, unicodedata.normalize("NFC", text))


def _span(word: str) -> str:
    """« 1100-1112 » as a regular expression has it, within brackets."""
    return "-".join(rf"\U{int(end, 16):08x}" for end in word.split("-"))


_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180b-\u180e\u200b\u200e\u200f\u2060\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]"
)
_SPACES = re.compile("[\t\u1680\u2000-\u200a\u2028\u2029\u205f]")
_UNPRINTABLE = re.compile("[^\n" + "".join(map(_span, COVERAGE.split())) + "]")
