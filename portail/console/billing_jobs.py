"""The long work of money: runs prepared, issued, published; reminders with their letters."""

import io
import zipfile
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction

from portail.billing.models import Regie
from portail.billing.operations.reminders import ReminderDraft, remind
from portail.billing.operations.runs import RunDraft, issue_run, prepare_run, publish_run
from portail.billing.operations.setup import BillingError, regie_named
from portail.billing.queries.reminders import letters_of
from portail.billing.queries.runs import run_summary
from portail.billing.reminder_letters import print_reminders
from portail.gateways.pdf.press import PaperError
from portail.towns import wording
from portail.towns.operations.files import NewFile
from portail.towns.operations.jobs import ClaimedJob, JobError, Outcome, Progress
from portail.towns.queries import public_origin

KEPT_DAYS = 30


@dataclass(frozen=True, slots=True)
class _Told:
    """What a run says while it works, as the works page shows it."""

    progress: Progress
    note: str

    def __call__(self, done: int, total: int) -> None:
        self.progress.step(min(done, total), total, self.note)


def prepare_invoices(job: ClaimedJob, progress: Progress) -> Outcome:
    """Order: the fields of RunDraft, days as ISO text, and {"page": the address of the runs}."""
    order = job.order
    draft = RunDraft(
        regie=order["regie"],
        month=date.fromisoformat(order["month"]),
        label=order["label"],
        due_on=date.fromisoformat(order["due_on"]),
        rank=order["rank"],
        payable_until=date.fromisoformat(order["payable_until"]) if order.get("payable_until") else None,
        exercise=order.get("exercise"),
    )
    try:
        told = _Told(progress, "familles calculées")
        run = prepare_run(draft=draft, by=job.by, now=progress.clock(), told=told)
    except BillingError as refusal:
        raise JobError(str(refusal)) from None
    return _outcome(order, run.public_id, "Contrôler les factures")


def issue_invoices(job: ClaimedJob, progress: Progress) -> Outcome:
    """Order: {"run": its public identifier, "despite": issue though days are billed to nobody, "page"}."""
    run = UUID(job.order["run"])
    try:
        told = _Told(progress, "factures numérotées")
        issue_run(run=run, despite=job.order["despite"], by=job.by, now=progress.clock(), told=told)
    except BillingError as refusal:
        raise JobError(str(refusal)) from None
    return _outcome(job.order, run, "Mettre en ligne")


def publish_invoices(job: ClaimedJob, progress: Progress) -> Outcome:
    """Order: {"run": its public identifier, "page"}."""
    run = UUID(job.order["run"])
    progress.step(0, 0, "mise en ligne")
    try:
        mails = publish_run(run=run, page_url=f"{public_origin()}/factures/", by=job.by, now=progress.clock())
    except BillingError as refusal:
        raise JobError(str(refusal)) from None
    told = "Un courriel d'avis part." if mails == 1 else f"{mails} courriels d'avis partent."
    return _outcome(job.order, run, "Voir la campagne", told if mails else "Aucune famille n'a demandé de courriel.")


def send_reminders(job: ClaimedJob, progress: Progress) -> Outcome:
    """Order: {"regie": its code, "level", "min_days"}. The debts are marked once, even if the letters are cut short."""
    order, kept = job.order, dict(job.cursor)
    progress.step(0, 2, "choix des factures")
    try:
        if not kept:
            with transaction.atomic():
                draft = ReminderDraft(order["regie"], order["level"], order["min_days"])
                done = remind(draft=draft, by=job.by, now=progress.clock())
                kept = {
                    "on": done.on.isoformat(),
                    "words": f"{_counted(done.invoices, 'facture relancée', 'factures relancées')}, "
                    f"{wording.money(done.cents)} : {_counted(done.letters, 'lettre', 'lettres')}, "
                    f"{_counted(done.mails, 'courriel', 'courriels')}.",
                    "lines": [f"Laissée : {one.number}, {one.payer} : {one.why}" for one in done.left_out],
                }
                progress.keep(kept)
        progress.step(1, 2, "lettres")
        on = date.fromisoformat(kept["on"])
        file = _letters(regie_named(order["regie"]), order["level"], on, progress)
    except BillingError as refusal:
        raise JobError(str(refusal)) from None
    except PaperError as fault:
        raise JobError(f"Les factures sont relancées, mais les lettres n'ont pu être composées : {fault}") from None
    return Outcome({"words": kept["words"], "lines": kept["lines"]}, file)


def _letters(regie: Regie, level: int, on: date, progress: Progress) -> NewFile | None:
    """The letters: one PDF, or several in an archive when there are many."""
    letters, files = letters_of(regie, level, on), []
    if not letters:  # everything was paid meanwhile
        return None
    for content in print_reminders(regie, letters, level, now=progress.clock(), on=on):
        files.append(content)
        progress.step(1, 2, f"lettres, fichier {len(files)}")
    name = f"relances-{regie.code}-{level}-{on}"
    if len(files) == 1:
        return NewFile(f"{name}.pdf", "application/pdf", files[0], KEPT_DAYS)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for rank, content in enumerate(files, start=1):
            archive.writestr(f"{name}-{rank:02}.pdf", content)
    return NewFile(f"{name}.zip", "application/zip", out.getvalue(), KEPT_DAYS)


def _outcome(order: Any, run: UUID, next_words: str, more: str = "") -> Outcome:
    row = run_summary(run)
    if row is None:
        raise JobError("Cette campagne vient d'être abandonnée.")
    invoices = f"{_counted(row.invoices, 'facture', 'factures')}, {wording.money(row.cents)}."
    carried = f"{_counted(row.carried, 'reportée', 'reportées')} : {wording.money(row.carried_cents)}."
    lines = [words for words in (carried if row.carried else "", more) if words]
    return Outcome({"words": invoices, "lines": lines, "next": f"{order['page']}{run}/", "next_words": next_words})


def _counted(number: int, one: str, many: str) -> str:
    return f"{wording.number(number)} {one if number < 2 else many}"
