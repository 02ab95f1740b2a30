"""What families accept each school year: the texts, and the answers, by a family or on paper at the town hall."""

from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction

from portail.families.models import Agreement, AgreementAnswer, Payer
from portail.families.operations import typed
from portail.families.operations.register import RegisterError
from portail.rules.weeks import school_year_start
from portail.towns.actors import Actor
from portail.towns.operations import Act, record
from portail.towns.queries import town_day

LONGEST_BODY = 20_000


@dataclass(frozen=True, slots=True)
class AgreementDraft:
    """A text to put to families. `kind`: a value of `Agreement.Kind`."""

    kind: str
    title: str
    body: str
    required: bool = False
    active: bool = True


@transaction.atomic
def save_agreement(*, draft: AgreementDraft, agreement: Agreement | None = None, by: Actor, now: datetime) -> Agreement:
    """Put a text to families, or change it (`agreement`). Raises RegisterError.

    A text that somebody has answered this year is not changed: what was accepted is what was read.
    """
    title = typed.required(draft.title, "Le titre", 150)
    body = typed.paragraph(draft.body, "Le texte", LONGEST_BODY)
    if not body:
        raise RegisterError("Le texte manque.")
    if draft.kind not in Agreement.Kind.values:
        raise RegisterError("Cette nature n'existe pas.")
    row = agreement or Agreement()
    before = None if agreement is None else _words(row)
    if agreement is not None and (body, draft.kind) != (row.body, row.kind) and _answered(row, now):
        raise RegisterError("Des familles ont déjà répondu à ce texte cette année : faites-en plutôt un nouveau.")
    if Agreement.objects.filter(title__iexact=title).exclude(pk=row.pk).exists():
        raise RegisterError(f"« {title} » existe déjà.")
    row.kind, row.title, row.body = draft.kind, title, body
    row.required, row.active = draft.required, draft.active
    row.save()
    record(Act("save_agreement", title, before, _words(row)), by=by, now=now)
    return row


@transaction.atomic
def answer_agreement(*, agreement: Agreement, payer: Payer, agreed: bool, by: Actor, now: datetime) -> AgreementAnswer:
    """A payer's answer for the school year that it is; the last one holds. Raises RegisterError.

    By the payer's own hand, or by the town hall from a signed sheet.
    """
    if by.payer_id not in {None, payer.pk}:
        raise RegisterError("Chacun ne répond que pour soi.")
    if not agreement.active:
        raise RegisterError("Ce texte n'est plus en vigueur.")
    if agreement.kind == Agreement.Kind.RULES and not agreed:
        raise RegisterError("Un règlement s'accepte ; sans réponse, il reste à accepter.")
    answer: AgreementAnswer
    answer, _ = AgreementAnswer.objects.update_or_create(
        agreement=agreement,
        payer=payer,
        school_year=_year(now),
        defaults={"agreed": agreed, "at": now, "channel": by.channel.value},
    )
    record(Act("answer_agreement", f"{payer} – {agreement}", after={"agreed": agreed}), by=by, now=now)
    return answer


def _year(now: datetime) -> int:
    return school_year_start(town_day(now)).year


def _answered(agreement: Agreement, now: datetime) -> bool:
    return AgreementAnswer.objects.filter(agreement=agreement, school_year=_year(now)).exists()


def _words(row: Agreement) -> dict[str, object]:
    words = asdict(AgreementDraft(row.kind, row.title, "", row.required, row.active))
    return {**words, "body": len(row.body)}
