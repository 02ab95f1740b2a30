"""Pointage: the register by forms alone, what tablets send, the evacuation list, the service worker."""

import json
import re
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from portail.bookings.models import Activity, Attendance, AttendanceGesture, Presence
from portail.families.models import Person
from portail.rules.staff import Role
from portail.towns.scope import in_town
from tests.office.doors import Office
from tests.world import ALINE, ANGELINE, BERTRAND, JAMES, NOW, TUESDAY, World

TODAY = NOW.date()
HERE = f"/mairie/pointage/cantine/{TODAY}/"
SEND, EVACUATION = "/mairie/pointage/envoi/", "/mairie/pointage/evacuation/"


@pytest.fixture
def animateur(enter) -> Office:
    """Whoever holds the tablet."""
    office: Office = enter(Role.ANIMATEUR)
    return office


def book(*people: str, activity: str = "cantine", day: date = TODAY) -> None:
    key = Activity.objects.get(code=activity).pk
    rows = Person.objects.filter(code__in=people)
    Presence.objects.bulk_create(Presence(person=person, activity_id=key, day=day) for person in rows)


def marks() -> dict[str, tuple]:
    rows = Attendance.objects.values_list("person__code", "mark", "arrived", "left")
    return {row[0]: row[1:] for row in rows}


def button(page: str, person: str) -> str:
    """What the button of a child sends."""
    found = re.search(rf'name="tap" value="({person}\|[^"]*)"', page)
    assert found
    return found[1]


def tap(**changed: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()), "person": JAMES, "activity": "cantine", "day": str(TODAY), "mark": "present",
        "arrived": None, "left": None, "seen": "t:", "made_at": NOW.isoformat(), **changed,
    }  # fmt: skip


def send(office: Office, *taps: Any, status: int = 200) -> list[dict[str, Any]]:
    answer = office.client.post(SEND, json.dumps({"gestures": taps}), content_type="application/json")
    assert answer.status_code == status, answer.content
    found: list[dict[str, Any]] = answer.json().get("receipts", [])
    return found


def test_a_tap_after_the_other_without_scripts(animateur: Office, demo: World, clock):
    book(JAMES, ALINE)
    seen, where = [], ""
    for _ in range(4):
        clock.shift(timedelta(seconds=1))
        where = animateur.sent(HERE, {"tap": button(animateur.page(HERE), JAMES)})
        assert where.endswith(f"#e{JAMES}")
        seen.append(marks().get(JAMES, ("",))[0])
    assert seen == ["present", "justified", "absent", ""]
    page = animateur.page(where.split("#")[0])
    undo = re.search(r'name="tap" value="([^"]+)" id="undo-plain"', page)
    assert undo
    animateur.sent(HERE, {"tap": undo[1]})
    assert marks()[JAMES][0] == "absent"
    assert "James BOND : absent." in animateur.page(HERE)


def test_a_double_tap_is_one(animateur: Office, demo: World, clock):
    book(JAMES)
    value = button(animateur.page(HERE), JAMES)
    for _ in range(2):
        animateur.sent(HERE, {"tap": value})
        clock.shift(timedelta(seconds=1))
    assert marks() == {JAMES: ("present", None, None)}


def test_two_tablets_without_scripts_are_told(animateur: Office, clerk: Office, demo: World, clock):
    book(JAMES)
    mine, theirs = button(animateur.page(HERE), JAMES), f"{JAMES}|absent|"
    clerk.sent(HERE, {"tap": theirs})
    clock.shift(timedelta(seconds=1))
    animateur.sent(HERE, {"tap": mine})
    assert "quelqu&#39;un a noté « absent »" in animateur.page(HERE)
    assert marks()[JAMES][0] == "absent"


def test_everybody_else_is_present(animateur: Office, demo: World):
    book(JAMES, ALINE, ANGELINE)
    animateur.sent(HERE, {"tap": f"{ALINE}|absent|"})
    animateur.sent(HERE, {"act": "all"})
    assert {code: mark[0] for code, mark in marks().items()} == {
        JAMES: "present", ALINE: "absent", ANGELINE: "present",
    }  # fmt: skip
    assert "<b data-ticked>3</b>" in animateur.page(HERE)


def test_a_badge_arrives_then_leaves(animateur: Office, demo: World, clock):
    book(JAMES, activity="soir")
    here = f"/mairie/pointage/soir/{TODAY}/"
    animateur.sent(f"{here}?heures=1", {"badge": f" {JAMES} ", "act": "badge"})
    clock.shift(timedelta(hours=1, minutes=10))
    animateur.sent(f"{here}?heures=1", {"badge": JAMES})
    assert marks() == {JAMES: ("present", 540, 615)}
    animateur.sent(here, {"badge": ANGELINE})
    assert marks()[ANGELINE] == ("present", 615, None)  # hours are kept here since one was written
    animateur.sent(f"{here}?heures=0", {"badge": "nobody"})
    assert "Aucun enfant n&#39;a ce code" in animateur.page(here)


def test_hours_by_quarters(animateur: Office, demo: World):
    book(JAMES, ALINE)
    page = animateur.page(HERE, heures="1")
    assert f'name="arrived_{JAMES}"' in page
    typed = {
        "act": "times",
        f"arrived_{JAMES}": "465",
        f"left_{JAMES}": "",
        f"arrived_{ALINE}": "",
        f"left_{ALINE}": "",
    }
    animateur.sent(f"{HERE}?heures=1", typed)
    assert marks() == {JAMES: ("present", 465, None)}
    animateur.sent(f"{HERE}?heures=1", {**typed, f"left_{JAMES}": "400"})
    assert "avant son arrivée" in animateur.page(HERE)
    animateur.sent(f"{HERE}?heures=1", {**typed, f"left_{JAMES}": "9" * 400})
    assert marks() == {JAMES: ("present", 465, None)}


def test_a_child_who_was_not_expected(animateur: Office, demo: World):
    book(JAMES)
    page = animateur.page(HERE, q="angéline mars")
    assert "Angéline" in page
    assert "Bertrand" not in page
    animateur.sent(HERE, {"tap": button(page, ANGELINE)})
    assert marks() == {ANGELINE: ("present", None, None)}
    assert "non réservé" in animateur.page(HERE)
    assert "Personne d'autre ne s'appelle ainsi" in animateur.page(HERE, q="zzz\0" + "x" * 10_000)


@pytest.mark.parametrize(
    "value", ["", "x", "|", f"{JAMES}|late|", f"{JAMES}|present", "||", "\0|present|", "9|present|"]
)
def test_nonsense_writes_nothing(animateur: Office, demo: World, value: str):
    book(JAMES)
    assert animateur.post(HERE, {"tap": value}).status_code == 302
    assert marks() == {}


def test_what_is_not_there_is_not_found(animateur: Office, demo: World):
    for path in ("cantine/2026-13-01/", "inconnue/2026-11-16/", "cantine/9999-12-31/", "cantine/x/"):
        assert animateur.get(f"/mairie/pointage/{path}").status_code == 404
    assert animateur.get(HERE, ecole="9" * 40).status_code == 200
    with in_town(demo.buchelay):
        other = demo.zoe.classroom.school_id  # type: ignore[union-attr]
    assert "PASTEUR" not in animateur.page(HERE, ecole=str(other))


def test_tomorrow_may_be_looked_at_and_not_ticked(animateur: Office, demo: World):
    there = f"/mairie/pointage/cantine/{TUESDAY}/"
    book(JAMES, day=TUESDAY)
    assert "pas encore venu" in animateur.page(there)
    animateur.sent(there, {"tap": f"{JAMES}|present|"})
    assert marks() == {}


def test_the_choice_counts_what_is_ticked(animateur: Office, demo: World):
    book(JAMES, ALINE)
    animateur.sent(HERE, {"tap": f"{JAMES}|present|"})
    page = animateur.page("/mairie/pointage/")
    assert "1 / 2 pointés" in page
    assert "Personne n&#39;est inscrit" in animateur.page("/mairie/pointage/", jour="2026-11-15")


def test_pages_cost_the_same_whatever_the_rows(animateur: Office, demo: World, django_assert_num_queries):
    book(JAMES)
    animateur.page(HERE)
    paths = {HERE: 8, EVACUATION: 6, "/mairie/pointage/": 4}
    for many in (False, True):
        if many:
            book(ALINE, ANGELINE, BERTRAND)
            send(animateur, *[tap(person=code) for code in (JAMES, ALINE, ANGELINE)])
        for path, queries in paths.items():
            with django_assert_num_queries(queries):
                animateur.page(path)


# --- What tablets send ----------------------------------------------------------------------------------------------


def test_the_queue_of_a_tablet_arrives_once(animateur: Office, demo: World, clock):
    book(JAMES)
    one = tap()
    two = tap(mark="absent", seen=f"g:{one['id']}")
    assert [found["outcome"] for found in send(animateur, one)] == ["applied"]
    clock.shift(timedelta(minutes=5))
    found = send(animateur, one, two)
    assert [receipt["outcome"] for receipt in found] == ["applied", "applied"]
    assert (found[1]["mark"], marks()[JAMES][0]) == ("absent", "absent")
    assert AttendanceGesture.objects.count() == 2


def test_another_tablet_was_first(animateur: Office, clerk: Office, demo: World, clock):
    send(clerk, tap(mark="absent"))
    clock.shift(timedelta(minutes=1))
    (found,) = send(animateur, tap(made_at=(NOW - timedelta(hours=1)).isoformat()))
    assert (found["outcome"], found["mark"]) == ("conflict", "absent")
    assert "vous avez noté « présent »" in found["words"]
    assert set(AttendanceGesture.objects.values_list("mark", "outcome")) == {
        ("absent", "applied"), ("present", "conflict"),
    }  # fmt: skip
    assert send(animateur, tap(seen=f"t:{found['version']}"))[0]["outcome"] == "applied"


def test_nobody_elses_child(animateur: Office, demo: World):
    assert send(animateur, tap(person="999999"))[0]["outcome"] == "refused"
    assert send(animateur, tap(day=str(TUESDAY)))[0]["outcome"] == "refused"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\xff", b"null", b"[]", b"{}", b'{"gestures": 1}', b'{"gestures": [1]}', b"[" * 20_000,
        b'{"gestures": [{}]}', b'{"gestures": [NaN]}',
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said(animateur: Office, body: bytes):
    answer = animateur.client.post(SEND, body, content_type="application/json")
    assert answer.status_code == 400
    assert "lisible" in answer.json()["error"]


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "x"}, {"id": 1}, {"person": None}, {"person": "\0"}, {"person": "\ud800"}, {"person": "9" * 10_000},
        {"activity": "é"}, {"day": "2026-13-01"}, {"day": 5}, {"mark": "late"}, {"mark": None}, {"arrived": "x"},
        {"arrived": True}, {"arrived": 1e30}, {"left": -1}, {"left": 1441}, {"seen": 1}, {"seen": "\n"},
        {"seen": "x" * 61}, {"made_at": "x"}, {"made_at": 4},
    ],
)  # fmt: skip
def test_a_tap_that_is_none(animateur: Office, demo: World, changed: dict[str, Any]):
    send(animateur, tap(**changed), status=400)
    assert marks() == {}


@pytest.mark.parametrize(
    "made_at", [None, "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59-23:00", "2026-11-16T09:00:00"]
)
def test_a_tablet_whose_clock_is_lost_is_heard(animateur: Office, demo: World, made_at: str | None):
    assert send(animateur, tap(made_at=made_at))[0]["outcome"] == "applied"
    assert AttendanceGesture.objects.get().made_at is None


def test_too_many_at_once_are_said(animateur: Office, demo: World):
    one = tap()
    send(animateur, *([one] * 1001), status=400)


def test_a_token_for_a_page_that_was_kept(animateur: Office, demo: World):
    strict = Client(enforce_csrf_checks=True, headers={"host": "demo.localhost"})
    strict.cookies = animateur.client.cookies
    body = json.dumps({"gestures": [tap()]})
    assert strict.post(SEND, body, content_type="application/json").status_code == 403
    token = strict.get(SEND).json()["token"]
    answer = strict.post(SEND, body, content_type="application/json", headers={"X-CSRFToken": token})
    assert answer.status_code == 200


# --- The evacuation list, the service worker --------------------------------------------------------------------------


def test_who_is_here_now(animateur: Office, demo: World):
    book(JAMES, ALINE, ANGELINE)
    send(animateur, tap(), tap(person=ALINE, mark="absent"))
    page = animateur.page(EVACUATION)
    assert "<b data-here>1</b>" in page
    assert "<b data-unsure>1</b>" in page
    assert "Aline" not in page
    ferry = demo.angeline.classroom.school_id  # type: ignore[union-attr]
    assert "James" not in animateur.page(EVACUATION, ecole=str(ferry))


def test_the_service_worker_rules_the_register_alone(animateur: Office):
    answer = animateur.get("/mairie/pointage/hors-ligne.js")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "Service-Worker-Allowed" not in answer.headers
    assert "worker-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
