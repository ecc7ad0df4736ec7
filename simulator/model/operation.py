"""What is to be done with one object, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """The log's own list. Source: ENG-348."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"
    DISABLE = "Disable"
    STAGED_DELETE = "StagedDelete"
    OTHER = "Other"


class Status(StrEnum):
    """The log's own list. Source: ENG-348."""

    SUCCESS = "Success"
    FAILURE = "Failure"
    SKIPPED = "Skipped"
    WARNING = "Warning"


class SkipReason(StrEnum):
    """`SkipReason` of a skipped record. Source: ENG-444; the last two are message only in the real log."""

    NOT_ENTITLED = "NotEffectivelyEntitled"
    REDUNDANT = "RedundantExport"
    VALIDATION = "AttributeValidationFailed"
    JOINING_VALUE_MISSING = "EntryJoiningPropertyValueIsMissing"
    OUT_OF_SCOPE_DELETION = "OutOfScopeDeletionSkipped"
    ACTION_OFF = "TargetObjectActionDisabled"
    OBJECT_FLOW_IGNORED = "ObjectFlowIgnored"


class IntentKind(StrEnum):
    """What the decision table says."""

    PROVISION = "provision"
    MAINTAIN = "maintain"
    DISABLE = "disable"
    DELETE = "delete"
    SKIP = "skip"
    NOTHING = "nothing"


class Link(StrEnum):
    """The job's memory of an object, as far as the decision needs it."""

    NONE = "none"
    MANAGED = "managed"
    UNMANAGED = "unmanaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """The decision for one object.

    Args:
        managed_after: whether the link is managed afterwards; None leaves it.
        skip_reason: for SKIP.
        action: the log's action of a skip.
        rules: the rows of the tables that led here.
        explanation: the reason in one sentence, for the log's details and `why`.
    """

    kind: IntentKind
    rules: tuple[str, ...]
    managed_after: bool | None = None
    skip_reason: SkipReason | None = None
    action: Action = Action.CREATE
    explanation: str = ""

    @property
    def is_removal(self) -> bool:
        """Return whether accidental-deletion prevention counts it. Source: ENG-301."""
        return self.kind in {IntentKind.DISABLE, IntentKind.DELETE}
