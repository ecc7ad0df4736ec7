"""One cycle over users or groups in memory: the engine's generators, a pretend target, links in a dictionary.

What `service.cycle_work` does with a store and a transport, without either: users, groups, then references.
"""

from __future__ import annotations

from abc import ABC
from abc import abstractmethod
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from itertools import count
from random import Random
from typing import Any

from entra_sim.simulator.engine import guard
from entra_sim.simulator.engine.mapping import CompiledMapping
from entra_sim.simulator.engine.mapping import CompiledRow
from entra_sim.simulator.engine.mapping import compile_mapping
from entra_sim.simulator.engine.outcome import Outcome
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.engine.run import Subject
from entra_sim.simulator.engine.run import intend
from entra_sim.simulator.expressions import EvaluationContext
from entra_sim.simulator.model.directory import SourceObject
from entra_sim.simulator.model.entry import SyncEntry
from entra_sim.simulator.model.mapping import read_schema
from entra_sim.simulator.planning.model import AttributeChange
from entra_sim.simulator.planning.model import JobSettings
from entra_sim.simulator.planning.model import Kind
from entra_sim.simulator.planning.model import ObjectPlan
from entra_sim.simulator.planning.model import StaysWrong
from entra_sim.simulator.planning.model import StrayAccount
from entra_sim.simulator.planning.packing import Packed
from entra_sim.simulator.planning.rehearsal import Rehearsal
from entra_sim.simulator.planning.rehearsal import held_plan
from entra_sim.simulator.planning.rehearsal import object_plan
from entra_sim.simulator.planning.rehearsal import sources_of
from entra_sim.simulator.planning.resources import NAMES
from entra_sim.simulator.planning.target import PretendTarget
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.settings import Settings

PROGRESS_EVERY = 250
Progress = Callable[[str, int], None]


class Purpose(StrEnum):
    """Why a cycle is run: to fill the target, to find out what is linked to what, or to be told of."""

    SEED = "seed"
    LINK = "link"
    PLAN = "plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One pass over the objects.

    Args:
        state: index of the job state.
        is_initial: everybody; else only `wanted`, as an incremental cycle does.
        looks_up_by_filter: linked objects are looked up by filter first (ENG-166).
        holds: accidental-deletion prevention holds all removals.
    """

    state: int
    purpose: Purpose
    is_initial: bool = True
    looks_up_by_filter: bool = False
    holds: bool = False
    wanted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What every object of a plan shares besides the states of the job."""

    states: tuple[JobSettings, ...]
    settings: Settings
    now: datetime
    default_domain: str
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Note:
    """What the reference pass adds to the line of one object."""

    changes: list[AttributeChange] = field(default_factory=list)
    stays_wrong: list[StaysWrong] = field(default_factory=list)
    error: str = ""
    reads: int = 0
    writes: int = 0

    def onto(self, item: ObjectPlan) -> ObjectPlan:
        """Return the line with this added."""
        kind = item.kind
        if self.error:
            kind = Kind.FAILED
        elif self.changes and kind in (Kind.UNCHANGED, Kind.LEFT_ALONE):
            kind = Kind.UPDATED
        return item._replace(
            kind=kind,
            changes=item.changes + tuple(self.changes),
            stays_wrong=item.stays_wrong + tuple(self.stays_wrong),
            reason=self.error or item.reason,
            reads=item.reads + self.reads,
            writes=item.writes + self.writes,
        )


class Compiled:
    """The mappings of one state of the job, compiled, and what was mapped in the state before."""

    def __init__(self, document: Mapping[str, Any], before: Compiled | None = None) -> None:
        schema = read_schema(document)
        self.user = compile_mapping(schema.user)
        self.group = compile_mapping(schema.group)
        self._before = before

    def mapping(self, object_type: str) -> CompiledMapping:
        """Return the compiled mapping of "User" or "Group"."""
        return self.user if object_type == "User" else self.group

    def dropped(self, object_type: str) -> tuple[CompiledRow, ...]:
        """Return the rows that the state before had and this one has not."""
        if self._before is None:
            return ()
        kept = {item.row.target_attribute_name for item in self.mapping(object_type).rows}
        return tuple(
            item
            for item in self._before.mapping(object_type).rows
            if item.row.target_attribute_name not in kept and item.row.source_expression is not None
        )


def compiled_states(environment: Environment) -> list[Compiled]:
    """Return the compiled states, each knowing the one before."""
    found: list[Compiled] = []
    for state in environment.states:
        found.append(Compiled(state.document, found[-1] if found else None))
    return found


class Half(ABC):
    """Users (or a share of them) or groups on their way: links, the pretend target, what waits for references.

    Attributes:
        lines: of the plan so far, packed.
        inside_count, removal_count: of the last pass.
        retries: ids of those that failed while the target was filled; the next cycle tries them again (ENG-271).
    """

    object_type = "User"

    def __init__(self, environment: Environment, target: PretendTarget) -> None:
        self.environment = environment
        self.target = target
        self.entries: dict[str, SyncEntry] = {}
        self.owners: dict[str, str] = {}
        self.lines: Packed[ObjectPlan] = Packed()
        self.retries: set[str] = set()
        self.inside_count = self.removal_count = 0
        self.others: Mapping[str, str] = {}
        self._states = compiled_states(environment)
        self._made_ids = count(1)
        self._chance = Random(0)  # what is drawn differs in a real run; a plan can only say that it is new

    def run(self, order: Order) -> Run:
        """Return the shared part of the engine's work."""
        state, compiled = self.environment.states[order.state], self._states[order.state]
        settings = self.environment.settings
        return Run(
            user=compiled.user,
            group=compiled.group,
            dialect=state.dialect,
            settings=settings,
            evaluation=EvaluationContext(
                now=self.environment.now,
                new_id=lambda: f"00000000-0000-4000-8000-{next(self._made_ids):012x}",
                chance=self._chance,
                default_domain=self.environment.default_domain,
            ),
            now=self.environment.now,
            sync_all=state.sync_all,
            skips_out_of_scope_deletions=state.skips_out_of_scope_deletions,
            source_of=lambda kind, anchor: self.owners.get(anchor),
            target_of=self._target_of,
            looks_up_by_filter=order.looks_up_by_filter,
        )

    def _target_of(self, _kind: str, source_id: str) -> str | None:
        entry = self.entries.get(source_id)
        if entry is not None:
            return entry.target_anchor if entry.is_managed else None
        return self.others.get(source_id)

    def know(self, managed: Mapping[str, str]) -> None:
        """Take note of the links of all users, those of other shares too."""
        self.others = managed

    def owners_of(self, target_ids: Sequence[str]) -> dict[str, str]:
        """Return target id → source id of those that are linked, by unmanaged links too."""
        return {target_id: self.owners[target_id] for target_id in target_ids if target_id in self.owners}

    def managed(self) -> dict[str, str]:
        """Return source id → target id of the managed links."""
        return {key: entry.target_anchor for key, entry in self.entries.items() if entry.is_managed}

    def taken_lines(self) -> Packed[ObjectPlan]:
        """Return the lines of the plan, and forget them."""
        lines, self.lines = self.lines, Packed()
        return lines

    @abstractmethod
    def sources(self, order: Order) -> Iterable[SourceObject]:
        """Return the objects of a pass in feed order."""

    def subjects(self, order: Order, run: Run) -> Iterable[Subject]:
        """Return the decisions about all objects of a pass."""
        for source in self.sources(order):
            yield intend(source, self.entries.get(source.object_id), run)

    def counted(self, order: Order) -> tuple[int, int]:
        """Return how many objects are in scope, and how many removals a pass would bring."""
        run = self.run(order)
        if not self._is_enabled(run):
            return 0, 0
        inside = removals = 0
        for subject in self.subjects(replace(order, is_initial=True), run):
            inside += subject.is_inside
            if self._is_looked_at(subject.source.object_id, order):
                removals += guard.removal_count((subject,))
        return inside, removals

    def seen(self) -> tuple[int, int]:
        """Return how many objects of the last pass were in scope, and how many removals it brought."""
        return self.inside_count, self.removal_count

    def _is_looked_at(self, object_id: str, order: Order) -> bool:
        """Return whether a pass looks at an object: an incremental one at changes and at retries (ENG-150)."""
        return order.is_initial or object_id in order.wanted or object_id in self.retries

    def _is_enabled(self, run: Run) -> bool:
        return run.mapping(self.object_type).mapping.is_enabled

    def taken_counts(self) -> dict[str, int]:
        """Return the requests by method since the last time this was asked."""
        counts = dict(self.target.counts)
        self.target.counts.clear()
        return counts

    def strays(self) -> list[StrayAccount]:
        """Return the accounts of the target that no object is linked to."""
        found = []
        for target_id in self.target.ids(self.object_type):
            if target_id not in self.owners:
                resource = self.target.resource(self.object_type, target_id) or {}
                found.append(
                    StrayAccount(
                        object_type=self.object_type,
                        target_id=target_id,
                        name=str(resource.get(NAMES[self.object_type]) or target_id),
                        is_active=resource.get("active") is not False,
                    )
                )
        return found

    def work(self, order: Order, progress: Progress) -> None:
        """Carry out a pass without its references; there are lines of the plan afterwards if it is to be told of."""
        run = self.run(order)
        lines: Packed[ObjectPlan] = Packed()
        self.lines = lines
        self.forget_references()
        self.inside_count = self.removal_count = 0
        if not self._is_enabled(run):
            return
        dropped = self._states[order.state].dropped(self.object_type)
        sources = sources_of(run.mapping(self.object_type))
        for number, subject in enumerate(self.subjects(order, run), 1):
            self.inside_count += subject.is_inside
            self.removal_count += subject.removes
            if order.purpose is Purpose.LINK:
                self._keep(subject, self._linked(subject, run))
            elif order.holds and subject.removes:
                lines.append(held_plan(subject, _driven(guard.held_back(subject, run), self.target.send)))
            else:
                work, outcome, reads, writes = self._carry_out(subject, run)
                if order.purpose is Purpose.SEED and outcome.escrow is not None:
                    self.retries.add(subject.source.object_id)
                if order.purpose is Purpose.PLAN:
                    lines.append(object_plan(work, outcome, (reads, writes), dropped, sources, self.environment.names))
            if number % PROGRESS_EVERY == 0:
                progress(str(order.purpose), number)

    def _carry_out(self, subject: Subject, run: Run) -> tuple[Rehearsal, Outcome, int, int]:
        work = Rehearsal(subject, run)
        reads = writes = 0
        exchange = work.exchange()
        try:
            call = next(exchange)
            while True:
                reads, writes = (reads, writes + 1) if call.is_write else (reads + 1, writes)
                call = exchange.send(self.target.send(call))
        except StopIteration as stop:
            outcome: Outcome = stop.value
        self._keep(subject, outcome.entry)
        if outcome.held_resource is not None and outcome.entry is not None:
            self.note_reference(subject, outcome, run)
        return work, outcome, reads, writes

    def _linked(self, subject: Subject, run: Run) -> SyncEntry | None:
        """Return the link that the object has, or would get by what is there: it runs up to the first write."""
        work = Rehearsal(subject, run)
        exchange = work.exchange()
        try:
            call = next(exchange)
            while not call.is_write:
                call = exchange.send(self.target.send(call))
            exchange.close()
        except StopIteration as stop:
            found: SyncEntry | None = stop.value.entry
            return found
        return work.entry

    def _keep(self, subject: Subject, entry: SyncEntry | None) -> None:
        object_id = subject.source.object_id
        if entry == subject.entry:
            return
        if subject.entry is not None:
            self.owners.pop(subject.entry.target_anchor, None)
            self.entries.pop(object_id)
        if entry is not None:
            self.entries[object_id] = entry
            self.owners[entry.target_anchor] = object_id

    @abstractmethod
    def forget_references(self) -> None:
        """Forget the objects that a reference pass would look at."""

    @abstractmethod
    def note_reference(self, subject: Subject, outcome: Outcome, run: Run) -> None:
        """Remember an object that the reference pass looks at."""


def _driven(exchange: Any, send: Callable[[Call], Any]) -> Outcome:
    return counted(exchange, send, Note())  # type: ignore[no-any-return]


def counted(exchange: Any, send: Callable[[Call], Any], note: Note) -> Any:
    """Return what the generator returns, counting its requests."""
    try:
        call = next(exchange)
        while True:
            if call.is_write:
                note.writes += 1
            else:
                note.reads += 1
            call = exchange.send(send(call))
    except StopIteration as stop:
        return stop.value
