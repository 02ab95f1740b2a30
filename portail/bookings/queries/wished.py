"""What a planning's form sends, read back as wishes: the same boxes on every page that shows some."""

from collections.abc import Iterable, Sequence
from datetime import date

from portail.rules.booking import Wish

LONGEST = 80  # characters kept of what is no box


def read_wishes(shown: Sequence[str], ticked: Iterable[str]) -> tuple[list[Wish], list[str]]:
    """The wishes about the boxes that the page showed, and what is not a box at all.

    `shown`: « 007/cantine/2026-11-24/1 », the state that each box had; `ticked`: « 007/cantine/2026-11-24 ». A box that
    was not shown is never a wish.
    """
    on = set(ticked)
    wishes, unreadable, known = [], [], set()
    for text in shown:
        wish = _read(text, on)
        if wish is None:
            unreadable.append(text[:LONGEST])
        else:
            wishes.append(wish)
            known.add(text[:-2])
    return wishes, unreadable + sorted(key[:LONGEST] for key in on - known)


def box_key(person: str, activity: str, day: date) -> str:
    """« 007/cantine/2026-11-24 »: how a box is named in a form."""
    return f"{person}/{activity}/{day}"


def _read(text: str, ticked: set[str]) -> Wish | None:
    parts = text.split("/")
    if len(parts) != 4 or parts[3] not in {"0", "1"}:
        return None
    try:
        day = date.fromisoformat(parts[2])
    except ValueError:
        return None
    return Wish(parts[0], parts[1], day, present=text[:-2] in ticked, seen=parts[3] == "1")
