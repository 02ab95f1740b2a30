"""Verdicts as they are kept with a submission, so that a recap can be shown, and shown again, word for word."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from portail.rules.booking import Outcome, Refusal, Verdict, Wish


def stored(verdict: Verdict) -> dict[str, Any]:
    """A verdict as JSON; empty fields are left out."""
    wish = verdict.wish
    full = {
        "person": _text(wish.person),
        "activity": _text(wish.activity),
        "day": wish.day.isoformat(),
        "present": wish.present,
        "seen": wish.seen,
        "outcome": verdict.outcome.value,
        "refusal": verdict.refusal.value if verdict.refusal else None,
        "when": verdict.when.isoformat() if verdict.when else None,
        "why": str(verdict.why),
        "name": verdict.name,
        "other": verdict.other,
        "late": verdict.late,
        "implied": verdict.implied,
        "booked_now": verdict.booked_now,
    }
    return {key: value for key, value in full.items() if value is not None and value != ""}


def restored(row: dict[str, Any]) -> Verdict:
    """The verdict that `stored` made this of."""
    return Verdict(
        wish=Wish(
            row.get("person", ""),
            row.get("activity", ""),
            date.fromisoformat(row["day"]),
            row["present"],
            row.get("seen"),
        ),
        outcome=Outcome(row["outcome"]),
        refusal=Refusal(row["refusal"]) if "refusal" in row else None,
        when=datetime.fromisoformat(row["when"]) if "when" in row else None,
        why=row.get("why", ""),
        name=row.get("name", ""),
        other=row.get("other", ""),
        late=row.get("late", False),
        implied=row.get("implied", False),
        booked_now=row.get("booked_now"),
    )


def unread(text: str) -> dict[str, Any]:
    """What is kept of something that was sent and is not a cell."""
    return {"outcome": Outcome.REFUSED.value, "refusal": Refusal.UNREADABLE.value, "cell": _text(text)}


def restored_all(rows: Iterable[dict[str, Any]]) -> list[Verdict]:
    """The verdicts of a submission, less what was not even a cell."""
    return [restored(row) for row in rows if "cell" not in row]


def _text(sent: str) -> str:
    """A text as sent by anybody, made such that every database takes it: no NUL, no half of a character, not long."""
    return sent[:80].replace("\0", "\ufffd").encode(errors="replace").decode()
