"""An item of the board after it was posted: changed, withdrawn, removed; what was typed and the HTML it gives."""

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.news.board_queries import COMING, OVER, SHOWN, acts_on, news_rows, state_of
from portail.news.models import NewsFile, NewsItem
from portail.news.operations.board import (
    FileDraft,
    NewsDraft,
    attach_file,
    change_news,
    post_news,
    remove_file,
    remove_news,
    withdraw_news,
)
from portail.news.operations.lines import NewsError
from portail.news.plain_text import html_of, text_of
from portail.news.queries import board, cleaned, file_named
from portail.towns.models import Audit
from tests.world import CLERK, NOW, World

HOUR = timedelta(hours=1)
Kind, Place = NewsItem.Kind, NewsItem.Place


def draft(title: str = "Menus", at=NOW, until=None, place=Place.EVERYWHERE, body: str = "<p>Bonjour</p>") -> NewsDraft:
    return NewsDraft(Kind.NEWS, title, body, "", at, until, place)


def post(**values) -> NewsItem:
    return post_news(draft=draft(**values), by=CLERK, now=NOW)


def test_a_form_sent_twice_posts_once(demo: World):
    token = uuid4()
    first, second = (post_news(draft=draft(), token=token, by=CLERK, now=NOW) for _ in range(2))
    assert (first.pk, NewsItem.objects.count()) == (second.pk, 1)
    assert Audit.objects.filter(verb="post_news").count() == 1


def test_a_change_is_told_once_with_before_and_after(demo: World):
    item = post()
    wanted = draft("Menus de mai", body="<p>x</p><script>y</script>")
    changed, _ = (change_news(item=item, draft=wanted, by=CLERK, now=NOW) for _ in range(2))
    assert (changed.title, changed.body) == ("Menus de mai", "<p>x</p>")
    (line,) = Audit.objects.filter(verb="change_news")
    assert line.before is not None
    assert line.after is not None
    assert (line.before["title"], line.after["title"]) == ("Menus", "Menus de mai")
    assert [act.verb for act in acts_on(item)] == ["change_news", "post_news"]


@pytest.mark.parametrize("wrong", [{"title": " "}, {"body": "x" * 50_001}, {"until": NOW - HOUR}])
def test_a_wrong_change_changes_nothing(demo: World, wrong):
    item = post()
    with pytest.raises(NewsError):
        change_news(item=item, draft=draft(**wrong), by=CLERK, now=NOW)
    assert NewsItem.objects.get().title == "Menus"


def test_withdrawn_then_removed_with_its_files(demo: World):
    item = post()
    attach_file(item=item, draft=FileDraft("a.pdf", b"%PDF-1.4\n", "application/pdf"), by=CLERK, now=NOW)
    with pytest.raises(NewsError, match="retirez-la d'abord"):
        remove_news(item=item, by=CLERK, now=NOW)
    for _ in range(2):
        withdraw_news(item=item, by=CLERK, now=NOW + HOUR)
    assert board(NOW + HOUR).news == ()
    for _ in range(2):
        remove_news(item=item, by=CLERK, now=NOW + HOUR)
    assert not NewsItem.objects.exists()
    assert not NewsFile.objects.exists()
    verbs = list(Audit.objects.filter(verb__endswith="_news").order_by("id").values_list("verb", flat=True))
    assert verbs == ["post_news", "withdraw_news", "remove_news"]


def test_what_is_to_come_may_be_withdrawn_too(demo: World):
    item = post(at=NOW + HOUR)
    withdraw_news(item=item, by=CLERK, now=NOW)
    assert state_of(NewsItem.objects.get(), NOW) == OVER
    assert board(NOW + HOUR * 2).news == ()


def test_a_file_is_taken_off(demo: World):
    file = attach_file(item=post(), draft=FileDraft("a.pdf", b"%PDF-1.4\n", "application/pdf"), by=CLERK, now=NOW)
    for _ in range(2):
        remove_file(file=file, by=CLERK, now=NOW)
    assert Audit.objects.filter(verb="remove_file").count() == 1
    assert not NewsFile.objects.exists()


@pytest.mark.parametrize(
    ("place", "before", "after"), [(Place.EVERYWHERE, 1, 1), (Place.BEFORE, 1, 0), (Place.AFTER, 0, 1)]
)
def test_an_item_is_shown_where_it_was_asked(demo: World, place, before, after):
    item = post(place=place)
    file = attach_file(item=item, draft=FileDraft("a.pdf", b"%PDF-1.4\n", "application/pdf"), by=CLERK, now=NOW)
    assert (len(board(NOW).news), len(board(NOW, inside=True).news)) == (before, after)
    assert bool(file_named(file.public_id, NOW)) == bool(before)
    assert file_named(file.public_id, NOW, inside=True) is not None


@pytest.mark.parametrize(("state", "title"), [(COMING, "Demain"), (SHOWN, "Aujourd'hui"), (OVER, "Hier")])
def test_items_are_sorted_by_their_state(demo: World, state, title):
    post(title="Hier", at=NOW - HOUR * 2, until=NOW - HOUR)
    post(title="Aujourd'hui")
    post(title="Demain", at=NOW + HOUR)
    (found,) = news_rows(NOW, state=state)
    assert (found.title, state_of(found, NOW)) == (title, state)
    assert news_rows(NOW).count() == 3


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Bonjour", "<p>Bonjour</p>"),
        ("Un\r\ndeux\r\n\r\n\r\ntrois", "<p>Un<br>deux</p><p>trois</p>"),
        ("- un\n- deux", "<ul><li>un</li><li>deux</li></ul>"),
        ("# Lundi\n\nfrites", "<h3>Lundi</h3><p>frites</p>"),
        ("**Attention** : 2 < 3 & 4", "<p><strong>Attention</strong> : 2 &lt; 3 &amp; 4</p>"),
        (
            "Voir https://a.example/x?y=1&z=2.",
            '<p>Voir <a href="{0}" rel="noopener noreferrer">{0}</a>.</p>'.format("https://a.example/x?y=1&amp;z=2"),
        ),
        ("<p>déjà <em>là</em></p>", "<p>déjà <em>là</em></p>"),
        ("", ""),
    ],
)
def test_typed_text_becomes_html_and_is_found_again(text, html):
    made = str(cleaned(html_of(text)))
    assert made == html
    assert str(cleaned(html_of(text_of(made)))) == made


def test_html_that_no_text_gives_stays_html():
    html = "<blockquote>cité</blockquote>"
    assert text_of(html) == html


@given(text=st.text(alphabet=st.sampled_from("ab*-# \n<>&/\"'.:htps;\r\x00é")) | st.text())
def test_any_text_is_found_again(text):
    made = str(cleaned(html_of(text)))
    if made.startswith("<"):
        assert str(cleaned(html_of(text_of(made)))) == made
    assert "<script" not in made
