"""Programs run together end together: by Ctrl-C, by the end of the main one, even when their starter is killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portail.console.bell import Bell, bell_of_signals
from portail.console.command import ConsoleError
from portail.console.demo import services
from tests.gateways.post_office import free_port

ROOT = Path(__file__).parents[2]
PATIENCE = 30  # seconds; a slow machine is no failure
SLEEPER = "import time; time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`start(("web", code, True), …)` runs these programs under a supervisor of its own."""
    started: list[subprocess.Popen[str]] = []

    def supervise(*programs: tuple[str, str, bool], patience: float = 1.0) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # noqa: S603  our own words
            [sys.executable, "-m", "tests.console.supervisor_process", tmp_path, str(patience), json.dumps(programs)],
            cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield supervise
    for process in started:
        process.kill()
        process.communicate()
    for path in tmp_path.iterdir():
        for number in numbers(path):
            if lives(number):
                os.kill(number, signal.SIGKILL)


def numbers(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().splitlines()] if path.exists() else []


def lives(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(happened: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.02)


def all_run(folder: Path, *names: str) -> list[int]:
    wait_until(lambda: all(numbers(folder / name) for name in names))
    return [numbers(folder / name)[-1] for name in names]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_of_them_soon(start, tmp_path, number):
    process = start(("worker", SLEEPER, False), ("web", SLEEPER, True))
    children = all_run(tmp_path, "worker", "web")
    began = time.monotonic()
    process.send_signal(number)
    assert process.wait(PATIENCE) == 0
    assert time.monotonic() - began < 5
    assert [lives(child) for child in children] == [False, False]


def test_a_child_that_does_not_listen_is_killed(start, tmp_path):
    process = start(("worker", DEAF, False), ("web", DEAF, True), patience=0.2)
    children = all_run(tmp_path, "worker", "web")
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == ["deaf\n"] * 2
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 0
    assert [lives(child) for child in children] == [False, False]


def test_a_second_ctrl_c_does_not_wait(start, tmp_path):
    process = start(("web", DEAF, True), patience=600)
    (child,) = all_run(tmp_path, "web")
    assert process.stdout is not None
    assert process.stdout.readline() == "deaf\n"
    process.send_signal(signal.SIGINT)

    def insist() -> bool:
        process.send_signal(signal.SIGINT)
        return process.poll() is not None

    wait_until(insist)
    assert not lives(child)


@pytest.mark.parametrize(
    ("ending", "code"), [("import sys; sys.exit(3)", 3), ("import os; os.kill(os.getpid(), 9)", 1)]
)
def test_the_end_of_the_main_program_ends_all(start, tmp_path, ending, code):
    process = start(("worker", SLEEPER, False), ("web", ending, True))
    assert process.wait(PATIENCE) == code
    assert [child for child in numbers(tmp_path / "worker") if lives(child)] == []


def test_another_one_starts_again_after_a_pause(start, tmp_path):
    process = start(("worker", "import sys; sys.exit(7)", False), ("web", SLEEPER, True))
    wait_until(lambda: len(numbers(tmp_path / "worker")) == 2)
    assert process.stdout is not None
    assert process.stdout.readline() == "worker s'est arrêté (code 7) ; nouvel essai dans 1 s.\n"
    assert process.poll() is None
    process.terminate()
    assert process.wait(PATIENCE) == 0


def test_the_children_of_a_child_go_too(start, tmp_path):
    grandchild = f"open({str(tmp_path / 'grandchild')!r}, 'a').write(str(os.getpid()) + chr(10))"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {f'import os; {grandchild}; {SLEEPER}'!r}])"
    process = start(("web", code, True))
    _child, grand = all_run(tmp_path, "web", "grandchild")
    process.terminate()
    assert process.wait(PATIENCE) == 0
    assert not lives(grand)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells children of their parent's death on Linux only")
def test_a_supervisor_that_is_killed_leaves_no_orphan(start, tmp_path):
    process = start(("worker", SLEEPER, False), ("web", SLEEPER, True))
    children = all_run(tmp_path, "worker", "web")
    process.kill()
    process.wait(PATIENCE)
    wait_until(lambda: not any(lives(child) for child in children))
    assert process.returncode == -signal.SIGKILL


def test_a_bell_ends_a_wait_and_all_those_after_it():
    bell = Bell()
    began = time.monotonic()
    bell.wait(0.01)
    assert not bell.rung
    for _ in range(70_000):  # more than its pipe holds
        bell.ring()
    bell.wait(600)
    bell.wait(600)
    assert bell.is_rung()
    assert time.monotonic() - began < PATIENCE
    bell.close()


def test_signals_ring_for_the_block_alone():
    before = signal.getsignal(signal.SIGTERM)
    with bell_of_signals() as bell:
        os.kill(os.getpid(), signal.SIGTERM)
        bell.wait(PATIENCE)
        assert (bell.rung, bell.times) == (True, 1)
    assert signal.getsignal(signal.SIGTERM) is before


# --- Those of the demonstration -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({}, "http://127.0.0.1:8001"),
        ({"PORT": "9000", "HOST": "localhost"}, "http://127.0.0.1:9001"),
        ({"PORT": "9000", "HOST": "::1"}, "http://[::1]:9001"),
        ({"PORTAIL_PAYFIP_PORT": "7000"}, "http://127.0.0.1:7000"),
        ({"HOST": "0.0.0.0"}, "http://192.0.2.7:8001"),  # noqa: S104
        ({"PORTAIL_PAYFIP_URL": "https://payfip.example"}, "https://payfip.example"),
    ],
)
def test_parents_and_portal_find_the_same_payfip(monkeypatch, settings, tmp_path, variables, url):
    for name in ("PORT", "HOST", "PORTAIL_PAYFIP_PORT", "PORTAIL_PAYFIP_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(services, "network_address", lambda: "192.0.2.7")
    settings.VAR = tmp_path
    assert services.services() == {"payfip": url, "mail": str(tmp_path / "mail")}
    payfip, worker, web = services.programs({"LANG": "C"})
    assert [program.essential for program in (payfip, worker, web)] == [False, False, True]
    assert {program.environment["PORTAIL_PAYFIP_URL"] for program in (payfip, worker, web)} == {url}
    assert worker.command[-1] == "worker"
    assert payfip.command[payfip.command.index("--mail-folder") + 1] == str(tmp_path / "mail")


def test_both_ports_are_looked_at_before_anything_is_built(monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv("HOST", "127.0.0.1")
        monkeypatch.setenv("PORT", str(free_port()))
        monkeypatch.setenv("PORTAIL_PAYFIP_PORT", str(other.getsockname()[1]))
        with pytest.raises(ConsoleError, match="PORTAIL_PAYFIP_PORT=9001"):
            services.refuse_taken_port()
    services.refuse_taken_port()
