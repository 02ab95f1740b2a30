import argparse
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from portail.gateways.payfip import Payfip, PayfipError
from portail.simulator.__main__ import client, main
from portail.simulator.app import application
from portail.simulator.values import Client
from tests.gateways.orders import an_order
from tests.simulator.running import Simulator


@contextmanager
def started(folder, *more):
    words = [
        sys.executable,
        "-m",
        "portail.simulator",
        "--port",
        "0",
        "--database",
        str(folder / "new" / "bank.sqlite3"),
    ]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(  # noqa: S603  our own words
        [*words, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            yield process, Simulator(line.split(" : ")[1].strip().removesuffix("/sim/"), [])
        finally:
            process.kill()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_command_serves_stops_without_a_word_and_remembers(tmp_path, ending):
    with started(tmp_path, "--client", "123456:Régie:Ville:Produit") as (process, simulator):
        payfip = Payfip(simulator.origin, timeout=20)
        assert payfip.client("123456").label1 == "Régie"
        idop = payfip.create(an_order())
        simulator.pay(idop, "P")
        process.send_signal(ending)
        assert process.wait(timeout=20) == (-9 if ending is signal.SIGKILL else 0)
        assert process.stderr.read() == ""
    with started(tmp_path) as (_, simulator):
        assert Payfip(simulator.origin, timeout=20).detail(idop).result == "P"


def test_it_stops_at_once_while_a_call_is_made_to_wait(tmp_path):
    with started(tmp_path) as (process, simulator):
        simulator.control(slow=100)
        with pytest.raises(PayfipError):
            Payfip(simulator.origin, timeout=0.1).client("000123")
        process.terminate()
        assert process.wait(timeout=20) == 0
        assert process.stderr.read() == ""


def test_a_port_already_taken_is_said_in_french(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with started(tmp_path) as (_, simulator):
        port = simulator.origin.rpartition(":")[2]
        assert main(["--port", port, "--database", str(tmp_path / "other.sqlite3")]) == 1
    assert f"Impossible d’écouter sur 127.0.0.1:{port}" in capsys.readouterr().err


def test_a_client_on_the_command_line():
    assert client("123456:R") == Client("123456", "R", "", "")
    assert client("123456:R:V:P:sans-prelevement") == Client("123456", "R", "V", "P", debit=False)
    for wrong in ("", "123456", "12345:R", "١٢٣٤٥٦:R", "123456:a:b:c:d"):
        with pytest.raises(argparse.ArgumentTypeError, match="123456:Régie"):
            client(wrong)


def test_the_application_of_a_wsgi_server_reads_its_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("PAYFIP_SIM_DB", str(tmp_path / "wsgi.sqlite3"))
    got = []

    def start(status, headers, exc_info=None):
        got.append(status)
        return got.append

    asked = {"REQUEST_METHOD": "GET", "PATH_INFO": "/sim/operations", "wsgi.url_scheme": "http"}
    assert b"".join(application(asked, start)) == b'{"operations": []}'
    assert got == ["200 OK"]
    assert (tmp_path / "wsgi.sqlite3").exists()
