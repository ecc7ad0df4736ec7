"""The only loops that send: they drive engine generators with transports, and keep what was exchanged."""

from __future__ import annotations

import threading
from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any
from typing import TypeVar

from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.job import JobConfiguration
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.service.core import ExchangeRecord
from entra_sim.simulator.transport.credentials import BearerToken
from entra_sim.simulator.transport.http import HttpTransport
from entra_sim.simulator.transport.journal import Exchange
from entra_sim.simulator.transport.journal import JournalingTransport

Result = TypeVar("Result")


def drive(generator: Generator[Call, Reply, Result], send: Callable[[Call], Reply]) -> Result:
    """Return what the generator returns, sending every call it yields; its exceptions come through."""
    try:
        call = next(generator)
        while True:
            call = generator.send(send(call))
    except StopIteration as stop:
        result: Result = stop.value
        return result


class Line:
    """One connection to a target, with its journal. One thread uses it at a time.

    Attributes:
        sequence: journal number of the last exchange, 0 before the first.
    """

    def __init__(self, core: Core, application: Application, url: TenantUrl, authorization: BearerToken) -> None:
        self._core = core
        self._application = application
        self._base = url.base
        self.sequence = 0
        self._inner = core.connect(url, authorization)
        self._transport = JournalingTransport(self._inner, core.clock.now, self._keep, numbers=core.numbers)
        self._broken: BaseException | None = None

    def send(self, call: Call) -> Reply:
        """Return what came back; never raises for anything that a server does."""
        reply = self._transport.send(call)
        if self._broken is not None:
            broken, self._broken = self._broken, None
            raise broken
        return reply

    def use_waits(self) -> None:
        """Do the books while a request is on its way, where the transport has such waits: it costs no time then."""
        if isinstance(self._inner, HttpTransport):
            self._inner.use_waits(self._do_the_books)

    def _do_the_books(self) -> None:
        try:
            self._core.database.work_off()
        except BaseException as broken:  # none of the target's failures: `send` raises it when the answer is there
            self._broken = broken

    def close(self) -> None:
        """Give up the connection."""
        self._transport.close()

    def _keep(self, exchange: Exchange) -> None:
        self.sequence = exchange.sequence
        self._core.exchanges.append(
            ExchangeRecord(
                sequence=exchange.sequence,
                at=exchange.at,
                answered_at=exchange.answered_at,
                application_id=self._application.application_id,
                application_name=self._application.name,
                base=self._base,
                call=exchange.call,
                reply=exchange.reply,
            )
        )


def open_transport(
    core: Core, application: Application, configuration: JobConfiguration, *, tenant_url: str = "", secret: str = ""
) -> Line:
    """Return a journaled line to the job's target, or to the tenant URL and secret given instead.

    Raises:
        UserInputError: URL or secret cannot be used.
    """
    url = TenantUrl.parse(tenant_url or configuration.tenant_url, allow_http=True)
    return Line(core, application, url, BearerToken(secret or configuration.secret))


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One object on its way.

    Args:
        key: asked after the first step: two tasks of one key are never in flight together; "" for none.
        exchange: yields calls, returns the outcome.
        before: called before each call is sent.
        finish: called with the outcome and the journal numbers of its exchanges.
    """

    key: Callable[[], str]
    exchange: Generator[Call, Reply, Any]
    before: Callable[[Call], None]
    finish: Callable[[Any, tuple[int, ...]], None]


def run_tasks(tasks: Iterator[Task], lines: Sequence[Line], should_stop: Callable[[], bool]) -> bool:
    """Carry out tasks in order, as many at once as there are lines; returns False when asked to stop before the end.

    This thread steps every generator and calls every `finish`; with one line it also sends, so that runs repeat to the
    byte. With more, threads only send. What is in flight when a stop is asked for is finished. Source: ENG-175, Q-08.
    """
    if len(lines) == 1:
        return _one_by_one(tasks, lines[0], should_stop)
    pool = _Pool(lines)
    try:
        return pool.run(tasks, should_stop)
    except KeyboardInterrupt:
        pool.abandon()
        raise
    finally:
        pool.close()


def _one_by_one(tasks: Iterator[Task], line: Line, should_stop: Callable[[], bool]) -> bool:
    while not should_stop():
        task = next(tasks, None)
        if task is None:
            return True
        sequences: list[int] = []
        call = _step(task, None)
        while isinstance(call, Call):
            task.before(call)
            reply = line.send(call)
            sequences.append(line.sequence)
            call = _step(task, reply)
        task.finish(call.outcome, tuple(sequences))
    return False


@dataclass(frozen=True, slots=True)
class _Done:
    outcome: Any


def _step(task: Task, reply: Reply | None) -> Call | _Done:
    try:
        return next(task.exchange) if reply is None else task.exchange.send(reply)
    except StopIteration as stop:
        return _Done(stop.value)


@dataclass(slots=True)
class _Flight:
    task: Task
    key: str
    sequences: list[int]


@dataclass(frozen=True, slots=True)
class _Answer:
    number: int
    reply: Reply | None
    sequence: int
    broken: BaseException | None = None


class _Pool:
    """Threads that send, each on its own line; the thread that calls `run` does everything else."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._calls: SimpleQueue[tuple[int, Call] | None] = SimpleQueue()
        self._answers: SimpleQueue[_Answer] = SimpleQueue()
        self._flights: dict[int, _Flight] = {}
        self._keys: set[str] = set()
        self._size = len(lines)
        self._threads = [
            threading.Thread(target=self._send, args=(line,), name=f"sender-{number}", daemon=True)
            for number, line in enumerate(lines)
        ]
        for thread in self._threads:
            thread.start()

    def run(self, tasks: Iterator[Task], should_stop: Callable[[], bool]) -> bool:
        number, is_over, is_stopped = 0, False, False
        waiting: tuple[_Flight, Call] | None = None
        while True:
            while not is_over and len(self._flights) < self._size and waiting is None:
                is_stopped = should_stop()
                task = None if is_stopped else next(tasks, None)
                is_over = task is None
                if task is not None:
                    number += 1
                    waiting = self._begun(number, task)
            if waiting is not None and waiting[0].key not in self._keys:
                self._take_off(number, *waiting)
                waiting = None
            elif self._flights:
                self._land(self._answers.get())
            else:
                return not is_stopped

    def _begun(self, number: int, task: Task) -> tuple[_Flight, Call] | None:
        """Step a task for the first time; returns it with its call when its key is not free yet."""
        step = _step(task, None)
        if isinstance(step, _Done):
            task.finish(step.outcome, ())
            return None
        flight = _Flight(task, task.key(), [])
        if flight.key in self._keys:
            return flight, step
        self._take_off(number, flight, step)
        return None

    def _take_off(self, number: int, flight: _Flight, call: Call) -> None:
        flight.task.before(call)
        self._flights[number] = flight
        if flight.key:
            self._keys.add(flight.key)
        self._calls.put((number, call))

    def _land(self, answer: _Answer) -> None:
        flight = self._flights.pop(answer.number)
        self._keys.discard(flight.key)
        if answer.broken is not None:
            raise answer.broken
        flight.sequences.append(answer.sequence)
        step = _step(flight.task, answer.reply)
        if isinstance(step, _Done):
            flight.task.finish(step.outcome, tuple(flight.sequences))
        else:
            self._take_off(answer.number, flight, step)

    def _send(self, line: Line) -> None:
        while (item := self._calls.get()) is not None:
            number, call = item
            try:
                reply = line.send(call)
            except BaseException as broken:  # the coordinator raises it
                self._answers.put(_Answer(number, None, 0, broken))
            else:
                self._answers.put(_Answer(number, reply, line.sequence))

    def abandon(self) -> None:
        """Let the threads end by themselves: somebody insists on ending now, and a target may hang."""
        for _ in self._threads:
            self._calls.put(None)
        self._threads = []

    def close(self) -> None:
        for _ in self._threads:
            self._calls.put(None)
        for thread in self._threads:
            thread.join()
