"""The synchronization job: its states, cycles, progress, quarantine and watermark."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any


class JobStatus(StrEnum):
    """`status.code`. Source: ENG-122."""

    NOT_CONFIGURED = "NotConfigured"
    NOT_RUN = "NotRun"
    ACTIVE = "Active"
    PAUSED = "Paused"
    QUARANTINE = "Quarantine"


class ScheduleState(StrEnum):
    """`schedule.state`. Source: ENG-121."""

    ACTIVE = "Active"
    DISABLED = "Disabled"
    PAUSED = "Paused"


class CycleKind(StrEnum):
    """Initial: no watermark. Source: ENG-123."""

    INITIAL = "initial"
    INCREMENTAL = "incremental"


class Phase(StrEnum):
    """Where a cycle is: all users, then all groups, then references. Source: ENG-141."""

    USERS = "users"
    GROUPS = "groups"
    REFERENCES = "references"


class QuarantineReason(StrEnum):
    """`quarantine.reason`. Source: ENG-280."""

    QUARANTINE_EXCEPTION = "EncounteredQuarantineException"
    ESCROW_PROPORTION = "EncounteredEscrowProportionThreshold"
    BASE_ESCROW = "EncounteredBaseEscrowThreshold"
    TOTAL_ESCROW = "EncounteredTotalEscrowThreshold"
    TOO_MANY_DELETES = "TooManyDeletes"
    ON_DEMAND = "QuarantinedOnDemand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """Reduced frequency, with its reason and next attempt. Source: ENG-282.

    Args:
        ends_with_probe: new credentials were saved; a good probe ends it, whatever the reason was (ENG-321).
    """

    reason: QuarantineReason
    current_began_at: datetime
    series_began_at: datetime
    series_count: int
    next_attempt_at: datetime
    error_code: str = ""
    error_message: str = ""
    ends_with_probe: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleCounts:
    """What one cycle counted. Source: ENG-360."""

    imported: int = 0
    imported_deltas: int = 0
    imported_reference_deltas: int = 0
    entitled: int = 0
    entitled_for_provisioning: int = 0
    exports: int = 0
    exported: int = 0
    escrowed: int = 0
    failed: int = 0
    failed_references: int = 0
    tried: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """A cycle that has begun; with this it can go on after a stop or a kill.

    Args:
        upper_sequence: newest change that belongs to it; the watermark after it.
        lower_sequence: the watermark it started from, 0 for an initial cycle.
        last_object_id: last object of the phase up to which all are recorded.
        epoch: the job's epoch when it began; a restart in the meantime makes it leave no watermark (ENG-320).
        let_go_count: removals sent though the threshold is passed (Q-18).
        is_pruned: so many objects failed that single failures are not kept any more (ENG-145).
        gone_users, gone_groups: links that a delete has ended.
    """

    cycle_id: str
    kind: CycleKind
    began_at: datetime
    lower_sequence: int
    upper_sequence: int
    phase: Phase = Phase.USERS
    last_object_id: str = ""
    counts: CycleCounts = field(default_factory=CycleCounts)
    holds_removals: bool = False
    releases_removals: bool = False
    epoch: int = 0
    let_go_count: int = 0
    is_pruned: bool = False
    gone_users: int = 0
    gone_groups: int = 0

    def advanced(self, last_object_id: str, counts: CycleCounts) -> Cycle:
        """Return the cycle one object further: called for each, and several times as fast as `replace`."""
        return Cycle(
            cycle_id=self.cycle_id,
            kind=self.kind,
            began_at=self.began_at,
            lower_sequence=self.lower_sequence,
            upper_sequence=self.upper_sequence,
            phase=self.phase,
            last_object_id=last_object_id,
            counts=counts,
            holds_removals=self.holds_removals,
            releases_removals=self.releases_removals,
            epoch=self.epoch,
            let_go_count=self.let_go_count,
            is_pruned=self.is_pruned,
            gone_users=self.gone_users,
            gone_groups=self.gone_groups,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """A cycle that has ended. `state` is Succeeded, Failed or EntryLevelErrors. Source: ENG-360, ENG-361."""

    cycle_id: str
    kind: CycleKind
    state: str
    began_at: datetime
    ended_at: datetime
    counts: CycleCounts
    error_code: str = ""
    error_message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobConfiguration:
    """What an administrator sets besides the schema. `secret` never leaves the store but for the request header."""

    mode: str = "Manual"
    tenant_url: str = ""
    secret: str = ""
    authentication: str = "bearer"
    client_id: str = ""
    token_endpoint: str = ""
    sync_all: bool = False
    skip_out_of_scope_deletions: bool = False
    notification_email: str = ""
    is_notification_enabled: bool = False
    prevents_accidental_deletion: bool = False
    deletion_threshold: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SynchronizationJob:
    """The running configuration of one application, and where it stands.

    Args:
        watermark: newest change that has been handled; None before the first cycle and after a restart.
        watermark_at: when it was taken; one that is too old is not used (ENG-157).
        epoch: counts the restarts that cleared the watermark.
        cycle: the cycle in progress; the store keeps it apart from the rest.
        gone_users, gone_groups: links ended by deletes since links were cleared: counts never shrink (ENG-363).
    """

    job_id: str
    application_id: str
    configuration: JobConfiguration
    status: JobStatus
    schedule: ScheduleState
    watermark: int | None = None
    watermark_at: datetime | None = None
    epoch: int = 0
    cycle: Cycle | None = None
    next_cycle_at: datetime | None = None
    quarantine: Quarantine | None = None
    last_execution: Execution | None = None
    last_successful_execution: Execution | None = None
    last_successful_execution_with_exports: Execution | None = None
    complete_failure_count: int = 0
    escrows_pruned: bool = False
    gone_users: int = 0
    gone_groups: int = 0
    steady_state_first_at: datetime | None = None
    steady_state_last_at: datetime | None = None
    releases_removals: bool = False
    requested_scopes: tuple[str, ...] = ()

    @property
    def is_due_by_schedule(self) -> bool:
        """Return whether cycles follow each other."""
        return self.schedule is ScheduleState.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One line of the audit log. Source: ENG-289, ENG-353."""

    sequence: int
    at: datetime
    activity: str
    category: str
    service: str
    result: str
    reason: str
    initiated_by: str
    target: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A message of the local outbox. Source: ENG-288."""

    sequence: int
    at: datetime
    sender: str
    recipient: str
    subject: str
    text: str
