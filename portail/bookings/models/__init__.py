"""Activities and their rules, the town's calendar, what is booked, and the history of every change."""

from portail.bookings.models.activities import (
    Activity,
    ActivityAudience,
    ActivityDependency,
    ActivityGroup,
    Enrolment,
    Stop,
)
from portail.bookings.models.attendance import Attendance, AttendanceGesture
from portail.bookings.models.calendar import (
    Closure,
    DayOverride,
    Event,
    HolidayPeriod,
    Limit,
    Period,
    PeriodActivity,
    Places,
)
from portail.bookings.models.kitchen import KitchenOrder, KitchenRecipient
from portail.bookings.models.records import Change, ChangeSet, LateRequest, PeriodChoice, Presence

__all__ = [
    "Activity",
    "ActivityAudience",
    "ActivityDependency",
    "ActivityGroup",
    "Attendance",
    "AttendanceGesture",
    "Change",
    "ChangeSet",
    "Closure",
    "DayOverride",
    "Enrolment",
    "Event",
    "HolidayPeriod",
    "KitchenOrder",
    "KitchenRecipient",
    "LateRequest",
    "Limit",
    "Period",
    "PeriodActivity",
    "PeriodChoice",
    "Places",
    "Presence",
    "Stop",
]
