"""A call in three clicks: the search, the boxes, « Valider », the recap."""

import re
from datetime import date, timedelta
from uuid import uuid4

import pytest

from portail.bookings.models import Change, ChangeSet, LateRequest, Presence
from portail.bookings.queries.offer import offer_in_force
from portail.bookings.queries.records import Span
from portail.bookings.queries.wished import read_wishes
from portail.bookings.verdicts import restored_all
from portail.families.models import Payer, Person
from portail.families.operations.register import PersonDraft
from portail.families.queries import children_of
from portail.news.models import OutboxMail
from portail.office.bookings.sheet import sheet_of
from portail.rules.booking import Outcome, Wish
from portail.towns.models import Audit
from tests.office.doors import Office
from tests.world import (
    ALINE,
    ANGELINE,
    CLERK,
    JAMES,
    MONDAY,
    NEXT_TUESDAY,
    NOW,
    TUESDAY,
    World,
    family,
    limit,
    tick,
    validate,
)

SEARCH = "/mairie/reservations/"
LAST_THURSDAY = MONDAY - timedelta(days=11)
FIRST_DAY = NOW.date()  # Monday 16 November: its canteen closed on Friday


def page_of(person: Person) -> str:
    return f"{SEARCH}enfants/{person.public_id}/"


def form(*boxes: tuple[str, str, date, bool, bool], reason: str = "", token: str = "") -> dict:
    """What « Valider » sends: each box as (child, activity, day, state shown, ticked)."""
    keys = [f"{person}/{activity}/{day}" for person, activity, day, _, _ in boxes]
    return {
        "shown": [f"{key}/{int(box[3])}" for key, box in zip(keys, boxes, strict=True)],
        "ticked": [key for key, box in zip(keys, boxes, strict=True) if box[4]],
        "reason": reason,
        "token": token,
    }


def on(activity: str, day: date, person: str = JAMES) -> tuple[str, str, date, bool, bool]:
    return (person, activity, day, False, True)


def off(activity: str, day: date, person: str = JAMES) -> tuple[str, str, date, bool, bool]:
    return (person, activity, day, True, False)


def booked() -> set[tuple[str, str, date]]:
    return set(Presence.objects.values_list("person__code", "activity__code", "day"))


def cell(page: str, key: str) -> str:
    """The cell of a box."""
    found = re.search(rf'<td[^>]*><input type="hidden" name="shown" value="{key}/.*?</td>', page)
    assert found, key
    return found[0]


def test_three_clicks_from_a_telephone_number_to_a_booking(clerk: Office, demo: World):
    Payer.objects.filter(pk=demo.jamie.pk).update(phone="06 00 00 00 07")
    page = clerk.page(SEARCH, q="0600000007")
    assert page_of(demo.james) in page
    assert page_of(demo.angeline) not in page
    planning = clerk.page(page_of(demo.james))
    assert "Planning de James BOND" in planning
    assert "06 00 00 00 07" in planning
    assert f"{page_of(demo.aline)}?semaine=2026-W47" in planning
    token = re.search(r'name="token" value="([^"]+)"', planning)
    assert token
    where = clerk.sent(page_of(demo.james), form(on("cantine", MONDAY), token=token[1]))
    recap = clerk.page(where)
    assert "Modifications enregistrées" in recap
    assert "Cantine, lundi 23 novembre 2026" in recap
    assert "par la Mairie, Odile PRUVOST" in recap
    assert booked() == {(JAMES, "cantine", MONDAY)}
    assert (Change.objects.get().channel, ChangeSet.objects.get().staff) == ("town_hall", clerk.staff)
    assert Audit.objects.get(verb="change_presences").actor == "Odile PRUVOST"


def test_boxes_say_what_the_family_meets(clerk: Office, demo: World):
    validate(tick(JAMES, "soir", TUESDAY), demo.as_jamie, now=NOW.replace(hour=17))
    page = clerk.page(page_of(demo.james))
    assert "pour la famille" not in cell(page, f"{JAMES}/cantine/{MONDAY}")
    assert "pour la famille : clos" in cell(page, f"{JAMES}/cantine/{FIRST_DAY}")
    assert "pour la famille : demandé" in cell(page, f"{JAMES}/soir/{TUESDAY}")
    assert "Transport 8h30 (L&#39;activité est réservée aux enfants inscrits" in page
    past = clerk.page(page_of(demo.james), semaine="2026-W46")
    assert "pour la famille : passé" in cell(past, f"{JAMES}/cantine/{LAST_THURSDAY}")


def test_a_full_day_cannot_be_ticked_and_says_so(clerk: Office, demo: World):
    limit("cantine", 1)
    validate(tick(ALINE, "cantine", MONDAY), demo.as_jamie)
    page = clerk.page(page_of(demo.james))
    assert f"{JAMES}/cantine/{MONDAY}/" not in page
    assert "Complet : il n&#39;y a plus de place ce jour-là." in page
    where = clerk.sent(page_of(demo.james), form(on("cantine", MONDAY), on("cantine", NEXT_TUESDAY), reason="x"))
    recap = clerk.page(where)
    assert "1 changement refusé" in recap
    assert "Complet : il n&#39;y a plus de place ce jour-là." in recap
    assert "1 changement enregistré" in recap


@pytest.mark.parametrize("box", [on("cantine", FIRST_DAY), on("cantine", LAST_THURSDAY)])
def test_passing_a_limit_asks_for_a_reason_and_keeps_the_ticks(clerk: Office, demo: World, box):
    free = on("matin", MONDAY)
    at = f"{page_of(demo.james)}?semaine=2026-W46"
    page = clerk.refused(at, form(box, free, token="kept"))  # noqa: S106
    assert "indiquez un motif" in page
    assert "checked" in cell(page, f"{JAMES}/cantine/{box[2]}")
    assert "checked" in cell(page, f"{JAMES}/matin/{MONDAY}")
    assert f'value="{JAMES}/matin/{MONDAY}/0"' in page
    assert 'value="kept"' in page
    assert not booked()
    clerk.sent(at, form(box, free, reason="Enfant malade", token="kept"))  # noqa: S106
    assert len(booked()) == 2
    assert set(Change.objects.values_list("reason", flat=True)) == {"Enfant malade"}


def test_what_families_may_do_themselves_needs_no_reason(clerk: Office, demo: World):
    validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie)
    clerk.sent(page_of(demo.james), form(off("cantine", MONDAY), on("matin", MONDAY)))
    assert booked() == {(JAMES, "matin", MONDAY)}


def test_what_changed_meanwhile_is_left_alone(clerk: Office, demo: World):
    validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie)
    sent = form(on("matin", MONDAY), (JAMES, "cantine", MONDAY, False, False))
    recap = clerk.page(clerk.sent(page_of(demo.james), sent))
    assert "Modifié entre-temps : c&#39;est maintenant « inscrit »." in recap
    assert booked() == {(JAMES, "cantine", MONDAY), (JAMES, "matin", MONDAY)}


def test_a_double_click_is_one_submission(clerk: Office, demo: World):
    sent = form(on("cantine", MONDAY), token="twice")  # noqa: S106
    assert clerk.sent(page_of(demo.james), sent) == clerk.sent(page_of(demo.james), sent)
    assert (ChangeSet.objects.count(), Change.objects.count()) == (1, 1)


def test_a_call_answers_the_waiting_request_of_the_family(clerk: Office, demo: World):
    Payer.objects.filter(pk=demo.jamie.pk).update(email="jamie@example.org")
    validate(tick(JAMES, "soir", TUESDAY), demo.as_jamie, now=NOW.replace(hour=17))
    LateRequest.objects.update(at=NOW)
    assert "indiquez un motif" in clerk.refused(page_of(demo.james), form(on("soir", TUESDAY)))
    clerk.sent(page_of(demo.james), form(on("soir", TUESDAY), reason="Au téléphone"))
    assert (LateRequest.objects.get().status, LateRequest.objects.get().answer) == ("accepted", "Au téléphone")
    assert "est acceptée" in OutboxMail.objects.get().text


def test_dependencies_are_told(clerk: Office, demo: World):
    validate(tick(JAMES, "cantine", MONDAY), demo.as_jamie)
    recap = clerk.page(clerk.sent(page_of(demo.james), form(on("midi", MONDAY))))
    assert "Rien n&#39;a été enregistré" in recap
    assert "Déjà inscrit à « Cantine » ce jour-là" in recap


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (form(), "au moins une case"),
        (form((JAMES, "cantine", MONDAY, False, False)), "au moins une case"),
        (form(on("cantine", MONDAY), reason="x" * 10_000), "150 caractères"),
        (form(on("cantine", MONDAY), reason="a\0"), "nul"),
    ],
)
def test_a_refused_form_says_why(clerk: Office, demo: World, sent: dict, words: str):
    assert words in clerk.refused(page_of(demo.james), sent)
    assert not booked()


@pytest.mark.parametrize(
    "shown",
    ["", "\0", "007/cantine/2026-11-23", "007/cantine/hier/0", f"{ANGELINE}/cantine/2026-11-23/0", "x" * 10_000,
     "007/\0/2026-11-23/0", "007/cantine/0001-01-01/0", "007/cantine/9999-12-31/0"],
)  # fmt: skip
def test_a_forged_box_changes_nothing_and_breaks_nothing(clerk: Office, demo: World, shown: str):
    sent = {"shown": [shown], "ticked": [shown[:-2]], "reason": "x", "token": "\0" * 99}
    answer = clerk.post(page_of(demo.james), sent)
    assert answer.status_code == 302
    assert clerk.page(answer.headers["Location"])
    assert not booked()


@pytest.mark.parametrize("week", ["", "2026-S48", "x", "9999-S01", "0001-S01", "2026-S99", "\0"])
def test_any_week_may_be_asked_for(clerk: Office, demo: World, week: str):
    assert "Semaine" in clerk.page(page_of(demo.james), semaine=week)


def test_nobody_else_is_found(clerk: Office, demo: World):
    assert clerk.get(page_of(demo.zoe)).status_code == 404
    assert clerk.post(page_of(demo.zoe), form(on("cantine", MONDAY))).status_code == 404
    assert clerk.get(f"{SEARCH}envois/{uuid4()}/").status_code == 404
    assert "LEROY" not in clerk.page(SEARCH)


def test_a_childs_gone_classmate_is_warned_about(clerk: Office, demo: World):
    Person.objects.filter(pk=demo.james.pk).update(active=False)
    assert "plus inscrit au registre" in clerk.page(page_of(demo.james))


def test_a_box_promises_what_saving_gives(demo: World):
    limit("matin", 1)
    validate(tick(ALINE, "matin", MONDAY), demo.as_jamie)
    validate(tick(JAMES, "cantine", MONDAY, NEXT_TUESDAY), demo.as_jamie)
    start = MONDAY - timedelta(weeks=1)
    child = children_of(CLERK, [JAMES])[0]
    sheet = sheet_of(child, offer_in_force(), Span(start, start + timedelta(days=27)), NOW)
    boxes = [box for week in sheet.weeks(start, 4) for row in week.rows for box in row.boxes if "/midi/" not in box.key]
    wishes, _ = read_wishes([f"{box.key}/{int(box.seen)}" for box in boxes], [box.key for box in boxes if not box.seen])
    verdicts = restored_all(validate(wishes, CLERK).verdicts)
    granted = {v.wish.cell for v in verdicts if v.outcome is not Outcome.REFUSED}
    assert granted == {wish.cell for wish, box in zip(wishes, boxes, strict=True) if box.open}
    assert len(granted) > 30
    assert len(boxes) > len(granted)


def test_costs_are_constant(clerk: Office, demo: World, django_assert_num_queries):
    clerk.page(page_of(demo.james))  # the offer is compiled once
    with django_assert_num_queries(11):
        clerk.page(page_of(demo.james))
    with django_assert_num_queries(9):
        clerk.page(SEARCH)
    for number in range(20):
        family(f"P{number} TEST", f"K7M2P-9QX{number:02}", [PersonDraft("Tom", f"N{number}", "mallerin", "10")])
    days = [MONDAY, NEXT_TUESDAY, MONDAY + timedelta(days=3), MONDAY + timedelta(days=4)]
    validate([wish for code in ("cantine", "matin") for wish in tick(JAMES, code, *days)], demo.as_jamie)
    with django_assert_num_queries(11):
        assert clerk.page(page_of(demo.james)).count(" checked") == 8
    with django_assert_num_queries(9):
        assert "24 lignes" in clerk.page(SEARCH)


def test_what_a_form_sends_is_read_box_by_box():
    wishes, unreadable = read_wishes(
        ["007/cantine/2026-11-23/1", "007/cantine/2026-11-24/0", "x/0", "007/cantine/2026-13-24/0"],
        ["007/cantine/2026-11-24", "008/cantine/2026-11-24"],
    )
    assert wishes == [
        Wish("007", "cantine", date(2026, 11, 23), present=False, seen=True),
        Wish("007", "cantine", date(2026, 11, 24), present=True, seen=False),
    ]
    assert unreadable == ["x/0", "007/cantine/2026-13-24/0", "008/cantine/2026-11-24"]
