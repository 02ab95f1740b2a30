"""Direct debits of the régie: mandates, and the files (pain.008) handed to the Treasury or to a bank."""

from portail.billing.operations.sepa.mandates import (
    MandateDraft,
    add_mandate,
    purge_mandates,
    reseal,
    revoke_mandate,
)
from portail.billing.operations.sepa.remittances import (
    Built,
    RemittanceDraft,
    build_remittance,
    hand_over_remittance,
)
from portail.billing.operations.sepa.settling import cancel_remittance, reject_debit, settle_remittance

__all__ = [
    "Built",
    "MandateDraft",
    "RemittanceDraft",
    "add_mandate",
    "build_remittance",
    "cancel_remittance",
    "hand_over_remittance",
    "purge_mandates",
    "reject_debit",
    "reseal",
    "revoke_mandate",
    "settle_remittance",
]
