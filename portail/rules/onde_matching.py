"""What a file of pupils would change in the register: who is new, who changed, who left, who cannot be told apart."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from portail.rules.names import sort_key
from portail.rules.onde import Pupil, Unread

Place = tuple[int, str]
"""A class: the key of its school, its name."""


class Verdict(StrEnum):
    """What a line means for the register."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    LEFT = "left"  # in the register, not in the file
    DOUBLE = "double"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Known:
    """A child of the register."""

    pk: int
    last_name: str
    first_name: str
    birth_date: date | None = None
    ine: str = ""
    place: Place | None = None
    active: bool = True

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True, slots=True)
class Schools:
    """The schools and classes of the register. `by_name` and `classes` are keyed by `sort_key` of the names.

    `default`: the school of a file that does not say any.
    """

    by_name: Mapping[str, int] = field(default_factory=dict)
    classes: Mapping[tuple[int, str], str] = field(default_factory=dict)
    default: int | None = None

    def school_of(self, pupil: Pupil) -> int | None:
        """The key of the pupil's school, None when it cannot be told."""
        return self.by_name.get(sort_key(pupil.school)) if pupil.school else self.default

    def place_of(self, pupil: Pupil) -> Place | None:
        """The pupil's class, under the name that the register gives it; None when the file says none."""
        school = self.school_of(pupil)
        if school is None or not pupil.classroom:
            return None
        return school, self.classes.get((school, sort_key(pupil.classroom)), pupil.classroom)


@dataclass(frozen=True, slots=True)
class Difference:
    """What one line (0: none, somebody who left) would do. `before` and `after` hold only what changes.

    Their keys: last_name, first_name, birth_date (ISO), ine, place ([school, class]), level, active.
    """

    verdict: Verdict
    line: int
    name: str
    known: int | None = None
    reason: str = ""
    place: Place | None = None
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)


def differences(lines: Iterable[Pupil | Unread], known: Sequence[Known], schools: Schools) -> list[Difference]:
    """What the file would change, by line, then who left the schools of the file.

    A pupil is found again by INE, else by name and birth date; a date that is not known tells nobody apart.
    """
    register, read = _Register(known), list(lines)
    pupils = [one for one in read if isinstance(one, Pupil)]
    unread = [one for one in read if isinstance(one, Unread)]
    found = [Difference(Verdict.UNREADABLE, one.line, one.name, reason=one.reason) for one in unread]
    # Those whom the register knows by INE first: a namesake on an earlier line must not take their place.
    ranked = sorted(pupils, key=lambda one: (one.ine not in register.by_ine, one.line))
    found.extend(_difference(pupil, register, schools) for pupil in ranked)
    found.sort(key=lambda one: one.line)
    spared = {one.pk for line in unread for one in register.by_name.get(line.key, ())}  # there, if badly written
    here = {schools.school_of(pupil) for pupil in pupils}
    return [*found, *_left(known, here, spared | set(register.seen))]


def _left(known: Iterable[Known], here: Collection[int | None], met: Collection[int]) -> list[Difference]:
    gone = [one for one in known if one.active and one.place and one.place[0] in here and one.pk not in met]
    return [
        Difference(Verdict.LEFT, 0, str(one), one.pk, "", one.place, {"active": True}, {"active": False})
        for one in sorted(gone, key=lambda one: sort_key(one.last_name, one.first_name))
    ]


class _Register:
    """The children of the register as they are looked up, and who was met in the file, on which line."""

    def __init__(self, known: Sequence[Known]) -> None:
        self.by_ine = {one.ine: one for one in known if one.ine}
        self.by_name: dict[str, list[Known]] = {}
        for one in known:
            self.by_name.setdefault(sort_key(one.last_name, one.first_name), []).append(one)
        self.seen: dict[int, int] = {}
        self.new: dict[str, list[Pupil]] = {}

    def matches(self, pupil: Pupil) -> list[Known]:
        """Who this pupil may be: nobody, one, or several who cannot be told apart."""
        if pupil.ine and pupil.ine in self.by_ine:
            return [self.by_ine[pupil.ine]]
        names = {sort_key(name, pupil.first_name) for name in (pupil.last_name, pupil.other_name) if name}
        namesakes = [one for name in sorted(names) for one in self.by_name.get(name, ())]
        apart = [one for one in namesakes if not (one.ine and pupil.ine)]
        exact = [one for one in apart if one.birth_date and one.birth_date == pupil.birth_date]
        return exact or [one for one in apart if one.birth_date is None or pupil.birth_date is None]

    def twin(self, pupil: Pupil) -> Pupil | None:
        """The same pupil on an earlier line, entered as new."""
        key = sort_key(pupil.last_name, pupil.first_name)
        earlier = self.new.setdefault(key, [])
        same = next((one for one in earlier if _same_pupil(one, pupil)), None)
        if same is None and pupil.ine:
            same = next((one for many in self.new.values() for one in many if one.ine == pupil.ine), None)
        if same is None:
            earlier.append(pupil)
        return same


def _same_pupil(one: Pupil, other: Pupil) -> bool:
    if one.ine and other.ine:
        return one.ine == other.ine
    return one.birth_date is None or other.birth_date is None or one.birth_date == other.birth_date


def _difference(pupil: Pupil, register: _Register, schools: Schools) -> Difference:
    place, found = schools.place_of(pupil), register.matches(pupil)
    reason = _no_school(pupil, schools) if pupil.classroom else ""
    if reason:
        register.seen.update(dict.fromkeys((one.pk for one in found), pupil.line))
        return Difference(Verdict.UNREADABLE, pupil.line, str(pupil), reason=reason)
    reason = _doubt(pupil, found, register)
    register.seen.update({one.pk: register.seen.get(one.pk, pupil.line) for one in found})
    if reason:
        return Difference(Verdict.DOUBLE, pupil.line, str(pupil), reason=reason, place=place)
    if not found:
        return _new(pupil, place, register)
    before, after = _changes(pupil, found[0], place)
    verdict = Verdict.CHANGED if after else Verdict.SAME
    return Difference(verdict, pupil.line, str(pupil), found[0].pk, "", place or found[0].place, before, after)


def _new(pupil: Pupil, place: Place | None, register: _Register) -> Difference:
    twin = register.twin(pupil)
    if twin is not None:
        return Difference(
            Verdict.DOUBLE, pupil.line, str(pupil), reason=f"Déjà lu à la ligne {twin.line}.", place=place
        )
    after = {
        "last_name": pupil.last_name,
        "first_name": pupil.first_name,
        "birth_date": _iso(pupil.birth_date),
        "ine": pupil.ine,
        "place": list(place) if place else None,
        "level": pupil.level,
    }
    return Difference(Verdict.NEW, pupil.line, str(pupil), place=place, after=after)


def _doubt(pupil: Pupil, found: Sequence[Known], register: _Register) -> str:
    """Why nobody can say who this is; "" when it is sure."""
    if len(found) > 1:
        return f"{len(found)} enfants de ce nom dans le portail : complétez leurs dates de naissance ou leurs INE."
    if not found:
        return ""
    one = found[0]
    if one.pk in register.seen:
        return f"Déjà lu à la ligne {register.seen[one.pk]}."
    by_ine = bool(pupil.ine) and pupil.ine == one.ine
    other_day = one.birth_date is not None and pupil.birth_date is not None and one.birth_date != pupil.birth_date
    if by_ine and other_day and sort_key(pupil.first_name) != sort_key(one.first_name):
        return f"Son INE est celui de {one}, d'un autre prénom et né un autre jour."
    return ""


def _changes(pupil: Pupil, known: Known, place: Place | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the file says otherwise. A cell that is empty changes nothing, nor do case and accents."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}

    def compare(name: str, old: Any, new: Any, *, same: bool) -> None:
        if not same:
            before[name], after[name] = old, new

    names = {sort_key(pupil.last_name), sort_key(pupil.other_name)}
    compare("last_name", known.last_name, pupil.last_name, same=sort_key(known.last_name) in names)
    same = sort_key(known.first_name) == sort_key(pupil.first_name)
    compare("first_name", known.first_name, pupil.first_name, same=same)
    same = pupil.birth_date in (None, known.birth_date)
    compare("birth_date", _iso(known.birth_date), _iso(pupil.birth_date), same=same)
    compare("ine", known.ine, pupil.ine, same=pupil.ine in ("", known.ine))
    same = place is None or place == known.place
    compare("place", list(known.place) if known.place else None, list(place) if place else None, same=same)
    compare("active", known.active, True, same=known.active)
    if "place" in after:
        after["level"] = pupil.level
    return before, after


def _no_school(pupil: Pupil, schools: Schools) -> str:
    if schools.school_of(pupil) is not None:
        return ""
    return f"L'école « {pupil.school} » n'existe pas dans le portail." if pupil.school else "Son école n'est pas dite."


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
