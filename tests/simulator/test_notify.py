import pytest

from portail.gateways.payfip import Payfip, parse_notification
from portail.simulator.notify import post
from tests.gateways.orders import an_order
from tests.simulator.running import running, until


@pytest.fixture
def create(simulator, listener):
    url = f"http://demo.localhost:{listener.port}/notif?regie=1"
    return lambda: Payfip(simulator.origin, timeout=20).create(an_order(notify_url=url))


def states(simulator, idop):
    return [notice["state"] for notice in simulator.operation(idop)["notices"]]


def test_the_portal_is_told_by_its_own_name(simulator, listener, create):
    idop = create()
    simulator.pay(idop, "P")
    path, host, fields = listener.got.get(timeout=20)
    assert (path, host) == ("/notif?regie=1", f"demo.localhost:{listener.port}")
    assert fields == {"idop": idop}
    assert parse_notification(fields) == idop
    until(lambda: simulator.operation(idop)["notified"] == 1)


def test_every_result_is_told(simulator, listener, create):
    idop = create()
    for result in "RAP":
        simulator.pay(idop, result)
        assert listener.got.get(timeout=20)[2] == {"idop": idop}
    until(lambda: simulator.operation(idop)["notified"] == 3)


def test_it_tries_again_and_gives_up(simulator, listener, create):
    listener.answers += [500, 503]
    first = create()
    simulator.pay(first, "P")
    until(lambda: states(simulator, first) == ["sent"])
    listener.answers += [404] * 3
    second = create()
    simulator.pay(second, "P")
    until(lambda: states(simulator, second) == ["failed"])
    assert listener.got.qsize() == 6


def test_lost_repeated_and_held_notifications(simulator, listener, create):
    simulator.control(notifications="drop")
    lost = create()
    simulator.pay(lost, "P")
    simulator.control(notifications="hold")
    held = create()
    simulator.pay(held, "P")
    assert (states(simulator, lost), states(simulator, held)) == (["dropped"], ["held"])
    simulator.control(notifications="repeat")
    thrice = create()
    simulator.pay(thrice, "P")
    until(lambda: states(simulator, thrice) == ["sent"] * 3)
    assert listener.got.qsize() == 3
    simulator.control(send_held=True)
    until(lambda: states(simulator, held) == ["sent"])
    assert states(simulator, lost) == ["dropped"]


def test_a_notification_survives_a_restart(tmp_path, listener):
    with running(tmp_path, delays=(600,)) as before:
        idop = Payfip(before.origin, timeout=20).create(an_order(notify_url="http://demo.localhost:1/"))
        before.pay(idop, "P")
        held = Payfip(before.origin, timeout=20).create(
            an_order(notify_url=f"http://demo.localhost:{listener.port}/held")
        )
        before.control(notifications="hold")
        before.pay(held, "P")
        until(lambda: before.operation(idop)["notices"][0]["tries"] == 1)
    with running(tmp_path) as after:
        until(lambda: states(after, idop) == ["failed"])  # tried again, and in vain: nobody listens there
        assert states(after, held) == ["held"]
        after.control(send_held=True)
        assert listener.got.get(timeout=20)[2] == {"idop": held}


@pytest.mark.parametrize("url", ["http://demo.localhost:1/", "http://127.0.0.1:99999/", "http://[/", "http:///x"])
def test_an_address_that_leads_nowhere_is_no_accident(url):
    assert not post(url, "idop=x").isdecimal()
