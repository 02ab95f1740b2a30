"""The bank's pages: the debt and the choice, the card with its strong authentication, impots.gouv, the result.

They work without scripts. A browser is known by a cookie, and by the same token in each form for those without cookies:
reloading a page or going back to it is no second use of the idOp, another browser is.
"""

import json
import secrets
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from portail.simulator import cards
from portail.simulator.bank import ORDER_FIELDS, Bank
from portail.simulator.notify import Notifier
from portail.simulator.ticket import Tickets
from portail.simulator.values import PAID, Operation, RefusedError
from portail.simulator.web import Request, Response, page, see_other

COOKIE = "payfip"
SERVICE_PAGE, FORM_PAGE = "/tpa/paiementws.web", "/tpa/paiement.web"
CHOICE, CARD, CODE, LOGIN, ACCOUNT, RESULT, TICKET = (
    "/tpa/choix", "/tpa/carte", "/tpa/authentification", "/tpa/impots", "/tpa/compte", "/tpa/resultat", "/tpa/ticket"
)  # fmt: skip
_YEARS = 10


class Pages:
    """The pages of one bank."""

    def __init__(self, bank: Bank, notifier: Notifier, tickets: Tickets) -> None:
        self._bank = bank
        self._notifier = notifier
        self._tickets = tickets

    def routes(self) -> dict[tuple[str, str], Callable[[Request], Response]]:
        """What is answered where."""
        pages: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("GET", SERVICE_PAGE): self.arrive,
            ("GET", FORM_PAGE): self.arrive_by_form,
            ("POST", FORM_PAGE): self.arrive_by_form,
            ("POST", CHOICE): self.choose,
            ("GET", CARD): self.card,
            ("POST", CARD): self.type_card,
            ("GET", CODE): self.code,
            ("POST", CODE): self.type_code,
            ("GET", LOGIN): self.login,
            ("POST", LOGIN): self.log_in,
            ("GET", ACCOUNT): self.account,
            ("POST", ACCOUNT): self.debit,
            ("GET", RESULT): self.result,
            ("GET", TICKET): self.ticket,
        }
        return {place: self._guarded(handler) for place, handler in pages.items()}

    # --- The debt and the choice ------------------------------------------------------------------------------------

    def arrive(self, request: Request) -> Response:
        """`paiementws.web?idop=…`."""
        session = request.cookies.get(COOKIE) or secrets.token_hex(16)
        operation = self._bank.open(request.query.get("idop", ""), session)
        return self._choice(operation)

    def arrive_by_form(self, request: Request) -> Response:
        """The older form, by GET or POST: the operation is opened at once."""
        sent = {**request.query, **request.form}
        order = {name: sent.get(name, "").strip() for name in ORDER_FIELDS if name != "urlredirect"}
        order["urlnotif"] = sent.get("urlcl", "").strip()
        order["exer"] = order["exer"] or f"{self._today().year}"
        idop = self._bank.create(order, "form")
        session = request.cookies.get(COOKIE) or secrets.token_hex(16)
        self._bank.open(idop, session)
        return see_other(f"{SERVICE_PAGE}?{urlencode({'idop': idop})}", [_cookie(session)])

    def choose(self, request: Request) -> Response:
        """Card, direct debit, or cancel."""
        operation = self._alive(request)
        means = request.form.get("moyen", "")
        if means == "annuler":
            return self._settle(operation, "A")
        debit = means == "prelevement" and self._bank.client(operation.numcli).debit
        return _go(LOGIN if debit else CARD, operation)

    def _choice(self, operation: Operation) -> Response:
        shown = page("choice.html", **self._debt(operation))
        shown.headers.append(_cookie(operation.session))
        return shown

    # --- Card -------------------------------------------------------------------------------------------------------

    def card(self, request: Request) -> Response:
        """The card form."""
        return self._card(self._alive(request), cards.CardForm("", "", "", {}))

    def type_card(self, request: Request) -> Response:
        """A card was typed: kept masked, on to the authentication."""
        operation = self._alive(request)
        if request.form.get("annuler"):
            return self._settle(operation, "A")
        today = self._today()
        form = cards.read_card(request.form, today.year, today.month)
        if form.errors:
            return self._card(operation, form)
        self._bank.note(operation.idop, {"card": form.masked, "refused": form.is_refused, "codes": 0})
        return _go(CODE, operation)

    def _card(self, operation: Operation, form: cards.CardForm) -> Response:
        year = self._today().year
        return page(
            "card.html",
            HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK,
            form=form,
            years=[str(number) for number in range(year - 1, year + _YEARS)],
            accepted=[cards.spaced(number) for number in cards.ACCEPTED],
            refused=cards.spaced(cards.REFUSED),
            **self._debt(operation),
        )

    def code(self, request: Request) -> Response:
        """The strong authentication."""
        operation = self._alive(request)
        pending = _pending(operation)
        if "card" not in pending:
            return _go(CARD, operation)
        return self._code(operation, pending)

    def type_code(self, request: Request) -> Response:
        """A code was typed; the third wrong one refuses the payment."""
        operation = self._alive(request)
        pending = _pending(operation)
        if request.form.get("annuler"):
            return self._settle(operation, "A")
        if "card" not in pending:
            return _go(CARD, operation)
        if request.form.get("code", "").strip() == cards.CODE:
            return self._settle(operation, "R" if pending["refused"] else "P", card=pending["card"])
        pending["codes"] += 1
        if pending["codes"] >= cards.MOST_CODES:
            return self._settle(operation, "R", card=pending["card"])
        self._bank.note(operation.idop, pending)
        return self._code(operation, pending)

    def _code(self, operation: Operation, pending: dict[str, Any]) -> Response:
        left = cards.MOST_CODES - pending["codes"]
        wrong = pending["codes"] > 0
        status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
        return page("code.html", status, code=cards.CODE, left=left, wrong=wrong, card=pending["card"],
                    **self._debt(operation))  # fmt: skip

    # --- Direct debit -----------------------------------------------------------------------------------------------

    def login(self, request: Request) -> Response:
        """The connection with the identifiers of impots.gouv."""
        return self._login(self._alive(request), "", {})

    def log_in(self, request: Request) -> Response:
        """Identifiers were typed; the password is looked at and forgotten."""
        operation = self._alive(request)
        if request.form.get("annuler"):
            return self._settle(operation, "A")
        number, password = request.form.get("numero", "").replace(" ", ""), request.form.get("passe", "")
        errors = {}
        if not cards.FISCAL_NUMBER.fullmatch(number):
            errors["numero"] = "Le numéro fiscal a 13 chiffres."
        if not password:
            errors["passe"] = "Saisissez un mot de passe."
        elif password == cards.WRONG_PASSWORD and not errors:
            errors["passe"] = "Ces identifiants ne correspondent à aucun espace particulier."
        if errors:
            return self._login(operation, number[:20], errors)
        self._bank.note(operation.idop, {"fiscal": number[-3:]})
        return _go(ACCOUNT, operation)

    def _login(self, operation: Operation, number: str, errors: dict[str, str]) -> Response:
        status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
        return page("login.html", status, number=number, errors=errors, wrong=cards.WRONG_PASSWORD,
                    **self._debt(operation))  # fmt: skip

    def account(self, request: Request) -> Response:
        """Which account, and the confirmation."""
        operation = self._alive(request)
        if "fiscal" not in _pending(operation):
            return _go(LOGIN, operation)
        return page("account.html", accounts=cards.ACCOUNTS, error="", **self._debt(operation))

    def debit(self, request: Request) -> Response:
        """The direct debit is confirmed, or given up."""
        operation = self._alive(request)
        if request.form.get("annuler"):
            return self._settle(operation, "A")
        if "fiscal" not in _pending(operation):
            return _go(LOGIN, operation)
        account = request.form.get("compte", "")
        if account not in cards.ACCOUNTS:
            error = "Choisissez le compte à prélever."
            return page("account.html", HTTPStatus.UNPROCESSABLE_ENTITY, accounts=cards.ACCOUNTS, error=error,
                        **self._debt(operation))  # fmt: skip
        return self._settle(operation, "Z" if account == cards.CLOSED_ACCOUNT else "V")

    # --- Result -----------------------------------------------------------------------------------------------------

    def result(self, request: Request) -> Response:
        """What became of it, the ticket, and the way back."""
        operation = self._visited(request)
        if not operation.result:
            return see_other(f"{SERVICE_PAGE}?{urlencode({'idop': operation.idop})}")
        glue = "&" if "?" in operation.urlredirect else "?"
        back = f"{operation.urlredirect}{glue}{urlencode({'idop': operation.idop})}" if operation.urlredirect else ""
        at = self._bank.local(operation.answered or 0)
        return page("result.html", back=back, at=at, paid=operation.result in PAID, **self._debt(operation))

    def ticket(self, request: Request) -> Response:
        """The ticket as PDF."""
        operation = self._visited(request)
        if operation.result not in PAID:
            raise RefusedError("P5")
        name = f"ticket-{operation.trans}.pdf"
        headers = [("Content-Disposition", f'inline; filename="{name}"')]
        return Response(self._tickets.pdf(operation), "application/pdf", headers=headers)

    # --- Inside -----------------------------------------------------------------------------------------------------

    def _guarded(self, handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
        """The same page, whose refusals are pages too; who paid and goes back finds the result again."""

        def answer(request: Request) -> Response:
            try:
                return handler(request)
            except RefusedError as refused:
                return self._finished(request) or page("error.html", HTTPStatus.CONFLICT, code=refused.code,
                                                       label=refused.label)  # fmt: skip

        return answer

    def _finished(self, request: Request) -> Response | None:
        try:
            operation = self._visited(request)
        except RefusedError:
            return None
        return _go(RESULT, operation) if operation.is_final and request.path != TICKET else None

    def _visited(self, request: Request) -> Operation:
        sent = request.form if request.method == "POST" else request.query
        session = request.cookies.get(COOKIE) or sent.get("s", "")
        return self._bank.visited(sent.get("idop", ""), session)

    def _alive(self, request: Request) -> Operation:
        operation = self._visited(request)
        return self._bank.open(operation.idop, operation.session)

    def _settle(self, operation: Operation, result: str, card: str = "") -> Response:
        operation = self._bank.settle(operation.idop, result, card=card)
        self._notifier.send_queued()
        self._tickets.send(operation)
        return _go(RESULT, operation)

    def _debt(self, operation: Operation) -> dict[str, Any]:
        return {"operation": operation, "client": self._bank.client(operation.numcli)}

    def _today(self) -> datetime:
        return self._bank.local(self._bank.now())


def _pending(operation: Operation) -> dict[str, Any]:
    pending: dict[str, Any] = json.loads(operation.pending or "{}")
    return pending


def _go(where: str, operation: Operation) -> Response:
    return see_other(f"{where}?{urlencode({'idop': operation.idop, 's': operation.session})}")


def _cookie(session: str) -> tuple[str, str]:
    return "Set-Cookie", f"{COOKIE}={session}; Path=/tpa; HttpOnly; SameSite=Lax"
