"""`portail payfip`: what became of the online payments, and what only the régisseur can decide of them."""

from collections.abc import Iterator
from typing import Any

from portail.billing.models import Anomaly, Regie
from portail.billing.operations.paying import EmailError, ProviderDownError, Urls, resolve_due
from portail.billing.operations.runs import solve_anomaly
from portail.billing.operations.statements import confirm_attempt, dismiss_attempt
from portail.billing.operations.statements.deciding import TO_DECIDE
from portail.billing.operations.trying import try_payment
from portail.billing.queries.regies import idle_regies
from portail.billing.wording import ATTEMPT_STATES, PAYMENT_ANOMALIES, idle_words
from portail.console import typed as read
from portail.console.arguments import typed
from portail.console.billing_lookups import attempt_with, doubts, entry, invoice_numbered, shown_id
from portail.console.chores import SWEPT_AT_ONCE
from portail.console.command import ConsoleError, TownCommand, add_town_arguments, counted
from portail.console.invoice_words import invoice_line
from portail.rules.paying import AttemptState
from portail.towns import wording
from portail.towns.queries import public_origin


class Command(TownCommand):
    """Ask PayFiP again; the list « à vérifier »; confirm, dismiss, or answer an entry of it."""

    help = "relire les paiements en ligne, et trancher ceux qui sont à vérifier"

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="do", required=True, metavar="ACTE")
        add_town_arguments(
            acts.add_parser("sweep", help="demander maintenant à PayFiP ce que sont devenues les opérations")
        )
        add_town_arguments(acts.add_parser("list", help="la liste « à vérifier »"))
        _add_confirm(acts)
        _add_dismiss(acts)
        _add_solve(acts)
        _add_try(acts)

    def act_in_town(self, **options: Any) -> None:
        acts = {
            "sweep": self._sweep, "list": self._list, "confirm": self._confirm, "dismiss": self._dismiss,
            "solve": self._solve, "try": self._try,
        }  # fmt: skip
        acts[options["do"]](options)

    def _sweep(self, _options: dict[str, Any]) -> None:
        asked = 0
        while done := resolve_due(now=self.now, limit=SWEPT_AT_ONCE):
            asked += done
        self.say(f"{counted(asked, 'opération relue', 'opérations relues')}.", _remaining(len(doubts())))

    def _list(self, _options: dict[str, Any]) -> None:
        found, idle = doubts(), idle_regies()
        self.say(*(f"[régie {one.code}] {idle_words(one.name, one.mode)}." for one in idle))
        self.say(*(line for one in found for line in _lines(one)), _remaining(len(found) + len(idle)))

    def _confirm(self, options: dict[str, Any]) -> None:
        attempt = attempt_with(options["ticket"])
        payment = confirm_attempt(
            attempt=attempt.public_id,
            reason=options["reason"],
            cents=options["amount"],
            on=options["on"],
            by=self.by,
            now=self.now,
        )
        self.say(f"Payé : reçu n° {payment.number}, {wording.money(payment.cents)} ; le ticket part par courriel.")
        self._say_invoice(attempt.invoice.number)

    def _dismiss(self, options: dict[str, Any]) -> None:
        attempt = attempt_with(options["ticket"])
        dismiss_attempt(attempt=attempt.public_id, reason=options["reason"], by=self.by, now=self.now)
        self.say(f"L'opération {attempt.ticket} n'a rien rapporté : la facture peut de nouveau être payée.")
        self._say_invoice(attempt.invoice.number)

    def _solve(self, options: dict[str, Any]) -> None:
        found = entry(options["entry"], doubts())
        if found.attempt is not None and found.attempt.state in TO_DECIDE:
            raise ConsoleError("Cette opération est à trancher : « portail payfip confirm » ou « dismiss ».")
        solve_anomaly(anomaly=found.public_id, answer=options["answer"], by=self.by, now=self.now)
        self.say(f"[{shown_id(found.public_id)}] réglée : {options['answer'].strip()}")

    def _try(self, options: dict[str, Any]) -> None:
        invoice, origin = invoice_numbered(options["number"]), public_origin()
        urls = Urls(*(f"{origin}/paiement/{door}/" for door in ("notification", "retour", "annonce")))
        try:
            started = try_payment(
                invoice=invoice.public_id, email=options["email"], urls=urls, by=self.by, now=self.now
            )
        except (EmailError, ProviderDownError) as error:
            raise ConsoleError(str(error)) from None
        mode = Regie.Mode(started.attempt.mode)
        self.say(
            f"Opération {started.attempt.ticket} ouverte en mode {mode} ({mode.label}) ; payez-la sur cette page :",
            f"    {started.url}",
            "Un essai réglé par une carte de test s'annule ensuite par « portail payment reverse ».",
        )

    def _say_invoice(self, number: str | None) -> None:
        if number:
            self.say(invoice_line(invoice_numbered(number)))


def _lines(doubt: Anomaly) -> Iterator[str]:
    attempt = doubt.attempt
    yield f"[{shown_id(doubt.public_id)}] {PAYMENT_ANOMALIES.get(doubt.kind, doubt.kind)}"
    if attempt is not None:
        state = ATTEMPT_STATES[AttemptState(attempt.state)]
        yield (
            f"    ticket {attempt.ticket} ({state}), {attempt.payer}, {wording.money(attempt.cents)}, "
            f"facture {attempt.invoice}, {attempt.invoice.regie}"
        )
    else:
        yield f"    {doubt.payer}" + (f", facture {doubt.invoice}" if doubt.invoice else "")
    told = ", ".join(f"{name} : {value}" for name, value in doubt.data.items() if value)
    if told:
        yield f"    {told}"


def _remaining(number: int) -> str:
    return "Rien à vérifier." if not number else f"{counted(number, 'ligne', 'lignes')} à vérifier."


def _add_confirm(acts: Any) -> None:
    parser = acts.add_parser("confirm", help="l'argent est bien arrivé : reçu et ticket")
    _add_ticket(parser)
    parser.add_argument(
        "--amount", type=typed(read.cents), metavar="EUROS", help="ce qui est arrivé, si c'est autre chose"
    )
    parser.add_argument("--on", type=typed(read.day), metavar="JOUR", help="jour de la banque, s'il n'est pas connu")


def _add_dismiss(acts: Any) -> None:
    _add_ticket(acts.add_parser("dismiss", help="rien n'est arrivé : la facture peut de nouveau être payée"))


def _add_ticket(parser: Any) -> None:
    add_town_arguments(parser)
    parser.add_argument("--ticket", required=True, metavar="TICKET", help="« Ticket LPS » de l'opération")
    parser.add_argument("--reason", required=True, metavar="MOTIF", help="d'où vous le savez")


def _add_try(acts: Any) -> None:
    parser = acts.add_parser("try", help="essayer le paiement d'une régie en mode T ou X, portail fermé aux familles")
    add_town_arguments(parser)
    parser.add_argument("--number", required=True, metavar="NUMÉRO", help="la facture à payer pour l'essai")
    parser.add_argument("--email", required=True, metavar="ADRESSE", help="où la banque envoie son ticket")


def _add_solve(acts: Any) -> None:
    parser = acts.add_parser("solve", help="répondre à une ligne qui ne demande que d'avoir été vue")
    add_town_arguments(parser)
    parser.add_argument("--entry", required=True, metavar="LIGNE", help="ce qui la précède, entre crochets")
    parser.add_argument("--answer", required=True, metavar="RÉPONSE", help="ce qui a été décidé")
