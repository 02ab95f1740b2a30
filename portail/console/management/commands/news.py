"""`portail news post`."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.html import linebreaks

from portail.console import typed as read
from portail.console.arguments import typed
from portail.console.attachments import read_attachment
from portail.console.command import ConsoleError, TownCommand, add_town_arguments, counted
from portail.news.models import NewsItem
from portail.news.operations.board import NewsDraft, attach_file, post_news

KINDS = {"actualite": NewsItem.Kind.NEWS, "information": NewsItem.Kind.INFORMATION, "astuce": NewsItem.Kind.TIP}


class Command(TownCommand):
    """Post an item on the board shown before login."""

    help = "publier une actualité, un message d'information ou un « Bon à savoir »"

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="do", required=True, metavar="ACTE")
        post = acts.add_parser("post", help="publier")
        add_town_arguments(post)
        moment = typed(read.moment)
        post.add_argument("--kind", choices=KINDS, default="actualite", help="actualite, information ou astuce")
        post.add_argument("--title", required=True, metavar="TITRE")
        post.add_argument("--text", default="", metavar="TEXTE", help="texte simple")
        post.add_argument("--html", type=Path, metavar="FICHIER", help="texte mis en forme, dans un fichier HTML")
        post.add_argument("--link", default="", metavar="ADRESSE", help="« En savoir plus »")
        post.add_argument("--from", dest="first", type=moment, metavar="MOMENT", help="publié le (sinon maintenant)")
        post.add_argument("--until", type=moment, metavar="MOMENT", help="retiré le")
        post.add_argument("--file", type=Path, action="append", default=[], metavar="FICHIER", help="PDF, PNG ou JPEG")
        post.add_argument("--alt", action="append", default=[], metavar="TEXTE", help="ce que montre chaque image")

    def act_in_town(self, **options: Any) -> None:
        zone = ZoneInfo(self.town.time_zone)
        first, until = options["first"], options["until"]
        draft = NewsDraft(
            kind=KINDS[options["kind"]],
            title=options["title"],
            body=_body(options),
            link=options["link"],
            published_at=first.replace(tzinfo=zone) if first else self.now,
            until=until.replace(tzinfo=zone) if until else None,
        )
        alts = [*options["alt"], *[""] * len(options["file"])]
        with transaction.atomic():
            item = post_news(draft=draft, by=self.by, now=self.now)
            for path, alt in zip(options["file"], alts, strict=False):
                attach_file(item=item, draft=read_attachment(path, alt), by=self.by, now=self.now)
        self.say(f"« {item.title} » est publiée ({counted(len(options['file']), 'fichier joint', 'fichiers joints')}).")


def _body(options: dict[str, Any]) -> str:
    if options["html"] and options["text"]:
        raise ConsoleError("Donnez --text ou --html, pas les deux.")
    if options["html"]:
        return str(options["html"].read_text(encoding="utf-8"))
    return linebreaks(options["text"], autoescape=True)
