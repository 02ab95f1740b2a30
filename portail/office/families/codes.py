"""Codes: a new one for a payer, letters for the notebooks, brakes lifted. Never by telephone (feature A5)."""

from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from portail.families.operations.codes import lift_brakes
from portail.families.operations.register import RegisterError, reissue_code
from portail.families.queries.letters import Pile, each_payer_once, piles
from portail.office.families.reading import payer_or_404
from portail.office.forms import OfficeForm
from portail.office.pages import done, error, show
from portail.office.requests import OfficeRequest, actor, allowed
from portail.rules.staff import Right
from portail.towns.models import Job
from portail.towns.operations.jobs import enqueue

KIND = "code_letters"
AT_ONCE = 100  # letters of one file: the press keeps each in memory until the end
NEW, ALL = "new", "all"
EVERY = "every"


class CodeForm(OfficeForm):
    """How the new code will reach the payer."""

    way = forms.ChoiceField(
        label="Comment le remettre ?", widget=forms.RadioSelect, initial="letter",
        choices=[("letter", "Une lettre à imprimer (PDF)"), ("screen", "À l'écran, pour quelqu'un qui est là")],
    )  # fmt: skip
    sure = forms.BooleanField(
        label="L'ancien code cesse aussitôt de servir, j'ai compris",
        error_messages={"required": "Cochez la case : l'ancien code ne servira plus."},
    )


class LettersForm(OfficeForm):
    """Whose letters."""

    who = forms.ChoiceField(
        label="Pour qui ?", widget=forms.RadioSelect, initial=NEW,
        choices=[
            (NEW, "Ceux qui n'ont jamais eu de lettre"),
            (ALL, "Tous les payeurs des classes choisies : leurs codes changent"),
        ],
    )  # fmt: skip
    classes = forms.MultipleChoiceField(
        label="Classes", widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Cochez au moins une classe."},
    )  # fmt: skip
    sure = forms.BooleanField(
        label="Les codes actuels de ces payeurs cesseront de servir, j'ai compris",
        error_messages={"required": "Cochez la case : les codes actuels ne serviront plus."},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.FAMILIES_EDIT)
def payer_code(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """A new code for a payer, after an explicit yes."""
    payer = payer_or_404(public_id)
    form = CodeForm(request.POST or None)
    if form.is_valid():
        if form.cleaned_data["way"] == "letter":
            order = {"payers": [payer.pk], "classroom": None, "title": str(payer)}
            job = enqueue(
                kind=KIND, label=f"Lettre de {payer}", order=order, key=f"{KIND}/payer/{payer.pk}",
                by=actor(request), now=request.now,
            )  # fmt: skip
            return done("La lettre se prépare.", "office:job", job.public_id)
        issued = reissue_code(payer=payer, by=actor(request), now=request.now)
        return show(
            request, "office/families/code_once.html", {"payer": payer, "code": issued.code}, current="families"
        )
    context = {"form": form, "payer": payer}
    status = 400 if form.errors else 200
    return show(request, "office/families/payer_code.html", context, current="families", status=status)


@require_POST
@allowed(Right.FAMILIES_EDIT)
def unlock(request: OfficeRequest, public_id: UUID) -> HttpResponse:
    """A family that tried too often may try again."""
    payer = payer_or_404(public_id)
    try:
        lifted = lift_brakes(payer=payer, by=actor(request), now=request.now)
    except RegisterError as refusal:
        return error(request, 400, "Un nouveau code est nécessaire", str(refusal))
    words = "La famille peut réessayer tout de suite." if lifted else "Rien ne l'empêchait d'essayer."
    return done(words, "office:family", public_id=public_id)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.FAMILIES_EDIT)
def letters(request: OfficeRequest) -> HttpResponse:
    """Letters for the notebooks: one work, hence one file, for each class."""
    every = piles()
    form = LettersForm(request.POST or None)
    classes = [(EVERY, "Toutes les classes"), *((_key(pile), _words(pile)) for pile in every)]
    form.fields["classes"].choices = classes  # type: ignore[attr-defined]
    if form.is_valid():
        ticked = form.cleaned_data["classes"]
        chosen = [pile for pile in every if EVERY in ticked or _key(pile) in ticked]
        jobs = _ask(request, chosen, only_new=form.cleaned_data["who"] == NEW)
        if len(jobs) == 1:
            return done("Les lettres se préparent.", "office:job", jobs[0].public_id)
        if jobs:
            return done(f"{len(jobs)} fichiers se préparent, un par classe.", "office:jobs")
        form.add_error("classes", "Dans ces classes, tous les payeurs ont déjà eu leur lettre.")
    context = {"form": form, "waiting": len({payer for pile in every for payer in pile.waiting})}
    status = 400 if form.errors else 200
    return show(request, "office/families/letters.html", context, current="letters", status=status)


def _ask(request: OfficeRequest, chosen: list[Pile], *, only_new: bool) -> list[Job]:
    """One work by class, by hundreds of letters; a payer of several classes is in the first alone."""
    jobs = []
    for pile in each_payer_once(chosen):
        payers = pile.waiting if only_new else pile.payers
        for start in range(0, len(payers), AT_ONCE):
            part = f" ({start // AT_ONCE + 1})" if len(payers) > AT_ONCE else ""
            title = f"{pile.name}{part}"
            order = {
                "payers": list(payers[start : start + AT_ONCE]),
                "classroom": None if pile.classroom is None else pile.classroom.pk,
                "title": title,
            }
            label, key = f"Lettres des codes : {title}", f"{KIND}/{_key(pile)}/{start}"
            jobs.append(enqueue(kind=KIND, label=label, order=order, key=key, by=actor(request), now=request.now))
    return jobs


def _key(pile: Pile) -> str:
    return "0" if pile.classroom is None else str(pile.classroom.pk)


def _words(pile: Pile) -> str:
    some = len(pile.waiting)
    waiting = f", dont {some} sans lettre" if some else ""
    return f"{pile.name} : {len(pile.payers)} {'payeurs' if len(pile.payers) > 1 else 'payeur'}{waiting}"
