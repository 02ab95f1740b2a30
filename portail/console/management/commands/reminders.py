"""`portail reminders send`, `portail reminders print`."""

from pathlib import Path
from typing import Any

from portail.billing.models import Regie
from portail.billing.operations.reminders import LEVELS, ReminderDraft, remind
from portail.billing.queries.reminders import letters_of
from portail.billing.reminder_letters import print_reminders
from portail.console import typed as read
from portail.console.arguments import typed
from portail.console.billing_lookups import regie_coded
from portail.console.command import ConsoleError, TownCommand, add_town_arguments, counted
from portail.console.paper_files import write_new
from portail.gateways.pdf.press import PaperError
from portail.towns import wording
from portail.towns.queries import town_day


class Command(TownCommand):
    """Dunning: e-mails at once, letters as PDF, printed again as often as needed."""

    help = "relancer les factures impayées"

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="do", required=True, metavar="ACTE")
        send = acts.add_parser("send", help="relancer : courriels, et lettres à imprimer")
        again = acts.add_parser("print", help="refaire les lettres d'un jour, de ce qui reste à payer")
        for one in (send, again):
            add_town_arguments(one)
            one.add_argument("--regie", required=True, metavar="CODE", help="la régie")
            one.add_argument("--level", type=int, choices=LEVELS, default=1, help="1, 2, ou 3 (dernier rappel)")
            one.add_argument("--out", required=True, type=Path, metavar="DOSSIER", help="où écrire les lettres")
        send.add_argument("--min-days", type=int, default=15, metavar="N", help="jours depuis l'échéance (sinon 15)")
        again.add_argument("--on", required=True, type=typed(read.day), metavar="JOUR", help="le jour de la relance")

    def act_in_town(self, **options: Any) -> None:
        if not options["out"].is_dir():
            raise ConsoleError(f"{options['out']} n'est pas un dossier.")
        regie, level, on = regie_coded(options["regie"]), options["level"], options.get("on") or town_day(self.now)
        if options["do"] == "send":
            draft = ReminderDraft(regie.code, level, options["min_days"])
            done = remind(draft=draft, by=self.by, now=self.now)
            self.say(
                f"{counted(done.invoices, 'facture relancée', 'factures relancées')}, {wording.money(done.cents)} : "
                f"{counted(done.letters, 'lettre', 'lettres')}, {counted(done.mails, 'courriel', 'courriels')}.",
                *(f"Laissée : {one.number}, {one.payer} : {one.why}" for one in done.left_out),
            )
        self._letters(regie, level, on, options["out"])

    def _letters(self, regie: Regie, level: int, on: Any, out: Path) -> None:
        letters = letters_of(regie, level, on)
        if not letters:
            raise ConsoleError(f"Aucune relance de niveau {level} n'a été faite le {on:%d/%m/%Y}, ou tout est payé.")
        try:
            for rank, content in enumerate(print_reminders(regie, letters, level, now=self.now, on=on), start=1):
                name = f"relances-{regie.code}-{level}-{on}-{rank:02}.pdf"
                self.say(f"Lettres : {write_new(out, name, content)}.")
        except PaperError as error:
            raise ConsoleError(f"Les lettres n'ont pu être composées : {error}") from None
