"""What the pages of an import say of its lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse

from portail.families.models import ImportBatch, ImportRow
from portail.office.lists import Column

_Verdict, _State = ImportRow.Verdict, ImportRow.State

TONES: dict[str, str] = {
    _Verdict.NEW: "good", _Verdict.CHANGED: "info", _Verdict.LEFT: "warn", _Verdict.DOUBLE: "bad",
    _Verdict.UNREADABLE: "bad",
}  # fmt: skip
STATE_TONES: dict[str, str] = {_State.DONE: "good", _State.REFUSED: "bad", _State.STUCK: "bad", _State.PLANNED: "info"}
BATCH_TONES: dict[str, str] = {
    ImportBatch.State.DONE: "good", ImportBatch.State.RECEIVED: "warn", ImportBatch.State.READY: "warn",
    ImportBatch.State.RUNNING: "info", ImportBatch.State.UNDOING: "info",
}  # fmt: skip
# (how the trail of a line names it, its word on the page)
SAID = (
    ("last_name", "nom"), ("first_name", "prénom"), ("birth_date", "né le"), ("ine", "INE"), ("place", "classe"),
)  # fmt: skip

CONTACT = (("email", "courriel"), ("phone", "téléphone"), ("address", "adresse"))


@dataclass(frozen=True, slots=True)
class Tally:
    """How many lines of a verdict; `of` is its value, for the filter."""

    of: str
    words: str
    count: int
    tone: str


def tally(counts: Mapping[str, int]) -> list[Tally]:
    """The verdicts in their order, those of nobody left out."""
    return [
        Tally(one.value, str(one.label), counts[one.value], TONES.get(one.value, ""))
        for one in _Verdict
        if counts.get(one.value)
    ]


def change_words(row: ImportRow) -> str:
    """« classe : CE1 → CE2 ; INE : 123 »."""
    parts = []
    for key, word in SAID:
        if key in row.after and row.after[key] not in (None, ""):
            old = _value(key, row.before.get(key))
            parts.append(f"{word} : {f'{old} → ' if old else ''}{_value(key, row.after[key])}")
    parts.extend(f"{word} : {row.after[key].replace(chr(10), ', ')}" for key, word in CONTACT if row.after.get(key))
    if count := len(row.after.get("children", ())):
        parts.append("1 enfant à lier" if count == 1 else f"{count} enfants à lier")
    if "active" in row.after and row.state != _State.IDLE:
        parts.append("de retour" if row.after["active"] else "à désactiver")
    return " ; ".join(parts)


def _value(key: str, value: Any) -> str:
    if value in (None, ""):
        return ""
    if key == "birth_date":
        return f"{date.fromisoformat(value):%d/%m/%Y}"
    return str(value[1]) if key == "place" else str(value)


def _page(row: ImportRow) -> str:
    if row.payer is not None:
        return reverse("office:family", kwargs={"public_id": row.payer.public_id})
    return "" if row.person is None else reverse("office:child", kwargs={"public_id": row.person.public_id})


def _what(row: ImportRow) -> str:
    return " ".join(part for part in (row.reason, change_words(row) if row.state != _State.REFUSED else "") if part)


ROWS = [
    Column("line", "Ligne", lambda row: str(row.line or "–"), sort=("line",), kind="number"),
    Column("name", "Nom", lambda row: row.name, sort=("name",), link=_page),
    Column("verdict", "Constat", lambda row: row.get_verdict_display(), sort=("verdict", "line"), kind="tag",
           tone=lambda row: TONES.get(row.verdict, "")),
    Column("place", "Classe", lambda row: row.place, sort=("place", "line")),
    Column("what", "Détail", _what),
    Column("state", "Suite", lambda row: row.get_state_display(), sort=("state", "line"), kind="tag",
           tone=lambda row: STATE_TONES.get(row.state, "")),
]  # fmt: skip

BATCHES = [
    Column("at", "Reçu le", lambda one: one.at.date(), sort=("at",)),
    Column("name", "Fichier", lambda one: one.name, sort=("name",),
           link=lambda one: reverse("office:import", kwargs={"public_id": one.public_id})),
    Column("kind", "Contenu", lambda one: one.get_kind_display()),
    Column("lines", "Lignes", lambda one: one.lines, sort=("lines",), kind="number"),
    Column("actor", "Par", lambda one: one.actor),
    Column("state", "État", lambda one: one.get_state_display(), kind="tag",
           tone=lambda one: BATCH_TONES.get(one.state, "")),
]  # fmt: skip
