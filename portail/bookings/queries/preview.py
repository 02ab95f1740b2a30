"""What would become of some wishes, without writing anything: the same rules over the same facts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from portail.bookings.queries.offer import Offer
from portail.bookings.queries.records import Span, facts_of, known
from portail.families.queries import ChildRow
from portail.rules.booking import Channel, Known, PersonFacts, Verdict, Wish, judge, refusal_of


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Some persons over some days, as the database has them now."""

    offer: Offer
    facts: Mapping[str, PersonFacts]
    known: Known

    def judge(self, wishes: Sequence[Wish], now: datetime) -> list[Verdict]:
        """The verdicts that saving these wishes on the web would give now, full days included."""
        return judge(wishes, self.facts, self.offer.rulebook, known=self.known, channel=Channel.WEB, now=now)

    def alone(self, wish: Wish, now: datetime) -> Verdict:
        """The verdict on one wish, dependencies aside."""
        facts = self.facts[wish.person]
        return refusal_of(wish, facts, self.offer.rulebook, known=self.known, channel=Channel.WEB, now=now)


def snapshot(children: Collection[ChildRow], offer: Offer, span: Span) -> Snapshot:
    """Read what a preview needs: five queries at the most, whatever the span."""
    return Snapshot(offer, facts_of(children, offer), known(children, offer, span))
