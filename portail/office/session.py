"""The cookie of an agent: the key of the session, signed. Its end, eight hours later, is in the table."""

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse

COOKIE = f"{settings.PREFIX}agent"
SIGNER = Signer(salt="staff")


def read(request: HttpRequest) -> str:
    """The key that came along, "" when there is none or it was tampered with."""
    try:
        return SIGNER.unsign(request.COOKIES.get(COOKIE, ""))
    except BadSignature:
        return ""


def remember(response: HttpResponse, key: str) -> None:
    """Set the cookie; it dies with the browser.."""
    response.set_cookie(COOKIE, SIGNER.sign(key), httponly=True, secure=settings.HTTPS, samesite="Lax")


def forget(response: HttpResponse) -> None:
    """Remove the cookie."""
    response.delete_cookie(COOKIE, samesite="Lax")
