"""The menus of the canteens: typed by week, pasted, imported (feature N5)."""

from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portail.families.models import School
from portail.families.queries.search import schools_and_classes
from portail.news.menu_files import menus_in_file, pasted_week
from portail.news.menu_queries import menus_typed
from portail.news.models import Menu
from portail.news.operations.lines import NewsError
from portail.news.operations.menus import MenuDay, save_menus
from portail.office.forms import OfficeForm
from portail.office.messages.menu_forms import MenuFileForm, PasteForm, WeekForm
from portail.office.pages import done, show
from portail.office.requests import OfficeRequest, actor, allowed, today
from portail.rules.staff import Right
from portail.rules.weeks import monday as monday_of
from portail.towns import wording as say

MOST_BYTES = 10 * 1024 * 1024
WEEK = timedelta(days=7)


@dataclass(slots=True)
class Week:
    """The page of a week: its three forms, each of which an act may replace by what was sent."""

    request: OfficeRequest
    school: School | None
    monday: date
    week: WeekForm
    paste: PasteForm
    file: MenuFileForm
    typed: dict[date, MenuDay]
    filled: bool = False

    @property
    def days(self) -> list[date]:
        return self.week.days

    def save(self) -> HttpResponse | None:
        """What was typed; None: refused, the form says why."""
        self.week = WeekForm(self.request.POST, days=self.days)
        if not self.week.is_valid():
            return None
        return self._saved(self.week, self.week.menus(), self.monday)

    def fill(self) -> HttpResponse | None:
        """What was pasted, in the boxes: nothing is saved."""
        self.paste = PasteForm(self.request.POST)
        if self.paste.is_valid():
            try:
                found = {one.day: one for one in pasted_week(self.paste.cleaned_data["pasted"], self.monday)}
            except NewsError as refusal:
                self.paste.add_error("pasted", str(refusal))
                return None
            self.week = WeekForm(days=self.days, initial=WeekForm.initial_of(self.days, {**self.typed, **found}))
            self.filled = True
        return None

    def take(self) -> HttpResponse | None:
        """The days of a file, saved all or none."""
        self.file = MenuFileForm(self.request.POST, self.request.FILES)
        if not self.file.is_valid():
            return None
        upload = self.file.cleaned_data["file"]
        try:
            read = menus_in_file(upload.name, upload.read(MOST_BYTES + 1))
        except NewsError as refusal:
            self.file.add_error("file", str(refusal))
            return None
        return self._saved(self.file, read, min(monday_of(one.day) for one in read))

    def _saved(self, form: OfficeForm, days: list[MenuDay], monday: date) -> HttpResponse | None:
        by, now = actor(self.request), self.request.now
        try:
            changed = save_menus(school=self.school, days=days, by=by, now=now)
        except NewsError as refusal:
            form.add_error("file" if "file" in form.fields else None, str(refusal))
            return None
        return done(_words(changed), _address(self.school, monday))


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Right.MESSAGES)
def menus(request: OfficeRequest) -> HttpResponse:
    """A week of one school, or of all of them: `?semaine=2026-11-23&ecole=3`."""
    schools = [school for school, _ in schools_and_classes()]
    school, monday = _school(request, schools), _monday(request)
    days = [monday + timedelta(days=number) for number in range(7)]
    typed = {day: _menu_day(row) for day, row in menus_typed(school, monday).items()}
    form = WeekForm(days=days, initial=WeekForm.initial_of(days, typed))
    page = Week(request, school, monday, form, PasteForm(), MenuFileForm(), typed)
    act = {"save": page.save, "paste": page.fill, "file": page.take}.get(request.POST.get("act", ""))
    answer = act() if act else None
    if answer is not None:
        return answer
    places = [("Toutes les écoles", _address(None, monday), school is None)]
    context = {
        "week": page.week, "paste": page.paste, "file": page.file, "filled": page.filled, "school": school,
        "title": f"Semaine du {say.plain_day(monday)}",
        "previous": _address(school, monday - WEEK), "following": _address(school, monday + WEEK),
        "places": places + [(one.name, _address(one, monday), one == school) for one in schools],
    }  # fmt: skip
    status = 400 if page.week.errors or page.paste.errors or page.file.errors else 200
    return show(request, "office/messages/menus.html", context, current="menus", status=status)


def _school(request: OfficeRequest, schools: list[School]) -> School | None:
    wanted = request.GET.get("ecole", "")
    if not wanted:
        return None
    found = next((school for school in schools if str(school.pk) == wanted), None)
    if found is None:
        raise Http404
    return found


def _monday(request: OfficeRequest) -> date:
    """The week of the address; without one, this week, or the next from Friday on."""
    try:
        wanted = date.fromisoformat(request.GET.get("semaine", ""))
    except ValueError:
        wanted = today(request) + timedelta(days=3)
    floor, ceiling = date(2000, 1, 3), date(2199, 12, 30)
    return monday_of(min(max(wanted, floor), ceiling))


def _address(school: School | None, monday: date) -> str:
    query = {"semaine": monday.isoformat()} | ({"ecole": str(school.pk)} if school else {})
    return f"{reverse('office:menus')}?{urlencode(query)}"


def _menu_day(row: Menu) -> MenuDay:
    known = {one.value for one in Menu.Allergen}
    return MenuDay(row.day, row.courses, frozenset(Menu.Allergen(one) for one in row.allergens if one in known))


def _words(changed: int) -> str:
    if not changed:
        return "Rien n'a changé."
    return f"{changed} jours enregistrés." if changed > 1 else "Un jour enregistré."
