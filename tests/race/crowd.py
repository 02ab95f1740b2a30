"""A crowd of real processes, each with its own connection, that start the same instant on the test's database.

The processes live as long as the tests: Django is loaded once, by the server they are forked from. A test gives one
task to each of them; all wait at a barrier with their connection open, then run.
"""

import multiprocessing
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any

import django

SIZE = 8
PATIENCE = 180  # seconds; only ever reached by a deadlock, which must be a red test, not a hung one


@dataclass(frozen=True)
class Task:
    """`act(*arguments)` of a module of the tests, in the town of this key."""

    town: int
    act: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


class Crowd:
    """`SIZE` processes; `run` gives the results in the order of the tasks, and raises what any of them raised."""

    def __init__(self) -> None:
        from django.db import connection  # noqa: PLC0415 -- Django may not be set up when this module is loaded

        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.race.acts"])
        database = {**connection.settings_dict}
        self.barrier = context.Barrier(SIZE)
        self.pipes: list[Connection] = []
        self.processes = []
        for _ in range(SIZE):
            here, there = context.Pipe()
            process = context.Process(target=serve, args=(there, self.barrier, database), daemon=True)
            process.start()
            there.close()
            self.pipes.append(here)
            self.processes.append(process)

    def run(self, *tasks: Sequence[Task] | Task) -> list[Any]:
        """Each process runs its list of tasks (a lone task is a list of one), all starting together."""
        assert len(tasks) <= SIZE
        lists = [[task] if isinstance(task, Task) else list(task) for task in tasks]
        for pipe, tasks_of_one in zip(self.pipes, [*lists, *[[]] * (SIZE - len(lists))], strict=True):
            pipe.send(tasks_of_one)
        answers = []
        for pipe in self.pipes:
            assert pipe.poll(PATIENCE), "a process of the race is stuck"
            answers.append(pipe.recv())
        for fault, _ in answers:
            assert not fault, fault
        return [
            results[0] if isinstance(tasks[place], Task) else results
            for place, (_, results) in enumerate(answers[: len(tasks)])
        ]

    def stop(self) -> None:
        for pipe in self.pipes:
            pipe.send(None)
        for process in self.processes:
            process.join(PATIENCE)


_meeting: list[Barrier] = []


def meet() -> None:
    """Wait until every process of the crowd is here; for a race that must happen rather than may."""
    _meeting[0].wait(PATIENCE)


def serve(pipe: Connection, barrier: Barrier, database: dict[str, Any]) -> None:
    """The life of one process: wait for tasks, wait for the others, run, answer."""
    django.setup()
    from django.db import connection  # noqa: PLC0415

    _meeting.append(barrier)
    connection.settings_dict.update(database)
    while (tasks := pipe.recv()) is not None:
        results: list[Any] = []
        fault = ""
        try:
            connection.ensure_connection()
            barrier.wait(PATIENCE)
            results = [_run(task) for task in tasks]
        except BaseException:  # told to the test, which fails with it
            fault = traceback.format_exc()
        connection.close()
        pipe.send((fault, results))


def _run(task: Task) -> Any:
    from portail.towns.models import Town  # noqa: PLC0415
    from portail.towns.scope import in_town  # noqa: PLC0415

    with in_town(Town.objects.get(pk=task.town)):
        return task.act(*task.arguments)
