"""Périscotidien, calendar feed, contact, texts, errors, the bare host (features P10, A2, A4)."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.portal import Child, Family, Portal, World


def test_a_period_is_validated_once(visit: Visit, family: Family, width: int) -> None:
    parent = visit(family, width=width, allowed={400})
    parent.log_in()
    parent.open_planning()
    parent.link("Périscotidien").click()
    address = parent.page.url
    older = parent.context.new_page()
    older.goto(address)
    card = parent.page.get_by_role("region", name=re.compile("^Période 2"))
    card.get_by_role("checkbox", name="Accueil soir, mardi", exact=True).check()
    card.get_by_role("checkbox", name="J'ai compris : ce choix de période est définitif.").check()
    card.get_by_role("button", name=re.compile("^Valider cette période : Période 2")).click()
    expect(parent.heading("Récapitulatif", 1)).to_be_visible()
    parent.page.goto(address)
    expect(card).to_contain_text("Période déjà validée (non modifiable)")
    expect(card.get_by_role("checkbox")).to_have_count(0)
    expect(card.get_by_role("row", name=re.compile("^Accueil soir")).get_by_role("cell").nth(1)).to_have_text("inscrit")
    late = older.get_by_role("region", name=re.compile("^Période 2"))
    late.get_by_role("checkbox", name="J'ai compris : ce choix de période est définitif.").check()
    late.get_by_role("button", name=re.compile("^Valider cette période")).click()
    expect(older.get_by_role("alert")).to_contain_text("Cette période est déjà validée : rien n'a été changé.")


def test_a_calendar_address_is_made_renewed_and_stopped(visit: Visit, family: Family, portal: Portal) -> None:
    parent = visit(family)
    parent.log_in()
    parent.open_planning()
    parent.link("Mettre ce planning dans mon agenda").click()
    parent.button("Créer l'adresse").click()
    first = _feed(parent.field("Adresse de l'agenda").input_value(), parent.portal.origin(family.host))
    status, kind, text = portal.get(family.host, first)
    assert (status, kind) == (200, "text/calendar")
    assert text.startswith("BEGIN:VCALENDAR\r\n")
    parent.button("Changer l'adresse").click()
    expect(parent.field("Adresse de l'agenda")).not_to_have_value(re.compile(first))
    second = _feed(parent.field("Adresse de l'agenda").input_value(), parent.portal.origin(family.host))
    assert portal.get(family.host, first)[0] == 404
    assert portal.get(family.host, second)[0] == 200
    parent.button("Ne plus partager").click()
    expect(parent.button("Créer l'adresse")).to_be_visible()
    assert portal.get(family.host, second)[0] == 404


def test_a_contact_form_keeps_what_was_typed(visit: Visit, family: Family, width: int) -> None:
    parent = visit(family, width=width, allowed={400})
    parent.go("/")
    parent.link("Je rencontre des difficultés à me connecter").click()
    parent.field("Votre nom").fill("Camille Dupré")
    parent.field("Votre message").fill("Je n'ai pas reçu la lettre.")
    parent.field("Votre e-mail").fill("camille.dupre@")
    parent.button("Envoyer").click()
    alert = parent.page.get_by_role("alert")
    expect(alert).to_be_focused()
    alert.get_by_role("link", name=re.compile("Cette adresse de courriel")).click()
    expect(parent.field("Votre e-mail")).to_be_focused()
    expect(parent.field("Votre nom")).to_have_value("Camille Dupré")
    expect(parent.field("Votre message")).to_have_value("Je n'ai pas reçu la lettre.")
    expect(parent.field("Votre e-mail")).to_have_value("camille.dupre@")
    parent.field("Votre e-mail").fill("camille.dupre@exemple.fr")
    parent.button("Envoyer").click()
    expect(parent.heading("Message envoyé", 2)).to_be_focused()


@pytest.mark.parametrize(
    ("link", "title"),
    [
        ("Aide", "Aide"),
        ("Mentions légales", "Mentions légales"),
        ("Données personnelles", "Données personnelles"),
        ("Accessibilité : non conforme", "Accessibilité"),
    ],
)
def test_every_page_leads_to_the_texts(visit: Visit, family: Family, link: str, title: str) -> None:
    parent = visit(family)
    parent.go("/")
    foot = parent.page.get_by_role("contentinfo")
    parent.link(link, within=foot).click()
    expect(parent.page.get_by_role("heading", level=1)).to_contain_text(title)
    expect(parent.link(link, within=foot)).to_be_visible()


def test_a_file_of_the_news_can_be_had_before_login(visit: Visit, family: Family, portal: Portal) -> None:
    parent = visit(family)
    parent.go("/")
    file = parent.link(re.compile(r"^menus\.pdf"))
    with parent.page.expect_download() as download:
        file.click()
    assert download.value.suggested_filename == "menus.pdf"
    picture = parent.page.get_by_role("img", name="Dessin d'une école au toit rouge, sous un ciel bleu")
    picture.scroll_into_view_if_needed()
    parent.page.wait_for_function("(img) => img.complete && img.naturalWidth > 0", arg=picture.element_handle())


def test_the_clock_and_the_cutoffs_are_told_before_login(visit: Visit, family: Family) -> None:
    parent = visit(family)
    parent.go("/")
    expect(parent.page.get_by_role("banner")).to_contain_text("Date et heure du serveur")
    parent.sees("jusqu'à la veille (jour ouvré) à 10 h")
    parent.sees("Pour rattraper le pont")


def test_what_does_not_exist_or_is_not_ours(visit: Visit, family: Family, demo_world: World) -> None:
    parent = visit(family, allowed={404})
    parent.log_in()
    other: Child = next(f for f in demo_world.families if f.host == family.host and f != family).children[0]
    for path in (
        "/nulle-part/",
        f"/planning/{other.code}/",
        f"/modifications/{other.code}/",
        f"/planning/{other.code}/agenda/",
    ):
        parent.go(path)
        expect(parent.heading("Page introuvable", 1)).to_be_visible()
        expect(parent.page.get_by_text(other.first_name)).to_have_count(0)
    parent.link("Revenir à l'accueil").click()
    expect(parent.heading(re.compile("^Bonjour"), 1)).to_be_visible()


def test_a_stale_form_is_refused_in_plain_words(visit: Visit, family: Family) -> None:
    parent = visit(family, allowed={403})
    parent.log_in()
    parent.context.clear_cookies(name=re.compile("csrf$"))
    parent.button("Déconnexion").click()
    expect(parent.heading("Formulaire périmé", 1)).to_be_visible()


def test_private_pages_lead_to_the_login_and_back(visit: Visit, family: Family) -> None:
    parent = visit(family)
    parent.go(f"/planning/{family.children[0].code}/")
    parent.type_codes()
    expect(parent.heading(re.compile("^Planning de"), 1)).to_be_visible()


def test_the_bare_host_leads_to_the_towns(visit: Visit, demo_world: World, portal: Portal) -> None:
    nobody = Family("localhost", "", "", ())
    parent = visit(nobody)
    parent.go("/")
    expect(parent.page.get_by_role("heading", level=1)).to_be_visible()
    for name, host in demo_world.towns.items():
        expect(parent.link(name)).to_have_attribute("href", re.compile(re.escape(portal.origin(host))))


def test_the_language_can_be_switched(visit: Visit, family: Family) -> None:
    parent = visit(family)
    parent.go("/")
    parent.button("English").click()
    expect(parent.button("Log in")).to_be_visible()
    expect(parent.page.locator("html")).to_have_attribute("lang", "en")
    parent.button("Français").click()
    expect(parent.button("Connexion")).to_be_visible()


def _feed(address: str, origin: str) -> str:
    assert address.startswith(f"{origin}/agenda/"), address
    return address.removeprefix(origin)
