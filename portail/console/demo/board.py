"""The news of the demonstration towns, with a file and a picture."""

from datetime import date, datetime, timedelta

from portail.console.demo.moving_days import MovingDays
from portail.console.demo.pictures import pdf, picture
from portail.news.models import NewsItem
from portail.news.operations.board import FileDraft, NewsDraft, attach_file, post_news
from portail.towns import wording
from portail.towns.actors import Actor

MENUS = [
    "Lundi : betteraves, gratin de pâtes aux légumes, pomme",
    "Mardi : salade verte, poisson du jour, riz, yaourt nature",
    "Jeudi : carottes râpées, poulet rôti, haricots verts, compote",
    "Vendredi : velouté de potiron, omelette, purée, poire",
]


def post_demo_news(days: MovingDays, *, by: Actor, now: datetime) -> None:
    """The board of « Ville de Démo »."""
    _information(days, by=by, now=now)
    look = _post(
        NewsItem.Kind.NEWS,
        "Découvrez le nouveau look !",
        "<p>Pour la rentrée, votre portail Les-Parents-Services s'adapte aux <strong>smartphones</strong>.</p>"
        "<p>Téléchargez le mode d'emploi, ou laissez-vous guider par l'aide.</p>",
        now - timedelta(days=20),
        by=by,
        link="https://www.ville-de-demo.example/portail",
    )
    attach_file(
        item=look,
        draft=FileDraft("ecole.png", picture(), "image/png", "Dessin d'une école au toit rouge, sous un ciel bleu"),
        by=by,
        now=now,
    )
    menus = _post(
        NewsItem.Kind.NEWS,
        "Les menus de la cantine",
        f"<p>Les menus à partir du {wording.day_without_year(_next_monday(now))} sont en ligne.</p>"
        "<ul><li>un repas végétarien par semaine</li><li>du pain bio le mardi</li></ul>",
        now - timedelta(days=2),
        by=by,
    )
    content = pdf("Menus de la cantine", MENUS)
    attach_file(item=menus, draft=FileDraft("menus.pdf", content, "application/pdf"), by=by, now=now)
    _post(
        NewsItem.Kind.NEWS, "Vide-grenier de l'école", "<p>Merci à tous !</p>", now - timedelta(days=60), by=by, days=30
    )
    _post(
        NewsItem.Kind.TIP,
        "Une semaine type",
        "<p>Cochez une fois, puis « Copier cette semaine » : les jours fermés sont passés, et on vous le dit.</p>",
        now - timedelta(days=30),
        by=by,
    )
    _post(
        NewsItem.Kind.TIP,
        "Codes perdus ?",
        "<p>Adressez-vous à la mairie : les codes ne sont pas communiqués par téléphone.</p>",
        now - timedelta(days=31),
        by=by,
    )


def post_buchelay_news(*, by: Actor, now: datetime) -> None:
    """The board of Buchelay."""
    _post(
        NewsItem.Kind.INFORMATION,
        "Bienvenue",
        "<p>Madame, Monsieur,<br>Chers Buchelois,</p><p>Bienvenue sur le portail familles de Buchelay ! Les choix se "
        "modifient chaque semaine <strong>avant le jeudi, 17 heures</strong>, sur ce site ou au serveur vocal.</p>",
        now - timedelta(days=40),
        by=by,
    )
    _post(
        NewsItem.Kind.NEWS,
        "Les horaires du bus",
        "<p>Les horaires de ramassage à l'aller et au retour des Meuniers sont consultables à la mairie.</p>",
        now - timedelta(days=12),
        by=by,
        link="https://www.buchelay.example/periscolaire",
    )
    _post(
        NewsItem.Kind.TIP,
        "Par téléphone aussi",
        "<p>Munissez-vous du <strong>Code enfant</strong> et tapez les dates sur le clavier.</p>",
        now - timedelta(days=12),
        by=by,
    )


def _information(days: MovingDays, *, by: Actor, now: datetime) -> None:
    catch_up = wording.day_without_year(days.catch_up)
    _post(
        NewsItem.Kind.INFORMATION,
        "Attention !",
        f"<p><strong>Pour rattraper le pont du {wording.day_without_year(days.bridge)}, il y aura école {catch_up}."
        "</strong></p><p>Rappel : le <strong>repas</strong> clôt la veille à 10 h, le <strong>matin</strong> la veille "
        "à 16 h.</p><p>Cordialement,<br>Le service scolaire.</p>",
        now - timedelta(days=5),
        by=by,
    )


def _post(  # noqa: PLR0913  one sentence a notice
    kind: NewsItem.Kind, title: str, body: str, at: datetime, *, by: Actor, link: str = "", days: int | None = None
) -> NewsItem:
    until = None if days is None else at + timedelta(days=days)
    return post_news(draft=NewsDraft(kind, title, body, link, at, until), by=by, now=at)


def _next_monday(now: datetime) -> date:
    return now.date() + timedelta(days=7 - now.weekday())
