"""Activities in the office: made from a model, changed, ordered, withdrawn; the cut-off said back with real days."""

import re

import pytest

from portail.bookings.models import Activity, ActivityDependency, ActivityGroup, Enrolment, Limit, Stop
from portail.bookings.operations.activities import EnrolmentDraft, set_enrolment
from portail.bookings.queries.activities import plan_of
from portail.bookings.queries.offer import cutoff_from
from portail.families.operations.register import PersonDraft
from portail.rules.booking import LatePolicy
from portail.rules.cutoffs import Cutoff, CutoffKind
from portail.towns.models import Audit
from portail.towns.scope import in_town
from tests.office.doors import Office
from tests.world import CLERK, JAMES, NOW, World, activity, family, tick, validate

NEW = "/mairie/activites/nouvelle/"
ETUDE = {
    "name": "Étude du soir", "group": "peri", "opens_on": "school_days", "weekdays": ["0", "1", "3", "4"],
    "book_kind": "working_days", "book_days": "1", "book_at": "10 h", "same": "on", "late": "refuse",
}  # fmt: skip


def edit(code: str) -> str:
    return f"/mairie/activites/{Activity.objects.get(code=code).pk}/"


def sent_back(page: str) -> dict[str, object]:
    """The values of the form that a page shows, as a browser would send them."""
    found: dict[str, object] = {}
    form = page.split("data-example-form")[1].split("</form>", maxsplit=1)[0]
    for tag in re.findall(r"<input [^>]*>", form):
        name, kind = re.search(r'name="([^"]+)"', tag), re.search(r'type="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if not name or (kind and kind[1] in ("checkbox", "radio") and " checked" not in tag):
            continue
        found.setdefault(name[1], [])
        found[name[1]].append(value[1] if value else "on" if kind and kind[1] == "checkbox" else "")  # type: ignore[attr-defined]
    for name_, body in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body)
        found[name_] = chosen[1] if chosen else re.search(r'value="([^"]*)"', body)[1]  # type: ignore[index]
    areas = re.findall(r'<textarea name="([^"]+)".*?>\n?(.*?)</textarea>', form, re.DOTALL)
    found |= dict(areas)
    found.pop("csrfmiddlewaretoken", None)
    return found


@pytest.mark.parametrize("model", ["cantine", "matin", "soir", "etude", "mercredi", "vacances", "ete", "bus"])
def test_every_model_gives_an_activity_as_it_stands(clerk: Office, model):
    ActivityGroup.objects.filter(code="bus").update(name="Car")  # so that one group has to be made
    assert f'href="?modele={model}"' in clerk.page(NEW)
    values = sent_back(clerk.page(NEW, modele=model))
    values["name"] = f"Essai {model}"
    assert clerk.sent(NEW, values) == "/mairie/activites/"
    assert f"Essai {model}" in clerk.page("/mairie/activites/", q=f"essai {model}")


def test_the_unknown_model_is_the_list_of_models(clerk: Office):
    assert "Choisissez le modèle" in clerk.page(NEW, modele="piscine")


def test_an_activity_keeps_all_that_was_typed(clerk: Office):
    values = {
        **ETUDE, "same": "", "cancel_kind": "weekday_before", "cancel_weekday": "3", "cancel_weeks": "2",
        "cancel_at": "minuit", "cancel_moved_back": "on", "late": "ask", "late_until": "8:30", "weeks_ahead": "6",
        "first_day": "2026-12-01", "last_day": "2027-06-30", "audiences": ["mallerin||", "ferry||CE1", "|CE2|"],
        "min_age": "6", "max_age": "11", "seats": "40", "link_requires": ["matin"], "link_excludes": ["midi"],
        "stops": "8 h 10 Mairie\n8:20   Gare", "enrolled_only": "on",
    }  # fmt: skip
    clerk.sent(NEW, values)
    one = Activity.objects.get(code="etude-du-soir")
    assert cutoff_from(one.book_cutoff) == Cutoff(CutoffKind.WORKING_DAYS, 600, days=1)
    assert cutoff_from(one.cancel_cutoff) == Cutoff(
        CutoffKind.WEEKDAY_BEFORE, 1440, weekday=3, weeks=2, moved_back=True
    )
    plan = plan_of(one)
    assert plan["audiences"] == [["mallerin", "", ""], ["ferry", "CE1", ""], ["", "", "CE2"]]
    assert plan["seats"] == {"": 40}
    assert sorted(plan["links"]) == [["excludes", "midi"], ["requires", "matin"]]
    assert plan["stops"] == {"Mairie": 490, "Gare": 500}
    assert (one.late_policy, one.late_until, one.weeks_ahead) == (LatePolicy.ASK, 510, 6)
    back = sent_back(clerk.page(edit(one.code)))
    clerk.sent(edit(one.code), back)
    again = plan_of(Activity.objects.get(code=one.code))
    assert {**again, "audiences": sorted(again["audiences"])} == {**plan, "audiences": sorted(plan["audiences"])}
    act = Audit.objects.filter(verb="save_plan").latest("id")
    assert act.before["book"] == act.after["book"]
    assert act.actor == "Odile PRUVOST"


def test_nonsense_in_a_field_that_is_not_looked_at_stops_nothing(clerk: Office):
    hidden = {"book_weeks": "-4", "book_on": "hier", "cancel_at": "?", "cancel_days": "x", "late_until": "jamais"}
    clerk.sent(NEW, {**ETUDE, **hidden})
    assert Activity.objects.get(code="etude-du-soir").late_until == 0


def test_what_is_unticked_goes(clerk: Office):
    clerk.sent(NEW, {**ETUDE, "seats": "5", "link_requires": ["matin"], "stops": "8 h Gare"})
    clerk.sent(edit("etude-du-soir"), ETUDE)
    assert not Limit.objects.exists()
    assert not Stop.objects.filter(name="Gare").exists()
    assert not ActivityDependency.objects.filter(activity__code="etude-du-soir").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "obligatoire"),
        ({"name": "Cantine"}, "Il y a déjà une activité « Cantine »"),
        ({"weekdays": []}, "Cochez au moins un jour"),
        ({"group": ""}, "Choisissez un groupe"),
        ({"group": "danse"}, "choix valide"),
        ({"book_at": "25 h"}, "pas une heure"),
        ({"book_days": ""}, "Indiquez-le"),
        ({"book_kind": "fixed_date"}, "Indiquez-le"),
        ({"book_days": "-1"}, "supérieure ou égale à 0"),
        ({"late": "ask"}, "Jusqu&#39;à quelle heure"),
        ({"same": ""}, "annulations"),
        ({"min_age": "12", "max_age": "3"}, "plus petit"),
        ({"first_day": "2026-12-01", "last_day": "2026-11-01"}, "finit avant"),
        ({"stops": "Mairie"}, "écrivez l&#39;heure puis le nom"),
        ({"link_requires": ["matin"], "link_excludes": ["matin"]}, "à la fois"),
        ({"name": "a\0b"}, "nul"),
        ({"name": "x" * 10_000}, "80 caractères"),
        ({"seats": "9" * 30}, "inférieure ou égale"),
        ({"audiences": ["buchelay||"]}, "choix valide"),
    ],
    ids=str,
)  # fmt: skip
def test_a_refused_form_says_why_and_keeps_what_was_typed(clerk: Office, changes, words):
    before = Activity.objects.count()
    page = clerk.refused(NEW, {**ETUDE, "weeks_ahead": "17", **changes})
    assert words in page
    assert 'value="17"' in page
    assert Activity.objects.count() == before


def test_a_form_sent_twice_makes_one_activity(clerk: Office):
    clerk.sent(NEW, ETUDE)
    assert "Il y a déjà" in clerk.refused(NEW, ETUDE)
    assert Activity.objects.filter(name="Étude du soir").count() == 1


def test_the_rule_is_said_back_with_real_days_before_anything_is_saved(clerk: Office):
    page = clerk.post(NEW, {**ETUDE, "act": "example"}).content.decode()
    assert "Inscription et annulation : jusqu&#39;à la veille (jour ouvré) à 10\xa0h." in page
    assert "Pour le <strong>mardi 17 novembre</strong> : jusqu'au lundi 16 novembre à 10\xa0h" in page
    assert "Pour le <strong>lundi 23 novembre</strong> : jusqu'au vendredi 20 novembre à 10\xa0h" in page
    assert "Pour le <strong>lundi 4 janvier</strong> : jusqu'au jeudi 31 décembre à 10\xa0h" in page
    assert not Activity.objects.filter(name="Étude du soir").exists()
    part = clerk.client.post(NEW, {**ETUDE, "book_at": "16 h", "act": "example"}, headers={"x-example": "1"})
    assert "lundi 16 novembre à 16\xa0h" in part.content.decode()
    assert "<html" not in part.content.decode()


def test_an_example_of_nonsense_is_no_fault(clerk: Office):
    said = []
    for values in ({}, {"book_kind": "x"}, {**ETUDE, "book_at": "?"}, {**ETUDE, "weekdays": ["6"]}):
        answer = clerk.post(NEW, {**values, "act": "example"})
        assert answer.status_code == 200
        said.append(answer.content.decode())
    assert "n'ouvre jamais" in said[-1]


def test_the_page_of_an_activity_shows_its_example_at_once(clerk: Office):
    assert "Pour le <strong>" in clerk.page(edit("mercredi"))


def test_a_withdrawn_activity_leaves_the_planning_and_comes_back(clerk: Office, demo: World):
    validate(tick(JAMES, "cantine", NOW.date().replace(day=23)), demo.as_jamie)
    assert "Ses 1 réservation à venir" in clerk.page(edit("cantine"))
    clerk.sent(f"{edit('cantine')}etat/", {"active": "0"})
    assert not Activity.objects.get(code="cantine").active
    assert "retirée" in clerk.page("/mairie/activites/", etat="retiree")
    clerk.sent(f"{edit('cantine')}etat/", {"active": "1"})
    assert Activity.objects.get(code="cantine").active


def test_the_order_of_the_planning(clerk: Office):
    def order() -> list[str]:
        return list(Activity.objects.filter(group__code="peri").order_by("position").values_list("code", flat=True))

    assert order() == ["cantine", "midi", "matin", "soir"]
    clerk.sent("/mairie/activites/ordre/", {"act": "down", "code": "cantine"})
    assert order() == ["midi", "cantine", "matin", "soir"]
    clerk.sent("/mairie/activites/ordre/", {"act": "up", "code": "midi"})
    clerk.sent("/mairie/activites/ordre/", {"act": "group_up", "code": "bus"})
    assert list(ActivityGroup.objects.order_by("position").values_list("code", flat=True)) == [
        "peri",
        "bus",
        "mercredi",
    ]


def test_groups_are_added_renamed_and_retired(clerk: Office):
    page = "/mairie/activites/ordre/"
    clerk.sent(page, {"act": "add", "name": "Séjours"})
    clerk.sent(page, {"act": "rename", "code": "sejours", "name": "Colonies"})
    assert ActivityGroup.objects.get(code="sejours").name == "Colonies"
    assert "contient des activités" in clerk.refused(page, {"act": "remove", "code": "peri"})
    clerk.sent(page, {"act": "remove", "code": "sejours"})
    assert not ActivityGroup.objects.filter(code="sejours").exists()
    assert clerk.post(page, {"act": "rename", "code": "sejours", "name": "x"}).status_code == 404
    assert clerk.post(page, {"act": "danse"}).status_code == 200


def test_another_towns_activity_is_not_there(clerk: Office, world: World):
    with in_town(world.buchelay):
        number = Activity.objects.get().pk
    for path in (f"/mairie/activites/{number}/", f"/mairie/activites/{number}/inscrits/"):
        assert clerk.get(path).status_code == 404
        assert clerk.post(path, ETUDE).status_code == 404


def test_lists_cost_the_same_whatever_their_length(clerk: Office, django_assert_num_queries):
    with django_assert_num_queries(5):
        clerk.page("/mairie/activites/")
    for number in range(60):
        activity(f"a{number}", f"Activité {number}")
    with django_assert_num_queries(5):
        assert "page 1 sur 2" in clerk.page("/mairie/activites/")
    csv = clerk.get("/mairie/activites/", export="csv")
    assert "attachment" in csv.headers["Content-Disposition"]


def test_children_are_enrolled_and_leave(clerk: Office, demo: World, django_assert_num_queries):
    page = f"{edit('bus')}inscrits/"
    clerk.sent(page, {"person": "007", "stop": "Mairie", "first_day": "2026-11-20"})
    one = Enrolment.objects.get()
    assert (one.person.code, one.stop.name, str(one.first_day)) == ("007", "Mairie", "2026-11-20")
    assert "BOND James" in clerk.page(page, q="bond")
    assert "999" in clerk.refused(page, {"person": "999"})
    assert "finit avant" in clerk.refused(page, {"person": "007", "first_day": "2026-11-20", "last_day": "2026-11-19"})
    assert "montent encore" in clerk.refused(edit("bus"), {**ETUDE, "name": "Bus", "group": "bus", "stops": ""})
    with django_assert_num_queries(7):
        clerk.page(page)
    _, persons = family("Parent NOMBREUX", "", [PersonDraft(f"E{n}", "N", "mallerin", "10") for n in range(60)])
    for person in persons:
        set_enrolment(draft=EnrolmentDraft(person.code, "bus"), by=CLERK, now=NOW)
    with django_assert_num_queries(7):
        clerk.page(page)
    gone = f"/mairie/activites/inscrits/{one.pk}/retirer/"
    assert "James BOND" in clerk.page(gone)
    clerk.sent(gone)
    assert clerk.post(gone).status_code == 404
    assert not Enrolment.objects.filter(person__code="007").exists()
