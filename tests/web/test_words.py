"""Sentences: every refusal, every reason of a closed day, every cut-off read back, and no word left undefined."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.template import TemplateDoesNotExist
from django.template.loader import get_template, render_to_string
from django.utils import translation
from jinja2 import UndefinedError

from portail.bookings.queries.offer import offer_in_force
from portail.bookings.wording import cutoff_sentence, cutoff_short, reminders, rule_sentences
from portail.rules.booking import ActivityRules, NotFor, Outcome, Refusal, Verdict, Wish
from portail.rules.calendar import ClosedWhy, Opening
from portail.rules.cutoffs import Cutoff, CutoffKind
from portail.towns import wording as say
from portail.towns.operations import change_settings
from portail.towns.scope import in_town
from portail.web.words import SHORT, WORDS, Setting, explain, short
from tests.web.browser import Browser
from tests.world import CLERK, EVE_10, JAMES, MONDAY, NOW, SCHOOL_WEEK, THURSDAY_17, World

PARIS = ZoneInfo("Europe/Paris")
WISH = Wish(JAMES, "cantine", MONDAY, present=True, seen=False)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.fixture
def setting(demo: World) -> Setting:
    return Setting(demo.demo, offer_in_force(), NOW, "la mairie")


def refused(refusal: Refusal, **more: object) -> Verdict:
    return Verdict(WISH, Outcome.REFUSED, refusal, **more)  # type: ignore[arg-type]


MORE = {Refusal.NOT_FOR_THIS_CHILD: {"why": NotFor.AUDIENCE}}


@pytest.mark.parametrize("refusal", list(Refusal))
def test_every_refusal_says_a_sentence_and_a_word(refusal, setting):
    reason, advice = explain(refused(refusal, **MORE.get(refusal, {})), setting)
    assert reason.endswith(".")
    assert advice == "" or advice.endswith(".")
    for text in (reason, advice):
        assert "%" not in text
        assert "None" not in text
    assert short(refusal)
    assert len(short(refusal)) <= 12


def test_the_tables_of_words_hold_nothing_else():
    assert set(WORDS) == set(Refusal)
    assert set(SHORT) <= set(Refusal)
    assert explain(Verdict(WISH, Outcome.BOOKED), None) == ("", "")  # type: ignore[arg-type]


CLOSED = {
    (ClosedWhy.PUBLIC_HOLIDAY, "Noël"): "C'est un jour férié : Noël.",
    (ClosedWhy.HOLIDAYS, "Noël"): "Ce sont les vacances scolaires : Noël.",
    (ClosedWhy.NO_SCHOOL, ""): "Il n'y a pas école ce jour-là.",
    (ClosedWhy.NO_SCHOOL, "pont"): "Il n'y a pas école ce jour-là : pont.",
    (ClosedWhy.CATCH_UP, ""): "Il y a école ce jour-là.",
    (ClosedWhy.CATCH_UP, "rattrapage"): "Il y a école ce jour-là : rattrapage.",
    (ClosedWhy.ONLY_HOLIDAYS, ""): "Cette activité n'ouvre que pendant les vacances.",
    (ClosedWhy.CLOSURE, ""): "C'est fermé ce jour-là.",
    (ClosedWhy.CLOSURE, "Grève à 100 %"): "C'est fermé ce jour-là : Grève à 100 %.",
    ("", ""): "C'est fermé ce jour-là.",
}


def test_every_reason_of_a_closed_day_has_its_sentence(setting):
    assert {why for why, _name in CLOSED if why} == set(ClosedWhy)
    said = {key: explain(refused(Refusal.CLOSED, why=key[0], name=key[1]), setting)[0] for key in CLOSED}
    assert said == CLOSED


@pytest.mark.parametrize("why", list(NotFor))
def test_every_kind_of_child_left_out_has_its_sentence(why, setting):
    assert explain(refused(Refusal.NOT_FOR_THIS_CHILD, why=why), setting)[0].endswith(".")


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=PARIS).astimezone(UTC)


LATE = {
    at(NOW.date(), 8): "La clôture était aujourd'hui à 8 h.",
    at(NOW.date(), 8, 30): "La clôture était aujourd'hui à 8 h 30.",
    at(date(2026, 11, 15), 10): "La clôture était hier à 10 h.",
    at(date(2026, 11, 12), 17): "La clôture était jeudi 12 novembre à 17 h.",
    at(date(2026, 11, 16), 0): "La clôture était hier à minuit.",
    at(date(2026, 11, 2), 0): "La clôture était dimanche 1er novembre à minuit.",
}


def test_a_missed_cut_off_is_told_as_people_tell_it(setting):
    assert {when: plain(explain(refused(Refusal.TOO_LATE, when=when), setting)[0]) for when in LATE} == LATE


def test_what_can_still_be_done_gives_the_telephone_number(setting):
    assert explain(refused(Refusal.TOO_LATE), setting)[1] == "Contactez la mairie."
    setting.town.phone = "01 30 00 00 00"
    assert explain(refused(Refusal.TOO_LATE), setting)[1] == "Appelez la mairie au 01\u00a030\u00a000\u00a000\u00a000."


def test_a_week_not_open_yet_says_from_when(setting):
    verdict = refused(Refusal.TOO_EARLY, when=at(date(2027, 1, 1), 0))
    assert (
        explain(verdict, setting)[0] == "Cette semaine n'est pas encore ouverte : elle le sera le vendredi 1er janvier."
    )


# --- Cut-offs --------------------------------------------------------------------------------------------------------

K = CutoffKind
RULES = {
    Cutoff(K.WORKING_DAYS, 600, days=1): ("jusqu'à la veille (jour ouvré) à 10 h", "clôt la veille ouvrée à 10 h"),
    Cutoff(K.WORKING_DAYS, 600, days=2): ("jusqu'à 2 jours ouvrés avant, à 10 h", "clôt 2 jours ouvrés avant à 10 h"),
    Cutoff(K.SCHOOL_DAYS, 570, days=1): ("jusqu'au jour d'école précédent à 9 h 30", "clôt la veille à 9 h 30"),
    Cutoff(K.SCHOOL_DAYS, 570, days=3): ("jusqu'à 3 jours d'école avant, à 9 h 30", "clôt 3 jours avant à 9 h 30"),
    Cutoff(K.CALENDAR_DAYS, 1440, days=1): ("jusqu'à la veille à minuit", "clôt la veille à minuit"),
    Cutoff(K.CALENDAR_DAYS, 0, days=7): ("jusqu'à 7 jours avant, à 0 h", "clôt 7 jours avant à 0 h"),
    Cutoff(K.SAME_DAY, 495): ("jusqu'au jour même à 8 h 15", "clôt le jour même à 8 h 15"),
    Cutoff(K.CALENDAR_DAYS, 495, days=0): ("jusqu'au jour même à 8 h 15", "clôt le jour même à 8 h 15"),
    Cutoff(K.WORKING_DAYS, 495, days=0): ("jusqu'au jour même à 8 h 15", "clôt le jour même à 8 h 15"),
    Cutoff(K.WEEKDAY_BEFORE, 1020, weekday=3): (
        "jusqu'au jeudi à 17 h pour toute la semaine suivante", "clôt le jeudi d'avant à 17 h",
    ),
    Cutoff(K.WEEKDAY_BEFORE, 1440, weekday=4): (
        "jusqu'au vendredi à minuit pour toute la semaine suivante", "clôt le vendredi d'avant à minuit",
    ),
    Cutoff(K.WEEKDAY_BEFORE, 720, weekday=0, weeks=0): (
        "jusqu'au lundi de la même semaine à 12 h", "clôt le lundi de la semaine à 12 h",
    ),
    Cutoff(K.WEEKDAY_BEFORE, 720, weekday=1, weeks=2): (
        "jusqu'au mardi, 2 semaines avant, à 12 h", "clôt le mardi, 2 semaines avant, à 12 h",
    ),
    Cutoff(K.FIXED_DATE, 1440, on=date(2027, 1, 1)): (
        "jusqu'au vendredi 1er janvier 2027 à minuit", "clôt le 01/01/2027 à minuit",
    ),
}  # fmt: skip


def test_every_kind_of_cut_off_reads_itself_back():
    assert {cutoff.kind for cutoff in RULES} == set(CutoffKind)
    assert {cutoff: plain(cutoff_sentence(cutoff)) for cutoff in RULES} == {c: long for c, (long, _s) in RULES.items()}


def differs(cutoff: Cutoff) -> bool:
    """Do the few words tell another day than the rule? See the marked test below."""
    if cutoff.kind is K.WEEKDAY_BEFORE:
        return cutoff.weeks != 1
    return cutoff.kind is K.SCHOOL_DAYS or (cutoff.kind in (K.CALENDAR_DAYS, K.WORKING_DAYS) and not cutoff.days)


def test_the_few_words_under_a_name_say_the_same_rule():
    sure = [cutoff for cutoff in RULES if not differs(cutoff)]
    assert {cutoff: plain(cutoff_short(cutoff)) for cutoff in sure} == {cutoff: RULES[cutoff][1] for cutoff in sure}


def test_the_few_words_never_name_a_wrong_day():
    """« clôt la veille » for the same day, « le mardi d'avant » for two weeks before or for the same week."""
    wrong = [cutoff for cutoff in RULES if differs(cutoff) and cutoff.kind is not K.SCHOOL_DAYS]
    assert {cutoff: plain(cutoff_short(cutoff)) for cutoff in wrong} == {cutoff: RULES[cutoff][1] for cutoff in wrong}


def test_a_cut_off_moved_back_says_so():
    moved = Cutoff(K.CALENDAR_DAYS, 600, days=1, moved_back=True)
    assert plain(cutoff_sentence(moved)) == (
        "jusqu'à la veille à 10 h (avancé au jour ouvré précédent si ce jour n'est pas travaillé)"
    )
    assert "avancé" not in cutoff_sentence(Cutoff(K.WORKING_DAYS, 600, days=1, moved_back=True))


def rules(name: str, book: Cutoff, cancel: Cutoff) -> ActivityRules:
    return ActivityRules(1, name.lower(), name, Opening.SCHOOL_DAYS, SCHOOL_WEEK, book, cancel)


def test_booking_and_cancelling_have_one_sentence_or_two():
    lunch = rules("Cantine", EVE_10, EVE_10)
    assert [plain(s) for s in rule_sentences(lunch)] == [
        "Inscription et annulation : jusqu'à la veille (jour ouvré) à 10 h."
    ]
    assert [plain(s) for s in rule_sentences(replace(lunch, cancel=THURSDAY_17))] == [
        "Inscription : jusqu'à la veille (jour ouvré) à 10 h.",
        "Annulation : jusqu'au jeudi à 17 h pour toute la semaine suivante.",
    ]


def test_reminders_gather_the_activities_of_one_rule():
    given = [
        rules("Cantine", EVE_10, EVE_10), rules("Matin", EVE_10, EVE_10), rules("Soir", EVE_10, EVE_10),
        rules("Mercredi", THURSDAY_17, EVE_10),
    ]  # fmt: skip
    assert [plain(line) for line in reminders(given)] == [
        "Cantine, Matin et Soir : jusqu'à la veille (jour ouvré) à 10 h",
        (
            "Mercredi : jusqu'au jeudi à 17 h pour toute la semaine suivante pour inscrire, "
            "jusqu'à la veille (jour ouvré) à 10 h pour annuler"
        ),
    ]
    assert reminders([]) == []


# --- Days and lengths ------------------------------------------------------------------------------------------------


def test_days_as_people_say_them():
    assert say.day(date(2027, 1, 1)) == "vendredi 1er janvier 2027"
    assert say.day(date(2026, 11, 24)) == "mardi 24 novembre 2026"
    assert say.day_without_year(date(2026, 5, 1)) == "vendredi 1er mai"
    assert plain(say.day_short(date(2026, 3, 1))) == "Di 01"
    assert say.day_stamp(date(2015, 12, 24)) == "Je 24-12-2015"
    with translation.override("en"):
        assert "1er" not in say.day(date(2027, 1, 1))


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=59), "moins d'une minute"), (timedelta(minutes=1), "1 min"),
        (timedelta(minutes=59, seconds=59), "59 min"), (timedelta(hours=1), "1 h"),
        (timedelta(hours=2, minutes=5), "2 h 05"), (timedelta(hours=23, minutes=59), "23 h 59"),
        (timedelta(hours=25), "25 h"), (timedelta(days=2), "2 jours"),
    ],
)  # fmt: skip
def test_lengths_as_people_say_them(length, words):
    assert plain(say.duration(length)) == words


# --- Templates -------------------------------------------------------------------------------------------------------


def test_an_undefined_variable_is_an_error():
    with pytest.raises(UndefinedError):
        render_to_string("web/children.html", {})
    with pytest.raises(UndefinedError):
        get_template("web/recap.html").render({})
    with pytest.raises(TemplateDoesNotExist):
        get_template("web/nothing.html")


def test_the_login_page_reminds_of_the_rules_in_their_own_words(world):
    words = "Cantine, Accueil midi sans repas et Transport 8h30 : jusqu'à la veille (jour ouvré) à 10 h"
    assert words in Browser().page("/").text


def test_why_says_the_reason_the_advice_and_the_rule(jamie, world, clock):
    text = jamie.page("/planning/007/pourquoi/cantine/2026-11-16/").text
    assert "La clôture était vendredi 13 novembre à 10 h." in text
    assert "Contactez la mairie." in text
    assert "La règle : Inscription et annulation : jusqu'à la veille (jour ouvré) à 10 h." in text


def test_every_word_that_a_town_renames_is_its_own_everywhere(jamie, world):
    labels = {"payer_code": "Code famille", "validate": "ENREGISTRER", "town_hall": "le SIVOS"}
    with in_town(world.demo):
        change_settings(settings={"labels": labels}, by=CLERK, now=NOW)
    assert "Code famille" in Browser().page("/").text
    planning = jamie.page("/planning/007/")
    assert "ENREGISTRER" in planning.text
    assert "la mairie" not in planning.text
    assert next(found for tag, found in planning.tags if tag == "html")["lang"] == "fr"
