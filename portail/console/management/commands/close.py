"""`portail close`: close days, and take away what was booked on them."""

from typing import Any

from portail.bookings.models import Closure
from portail.bookings.operations.calendar import ClosureDraft, bookings_hit, close_days
from portail.bookings.operations.offer import OfferError, activity_named, classroom_named, school_named
from portail.console import typed as read
from portail.console.arguments import typed
from portail.console.command import TownCommand, counted
from portail.towns import wording


class Command(TownCommand):
    """A closure of the town, a school, a class or an activity."""

    help = "fermer des jours : la commune, une école, une classe ou une activité"

    def add_arguments(self, parser: Any) -> None:
        super().add_arguments(parser)
        day = typed(read.day)
        parser.add_argument("--from", dest="first", required=True, type=day, metavar="JOUR", help="premier jour fermé")
        parser.add_argument("--to", dest="last", type=day, metavar="JOUR", help="dernier jour fermé (sinon un seul)")
        parser.add_argument("--school", default="", metavar="CODE", help="seulement cette école")
        parser.add_argument("--class", dest="classroom", default="", metavar="NOM", help="seulement cette classe")
        parser.add_argument("--activity", default="", metavar="CODE", help="seulement cette activité")
        parser.add_argument("--reason", required=True, metavar="MOTIF", help="montré aux familles")
        parser.add_argument("--preview", action="store_true", help="dire ce qui serait annulé, sans rien écrire")

    def act_in_town(self, **options: Any) -> None:
        draft = ClosureDraft(
            first=options["first"],
            last=options["last"] or options["first"],
            reason=options["reason"][:150],
            school=options["school"],
            classroom=options["classroom"],
            activity=options["activity"],
        )
        if draft.classroom and not draft.school:
            raise OfferError("Une classe se ferme avec son école : ajoutez --school.")
        if options["preview"]:
            hit = _hit(draft)
            self.say(*(f"{wording.day(day)} : enfant {child}, {activity}" for child, activity, day in hit))
            what = counted(len(hit), "présence serait annulée", "présences seraient annulées")
            self.say(f"Aperçu, rien n'est écrit : {what}.")
            return
        _, taken = close_days(draft=draft, by=self.by, now=self.now)
        self.say(f"Fermeture posée ; {counted(taken, 'présence annulée', 'présences annulées')}.")


def _hit(draft: ClosureDraft) -> list[tuple[str, str, Any]]:
    if draft.last < draft.first:
        raise OfferError("La fermeture finit avant de commencer.")
    unsaved = Closure(
        first=draft.first,
        last=draft.last,
        school=school_named(draft.school),
        classroom=classroom_named(draft.school, draft.classroom),
        activity=activity_named(draft.activity) if draft.activity else None,
    )
    return bookings_hit(unsaved)
