"""A parent's browser for the tests: a client on one town's host, and a page read as a browser would read it."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

DEMO, BUCHELAY = "demo.localhost", "buchelay.localhost"
WRITES = re.compile(
    r"^\s*(INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP|TRUNCATE)\b|FOR (UPDATE|SHARE|NO KEY)", re.IGNORECASE
)
BOUNDS = re.compile(r"^\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|START)\b", re.IGNORECASE)


@dataclass
class Page(HTMLParser):
    """Fields, checked boxes, links and visible words of a page."""

    html: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    checked: list[tuple[str, str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        name, value = found.get("name"), found.get("value") or ""
        if tag == "input" and name and found.get("type") in {"checkbox", "radio"}:
            if "checked" in found:
                self.checked.append((name, value))
        elif tag == "input" and name:
            self.fields.append((name, value))
        for address in ("href", "src", "action"):
            if found.get(address):
                self.links.append(found[address] or "")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        """All the words, blanks squeezed (a no-break space is a blank too)."""
        return " ".join("".join(self.words).split())

    def value(self, name: str) -> str:
        """The value of the one hidden or text field of this name."""
        return next(value for key, value in self.fields if key == name)

    @property
    def shown(self) -> dict[str, bool]:
        """The live cells: « 007/cantine/2026-11-24 » -> booked or not when the page was made."""
        return {value[:-2]: value.endswith("/1") for name, value in self.fields if name == "shown"}

    @property
    def ticked(self) -> set[str]:
        return {value for name, value in self.checked if name == "ticked"}

    def form(self, *, tick: Any = (), untick: Any = ()) -> dict[str, Any]:
        """What « VALIDER » would send once these boxes were ticked and unticked."""
        assert set(tick) | set(untick) <= set(self.shown), "these cells cannot be changed on this page"
        return {
            "token": self.value("token"),
            "shown": [value for name, value in self.fields if name == "shown"],
            "ticked": sorted((self.ticked | set(tick)) - set(untick)),
        }


class Browser(Client):
    """A client on one host, with one jar of cookies."""

    def __init__(self, host: str = DEMO, **more: Any) -> None:
        super().__init__(headers={"host": host}, **more)

    def enter(self, child_code: str, payer_code: str) -> "Browser":
        response = self.post("/", {"child_code": child_code, "payer_code": payer_code})
        assert response.status_code == 302, response.content.decode()
        return self

    def page(self, address: str, status: int = 200) -> Page:
        response = self.get(address)
        assert response.status_code == status, (address, response.status_code, response.headers.get("Location"))
        return Page(response.content.decode())

    def planning(self, code: str, week: str = "2026-W48") -> Page:
        return self.page(f"{planning_of(code)}?semaine={week}")

    def validate(self, code: str, form: dict[str, Any]) -> Page:
        """POST, follow to the recap, and read it."""
        response = self.post(planning_of(code), form)
        assert response.status_code == 302, response.status_code
        return self.page(response.headers["Location"].partition("#")[0])


def planning_of(code: str) -> str:
    return reverse("planning", kwargs={"code": code})


def cell(code: str, activity: str, day: Any) -> str:
    return f"{code}/{activity}/{day}"


class Queries(CaptureQueriesContext):
    """The SQL of a block, bounds of transactions left out (tests run inside one, and PostgreSQL adds its own)."""

    def __init__(self) -> None:
        super().__init__(connection)

    @property
    def sql(self) -> list[str]:
        return [query["sql"] for query in self.captured_queries if not BOUNDS.match(query["sql"])]

    @property
    def writes(self) -> list[str]:
        return [sql for sql in self.sql if WRITES.search(sql)]

    def __len__(self) -> int:
        return len(self.sql)
