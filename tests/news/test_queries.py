"""The board, and who may fetch its files."""

from datetime import timedelta
from uuid import uuid4

import pytest
from markupsafe import Markup

from portail.news.models import NewsItem
from portail.news.operations.board import FileDraft, NewsDraft, attach_file, post_news
from portail.news.queries import LONGEST_BOARD, board, file_named, item_titled
from portail.towns.scope import in_town
from tests.world import CLERK, NOW, World

HOUR = timedelta(hours=1)


def post(title: str, kind=NewsItem.Kind.NEWS, at=NOW, until=None) -> NewsItem:
    draft = NewsDraft(kind, title, f"<p>{title}</p>", "", at, until)
    return post_news(draft=draft, by=CLERK, now=at)


def attach(item: NewsItem, name: str = "menus.pdf"):
    return attach_file(item=item, draft=FileDraft(name, b"%PDF-1.4\n", "application/pdf"), by=CLERK, now=NOW)


def test_the_board_sorts_by_kind_the_newest_first(demo: World):
    post("Ancienne", at=NOW - HOUR)
    post("Neuve")
    post("Attention !", NewsItem.Kind.INFORMATION)
    post("Codes perdus ?", NewsItem.Kind.TIP)
    found = board(NOW)
    assert [card.title for card in found.news] == ["Neuve", "Ancienne"]
    assert [card.title for card in found.information] == ["Attention !"]
    assert [card.title for card in found.tips] == ["Codes perdus ?"]


@pytest.mark.parametrize(
    ("moment", "shown"),
    [(NOW - timedelta(microseconds=1), 0), (NOW, 1), (NOW + HOUR - timedelta(microseconds=1), 1), (NOW + HOUR, 0)],
)
def test_an_item_is_shown_from_its_hour_until_its_hour(demo: World, moment, shown):
    file = attach(post("Menus", until=NOW + HOUR))
    assert len(board(moment).news) == shown
    assert (file_named(file.public_id, moment) is not None) == bool(shown)


def test_the_board_costs_two_queries_whatever_it_shows(demo: World, django_assert_num_queries):
    with django_assert_num_queries(1):
        board(NOW)
    for number in range(LONGEST_BOARD + 5):
        item = post(f"Actualité {number}", at=NOW - timedelta(minutes=number))
        attach(item, "a.pdf")
        attach(item, "b.pdf")
    with django_assert_num_queries(2):
        found = board(NOW)
    assert len(found.news) == LONGEST_BOARD
    assert [file.name for file in found.news[0].files] == ["a.pdf", "b.pdf"]


def test_a_body_is_cleaned_again_when_it_is_shown(demo: World):
    item = post("Menus")
    NewsItem.objects.filter(pk=item.pk).update(body="<p>vu</p><script>x()</script>")  # saved under laxer rules
    assert board(NOW).news[0].body == Markup("<p>vu</p>")


def test_a_file_card_tells_what_it_is_without_its_content(demo: World):
    file = attach(post("Menus"))
    (card,) = board(NOW).news[0].files
    assert (card.public_id, card.name, card.size, card.content_type, card.alt) == (
        file.public_id, "menus.pdf", 9, "application/pdf", "",
    )  # fmt: skip


def test_a_file_is_found_by_its_public_name_in_its_own_town(demo: World):
    file = attach(post("Menus"))
    found = file_named(file.public_id, NOW)
    assert found is not None
    assert bytes(found.content) == b"%PDF-1.4\n"
    assert file_named(uuid4(), NOW) is None
    with in_town(demo.buchelay):
        assert (file_named(file.public_id, NOW), board(NOW).news) == (None, ())


def test_an_item_is_found_again_by_its_title(demo: World):
    post("Menus", at=NOW - HOUR)
    latest = post("Menus")
    assert item_titled(NewsItem.Kind.NEWS, "Menus") == latest
    assert item_titled(NewsItem.Kind.TIP, "Menus") is None
