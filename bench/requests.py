"""Every budgeted request, through the whole WSGI stack in this process, in rounds interleaved with the floors.

One round is the visit of one parent who never came before. Each answer is checked: a refused or redirected request
costs little, and would make a fine figure.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from django.core.handlers.wsgi import WSGIHandler

from bench.client import Answer, Form, Visitor
from bench.counting import counted
from bench.floors import calibration, cpu_of, tenth
from bench.hello import USUAL, application
from bench.offer import LIMITED
from bench.world import HOST, PAYER_CODE, World
from portail.bookings.models import ChangeSet
from portail.rules.weeks import week_slug
from portail.towns.models import Town
from portail.towns.scope import in_town

WARM_UP = 3  # rounds not kept: templates and the town's offer are compiled once per process
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


@dataclass
class Sample:
    """What was seen of one request over the rounds. Counts and sizes: the largest."""

    cpu: list[float] = field(default_factory=list)
    queries: int = 0
    begins: int = 0
    bytes: int = 0
    gzip: int = 0

    @property
    def p10(self) -> float:
        return tenth(self.cpu)

    @property
    def p50(self) -> float:
        return median(self.cpu)


class Rounds:
    """The rounds under way: `samples` by name of request, « hello » and « calibration » among them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.portal = WSGIHandler()
        self.usual = Visitor(application(USUAL), "localhost")
        self.render = calibration()
        self.samples: dict[str, Sample] = {}

    def run(self, number: int) -> dict[str, Sample]:
        """So many rounds, each with a family of its own."""
        for place in range(WARM_UP + number):
            if place == WARM_UP:
                self.samples.clear()
            self._floors()
            self._visit(place, self.world.children[place % len(self.world.children)])
            self._floors()
        return self.samples

    def _floors(self) -> None:
        self._sample("hello").cpu.append(self.usual.get("/").cpu)
        self._sample("calibration").cpu.append(cpu_of(self.render))

    def _visit(self, place: int, code: str) -> None:
        visitor = Visitor(self.portal, HOST)
        self._take("login_page", lambda: visitor.get("/"))
        fields = [("child_code", code), ("payer_code", PAYER_CODE)]
        self._take("login", lambda: visitor.post("/", fields), status=302)
        self._take("home", lambda: visitor.get("/accueil/"))
        url = f"/planning/{code}/?semaine={week_slug(self.world.week)}"
        self._weeks(4)
        self._take("planning_town", lambda: visitor.get(url))
        self._weeks(6)
        page = self._take("planning", lambda: visitor.get(f"{url}&groupe=peri"))
        visitor.accept_encoding = "gzip"
        self._take("planning_gzip", lambda: visitor.get(f"{url}&groupe=peri"))
        visitor.accept_encoding = ""
        self._changes(visitor, Form.of(page.text), place, url)
        self._take("history", lambda: visitor.get(f"/modifications/{code}/"))

    def _changes(self, visitor: Visitor, form: Form, place: int, url: str) -> None:
        four = [*form.boxes("matin")[:2], *form.boxes("nap")[:2]]
        answer = self._take("validate", lambda: visitor.post(url, form.fields(four)), status=302)
        self._check_changes(answer, 4)
        self._take("recap", lambda: visitor.get(answer.headers["Location"]))
        form = Form.of(visitor.get(f"{url}&groupe=peri").text)
        limited = form.boxes(LIMITED)
        four = [*form.boxes("matin")[2:4], *form.boxes("nap")[2:3], limited[place % len(limited)]]
        answer = self._take("validate_limited", lambda: visitor.post(url, form.fields(four)), status=302)
        self._check_changes(answer, 4)

    def _take(self, name: str, act: Callable[[], Answer], *, status: int = 200) -> Answer:
        with counted() as count:
            answer = act()
        assert answer.status == status, f"{name}: {answer.status} {answer.headers.get('Location', '')}"
        sample = self._sample(name)
        sample.cpu.append(answer.cpu)
        sample.queries = max(sample.queries, count.queries)
        sample.begins = max(sample.begins, count.begins)
        sample.bytes = max(sample.bytes, len(answer.body))
        sample.gzip = max(sample.gzip, answer.gzipped)
        return answer

    def _sample(self, name: str) -> Sample:
        return self.samples.setdefault(name, Sample())

    def _weeks(self, number: int) -> None:
        Town.objects.filter(pk=self.world.town.pk).update(weeks_shown=number)

    def _check_changes(self, answer: Answer, number: int) -> None:
        found = UUID.search(answer.headers["Location"])
        assert found
        with in_town(self.world.town):
            verdicts = ChangeSet.objects.get(public_id=found[0]).verdicts
        assert outcomes(verdicts).count("done") == number, verdicts


def outcomes(verdicts: Sequence[dict[str, str]]) -> list[str]:
    """« done » for each change that was made, else the outcome."""
    return ["done" if v["outcome"] in {"booked", "cancelled"} else v["outcome"] for v in verdicts]
