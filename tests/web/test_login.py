"""The two codes at the door: the same answer for known and unknown, waits in words, a page to go back to."""

import re
from datetime import date, timedelta
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import pytest

from portail.families import hashing
from portail.families.models import FailedLogin, ParentSession, Payer, Throttle
from portail.families.operations import access
from portail.families.operations.register import PersonDraft, reissue_code
from portail.rules.codes import damm
from portail.towns.models import Town
from portail.towns.operations import change_settings, set_status
from portail.towns.scope import in_town
from tests.web.browser import BUCHELAY, DEMO, Browser, Page
from tests.world import (
    ANGELINE,
    BERTRAND,
    CLERK,
    DENISE_CODE,
    JAMES,
    JAMIE_CODE,
    LEA_CODE,
    NOW,
    family,
)

WRONG = "WR0NG-WR0NG"
NOT_TOGETHER = "Ces deux codes ne vont pas ensemble. Vérifiez le Code enfant et le Code payeur."


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Hashes compared without their cost; each one leaves its setting (« m=4096 »)."""
    computed: list[str] = []

    def verify(hashed: str, code: str) -> bool:
        computed.append(re.findall(r"m=\d+", hashed)[0])
        return hashed == known.get(code, "")

    known: dict[str, str] = {}
    monkeypatch.setattr(access, "verify", verify)
    return computed


def attempt(code: str, payer_code: str = WRONG, browser: Browser | None = None) -> tuple[int, str]:
    response = (browser or Browser()).post("/", {"child_code": code, "payer_code": payer_code})
    found = Page(response.content.decode())
    errors = re.findall(r'id="login-error".*?<p>(.*?)</p>', found.html, re.DOTALL)
    return response.status_code, " ".join("".join(errors).replace("&#39;", "'").split())


def without_what_was_typed(html: str, code: str) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", html.replace(code, "CODE"))


def own_code(seven: str = "4321987") -> str:
    return f"{seven}{damm(seven)}"


# --- Constant answers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("known", "unknown"), [(JAMES, "999"), (ANGELINE, "654321")])
def test_a_known_and_an_unknown_code_get_the_same_answer(known, unknown, world, cheap):
    answers, costs = [], []
    for code in (known, unknown):
        for _try in range(7):
            cheap.clear()
            response = Browser().post("/", {"child_code": code, "payer_code": WRONG})
            answers.append((response.status_code, without_what_was_typed(response.content.decode(), code)))
            costs.append(sorted(cheap))
    assert answers[:7] == answers[7:]
    assert costs[:7] == costs[7:]
    assert costs[0] != []


def test_the_same_work_for_a_code_of_ours_known_or_not(world, cheap):
    ours, nobodys = own_code(), own_code("1111111")
    with in_town(world.demo):
        family("Zed ZED", "ZEDZE-DZEDZ", [PersonDraft("Zed", "ZED", code=ours)])
    costs = []
    for code in (ours, nobodys):
        cheap.clear()
        assert attempt(code) == (403, NOT_TOGETHER)
        costs.append(list(cheap))
    assert costs[0] == costs[1]


def test_two_payers_of_one_child_cost_no_more_than_one(world, paul, cheap):
    costs = []
    for code in (JAMES, BERTRAND):
        cheap.clear()
        attempt(code)
        costs.append(sorted(cheap))
    assert costs[0] == costs[1]


def test_the_right_code_of_another_family_or_town_is_a_wrong_code(world):
    assert attempt(JAMES, DENISE_CODE) == (403, NOT_TOGETHER)
    assert attempt(JAMES, LEA_CODE) == (403, NOT_TOGETHER)
    assert attempt(JAMES, JAMIE_CODE, Browser(BUCHELAY)) == (403, NOT_TOGETHER)


def test_an_old_code_dies_with_its_sessions_when_a_new_one_is_issued(world, jamie):
    with in_town(world.demo):
        issued = reissue_code(payer=world.jamie, by=CLERK, now=NOW)
    assert jamie.get("/accueil/").status_code == 302
    assert attempt(JAMES, JAMIE_CODE) == (403, NOT_TOGETHER)
    assert Browser().enter(JAMES, issued.code.lower().replace("-", " ")).get("/accueil/").status_code == 200


def test_a_blocked_or_gone_payer_does_not_enter_and_nothing_tells(world, jamie):
    with in_town(world.demo):
        Payer.objects.filter(pk=world.jamie.pk).update(disabled=True)
    assert jamie.get("/accueil/").status_code == 302
    assert attempt(JAMES, JAMIE_CODE) == (403, NOT_TOGETHER)


@pytest.mark.parametrize("typed", ["k7m2p9qxdt", " K7M2P - 9QXDT ", "K7M2P–9QXDT", "k7m2p 9qxdt"])
def test_the_payer_code_may_be_typed_in_any_way(typed, world):
    assert Browser().enter(f" {JAMES} ", typed).get("/accueil/").status_code == 200


# --- What is wrong at first sight ------------------------------------------------------------------------------------

UNUSABLE = {
    ("", ""): "Saisissez les deux codes : le Code enfant et le Code payeur.",
    (JAMES, ""): "Saisissez les deux codes : le Code enfant et le Code payeur.",
    ("", JAMIE_CODE): "Saisissez les deux codes : le Code enfant et le Code payeur.",
    ("   ", "  "): "Saisissez les deux codes : le Code enfant et le Code payeur.",
    ("bond", JAMIE_CODE): "Le Code enfant est fait de 3 à 8 chiffres.",
    ("12", JAMIE_CODE): "Le Code enfant est fait de 3 à 8 chiffres.",
    ("1" * 3000, JAMIE_CODE): "Le Code enfant est fait de 3 à 8 chiffres.",
    ("\x00", JAMIE_CODE): "Le Code enfant est fait de 3 à 8 chiffres.",
    ("12345678", JAMIE_CODE): "Le Code enfant semble mal recopié : vérifiez chaque chiffre.",
}


def test_what_is_wrong_at_first_sight_costs_neither_a_try_nor_a_hash(world, cheap):
    found = {typed: attempt(*typed) for typed in UNUSABLE}
    assert found == {typed: (400, words) for typed, words in UNUSABLE.items()}
    assert cheap == []
    with in_town(world.demo):
        assert (Throttle.objects.count(), FailedLogin.objects.count()) == (0, 0)


def test_a_nonsense_payer_code_is_a_wrong_code_and_no_crash(world, cheap):
    for typed in ("\x00", "é" * 5000, "<script>", "😀", "' OR 1=1"):
        assert attempt("999", typed)[0] == 403


def test_the_payer_code_is_never_sent_back_and_the_child_code_is_escaped(world):
    response = Browser().post("/", {"child_code": '"><script>1', "payer_code": "SECRET-CODE"})
    assert "SECRET-CODE" not in response.content.decode()
    assert "<script>1" not in response.content.decode()
    assert "&lt;script&gt;1" in response.content.decode()


# --- Throttle words --------------------------------------------------------------------------------------------------


def test_five_tries_then_waits_that_grow_and_are_said(world, cheap, clock):
    assert [attempt(JAMES) for _ in range(5)] == [(403, NOT_TOGETHER)] * 5
    assert attempt(JAMES) == (403, "Trop d'essais avec ce code. Réessayez dans 1 min.")
    clock.shift(30)
    assert attempt(JAMES) == (403, "Trop d'essais avec ce code. Réessayez dans 1 min.")
    waits = []
    for minutes in (1, 2, 4, 8, 16, 32, 60):
        clock.shift(minutes * 60)
        assert attempt(JAMES) == (403, NOT_TOGETHER)
        waits.append(attempt(JAMES)[1].rpartition(" dans ")[2])
    assert waits == ["2 min.", "4 min.", "8 min.", "16 min.", "32 min.", "1 h.", "1 h."]


def test_while_one_waits_even_the_right_code_is_not_looked_at(world, clock):
    for _ in range(5):
        attempt(JAMES)
    assert attempt(JAMES, JAMIE_CODE)[1].startswith("Trop d'essais")
    clock.shift(61)
    assert Browser().enter(JAMES, JAMIE_CODE).get("/accueil/").status_code == 200


def test_a_day_without_tries_left_is_said_in_hours(world, cheap, clock):
    with in_town(world.demo):
        Throttle.objects.create(key=f"code:{JAMES}", tries=25, in_a_row=25, last=NOW)
    words = "Trop d'essais avec ce code. Réessayez dans "
    assert attempt(JAMES)[1] in {f"{words}24 h.", f"{words}1 jour."}
    clock.shift(timedelta(hours=23))
    assert attempt(JAMES) == (403, f"{words}1 h.")


def test_a_blocked_code_says_what_to_do(world, cheap):
    with in_town(world.demo):
        Throttle.objects.create(key=f"code:{JAMES}", tries=1, in_a_row=100, last=NOW)
        change_settings(settings={"labels": {"town_hall": "le SIVOS"}}, by=CLERK, now=NOW)
    assert attempt(JAMES) == (403, "Ce code est bloqué après trop d'essais. Demandez un nouveau code au SIVOS.")
    assert cheap == []


def test_many_codes_failing_from_one_network_are_slowed_never_refused(world, cheap):
    with in_town(world.demo):
        FailedLogin.objects.bulk_create(
            FailedLogin(at=NOW, network="127.0.0.1", child_code=str(n)) for n in range(100, 125)
        )
    status, words = attempt("999")
    assert status == 403
    assert words == "Beaucoup d'essais viennent de votre réseau. Attendez 5 secondes puis appuyez de nouveau."
    assert cheap == []
    assert attempt("999", browser=Browser(REMOTE_ADDR="203.0.113.9")) == (403, NOT_TOGETHER)


def test_the_ticket_lets_one_in_after_the_wait_and_cannot_be_forged(world, clock):
    with in_town(world.demo):
        FailedLogin.objects.bulk_create(
            FailedLogin(at=NOW, network="127.0.0.1", child_code=str(n)) for n in range(100, 125)
        )
    typed = {"child_code": JAMES, "payer_code": JAMIE_CODE}
    browser = Browser()
    response = browser.post("/", typed)
    signed = Page(response.content.decode())
    ticket = [value for name, value in signed.fields if name == "ticket"]
    for forged in ("", "1", "0:x", "\x00"):
        assert browser.post("/", {**typed, "ticket": forged}).status_code == 403
    assert len(ticket) == 1, "the page that asks to wait carries no ticket"
    clock.shift(5)
    assert browser.post("/", {**typed, "ticket": ticket[0]}).status_code == 302


def test_a_device_that_logged_in_once_is_not_locked_out_by_others(world, cheap, monkeypatch):
    monkeypatch.setattr(access, "verify", hashing.verify)
    known = Browser().enter(JAMES, JAMIE_CODE)
    known.post("/deconnexion/")
    assert {name for name, morsel in known.cookies.items() if morsel.value} >= {"device"}
    for _ in range(6):
        attempt(JAMES)
    assert attempt(JAMES, JAMIE_CODE)[1].startswith("Trop d'essais")
    assert known.enter(JAMES, JAMIE_CODE).get("/accueil/").status_code == 200


def test_a_device_has_its_own_limit_and_belongs_to_one_payer(world, jamie, cheap):
    for _ in range(5):
        attempt(JAMES, browser=jamie)
    assert attempt(JAMES, browser=jamie)[1].startswith("Trop d'essais")
    assert attempt(BERTRAND, browser=jamie) == (403, NOT_TOGETHER)  # elsewhere the device is a stranger
    with in_town(world.demo):
        assert sorted(key.partition(":")[0] for key in Throttle.objects.values_list("key", flat=True)) == [
            "code", "code", "device",
        ]  # fmt: skip


# --- The states of a town --------------------------------------------------------------------------------------------


def test_a_town_in_preparation_shows_its_news_and_lets_nobody_in_until_the_day(world, cheap, clock):
    with in_town(world.demo):
        set_status(status=Town.Status.PREPARING, opens_on=date(2027, 1, 1), by=CLERK, now=NOW)
    page = Browser().page("/")
    assert "La connexion ouvrira le vendredi 1er janvier 2027." in page.text
    assert [name for name, _value in page.fields if name == "payer_code"] == []
    response = Browser().post("/", {"child_code": JAMES, "payer_code": JAMIE_CODE})
    assert response.status_code == 200
    assert cheap == []
    clock.move_to(NOW.replace(year=2027, month=1, day=1, hour=0))
    assert "payer_code" in dict(Browser().page("/").fields)


def test_a_suspended_town_closes_its_sessions(world, jamie, cheap):
    with in_town(world.demo):
        set_status(status=Town.Status.SUSPENDED, by=CLERK, now=NOW)
    assert jamie.get("/accueil/").status_code == 302
    assert "Le service est momentanément suspendu. Contactez la mairie" in Browser().page("/").text
    assert Browser().post("/", {"child_code": JAMES, "payer_code": JAMIE_CODE}).status_code == 200
    with in_town(world.demo):
        set_status(status=Town.Status.OPEN, by=CLERK, now=NOW)
        assert ParentSession.objects.count() == 1


# --- Where one goes afterwards ---------------------------------------------------------------------------------------

ELSEWHERE = [
    "https://evil.example/", "//evil.example/", "///evil.example", "/\\evil.example", "\\\\evil.example",
    "javascript:alert(1)", "/\t/evil.example", "\n//evil.example", "https:evil.example", "http://demo.localhost@evil/",
    "http://buchelay.localhost/accueil/", "/%0d%0aSet-Cookie:x=1\r\nX: y", "\x00//evil", "data:text/html,x", "",
    "evil.example", "/.//evil.example", "/accueil/..//evil.example", "http:/evil.example", "////evil.example",
]  # fmt: skip


def leads_elsewhere(place: str, host: str) -> bool:
    """As browsers understand it: backslashes are slashes, tabs and line breaks are dropped."""
    read = re.sub(r"[\t\r\n]", "", place).replace("\\", "/").lstrip("\x00 ")
    return urlsplit(urljoin(f"http://{host}/langue/", read)).netloc != host


def test_nobody_is_ever_led_to_another_site(world):
    places = {}
    for suite in ELSEWHERE:
        typed = {"child_code": JAMES, "payer_code": JAMIE_CODE, "suite": suite}
        response = Browser().post("/", typed)
        assert response.status_code == 302
        places[suite] = response.headers["Location"]
    assert [place for place in places.values() if leads_elsewhere(place, DEMO)] == []
    assert leads_elsewhere("/\\evil.example", DEMO)  # the judge itself, seen red


def test_the_language_form_leads_to_no_other_site_either(world):
    for suite in ELSEWHERE:
        for host in (DEMO, "localhost"):
            response = Browser(host).post("/langue/", {"language": "fr", "next": suite})
            assert response.status_code in {204, 302}
            assert not leads_elsewhere(response.headers.get("Location", "/"), host), suite


def test_one_comes_back_to_the_page_that_asked_for_the_login(world):
    wanted = "/planning/007/?semaine=2026-W48&groupe=peri"
    browser = Browser()
    place = browser.get(wanted).headers["Location"]
    assert place == "/?" + urlencode({"suite": wanted, "fin": "1"})
    page = browser.page(place)
    assert "Votre session est terminée." in page.text
    assert page.value("suite") == wanted, "the login form forgets where to go back to"
    typed = {"child_code": JAMES, "payer_code": JAMIE_CODE, "suite": page.value("suite")}
    assert browser.post("/", typed).headers["Location"] == wanted


def test_one_is_never_led_back_to_an_address_that_only_takes_posts(world):
    acts = "/planning/recap/00000000-0000-0000-0000-000000000000/"
    places = {"/deconnexion/": "/accueil/", "/prolonger/": "/accueil/", acts + "annuler/": acts}
    for address, wanted in places.items():
        asked = parse_qs(urlsplit(Browser().post(address).headers["Location"]).query)
        assert asked == {"suite": [wanted], "fin": ["1"]}, address


def test_a_form_sent_after_the_end_of_the_session_leads_back_to_its_page(world):
    for address in ("/planning/007/", "/planning/007/absence/", "/planning/007/agenda/"):
        asked = parse_qs(urlsplit(Browser().post(address + "?x=1").headers["Location"]).query)
        assert asked == {"suite": [address], "fin": ["1"]}


def test_who_is_logged_in_skips_the_login_page_and_a_first_visit_says_nothing_of_sessions(jamie):
    assert jamie.get("/").headers["Location"] == "/accueil/"
    assert "Votre session est terminée" not in Browser().page("/").text


def test_leaving_says_so(world):
    assert "Vous êtes déconnecté." in Browser().page("/?au-revoir=1").text


def test_failures_are_forgotten_after_a_day_of_silence(world, cheap, clock):
    for _ in range(5):
        attempt(JAMES)
    clock.shift(timedelta(hours=24))
    assert attempt(JAMES) == (403, NOT_TOGETHER)
