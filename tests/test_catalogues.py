"""The catalogues: every sentence of the product, no other, translated, safe to format, and compiled."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from django.utils import translation
from django.utils.translation import gettext, ngettext

from portail.bookings.wording import cutoff_sentence, cutoff_short, rule_sentences
from portail.rules.booking import ActivityRules
from portail.rules.calendar import Opening
from portail.rules.cutoffs import Cutoff, CutoffKind
from portail.towns import wording as say
from portail.web.board import size_words
from portail.web.words import SHORT, short
from tests import catalogues
from tests.catalogues import LANGUAGES, SOURCE, Key
from tests.world import EVE_10, NOW, PARIS, SCHOOL_WEEK, THURSDAY_17

# %(name)s of Python and of Jinja2's newstyle; %%(name)s, filled one step later; {n} and {t}, filled by the scripts.
PLACEHOLDER = re.compile(r"%{1,2}\(\w+\)0?\d?[sd]|\{\w\}")
SAME_IN_ENGLISH = {
    "gluten",
    "lupin",
    "%(minutes)d min", "%(hours)d\u00a0h", "%(hours)d\u00a0h\u00a0%(minutes)02d", "{n} min", "{n} s",
    "Absence", "English", "Français", "Les Parents Services", "Sa",
    "(TEST)", "4. Confirmation", "Confirmation", "Date", "Total",
}  # fmt: skip


@pytest.fixture(autouse=True)
def french() -> Iterator[None]:
    """The language of each test, whatever the one before left."""
    with translation.override("fr"):
        yield


def pairs(language: str) -> list[tuple[str, str]]:
    """(sentence, translation), once for each form of a plural; French that is its own translation left out."""
    found: list[tuple[str, str]] = []
    for message in catalogues.read(language).values():
        forms = [tuple(text) if message.pluralizable else (str(text),) for text in (message.id, message.string or "")]
        if any(forms[1]) or language != SOURCE:
            found += zip(*forms, strict=True)
    return found


# --- The files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_holds_the_sentences_of_the_product_and_no_other(language):
    written, said = set(catalogues.read(language)), set(catalogues.extracted())
    assert (said - written, written - said) == (set(), set()), "missing, obsolete: run tools/messages"


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_files_are_what_the_tool_would_write_again(language):
    path, catalog = catalogues.po_of(language), catalogues.brought_up_to_date(language)
    assert path.read_bytes() == catalogues.as_po(catalog), "run tools/messages"
    assert path.with_suffix(".mo").read_bytes() == catalogues.as_mo(catalog), "run tools/messages"


@pytest.mark.parametrize(("language", "rule"), [("fr", "(n > 1)"), ("en", "(n != 1)")])
def test_the_header_tells_how_to_read_the_catalogue_and_nothing_of_who_wrote_it_when(language, rule):
    for suffix in (".po", ".mo"):
        content = catalogues.po_of(language).with_suffix(suffix).read_bytes().decode(errors="replace")
        assert "charset=utf-8" in content
        assert f"nplurals=2; plural={rule};" in content
        assert not re.search(r"Date:|Generated-By|Translator|Team|Project", content)


def test_extraction_sees_every_way_of_writing_a_sentence():
    """What Django's makemessages missed, and what a silent syntax error of a template would hide."""
    said: set[Key] = set(catalogues.extracted())
    assert said >= {
        ("", "lundi"),  # gettext_noop
        ("", "hier"),  # gettext
        ("mois", "mai"),  # pgettext
        ("ponctuation", " : "),  # pgettext in a template
        ("", ("%(days)d jour", "%(days)d jours")),  # ngettext
        ("", ("%(n)s inscription", "%(n)s inscriptions")),  # {% trans %}…{% pluralize %}
        ("", "Demandes envoyées %(to_town_hall)s"),  # {% trans %} with a variable
        ("", "Voir le détail"),  # inside the arguments of a macro
        ("", "Français"),  # gettext_lazy
    }


# --- The translations -------------------------------------------------------------------------------------------------


def test_every_sentence_has_its_english():
    assert [sentence for sentence, words in pairs("en") if not words] == []
    same = {sentence for sentence, words in pairs("en") if sentence == words}
    assert same == SAME_IN_ENGLISH, "forgotten, or no longer the same"


def test_french_says_what_the_code_says():
    assert [(sentence, words) for sentence, words in pairs("fr") if sentence != words] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_placeholders_of_its_sentence(language):
    for sentence, words in pairs(language):
        assert not words or Counter(PLACEHOLDER.findall(words)) == Counter(PLACEHOLDER.findall(sentence)), sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_formats(language):
    """Jinja2 formats all that it translates: a percent sign left alone would be an error 500."""
    values = dict.fromkeys(re.findall(r"\((\w+)\)", " ".join(s for s, _words in pairs(language))), 7)
    for sentence, words in pairs(language):
        for text in (sentence, words):
            assert "%" not in PLACEHOLDER.sub("", text).replace("%%", ""), sentence
            assert "%(" not in text % values % values, sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_can_break_the_markup(language):
    """Jinja2 takes translations for safe, in attributes as well: quotes are « » or “ ”."""
    for sentence, words in pairs(language):
        assert not re.search(r'["<>&]', sentence + words), sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_ends_as_its_sentence_does(language):
    for sentence, words in pairs(language):
        for end in (".", "…", "?", ":", " "):
            assert not words or words.endswith(end) == sentence.endswith(end), sentence


# --- What they say ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "words"), [("fr", ["0 jour", "1 jour", "2 jours"]), ("en", ["0 days", "1 day", "2 days"])]
)
def test_plurals_follow_the_language(language, words):
    with translation.override(language):
        said = [ngettext("%(days)d jour", "%(days)d jours", n) % {"days": n} for n in (0, 1, 2)]
    assert said == words


@pytest.mark.parametrize("language", LANGUAGES)
def test_not_booked_is_a_word_before_booked(language):
    """grid.html shows both and hides the first word; test_grid's scripts and the style sheet lean on it."""
    with translation.override(language):
        on, off = gettext("inscrit"), gettext("non inscrit")
    assert off.endswith(f" {on}")
    assert len(off) > len(on) + 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_of_a_cell_stay_short_and_tell_its_states_apart(language):
    with translation.override(language):
        words = [short(refusal) for refusal in SHORT] + [gettext(w) for w in ("inscrit", "modifié", "hors délai")]
    assert max(map(len, words)) <= 12
    assert len(set(words)) == len(words)


K = CutoffKind
ENGLISH = {
    "day": (lambda: say.day(date(2026, 11, 24)), "Tuesday 24 November 2026"),
    "first": (lambda: say.day_without_year(date(2027, 5, 1)), "Saturday 1 May"),
    "short": (lambda: say.day_short(date(2026, 11, 24)), "Tu 24"),
    "stamp": (lambda: say.stamp(datetime(2015, 12, 22, 15, 52, tzinfo=PARIS), PARIS), "Tu 22-12-2015 at 15:52"),
    "hour": (lambda: say.time(600), "10:00"),
    "half": (lambda: say.time(1050), "17:30"),
    "night": (lambda: say.time(0), "0:00"),
    "midnight": (lambda: say.time(1440), "midnight"),
    "moment": (lambda: say.moment(NOW, PARIS), "Monday 16 November at 9:00"),
    "near": (lambda: say.moment_near(NOW + timedelta(days=1), NOW, PARIS), "tomorrow at 9:00"),
    "length": (lambda: say.duration(timedelta(hours=2, minutes=5)), "2 h 05"),
    "a day": (lambda: say.duration(timedelta(days=1)), "24 h"),
    "days": (lambda: say.duration(timedelta(days=3)), "3 days"),
    "list": (lambda: say.listing(["a", "b", "c"]), "a, b and c"),
    "to": (lambda: say.to_place(gettext("la mairie")), "to the town hall"),
    "to ours": (lambda: say.to_place("le SIVOS"), "to le SIVOS"),
    "from": (lambda: say.of_place(gettext("la mairie")), "from the town hall"),
    "size": (lambda: size_words(1_300_000), "1.2 MB"),
    "eve": (lambda: cutoff_sentence(EVE_10), "by 10:00 the working day before"),
    "week": (lambda: cutoff_sentence(THURSDAY_17), "by 17:00 on Thursday for the whole of the next week"),
    "three": (lambda: cutoff_sentence(Cutoff(K.WORKING_DAYS, 570, days=3)), "by 9:30, 3 working days before"),
    "fixed": (lambda: cutoff_sentence(Cutoff(K.FIXED_DATE, 1440, on=date(2027, 1, 1))),
              "by midnight on Friday 1 January 2027"),
    "few words": (lambda: cutoff_short(EVE_10), "closes at 10:00 the working day before"),
    "rule": (lambda: rule_sentences(ActivityRules(1, "c", "C", Opening.SCHOOL_DAYS, SCHOOL_WEEK, EVE_10, EVE_10))[0],
             "Booking and cancelling: by 10:00 the working day before."),
}  # fmt: skip


def plain(said: str) -> str:
    return said.replace("\u00a0", " ")


def test_days_hours_and_rules_read_well_in_english():
    with translation.override("en"):
        said = {name: plain(speak()) for name, (speak, _words) in ENGLISH.items()}
    assert said == {name: words for name, (_speak, words) in ENGLISH.items()}


def test_french_keeps_its_no_break_spaces_and_a_day_is_24_hours_not_midnight():
    assert say.time(600) == "10\u00a0h"
    assert say.time(1050) == "17\u00a0h\u00a030"
    assert say.duration(timedelta(days=1)) == "24\u00a0h"
    assert size_words(1_300_000) == "1,2 Mo"
    assert say.to_place("les Mureaux") == "aux Mureaux"
    assert say.of_place("le SIVOS") == "du SIVOS"
