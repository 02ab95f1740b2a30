"""A parent in front of a browser: finds things by role and accessible name, as a screen reader would."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.journeys.portal import Child, Family, Portal
from tests.journeys.watching import Watch

MONTHS = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]
SAVED, UNDONE, NOTHING = "Modifications enregistrées", "Modifications annulées", "Rien à changer"
VALIDATE = "VALIDER MES MODIFICATIONS"
PAGES_AHEAD = 14  # how far a cell is looked for: past the longest holidays

# « - checkbox "Cantine, Ma 24 – mardi 24 novembre 2026, inscrit" [checked] » of the accessibility tree
LINE = re.compile(r'^\s*- (checkbox|link) "(.+?)"((?: \[[^]]+\])*):?$')
CELL = re.compile(r"^(?P<activity>.+?), (?P<short>\w\w \d\d) – (?P<day>\w+ \d+(?:er)? \w+ \d{4}), (?P<state>.+)$")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the planning as it is read out."""

    name: str
    activity: str
    short: str
    words: str
    state: str
    live: bool
    checked: bool

    @property
    def day(self) -> date:
        """The day in its name."""
        _weekday, number, month, year = self.words.split()
        return date(int(year), MONTHS.index(month) + 1, int(number.removesuffix("er")))

    @property
    def stem(self) -> str:
        """What does not change with its state: « Cantine, Ma 24 – mardi 24 novembre 2026 »."""
        return f"{self.activity}, {self.short} – {self.words}"

    def toggled(self) -> "Cell":
        """The cell once it was toggled and validated."""
        state = "non inscrit" if self.checked else "inscrit"
        return Cell(f"{self.stem}, {state}", self.activity, self.short, self.words, state, self.live, not self.checked)


Wanted = Callable[[Cell], bool]


def today() -> date:
    """The day in the towns of the demo world: the server's clock is ours."""
    return datetime.now(ZoneInfo("Europe/Paris")).date()  # noqa: TID251


def far() -> date:
    """A day past every cut-off of the demo world, so that none comes in between while a journey lasts."""
    return today() + timedelta(days=9)


def cells_of(tree: str) -> list[Cell]:
    """The cells in an accessibility tree."""
    found = []
    for line in tree.splitlines():
        part = LINE.match(line)
        cell = part and CELL.match(part[2])
        if part and cell:
            live = part[1] == "checkbox"
            state = cell["state"].removesuffix(". Pourquoi ?")
            booked = "[checked]" in part[3] if live else state.startswith("inscrit")
            found.append(Cell(part[2], cell["activity"], cell["short"], cell["day"], state, live, booked))
    return found


@dataclass
class Parent:
    """A visitor of a town's site, logged in or not yet."""

    portal: Portal
    family: Family
    context: BrowserContext
    page: Page
    watch: Watch
    scripts: bool

    # ── going about ──────────────────────────────────────────────────────────────────────────────────────────────

    def go(self, path: str) -> None:
        """Open an address of the town."""
        self.page.goto(self.portal.origin(self.family.host) + path)

    def link(self, name: str | re.Pattern[str], *, within: Locator | None = None, exact: bool = True) -> Locator:
        """A link by its name."""
        return (within or self.page).get_by_role("link", name=name, exact=exact)

    def button(self, name: str | re.Pattern[str], *, exact: bool = True) -> Locator:
        """A button by its name."""
        return self.page.get_by_role("button", name=name, exact=exact)

    def heading(self, name: str | re.Pattern[str], level: int | None = None) -> Locator:
        """A heading by its words."""
        return self.page.get_by_role("heading", name=name, level=level)

    def field(self, name: str) -> Locator:
        """A text field by its label."""
        return self.page.get_by_role("textbox", name=name)

    def sees(self, words: str | re.Pattern[str]) -> None:
        """These words are on the page."""
        expect(self.page.get_by_role("main")).to_contain_text(words)

    # ── in and out ───────────────────────────────────────────────────────────────────────────────────────────────

    def type_codes(self, child_code: str = "", payer_code: str = "") -> None:
        """Fill in the two codes and press « Connexion »."""
        self.field("Code enfant").fill(child_code or self.family.children[0].code)
        self.payer_code().fill(payer_code or self.family.payer_code)
        self.button("Connexion").click()

    def payer_code(self) -> Locator:
        """The second field: each town has its own name for it."""
        return self.page.get_by_role("textbox", name=re.compile("^Code (payeur|famille)"))

    def log_in(self) -> None:
        """From the town's page to « Accueil »."""
        self.go("/")
        self.type_codes()
        expect(self.heading(re.compile("^Bonjour"), 1)).to_be_visible()

    def log_out(self) -> None:
        """« Déconnexion »."""
        self.button("Déconnexion").click()
        self.sees("Vous êtes déconnecté.")

    # ── the planning ─────────────────────────────────────────────────────────────────────────────────────────────

    def open_planning(self, child: Child | None = None, query: str = "") -> None:
        """The planning of a child, the first one by default."""
        self.go(f"/planning/{(child or self.family.children[0]).code}/{query}")
        expect(self.heading(re.compile("^Planning de"), 1)).to_be_visible()

    def cells(self) -> list[Cell]:
        """The cells that can be read now."""
        return cells_of(self.page.get_by_role("main").aria_snapshot())

    def unfold(self) -> None:
        """Open the weeks that the page keeps closed because nothing can be changed in them."""
        for title in self.heading(re.compile("^Semaine [0-9]+"), 2).all():
            if not title.evaluate("(title) => title.closest('details').open"):
                title.click()

    def onward(self) -> None:
        """« Suivant »."""
        left = self.page.url
        self.link("Suivant").click()
        self.page.wait_for_url(lambda url: url != left)

    def find(self, wanted: Wanted, what: str) -> Cell:
        """The first cell of this kind, going on with « Suivant » as long as needed."""
        return self.find_all(wanted, what, 1)[0]

    def find_all(self, wanted: Wanted, what: str, least: int) -> list[Cell]:
        """The cells of this kind on the first page that has enough of them, starting with the page shown."""
        found = self._pages(lambda cells: [cell for cell in cells if wanted(cell)], least)
        assert found, f"no page of the planning has {least} × {what}"
        return found

    def look_for(self, wanted: Wanted, *, pages: int) -> Cell | None:
        """The first cell of this kind on the next pages, if there is any."""
        found = self._pages(lambda cells: [cell for cell in cells if wanted(cell)], 1, pages)
        return found[0] if found else None

    def _pages(self, pick: Callable[[list[Cell]], list[Cell]], least: int, pages: int = PAGES_AHEAD) -> list[Cell]:
        """What `pick` takes of the first page on which it takes enough."""
        for page in range(pages):
            if page:
                self.onward()
            self.unfold()
            found = pick(self.cells())
            if len(found) >= least:
                return found
        return []

    def find_day(self, activities: Sequence[str], wanted: Callable[[list[Cell]], bool]) -> list[Cell]:
        """The cells of these activities on the first day far enough where all that exist suit, in the order given."""

        def pick(shown: list[Cell]) -> list[Cell]:
            days: dict[date, list[Cell]] = {}
            for cell in shown:
                if cell.live and cell.activity in activities and cell.day >= far():
                    days.setdefault(cell.day, []).append(cell)
            found = next((cells for cells in days.values() if len(cells) > 1 and wanted(cells)), [])
            return sorted(found, key=lambda cell: activities.index(cell.activity))

        found = self._pages(pick, 2)
        assert found, f"no day suits for {activities}"
        return found

    def region(self, name: str) -> Locator:
        """A titled part of the page."""
        return self.page.get_by_role("region", name=name, exact=True)

    def box(self, cell: Cell) -> Locator:
        """The checkbox of a cell, whatever its state now."""
        return self.page.get_by_role("checkbox", name=re.compile(f"^{re.escape(cell.stem)}, "))

    def toggle(self, *cells: Cell) -> None:
        """Tick or untick."""
        for cell in cells:
            self.box(cell).set_checked(not cell.checked)

    def now(self, cell: Cell) -> Cell:
        """The same cell as it is read out now."""
        return next(one for one in self.cells() if one.stem == cell.stem)

    def validate(self) -> None:
        """Press the button of the planning and wait for the recap."""
        self.button(VALIDATE).click()
        expect(self.heading("Récapitulatif", 1)).to_be_visible()

    def saved(self, *lines: str, focus: bool = True, heading: str = SAVED) -> None:
        """The recap has the focus and says that exactly these were saved: « inscription Cantine, mardi … »."""
        title = self.heading(heading, 2)
        expect(title).to_be_visible()
        if focus:
            expect(title).to_be_focused()
        count = f"{len(lines)} changement{'s' * (len(lines) > 1)} enregistré{'s' * (len(lines) > 1)}"
        self.lists(count, lines)

    def lists(self, region: str, lines: Iterable[str]) -> None:
        """A part of the page by its title, and its lines, in any order."""
        items = self.region(region).get_by_role("listitem")
        expect(items).to_have_count(len(list(lines)))
        for line in lines:
            expect(items.filter(has_text=re.compile(line.replace(" ", r"\s*")))).to_have_count(1)

    # ── what a page must always be ───────────────────────────────────────────────────────────────────────────────

    def fits(self, width: int) -> None:
        """Nothing is cut or scrolls sideways at this width."""
        size = self.page.viewport_size
        assert size is not None
        self.page.set_viewport_size({"width": width, "height": size["height"]})
        wide, room = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        self.page.set_viewport_size(size)
        assert wide <= room, f"{self.page.url}: {wide} px wide at {width} px"

    def picture(self, path: Path) -> None:
        """A screenshot of the whole page."""
        self.page.screenshot(path=path, full_page=True, animations="disabled")


def recap_line(cell: Cell, child: Child | None = None) -> str:
    """How the recap tells that a cell was toggled."""
    word = "annulation" if cell.checked else "inscription"
    return f"{word} {cell.activity}, {cell.words}"
