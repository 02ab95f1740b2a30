"""The two control keys of an ORMC debt (annexe technique ORMC; formulas through public transcriptions)."""

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXY"
DEBT_DIGITS = 13


def key_1(*, collectivity: str, bordereau: int, exercise: int, period: int, debt: str) -> str:
    """Cle1: modulo 11 of CodCol, IdBord (7), year (2), period and debt (13), weights 2 to 7 from the right."""
    digits = f"{collectivity}{bordereau:07}{exercise % 100:02}{period}{debt.zfill(DEBT_DIGITS)}"
    total = sum(int(digit) * (2 + rank % 6) for rank, digit in enumerate(reversed(digits)))
    key = 11 - total % 11
    return str(key) if key <= 9 else "1"


def key_2(*, exercise: int, period: int, debt: str) -> str:
    """Cle2: the letter whose rank is year (2), period, « 00 » and debt (13) modulo 23."""
    return LETTERS[int(f"{exercise % 100:02}{period}00{debt.zfill(DEBT_DIGITS)}") % 23]
