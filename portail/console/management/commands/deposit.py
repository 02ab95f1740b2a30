"""`portail deposit`."""

from typing import Any

from portail.billing.models import Payment
from portail.billing.operations.deposits import deposit
from portail.console import typed as read
from portail.console.arguments import typed
from portail.console.command import TownCommand
from portail.towns import wording


class Command(TownCommand):
    """A payment to the accountant: all that one means brought and that was not paid over."""

    help = "verser au comptable tout ce qu'un moyen de paiement a apporté"

    def add_arguments(self, parser: Any) -> None:
        super().add_arguments(parser)
        parser.add_argument("--regie", required=True, metavar="CODE", help="la régie")
        parser.add_argument("--means", required=True, choices=Payment.Means.values, help="le moyen de paiement")
        parser.add_argument("--on", type=typed(read.day), metavar="JOUR", help="jour du versement (sinon aujourd'hui)")

    def act_in_town(self, **options: Any) -> None:
        means = Payment.Means(options["means"])
        made = deposit(regie=options["regie"], means=means, on=options["on"], by=self.by, now=self.now)
        self.say(
            f"Versement n° {made.number} : {means.label}, {wording.money(made.cents)}, le {wording.day(made.on)}.",
            f"Son état : portail books deposit --regie {options['regie']} --number {made.number} --out DOSSIER",
        )
