"""Days, hours, moments and amounts as people say them, in the language in force. Every face uses these words."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import get_language, gettext, gettext_noop, ngettext, pgettext

NBSP = "\u00a0"
MIDNIGHT = 24 * 60


# Only marked here for the catalogues: a page says hundreds of days, and each must cost one translation, not nineteen.
_WEEKDAYS = (
    gettext_noop("lundi"), gettext_noop("mardi"), gettext_noop("mercredi"), gettext_noop("jeudi"),
    gettext_noop("vendredi"), gettext_noop("samedi"), gettext_noop("dimanche"),
)  # fmt: skip
_SHORT_WEEKDAYS = (
    gettext_noop("Lu"), gettext_noop("Ma"), gettext_noop("Me"), gettext_noop("Je"),
    gettext_noop("Ve"), gettext_noop("Sa"), gettext_noop("Di"),
)  # fmt: skip
_MONTHS = (
    gettext_noop("janvier"), gettext_noop("février"), gettext_noop("mars"), gettext_noop("avril"), "",
    gettext_noop("juin"), gettext_noop("juillet"), gettext_noop("août"), gettext_noop("septembre"),
    gettext_noop("octobre"), gettext_noop("novembre"), gettext_noop("décembre"),
)  # fmt: skip
_MAY = 5


def _month(number: int) -> str:
    return pgettext("mois", "mai") if number == _MAY else gettext(_MONTHS[number - 1])


def month(first_day: date) -> str:
    """« novembre 2026 »."""
    return f"{_month(first_day.month)} {first_day.year}"


def weekday(number: int) -> str:
    """0 -> « lundi »."""
    return gettext(_WEEKDAYS[number])


def weekday_short(number: int) -> str:
    """0 -> « Lu »."""
    return gettext(_SHORT_WEEKDAYS[number])


def _in_french() -> bool:
    return (get_language() or "fr").startswith("fr")


def _day_number(day: date) -> str:
    return "1er" if day.day == 1 and _in_french() else str(day.day)


def day(value: date) -> str:
    """« mardi 24 novembre 2026 », « vendredi 1er janvier 2027 »."""
    return f"{weekday(value.weekday())} {_day_number(value)} {_month(value.month)} {value.year}"


def plain_day(value: date) -> str:
    """« 24 novembre 2026 », « 1er janvier 2027 »."""
    return f"{_day_number(value)} {_month(value.month)} {value.year}"


def day_without_year(value: date) -> str:
    """« mardi 24 novembre »."""
    return f"{weekday(value.weekday())} {_day_number(value)} {_month(value.month)}"


def day_short(value: date) -> str:
    """« Ma 24 », the words of a cell."""
    return f"{weekday_short(value.weekday())}{NBSP}{value.day:02}"


def day_stamp(value: date) -> str:
    """« Je 24-12-2015 », the words of the history."""
    return f"{weekday_short(value.weekday())} {value:%d-%m-%Y}"


def numeric(value: date) -> str:
    """« 24/12/2015 »."""
    return f"{value:%d/%m/%Y}"


def time(minutes: int) -> str:
    """600 -> « 10 h », 1050 -> « 17 h 30 », 1440 -> « minuit »."""
    if minutes == MIDNIGHT:
        return gettext("minuit")
    hours, rest = divmod(minutes, 60)
    words = gettext("%(hours)d\u00a0h\u00a0%(minutes)02d") if rest else gettext("%(hours)d\u00a0h")
    return words % {"hours": hours, "minutes": rest}


def local(instant: datetime, zone: ZoneInfo) -> datetime:
    """The instant on the town's clock."""
    return instant.astimezone(zone)


def moment(instant: datetime, zone: ZoneInfo) -> str:
    """« jeudi 26 novembre à 10 h »; a midnight ends the day before: « jeudi 26 novembre à minuit »."""
    here = local(instant, zone)
    minutes = here.hour * 60 + here.minute
    if minutes == 0:
        here, minutes = here - timedelta(days=1), MIDNIGHT
    return gettext("%(day)s à %(time)s") % {"day": day_without_year(here.date()), "time": time(minutes)}


def moment_near(instant: datetime, now: datetime, zone: ZoneInfo) -> str:
    """The same moment as people say it: « hier à 10 h », « aujourd'hui à 16 h », « demain à 10 h »."""
    here = local(instant, zone)
    minutes = here.hour * 60 + here.minute
    if minutes == 0:
        here, minutes = here - timedelta(days=1), MIDNIGHT
    near = {-1: gettext("hier"), 0: gettext("aujourd'hui"), 1: gettext("demain")}
    distance = (here.date() - local(now, zone).date()).days
    words = near.get(distance) or day_without_year(here.date())
    return gettext("%(day)s à %(time)s") % {"day": words, "time": time(minutes)}


def stamp(instant: datetime, zone: ZoneInfo) -> str:
    """« Ma 22-12-2015 à 15:52 », the words of the history."""
    here = local(instant, zone)
    return gettext("%(day)s à %(time)s") % {"day": day_stamp(here.date()), "time": f"{here:%H:%M}"}


def duration(length: timedelta) -> str:
    """« 2 jours », « 2 h 14 », « 9 min »: the largest unit that tells something; less than a minute says so."""
    minutes = int(length.total_seconds()) // 60
    if minutes >= 2 * MIDNIGHT:
        days = minutes // MIDNIGHT
        return ngettext("%(days)d jour", "%(days)d jours", days) % {"days": days}
    if minutes >= 60:
        hours, rest = divmod(minutes, 60)
        several = pgettext("durée", "%(hours)d\u00a0h\u00a0%(minutes)02d")
        return (several if rest else pgettext("durée", "%(hours)d\u00a0h")) % {"hours": hours, "minutes": rest}
    if minutes:
        return gettext("%(minutes)d min") % {"minutes": minutes}
    return gettext("moins d'une minute")


def number(value: int) -> str:
    """1234567 -> « 1 234 567 » with narrow no-break spaces."""
    return f"{value:,}".replace(",", "\u202f") if _in_french() else f"{value:,}"


def decimal(text: str) -> str:
    """« 12.5 » -> « 12,5 »."""
    return text.replace(".", ",") if _in_french() else text


def percent(text: str) -> str:
    """« 12.5 » -> « 12,5 % »."""
    return f"{decimal(text)}{NBSP}%" if _in_french() else f"{text}%"


def money(cents: int) -> str:
    """123456 -> « 1 234,56 € », -50 -> « −0,50 € »: narrow no-break spaces, and a no-break space before the sign."""
    euros, rest = divmod(abs(cents), 100)
    sign = "\u2212" if cents < 0 else ""
    if _in_french():
        return f"{sign}{number(euros)},{rest:02}{NBSP}€"
    return f"{sign}€{euros:,}.{rest:02}"


def listing(words: list[str]) -> str:
    """« a », « a et b », « a, b et c »."""
    if len(words) < 2:
        return "".join(words)
    return gettext("%(first)s et %(last)s") % {"first": ", ".join(words[:-1]), "last": words[-1]}


def to_place(name: str) -> str:
    """« la mairie » -> « à la mairie », « le SIVOS » -> « au SIVOS »."""
    return _contracted(name, (("le ", "au "), ("les ", "aux "))) or gettext("à %(place)s") % {"place": name}


def of_place(name: str) -> str:
    """« la mairie » -> « de la mairie », « le SIVOS » -> « du SIVOS »."""
    return _contracted(name, (("le ", "du "), ("les ", "des "))) or gettext("de %(place)s") % {"place": name}


def _contracted(name: str, articles: tuple[tuple[str, str], ...]) -> str:
    """The name with its article run into the preposition, as French does; "" where there is nothing to run together."""
    found = (joined + name.removeprefix(article) for article, joined in articles if name.startswith(article))
    return next(found, "") if _in_french() else ""
