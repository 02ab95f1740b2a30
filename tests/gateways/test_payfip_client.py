"""The client against the simulator over real HTTP, and against servers that mean no good."""

import socket
import ssl
import threading
import time
import urllib.request
from contextlib import contextmanager, suppress

import pytest

from portail.gateways.payfip import ClientCard, Kind, Mode, Payfip, PayfipError, envelope, legacy_url, parse_legacy
from portail.gateways.payfip.transport import MOST_BYTES
from tests.gateways.orders import an_order
from tests.simulator.running import Browser, Listener, running, until

WELL = (
    f'<S:Envelope xmlns:S="{envelope.SOAP}" xmlns:n="{envelope.SERVICE}"><S:Body><n:recupererDetailClientResponse>'
    "<return><libelleN1>RÉGIE</libelleN1><numcli>000123</numcli></return></n:recupererDetailClientResponse></S:Body>"
    "</S:Envelope>"
).encode()


@pytest.fixture
def simulator(tmp_path):
    with running(tmp_path) as simulator:
        yield simulator


@pytest.fixture
def payfip(simulator):
    return Payfip(simulator.origin, timeout=20)


@contextmanager
def a_server(behave):
    """A server that reads a request, then does what `behave(connection)` does; gives its origin."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)

        def serve():
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    threading.Thread(target=one, args=(connection,), daemon=True).start()

        def one(connection):
            with connection, suppress(OSError):
                connection.settimeout(20)
                connection.recv(65536)
                behave(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def http(body, status="200 OK", length=None, more=""):
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body) if length is None else length}\r\n{more}\r\n"
    return head.encode() + body


def failure(act, *arguments):
    with pytest.raises(PayfipError) as error:
        act(*arguments)
    return error.value


# --- The simulator --------------------------------------------------------------------------------------------------


def test_a_payment_from_its_creation_to_its_result(simulator, payfip):
    idop = payfip.create(an_order(mode=Mode.ACTIVATION))
    assert failure(payfip.detail, idop).is_pending
    simulator.pay(idop, "P")
    told = payfip.detail(idop)
    order = an_order()
    assert (told.result, told.cents, told.refdet, told.numcli) == ("P", order.cents, order.refdet, order.numcli)
    assert (told.mode, told.exer, told.email, told.subject) == ("X", "2026", order.email, order.objet)
    assert (told.paid_at.isoformat(), len(told.authorisation)) == ("2026-11-21T12:00:00", 6)
    assert told.raw["idop"] == idop


@pytest.mark.parametrize("result", "AVRZX")
def test_other_results(simulator, payfip, result):
    idop = payfip.create(an_order(objet=""))
    simulator.pay(idop, result)
    assert (payfip.detail(idop).result, payfip.detail(idop).subject) == (result, "")


def test_the_connection_is_tested(payfip):
    assert payfip.client("000125") == ClientCard("REGIE CANTINE", "MAIRIE DE BUCHELAY", "CANTINE", "000125")
    assert failure(payfip.client, "999999").code == "T2"


def test_the_name_of_this_machine_is_found_without_a_resolver(simulator):
    port = simulator.origin.rpartition(":")[2]
    assert Payfip(f"http://payfip.localhost:{port}", timeout=20).client("000123").numcli == "000123"


@pytest.mark.parametrize(
    ("change", "code"),
    [({"refdet": "ABCD"}, "R3"), ({"email": "jamie"}, "A2"), ({"cents": 99}, "M3"), ({"numcli": "777777"}, "T2"),
     ({"cents": 10_000_000}, "M5"), ({"notify_url": "x"}, "N1"), ({"return_url": "x"}, "D1"), ({"numcli": ""}, "T1")],
)  # fmt: skip
def test_what_the_bank_refuses_comes_with_its_code(payfip, change, code):
    error = failure(payfip.create, an_order(**change))
    assert (error.kind, error.code) == (Kind.FUNCTIONAL, code)
    assert error.label
    assert not error.is_temporary


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.TRANSPORT])
def test_every_fault(simulator, payfip, kind):
    simulator.control(fault=kind.value, times=1)
    assert failure(payfip.client, "000123").kind is kind
    assert payfip.client("000123")


def test_a_page_instead_of_a_message(simulator, payfip):
    simulator.control(garbage=True)
    assert failure(payfip.client, "000123").kind is Kind.TRANSPORT


def test_the_older_form_from_our_address_to_our_call_back(simulator):
    listener = Listener()
    try:
        url = legacy_url(
            simulator.origin, an_order(mode=Mode.PRODUCTION), f"http://demo.localhost:{listener.port}/rappel/a?b=c"
        )
        Browser(simulator.origin).open(url).send("/tpa/choix", moyen="annuler")
        path, _, fields = listener.got.get(timeout=20)
    finally:
        listener.close()
    answer = parse_legacy(fields)
    assert path == "/rappel/a?b=c"
    assert (answer.result, answer.mode, answer.cents, answer.refdet) == ("A", "A", 424, an_order().refdet)


def test_a_proxy_of_the_environment_is_not_asked(payfip, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert payfip.client("000123")


def test_many_calls_at_once_do_not_mix(simulator, payfip):
    idops = [payfip.create(an_order(refdet=f"REF{number:06d}")) for number in range(12)]
    for idop in idops:
        simulator.pay(idop, "P")
    told: dict[int, str] = {}
    threads = [
        threading.Thread(target=lambda n=n: told.update({n: payfip.detail(idops[n]).refdet})) for n in range(len(idops))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == {number: f"REF{number:06d}" for number in range(12)}


# --- Servers that mean no good --------------------------------------------------------------------------------------


def test_the_control_a_right_answer_of_these_servers_is_read():
    with a_server(lambda connection: connection.sendall(http(WELL))) as origin:
        assert Payfip(origin, timeout=20).client("000123").label1 == "RÉGIE"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(WELL), WELL)
    with a_server(lambda connection: connection.sendall(chunked)) as origin:
        assert Payfip(origin, timeout=20).client("000123").label1 == "RÉGIE"


def drip(connection):
    """A right answer, a few bytes at a time, 0.9 s in all."""
    answer = http(WELL, more="Connection: close\r\n")
    for place in range(0, len(answer), len(answer) // 45):
        connection.sendall(answer[place : place + len(answer) // 45])
        time.sleep(0.02)


def test_a_server_that_drips_does_not_hold_us():
    with a_server(drip) as origin:
        with urllib.request.urlopen(origin, data=b"x", timeout=0.2) as held:  # noqa: S310
            assert held.read() == WELL  # the control: a time limit for each read is met, and holds for ever
        assert Payfip(origin, timeout=20).client("000123").numcli == "000123"
        error = failure(Payfip(origin, timeout=0.2).client, "000123")
        assert (error.kind, error.label) == (Kind.TRANSPORT, "PayFiP n’a pas répondu en 0.2 secondes.")
        until(lambda: not [thread for thread in threading.enumerate() if thread.name == "payfip"])


def test_a_server_that_drips_for_ever_does_not_keep_our_thread():
    stopped = threading.Event()

    def drip_for_ever(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        with suppress(OSError):
            while not stopped.wait(0.01):
                connection.sendall(b" ")
        stopped.set()

    with a_server(drip_for_ever) as origin:
        assert failure(Payfip(origin, timeout=0.2).client, "000123").is_temporary
        assert stopped.wait(20)  # our end was closed
        until(lambda: not [thread for thread in threading.enumerate() if thread.name == "payfip"])


HOSTILE = {
    "silent": lambda connection: connection.recv(1),
    "closes": lambda connection: connection.close(),
    "closes in the middle": lambda connection: connection.sendall(http(WELL)[:-40]),
    "promises more than it sends": lambda connection: connection.sendall(http(WELL[:200], length=9999)),
    "no http": lambda connection: connection.sendall(b"\x00\x01hello\r\n\r\n"),
    "endless header": lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000),
    "many headers": lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 1000 + b"\r\n"),
    "a page": lambda connection: connection.sendall(http(b"<!DOCTYPE html><title>Maintenance</title>")),
    "nothing": lambda connection: connection.sendall(http(b"")),
    "huge": lambda connection: connection.sendall(http(WELL + b" " * MOST_BYTES)),
    "huge without length": lambda connection: connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + b" " * 2 * MOST_BYTES),
    "deep": lambda connection: connection.sendall(http(b"<a>" * 60_000)),
    "503": lambda connection: connection.sendall(http(b"Service Unavailable", "503 Service Unavailable")),
    "204": lambda connection: connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_is_one_honest_error(name):
    with a_server(HOSTILE[name]) as origin:
        error = failure(Payfip(origin, timeout=0.3 if name == "silent" else 20).client, "000123")
    assert error.kind is Kind.TRANSPORT
    assert error.is_temporary
    assert error.label.endswith(".")


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
def test_a_redirection_is_not_followed(status):
    visited = []

    def elsewhere(connection):
        visited.append(connection)
        connection.sendall(http(WELL))

    with a_server(elsewhere) as other:
        sent = http(b"", status, more=f"Location: {other}/tpa/services/securite\r\n")
        with a_server(lambda connection: connection.sendall(sent)) as origin:
            assert failure(Payfip(origin, timeout=20).client, "000123").kind is Kind.TRANSPORT
    assert visited == []


@pytest.mark.parametrize("origin", ["http://127.0.0.1:1", "http://xn--a.localhost.:1"])
def test_nobody_there(origin):
    assert failure(Payfip(origin, timeout=5).client, "000123").kind is Kind.TRANSPORT


def test_a_server_without_a_certificate_is_not_spoken_to(simulator):
    port = simulator.origin.rpartition(":")[2]
    error = failure(Payfip(f"https://127.0.0.1:{port}", timeout=20).client, "000123")
    assert error.kind is Kind.TRANSPORT
    assert isinstance(error.__cause__, ssl.SSLError)


def test_an_answer_without_number_is_no_operation():
    answer = WELL.replace(b"recupererDetailClient", b"creerPaiementSecurise")
    with a_server(lambda connection: connection.sendall(http(answer))) as origin:
        assert failure(Payfip(origin, timeout=20).create, an_order()).kind is Kind.PROTOCOL


def test_an_answer_that_lacks_everything_credits_nothing():
    answer = WELL.replace(b"recupererDetailClient", b"recupererDetailPaiementSecurise")
    with a_server(lambda connection: connection.sendall(http(answer))) as origin:
        told = Payfip(origin, timeout=20).detail("x")
    assert (told.result, told.cents, told.refdet, told.paid_at) == ("", None, "", None)
