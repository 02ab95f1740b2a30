"""A régie that debits, mandates, files: for the tests of direct debits."""

import xml.etree.ElementTree as ET
from datetime import date, datetime, timedelta
from typing import Any

from portail.billing.models import Mandate, Remittance
from portail.billing.operations.sepa import (
    Built,
    MandateDraft,
    RemittanceDraft,
    add_mandate,
    build_remittance,
    hand_over_remittance,
    settle_remittance,
)
from portail.families.models import Payer
from portail.gateways.sepa.pain008 import Version, schema_faults
from tests.billing.treasury import regie
from tests.world import CLERK, NOW, PARIS

IBAN, TAIL = "FR14 2004 1010 0505 0001 3M02 606", "2606"
CREDITOR = {
    "name": "Régie de Démo", "ics": "FR72ZZZ123456", "iban": "FR7630006000011234567890189", "bic": "BDFEFRPPCCT",
    "siret": "21780118000017",
}  # fmt: skip
COLLECTED = date(2026, 12, 1)
LATER = datetime(2026, 12, 2, 9, tzinfo=PARIS)
OLD: dict[str, Any] = {"published_at": NOW - timedelta(days=10)}


def mandated(payer: Payer, **more: Any) -> Mandate:
    values = {"regie": "peri", "payer": payer, "holder": str(payer), "iban": IBAN, "signed_on": date(2026, 9, 1)}
    return add_mandate(draft=MandateDraft(**{**values, **more}), by=CLERK, now=NOW)


def place(**more: Any) -> None:
    regie(creditor={**CREDITOR, **more})


def built(**more: Any) -> Built:
    draft = RemittanceDraft(**{"regie": "peri", "collected_on": COLLECTED, **more})
    return build_remittance(draft=draft, by=CLERK, now=NOW)


def settled(remittance: Remittance) -> int:
    return settle_remittance(remittance=remittance.public_id, by=CLERK, now=LATER)


def texts(remittance: Remittance, tag: str) -> list[str | None]:
    _, content = hand_over_remittance(remittance=remittance.public_id, by=CLERK, now=NOW)
    assert schema_faults(content, Version.V02) == []
    return [e.text for e in ET.fromstring(content).iter() if e.tag.endswith("}" + tag)]  # noqa: S314 -- our own bytes
