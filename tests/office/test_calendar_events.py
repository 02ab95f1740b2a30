"""« Évènement » in one act: what closes, the preview, the families told, the way back."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from portail.bookings.models import Change, Closure, Event, Presence
from portail.console.jobs import JobRunner
from portail.families.models import Payer
from portail.families.operations.register import PersonDraft
from portail.news.models import OutboxMail
from portail.office.calendar import events
from portail.rules.staff import Role
from portail.towns.models import Audit
from portail.towns.scope import in_town
from tests.office.doors import Office
from tests.world import (
    ALINE,
    ANGELINE,
    BERTRAND,
    JAMES,
    MONDAY,
    NEXT_TUESDAY,
    NOW,
    World,
    family,
    tick,
    untick,
    validate,
)

LIST, NEW = "/mairie/calendrier/fermetures/", "/mairie/calendrier/fermetures/nouvelle/"
STRIKE = {"first": "2026-11-23", "last": "2026-11-24", "reason": "Grève du personnel", "where": [], "activities": []}
HIDDEN = re.compile(r'<input type="hidden" name="(token|shown|proposed)" value="([^"]*)"')


@pytest.fixture
def full(demo: World) -> World:
    """Everybody eats on Monday and Tuesday; the Bonds have an address, Denise a telephone only."""
    Payer.objects.filter(pk=demo.jamie.pk).update(email="jamie@example.org")
    Payer.objects.filter(pk=demo.denise.pk).update(phone="06 00 00 00 01")
    for by, codes in ((demo.as_jamie, (JAMES, ALINE)), (demo.as_denise, (ANGELINE, BERTRAND))):
        validate([w for c in codes for w in tick(c, "cantine", MONDAY, NEXT_TUESDAY)], by)
    validate(tick(JAMES, "soir", MONDAY), demo.as_jamie)
    return demo


def preview(office: Office, values: dict, kind: str = "strike") -> tuple[str, dict]:
    """The preview, and what its « Confirmer » sends."""
    page = office.post(f"{NEW}?nature={kind}", {**values, "act": "preview"}).content.decode()
    sent = {**values, **dict(HIDDEN.findall(page)), "act": "confirm", "to": "booked"}
    for name in ("subject", "text"):
        found = re.search(rf'name="{name}"[^>]*?(?:value="([^"]*)"|>\n?(.*?)</textarea>)', page, re.DOTALL)
        assert found, page
        sent[name] = (found[1] or found[2] or "").replace("&#39;", "'")
    return page, sent


def confirm(office: Office, sent: dict, kind: str = "strike") -> str:
    return office.sent(f"{NEW}?nature={kind}", sent)


def booked() -> set[tuple[str, str]]:
    return set(Presence.objects.values_list("person__code", "activity__code"))


def test_each_kind_has_its_page(clerk: Office):
    page = clerk.page(NEW, jour="2026-11-23")
    for kind in Event.Kind:
        assert f"?nature={kind.value}&amp;jour=2026-11-23" in page
        assert 'value="2026-11-23"' in clerk.page(NEW, nature=kind.value, jour="2026-11-23")


def test_the_preview_says_what_would_go_and_changes_nothing(clerk: Office, full: World):
    page, sent = preview(clerk, STRIKE)
    assert "9 réservations" in page
    assert "4 enfants" in page
    assert "Accueil soir (1), Cantine (8)." in page
    assert "BOND James" in page
    assert "1 famille sans courriel : à appeler" in page
    assert "06 00 00 00 01" in page
    assert sent["subject"] == "Grève du personnel : du lundi 23 novembre 2026 au mardi 24 novembre 2026"
    assert not Event.objects.exists()
    assert not OutboxMail.objects.exists()
    assert Presence.objects.count() == 9


def test_confirming_closes_cancels_and_tells_once_per_family(clerk: Office, full: World):
    _, sent = preview(clerk, STRIKE)
    where = confirm(clerk, {**sent, "text": "Bonjour, tout est fermé."})
    assert not booked()
    mail = OutboxMail.objects.get()
    assert (mail.to, mail.payer_id, mail.kind) == ("jamie@example.org", full.jamie.pk, "closure")
    assert mail.text.startswith("Bonjour, tout est fermé.")
    assert "– lundi 23 novembre 2026 : Accueil soir, Cantine" in mail.text
    assert "James" not in mail.text
    assert set(Change.objects.filter(channel="town_hall").values_list("reason", flat=True)) == {"Grève du personnel"}
    page = clerk.page(where)
    assert "1 famille : 0 envoyé, 1 en attente" in page
    assert "MARSONE Denise" in page
    assert "Grève du personnel" in clerk.page(LIST)
    act = Audit.objects.get(verb="announce_event")
    assert (act.after["bookings"], act.after["told"]) == (9, 1)


def test_whom_to_call_leaves_as_a_file_without_formulas(clerk: Office, full: World):
    Payer.objects.filter(pk=full.denise.pk).update(last_name="=cmd|' /C calc'!A0")
    where = confirm(clerk, preview(clerk, STRIKE)[1])
    csv = clerk.get(where, export="csv").content.decode("utf-8-sig")
    assert "06 00 00 00 01" in csv
    assert "\n=cmd" not in csv.replace("\r", "")
    assert clerk.get(where, export="xlsx").content[:2] == b"PK"


def test_a_double_click_is_one_event(clerk: Office, full: World):
    _, sent = preview(clerk, STRIKE)
    assert confirm(clerk, sent) == confirm(clerk, sent)
    assert (Event.objects.count(), Closure.objects.count(), OutboxMail.objects.count()) == (1, 1, 1)


def test_what_changed_since_the_preview_is_shown_again(clerk: Office, full: World):
    _, sent = preview(clerk, STRIKE)
    validate(untick(JAMES, "soir", MONDAY), full.as_jamie)
    page = clerk.refused(f"{NEW}?nature=strike", sent)
    assert "relisez l&#39;aperçu" in page
    assert "8 réservations" in page
    assert not Event.objects.exists()
    sent |= dict(HIDDEN.findall(page))
    confirm(clerk, sent)
    assert not booked()


def test_nobody_confirms_without_a_preview(clerk: Office, full: World):
    page = clerk.refused(f"{NEW}?nature=strike", {**STRIKE, "act": "confirm", "to": "nobody"})
    assert "relisez" in page
    assert not Event.objects.exists()


def test_an_outing_cancels_the_canteen_of_its_class_alone(clerk: Office, full: World):
    first = clerk.page(NEW, nature="outing")
    assert re.search(r'value="cantine"[^>]*checked', first)
    outing = {**STRIKE, "last": "", "reason": "Piscine", "where": ["mallerin|10"], "activities": ["cantine"]}
    page, sent = preview(clerk, outing, "outing")
    assert "2 réservations" in page
    confirm(clerk, sent, "outing")
    assert Presence.objects.filter(day=MONDAY, activity__code="cantine").count() == 2
    assert Presence.objects.filter(day=MONDAY, activity__code="soir").count() == 1
    assert Presence.objects.filter(day=NEXT_TUESDAY).count() == 4


def test_several_places_are_one_event(clerk: Office, full: World):
    values = {**STRIKE, "where": ["mallerin|", "mallerin|10", "ferry|CE1"], "activities": ["cantine", "soir"]}
    _, sent = preview(clerk, values)
    where = confirm(clerk, sent)
    assert Closure.objects.count() == 4
    page = clerk.page(where)
    assert "MALLERIN PRIMAIRE : Cantine, Accueil soir" in page
    assert "JULES FERRY, classe CE1 : Cantine, Accueil soir" in page
    assert booked() == {(BERTRAND, "cantine")}


def test_many_bookings_are_a_work_to_follow(clerk: Office, full: World, monkeypatch):
    monkeypatch.setattr(events, "MANY", 5)
    _, sent = preview(clerk, STRIKE)
    page = confirm(clerk, sent)
    assert confirm(clerk, sent) == page  # clicked twice, one work
    assert "/travaux/" in page
    assert Presence.objects.count() == 9
    runner = JobRunner("w", lambda: NOW, lambda: False)
    assert runner.run_one() == 1
    assert not booked()
    assert (OutboxMail.objects.count(), Event.objects.get().actor) == (1, "Odile PRUVOST")
    said = clerk.page(page)
    assert "1 famille prévenue" in said
    assert f"{LIST}{Event.objects.get().public_id}/" in said


@pytest.mark.parametrize(("to", "mails"), [("booked", 1), ("concerned", 2), ("nobody", 0)])
def test_who_is_told_is_chosen(clerk: Office, full: World, to, mails):
    other, _ = family("Anne SANS", "", [PersonDraft("Tom", "SANS", "mallerin", "10")])
    Payer.objects.filter(pk=other.pk).update(email="anne@example.org")
    _, sent = preview(clerk, STRIKE)
    confirm(clerk, {**sent, "to": to})
    assert OutboxMail.objects.count() == mails
    assert Event.objects.get().told == mails


def test_a_message_typed_over_the_proposal_is_kept_an_untouched_one_follows(clerk: Office, full: World):
    _, sent = preview(clerk, STRIKE)
    again, _ = preview(clerk, {**sent, "reason": "Neige"})
    assert "Neige : du lundi 23" in again
    kept, _ = preview(clerk, {**sent, "reason": "Neige", "text": "Mon message"})
    assert "Mon message" in kept


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"first": ""}, "obligatoire"),
        ({"last": "2026-11-01"}, "avant le premier"),
        ({"last": "2030-11-01"}, "un an au plus"),
        ({"reason": ""}, "obligatoire"),
        ({"reason": "x" * 10_000}, "150 caractères"),
        ({"reason": "a\0"}, "nul"),
        ({"where": ["pasteur|"]}, "choix valide"),
        ({"activities": ["piscine"]}, "choix valide"),
    ],
)
def test_a_refused_form_says_why(clerk: Office, changes, words):
    assert words in clerk.refused(f"{NEW}?nature=strike", {**STRIKE, **changes, "act": "preview"})


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"subject": ""}, "Écrivez-le"), ({"text": ""}, "Écrivez-le"), ({"to": "x"}, "choix valide"),
     ({"text": "x" * 6000}, "5000 caractères"), ({"subject": "a\0"}, "nul")],
)  # fmt: skip
def test_a_refused_message_keeps_the_preview(clerk: Office, full: World, changes, words):
    _, sent = preview(clerk, STRIKE)
    page = clerk.refused(f"{NEW}?nature=strike", {**sent, **changes})
    assert words in page
    assert "9 réservations" in page
    assert Presence.objects.count() == 9


@pytest.fixture
def closed(clerk: Office, full: World) -> Event:
    confirm(clerk, preview(clerk, STRIKE)[1])
    return Event.objects.get()


BACK = {"way": "all", "rebook": "on", "to": "nobody"}


def test_undoing_opens_again_and_books_again(clerk: Office, closed: Event, clock):
    clock.shift(60)
    page = f"{LIST}{closed.public_id}/"
    clerk.sent(page, {**BACK, "to": "booked", "subject": "Finalement ouvert", "text": "Bonjour,"})
    assert Presence.objects.count() == 9
    assert not Closure.objects.exists()
    mail = OutboxMail.objects.get(kind="reopening")
    assert "Réservations rétablies :\n– lundi 23 novembre 2026 : Accueil soir, Cantine" in mail.text
    assert "Cette fermeture est retirée" in clerk.page(page)
    assert f"{closed.public_id}/" in clerk.page(LIST)
    assert "déjà retiré" in clerk.refused(page, BACK)


def test_undoing_may_leave_the_bookings_to_families(clerk: Office, closed: Event, full: World):
    clerk.sent(f"{LIST}{closed.public_id}/", {**BACK, "rebook": ""})
    assert not Presence.objects.exists()
    assert validate(tick(JAMES, "cantine", MONDAY), full.as_jamie).verdicts[0]["outcome"] == "booked"


def test_an_event_is_shortened(clerk: Office, closed: Event, full: World):
    page = f"{LIST}{closed.public_id}/"
    for first, last, words in (
        ("", "", "Indiquez ce jour"), ("2026-11-23", "2026-11-24", "Rien ne change"),
        ("2026-11-22", "2026-11-23", "ajoutez-en un autre"), ("2026-11-24", "2026-11-23", "ajoutez-en un autre"),
    ):  # fmt: skip
        assert words in clerk.refused(page, {**BACK, "way": "keep", "first": first, "last": last})
    clerk.sent(page, {**BACK, "way": "keep", "first": "2026-11-23", "last": "2026-11-23"})
    assert set(Presence.objects.values_list("day", flat=True)) == {NEXT_TUESDAY}
    assert validate(tick(JAMES, "cantine", MONDAY), full.as_jamie).verdicts[0]["refusal"] == "closed"
    clerk.sent(page, BACK)
    assert Presence.objects.count() == 9


def test_days_gone_by_are_not_booked_again(clerk: Office, closed: Event, clock):
    later = NOW + timedelta(days=8)
    clock.move_to(later)
    late = Office().enter(Role.CLERK, now=later)
    late.sent(f"{LIST}{closed.public_id}/", BACK)
    assert set(Presence.objects.values_list("day", flat=True)) == {NEXT_TUESDAY}


def test_another_towns_event_is_not_there(clerk: Office, world: World):
    with in_town(world.buchelay):
        one = Event.objects.create(
            public_id=uuid4(), kind="other", reason="Ailleurs", first=MONDAY, last=MONDAY, at=NOW
        )
    assert clerk.get(f"{LIST}{one.public_id}/").status_code == 404
    assert "Ailleurs" not in clerk.page(LIST)


def test_the_list_costs_the_same_whatever_its_length(clerk: Office, demo: World, django_assert_num_queries):
    with django_assert_num_queries(5):
        clerk.page(LIST)
    for day in range(1, 20):
        values = {**STRIKE, "first": f"2026-12-{day:02}", "last": "", "where": ["mallerin|", "ferry|CE1"]}
        confirm(clerk, {**preview(clerk, values)[1], "to": "nobody"})
    with django_assert_num_queries(5):
        assert "19 lignes" in clerk.page(LIST)
    assert b"Gr\xc3\xa8ve" in clerk.get(LIST, export="csv").content
