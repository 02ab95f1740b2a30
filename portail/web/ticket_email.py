"""The address that the ticket of a payment goes to, carried from step 1 to step 2 in a cookie, never in an address.

So step 2 is an ordinary page: the Back button of the bank's site leads to it without sending a form again.
"""

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from portail.families.queries import Family
from portail.news.operations.outbox import is_address
from portail.web.requests import TownRequest

COOKIE = "ticket"
SALT = "ticket"
LIVES = timedelta(hours=1)
SHORTEST, LONGEST = 6, 80  # what PayFiP takes


def problem_with(email: str) -> str:
    """Why no ticket can be sent there, in French; "" when nothing is wrong at first sight."""
    if not email:
        return _("Indiquez votre courriel : la banque y envoie le ticket de paiement.")
    if not SHORTEST <= len(email) <= LONGEST or not email.isascii() or not is_address(email):
        return _("Cette adresse de courriel n'est pas complète : elle ressemble à nom@exemple.fr.")
    return ""


def remember(response: HttpResponse, family: Family, email: str) -> None:
    """Keep the address for the pages of payment of this payer, for an hour."""
    value = signing.dumps([str(family.payer_public_id), email], salt=SALT)
    response.set_cookie(
        COOKIE,
        value,
        max_age=int(LIVES.total_seconds()),
        path=reverse("invoices"),
        httponly=True,
        secure=settings.HTTPS,
        samesite="Lax",
    )


def remembered(request: TownRequest, family: Family) -> str:
    """The address kept for this payer, "" when there is none."""
    try:
        payer, email = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=LIVES)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(email) if payer == str(family.payer_public_id) else ""
