"""What is said to PayFiP and what it says unasked, as values: no network here."""

import xml.etree.ElementTree as ET
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portail.gateways.payfip import (
    CODES,
    MAX_CENTS,
    MIN_CENTS,
    PRODUCTION,
    Kind,
    Mode,
    Payfip,
    PayfipError,
    check_order,
    clean_subject,
    envelope,
    legacy_url,
    parse_legacy,
    parse_notification,
)
from portail.gateways.payfip.values import cents_of, clean_text, paris_minute
from portail.simulator import orders, soap
from tests.gateways.orders import an_order

IDOP = "cc0cb210-1cd4-11ea-8cca-0213ad91a103"
ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
URLS = st.from_regex(r"\Ahttps?://[a-z]{1,20}(\.[a-z]{2,9}){1,3}(:[1-9][0-9]{1,3})?(/[a-zA-Z0-9?=&_-]{0,60})?\Z")
EMAILS = st.from_regex(r"\A[a-z0-9.+_'-]{1,30}@[a-z0-9-]{1,20}(\.[a-z]{2,6}){1,2}\Z")
RIGHT = st.builds(
    an_order,
    exer=st.from_regex(r"\A[0-9]{4}\Z"),
    refdet=st.text(ALNUM, min_size=6, max_size=30),
    objet=st.text().map(clean_subject),
    cents=st.integers(MIN_CENTS, MAX_CENTS),
    email=EMAILS,
    mode=st.sampled_from(Mode),
    notify_url=URLS,
    return_url=URLS,
)
TEXTS = st.text() | st.text("<>&'\"]é€😀\x00\x0b\r\n\t\ufffe ")

# --- Orders ---------------------------------------------------------------------------------------------------------

SUBJECTS = [
    ("Cantine et garderie – septembre", "Cantine et garderie septembre"),
    ("L'accueil d’été à l'école", "L accueil d ete a l ecole"),
    ("Périscolaire/ALSH (n°3)", "Periscolaire ALSH n3"),
    ("Œuvres sociales, cœur", "OEuvres sociales coeur"),
    ("食堂 Школа", ""),
    ("", ""),
    ("  a\n\tb  ", "a b"),
    ("x" * 200, "x" * 99),
    (f"{'x' * 98} y", "x" * 98),
]


@pytest.mark.parametrize(("text", "cleaned"), SUBJECTS)
def test_a_subject_as_payfip_takes_it(text, cleaned):
    assert clean_subject(text) == cleaned


@given(TEXTS)
def test_a_cleaned_subject_is_always_taken(text):
    cleaned = clean_subject(text)
    assert check_order(an_order(objet=cleaned)) == []
    assert clean_subject(cleaned) == cleaned


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"numcli": "12345"}, "6 chiffres"),
    ({"numcli": "١٢٣٤٥٦"}, "6 chiffres"),
    ({"exer": "26"}, "L’exercice"),
    ({"refdet": "ABCDE"}, "La référence"),
    ({"refdet": "A" * 31}, "La référence"),
    ({"refdet": "2013-T5-00-26000335"}, "La référence"),
    ({"refdet": "ABCDEF\n"}, "La référence"),
    ({"objet": "été"}, "L’objet"),
    ({"objet": "x" * 100}, "L’objet"),
    ({"cents": 99}, "commence à 1,00"),
    ({"cents": 0}, "commence à 1,00"),
    ({"cents": -500}, "commence à 1,00"),
    ({"cents": 10_000_000}, "s’arrête à 99"),
    ({"email": ""}, "e-mail"),
    ({"email": "jamie"}, "e-mail"),
    ({"email": "a@b.f"}, "e-mail"),
    ({"email": "jamie@exemple"}, "e-mail"),
    ({"email": "jamie bond@exemple.fr"}, "e-mail"),
    ({"email": "é@exemple.fr"}, "e-mail"),
    ({"email": "a@b@exemple.fr"}, "e-mail"),
    ({"email": f"{'a' * 70}@exemple.fr"}, "e-mail"),
    ({"notify_url": ""}, "notification"),
    ({"notify_url": "ftp://demo.fr/"}, "notification"),
    ({"notify_url": "http:///chemin"}, "notification"),
    ({"notify_url": "http://[demo/"}, "notification"),
    ({"notify_url": f"http://demo.fr/{'a' * 236}"}, "notification"),
    ({"return_url": "http://demo.fr/a b"}, "retour"),
    ({"return_url": "/retour"}, "retour"),
]


@pytest.mark.parametrize(("change", "words"), WRONG, ids=str)
def test_an_order_that_payfip_would_refuse(change, words):
    (sentence,) = check_order(an_order(**change))
    assert words in sentence


def test_the_edges_of_an_order_are_taken():
    for change in (
        {"refdet": "A" * 6}, {"refdet": "9" * 30}, {"cents": MIN_CENTS}, {"cents": MAX_CENTS}, {"email": "a@b.fr"},
        {"email": f"{'a' * 74}@b.fr"}, {"notify_url": f"http://demo.fr/{'a' * 235}"}, {"objet": "x" * 99},
        {"objet": ""},
    ):  # fmt: skip
        assert check_order(an_order(**change)) == []


@given(RIGHT)
def test_what_we_find_right_the_bank_takes(order):
    assert check_order(order) == []
    _, fields = soap._read(envelope.request("creerPaiementSecurise", _sent(order)))
    orders.check(fields, {"000123"}.__contains__, "TXW")
    assert fields["montant"] == str(order.cents)


@given(st.lists(st.sampled_from(WRONG), min_size=1, max_size=9, unique_by=lambda wrong: min(wrong[0])))
def test_every_fault_has_its_sentence(faults):
    change = {name: value for fault, _ in faults for name, value in fault.items()}
    assert len(check_order(an_order(**change))) == len(faults)


def _sent(order):
    return {
        "exer": order.exer, "mel": order.email, "montant": str(order.cents), "numcli": order.numcli,
        "objet": order.objet, "refdet": order.refdet, "saisie": order.mode.value, "urlnotif": order.notify_url,
        "urlredirect": order.return_url,
    }  # fmt: skip


# --- Messages -------------------------------------------------------------------------------------------------------


@given(TEXTS)
def test_any_text_travels_as_text(text):
    name, fields = soap._read(envelope.request("recupererDetailClient", {"numCli": text}))
    carried = "".join(
        c for c in text if c in "\t\n\r" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
    )
    assert name == "recupererDetailClient"
    assert fields["numCli"] == carried.strip()


def test_fields_go_in_alphabetical_order():
    message = ET.fromstring(envelope.request("creerPaiementSecurise", dict(reversed(_sent(an_order()).items()))))  # noqa: S314
    names = [field.tag for field in message.iter() if "{" not in field.tag]
    assert names == ["arg0", *sorted(_sent(an_order()))]


@given(st.binary())
def test_whatever_is_answered_gives_fields_or_an_error_of_ours(message):
    with pytest.raises(PayfipError) as error:
        envelope.answer("recupererDetailClient", message)
    assert error.value.kind is Kind.TRANSPORT


def said(inside, before=""):
    return (
        f'{before}<S:Envelope xmlns:S="{envelope.SOAP}" xmlns:n="{envelope.SERVICE}"><S:Body>{inside}</S:Body>'
        "</S:Envelope>"
    ).encode()


def fault(detail, string="fr.gouv.x.Fault"):
    return said(f"<S:Fault><faultcode>S:Server</faultcode><faultstring>{string}</faultstring>{detail}</S:Fault>")


def detail(kind, inside):
    return f"<detail><n:{kind}>{inside}</n:{kind}></detail>"


FAULTS = [
    (fault(detail("FonctionnelleErreur", "<code>P5</code><descriptif/><libelle>Attente</libelle>")),
     Kind.FUNCTIONAL, "P5", "Attente"),
    (fault(detail("FonctionnelleErreur", "<code> P1 </code>")), Kind.FUNCTIONAL, "P1", CODES["P1"]),
    (fault(detail("FonctionnelleErreur", "<code>Q7</code>")), Kind.FUNCTIONAL, "Q7", "PayFiP refuse la demande."),
    (fault(detail("FonctionnelleErreur", "<code>R3</code><descriptif>Long</descriptif>")),
     Kind.FUNCTIONAL, "R3", "Long"),
    (fault(detail("TechDysfonctionnementErreur", "<code>999</code>")), Kind.DYSFUNCTION, "999",
     "PayFiP rencontre une erreur interne."),
    (fault(detail("TechIndisponibiliteErreur", "")), Kind.UNAVAILABLE, "", "PayFiP est en maintenance."),
    (fault(detail("TechProtocolaireErreur", "")), Kind.PROTOCOL, "", "PayFiP n’a pas compris la demande."),
    (fault("", "a.b.TechIndisponibiliteErreur"), Kind.UNAVAILABLE, "", "PayFiP est en maintenance."),
    (fault("", "Unmarshalling Error"), Kind.PROTOCOL, "", "PayFiP signale une erreur : Unmarshalling Error."),
    (fault("", ""), Kind.PROTOCOL, "", "PayFiP n’a pas compris la demande."),
    (fault(detail("NouvelleErreur", "<code>P1</code>")),
     Kind.PROTOCOL, "P1", "PayFiP signale une erreur : NouvelleErreur."),
    (said(""), Kind.TRANSPORT, "", "PayFiP a répondu autre chose qu’un message du service."),
    (said("<n:autreResponse/>"), Kind.TRANSPORT, "", "PayFiP a répondu à une autre question."),
    (said("<recupererDetailClientResponse/>"), Kind.TRANSPORT, "", "PayFiP a répondu à une autre question."),
]  # fmt: skip


@pytest.mark.parametrize(("message", "kind", "code", "label"), FAULTS)
def test_how_payfip_says_no(message, kind, code, label):
    with pytest.raises(PayfipError) as error:
        envelope.answer("recupererDetailClient", message)
    assert (error.value.kind, error.value.code, error.value.label) == (kind, code, label)


def test_only_two_codes_mean_something_to_the_machine():
    for code in (*CODES, "", "X9"):
        for kind in Kind:
            error = PayfipError(kind, code)
            assert error.is_unknown == (kind is Kind.FUNCTIONAL and code == "P1")
            assert error.is_pending == (kind is Kind.FUNCTIONAL and code == "P5")
            assert error.is_temporary == (kind in {Kind.DYSFUNCTION, Kind.UNAVAILABLE, Kind.TRANSPORT})
            assert error.label.endswith(".")


LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
RETURNED = (
    "<n:recupererDetailClientResponse><return><libelleN1>{}</libelleN1></return></n:recupererDetailClientResponse>"
)


@pytest.mark.parametrize("before", [LAUGHS, '<!DOCTYPE l SYSTEM "file:///etc/hostname">', "<!DOCTYPE l>"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_no_document_type_is_read_in_any_encoding(before, encoding):
    control = said(RETURNED.format("plain")).decode().encode(encoding)
    assert envelope.answer("recupererDetailClient", control) == {"libellen1": "plain"}
    inside = RETURNED.format("&b;" if "ENTITY" in before else "plain")
    with pytest.raises(PayfipError):
        envelope.answer("recupererDetailClient", said(inside, before).decode().encode(encoding))


# --- Hints ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hint", "idop"),
    [
        ({"idop": IDOP}, IDOP),
        ({"idOp": IDOP}, IDOP),
        ({"IDOP": f" {IDOP} "}, IDOP),
        (f"idop={IDOP}", IDOP),
        (f"?a=1&idOp={IDOP}", IDOP),
        (f"idop={IDOP}".encode(), IDOP),
        (f"idop={IDOP}&idop=autre-operation", IDOP),
        ({"idop": ""}, None),
        ({"idop": "x' OR 1=1 --"}, None),
        ({"idop": "é" * 36}, None),
        ({"idop": "a" * 65}, None),
        ({}, None),
        (b"\xff\xfe\x00", None),
        ("&".join("a=1" for _ in range(5000)), None),
    ],
)
def test_which_operation_a_notification_names(hint, idop):
    assert parse_notification(hint) == idop


@given(st.binary() | st.text() | st.dictionaries(st.text(), st.text()))
def test_no_hint_breaks_us_and_nothing_of_it_breaks_a_database(hint):
    answer = parse_legacy(hint)
    kept = [*answer.raw, *answer.raw.values()]
    assert all("\x00" not in text and len(text) <= 500 and text.encode() is not None for text in kept)
    assert parse_notification(hint) is None or len(parse_notification(hint) or "") <= 64


CALL_BACK = {
    "numcli": "000123", "exer": "2026", "refdet": "2013T50026000335", "objet": "CANTINE", "montant": "424",
    "mel": "jamie.bond@exemple.fr", "saisie": "A", "resultrans": "P", "numauto": "394492", "dattrans": "21112026",
    "heurtrans": "0905",
}  # fmt: skip


@pytest.mark.parametrize("form", [CALL_BACK, urlencode(CALL_BACK), urlencode(CALL_BACK).encode()])
def test_the_call_back_of_the_older_form(form):
    answer = parse_legacy(form)
    assert (answer.result, answer.cents, answer.refdet, answer.mode) == ("P", 424, "2013T50026000335", "A")
    assert answer.paid_at == datetime(2026, 11, 21, 9, 5)
    assert answer.raw == CALL_BACK


@pytest.mark.parametrize("wrong", ["", "4,24", "-1", "+1", "1e3", "٤٢٤", " 4 ", "9" * 12, "0x10", "1_000"])
def test_an_amount_that_is_no_amount(wrong):
    assert cents_of(wrong) is None


@given(st.integers(0, 10**11 - 1))
def test_an_amount_comes_back(cents):
    assert cents_of(str(cents)) == cents


@pytest.mark.parametrize(
    ("day", "minute"), [("31022026", "1200"), ("21112026", "2400"), ("21112026", ""), ("", "1200"),
                        ("20261121", "1200"), ("00000000", "0000"), ("٢١112026", "1200"), ("211126", "1200")]
)  # fmt: skip
def test_a_moment_that_is_none(day, minute):
    assert paris_minute(day, minute) is None


@given(st.datetimes(min_value=datetime(1000, 1, 1)))
def test_a_moment_comes_back_to_the_minute(moment):
    assert paris_minute(f"{moment:%d%m}{moment.year:04d}", f"{moment:%H%M}") == moment.replace(second=0, microsecond=0)


@given(TEXTS)
def test_a_text_to_keep_is_clean(text):
    assert clean_text(clean_text(text)) == clean_text(text)


@given(RIGHT)
def test_the_address_of_the_older_form_carries_the_order(order):
    url = legacy_url("https://www.payfip.gouv.fr/", order, "https://demo.fr/rappel/jeton?a=1&b=2")
    parts = urlsplit(url)
    assert (parts.netloc, parts.path) == ("www.payfip.gouv.fr", "/tpa/paiement.web")
    fields = dict(parse_qsl(parts.query))
    assert fields.pop("urlcl") == "https://demo.fr/rappel/jeton?a=1&b=2"
    wanted = {**_sent(order), "saisie": {"W": "A"}.get(order.mode.value, order.mode.value)}
    assert fields == {name: value for name, value in wanted.items() if value and not name.startswith("url")}


def test_where_the_payer_goes():
    assert Payfip(timeout=5).page_url(IDOP) == f"{PRODUCTION}/tpa/paiementws.web?idop={IDOP}"
    assert Payfip("http://127.0.0.1:8901/", timeout=5).page_url("a&b") == (
        "http://127.0.0.1:8901/tpa/paiementws.web?idop=a%26b"
    )


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "www.payfip.gouv.fr",
        "ftp://payfip",
        "https://",
        "https://payfip.fr/tpa",
        "http://[x",
        "http://a:99999",
        "http://a:0",
        "https://a@payfip.fr",
        "https://payfip.fr?a=1",
    ],
)
def test_what_is_no_origin_is_refused_at_once(origin):
    with pytest.raises(ValueError, match="PayFiP"):
        Payfip(origin, timeout=5)
    with pytest.raises(ValueError, match="PayFiP"):
        Payfip(timeout=0)
