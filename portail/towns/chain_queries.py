"""Reads of the hash chain of a town: what is not sealed yet, and whether what is sealed is still what it was."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, Model, OuterRef, QuerySet

from portail.rules.sealing import GENESIS, Flaw, Head, canonical, chained
from portail.towns.models import Seal

BATCH = 1000  # links read at once: one query, and one for each stream
LONGEST_WAIT = timedelta(days=1)  # the clock seals what is a minute old: a day is a clock that stopped, or worse


@dataclass(frozen=True, slots=True)
class Stream:
    """A history that is sealed: its name in `Seal.stream`, and its lines in the town in force, which have an `at`."""

    name: str
    lines: Callable[[], QuerySet[Any]]


@dataclass(frozen=True, slots=True)
class Found:
    """One thing wrong: with the line `row` of `stream`, sealed at `place`; UNSEALED: `count` lines from `row` on."""

    flaw: Flaw
    place: int = 0
    stream: str = ""
    row: int = 0
    count: int = 1


@dataclass(frozen=True, slots=True)
class Verification:
    """`checked` links were computed again; `head` is the end of the chain, to be noted elsewhere."""

    checked: int
    head: Head
    found: tuple[Found, ...]


Link = tuple[int, str, int, str]  # place, stream, row, digest


def head_of_chain() -> Head:
    """The last link of the town in force; place 0 before the first."""
    last = Seal.objects.order_by("-place").values_list("place", "digest").first()
    return Head(0, GENESIS) if last is None else Head(*last)


def unsealed(stream: Stream, before: datetime) -> QuerySet[Any]:
    """The lines of a history written before that instant and never sealed, in order."""
    sealed = Seal.objects.filter(stream=stream.name, row=OuterRef("pk"))
    return stream.lines().filter(~Exists(sealed), at__lt=before).order_by("pk")


def verify_chain(
    streams: Sequence[Stream], now: datetime, *, since: datetime | None = None, noted: Head | None = None
) -> Verification:
    """Compute the chain of the town in force again, from what was sealed `since` on, and say all that is wrong.

    `noted`: the end of the chain as it was noted elsewhere one day. The number of queries grows by one, plus one for
    each stream, every 1,000 links.
    """
    start = _start(since)
    found: list[Found] = []
    checked, head = 0, start
    for links in _batches(start.place):
        lines = _lines(streams, links)
        for link in links:
            found += _flaws(link, head, lines)
            head = Head(link[0], link[3])
        checked += len(links)
    found += _noted(noted)
    found += _waiting(streams, now - LONGEST_WAIT)
    return Verification(checked, head, tuple(found))


def _start(since: datetime | None) -> Head:
    """The link before the first to be checked."""
    first = None if since is None else Seal.objects.filter(at__gte=since).order_by("place").first()
    if since is None:
        return Head(0, GENESIS)
    if first is None:
        return head_of_chain()
    before = Seal.objects.filter(place__lt=first.place).order_by("-place").values_list("place", "digest").first()
    return Head(0, GENESIS) if before is None else Head(*before)


def _batches(after: int) -> Iterator[list[Link]]:
    seals = Seal.objects.order_by("place").values_list("place", "stream", "row", "digest")
    while links := list(seals.filter(place__gt=after)[:BATCH]):
        yield links
        after = links[-1][0]


def _lines(streams: Sequence[Stream], links: Sequence[Link]) -> Mapping[tuple[str, int], bytes]:
    found: dict[tuple[str, int], bytes] = {}
    for stream in streams:
        rows = stream.lines().filter(pk__in=[row for _, name, row, _ in links if name == stream.name])
        found |= {(stream.name, row["id"]): canonical(stream.name, row) for row in rows.values()}
    return found


def _flaws(link: Link, before: Head, lines: Mapping[tuple[str, int], bytes]) -> Iterator[Found]:
    place, stream, row, digest = link
    line = lines.get((stream, row))
    gap = place != before.place + 1
    if gap:
        yield Found(Flaw.GAP, before.place + 1, count=place - before.place - 1)
    if line is None:
        yield Found(Flaw.REMOVED, place, stream, row)
    elif not gap and chained(before.digest, line) != digest:
        yield Found(Flaw.ALTERED, place, stream, row)


def _noted(noted: Head | None) -> Iterator[Found]:
    if noted is not None and not Seal.objects.filter(place=noted.place, digest=noted.digest).exists():
        yield Found(Flaw.HEAD, noted.place)


def _waiting(streams: Sequence[Stream], before: datetime) -> Iterator[Found]:
    for stream in streams:
        late = unsealed(stream, before)
        first: Model | None = late.first()
        if first is not None:
            yield Found(Flaw.UNSEALED, 0, stream.name, first.pk, late.count())
