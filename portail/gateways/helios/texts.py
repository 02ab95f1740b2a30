"""Texts and amounts as Hélios takes them: upper-case ASCII, cut to the length of the tag, two decimals."""

import re

from portail.gateways.letters import plain

_NOT_TAKEN = re.compile(r"[^A-Z0-9 '\-./,:()+]")


def upper(text: str, longest: int) -> str:
    """« Cantine d’Élodie » -> « CANTINE D'ELODIE », at most `longest` signs."""
    return " ".join(_NOT_TAKEN.sub(" ", plain(text).upper()).split())[:longest].strip()


def amount(cents: int) -> str:
    """1234 -> « 12.34 »."""
    return f"{cents // 100}.{cents % 100:02}"
