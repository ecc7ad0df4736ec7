"""What all objects of one cycle, or of one on-demand run, share; and what one object brings with it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from typing import Any

from entra_sim.simulator.engine.decide import Facts
from entra_sim.simulator.engine.decide import decide
from entra_sim.simulator.engine.mapping import CompiledMapping
from entra_sim.simulator.engine.scoping import FilterVerdict
from entra_sim.simulator.engine.scoping import evaluate_filters
from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.expressions import EvaluationContext
from entra_sim.simulator.model.directory import Presence
from entra_sim.simulator.model.directory import SourceObject
from entra_sim.simulator.model.entry import EscrowEntry
from entra_sim.simulator.model.entry import SyncEntry
from entra_sim.simulator.model.operation import Intent
from entra_sim.simulator.model.operation import IntentKind
from entra_sim.simulator.model.operation import Link
from entra_sim.simulator.scim.profile import Dialect
from entra_sim.simulator.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The shared part.

    Args:
        looks_up_by_filter: linked objects are looked up by filter first, by id when it finds nothing (Q-06).
        is_on_demand: failures are not escrowed, roles are left out, the default dialect is spoken (ENG-254).
        now: instant of the run.
        source_of: source anchor that a target anchor is linked to, or None.
        decisions: those made so far, by all that differs from one object of the run to another.
        target_of: target anchor of a managed link, or None (ENG-221, ENG-234).
    """

    user: CompiledMapping
    group: CompiledMapping
    dialect: Dialect
    settings: Settings
    evaluation: EvaluationContext
    now: datetime
    sync_all: bool
    skips_out_of_scope_deletions: bool
    source_of: Callable[[str, str], str | None]
    target_of: Callable[[str, str], str | None]
    looks_up_by_filter: bool = False
    is_on_demand: bool = False
    decisions: dict[tuple[Any, ...], Intent] = field(default_factory=dict, init=False, compare=False)

    def mapping(self, object_type: str) -> CompiledMapping:
        """Return the compiled mapping of "User" or "Group". Source: ENG-058."""
        return self.user if object_type == "User" else self.group


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One object of the run, with the decision about it.

    Args:
        unclear: why it could not be found out whether the object had been created before a crash.
        changed_attributes: what the feed says has changed, if that alone brought a linked object here; else None.
        has_member_changes: the reference pass will write members, so that nothing to do is not logged here.
        unresolved_members: identifiers of members that cannot be exported.
    """

    source: SourceObject
    entry: SyncEntry | None
    verdict: FilterVerdict
    intent: Intent
    escrow: EscrowEntry | None = None
    unclear: TargetError | None = None
    changed_attributes: frozenset[str] | None = None
    has_member_changes: bool = False
    unresolved_members: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Return object type and source anchor."""
        return self.source.object_type, self.source.object_id

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Return what the mappings read: a user's attributes with the computed IsSoftDeleted (ENG-004, ENG-010)."""
        if self.source.object_type == "Group":
            return self.source.attributes
        return {**self.source.attributes, "IsSoftDeleted": self.is_soft_deleted}

    @property
    def is_inside(self) -> bool:
        """Return whether assignment and filters both hold."""
        return self.source.is_entitled and self.verdict.passes

    @property
    def is_soft_deleted(self) -> bool:
        """Return the computed IsSoftDeleted. Source: ENG-010."""
        return self.source.presence is not Presence.ACTIVE or not self.is_inside

    @property
    def removes(self) -> bool:
        """Return whether somebody loses an account by it; not who is disabled already (ENG-198, Q-11)."""
        is_disabled = self.entry is not None and self.entry.is_disabled
        return self.intent.is_removal and not (self.intent.kind is IntentKind.DISABLE and is_disabled)

    def scoping_facts(self, run: Run) -> dict[str, str]:
        """Return the four facts of the scoping step and the clause results. Source: ENG-027, ENG-060."""
        kind = self.source.object_type
        entitled = str(self.source.is_entitled)
        return {
            "Active in the source system": str(self.source.presence is Presence.ACTIVE),
            "Assigned to the application": entitled,
            f"{kind} has the required role": entitled,
            "Scope sync all": str(run.sync_all),
            "Scoping filter evaluation passed": str(self.verdict.passes),
            "ScopeEvaluationResult": _json_text(self.verdict.results) if self.verdict.clauses else "{}",
        }


def intend(
    source: SourceObject,
    entry: SyncEntry | None,
    run: Run,
    *,
    escrow: EscrowEntry | None = None,
    unclear: TargetError | None = None,
    has_member_changes: bool = False,
    unresolved_members: tuple[str, ...] = (),
    is_incremental: bool = False,
) -> Subject:
    """Return the object with the decision about it: scope, then the tables. Nothing is read or sent.

    Source: ENG-059, ENG-058.
    """
    compiled = run.mapping(source.object_type)
    mapping = compiled.mapping
    anchored, contains = run.settings.regex_match_anchored, run.settings.ampersand_contains
    verdict = evaluate_filters(
        mapping.scoping_filters, source.attributes, is_anchored=anchored, ampersand_contains=contains
    )
    if source.presence is Presence.HARD_DELETED:
        verdict = FilterVerdict(passes=True)
    intent = _decided(source, entry, verdict, compiled, run)
    ignored = evaluate_filters(
        mapping.input_filters, source.attributes, is_anchored=anchored, ampersand_contains=contains
    )
    if not ignored.passes:
        intent = Intent(kind=IntentKind.NOTHING, rules=("ENG-041",))
    return Subject(
        source=source,
        entry=entry,
        verdict=verdict,
        intent=intent,
        escrow=escrow,
        unclear=unclear,
        changed_attributes=source.changed_attributes if is_incremental and source.changed_attributes else None,
        has_member_changes=has_member_changes,
        unresolved_members=unresolved_members,
    )


def _decided(
    source: SourceObject, entry: SyncEntry | None, verdict: FilterVerdict, compiled: CompiledMapping, run: Run
) -> Intent:
    """Return the decision; of all that it depends on, only these differ between the objects of one run."""
    link = None if entry is None else (entry.is_managed, entry.is_disabled)
    key = (source.object_type, source.presence, source.is_entitled, link, verdict.passes)
    intent = run.decisions.get(key)
    if intent is None:
        intent = run.decisions[key] = decide(_facts(source, entry, verdict, compiled, run))
    return intent


def _facts(
    source: SourceObject, entry: SyncEntry | None, verdict: FilterVerdict, compiled: CompiledMapping, run: Run
) -> Facts:
    link = Link.NONE if entry is None else Link.MANAGED if entry.is_managed else Link.UNMANAGED
    mapping = compiled.mapping
    settings = run.settings
    return Facts(
        object_type=source.object_type,
        presence=source.presence,
        link=link,
        was_disabled=entry is not None and entry.is_disabled,
        is_entitled=source.is_entitled,
        passes_filters=verdict.passes,
        creates=mapping.creates,
        updates=mapping.updates,
        deletes=mapping.deletes,
        skips_out_of_scope_deletions=run.skips_out_of_scope_deletions,
        skip_holds_disabled=settings.skip_out_of_scope_holds_disable,
        exports_changes_of_disabled=settings.export_changes_of_disabled,
        soft_and_hard_delete_sends_delete=settings.soft_and_hard_delete_sends_delete,
        reads_soft_deleted=_reads_soft_deleted(source, compiled, settings),
    )


def _reads_soft_deleted(source: SourceObject, compiled: CompiledMapping, settings: Settings) -> bool:
    """Return whether any mapping can tell the target that the person is gone. Source: ENG-192, ENG-193, Q-31."""
    if compiled.tells("IsSoftDeleted"):
        return True
    if source.presence is Presence.DISABLED:
        return compiled.tells("accountEnabled")
    return source.presence is Presence.SOFT_DELETED and settings.soft_delete_renames_unmapped_active


def _json_text(results: Mapping[str, bool]) -> str:
    pairs = ", ".join(f'"{_escaped(key)}": {str(value).lower()}' for key, value in results.items())
    return "{" + pairs + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
