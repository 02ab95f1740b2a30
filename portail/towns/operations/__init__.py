"""Writes about towns, their staff and their trail."""

from portail.towns.operations.settings import (
    LABELS,
    LOGO_BYTES,
    LOGO_TYPES,
    SETTINGS,
    TownSettingError,
    change_settings,
    create_town,
    set_hosts,
    set_logo,
    set_status,
    touch_rulebook,
)
from portail.towns.operations.staff import create_staff
from portail.towns.operations.trail import Act, record

__all__ = [
    "LABELS",
    "LOGO_BYTES",
    "LOGO_TYPES",
    "SETTINGS",
    "Act",
    "TownSettingError",
    "change_settings",
    "create_staff",
    "create_town",
    "record",
    "set_hosts",
    "set_logo",
    "set_status",
    "touch_rulebook",
]
