"""The calendar of direct debits: the days when TARGET2 works, the notice that a payer gets, the life of a mandate."""

from datetime import date, timedelta

from portail.rules.holidays import easter

NOTICE_DAYS = 14
"""Calendar days between the notice to the payer and the collection, unless a contract shortens it (EPC016-06)."""
MANDATE_MONTHS = 36
"""A mandate unused for so long may not be used again (EPC016-06 §4.1)."""
FIRST_SIGNATURE = date(2009, 11, 1)
"""Direct debits of SEPA began then; mandates of before were taken over as signed on that day."""


def is_banking_day(day: date) -> bool:
    """Does TARGET2 settle on that day? Not on Saturdays, Sundays and six closing days (ECB, 14 December 2000)."""
    fixed = (day.month, day.day) in {(1, 1), (5, 1), (12, 25), (12, 26)}
    paschal = day - easter(day.year) in {timedelta(days=-2), timedelta(days=1)}
    return day.weekday() < 5 and not fixed and not paschal


def next_banking_day(day: date) -> date:
    """`day` itself when it is one."""
    while not is_banking_day(day):
        day += timedelta(days=1)
    return day


def earliest_collection(notified_on: date, notice_days: int = NOTICE_DAYS) -> date:
    """The first day on which payers told on `notified_on` may be debited."""
    return next_banking_day(notified_on + timedelta(days=notice_days))


def collection_refusal(
    collect_on: date, *, sent_on: date, notified_on: date | None = None, notice_days: int = NOTICE_DAYS
) -> str:
    """Why money may not be collected on that day, as a French sentence; "" when it may.

    `sent_on`: the day the file is handed over, at least one banking day before. `notified_on`: the day payers were
    told; None when the notice is followed elsewhere.
    """
    if not is_banking_day(collect_on):
        day = next_banking_day(collect_on)
        return (
            f"Le {collect_on:%d/%m/%Y}, les banques n'échangent pas ; le premier jour possible est le {day:%d/%m/%Y}."
        )
    presented = next_banking_day(sent_on + timedelta(days=1))
    if collect_on < presented:
        return f"Un fichier remis le {sent_on:%d/%m/%Y} ne peut être prélevé avant le {presented:%d/%m/%Y}."
    if notified_on is not None and collect_on < notified_on + timedelta(days=notice_days):
        first = earliest_collection(notified_on, notice_days)
        return (
            f"Les familles, prévenues le {notified_on:%d/%m/%Y}, doivent l'être {notice_days} jours avant :"
            f" pas de prélèvement avant le {first:%d/%m/%Y}."
        )
    return ""


def is_lapsed(signed_on: date, last_collected_on: date | None, on: date) -> bool:
    """Has the mandate gone unused for 36 months on that day?"""
    used_on = last_collected_on or signed_on
    months = (on.year - used_on.year) * 12 + on.month - used_on.month
    return months > MANDATE_MONTHS or (months == MANDATE_MONTHS and on.day >= used_on.day)
