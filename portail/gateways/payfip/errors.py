"""How PayFiP says no: four kinds of SOAP faults, and the call that never got an answer.

Codes are data: only P1 (unknown or purged) and P5 (not known yet) change what the portal does.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

UNKNOWN_OPERATION, NO_RESULT_YET = "P1", "P5"


class Kind(StrEnum):
    """The four faults of the web service, by their names there; `TRANSPORT` is ours: no SOAP answer came."""

    FUNCTIONAL = "FonctionnelleErreur"
    DYSFUNCTION = "TechDysfonctionnementErreur"
    UNAVAILABLE = "TechIndisponibiliteErreur"
    PROTOCOL = "TechProtocolaireErreur"
    TRANSPORT = "transport"


# Sentences for when the fault brings none. Real ones seen: R3, A2, P1, P5; the others come from integrators' notes.
CODES: Mapping[str, str] = MappingProxyType(
    {
        "A1": "L’adresse e-mail manque.",
        "A2": "L’adresse e-mail est incorrecte.",
        "D1": "L’adresse de retour est incorrecte.",
        "M1": "Le format du montant est incorrect.",
        "M3": "Le montant est inférieur au minimum.",
        "M5": "Le montant est supérieur au maximum.",
        "N1": "L’adresse de notification est incorrecte.",
        "P1": "Opération inconnue.",
        "P3": "Cette opération a déjà servi.",
        "P4": "Cette opération a plus de 15 minutes.",
        "P5": "Résultat non connu pour le moment.",
        "R3": "Le format de la référence de la dette est incorrect.",
        "S1": "Le mode de saisie est incorrect.",
        "T1": "Le numéro client manque ou n’est pas valable.",
        "T2": "Le numéro client est inconnu.",
        "T4": "Ce numéro client n’a pas accès au service sécurisé.",
    }
)
_BY_KIND = {
    Kind.FUNCTIONAL: "PayFiP refuse la demande.",
    Kind.DYSFUNCTION: "PayFiP rencontre une erreur interne.",
    Kind.UNAVAILABLE: "PayFiP est en maintenance.",
    Kind.PROTOCOL: "PayFiP n’a pas compris la demande.",
    Kind.TRANSPORT: "PayFiP ne répond pas.",
}


class PayfipError(Exception):
    """A call failed. `code` may be "": only functional faults have one for sure. `label`: a French sentence."""

    def __init__(self, kind: Kind, code: str = "", label: str = "") -> None:
        self.kind = kind
        self.code = code
        self.label = label or CODES.get(code) or _BY_KIND[kind]
        super().__init__(f"{kind.value} {code} {self.label}".replace("  ", " "))

    @property
    def is_unknown(self) -> bool:
        """P1: this operation does not exist (any more); nothing will ever come of it."""
        return self.kind is Kind.FUNCTIONAL and self.code == UNKNOWN_OPERATION

    @property
    def is_pending(self) -> bool:
        """P5: not finished; no error at all."""
        return self.kind is Kind.FUNCTIONAL and self.code == NO_RESULT_YET

    @property
    def is_temporary(self) -> bool:
        """The same call may succeed later."""
        return self.kind in {Kind.DYSFUNCTION, Kind.UNAVAILABLE, Kind.TRANSPORT}
