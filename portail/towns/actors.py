"""Who acts, and by which door: the `by=` of every operation."""

from dataclasses import dataclass

from portail.rules.booking import Channel


@dataclass(frozen=True, slots=True)
class Actor:
    """The author of a write. A parent has a payer's key, staff a staff key; the console and imports only a name."""

    channel: Channel
    name: str = ""
    payer_id: int | None = None
    staff_id: int | None = None

    @property
    def is_town_hall(self) -> bool:
        return self.channel is Channel.TOWN_HALL


def parent(payer_id: int, *, channel: Channel = Channel.WEB) -> Actor:
    """A logged-in parent."""
    return Actor(channel=channel, payer_id=payer_id)


def town_hall(name: str, *, staff_id: int | None = None) -> Actor:
    """A member of staff, or the console in the town hall's name."""
    return Actor(channel=Channel.TOWN_HALL, name=name, staff_id=staff_id)
