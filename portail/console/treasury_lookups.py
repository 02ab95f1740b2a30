"""What the commands of the Treasury's side are told by name. Raise ConsoleError."""

from portail.billing.models import Deposit, Mandate, Remittance
from portail.console.billing_lookups import regie_coded
from portail.console.command import ConsoleError
from portail.families.models import Payer


def mandate_of(payer: Payer, regie: str) -> Mandate:
    """The mandate in force of this payer at this régie (a code)."""
    found = Mandate.objects.filter(payer=payer, regie=regie_coded(regie), revoked_on__isnull=True).first()
    if found is None:
        raise ConsoleError(f"{payer} n'a pas de mandat en vigueur à cette régie.")
    return found


def remittance_named(name: str) -> Remittance:
    """The remittance of this file name."""
    found = list(Remittance.objects.filter(file_name=name.strip()))
    if len(found) != 1:
        raise ConsoleError(f"Aucune remise ne s'appelle « {name} ».")
    return found[0]


def deposit_numbered(regie: str, number: int) -> Deposit:
    """The payment to the accountant of this number."""
    found = Deposit.objects.filter(regie=regie_coded(regie), number=number).first()
    if found is None:
        raise ConsoleError(f"La régie n'a pas de versement n° {number}.")
    return found
