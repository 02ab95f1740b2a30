"""What families write to the town hall (feature A4)."""

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from portail.news.models import ContactRequest
from portail.news.operations.lines import CONTROL, NewsError, one_line

LONGEST_MESSAGE = 4000


@dataclass(frozen=True, slots=True)
class ContactDraft:
    """What a visitor wrote. An e-mail address or a telephone number is needed to answer."""

    subject: str
    name: str
    email: str
    phone: str
    child: str
    message: str


@transaction.atomic
def receive_contact(*, draft: ContactDraft, now: datetime) -> ContactRequest:
    """Keep a message to the town hall, which answers it in its office. Raises NewsError."""
    message = CONTROL.sub("", draft.message).strip()
    name, email = one_line(draft.name, "Le nom", 150), one_line(draft.email, "Le courriel", 254)
    phone = one_line(draft.phone, "Le téléphone", 30)
    if not name or not message:
        raise NewsError("Il faut votre nom et votre message.")
    if len(message) > LONGEST_MESSAGE:
        raise NewsError(f"Le message dépasse {LONGEST_MESSAGE} caractères : raccourcissez-le.")
    if not email and not phone:
        raise NewsError("Il faut un courriel ou un téléphone, pour vous répondre.")
    if email:
        _check_email(email)
    request: ContactRequest = ContactRequest.objects.create(
        at=now,
        subject=one_line(draft.subject, "L'objet", 20),
        name=name,
        email=email,
        phone=phone,
        child=one_line(draft.child, "Le nom de l'enfant", 150),
        message=message,
    )
    return request


def _check_email(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError:
        raise NewsError(f"« {email[:80]} » n'est pas une adresse de courriel.") from None
