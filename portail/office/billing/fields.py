"""Amounts and papers as the office types and hands them."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse

from portail.billing.documents import PdfFile
from portail.billing.operations.papers import note_unprintable
from portail.gateways.pdf.press import PaperError
from portail.gateways.spreadsheet import cents_of, euros
from portail.office.lists import attached
from portail.office.pages import error
from portail.office.requests import OfficeRequest

MOST_CENTS = 999_999_999


class MoneyField(forms.CharField):
    """An amount in French form, « 12,34 », in cents once read. Never negative."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "class": "amount"})
        super().__init__(**{"max_length": 20, "widget": widget, **kwargs})

    def prepare_value(self, value: object) -> object:
        """Cents as they are typed."""
        return euros(value) if isinstance(value, int) else value

    def clean(self, value: object) -> object:
        """Cents, None for an empty field. Raises ValidationError."""
        text = super().clean(value)
        if not text:
            return None
        cents = cents_of(text)
        if cents is None:
            raise forms.ValidationError(f"« {text} » n'est pas un montant : écrivez 12,34.")
        if not 0 <= cents <= MOST_CENTS:
            raise forms.ValidationError("Ce montant est négatif, ou trop grand.")
        return cents


def paper(file: PdfFile) -> HttpResponse:
    """A PDF to open or keep."""
    return attached(file.content, file.name, "application/pdf")


def not_printed(request: OfficeRequest, public_id: UUID, fault: PaperError) -> HttpResponse:
    """The page for a paper that cannot be made; it is noted « à vérifier »."""
    note_unprintable(public_id=public_id, reason=str(fault), now=request.now)
    words = "Ce document n'a pas pu être mis en page. C'est noté dans la liste « À vérifier »."
    return error(request, 409, "Document impossible à imprimer", words)
