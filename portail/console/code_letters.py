"""The work « lettres des codes »: new codes for the payers of a class, printed as one file for the notebooks.

Only the hash of a code is kept, so that the codes live and die with the file: it is typeset first, then the hashes, the
file and the end of the job are written in one transaction. Killed anywhere, the work leaves the old codes in force.
"""

import secrets

from django.db import transaction

from portail.billing.documents import letterhead, recipient
from portail.families.operations.codes import hashed, replace_codes
from portail.families.queries.letters import Letter, letters_to
from portail.gateways.pdf.papers import CodedChild, CodeLetterPaper, Letterhead, OnlinePayment
from portail.gateways.pdf.press import PaperError, print_many
from portail.rules.codes import new_payer_code, show_payer_code
from portail.rules.names import sort_key
from portail.towns import wording
from portail.towns.operations.files import NewFile
from portail.towns.operations.jobs import ClaimedJob, JobError, JobStoppedError, Outcome, Progress, finish
from portail.towns.queries import public_origin, town_day
from portail.towns.scope import current_town

KEPT_DAYS = 7  # features A5, M1: then the file is destroyed
STEPS = (
    "Ouvrez la page ci-contre, ou flashez le carré avec un téléphone.",
    "Tapez le code d'un de vos enfants, puis votre code secret.",
    "Réservez, annulez, lisez et payez vos factures : un seul code pour tous vos enfants.",
)
CLOSING = (
    "Gardez cette lettre : la mairie ne connaît pas votre code secret et ne pourra pas vous le redire.",
    "S'il est perdu, il se remplace à la mairie, jamais par téléphone.",
    "Ce code est personnel. Si les parents vivent séparés, chacun a le sien et ne voit que ses propres factures.",
)
OPENING = (
    "Madame, Monsieur,",
    "Voici de quoi ouvrir le portail des familles de la commune. Tout code reçu avant cette lettre ne sert plus.",
)


def print_code_letters(job: ClaimedJob, progress: Progress) -> Outcome:
    """Order: {"payers": their keys, "classroom": whose notebooks carry them or None, "title": the pile in words}."""
    letters = letters_to(job.order["payers"], job.order.get("classroom"))
    if not letters:
        raise JobError("Plus aucun payeur à qui écrire : ont-ils été désactivés entre-temps ?")
    codes = {letter.payer_id: new_payer_code(secrets.randbelow) for letter in letters}
    progress.step(0, len(letters), "préparation")
    hashes = hashed(codes)
    now = progress.clock()
    try:
        pdf = print_many(_papers(letters, codes, wording.plain_day(town_day(now))), printed_at=now)
    except PaperError as error:
        raise JobError(f"Les lettres n'ont pas pu être mises en page : {error}") from error
    progress.step(len(letters), len(letters), "mise sous clé")
    outcome = Outcome(_said(letters), NewFile(_file_name(job.order["title"]), "application/pdf", pdf, KEPT_DAYS))
    with transaction.atomic():
        replace_codes(hashes=hashes, by=job.by, now=now)
        if not finish(job=job, outcome=outcome, now=now):
            raise JobStoppedError
    return outcome  # the runner's own end finds the job over, and changes nothing


def _papers(letters: list[Letter], codes: dict[int, str], issued_on: str) -> list[CodeLetterPaper]:
    head = letterhead(current_town())
    label = str(current_town().labels.get("payer_code") or "Code payeur")
    online = OnlinePayment(f"{public_origin()}/", public_origin().partition("://")[2])
    return [
        _paper(letter, show_payer_code(codes[letter.payer_id]), head, (label, issued_on), online) for letter in letters
    ]


def _paper(
    letter: Letter, code: str, head: Letterhead, words: tuple[str, str], online: OnlinePayment
) -> CodeLetterPaper:
    label, issued_on = words
    return CodeLetterPaper(
        letterhead=head,
        recipient=recipient(letter.name, letter.address),
        issued_on=issued_on,
        handing="par la poste" if letter.apart else f"cahier : {letter.notebook}",
        paragraphs=OPENING,
        children=tuple(CodedChild(child.name, child.place, child.code) for child in letter.children),
        code_label=label,
        code=code,
        steps=STEPS,
        online=online,
        closing=CLOSING,
    )


def _said(letters: list[Letter]) -> dict[str, object]:
    """What the page of the work says at the end."""
    posted = sum(letter.apart for letter in letters)
    lines = [f"{len(letters) - posted} à glisser dans les cahiers, dans l'ordre des enfants."]
    if posted:
        lines.append(f"{posted} à envoyer par la poste, à la fin du fichier : ces parents vivent séparés.")
    count = f"{len(letters)} lettres" if len(letters) > 1 else "Une lettre"
    return {"words": f"{count}, une par page. Les anciens codes ne servent plus.", "lines": lines}


def _file_name(title: str) -> str:
    return f"lettres-{sort_key(title).replace(' ', '-')[:80]}.pdf"
