"""The forms of the board: an item, a file, what to look for."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from portail.news.board_queries import COMING, OVER, SHOWN
from portail.news.models import NewsItem
from portail.news.operations.board import LONGEST_BODY, NewsDraft
from portail.news.operations.lines import NewsError
from portail.news.plain_text import html_of, text_of
from portail.office.forms import OfficeForm

LONGEST_TEXT = LONGEST_BODY // 2  # what is typed grows when it becomes HTML
MIDNIGHT = time()


class NewsFilterForm(OfficeForm):
    """Which items."""

    q = forms.CharField(label="Mots du titre ou du texte", required=False, max_length=100)
    kind = forms.ChoiceField(label="Rubrique", required=False, choices=[("", "toutes"), *NewsItem.Kind.choices])
    state = forms.ChoiceField(
        label="État", required=False,
        choices=[("", "toutes"), (SHOWN, "en ligne"), (COMING, "à venir"), (OVER, "retirées")],
    )  # fmt: skip


class NewsForm(OfficeForm):
    """An item: what it says, when and where it is shown."""

    kind = forms.ChoiceField(label="Rubrique", choices=NewsItem.Kind.choices)
    title = forms.CharField(label="Titre", max_length=150)
    text = forms.CharField(
        label="Texte", max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 12}),
        help_text="Une ligne vide sépare les paragraphes ; « - » fait une liste, « # » un intertitre, **ceci** du "
        "gras. Les adresses https://… deviennent des liens.",
    )  # fmt: skip
    link = forms.CharField(label="Lien « En savoir plus »", max_length=200, required=False)
    place = forms.ChoiceField(label="Où l'afficher", choices=NewsItem.Place.choices)
    first = forms.DateField(label="À partir du", required=False, help_text="Vide : tout de suite.")
    at = forms.TimeField(label="Heure", required=False)
    last = forms.DateField(label="Jusqu'au (compris)", required=False, help_text="Vide : sans fin.")
    last_at = forms.TimeField(label="Heure de fin", required=False)
    token = forms.UUIDField(widget=forms.HiddenInput, required=False)

    @staticmethod
    def initial_of(one: NewsItem, zone: ZoneInfo) -> dict[str, Any]:
        """What the form shows of an item."""
        start = one.published_at.astimezone(zone)
        shown: dict[str, Any] = {"kind": one.kind, "title": one.title, "text": text_of(one.body), "link": one.link}
        shown |= {"place": one.place, "first": start.date(), "at": start.time()}
        if one.until is None:
            return shown
        end = one.until.astimezone(zone)
        if end.time() == MIDNIGHT:
            return shown | {"last": end.date() - timedelta(days=1)}
        return shown | {"last": end.date(), "last_at": end.time()}

    def clean(self) -> dict[str, Any]:
        """An hour needs its day; a last day without an hour is whole."""
        values = self.cleaned_data
        for hour, day in (("at", "first"), ("last_at", "last")):
            if values.get(hour) and not values.get(day) and day not in self.errors:
                self.add_error(day, "Indiquez aussi le jour, ou effacez l'heure.")
        return values

    def draft(self, zone: ZoneInfo, at_once: datetime) -> NewsDraft:
        """What a valid form asks for; `at_once`: when it is published if no day is given. Raises NewsError."""
        values = self.cleaned_data
        start, until = at_once, None
        try:
            if values["first"]:
                start = datetime.combine(values["first"], values["at"] or MIDNIGHT, zone)
            if values["last"] and values["last_at"]:
                until = datetime.combine(values["last"], values["last_at"], zone)
            elif values["last"]:
                until = datetime.combine(values["last"] + timedelta(days=1), MIDNIGHT, zone)
            for moment in (start, until):
                if moment is not None:
                    moment.astimezone(ZoneInfo("UTC"))
        except OverflowError:
            raise NewsError("Ces dates sont trop lointaines.", "last") from None
        return NewsDraft(
            NewsItem.Kind(values["kind"]), values["title"], html_of(values["text"]), values["link"], start, until,
            NewsItem.Place(values["place"]),
        )  # fmt: skip

    def refuse(self, refusal: NewsError) -> None:
        """The operation's sentence, at the field that it speaks of."""
        self.add_error(refusal.field if refusal.field in self.fields else None, str(refusal))


class FileForm(OfficeForm):
    """A PDF or a picture."""

    file = forms.FileField(
        label="Fichier", help_text="PDF, PNG ou JPEG, 10 Mo au plus.", allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
    )  # fmt: skip
    alt = forms.CharField(
        label="Ce que montre l'image", max_length=200, required=False,
        help_text="Pour les personnes qui ne la voient pas ; inutile pour un PDF.",
    )  # fmt: skip

    def refuse(self, refusal: NewsError) -> None:
        """The operation's sentence, at the field that it speaks of."""
        self.add_error(refusal.field or "file", str(refusal))
