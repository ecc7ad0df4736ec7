"""The loops that send, the position of a cycle, and the claims on objects."""

from __future__ import annotations

import threading
from collections.abc import Generator
from datetime import UTC
from datetime import datetime
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from entra_sim.simulator.clock import VirtualClock
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.service.claims import Claims
from entra_sim.simulator.service.driving import Line
from entra_sim.simulator.service.driving import Task
from entra_sim.simulator.service.driving import run_tasks
from entra_sim.simulator.service.position import Position
from entra_sim.simulator.transport.credentials import BearerToken
from entra_sim.simulator.transport.http import HttpTransport


class FakeLine:
    """A line that answers at once and counts."""

    numbers = iter(range(1, 10**9))

    def __init__(self, log: list[str], gate: threading.Event | None = None) -> None:
        self.sequence = 0
        self._log = log
        self._gate = gate

    def send(self, call: Call) -> Reply:
        """Return an empty answer."""
        if call.path == "/dies":
            raise KeyboardInterrupt
        if self._gate is not None and call.path.startswith("/slow"):
            self._gate.wait(10)
        self.sequence = next(self.numbers)
        self._log.append(call.path)
        return Reply(status=200)

    def close(self) -> None:
        """Do nothing."""


def task(name: str, *paths: str, key: str = "", done: list[str]) -> Task:
    """Return a task that sends to these paths."""

    def exchange() -> Generator[Call, Reply, str]:
        for path in paths:
            yield Call(method="GET", path=path)
        return name

    def finish(outcome: Any, sequences: tuple[int, ...]) -> None:
        assert len(sequences) == len(paths)
        done.append(outcome)

    return Task(key=lambda: key, exchange=exchange(), before=lambda call: None, finish=finish)


@pytest.mark.rule("ENG-175", "Q-08")
@pytest.mark.parametrize("workers", [1, 3])
def test_every_task_is_carried_out(workers: int) -> None:
    log: list[str] = []
    done: list[str] = []
    tasks = (task(str(n), f"/{n}/a", f"/{n}/b", done=done) for n in range(20))

    assert run_tasks(tasks, [FakeLine(log) for _ in range(workers)], lambda: False)  # type: ignore[misc]
    assert sorted(done) == sorted(str(n) for n in range(20))
    assert len(log) == 40
    if workers == 1:
        assert done == [str(n) for n in range(20)]


@pytest.mark.parametrize("workers", [1, 3])
def test_tasks_without_a_call_are_finished_too(workers: int) -> None:
    done: list[str] = []
    tasks = (task(str(n), done=done) for n in range(5))

    assert run_tasks(tasks, [FakeLine([]) for _ in range(workers)], lambda: False)  # type: ignore[misc]
    assert len(done) == 5


@pytest.mark.rule("ENG-175", "ENG-163")
def test_a_task_waits_while_another_of_its_key_is_on_its_way() -> None:
    log: list[str] = []
    done: list[str] = []
    gate = threading.Event()
    lines = [FakeLine(log, gate) for _ in range(3)]
    tasks = iter(
        [
            task("first", "/slow", "/first", key="k", done=done),
            task("second", "/second", key="k", done=done),
            task("third", "/third", key="other", done=done),
        ]
    )
    threading.Timer(0.05, gate.set).start()

    assert run_tasks(tasks, lines, lambda: False)  # type: ignore[arg-type]
    assert log.index("/first") < log.index("/second")


@pytest.mark.parametrize("workers", [1, 3])
def test_a_stop_finishes_what_is_on_its_way_and_says_so(workers: int) -> None:
    done: list[str] = []
    answers = iter([False, False, False])
    tasks = (task(str(n), f"/{n}", done=done) for n in range(20))

    assert not run_tasks(tasks, [FakeLine([]) for _ in range(workers)], lambda: next(answers, True))  # type: ignore[misc]
    assert sorted(done) == ["0", "1", "2"]


@pytest.mark.parametrize("workers", [1, 3])
def test_what_breaks_while_sending_comes_through(workers: int) -> None:
    done: list[str] = []
    tasks = iter([task("a", "/a", done=done), task("b", "/dies", done=done)])

    with pytest.raises(KeyboardInterrupt):
        run_tasks(tasks, [FakeLine([]) for _ in range(workers)], lambda: False)  # type: ignore[misc]
    assert "b" not in done


def test_the_position_waits_for_the_slowest() -> None:
    position = Position("a")
    for object_id in "bcd":
        position.start(object_id)

    assert not position.finish("c")
    assert position.last == "a"
    assert position.finish("b")
    assert position.last == "c"
    assert position.finish("d")


def test_a_claim_is_waited_for() -> None:
    claims = Claims()
    order: list[str] = []
    claims.take(("j", "User", "u"))
    claims.take(("j", "User", "other"))

    def second() -> None:
        with claims.on(("j", "User", "u")):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    order.append("first")
    claims.give_back(("j", "User", "u"))
    thread.join(10)

    assert order == ["first", "second"]


class Waiting(HttpTransport):
    """A transport on which every request is on its way for a moment, and answered."""

    def send(self, call: Call) -> Reply:
        """Wait, then answer."""
        self._connection.meanwhile()
        return Reply(status=204)


def test_books_that_cannot_be_kept_are_no_failure_of_the_target() -> None:
    def work_off() -> None:
        done.append("work")
        if len(done) == 2:
            raise OSError("the disk is full")

    done: list[str] = []
    url = TenantUrl.parse("http://127.0.0.1:9/scim", allow_http=True)
    core: Any = SimpleNamespace(
        connect=Waiting,
        clock=VirtualClock(datetime(2026, 1, 5, tzinfo=UTC)),
        numbers=count(1),
        exchanges=[],
        database=SimpleNamespace(work_off=work_off),
    )
    application: Any = SimpleNamespace(application_id="a", name="Target")
    line = Line(core, application, url, BearerToken("secret-token-1234"))
    call = Call(method="GET", path="/Users")
    assert line.send(call).status == 204
    assert done == []
    line.use_waits()
    assert line.send(call).status == 204
    assert done == ["work"]
    with pytest.raises(OSError, match="disk"):
        line.send(call)
    assert line.send(call).status == 204
    assert len(done) == 3
