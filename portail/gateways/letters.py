"""Plain Latin letters, for the Treasury and the banks, whose files know neither accents nor other alphabets."""

import unicodedata

# What Unicode does not take apart by itself.
_APART = {
    "œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss", "ẞ": "SS", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
    "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "TH", "ı": "i", "ħ": "h", "Ħ": "H", "ŋ": "n", "Ŋ": "N",
    "’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "«": '"', "»": '"', "–": "-", "—": "-", "‑": "-", "−": "-",
    "€": "EUR", "×": "x", "·": ".",
}  # fmt: skip
_TABLE = str.maketrans(_APART)


def plain(text: str) -> str:
    """« Cœur d’Élodie » -> « Coeur d'Elodie »: ASCII, one space between words; a sign with no equivalent is a space."""
    apart = unicodedata.normalize("NFKD", text.translate(_TABLE))
    bare = (c if " " < c <= "~" else " " for c in apart if not unicodedata.combining(c))
    return " ".join("".join(bare).split())


def foreign_letters(text: str) -> str:
    """The letters of `text` that have no plain equivalent (« Иванов »), each once: a name must not lose any."""
    apart = unicodedata.normalize("NFKD", text.translate(_TABLE))
    return "".join(dict.fromkeys(c for c in apart if c > "~" and unicodedata.category(c)[0] in "LN"))
