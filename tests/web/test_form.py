"""« VALIDER MES MODIFICATIONS »: what is on the page may change, once; everything else is refused, never a crash."""

from datetime import date, timedelta
from typing import Any

import pytest

from portail.bookings.models import Change, ChangeSet, LateRequest, Presence
from portail.bookings.operations.calendar import ClosureDraft, close_days
from portail.families.models import Person
from portail.rules.weeks import week_slug
from portail.towns.operations import change_settings
from portail.towns.scope import in_town
from tests.web.browser import Browser, Page, cell, planning_of
from tests.web.conftest import moment
from tests.world import (
    ALINE,
    BERTRAND,
    CLERK,
    FRIDAY,
    JAMES,
    JAMIE_CODE,
    MONDAY,
    NOW,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    limit,
    tick,
    validate,
)

LUNCH = cell(JAMES, "cantine", MONDAY)
SUNDAY = date(2026, 11, 29)


@pytest.fixture
def booked(world):
    """The (child, activity, day) booked in « Ville de Démo », as it is when called."""

    def read() -> set[tuple[str, str, date]]:
        with in_town(world.demo):
            return set(Presence.objects.values_list("person__code", "activity__code", "day"))

    return read


def fields(shown: Any, ticked: Any = (), **more: Any) -> dict[str, Any]:
    return {"shown": shown, "ticked": ticked, "token": "t0", **more}


def sent(browser: Browser, form: dict[str, Any], code: str = JAMES) -> Page:
    return browser.validate(code, form)


# --- What a page shows may change ------------------------------------------------------------------------------------


def test_ticking_and_unticking_changes_what_was_touched_and_nothing_else(jamie, booked):
    page = sent(jamie, jamie.planning(JAMES).form(tick=[LUNCH, cell(JAMES, "cantine", FRIDAY)]))
    assert "Modifications enregistrées" in page.text
    assert booked() == {(JAMES, "cantine", MONDAY), (JAMES, "cantine", FRIDAY)}
    again = jamie.planning(JAMES)
    assert again.ticked == {LUNCH, cell(JAMES, "cantine", FRIDAY)}
    page = sent(jamie, again.form(tick=[cell(JAMES, "matin", MONDAY)], untick=[LUNCH]))
    assert booked() == {(JAMES, "matin", MONDAY), (JAMES, "cantine", FRIDAY)}
    assert "2 changements enregistrés" in page.text


def test_nothing_touched_changes_nothing(jamie, booked):
    page = sent(jamie, jamie.planning(JAMES).form())
    assert "Rien à changer" in page.text
    assert booked() == set()


def test_one_form_may_carry_several_children(jamie, booked):
    james, aline = jamie.planning(JAMES), jamie.planning(ALINE)
    form = james.form(tick=[LUNCH])
    form["shown"] += aline.form()["shown"]
    form["ticked"] += [cell(ALINE, "cantine", MONDAY)]
    sent(jamie, form)
    assert booked() == {(JAMES, "cantine", MONDAY), (ALINE, "cantine", MONDAY)}


def test_a_whole_year_of_grid_is_posted_at_once(jamie, world, booked):
    with in_town(world.demo):
        change_settings(settings={"weeks_shown": 53}, by=CLERK, now=NOW)
    forms = [jamie.planning(code, week="2026-W47").form() for code in (JAMES, ALINE)]
    form = {"token": "year", "shown": [*forms[0]["shown"], *forms[1]["shown"]]}
    form["ticked"] = [text[:-2] for text in form["shown"] if "/cantine/" in text]
    assert len(form["shown"]) + len(form["ticked"]) > 1000
    page = sent(jamie, form)
    assert len(booked()) == len(form["ticked"]) > 250
    assert f"{len(form['ticked'])} changements enregistrés" in page.text


def test_more_fields_than_any_grid_is_a_clear_page_and_no_crash(jamie, snapshot):
    before = snapshot()
    response = jamie.post(planning_of(JAMES), {"shown": [f"{LUNCH}/0"] * 20_001})
    assert response.status_code == 400
    assert "Demande illisible" in response.content.decode()
    response = jamie.post(planning_of(JAMES), {"shown": "x" * (6 * 1024 * 1024)})
    assert response.status_code in {400, 413}
    assert snapshot() == before


# --- Forged cells ----------------------------------------------------------------------------------------------------

FORGED = {
    "another family's child": (cell(BERTRAND, "cantine", MONDAY), "Ce n'est pas l'un de vos enfants."),
    "nobody's child": (cell("99999999", "cantine", MONDAY), "Ce n'est pas l'un de vos enfants."),
    "an unknown activity": (cell(JAMES, "piscine", MONDAY), "Cette activité n'existe pas ou n'existe plus."),
    "a past day": (cell(JAMES, "cantine", MONDAY - timedelta(days=14)), "Ce jour est passé."),
    "a day closed by the calendar": (cell(JAMES, "cantine", "2026-12-22"), "Ce sont les vacances scolaires"),
    "a public holiday": (cell(JAMES, "cantine", "2027-05-06"), "C'est un jour férié"),
    "a day not offered": (cell(JAMES, "cantine", SUNDAY), "L'activité n'est pas proposée ce jour-là."),
    "after the cut-off": (cell(JAMES, "cantine", NOW.date()), "La clôture était"),
    "not enrolled": (cell(JAMES, "bus", MONDAY), "réservée aux enfants qui y sont inscrits"),
    "a nonsense year": (cell(JAMES, "cantine", "9999-12-31"), "Cette case est illisible"),
    "the first day of the calendar": (cell(JAMES, "cantine", "0001-01-01"), "Cette case est illisible"),
}


def test_a_forged_cell_is_refused_with_its_reason_and_the_good_one_beside_is_saved(jamie, booked):
    for what, (key, reason) in FORGED.items():
        state = "1" if booked() else "0"
        page = sent(jamie, fields([f"{key}/0", f"{LUNCH}/{state}"], [key, *([LUNCH] * (state == "0"))], token=what))
        assert reason in page.text, what
        assert "1 changement refusé" in page.text, what
        assert booked() == ({(JAMES, "cantine", MONDAY)} if state == "0" else set()), what


def test_a_forged_cancellation_is_refused_too(jamie, snapshot, world):
    with in_town(world.demo):
        validate(tick(BERTRAND, "cantine", MONDAY), world.as_denise)
    before = snapshot()
    for what, (key, _reason) in FORGED.items():
        sent(jamie, fields([f"{key}/1"], token=what))
    after = snapshot()
    answers = ChangeSet._meta.label
    assert len(after.pop(answers)) == len(before.pop(answers)) + len(FORGED)
    assert after == before


def test_another_towns_child_of_the_same_code_is_not_reached(jamie, world, booked):
    page = sent(jamie, fields([f"{LUNCH}/0"], [LUNCH]))
    assert "1 changement enregistré" in page.text
    with in_town(world.buchelay):
        assert Presence.objects.count() == 0
        zoe = Person.objects.get(code=JAMES)
    with in_town(world.demo):
        assert Presence.objects.filter(person_id=zoe.pk).count() == 0


NONSENSE = [
    "", "/", "///", "////", "007", "007/cantine", "007/cantine/2026-11-23", "007/cantine/2026-11-23/2",
    "007/cantine/2026-11-23/1/1", "007/cantine/2026-13-45/0", "007/cantine/demain/0", "007/cantine/-1/0",
    "007//2026-11-23/0", "/cantine/2026-11-23/0", "<script>alert(1)</script>", "\x00", "007\x00/cantine/2026-11-23/0",
    "007/can\x00tine/2026-11-23/0", "é" * 500, "9" * 100_000, "' OR 1=1 --/cantine/2026-11-23/0", "\u202e/\u0000/x/0",
    "007/cantine/2026-11-23/0 ", " 007/cantine/2026-11-23/0", "007/cantine/20261123/0", "007/cantine/2026-W48-1/0",
    "00７/cantine/2026-11-23/0", "007/cantine/２０２６-11-23/0", "007/" + "a" * 5000 + "/2026-11-23/0",
]  # fmt: skip


def test_nonsense_is_refused_alone(jamie, booked):
    for number, text in enumerate(NONSENSE):
        state = "1" if booked() else "0"
        ticked = [text, *([LUNCH] * (state == "0"))]
        page = sent(jamie, fields([text, f"{LUNCH}/{state}"], ticked, token=str(number)))
        assert booked() == ({(JAMES, "cantine", MONDAY)} if state == "0" else set()), ascii(text[:60])
        assert "1 changement enregistré" in page.text, ascii(text[:60])
        assert "<script>alert" not in page.html


def test_all_the_nonsense_at_once_and_ten_thousand_of_it(jamie, booked):
    rubbish = [f"{n}/{n}/{n}/0" for n in range(3000)] + [f"999{n:05}/cantine/{MONDAY}/0" for n in range(3500)]
    page = sent(jamie, fields([*NONSENSE, *rubbish, f"{LUNCH}/0"], [*NONSENSE, *(t[:-2] for t in rubbish), LUNCH]))
    assert booked() == {(JAMES, "cantine", MONDAY)}
    assert "1 changement enregistré" in page.text


def test_what_is_kept_of_nonsense_is_short(jamie, world):
    sent(jamie, fields(["9" * 100_000, "007/" + "a" * 5000 + "/2026-11-23/0"], ["x" * 5000]))
    with in_town(world.demo):
        kept = ChangeSet.objects.get().verdicts
    assert max(len(str(line)) for line in kept) < 300


def test_a_box_ticked_but_not_shown_is_never_a_booking(jamie, booked):
    page = sent(jamie, fields([], [LUNCH, cell(JAMES, "matin", MONDAY)]))
    assert booked() == set()
    assert "Rien n'a été enregistré" in page.text


def test_a_cell_not_shown_is_never_cancelled(jamie, booked):
    sent(jamie, jamie.planning(JAMES).form(tick=[LUNCH]))
    sent(jamie, fields([f"{cell(JAMES, 'matin', MONDAY)}/0"]))
    assert booked() == {(JAMES, "cantine", MONDAY)}


def test_of_a_cell_shown_twice_one_answer_comes(jamie, booked, world):
    sent(jamie, fields([f"{LUNCH}/0", f"{LUNCH}/0", f"{LUNCH}/1"], [LUNCH, LUNCH]))
    assert booked() in ({(JAMES, "cantine", MONDAY)}, set())
    with in_town(world.demo):
        assert len(ChangeSet.objects.get().verdicts) <= 1
        assert Change.objects.count() == len(booked())


def test_an_empty_form_and_a_form_of_strangers_fields_change_nothing(jamie, booked):
    for form in ({}, {"token": ""}, {"a": "b", "shown[]": [LUNCH]}, {"token": ["a", "b"]}):
        assert "Rien à changer" in sent(jamie, form).text
    assert booked() == set()


def test_a_read_only_parent_and_another_family_change_nothing(paul, denise, booked):
    for browser, code, reason in (
        (paul, JAMES, "Vous pouvez voir ce planning, pas le changer."),
        (denise, BERTRAND, "Ce n'est pas l'un de vos enfants."),
    ):
        page = browser.validate(code, fields([f"{LUNCH}/0"], [LUNCH], token=code))
        assert reason in page.text
    assert booked() == set()
    assert paul.planning(JAMES).shown == {}


# --- Sent again, or from an old page ---------------------------------------------------------------------------------


def test_sending_twice_gives_one_submission_and_the_same_recap(jamie, booked, world):
    form = jamie.planning(JAMES).form(tick=[LUNCH])
    places = [jamie.post(planning_of(JAMES), form).headers["Location"] for _ in range(3)]
    assert len(set(places)) == 1
    with in_town(world.demo):
        assert (ChangeSet.objects.count(), Change.objects.count(), Presence.objects.count()) == (1, 1, 1)


def test_the_same_token_after_other_changes_answers_as_before_and_does_nothing(jamie, booked):
    form = jamie.planning(JAMES).form(tick=[LUNCH])
    first = jamie.post(planning_of(JAMES), form).headers["Location"]
    sent(jamie, jamie.planning(JAMES).form(untick=[LUNCH]))
    assert jamie.post(planning_of(JAMES), form).headers["Location"] == first
    assert booked() == set()


def test_a_token_missing_or_empty_still_saves(jamie, booked):
    sent(jamie, {"shown": [f"{LUNCH}/0"], "ticked": [LUNCH]})
    sent(jamie, fields([f"{cell(JAMES, 'matin', MONDAY)}/0"], [cell(JAMES, "matin", MONDAY)], token=""))
    assert len(booked()) == 2


@pytest.mark.parametrize("token", ["t0", "\x00" + "é" * 400, "undo-x"])
def test_a_token_of_another_family_is_worth_nothing_and_breaks_nothing(token, jamie, denise, booked):
    first = jamie.post(planning_of(JAMES), fields([f"{LUNCH}/0"], [LUNCH], token=token)).headers["Location"]
    other = cell(BERTRAND, "cantine", MONDAY)
    page = denise.validate(BERTRAND, fields([f"{other}/0"], [other], token=token))
    assert "James" not in page.html
    assert "1 changement enregistré" in page.text
    assert booked() == {(JAMES, "cantine", MONDAY), (BERTRAND, "cantine", MONDAY)}
    assert denise.get(first.partition("#")[0]).status_code == 404


def test_a_forged_undo_token_does_not_stop_the_undo(jamie, booked):
    place = jamie.post(planning_of(JAMES), jamie.planning(JAMES).form(tick=[LUNCH])).headers["Location"]
    public_id = place.split("/")[3]
    jamie.post(planning_of(JAMES), fields([], token=f"undo-{public_id}"))
    jamie.post(f"/planning/recap/{public_id}/annuler/")
    assert booked() == set()


def test_an_older_tab_overwrites_nothing(jamie, booked):
    old = jamie.planning(JAMES).form(tick=[cell(JAMES, "matin", MONDAY)])
    sent(jamie, jamie.planning(JAMES).form(tick=[LUNCH]))
    page = sent(jamie, old)
    assert booked() == {(JAMES, "cantine", MONDAY), (JAMES, "matin", MONDAY)}
    assert "Modifié entre-temps" in page.text
    assert "Votre page montrait : non inscrit · maintenant : inscrit" in page.text


def test_a_day_closed_in_between_is_refused_with_the_reason(jamie, world, booked):
    form = jamie.planning(JAMES).form(tick=[LUNCH, cell(JAMES, "cantine", FRIDAY)])
    with in_town(world.demo):
        close_days(draft=ClosureDraft(MONDAY, MONDAY, "Grève <b>"), by=CLERK, now=NOW)
    page = sent(jamie, form)
    assert "C'est fermé ce jour-là : Grève <b>." in page.text
    assert booked() == {(JAMES, "cantine", FRIDAY)}


def test_a_page_opened_before_the_cut_off_and_sent_after_is_late(jamie, booked, clock):
    lunch = cell(JAMES, "cantine", TUESDAY)
    form = jamie.planning(JAMES, "2026-W47").form(tick=[lunch])
    clock.move_to(moment(16, 10))  # to the second
    jamie.enter(JAMES, JAMIE_CODE)  # the session was over too: half an hour
    page = sent(jamie, form)
    assert booked() == set()
    assert "La clôture était aujourd'hui à 10 h." in page.text


def test_one_second_before_the_cut_off_is_in_time(jamie, booked, clock):
    form = jamie.planning(JAMES, "2026-W47").form(tick=[cell(JAMES, "cantine", TUESDAY)])
    clock.move_to(moment(16, 10) - timedelta(seconds=1))
    jamie.enter(JAMES, JAMIE_CODE)
    sent(jamie, form)
    assert booked() == {(JAMES, "cantine", TUESDAY)}


def test_the_last_place_taken_in_between_is_said(jamie, denise, world, booked):
    with in_town(world.demo):
        limit("cantine", 1)
    form = jamie.planning(JAMES).form(tick=[LUNCH])
    denise.validate(BERTRAND, denise.planning(BERTRAND).form(tick=[cell(BERTRAND, "cantine", MONDAY)]))
    page = sent(jamie, form)
    assert "C'est complet" in page.text
    assert booked() == {(BERTRAND, "cantine", MONDAY)}
    assert LUNCH not in jamie.planning(JAMES).shown


def test_a_late_change_is_asked_once_and_then_waits(jamie, world, clock, booked):
    clock.move_to(moment(16, 17))
    jamie.enter(JAMES, JAMIE_CODE)
    evening = cell(JAMES, "soir", TUESDAY)
    page = sent(jamie, jamie.planning(JAMES, "2026-W47").form(tick=[evening]))
    assert "Demandes envoyées à la mairie" in page.text
    assert "en attente de la réponse" in page.text
    again = jamie.planning(JAMES, "2026-W47")
    assert evening not in again.shown
    page = sent(jamie, fields([f"{evening}/0"], [evening]))
    assert "Une demande est déjà en attente" in page.text
    with in_town(world.demo):
        assert LateRequest.objects.count() == 1
    assert booked() == set()


def test_two_activities_that_exclude_each_other_may_be_swapped_not_cumulated(jamie, booked):
    other = cell(JAMES, "midi", MONDAY)
    page = sent(jamie, jamie.planning(JAMES).form(tick=[LUNCH, other]))
    assert "c'est l'un ou l'autre" in page.text
    assert booked() == {(JAMES, "cantine", MONDAY)}
    sent(jamie, jamie.planning(JAMES).form(tick=[other], untick=[LUNCH]))
    assert booked() == {(JAMES, "midi", MONDAY)}


def test_undoing_gives_back_the_state_before_once(jamie, booked):
    sent(jamie, jamie.planning(JAMES).form(tick=[LUNCH]))
    form = jamie.planning(JAMES).form(tick=[cell(JAMES, "cantine", THURSDAY)], untick=[LUNCH])
    place = jamie.post(planning_of(JAMES), form).headers["Location"].partition("#")[0]
    assert place + "annuler/" in jamie.page(place).links
    for _ in range(2):
        assert jamie.post(place + "annuler/").status_code == 302
        assert booked() == {(JAMES, "cantine", MONDAY)}
    assert place + "annuler/" not in jamie.page(place).links


def test_the_recap_leads_back_to_the_week_that_was_changed(jamie):
    page = sent(jamie, jamie.planning(JAMES, "2026-W50").form(tick=[cell(JAMES, "cantine", "2026-12-08")]))
    assert f"{planning_of(JAMES)}?semaine={week_slug(date(2026, 12, 8))}" in page.links


def test_wednesday_of_school_weeks_asks_until_thursday_of_the_week_before(jamie, clock, booked):
    key = cell(JAMES, "mercredi", WEDNESDAY)
    form = jamie.planning(JAMES).form(tick=[key])
    clock.move_to(moment(19, 17))
    jamie.enter(JAMES, JAMIE_CODE)
    page = sent(jamie, form)
    assert "La clôture était aujourd'hui à 17 h." in page.text
    assert booked() == set()
