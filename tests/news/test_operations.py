"""What the town hall posts, and what families write to it."""

from datetime import timedelta
from typing import Any

import pytest

from portail.news.models import ContactRequest, NewsFile, NewsItem
from portail.news.operations.board import FILE_BYTES, FileDraft, NewsDraft, attach_file, post_news
from portail.news.operations.contact import ContactDraft, receive_contact
from portail.news.operations.lines import NewsError
from portail.towns.models import Audit
from tests.world import CLERK, NOW, World

PDF, PNG, JPEG = b"%PDF-1.4\n", b"\x89PNG\r\n\x1a\n....", b"\xff\xd8\xff\xe0...."
NO_FILE = "n'est ni un PDF, ni une image PNG ou JPEG"
DESCRIBE = "Décrivez l'image en quelques mots, pour ceux qui ne la voient pas."
SIGNED: dict[str, Any] = {"by": CLERK, "now": NOW}


def draft(**values: Any) -> NewsDraft:
    usual: dict[str, Any] = {
        "kind": NewsItem.Kind.NEWS,
        "title": "Menus",
        "body": "<p>Bonjour</p>",
        "link": "",
        "published_at": NOW,
    }
    return NewsDraft(**usual | values)


def contact(**values: Any) -> ContactDraft:
    empty = {"subject": "code", "name": "Jamie BOND", "email": "jamie.bond@example.org", "phone": "", "child": ""}
    return ContactDraft(**empty | {"message": "J'ai perdu mes codes."} | values)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("<p>Un <strong>mot</strong></p>", "<p>Un <strong>mot</strong></p>"),
        ('<p onclick="x()">a</p><script>alert(1)</script>', "<p>a</p>"),
        ('<img src=x onerror="x()">b', "b"),
        ('<a href="javascript:x()">c</a>', '<a rel="noopener noreferrer">c</a>'),
        ('<a href="https://a.example/">d</a>', '<a href="https://a.example/" rel="noopener noreferrer">d</a>'),
        ('<p style="position:fixed">e</p><iframe src="//x"></iframe>', "<p>e</p>"),
        ("<h1>f</h1>\x00", "f"),
    ],
)
def test_a_body_is_cleaned_when_it_is_saved(demo: World, written, kept):
    assert post_news(draft=draft(body=written), **SIGNED).body == kept


def test_posting_leaves_a_line_of_audit(demo: World):
    post_news(draft=draft(title="  Menus   de\tnovembre "), **SIGNED)
    item, line = NewsItem.objects.get(), Audit.objects.get(verb="post_news")
    assert (item.title, line.subject, line.actor, line.at) == ("Menus de novembre",) * 2 + (CLERK.name, NOW)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"title": " "}, "Il faut un titre."),
        ({"title": "x" * 151}, "Le titre dépasse 150 caractères."),
        ({"link": "javascript:alert(1)"}, "« javascript:alert(1) » n'est pas une adresse de page web (https://…)."),
        ({"link": "https://a.example/" + "x" * 200}, "L'adresse du lien dépasse 200 caractères."),
        ({"until": NOW}, "L'actualité serait retirée avant d'être publiée."),
    ],
)
def test_what_cannot_be_posted_is_refused_in_french(demo: World, values, sentence):
    with pytest.raises(NewsError) as error:
        post_news(draft=draft(**values), **SIGNED)
    assert (str(error.value), NewsItem.objects.count(), Audit.objects.filter(verb="post_news").count()) == (
        sentence,
        0,
        0,
    )


@pytest.mark.parametrize(
    ("name", "content", "content_type", "kept"),
    [
        ("menus.pdf", PDF, "application/pdf", "menus.pdf"),
        ("MENUS.PDF", PDF, "application/pdf", "MENUS.PDF"),
        ("../../etc/passwd", PDF, "application/pdf", "passwd.pdf"),
        ("C:\\Docs\\école.png", PNG, "image/png", "école.png"),
        ("photo.exe", JPEG, "image/jpeg", "photo.exe.jpg"),
        ("tri\u202egpj.png\r\n", PNG, "image/png", "tri gpj.png"),
        ("", PNG, "image/png", "fichier.png"),
        ("x" * 300 + ".jpeg", JPEG, "image/jpeg", "x" * 145 + ".jpeg"),
    ],
)
def test_a_file_keeps_a_harmless_name(demo: World, name, content, content_type, kept):
    item = post_news(draft=draft(), **SIGNED)
    attach_file(item=item, draft=FileDraft(name, content, content_type, "Une école"), **SIGNED)
    file = NewsFile.objects.get()
    assert (file.name, file.size, bytes(file.content), file.content_type) == (kept, len(content), content, content_type)
    assert Audit.objects.filter(verb="attach_file").count() == 1


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (FileDraft("a.pdf", b"", "application/pdf"), "Le fichier « a.pdf » est vide."),
        (FileDraft("a.pdf", PDF.ljust(FILE_BYTES + 1), "application/pdf"), "Le fichier « a.pdf » dépasse 10 Mo."),
        (FileDraft("a.svg", b"<svg/>", "image/svg+xml", "x"), f"Le fichier « a.svg » {NO_FILE}."),
        (FileDraft("a.pdf", PNG, "application/pdf"), f"Le fichier « a.pdf » {NO_FILE}."),
        (FileDraft("a.png", PNG, "image/png", " "), DESCRIBE),
    ],
)
def test_what_is_no_file_of_the_news_is_refused_in_french(demo: World, file, sentence):
    item = post_news(draft=draft(), **SIGNED)
    with pytest.raises(NewsError) as error:
        attach_file(item=item, draft=file, **SIGNED)
    assert (str(error.value), NewsFile.objects.count()) == (sentence, 0)


def test_a_file_of_exactly_ten_mebibytes_is_taken(demo: World):
    item = post_news(draft=draft(), **SIGNED)
    attach_file(item=item, draft=FileDraft("a.pdf", PDF.ljust(FILE_BYTES), "application/pdf"), **SIGNED)
    assert NewsFile.objects.get().size == FILE_BYTES


def test_a_contact_request_waits_for_the_town_hall(demo: World):
    request = receive_contact(draft=contact(child=" James\n BOND ", message="Bonjour,\n\u0007merci."), now=NOW)
    row = ContactRequest.objects.get()
    assert (row.pk, row.status, row.at) == (request.pk, ContactRequest.Status.NEW, NOW)
    assert (row.child, row.message) == ("James BOND", "Bonjour,\nmerci.")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"name": ""}, "Il faut votre nom et votre message."),
        ({"message": " \n"}, "Il faut votre nom et votre message."),
        ({"email": ""}, "Il faut un courriel ou un téléphone, pour vous répondre."),
        ({"email": "jamie"}, "« jamie » n'est pas une adresse de courriel."),
        ({"message": "x" * 4001}, "Le message dépasse 4000 caractères : raccourcissez-le."),
        ({"phone": "0" * 31}, "Le téléphone dépasse 30 caractères."),
        ({"name": "x" * 151}, "Le nom dépasse 150 caractères."),
    ],
)
def test_a_contact_request_that_nobody_could_answer_is_refused(demo: World, values, sentence):
    with pytest.raises(NewsError) as error:
        receive_contact(draft=contact(**values), now=NOW)
    assert (str(error.value), ContactRequest.objects.count()) == (sentence, 0)


def test_a_telephone_number_is_enough_to_be_answered(demo: World):
    receive_contact(draft=contact(email="", phone="06 39 98 01 37"), now=NOW + timedelta(seconds=1))
    assert ContactRequest.objects.get().phone == "06 39 98 01 37"
