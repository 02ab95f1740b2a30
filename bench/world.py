"""The town of the bench, the same for one seed: as many families as asked, and a school year of what they booked.

The town, its schools and its offer come through the operations. The families and their bookings are written in bulk,
since only their number matters here: every payer has the same code, and a child comes on the same weekdays all year.
"""

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.utils.timezone import localtime

from bench.offer import ACTIVITIES, CLERK, build_offer
from portail.bookings.models import ChangeSet, Enrolment, Stop
from portail.bookings.operations.calendar import save_holidays
from portail.bookings.queries.offer import Offer, offer_in_force
from portail.families.hashing import hash_code
from portail.families.models import Classroom, Link, Payer, Person
from portail.families.operations.register import save_classroom, save_school
from portail.news.models import NewsItem
from portail.news.operations.board import NewsDraft, post_news
from portail.rules.codes import new_child_code, normalise_payer_code
from portail.rules.names import sort_key
from portail.rules.weeks import monday, school_year_start
from portail.rules.zones import HOLIDAYS, estimated_periods
from portail.towns.models import Town
from portail.towns.operations import create_town, set_status
from portail.towns.scope import in_town

HOST = "bench.localhost"
PAYER_CODE = "B3NCH-00000"
ZONE = "B"
PUPILS_PER_CLASS = 25
FIRST_NAMES = ("Léa", "Hugo", "Inès", "Jules", "Nour", "Théo", "Maël", "Zoé", "Anna", "Sacha", "Aya", "Noé")


@dataclass(frozen=True, slots=True)
class World:
    """What the measures need to know. `children`: one child code per family; `week`: a Monday to open the grid at."""

    town: Town
    children: tuple[str, ...]
    week: date
    bookings: int
    persons: int


def build(*, families: int, seed: int) -> World:
    """Build it in the database in force."""
    draw, now = random.Random(seed), localtime()
    town = create_town(slug="bench", hosts=[HOST], settings=_settings(), by=CLERK, now=now)
    with in_town(town), transaction.atomic():
        set_status(status=Town.Status.OPEN, by=CLERK, now=now)
        save_holidays(periods=_holidays(now.date()), by=CLERK, now=now)
        _schools(families, now)
        build_offer(now)
        _news(now)
        codes = _families(families, draw)
    town.refresh_from_db()
    with in_town(town), transaction.atomic():
        offer = offer_in_force()
        bookings = _bookings(offer, now, seed)
        _history(now)
        persons = Person.objects.count()
    if connection.vendor == "postgresql":  # what autovacuum does by itself within minutes
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return World(town, codes, _open_weeks(offer, now.date()), bookings, persons)


def _settings() -> dict[str, object]:
    return {"name": "Ville du banc d'essai", "zone": ZONE, "phone": "01 23 45 67 89", "weeks_shown": 4}


def _holidays(today: date) -> list:
    """The published periods, and the estimate of the next year when the calendar has run past them."""
    known = HOLIDAYS[ZONE]
    year = school_year_start(today).year + 1
    return [*known, *(p for p in estimated_periods(ZONE, year) if p.first > known[-1].last)]


def _schools(families: int, now: datetime) -> None:
    classes = max(2, families * 2 // PUPILS_PER_CLASS)
    for number in range(4):
        weekdays = frozenset({0, 1, 3, 4}) if number else frozenset(range(5))
        save_school(code=f"ecole{number}", name=f"École {number}", school_weekdays=weekdays, by=CLERK, now=now)
    for number in range(classes):
        save_classroom(
            school=f"ecole{number % 4}", name=f"Classe {number}", teacher="Mme Formatrice", by=CLERK, now=now
        )


def _news(now: datetime) -> None:
    body = "<p>" + "La cantine change de prestataire à la rentrée. " * 6 + "</p>"
    for number, kind in enumerate((NewsItem.Kind.NEWS, NewsItem.Kind.NEWS, NewsItem.Kind.TIP)):
        draft = NewsDraft(kind, f"Nouvelle {number}", body, "", now - timedelta(days=number + 1))
        post_news(draft=draft, by=CLERK, now=now)


def _families(number: int, draw: random.Random) -> tuple[str, ...]:
    """1 to 3 children for each payer; returns the code of the first child of each."""
    classes = list(Classroom.objects.order_by("id"))
    hashed = hash_code(normalise_payer_code(PAYER_CODE), weak=False)
    payers, persons, owners, codes = [], [], [], set()
    for place in range(number):
        name = f"FAMILLE{place:05}"
        payers.append(Payer(first_name="Alix", last_name=name, sort_key=sort_key(name, "Alix"), code_hash=hashed))
        for first_name in draw.sample(FIRST_NAMES, draw.choice((1, 1, 2, 2, 2, 3))):
            while (code := new_child_code(draw.randrange)) in codes:
                pass
            codes.add(code)
            born = date(2018, 1, 1) + timedelta(days=draw.randrange(2000))
            persons.append(
                Person(
                    code=code, first_name=first_name, last_name=name, sort_key=sort_key(name, first_name),
                    birth_date=born, classroom=draw.choice(classes),
                )
            )  # fmt: skip
            owners.append(place)
    payers = Payer.objects.bulk_create(payers, batch_size=500)
    persons = Person.objects.bulk_create(persons, batch_size=500)
    pairs = list(zip(owners, persons, strict=True))
    Link.objects.bulk_create([Link(payer=payers[owner], person=person) for owner, person in pairs], batch_size=500)
    stops = list(Stop.objects.order_by("id"))
    riders = [person for person in persons if draw.random() < 0.2]
    Enrolment.objects.bulk_create(
        [Enrolment(person=person, activity_id=stop.activity_id, stop=stop) for person in riders for stop in stops],
        batch_size=500,
    )
    return tuple({owner: person.code for owner, person in reversed(pairs)}[place] for place in range(number))


def _bookings(offer: Offer, now: datetime, seed: int) -> int:
    """A school year of bookings: each child on the weekdays that are theirs, on the days that are open."""
    first = school_year_start(now.date())
    days = [first + timedelta(days=n) for n in range(365)]
    written, calendar = 0, offer.rulebook.calendar
    with connection.cursor() as cursor:
        for activity in ACTIVITIES:
            rules = offer.rulebook.activities[activity.code]
            for day in days:
                if not activity.share or not calendar.opening(rules.opens_on, rules.weekdays, day, None).open:
                    continue
                key = seed + rules.id * 17 + day.weekday() * 29
                cursor.execute(
                    "INSERT INTO bookings_presence (town_id, person_id, activity_id, day, late) "
                    "SELECT town_id, id, %s, %s, %s FROM families_person WHERE (id * 37 + %s) %% 100 < %s",
                    [rules.id, day, False, key, activity.share],
                )
                written += cursor.rowcount
    return written


def _history(now: datetime) -> None:
    """One past submission per family, about a fortnight of what its children have booked."""
    payers = Payer.objects.order_by("id").values_list("id", flat=True)
    at = now - timedelta(days=30)
    ChangeSet.objects.bulk_create(
        [ChangeSet(token=f"bench-{pk}", payer_id=pk, channel="web", at=at, verdicts=[]) for pk in payers],
        batch_size=500,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bookings_change "
            "(town_id, change_set_id, person_id, activity_id, day, present, late, channel, reason, at) "
            "SELECT p.town_id, s.id, p.person_id, p.activity_id, p.day, %s, p.late, 'web', '', s.at "
            "FROM bookings_presence p JOIN families_link l ON l.person_id = p.person_id "
            "JOIN bookings_changeset s ON s.payer_id = l.payer_id WHERE p.day BETWEEN %s AND %s",
            [True, now.date(), now.date() + timedelta(days=14)],
        )


def _open_weeks(offer: Offer, today: date) -> date:
    """The Monday of the next months whose six weeks hold the most school days: a full grid whatever the season."""
    start = monday(today) + timedelta(weeks=2)

    def school_days(first: date) -> int:
        days = (first + timedelta(days=n) for n in range(42))
        return sum(offer.rulebook.calendar.has_school(day, None) for day in days)

    return max((start + timedelta(weeks=n) for n in range(16)), key=school_days)
