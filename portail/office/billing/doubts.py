"""« À vérifier »: what online payments and papers left for somebody to look at."""

from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from portail.billing.models import Anomaly
from portail.billing.operations.runs import solve_anomaly
from portail.billing.operations.runs.checking import LONGEST_ANSWER
from portail.billing.operations.setup import BillingError
from portail.billing.queries import desk
from portail.billing.wording import PAYMENT_ANOMALIES
from portail.office.forms import OfficeForm
from portail.office.lists import ROWS
from portail.office.pages import done, show
from portail.office.requests import OfficeRequest, actor, allowed
from portail.rules.staff import Right

# An online operation waits behind these: saying « vu » would not conclude it.
OPERATIONS = frozenset({"to_reconcile", "answer_differs"})


class AnswerForm(OfficeForm):
    """What was decided."""

    answer = forms.CharField(label="Ce qui a été décidé", max_length=LONGEST_ANSWER)


@allowed(Right.INVOICES)
def doubts(request: OfficeRequest) -> HttpResponse:
    """What is still to look at, the oldest first."""
    return _doubts(request, None)


@require_POST
@allowed(Right.MONEY)
def solve_doubt(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """Note what was decided, which ends it."""
    form = AnswerForm(request.POST)
    if form.is_valid():
        if desk.doubt_rows().filter(public_id=public_id, kind__in=OPERATIONS).exists():
            form.add_error(None, "Une opération en ligne attend : confirmez-la ou écartez-la d'abord.")
            return _doubts(request, form)
        try:
            solve_anomaly(anomaly=public_id, answer=form.cleaned_data["answer"], by=actor(request), now=request.now)
            return done("C'est noté.", "office:doubts")
        except BillingError as refusal:
            form.add_error(None, str(refusal))
    return _doubts(request, form)


def _doubts(request: OfficeRequest, form: AnswerForm | None) -> HttpResponse:
    page = Paginator(desk.doubt_rows().order_by("at", "pk"), ROWS).get_page(request.GET.get("page"))
    context = {"page": page, "words": doubt_words, "operations": OPERATIONS, "form": form}
    return show(request, "office/billing/doubts.html", context, current="doubts", status=400 if form else 200)


def doubt_words(one: Anomaly) -> str:
    """What is wrong, in words; the short name itself for one of another version."""
    return PAYMENT_ANOMALIES.get(one.kind, one.kind)
