"""What the simulated bank knows: client numbers, operations, the failures asked for."""

from dataclasses import dataclass
from enum import StrEnum

IDOP_LIFE = 15 * 60
"""Seconds in which a new operation must be opened by the payer (P4 afterwards)."""

PAGE_LIFE = 15 * 60
"""Seconds that the opened pages then live: our assumption, PayFiP's own is not published."""

RESULT_LIFE = 365 * 24 * 3600
"""Seconds in which a result can be read."""

PAID = frozenset("PV")
RETRIABLE = frozenset("ARZ")
"""Abandoned or refused: the payer may still try again while the pages live. Every other letter is final."""


class FaultKind(StrEnum):
    """The four SOAP faults of the service, by their names there."""

    FUNCTIONAL = "FonctionnelleErreur"
    DYSFUNCTION = "TechDysfonctionnementErreur"
    UNAVAILABLE = "TechIndisponibiliteErreur"
    PROTOCOL = "TechProtocolaireErreur"


class Notices(StrEnum):
    """What becomes of notifications: sent, lost, sent three times, or held until the desk releases them."""

    SEND = "send"
    DROP = "drop"
    REPEAT = "repeat"
    HOLD = "hold"


CODES = {
    "A1": "Adresse mél non renseignée.",
    "A2": "Adresse mél incorrecte.",
    "D1": "L'URL de redirection n'est pas conforme.",
    "E3": "Le format du paramètre EXER n'est pas conforme",  # the code is ours: PayFiP's is not known
    "M1": "Le format du montant n'est pas conforme.",
    "M3": "Le montant est inférieur au minimum autorisé.",
    "M5": "Le montant est supérieur au maximum autorisé.",
    "N1": "L'URL de notification n'est pas conforme.",
    "O3": "Le format du paramètre OBJET n'est pas conforme",  # ours too
    "P1": "IdOp incorrect.",
    "P3": "Cet identifiant d'opération a déjà été utilisé.",
    "P4": "Cet identifiant d'opération a plus de 15 minutes.",
    "P5": "Résultat de la transaction non connu.",
    "R3": "Le format du paramètre REFDET n'est pas conforme",
    "S1": "Le mode de saisie n'est pas conforme.",
    "T1": "Le numéro client n'est pas renseigné ou n'est pas valide.",
    "T2": "Numéro client inconnu.",
}


class RefusedError(Exception):
    """The bank says no: a SOAP fault, or an error page."""

    def __init__(self, code: str, kind: FaultKind = FaultKind.FUNCTIONAL, label: str = "", severity: int = 2) -> None:
        self.code, self.kind, self.severity = code, kind, severity
        self.label = label or CODES.get(code, "")
        super().__init__(f"{code} {self.label}")


@dataclass(frozen=True, slots=True)
class Client:
    """A client number: régie, collectivité, product, and whether it subscribed to direct debit."""

    numcli: str
    label1: str
    label2: str
    label3: str
    debit: bool = True


DEMO_CLIENTS = (
    Client("000123", "REGIE PERISCOLAIRE", "VILLE DE DEMO", "CANTINE ET GARDERIE"),
    Client("000124", "REGIE EXTRASCOLAIRE", "VILLE DE DEMO", "CENTRE DE LOISIRS"),
    Client("000125", "REGIE CANTINE", "MAIRIE DE BUCHELAY", "CANTINE", debit=False),
)


@dataclass(frozen=True, slots=True)
class Operation:
    """A payment under way or done. Instants are seconds of the bank's own clock; `opened` and `answered` may be None.

    `kind`: "ws" (web service) or "form" (older form, whose `urlnotif` is its call-back `urlcl`). `session` belongs to
    the browser that opened the page. `pending`: JSON, what that browser has typed so far. `altered`: JSON, what the
    service must answer instead of the truth. `result`: "" or the last letter.
    """

    idop: str
    kind: str
    numcli: str
    exer: str
    refdet: str
    objet: str
    cents: int
    mel: str
    saisie: str
    urlnotif: str
    urlredirect: str
    created: float
    opened: float | None
    session: str
    pending: str
    result: str
    numauto: str
    trans: str
    card: str
    answered: float | None
    purged: int
    altered: str

    @property
    def is_final(self) -> bool:
        """Nothing more can happen to it."""
        return bool(self.result) and self.result not in RETRIABLE


@dataclass(frozen=True, slots=True)
class Controls:
    """The failures asked for at the desk; everything off by default.

    `fault` with its `code` hits the operation `only` (all when ""), `times` times (for ever when None). `slow`: seconds
    before each SOAP answer. `skew`: seconds by which the bank's clock is ahead.
    """

    fault: str = ""
    code: str = ""
    only: str = ""
    times: int | None = None
    garbage: bool = False
    slow: float = 0
    notices: str = Notices.SEND.value
    skew: float = 0
