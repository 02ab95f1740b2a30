"""What happens with the older form: its call-back, which anybody may forge, credits nothing by itself."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from hypothesis import strategies as st

from portail.billing.models import Attempt, Payment
from portail.billing.operations import paying
from tests.billing.life import DOUBTFUL, FORM, NUMBER, Life, happens

FORGED = {"": "", "montant": "1", "refdet": "2026T50099999999", "numcli": "999999", "resultrans": "?"}


class OlderForm(Life):
    """The older form."""

    @happens(5, when=lambda self: self.calls, which=NUMBER, again=st.booleans())
    def call_back(self, which: int, again: bool) -> None:
        """The bank's call-back comes, once or again."""
        place = which % len(self.calls)
        secret, body = self.calls[place] if again else self.calls.pop(place)
        self._announced(secret, dict(parse_qsl(body)))

    @happens(
        2,
        when=lambda self: self.pages,
        which=NUMBER,
        result=st.sampled_from("PPRA"),
        lie=st.sampled_from(sorted(FORGED)),
    )
    def forge_a_call_back(self, which: int, result: str, lie: str) -> None:
        """By the payer, who can read the secret in the address of the bank's page."""
        page = self.pages[which % len(self.pages)]
        attempt = Attempt.objects.get(pk=page.attempt)
        fields = {
            "numcli": attempt.numcli, "exer": "2026", "refdet": attempt.reference, "montant": str(attempt.cents),
            "mel": attempt.email, "saisie": attempt.mode, "resultrans": result, "numauto": "394492",
            "dattrans": "16112026", "heurtrans": "0905",
        }  # fmt: skip
        before = attempt.state
        self._announced(page.idop, {**fields, **({lie: FORGED[lie]} if lie else {})})
        attempt.refresh_from_db()
        if attempt.provider != FORM:
            assert attempt.state == before, "the web service believed a call-back"
        elif before not in {"paid", *DOUBTFUL} and (lie or result == "P"):
            assert attempt.state == ("review" if lie else "announced"), "« paid », and nobody is asked to look"

    def _announced(self, secret: str, fields: Mapping[str, str]) -> None:
        receipts = Payment.objects.count()
        paying.announce(token=secret, raw=dict(fields), now=self.bank.clock.now)
        assert Payment.objects.count() == receipts, "credited on the word of a call-back"
