"""Pages for what went wrong: always a clear sentence, the same look, and something to do next."""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _


def _page(request: HttpRequest, status: int, title: str, words: str) -> HttpResponse:
    town = getattr(request, "town", None)
    context = {
        "code": str(status),
        "title": title,
        "words": words,
        "town": town,
        "town_css": reverse("town_css", kwargs={"digest": town.colours_digest}) if town else "",
        "action": (_("Revenir à l'accueil"), "/"),
    }
    return HttpResponse(render_to_string("web/error.html", context), status=status)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: unknown address, or somebody else's."""
    return _page(request, 404, _("Page introuvable"), _("Cette adresse ne mène à aucune page."))


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: something that no form of ours sends."""
    return _page(
        request, 400, _("Demande illisible"), _("Votre navigateur a envoyé une demande que nous ne comprenons pas.")
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: logged in, but not for this."""
    return _page(request, 403, _("Accès refusé"), _("Vous n'avez pas accès à cette page."))


def not_allowed(request: HttpRequest, refused: HttpResponse) -> HttpResponse:
    """405: an address that only takes a form, opened as a page. Keeps Django's `Allow`."""
    page = _page(request, 405, _("Page introuvable"), _("Cette adresse ne s'ouvre pas directement."))
    page.headers["Allow"] = refused.headers["Allow"]
    return page


def unprintable(request: HttpRequest) -> HttpResponse:
    """503: the document exists, its PDF cannot be made. The town hall knows."""
    return _page(
        request,
        503,
        _("Ce document ne peut pas être imprimé"),
        _("Nos services en sont avertis. Le détail de la facture reste lisible sur sa page, et rien n'est perdu."),
    )


def shown_only(request: HttpRequest) -> HttpResponse:
    """403: an agent looks at what a family sees, and sent something in its place."""
    return _page(
        request,
        403,
        _("Vue de la mairie : rien n'est enregistré"),
        _("Vous voyez le site comme la famille le voit, sans pouvoir rien y changer."),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form was open for too long, or sent from elsewhere. Nothing was recorded."""
    return _page(
        request,
        403,
        _("Formulaire périmé"),
        _("Cette page était ouverte depuis trop longtemps : rien n'a été enregistré. Revenez à la page, rechargez-la "
          "et recommencez ; vos cases cochées sont gardées sur cet appareil."),
    )  # fmt: skip


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault. Rendered without touching the database."""
    return _page(
        request,
        500,
        _("Le service a rencontré un problème"),
        _("Ce que vous veniez d'envoyer n'a peut-être pas été enregistré : vérifiez « Mes dernières modifications » "
          "dans quelques minutes."),
    )  # fmt: skip
