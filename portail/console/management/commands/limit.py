"""`portail limit`."""

from typing import Any

from portail.bookings.operations.offer import set_limit
from portail.console.command import TownCommand, counted


class Command(TownCommand):
    """How many places an activity has each day."""

    help = "limiter les places d'une activité"

    def add_arguments(self, parser: Any) -> None:
        super().add_arguments(parser)
        parser.add_argument("--activity", required=True, metavar="CODE", help="identifiant de l'activité")
        parser.add_argument("--school", default="", metavar="CODE", help="seulement pour cette école")
        parser.add_argument("--seats", required=True, type=int, metavar="PLACES", help="places par jour")

    def act_in_town(self, **options: Any) -> None:
        limit = set_limit(
            activity=options["activity"], school=options["school"], seats=options["seats"], by=self.by, now=self.now
        )
        self.say(f"{limit.activity.name} : {counted(limit.seats, 'place', 'places')} par jour.")
