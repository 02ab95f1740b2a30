"""Days in addresses: read without trust, said back in the shape of `<input type=date>`."""

from datetime import date, timedelta

from portail.office.requests import OfficeRequest, today

FARTHEST = timedelta(days=800)
"""Nothing is booked or ticked farther from today."""


def read_day(text: str, request: OfficeRequest) -> date | None:
    """« 2026-11-24 »; None for what is no day, or too far from today."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if str(day) == text and abs(day - today(request)) <= FARTHEST else None


def asked_day(request: OfficeRequest) -> date:
    """The day of `?jour=`, today without one that can be read."""
    return read_day(request.GET.get("jour", ""), request) or today(request)
