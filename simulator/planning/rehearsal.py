"""One object through the engine, and what came of it as a line of the plan."""

from __future__ import annotations

import re
from collections.abc import Generator
from collections.abc import Mapping
from typing import Any

from entra_sim.simulator.engine.mapping import CompiledMapping
from entra_sim.simulator.engine.mapping import CompiledRow
from entra_sim.simulator.engine.mapping import MappedValue
from entra_sim.simulator.engine.outcome import Outcome
from entra_sim.simulator.engine.outcome import Resource
from entra_sim.simulator.engine.reconcile import Reconciliation
from entra_sim.simulator.engine.record import Recorder
from entra_sim.simulator.engine.record import text_of_any
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.engine.run import Subject
from entra_sim.simulator.errors import DuplicateSourceEntries
from entra_sim.simulator.errors import DuplicateTargetEntries
from entra_sim.simulator.errors import ExpressionError
from entra_sim.simulator.errors import MappingFailed
from entra_sim.simulator.model.directory import Presence
from entra_sim.simulator.model.mapping import FlowType
from entra_sim.simulator.model.operation import Action
from entra_sim.simulator.model.operation import IntentKind
from entra_sim.simulator.model.operation import SkipReason
from entra_sim.simulator.model.operation import Status
from entra_sim.simulator.planning.model import AttributeChange
from entra_sim.simulator.planning.model import Kind
from entra_sim.simulator.planning.model import ObjectPlan
from entra_sim.simulator.planning.model import StaysWrong
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply

_AMBIGUOUS = (DuplicateTargetEntries, DuplicateSourceEntries)
_LINKED = re.compile(r"is linked to another source object \(([^)]+)\)")
_NOT_REPAIRED = "a mapping never clears a value; clear it at the target, or map a default"


class QuietRecorder(Recorder):
    """Collects what a plan shows: names, modified properties, the explanation; not the steps of a log record."""

    def step(self, name: str, kind: str, status: str, text: str, details: Mapping[str, Any] | None = None) -> None:
        """Do nothing."""

    def imported(self, attributes: Mapping[str, Any] | None = None) -> None:
        """Do nothing."""

    def decided(self, verb: str, text: str, kind: str = "matching") -> None:
        """Do nothing."""

    def exported(self, name: str, text: str, details: Mapping[str, Any] | None = None) -> None:
        """Do nothing."""


class Rehearsal(Reconciliation):
    """A reconciliation that remembers what it mapped and what it found.

    Attributes:
        values: what the rows yielded, None before they were evaluated.
        held: the target's resource before any write, None when there was none.
    """

    def __init__(self, subject: Subject, run: Run) -> None:
        super().__init__(subject, run)
        self.recorder = QuietRecorder(subject.source)
        self.values: list[MappedValue] | None = None
        self.held: Resource | None = None

    def _values(self, *, is_create: bool) -> Generator[Call, Reply, list[MappedValue]]:
        self.values = yield from super()._values(is_create=is_create)
        return self.values

    def _found(self, resource: Resource) -> None:
        self.held = resource
        self.recorder.found(resource, {})

    def _scoped(self) -> None:
        """Do nothing: the step of a log record is not shown."""


def object_plan(
    work: Rehearsal,
    outcome: Outcome,
    calls: tuple[int, int],
    dropped: tuple[CompiledRow, ...],
    sources: Mapping[str, str],
    names: Mapping[str, str],
) -> ObjectPlan:
    """Return the line of one object after its way through the engine.

    Args:
        calls: reads and writes that it took.
        dropped: rows that were mapped before and are not any more.
        sources: target attribute → what its row reads.
        names: object id → name, for sentences.
    """
    subject, draft = work.subject, outcome.draft
    kind = _kind(work, outcome)
    failure = subject.verdict.first_failure if not subject.verdict.passes else None
    is_shown = failure is not None and kind in (Kind.OUT_OF_SCOPE, Kind.DISABLED, Kind.DELETED, Kind.LEFT_ALONE)
    target_name = draft.target_display_name if draft is not None else work.recorder.target_display_name
    return ObjectPlan(
        object_type=subject.source.object_type,
        object_id=subject.source.object_id,
        identity=subject.source.reportable_identifier,
        kind=kind,
        target=target_name if kind is not Kind.CREATED else "",
        match=_match(work) if kind is Kind.TAKEN_OVER else "",
        changes=_changes(outcome, sources),
        reason=_reason(work, outcome, kind, names),
        cause=_cause(work, outcome, kind),
        clause=failure.key if failure is not None and is_shown else "",
        value=text_of_any(failure.value) if failure is not None and is_shown else None,
        column=_column(outcome),
        stays_wrong=tuple(_stays_wrong(work, outcome, dropped)),
        rules=draft.rules if draft is not None else subject.intent.rules,
        reads=calls[0],
        writes=calls[1],
    )


def _kind(work: Rehearsal, outcome: Outcome) -> Kind:
    if outcome.error is not None:
        if isinstance(outcome.error, _AMBIGUOUS):
            return Kind.AMBIGUOUS
        return Kind.EXPRESSION_ERROR if isinstance(outcome.error, MappingFailed) else Kind.FAILED
    draft = outcome.draft
    if draft is None:
        return _taken_over(work, Kind.UNCHANGED) if outcome.entry is not None else Kind.LEFT_ALONE
    if draft.status is Status.SUCCESS:
        return _success(work, draft.action)
    if draft.skip_reason == SkipReason.REDUNDANT:
        return _taken_over(work, Kind.UNCHANGED)
    if draft.skip_reason == SkipReason.NOT_ENTITLED:
        return Kind.OUT_OF_SCOPE
    return _taken_over(work, Kind.LEFT_ALONE)


def _taken_over(work: Rehearsal, otherwise: Kind) -> Kind:
    is_new_link = work.subject.entry is None and work.held is not None and work.entry is not None
    return Kind.TAKEN_OVER if is_new_link else otherwise


def _success(work: Rehearsal, action: Action) -> Kind:
    if action is Action.CREATE:
        return Kind.CREATED
    if action is Action.DELETE:
        return Kind.DELETED
    if action is Action.DISABLE:
        return Kind.DISABLED
    if work.subject.entry is None:
        return Kind.TAKEN_OVER
    changed = {change.target_path: change for change in work.attempted}
    active = changed.get("active")
    if work.subject.entry.is_disabled or (active is not None and str(active.new_value).lower() == "true"):
        return Kind.RE_ENABLED
    return Kind.UPDATED


def _match(work: Rehearsal) -> str:
    """Return by which matching attribute the account was found: the first whose value it carries."""
    assert work.held is not None
    for item in work.compiled.matching:
        held = item.path.read(work.held)
        if held is not None and not isinstance(held, (list, Mapping)):
            return f"{item.row.target_attribute_name} = {held}"
    return "" if work.asked is None else f"{work.asked[0]} = {work.asked[1]}"


def _changes(outcome: Outcome, sources: Mapping[str, str]) -> tuple[AttributeChange, ...]:
    """Return what is written, as the log's modified properties have it, each with its mapping."""
    if outcome.draft is None or outcome.draft.status is Status.SKIPPED:
        return ()
    return tuple(
        [
            AttributeChange(item.display_name, item.old_value, item.new_value, sources.get(item.display_name, ""))
            for item in outcome.draft.modified_properties
        ]
    )


def sources_of(compiled: CompiledMapping) -> dict[str, str]:
    """Return target attribute → what its row reads."""
    return {item.name: item.row.source_expression or "" for item in compiled.rows}


def _reason(work: Rehearsal, outcome: Outcome, kind: Kind, names: Mapping[str, str]) -> str:
    linked = _LINKED.search(str(outcome.error)) if isinstance(outcome.error, DuplicateSourceEntries) else None
    if linked is not None:
        return f"The account that was found is linked already, to '{names.get(linked[1], linked[1])}'."
    if outcome.error is not None:
        return str(outcome.error)
    if outcome.draft is not None and outcome.draft.explanation and kind is not Kind.UNCHANGED:
        return outcome.draft.explanation
    source = work.subject.source
    if kind is Kind.DISABLED and source.presence is Presence.ACTIVE:
        return "it leaves the scope: not assigned" if not source.is_entitled else "it leaves the scope by a filter"
    if kind is Kind.DISABLED:
        return "the account is disabled in the directory"
    if kind is Kind.DELETED:
        return "it leaves the scope"
    return ""


def _cause(work: Rehearsal, outcome: Outcome, kind: Kind) -> str:
    """Return what objects in the same situation share: why it is out of scope, skipped or fails."""
    subject, draft = work.subject, outcome.draft
    if outcome.error is not None:
        text = str(outcome.error)
        return text.split("'")[1] + " fails" if kind is Kind.EXPRESSION_ERROR and "'" in text else outcome.error.code
    if kind in (Kind.OUT_OF_SCOPE, Kind.DISABLED, Kind.DELETED):
        causes = [] if subject.source.is_entitled else ["not assigned"]
        failure = subject.verdict.first_failure if not subject.verdict.passes else None
        causes += [] if failure is None else [f"filter {failure.key}"]
        causes += [] if subject.source.presence is Presence.ACTIVE else ["account disabled in the directory"]
        return " and ".join(causes)
    return draft.skip_reason if draft is not None and kind is Kind.LEFT_ALONE else ""


def _column(outcome: Outcome) -> int:
    cause = outcome.error.__cause__ if outcome.error is not None else None
    return int(cause.column or 0) if isinstance(cause, ExpressionError) else 0


def _stays_wrong(work: Rehearsal, outcome: Outcome, dropped: tuple[CompiledRow, ...]) -> list[StaysWrong]:
    found = []
    if work.held is not None and work.values is not None and outcome.error is None:
        mapped = {item.name for item in work.values}
        for item in work.compiled.rows:
            name = item.row.target_attribute_name
            if name in mapped or item.row.flow_type is FlowType.OBJECT_ADD_ONLY:
                continue
            kept = item.path.read(work.held)
            if kept is not None:
                text = f"'{name}' keeps {_shown(kept)}, though its source is empty: {_NOT_REPAIRED}"
                found.append(StaysWrong(rule="ENG-014", attribute=name, text=text))
        for item in dropped:
            name = item.row.target_attribute_name
            kept = item.path.read(work.held)
            if kept is not None:
                text = f"'{name}' keeps {_shown(kept)}, though it is not mapped any more; clear it at the target"
                found.append(StaysWrong(rule="ENG-153", attribute=name, text=text))
    if outcome.entry is not None and not outcome.entry.is_managed and work.subject.source.object_type == "User":
        text = (
            "the account is not managed any more: when the person is deleted for good, it is not deleted; "
            "delete it at the target, or keep the person in scope until then"
        )
        found.append(StaysWrong(rule="ENG-188", attribute="", text=text))
    return found


def _shown(value: Any) -> str:
    return repr(text_of_any(value) or "")


def held_plan(subject: Subject, outcome: Outcome) -> ObjectPlan:
    """Return the line of a removal that accidental-deletion prevention holds."""
    assert outcome.draft is not None
    verb = "delete" if subject.intent.kind is IntentKind.DELETE else "disable"
    return ObjectPlan(
        object_type=subject.source.object_type,
        object_id=subject.source.object_id,
        identity=subject.source.reportable_identifier,
        kind=Kind.HELD,
        target=outcome.draft.target_display_name,
        cause=f"{verb} held",
        reason=f"a {verb}, {outcome.draft.explanation[0].lower()}{outcome.draft.explanation[1:]}",
        rules=outcome.draft.rules,
    )
