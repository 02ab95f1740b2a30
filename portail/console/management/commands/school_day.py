"""`portail school-day`."""

from typing import Any

from portail.bookings.operations.calendar import set_school_day
from portail.console import typed as read
from portail.console.arguments import typed
from portail.console.command import TownCommand
from portail.towns import wording


class Command(TownCommand):
    """A day that is not what the calendar says."""

    help = "dire qu'il y aura école un mercredi, ou pas un jour de pont"

    def add_arguments(self, parser: Any) -> None:
        super().add_arguments(parser)
        parser.add_argument("--day", required=True, type=typed(read.day), metavar="JOUR", help="par exemple 24/11/2026")
        parser.add_argument("--no-school", action="store_true", help="ce jour-là il n'y a pas école")
        parser.add_argument("--school", default="", metavar="CODE", help="seulement pour cette école")
        parser.add_argument("--reason", required=True, metavar="MOTIF", help="montré aux familles")

    def act_in_town(self, **options: Any) -> None:
        has_school = not options["no_school"]
        reason = options["reason"][:150]
        set_school_day(
            day=options["day"], has_school=has_school, reason=reason, school=options["school"], by=self.by, now=self.now
        )
        self.say(f"{wording.day(options['day']).capitalize()} : {'il y a' if has_school else 'pas'} école.")
