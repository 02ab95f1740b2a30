"""How to reach every page and state of the portal: what `test_looks` looks at."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.journeys.cells import LUNCH, free, shut
from tests.journeys.conftest import HEIGHTS, PHONE
from tests.journeys.parent import VALIDATE, Parent

Way = Callable[[Parent], Any]
PUBLIC: dict[str, Way] = {}
PRIVATE: dict[str, tuple[str, Way]] = {}


def public(way: Way) -> Way:
    """A state that anybody reaches."""
    PUBLIC[way.__name__.strip("_").replace("_", "-")] = way
    return way


def private(payer_name: str = "Jamie BOND") -> Callable[[Way], Way]:
    """A state that this payer reaches once logged in."""

    def register(way: Way) -> Way:
        PRIVATE[way.__name__.strip("_").replace("_", "-")] = (payer_name, way)
        return way

    return register


# ── public ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@public
def _login(parent: Parent) -> None:
    parent.go("/")


@public
def _login_refused(parent: Parent) -> None:
    parent.go("/")
    parent.type_codes(payer_code="ZZZZZ-ZZZZZ")
    expect(parent.page.get_by_role("alert")).to_be_visible()


@public
def _login_session_over(parent: Parent) -> None:
    parent.go("/planning/007/")
    expect(parent.heading("Me connecter")).to_be_visible()


@public
def _logged_out(parent: Parent) -> None:
    parent.log_in()
    parent.button("Déconnexion").click()
    expect(parent.heading("Me connecter")).to_be_visible()


@public
def _contact(parent: Parent) -> None:
    parent.go("/contact/")


@public
def _contact_errors(parent: Parent) -> None:
    parent.go("/contact/")
    parent.field("Votre e-mail").fill("camille@")
    parent.button("Envoyer").click()
    expect(parent.page.get_by_role("alert")).to_be_visible()


@public
def _contact_sent(parent: Parent) -> None:
    parent.go("/contact/")
    parent.field("Votre nom").fill("Camille Dupré")
    parent.field("Votre e-mail").fill("camille@exemple.fr")
    parent.field("Votre message").fill("Bonjour")
    parent.button("Envoyer").click()
    expect(parent.heading("Message envoyé", 2)).to_be_visible()


@public
def _help(parent: Parent) -> None:
    parent.go("/aide/")


@public
def _legal(parent: Parent) -> None:
    parent.go("/mentions-legales/")


@public
def _privacy(parent: Parent) -> None:
    parent.go("/donnees-personnelles/")


@public
def _accessibility(parent: Parent) -> None:
    parent.go("/accessibilite/")


@public
def _error_404(parent: Parent) -> None:
    parent.go("/nulle-part/")


@public
def _error_403(parent: Parent) -> None:
    parent.go("/")
    parent.context.clear_cookies()
    parent.type_codes()
    expect(parent.heading("Formulaire périmé", 1)).to_be_visible()


# ── private ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@private()
def _home(parent: Parent) -> None:
    expect(parent.heading("Mes enfants", 2)).to_be_visible()


@private("Marie-Antoinette Philomène DE LA ROCHEFOUCAULD-MONTMORENCY-LAVAL")
def _home_long_names(parent: Parent) -> None:
    expect(parent.heading("Mes enfants", 2)).to_be_visible()


@private("Samira BENALI")
def _home_five_children(parent: Parent) -> None:
    expect(parent.heading("Mes enfants", 2)).to_be_visible()


@private()
def _menu_more(parent: Parent) -> None:
    parent.page.get_by_role("navigation", name="Menu principal").get_by_text("Plus", exact=True).click()


@private()
def _children(parent: Parent) -> None:
    parent.go("/enfants/")


@private()
def _planning(parent: Parent) -> None:
    parent.open_planning()


@private()
def _planning_changed(parent: Parent) -> None:
    parent.open_planning()
    cells = [cell for cell in parent.cells() if cell.live]
    parent.toggle(*cells[:2], *cells[9:11])


@private()
def _planning_group(parent: Parent) -> None:
    parent.open_planning(query="?groupe=transport")


@private()
def _planning_later(parent: Parent) -> None:
    parent.open_planning()
    parent.onward()


@private("Siobhán O’CONNOR")
def _planning_full(parent: Parent) -> None:
    parent.open_planning(query="?groupe=petites-vacances")
    parent.look_for(shut("complet"), pages=6)


@private("Nadia EL AMRANI")
def _planning_half_weeks(parent: Parent) -> None:
    parent.open_planning()


@private("Mathilde VASSEUR")
def _planning_occasional(parent: Parent) -> None:
    parent.open_planning()


@private("Fatoumata KEÏTA")
def _planning_adult(parent: Parent) -> None:
    parent.open_planning()


@private("Marie-Antoinette Philomène DE LA ROCHEFOUCAULD-MONTMORENCY-LAVAL")
def _planning_long_names(parent: Parent) -> None:
    parent.open_planning()


@private()
def _session_warning(parent: Parent) -> None:
    parent.page.clock.install()
    parent.open_planning()
    parent.page.clock.fast_forward("28:30")
    expect(parent.page.get_by_role("dialog")).to_be_visible()


@private("Bjørn ÅSTRÖM")
def _recap(parent: Parent) -> None:
    parent.open_planning()
    parent.toggle(*parent.find_all(free(), "free morning", 2)[:2])
    parent.validate()


@private("İbrahim YILDIZ")
def _recap_undone(parent: Parent) -> None:
    _recap(parent)
    parent.button("Annuler ces modifications").click()
    expect(parent.button("Annuler ces modifications")).to_have_count(0)


@private("Claire MARTIN")
def _recap_refused(parent: Parent) -> None:
    parent.open_planning()
    parent.toggle(*parent.find_day(LUNCH, lambda day: not any(cell.checked for cell in day))[:2])
    parent.validate()


@private("Sophie MARTIN")
def _recap_requested(parent: Parent) -> None:
    parent.open_planning()
    parent.toggle(parent.find(lambda cell: cell.live and "sur demande" in cell.state, "late cell"))
    parent.validate()


@private("Maria da Conceição DA SILVA PEREIRA")
def _recap_meanwhile(parent: Parent) -> None:
    parent.open_planning()
    cell = parent.find(free(), "free morning")
    first, second = parent.page, parent.context.new_page()
    second.goto(first.url)
    parent.toggle(cell)
    parent.validate()
    parent.page = second
    second.set_viewport_size({"width": PHONE, "height": HEIGHTS[PHONE]})
    parent.validate()


@private("Bénédicte CHEVALIER")
def _recap_nothing(parent: Parent) -> None:
    parent.open_planning()
    parent.validate()


@private()
def _why(parent: Parent) -> None:
    parent.open_planning()
    parent.link(parent.find(lambda cell: not cell.live, "closed cell").name).click()
    expect(parent.heading(re.compile("^Pourquoi"), 1)).to_be_visible()


@private()
def _history(parent: Parent) -> None:
    parent.go("/modifications/007/")


@private("Émile DUPONT")
def _history_short(parent: Parent) -> None:
    parent.go(f"/modifications/{parent.family.children[0].code}/")


@private()
def _copy(parent: Parent) -> None:
    parent.go("/planning/007/copier/")


@private()
def _copy_errors(parent: Parent) -> None:
    parent.go("/planning/007/copier/")
    parent.page.get_by_role("radio", name="choisir les semaines").check()
    parent.button("Voir le détail").click()
    expect(parent.page.get_by_role("alert")).to_be_visible()


@private()
def _copy_preview(parent: Parent) -> None:
    parent.go("/planning/007/copier/")
    parent.page.get_by_role("radio", name="choisir les semaines").check()
    parent.page.get_by_role("checkbox", name=re.compile("^Semaine")).first.check()
    parent.button("Voir le détail").click()
    expect(parent.link("Modifier mon choix").first).to_be_visible()


@private()
def _usual_week(parent: Parent) -> None:
    parent.go("/planning/007/semaine-type/")


@private()
def _usual_week_errors(parent: Parent) -> None:
    parent.go("/planning/007/semaine-type/")
    parent.page.get_by_label("Du", exact=True).fill("2026-12-08")
    parent.page.get_by_label("Au", exact=True).fill("2026-12-01")
    parent.button("Voir le détail").click()
    expect(parent.page.get_by_role("alert")).to_be_visible()


@private()
def _absence(parent: Parent) -> None:
    parent.go("/planning/007/absence/")


@private()
def _siblings(parent: Parent) -> None:
    parent.go("/planning/007/autres-enfants/")


@private()
def _periods(parent: Parent) -> None:
    parent.go("/planning/007/periscotidien/")


@private("Rima HADDAD")
def _periods_validated(parent: Parent) -> None:
    parent.go(f"/planning/{parent.family.children[0].code}/periscotidien/")
    card = parent.page.get_by_role("region", name=re.compile("^Période 1"))
    for day in ("lundi", "jeudi"):
        card.get_by_role("checkbox", name=f"Accueil soir, {day}").check()
    card.get_by_role("checkbox", name=re.compile("^J'ai compris")).check()
    card.get_by_role("button", name=re.compile("^Valider cette période")).click()
    expect(parent.heading("Récapitulatif", 1)).to_be_visible()
    parent.go(f"/planning/{parent.family.children[0].code}/periscotidien/")


@private("Jürgen SCHNEIDER")
def _feed(parent: Parent) -> None:
    parent.go(f"/planning/{parent.family.children[0].code}/agenda/")


@private("Maryse BLANC")
def _feed_shared(parent: Parent) -> None:
    parent.go(f"/planning/{parent.family.children[0].code}/agenda/")
    parent.button("Créer l'adresse").click()
    expect(parent.field("Adresse de l'agenda")).to_be_visible()


@private()
def _contact_known(parent: Parent) -> None:
    parent.go("/contact/")
    expect(parent.field("Votre nom")).to_have_value("Jamie BOND")


@private()
def _planning_validate_in_reach(parent: Parent) -> None:
    """The button stays in view while the page scrolls."""
    parent.open_planning()
    parent.toggle(parent.find(free(), "free morning"))
    expect(parent.button(VALIDATE)).to_be_in_viewport()
