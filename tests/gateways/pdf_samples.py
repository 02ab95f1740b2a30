"""One paper of each kind, for the tests of the press."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from portail.gateways.pdf.papers import (
    Alignment,
    Amount,
    CertificatePaper,
    CertifiedChild,
    ChildLines,
    Column,
    Fact,
    InvoicePaper,
    JournalPaper,
    Letterhead,
    Line,
    Logo,
    OnlinePayment,
    PaidInvoice,
    Paper,
    ReceiptPaper,
    Recipient,
    ReminderLevel,
    ReminderPaper,
    Talon,
    UnpaidInvoice,
)

PRINTED = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
TEST = "TEST – aucun paiement réel"
URL = "https://demo.example/factures/2013-026-000335/payer"
ROOF = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 60"><path d="M10 50 60 8l50 42z" fill="#0b6e4f"/></svg>'
)

HEAD = Letterhead(
    town="Ville de Démo",
    address=("1 place de la République", "78200 Démo-sur-Seine"),
    phone="01 23 45 67 89",
    email="regie@ville-de-demo.example",
    siret="217 800 123 00019",
    logo=Logo(ROOF, "image/svg+xml"),
    colour="#0b6e4f",
)
PAYER = Recipient("Mme Camille LEFÈVRE-NGUYEN", ("27 bis rue des Églantines", "78200 Démo-sur-Seine"))
LUNCH = Line("Restauration scolaire", "1", "4,24 €", "4,24 €", "12 novembre", "Tranche 3 – quotient familial 742")


def invoice(lines: int = 1, **changes: Any) -> InvoicePaper:
    paper = InvoicePaper(
        letterhead=HEAD,
        recipient=PAYER,
        regie="Régie périscolaire",
        number="2013-026-000335",
        title="Restauration – novembre 2026",
        issued_on="30 novembre 2026",
        due_on="15 décembre 2026",
        reference="2013-T5-00-26000335",
        children=(ChildLines("Inès LEFÈVRE", (LUNCH,) * lines, "École Jules-Ferry, CE2", "4,24 €"),),
        carried_over=(Amount("Report de la facture 2013-025-000310", "0,76 €"),),
        credits=(Amount("Avoir n° 2013-026-000012", "− 1,00 €"),),
        split=(Amount("Garde", "1,24 €"), Amount("Repas", "3,00 €")),
        total="4,00 €",
        already_paid="1,00 €",
        left_to_pay="3,00 €",
        online=OnlinePayment(URL, "Ouvrir la page de paiement", "Sur le portail, rubrique « Factures »."),
        how_to_pay=("Par chèque à l’ordre du Trésor public.",),
        talon=Talon("2013-T5-00-26000335", "3,00 €", PAYER.name, "Régie périscolaire", "À joindre au chèque."),
        mentions=("Voies et délais de recours : deux mois, article L. 1617-5 du CGCT.",),
    )
    return replace(paper, **changes)


RECEIPT = ReceiptPaper(
    letterhead=HEAD,
    recipient=PAYER,
    regie="Régie périscolaire",
    number="2026-R-000125",
    paid_on="30 novembre 2026",
    means="Carte bancaire",
    amount="3,00 €",
    invoices=(PaidInvoice("2013-026-000335", "Restauration – novembre 2026", "3,00 €"),),
    authorisation="A1B2C3",
    ticket="LPS-2026-000417",
    sentences=("Ce reçu vaut preuve de paiement.",),
)
CERTIFICATE = CertificatePaper(
    letterhead=HEAD,
    recipient=PAYER,
    year="2026",
    children=(CertifiedChild("Inès LEFÈVRE", "14 mars 2021", "janvier à décembre 2026", "412,30 €", "Garde alternée"),),
    total="412,30 €",
    issued_on="12 février 2027",
    aids="Déduisez les aides reçues.",
    law="Article 200 quater B du code général des impôts.",
    place="Démo-sur-Seine",
    signatory=("La régisseuse,",),
)
REMINDER = ReminderPaper(
    letterhead=HEAD,
    recipient=PAYER,
    regie="Régie périscolaire",
    level=ReminderLevel.LAST,
    issued_on="20 janvier 2027",
    subject="Factures impayées",
    paragraphs=("Madame,", "Les factures ci-dessous restent impayées."),
    invoices=(UnpaidInvoice("2013-026-000335", "Restauration", "15 décembre 2026", "4,00 €", "3,00 €"),),
    total="3,00 €",
    closing=("Un échéancier est possible.",),
    online=OnlinePayment(URL, "Ouvrir la page de paiement"),
    signatory=("La régisseuse,",),
)
JOURNAL = JournalPaper(
    letterhead=HEAD,
    title="Journal des encaissements",
    subtitle="30 novembre 2026",
    regie="Régie périscolaire",
    columns=(Column("Quittance"), Column("Payeur", wide=True), Column("Montant", Alignment.RIGHT)),
    rows=(("2026-R-000125", PAYER.name, "3,00 €"),),
    totals=(("", "Total du jour", "3,00 €"),),
    facts=(Fact("Plafond d’encaisse", "1 500,00 €"),),
    signatures=("Le régisseur", "Le comptable public"),
)
ALL: dict[str, Paper] = {
    "invoice": invoice(),
    "credit note": invoice(credit_note=True, online=None, talon=None, how_to_pay=()),
    "receipt": RECEIPT,
    "certificate": CERTIFICATE,
    "reminder": REMINDER,
    "journal": JOURNAL,
    "landscape": replace(JOURNAL, landscape=True),
    "empty journal": replace(JOURNAL, rows=()),
}
