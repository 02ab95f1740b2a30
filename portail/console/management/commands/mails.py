"""`portail mails list|retry`: the e-mails that were given up."""

from typing import Any

from portail.console.command import TownCommand, add_town_arguments, counted
from portail.news.operations.outbox import retry_failed
from portail.news.queries import MOST_ABANDONED, AbandonedMail, abandoned_mails, outbox_counts
from portail.towns import wording
from portail.towns.queries import town_day


class Command(TownCommand):
    """Which e-mails no server took, why, and another try once the cause is mended."""

    help = "les courriels abandonnés : les lister, les renvoyer"

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="do", required=True, metavar="ACTE")
        add_town_arguments(acts.add_parser("list", help=f"les {MOST_ABANDONED} derniers, et pourquoi"))
        add_town_arguments(acts.add_parser("retry", help="les remettre tous à envoyer, une fois la cause corrigée"))

    def act_in_town(self, **options: Any) -> None:
        if options["do"] == "retry":
            number = retry_failed(by=self.by, now=self.now)
            self.say(f"{counted(number, 'courriel remis', 'courriels remis')} à envoyer.")
            return
        _, lost = outbox_counts(self.now)
        self.say(*(line for mail in abandoned_mails() for line in _lines(mail)))
        self.say(f"{counted(lost, 'courriel abandonné', 'courriels abandonnés')}.")


def _lines(mail: AbandonedMail) -> tuple[str, str]:
    return (
        f"{wording.numeric(town_day(mail.created_at))}  {mail.to}  {mail.subject}",
        f"    {mail.last_error or 'sans raison connue'}",
    )
