"""Accidental-deletion prevention: counts the removals of a cycle and may hold them all. Source: ENG-300 to ENG-306."""

from __future__ import annotations

from collections.abc import Iterable

from entra_sim.simulator.engine.outcome import Exchange
from entra_sim.simulator.engine.outcome import Outcome
from entra_sim.simulator.engine.record import Recorder
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.engine.run import Subject
from entra_sim.simulator.model.directory import Presence
from entra_sim.simulator.model.operation import Action
from entra_sim.simulator.model.operation import Status
from entra_sim.simulator.settings import Settings


def removal_count(subjects: Iterable[Subject]) -> int:
    """Return how many disables and deletes, of users and of groups, these objects would bring. Source: ENG-301."""
    return sum(1 for subject in subjects if subject.removes)


def trips(count: int, threshold: int, settings: Settings) -> bool:
    """Return whether a cycle with so many removals is held. Source: ENG-302, Q-18."""
    return count >= threshold if settings.delete_threshold_inclusive and count else count > threshold


def held_back(subject: Subject, run: Run) -> Exchange:
    """Return the outcome of a removal that is held: a record, no request, the link as it is. Source: ENG-303."""
    compiled = run.mapping(subject.source.object_type)
    recorder = Recorder(
        subject.source, mapped_names=compiled.shown_attributes, redacted_names=compiled.redacted_attributes
    )
    recorder.imported(subject.attributes)
    if subject.entry is not None:
        recorder.target_id = subject.entry.target_anchor
        recorder.target_display_name = subject.entry.display_name
    if subject.source.presence is not Presence.HARD_DELETED:
        recorder.scoped(subject.scoping_facts(run))
    text = "Held by accidental deletion prevention until an administrator allows deletes"
    recorder.step("EntrySynchronizationStagedDelete", "processing", "skipped", text)
    rules = (*subject.intent.rules, "ENG-201", "ENG-303")
    draft = recorder.draft(Action.STAGED_DELETE, Status.SKIPPED, rules=rules, explanation=text)
    return Outcome(draft=draft, entry=subject.entry, escrow=subject.escrow)
    yield  # pragma: no cover
