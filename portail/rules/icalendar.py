"""A calendar feed in iCalendar (RFC 5545): all-day events, escaped and folded as the standard wants."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

FOLD = 75  # octets a line, RFC 5545 §3.1


@dataclass(frozen=True, slots=True)
class Event:
    """One all-day event. `uid` must be stable and unique in the world."""

    uid: str
    day: date
    summary: str


def calendar(name: str, events: Iterable[Event], now: datetime) -> str:
    """The whole feed; `now` stamps it (aware)."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Les Parents Services//Portail famille//FR",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_escape(name)}",
        f"NAME:{_escape(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT4H",
    ]
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    for event in events:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{event.uid}",
            f"DTSTAMP:{stamp}",
            f"DTSTART;VALUE=DATE:{event.day:%Y%m%d}",
            f"DTEND;VALUE=DATE:{event.day + timedelta(days=1):%Y%m%d}",
            f"SUMMARY:{_escape(event.summary)}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in _fold(line))


def _escape(text: str) -> str:
    """RFC 5545 §3.3.11; control characters have no place in a text."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(c for c in text if c == "\n" or c >= " ")
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _fold(line: str) -> Iterable[str]:
    """Cut at 75 octets, never inside a character; what follows begins with a space."""
    room = FOLD
    current = b""
    for character in line:
        octets = character.encode()
        if len(current) + len(octets) > room:
            yield current.decode()
            current, room = b" ", FOLD
        current += octets
    yield current.decode()
