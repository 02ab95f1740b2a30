"""Which cell of a planning suits a journey: by what the page says of it, since the world is built around today."""

from tests.journeys.parent import Cell, Wanted, far

CANTEEN, MORNING, EVENING = "Cantine", "Accueil matin", "Accueil soir"
WEDNESDAY = 2
LUNCH = (CANTEEN, "Accueil midi sans repas", "Accueil 12h15", "Transport 11h30")  # each excludes the others


def free(activity: str = MORNING) -> Wanted:
    """A box that is not ticked, far enough for no cut-off to come in between."""
    return lambda cell: _far(cell, activity) and not cell.checked


def booked(activity: str = MORNING) -> Wanted:
    """A ticked box, far enough too."""
    return lambda cell: _far(cell, activity) and cell.checked


def shut(state: str) -> Wanted:
    """A cell that cannot be changed and says so."""
    return lambda cell: not cell.live and state in cell.state


def _far(cell: Cell, activity: str) -> bool:
    # no Wednesday: the one on which school is caught up is no day of a usual week
    return cell.live and cell.activity == activity and cell.day >= far() and cell.day.weekday() != WEDNESDAY
