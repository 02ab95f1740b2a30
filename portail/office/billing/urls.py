"""Addresses of money."""

from django.urls import path

from portail.office.billing import books, doubts, invoices, payments, regies, runs, tariffs, unpaid

urlpatterns = [
    path("livres/", books.books, name="books"),
    path("livres/<slug:code>/verser/", books.pay_over, name="pay_over"),
    path("a-verifier/", doubts.doubts, name="doubts"),
    path("a-verifier/<uuid:public_id>/", doubts.solve_doubt, name="solve_doubt"),
    path("tarifs/", tariffs.tariffs, name="tariffs"),
    path("tarifs/<int:number>/", tariffs.tariff, name="tariff"),
    path("tarifs/activites/<slug:activity>/", tariffs.billed, name="billed"),
    path("tarifs/activites/<slug:activity>/nouveau/", tariffs.new_tariff, name="new_tariff"),
    path("regies/", regies.regies, name="regies"),
    path("regies/nouvelle/", regies.new_regie, name="new_regie"),
    path("regies/<slug:code>/", regies.regie, name="regie"),
    path("regies/<slug:code>/tester/", regies.test_regie, name="test_regie"),
    path("campagnes/", runs.runs, name="runs"),
    path("campagnes/nouvelle/", runs.new_run, name="new_run"),
    path("campagnes/<uuid:public_id>/", runs.run, name="run"),
    path("campagnes/<uuid:public_id>/preparer/", runs.prepare_again, name="prepare_again"),
    path("campagnes/<uuid:public_id>/emettre/", runs.issue, name="issue_run"),
    path("campagnes/<uuid:public_id>/continuer/", runs.continue_issue, name="continue_issue"),
    path("campagnes/<uuid:public_id>/publier/", runs.publish, name="publish_run"),
    path("campagnes/<uuid:public_id>/abandonner/", runs.abandon, name="abandon_run"),
    path("campagnes/<uuid:public_id>/controle/<uuid:anomaly>/", runs.solve, name="solve_entry"),
    path("factures/", invoices.invoices, name="invoices"),
    path("factures/<uuid:public_id>/", invoices.invoice, name="invoice"),
    path("factures/<uuid:public_id>/pdf/", invoices.invoice_paper, name="invoice_paper"),
    path("factures/<uuid:public_id>/avoir/", invoices.credit, name="credit"),
    path("factures/<uuid:public_id>/encaisser/", payments.counter, name="counter"),
    path("reglements/", payments.payments, name="payments"),
    path("reglements/<uuid:public_id>/", payments.payment, name="payment"),
    path("reglements/<uuid:public_id>/recu/", payments.receipt_paper, name="receipt_paper"),
    path("reglements/<uuid:public_id>/annuler/", payments.reverse, name="reverse_payment"),
    path("reglements/<uuid:public_id>/rembourser/", payments.give_back, name="refund"),
    path("reglements/<uuid:public_id>/imputer/", payments.allocate, name="allocate"),
    path("impayes/", unpaid.unpaid, name="unpaid"),
    path("impayes/relancer/", unpaid.remind, name="remind"),
]
