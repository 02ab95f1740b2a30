"""`portail status`."""

from typing import Any

from django.conf import settings

from portail.billing.queries.regies import idle_regies
from portail.billing.wording import idle_words
from portail.bookings.queries.offer import offer_in_force
from portail.console.checks import unsafe
from portail.console.command import ConsoleError, PortailCommand, counted
from portail.console.lookups import head_count
from portail.console.serving import waiting_migrations
from portail.news.queries import outbox_counts
from portail.towns.models import Town
from portail.towns.queries import all_towns, hosts_of
from portail.towns.scope import in_town


class Command(PortailCommand):
    """What this installation holds and what it lacks; exit code 1 when it could not be served."""

    help = "dire où en est l'installation : communes, base de données, réglages dangereux"

    def act(self, **_options: Any) -> None:
        engine = "PostgreSQL" if "postgresql" in settings.DATABASES["default"]["ENGINE"] else "SQLite"
        self.say(f"Mode : {settings.MODE} ; base de données : {engine}")
        waiting = waiting_migrations()
        if waiting:
            raise ConsoleError(f"Migrations en attente ({len(waiting)}) : lancez « portail migrate ».", returncode=1)
        for town in all_towns():
            with in_town(town):
                self.say(*_lines(town), *_idle(), *self._mails())
        reasons = unsafe()
        if reasons:
            raise ConsoleError("\n".join(f"À corriger : {reason}" for reason in reasons), returncode=1)

    def _mails(self) -> list[str]:
        """What is wrong with the e-mails of the town in force; nothing when nothing is."""
        late, lost = outbox_counts(self.now)
        said = []
        if late:
            why = "le service « portail worker » tourne-t-il ?" if settings.SMTP_URL else "PORTAIL_SMTP_URL est vide."
            said.append(
                f"    {counted(late, 'courriel attend', 'courriels attendent')} depuis plus d'une heure : {why}"
            )
        if lost:
            said.append(
                f"    {counted(lost, 'courriel abandonné', 'courriels abandonnés')}, faute d'être "
                f"{'accepté' if lost == 1 else 'acceptés'}."
            )
        return said


def _idle() -> list[str]:
    """The régies that families cannot pay online because they were left in test mode."""
    return [f"    {idle_words(one.name, one.mode)}." for one in idle_regies()]


def _lines(town: Town) -> list[str]:
    (payers, persons), activities = head_count(), len(offer_in_force().rulebook.activities)
    return [
        f"{town.name} ({town.slug}) : {Town.Status(town.status).label} ; {', '.join(hosts_of(town))}",
        f"    payeurs : {payers} ; enfants et convives : {persons} ; activités : {activities}",
    ]
