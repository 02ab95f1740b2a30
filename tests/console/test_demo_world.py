"""The demonstration keeps its promises whatever the day: in school weeks, holidays and summer, near and far."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db.models import F

from portail.billing.models import Invoice, Regie
from portail.bookings.models import (
    Activity,
    Change,
    ChangeSet,
    Closure,
    DayOverride,
    Enrolment,
    Limit,
    Period,
    PeriodChoice,
    Places,
    Presence,
)
from portail.bookings.models import LateRequest as Request
from portail.bookings.queries.offer import Offer, offer_now
from portail.console.demo.moving_days import billed_month, holidays_around, moving_days
from portail.console.demo.pictures import pdf, picture
from portail.console.demo.world import FOUNDED, BuiltTown, build_world
from portail.families.models import Link, Payer, Person
from portail.families.operations.access import LoginAttempt, log_in
from portail.news.queries import board
from portail.rules.booking import LatePolicy
from portail.rules.calendar import TownCalendar
from portail.rules.codes import child_code_ok, payer_code_ok
from portail.rules.weeks import monday
from portail.towns.models import Town
from portail.towns.queries import first_town
from portail.towns.scope import in_town

PARIS = ZoneInfo("Europe/Paris")
COMING = timedelta(weeks=5)
ACTIVITIES = {
    "Cantine", "Accueil matin", "Accueil 12h15", "Accueil soir", "NAP", "Accueil de loisirs",
    "Transport 8h30", "Transport 11h30", "Transport 13h30", "Transport 16h30", "Mercredi", "Petites vacances matin",
    "Petites vacances après-midi", "Grandes vacances", "Cantine adulte",
}  # fmt: skip
TO_PAY = {"periscolaire": 24, "extrascolaire": 10, "transport": 4, "cantine": 4}  # and six are paid online afterwards
NOWS = {
    "a Saturday of school": datetime(2026, 11, 21, 9, tzinfo=PARIS),
    "Christmas, just after midnight": datetime(2026, 12, 28, 0, 5, tzinfo=PARIS),
    "summer": datetime(2027, 7, 10, 14, tzinfo=PARIS),
    "estimated holidays": datetime(2031, 3, 1, 8, tzinfo=PARIS),
    "the eve of the new school year": datetime(2027, 8, 31, 18, tzinfo=PARIS),
    "a Thursday one minute before five": datetime(2026, 11, 26, 16, 59, tzinfo=PARIS),
}


def coming(now: datetime) -> tuple[date, date]:
    return now.date(), now.date() + COMING


# --- What each town promises ----------------------------------------------------------------------------------------


def has_every_activity(now: datetime, offer: Offer) -> bool:
    return {rules.name for rules in offer.rulebook.activities.values()} >= ACTIVITIES


def uses_every_late_policy(now: datetime, offer: Offer) -> bool:
    return {rules.late for rules in offer.rulebook.activities.values()} == set(LatePolicy)


def has_bookings_behind_and_ahead(now: datetime, offer: Offer) -> bool:
    past, ahead = Presence.objects.filter(day__lt=now.date()), Presence.objects.filter(day__range=coming(now))
    return past.count() > 50 and ahead.count() > 50


def has_history_by_both_doors(now: datetime, offer: Offer) -> bool:
    lately = Change.objects.filter(at__gt=now - timedelta(days=10))
    return {(c, p) for c, p in lately.values_list("channel", "present")} >= {("town_hall", False), ("web", False)}


def nothing_happened_after_now(now: datetime, offer: Offer) -> bool:
    return not ChangeSet.objects.filter(at__gt=now).exists()


def every_change_had_its_reason(now: datetime, offer: Offer) -> bool:
    """The rules let it happen when it happened: the only refusals are days that were full."""
    answers = ChangeSet.objects.values_list("verdicts", flat=True)
    return {row.get("refusal") for verdicts in answers for row in verdicts} <= {None, "full"}


def some_requests_wait(now: datetime, offer: Offer) -> bool:
    days = Request.objects.filter(status=Request.Status.WAITING).values_list("day", flat=True)
    return len(days) >= 2 and min(days) >= now.date()


def some_coming_day_is_full_and_some_not(now: datetime, offer: Offer) -> bool:
    soon = Places.objects.filter(day__range=coming(now))
    return soon.filter(taken=F("seats")).exists() and soon.filter(taken__lt=F("seats")).exists()


def has_a_closure_ahead(now: datetime, offer: Offer) -> bool:
    return Closure.objects.filter(activity=None, first__range=coming(now)).exists()


def has_a_catch_up_wednesday_ahead(now: datetime, offer: Offer) -> bool:
    day = DayOverride.objects.get(has_school=True).day
    soon = now.date() + (timedelta(days=100) if now.month in (7, 8) else COMING)
    return day.weekday() == 2 and now.date() < day <= soon and offer.rulebook.calendar.holiday(day) is None


def has_a_period_validated_and_one_to_choose(now: datetime, offer: Offer) -> bool:
    chosen = set(PeriodChoice.objects.values_list("period_id", flat=True))
    periods = list(Period.objects.order_by("first"))
    return len(periods) == 2 and chosen == {periods[0].pk} and periods[0].last >= now.date()


def has_news_information_and_tips(now: datetime, offer: Offer) -> bool:
    found = board(now)
    return bool(found.news and found.information and found.tips)


def every_code_follows_the_scheme_or_is_legacy(now: datetime, offer: Offer) -> bool:
    return all(child_code_ok(code) for code in Person.objects.values_list("code", flat=True))


def has_bills_enough_for_everybody_who_tries_to_pay(now: datetime, offer: Offer) -> bool:
    """The browser journeys, and whoever looks around, find whole invoices to pay at each régie, in August too."""
    run = Invoice.objects.filter(run__isnull=False, status="issued", kind="invoice", paid_cents=0)
    found = Counter(run.filter(total_cents__gte=100).values_list("regie__code", flat=True))
    in_time = not run.filter(payable_until__lt=now.date()).exists()
    return in_time and all(found[code] >= TO_PAY[code] for code in Regie.objects.values_list("code", flat=True))


EVERY_TOWN: tuple[Callable[[datetime, Offer], bool], ...] = (
    has_every_activity,
    uses_every_late_policy,
    has_bookings_behind_and_ahead,
    has_history_by_both_doors,
    nothing_happened_after_now,
    every_change_had_its_reason,
    some_requests_wait,
    some_coming_day_is_full_and_some_not,
    has_a_closure_ahead,
    has_a_catch_up_wednesday_ahead,
    has_a_period_validated_and_one_to_choose,
    has_news_information_and_tips,
    every_code_follows_the_scheme_or_is_legacy,
    has_bills_enough_for_everybody_who_tries_to_pay,
)


@pytest.mark.parametrize("when", NOWS)
def test_both_towns_keep_their_promises(db, when):
    now = NOWS[when]
    broken = []
    for built in build_world(now):
        town = Town.objects.get(name=built.name)
        with in_town(town):
            offer = offer_now()
            broken += [f"{built.name}: {promise.__name__}" for promise in EVERY_TOWN if not promise(now, offer)]
    assert broken == []


# --- The families that everybody knows ------------------------------------------------------------------------------


def codes_of(built: BuiltTown) -> Mapping[str, str]:
    return {str(payer): code for household in built.households for payer, code, *_ in household.payers}


def test_the_families_and_rules_of_the_documents_are_there(db):
    now = NOWS["a Saturday of school"]
    demo, buchelay = build_world(now)
    assert first_town() == Town.objects.get(name="Ville de Démo")
    assert len(demo.households) + len(buchelay.households) >= 42
    rules_and_labels_are_those_of_the_documents()
    the_families_of_demo_are_there(demo, now)
    with in_town(Town.objects.get(slug="buchelay")):
        classes = Person.objects.filter(code__in=["123456", "123457"]).order_by("code")
        found = classes.values_list("first_name", "last_name", "classroom__name", "classroom__teacher")
        assert list(found) == [
            ("Angéline", "MARSONE", "CE1", "Mme Formatrice"),
            ("Bertrand", "MARSONE", "CE2", "Mr Formateur"),
        ]
        (weak,) = Payer.objects.filter(weak_code=True)
        code = codes_of(buchelay)[str(weak)]
        assert code.isdecimal()
        assert log_in(attempt=LoginAttempt("123456", code, "192.0.2.1"), now=now).key


def the_families_of_demo_are_there(demo: BuiltTown, now: datetime) -> None:
    with in_town(Town.objects.get(slug="demo")):
        james, aline = Person.objects.get(code="007"), Person.objects.get(code="008")
        assert (str(james), str(aline)) == ("James BOND", "Aline BOND")
        assert {str(child.classroom.school) for child in (james, aline)} == {"MALLERIN PRIMAIRE"}
        assert (james.classroom.name, james.classroom.teacher) == ("10", "Mme Béatrice ESCO")
        assert Presence.objects.filter(person=james, day__range=coming(now)).exists()
        assert log_in(attempt=LoginAttempt("008", codes_of(demo)["Jamie BOND"], "192.0.2.1"), now=now).key
        rights = sorted(Link.objects.values_list("right", flat=True).distinct())
        assert rights == ["full", "read_only", "weeks"]
        assert sorted(Link.objects.filter(right="weeks").values_list("weeks_from", flat=True).distinct()) == [
            date(2026, 1, 5), date(2026, 1, 12),
        ]  # fmt: skip
        assert Change.objects.filter(person__occasional=True, channel="town_hall").exists()
        assert not Change.objects.filter(person__occasional=True, channel="web").exists()
        assert Presence.objects.filter(person__kind="adult", activity__code="cantine-adulte").exists()
        assert Enrolment.objects.exclude(stop=None).exists()
        assert Presence.objects.filter(activity__code="transport-8h30").exists()
        assert Presence.objects.filter(late=True).exists()
        assert not Payer.objects.filter(weak_code=True).exists()
        assert all(payer_code_ok(code.replace("-", "")) for code in codes_of(demo).values())


def rules_and_labels_are_those_of_the_documents() -> None:
    demo, buchelay = Town.objects.get(slug="demo"), Town.objects.get(slug="buchelay")
    assert (demo.weeks_shown, buchelay.labels, demo.status) == (4, {"payer_code": "Code famille"}, "open")
    assert demo.logo_digest != buchelay.logo_digest != ""
    with in_town(demo):
        cantine, matin = Activity.objects.get(code="cantine"), Activity.objects.get(code="accueil-matin")
        assert [cantine.book_cutoff[name] for name in ("kind", "days", "at")] == ["working_days", 1, 600]
        assert [matin.book_cutoff[name] for name in ("kind", "days", "at")] == ["working_days", 1, 960]
        assert Limit.objects.exists()
        files = [file for card in board(NOWS["a Saturday of school"]).news for file in card.files]
        assert {file.content_type for file in files} == {"application/pdf", "image/png"}
        information = board(NOWS["a Saturday of school"]).information[0].body
        assert "il y aura école mercredi 2 décembre" in information
    with in_town(buchelay):
        for activity in Activity.objects.order_by("pk").exclude(opens_on="summer"):
            assert {name: activity.book_cutoff[name] for name in ("kind", "weekday", "at", "weeks")} == {
                "kind": "weekday_before", "weekday": 3, "at": 1020, "weeks": 1,
            }  # fmt: skip


# --- What moves -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["A", "B", "C"])
def test_a_month_of_school_is_billed_on_every_day(zone):
    """And the town is older than what its families booked for that month."""
    for number in range(0, 5 * 366, 3):
        today = date(2026, 9, 1) + timedelta(days=number)
        calendar = TownCalendar(periods=holidays_around(zone, today))
        month = billed_month(calendar, today)
        assert month < today.replace(day=1)
        assert month.month not in (7, 8)
        assert today - monday(month) + timedelta(days=7 + 14 + 4) < FOUNDED


@pytest.mark.parametrize("zone", ["A", "B", "C"])
def test_the_moving_days_exist_from_every_day(zone):
    for number in range(0, 7 * 366, 5):
        today = date(2026, 9, 1) + timedelta(days=number)
        calendar = TownCalendar(periods=holidays_around(zone, today))
        days = moving_days(calendar, None, today)
        assert today < days.catch_up < days.bridge
        assert len({days.catch_up, days.bridge, days.closed, days.outing}) == 4
        assert (days.catch_up.weekday(), days.bridge.weekday(), days.closed - today < COMING) == (2, 4, True)
        assert all(calendar.has_school(day, None) for day in (days.bridge, days.outing))
        (first, last), (second, end) = days.periods
        assert first <= last < second <= end
        assert last >= today


def test_the_files_are_what_they_say():
    document = pdf("Menus (été)", ["Poisson"])
    assert document.startswith(b"%PDF-1.4")
    assert document.endswith(b"%%EOF\n")
    start = int(document.rsplit(b"startxref\n", 1)[1].split()[0])
    assert document[start:].startswith(b"xref\n0 6\n")
    places = [int(line.split()[0]) for line in document[start:].splitlines()[3:8]]
    assert [document[place:].split(b" ", 1)[0] for place in places] == [b"1", b"2", b"3", b"4", b"5"]
    assert picture().startswith(b"\x89PNG\r\n\x1a\n")
    assert len(picture()) < 5_000
