"""May text be read in this colour? (WCAG 2.2, 1.4.3: a contrast of at least 4.5 to 1.)"""

import re

ENOUGH = 4.5


def readable_on_white(colour: str) -> bool:
    """True when `#rrggbb` and white can be read on one another."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        return False
    return 1.05 / (_luminance(colour) + 0.05) >= ENOUGH


def _luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
