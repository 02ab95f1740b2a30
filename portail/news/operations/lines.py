"""What people type into the news room, as one clean line."""

import re

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class NewsError(ValueError):
    """Something typed or sent that cannot be; the message is a French sentence, `field` what it speaks of, if known."""

    def __init__(self, words: str, field: str = "") -> None:
        super().__init__(words)
        self.field = field


def one_line(text: str, what: str, longest: int) -> str:
    """One line of text, blanks squeezed; `what` names it in the error."""
    line = " ".join(CONTROL.sub("", text).split())
    if len(line) > longest:
        raise NewsError(f"{what} dépasse {longest} caractères.")
    return line
