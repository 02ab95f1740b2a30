"""The QR code of a transfer, read by the applications of the banks (EPC069-12, version 002)."""

from portail.gateways.sepa.accounts import bic_fault, compact, iban_fault
from portail.gateways.sepa.remittance import SepaError, sepa_text


def transfer_qr_text(*, name: str, iban: str, cents: int, text: str, bic: str = "") -> str:
    """What the code holds; to be drawn with error correction M. `text`: what comes back on the statement (≤ 140).

    Raises SepaError.
    """
    faults = [iban_fault(iban), bic_fault(bic) if bic else ""]
    name, text = sepa_text(name, 70), sepa_text(text, 140)
    if not name or not text:
        faults.append("le nom et le libellé sont obligatoires")
    if not 1 <= cents <= 99_999_999_999:
        faults.append("le montant va de 0,01 € à 999 999 999,99 €")
    if any(faults):
        raise SepaError([f"Virement : {fault}." for fault in faults if fault])
    amount = f"EUR{cents // 100}.{cents % 100:02}"
    return "\n".join(["BCD", "002", "1", "SCT", compact(bic), name, compact(iban), amount, "", "", text])
