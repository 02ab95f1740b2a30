"""What the service checks before it opens an operation, in the order in which it complains."""

import re
from collections.abc import Callable, Mapping

from portail.simulator.values import RefusedError

MIN_CENTS, MAX_CENTS = 100, 9_999_999
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_SOURCE = re.compile(r"https?://[^\s/]+\S*")


def check(order: Mapping[str, str], known: Callable[[str], bool], modes: str) -> None:
    """Raises RefusedError with the code of the first fault. `known`: does this client number exist?"""
    _check_client(order["numcli"], known)
    if len(order["saisie"]) != 1 or order["saisie"] not in modes:
        raise RefusedError("S1")
    if not order["mel"]:
        raise RefusedError("A1")
    if not _EMAIL.fullmatch(order["mel"]) or not 6 <= len(order["mel"]) <= 80:
        raise RefusedError("A2")
    if not re.fullmatch(r"[A-Za-z0-9]{6,30}", order["refdet"]):
        raise RefusedError("R3")
    _check_rest(order)


def _check_client(numcli: str, known: Callable[[str], bool]) -> None:
    if not re.fullmatch(r"[0-9]{6}", numcli):
        raise RefusedError("T1")
    if not known(numcli):
        raise RefusedError("T2")


def _check_rest(order: Mapping[str, str]) -> None:
    if not re.fullmatch(r"[0-9]{4}", order["exer"]):
        raise RefusedError("E3")
    if not re.fullmatch(r"[0-9]{1,11}", order["montant"]):
        raise RefusedError("M1")
    if int(order["montant"]) < MIN_CENTS:
        raise RefusedError("M3")
    if int(order["montant"]) > MAX_CENTS:
        raise RefusedError("M5")
    if not re.fullmatch(r"[A-Za-z0-9 ]{0,100}", order["objet"]):
        raise RefusedError("O3")
    for name, code in (("urlnotif", "N1"), ("urlredirect", "D1")):
        if name in order and (not _SOURCE.fullmatch(order[name]) or len(order[name]) > 250):
            raise RefusedError(code)
