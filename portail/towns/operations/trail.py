"""The trail of what staff did: one line per act, in the transaction of the act."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portail.towns.actors import Actor
from portail.towns.models import Audit


@dataclass(frozen=True, slots=True)
class Act:
    """What an audit line says besides who and when."""

    verb: str
    subject: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


def record(act: Act, *, by: Actor, now: datetime) -> None:
    """Write one audit line for the town in force; called inside the transaction of the act."""
    Audit.objects.create(
        at=now,
        staff_id=by.staff_id,
        actor=by.name,
        channel=by.channel.value,
        verb=act.verb,
        subject=act.subject[: Audit._meta.get_field("subject").max_length],
        before=act.before,
        after=act.after,
    )
