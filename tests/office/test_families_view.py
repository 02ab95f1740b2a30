"""« Voir comme la famille »: the same pages, a banner, nothing that changes anything, a line in the trail."""

from datetime import timedelta

import pytest
from django.core.signing import Signer
from django.urls import reverse

from portail.bookings.models import ChangeSet
from portail.families.models import Payer, Person
from portail.families.viewing import COOKIE, LONGEST, View, read_ticket, ticket
from portail.rules.staff import Role
from portail.towns.models import Audit
from portail.towns.operations.access import log_out_staff
from portail.towns.scope import in_town
from tests.office.doors import BUCHELAY, Office
from tests.world import NOW, World

BANNER = "Vue de la mairie"


def look(office: Office, payer: Payer) -> Office:
    assert office.sent(reverse("office:view_as", kwargs={"public_id": payer.public_id})) == "/accueil/"
    return office


def test_an_agent_sees_the_familys_pages_under_a_banner(demo: World, clerk):
    look(clerk, demo.jamie)
    for path in ("/accueil/", "/planning/007/", "/modifications/007/", "/factures/"):
        page = clerk.page(path)
        assert BANNER in page, path
        assert "Jamie BOND" in page
        assert "data-session-ends" not in page
    assert clerk.get("/planning/123456/").status_code == 404
    (act,) = Audit.objects.filter(verb="view_as")
    assert (act.actor, act.subject) == ("Odile PRUVOST", "Jamie BOND")
    assert clerk.get("/accueil/").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/planning/007/", "/deconnexion/", "/prolonger/", "/contact/", "/langue/", "/nulle-part/"]
)
def test_nothing_can_be_sent(demo: World, clerk, path):
    look(clerk, demo.jamie)
    response = clerk.post(path, {"x": "y"})
    assert response.status_code == 403
    assert "rien n&#39;est enregistré" in response.content.decode()
    assert ChangeSet.objects.count() == 0
    assert clerk.client.put("/planning/007/").status_code == 403


def test_leaving_goes_back_to_the_family(demo: World, clerk):
    look(clerk, demo.jamie)
    back = reverse("office:family", kwargs={"public_id": demo.jamie.public_id})
    assert clerk.sent("/mairie/familles/vue/quitter/") == back
    assert BANNER not in clerk.page("/")
    assert clerk.get("/accueil/").status_code == 302
    assert clerk.sent("/mairie/familles/vue/quitter/") == "/mairie/"


def test_the_view_dies_with_its_half_hour_the_session_or_the_role(demo: World, clerk, enter, clock):
    look(clerk, demo.jamie)
    clock.shift(LONGEST - timedelta(seconds=1))
    assert BANNER in clerk.page("/accueil/")
    clock.shift(timedelta(seconds=1))
    assert clerk.get("/accueil/").status_code == 302
    clock.move_to(NOW)
    other = look(enter(Role.CLERK), demo.jamie)
    view = read_ticket(other.client.cookies[COOKIE].value, NOW)
    assert view
    log_out_staff(session_id=view.session_id)
    assert other.get("/accueil/").status_code == 302
    third = look(enter(Role.CLERK), demo.jamie)
    third.staff.roles.all().delete()
    assert third.get("/accueil/").status_code == 302


def test_who_may_not_read_families_sees_none(demo: World, enter):
    kitchen = enter(Role.KITCHEN)
    assert kitchen.post(reverse("office:view_as", kwargs={"public_id": demo.jamie.public_id})).status_code == 403


def test_a_payer_of_nobody_shows_nothing(demo: World, clerk):
    Person.objects.filter(links__payer=demo.jamie).update(active=False)
    response = clerk.post(reverse("office:view_as", kwargs={"public_id": demo.jamie.public_id}))
    assert response.status_code == 400
    assert "aucun enfant actif" in response.content.decode()


def test_a_ticket_opens_its_own_town_alone(world: World, clerk):
    look(clerk, world.jamie)
    assert clerk.client.get("/accueil/", headers={"host": BUCHELAY}).status_code == 302
    with in_town(world.buchelay):
        theirs = ticket(View(world.lea.public_id, 1, NOW + LONGEST))
    clerk.client.cookies[COOKIE] = theirs
    assert clerk.get("/accueil/").status_code == 302


@pytest.mark.parametrize("value", ["", "x", "x.y.z", "a.b.c:sig", "\0"])
def test_a_forged_ticket_opens_nothing(demo: World, value):
    assert read_ticket(value, NOW) is None
    assert read_ticket(Signer(salt="view-as").sign(value), NOW) is None
    far = View(demo.jamie.public_id, 1, NOW + LONGEST + timedelta(minutes=1))
    assert read_ticket(ticket(far), NOW) is None
    assert read_ticket(ticket(View(demo.jamie.public_id, 1, NOW + LONGEST)), NOW)
