"""One random life of payments: its families, debts and bank; what always holds in it, and what must hold at its end.

A life is a transaction that is rolled back, with a bank that is thrown away. `tests.billing.machine` says what happens.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

from django.db import connection, transaction
from django.db.models import Sum
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from portail.billing.models import Allocation, Anomaly, Attempt, Invoice, Payment, Regie, StatementLine
from portail.billing.operations import paying
from portail.billing.operations.statements import (
    StatementDraft,
    confirm_attempt,
    dismiss_attempt,
    import_statement,
    save_layout,
)
from portail.families.models import Payer
from portail.news.models import OutboxMail
from portail.rules.paying import ANOTHER_AFTER
from portail.simulator.values import Operation
from portail.towns.actors import parent
from tests.billing import treasury
from tests.billing.payfip import DAY, EMAIL, MINUTE, SimulatedBank
from tests.world import CLERK, NOW, PARIS, World

TAKEN = frozenset("PV")
ALIVE = ("created", "waiting")
DOUBTFUL = ("announced", "review")
LONGEST = 5 * DAY  # an operation is forgotten after seven: the last sweep must still find all of them
NUMBER = st.integers(0, 9)
WEB, FORM = Regie.Provider.PAYFIP_WS, Regie.Provider.PAYFIP_REDIRECT
STATEMENT = {
    "separator": ";", "date": "jour", "date_format": "AAAA-MM-JJ", "reference": "reference", "amount": "centimes",
    "unit": "cents", "means_constant": "CB", "authorisation": "numero",
}  # fmt: skip


Method = TypeVar("Method", bound=Callable[..., None])
Step = tuple[Any, ...]
"""Something that happens: its name, then its arguments. A life may be written down as such steps."""


@dataclass(frozen=True, slots=True)
class Happening:
    """What may happen: how often beside the others, when, and with which arguments, in their order."""

    weight: int
    when: Callable[[Any], Any]
    arguments: Sequence[st.SearchStrategy[Any]]


HAPPENINGS: dict[str, Happening] = {}


def always(_: Any) -> bool:
    """No condition."""
    return True


def happens(
    weight: int, *, when: Callable[[Any], Any] = always, **arguments: st.SearchStrategy[Any]
) -> Callable[[Method], Method]:
    """Has a method of a life happen at random. `when`: told the life, whether it may now.

    Not rules of Hypothesis: it would leave most of so many out of most lives, and nobody would pay any more.
    """

    def noted(method: Method) -> Method:
        HAPPENINGS[method.__name__] = Happening(weight, when, list(arguments.values()))
        return method

    return noted


def names() -> st.SearchStrategy[str]:
    """The name of something that may happen."""
    return st.sampled_from([name for name, found in HAPPENINGS.items() for _ in range(found.weight)])


def steps() -> st.SearchStrategy[Step]:
    """Something that may happen."""
    return names().flatmap(lambda name: st.tuples(st.just(name), *HAPPENINGS[name].arguments))


@dataclass(frozen=True, slots=True)
class Page:
    """Where a payer was sent to. `idop`: the operation's, or the secret of the older form."""

    attempt: int
    idop: str
    url: str


@dataclass(frozen=True, slots=True)
class Till:
    """What may be paid at the bank: its operation there, and ours. Of the older form, a page opened twice is two."""

    idop: str
    page: Page


class Life(RuleBasedStateMachine):
    """`bank` and `payers` are given by `among`."""

    bank: ClassVar[SimulatedBank]
    payers: ClassVar[tuple[Payer, ...]]
    lives: ClassVar[int] = 0

    @classmethod
    def among(cls, world: World, bank: SimulatedBank) -> None:
        """Where lives are lived: two families, a régie of the web service and one of the older form."""
        Life.bank, Life.payers = bank, (world.jamie, world.denise)
        treasury.regie()
        treasury.regie("titre", "000124", provider=FORM)
        save_layout(name="banque", columns=STATEMENT, by=CLERK, now=NOW)

    def __init__(self) -> None:
        super().__init__()
        Life.lives += 1
        self.block = transaction.atomic()
        self.block.__enter__()
        self.bank.renew()
        self.debts = self._two_families()
        self.pages: list[Page] = []
        self.tills: list[Till] = []
        self.inbox: list[str] = []  # notifications that came and were not handed on
        self.calls: list[tuple[str, str]] = []  # (secret, body) of the call-backs that came and were not handed on
        self.paid: set[int] = set()
        self.lied: set[str] = set()
        self.outage = False
        self.moved = True  # did the last step reach the portal at all?
        self.seldom = 0  # credit notes and slips
        self.handed_over: set[int] = set()
        self.began = self.bank.clock.now

    def teardown(self) -> None:
        try:
            if not connection.needs_rollback:
                self.in_the_end_everything_is_found()
        finally:
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    def _two_families(self) -> list[Invoice]:
        """Five debts: one is due to be paid on the third day at the latest, two are of the régie of the older form."""
        first, second = self.payers
        form = Regie.objects.get(code="titre")
        always: dict[str, Any] = {"payable_until": None}
        return [
            treasury.invoice(first, (("cantine", 500), ("matin", 277)), **always),
            treasury.invoice(first, (("cantine", 5687),), payable_until=NOW.date() + 2 * DAY),
            treasury.invoice(second, (("matin", 150),), **always),
            treasury.invoice(second, (("cantine", 424),), form, **always),
            treasury.invoice(first, (("cantine", 1200), ("matin", 300)), form, **always),
        ]

    # --- What always holds ------------------------------------------------------------------------------------------

    @invariant()
    def what_always_holds(self) -> None:
        if self.moved:
            self.credited_once_if_the_bank_took_it()
            self.every_cent_has_its_place()
            self.the_town_hall_knows_what_is_wrong()

    def credited_once_if_the_bank_took_it(self) -> None:
        credited: dict[int, list[int]] = {}
        for key, cents in Payment.objects.filter(attempt__isnull=False).values_list("attempt_id", "cents"):
            credited.setdefault(key, []).append(cents)
        books, paid = self.bank.ledger(), set()
        for key, idop, state, provider, cents in Attempt.objects.values_list(
            "pk", "idop", "state", "provider", "cents"
        ):
            found = credited.get(key, [])
            if state != "paid":
                assert found == [], f"{state}, yet credited"
                continue
            assert found == [cents]
            # Of the older form, the bank says which debt was paid, and not by which operation.
            assert provider == FORM or taken_of(books, provider, idop) == [cents], "credited, never taken"
            paid.add(key)
        form = self.credited_by_form()
        assert all(form[debt.pk] <= self.taken_by_form(debt) for debt in self.debts), "credited, never taken"
        assert self.paid <= paid, "paid went back"
        self.paid = paid
        assert OutboxMail.objects.filter(kind="receipt").count() == len(paid)

    def every_cent_has_its_place(self) -> None:
        shared = dict(Allocation.objects.values_list("invoice").annotate(Sum("cents")).order_by())
        columns = ("pk", "total_cents", "paid_cents", "credited_cents")
        for key, total, paid, credited in Invoice.objects.filter(kind="invoice").values_list(*columns):
            assert shared.get(key, 0) == paid <= total - credited
        numbers: dict[int, list[int]] = {}
        owed: dict[tuple[int, int], int] = {}
        for place, payer, number, cents in Payment.objects.values_list("regie", "payer", "number", "cents"):
            numbers.setdefault(place, []).append(int(number[5:]))
            owed[place, payer] = owed.get((place, payer), 0) + cents
        assert all(sorted(some) == list(range(1, len(some) + 1)) for some in numbers.values()), "a receipt is missing"
        used = Allocation.objects.values_list("payment__regie", "payment__payer").annotate(Sum("cents")).order_by()
        for place, payer, cents in used:
            owed[place, payer] -= cents
        told = set(Anomaly.objects.filter(kind="given_back_in_vain").values_list("payer", flat=True))
        unsaid = [payer for (_, payer), cents in owed.items() if cents < 0 and payer not in told]
        assert not unsaid, "more was used or given back than came, and nobody is told"

    def the_town_hall_knows_what_is_wrong(self) -> None:
        known = set(Anomaly.objects.values_list("attempt_id", "kind"))
        asked = {"review": "answer_differs", "announced": "to_reconcile"}
        for key, state in Attempt.objects.filter(state__in=DOUBTFUL).values_list("pk", "state"):
            assert (key, asked[state]) in known
        used = dict(Allocation.objects.values_list("payment").annotate(Sum("cents")).order_by())
        for key, attempt, cents in Payment.objects.filter(attempt__isnull=False).values_list("pk", "attempt", "cents"):
            assert used.get(key, 0) == cents or (attempt, "overpaid") in known

    # --- What must hold at the end ----------------------------------------------------------------------------------

    def in_the_end_everything_is_found(self) -> None:
        """The bank works again, truthfully; the worker goes on for as long as it asks, then the town hall decides."""
        self.tell_the_truth()
        for step in [*[MINUTE] * 3, *[timedelta(hours=1)] * 3, *[DAY] * 4]:
            self.bank.clock.advance(step)
            paying.resolve_due(now=self.bank.clock.now, limit=1000)
        for key in Attempt.objects.filter(state__in=DOUBTFUL).order_by("pk").values_list("pk", flat=True):
            self.decided(key)
        self.import_what_the_bank_says()
        self.credited_once_if_the_bank_took_it()
        self.every_cent_has_its_place()
        self.the_books_agree()
        self.nothing_holds_a_debt_for_ever()

    def the_books_agree(self) -> None:
        """Of the web service, to the cent. Of the older form: in the accounts, or in the list of what is not."""
        books = self.bank.ledger()
        rows = dict(Attempt.objects.values_list("pk", "provider"))
        taken = {WEB: 0, FORM: 0}
        for till in self.tills:
            told = books[till.idop]
            taken[Regie.Provider(rows[till.page.attempt])] += told.cents if told.result in TAKEN else 0
        found = {WEB: 0, FORM: 0}
        credited = Payment.objects.filter(attempt__isnull=False).values_list("attempt__provider").annotate(Sum("cents"))
        for provider, cents in credited.order_by():
            found[Regie.Provider(provider)] = cents
        assert taken[WEB] == found[WEB], "the bank took money that the portal never found"
        recorded = Payment.objects.filter(attempt__isnull=True, statement_line__isnull=False, cents__gt=0)
        credit = found[FORM] + (recorded.aggregate(cents=Sum("cents"))["cents"] or 0)
        listed = self._unanswered()
        assert credit + listed == taken[FORM], "the statement was not understood"

    def _unanswered(self) -> int:
        answered = Payment.objects.filter(statement_line__isnull=False).values("statement_line")
        alone = StatementLine.objects.exclude(pk__in=answered).aggregate(cents=Sum("cents"))["cents"]
        return alone or 0

    def nothing_holds_a_debt_for_ever(self) -> None:
        """Whatever happened, what is still owed may be paid."""
        for debt in self.debts:
            debt.refresh_from_db()
            if debt.status == "issued" and debt.left_cents >= 100 and debt.payable_until is None:
                assert self.begun(debt) is not None, "nobody can pay this debt any more"

    # --- For the rules ----------------------------------------------------------------------------------------------

    def begun(self, debt: Invoice) -> Page | None:
        """Its payer presses « Payer en ligne »; None when nothing was opened. What failed is « à vérifier »."""
        now, before = self.bank.clock.now, Attempt.objects.count()
        try:
            started = paying.start(
                invoice=debt.public_id, email=EMAIL, urls=self.bank.urls, by=parent(debt.payer_id), now=now
            )
        except paying.PaymentRefusedError:
            return None
        except paying.ProviderDownError:
            if self.bank.clock.now == now and Attempt.objects.count() > before:
                last = Attempt.objects.order_by("pk").last()
                assert last is not None
                assert last.state == "failed"
                assert last.anomalies.filter(kind__startswith="provider_").count() == 1
            return None
        return Page(started.attempt.pk, started.attempt.idop or "", started.url)

    def sent(self, page: Page) -> None:
        """The payer leaves for the bank."""
        self.pages.append(page)
        if "urlcl" not in page.url:  # of the older form, the operation is opened by the page
            self.tills.append(Till(page.idop, page))

    def is_held(self, debt: Invoice) -> bool:
        """May an earlier operation on it still bring money soon, or is one to be looked at?"""
        mine = Attempt.objects.filter(invoice=debt)
        recent = mine.filter(state__in=ALIVE, created_at__gt=self.bank.clock.now - ANOTHER_AFTER)
        return recent.exists() or mine.filter(state__in=DOUBTFUL).exists()

    def decided(self, key: int) -> None:
        """The régisseur, who is honest, looks at the bank's account and decides of a doubtful operation."""
        attempt, now = Attempt.objects.select_related("invoice").get(pk=key), self.bank.clock.now
        taken = taken_of(self.bank.ledger(), attempt.provider, attempt.idop)
        if attempt.provider == FORM and self.credited_by_form()[attempt.invoice_id] == self.taken_by_form(
            attempt.invoice
        ):
            taken = []  # it is in our accounts already
        if taken:
            confirm_attempt(attempt=attempt.public_id, reason="Au compte", cents=taken[0], by=CLERK, now=now)
        else:
            dismiss_attempt(attempt=attempt.public_id, reason="Rien au compte", by=CLERK, now=now)

    def credited_by_form(self) -> Counter[int]:
        """What our accounts have of the older form, in cents by debt: by an operation, or by the statement alone."""
        found = Counter[int]()
        ours = Payment.objects.filter(attempt__provider=FORM)
        stated = Payment.objects.filter(attempt__isnull=True, statement_line__isnull=False, cents__gt=0)
        for rows in (
            ours.values_list("attempt__invoice", "cents"),
            stated.values_list("allocations__invoice", "cents"),
        ):
            for key, cents in rows:
                found[key] += cents
        return found

    def taken_by_form(self, debt: Invoice) -> int:
        """What the bank took by the older form for a debt, in cents."""
        told = [one for one in self.bank.ledger().values() if one.kind == "form" and one.result in TAKEN]
        return sum(one.cents for one in told if one.refdet == debt.reference.replace("-", ""))

    def import_what_the_bank_says(self) -> None:
        """The statement of the régie of the older form, with everything that was ever taken."""
        lines = [
            f"{datetime.fromtimestamp(told.answered or 0, PARIS):%Y-%m-%d};{told.refdet};{told.cents};{told.numauto}"
            for told in self.bank.ledger().values()
            if told.kind == "form" and told.result in TAKEN
        ]
        if lines:
            content = "\n".join(["jour;reference;centimes;numero", *lines]).encode()
            draft = StatementDraft("titre", "banque", "releve.csv", content)
            import_statement(draft=draft, by=CLERK, now=self.bank.clock.now)

    def tell_the_truth(self) -> None:
        """The bank works again, the way to it too, and nothing that it says differs from what was asked."""
        self.outage, self.bank.wire.trouble = False, ""
        self.bank.deliver()
        self.bank.control(reset=True)
        books = self.bank.ledger()
        for idop in self.lied:
            if not books[idop].purged:
                self.bank.control(alter={"idop": idop})
        self.lied = set()


def taken_of(books: dict[str, Operation], provider: str, idop: str | None) -> Sequence[int]:
    """What the bank took for one of our operations, in cents; of the older form, perhaps more than once."""
    if not idop:
        return []
    ours = [books[idop]] if provider == WEB else [told for told in books.values() if f"/{idop}/" in told.urlnotif]
    return [told.cents for told in ours if told.result in TAKEN]
