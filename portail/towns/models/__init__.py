"""Towns, the hosts they answer on, their staff, the trail of what staff did, and the work that waits."""

from portail.towns.models.staff import (
    RecoveryCode,
    SecondFactor,
    Staff,
    StaffManager,
    StaffRole,
    StaffSession,
    StaffThrottle,
)
from portail.towns.models.towns import Host, Logo, Town, TownManager, TownModel, TownQuerySet
from portail.towns.models.trail import Audit, Seal
from portail.towns.models.work import Job, KeptFile

__all__ = [
    "Audit",
    "Host",
    "Job",
    "KeptFile",
    "Logo",
    "RecoveryCode",
    "Seal",
    "SecondFactor",
    "Staff",
    "StaffManager",
    "StaffRole",
    "StaffSession",
    "StaffThrottle",
    "Town",
    "TownManager",
    "TownModel",
    "TownQuerySet",
]
