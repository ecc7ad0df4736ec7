"""The job's memory of one object: the link between source and target anchor, and a failed change that waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncEntry:
    """A link.

    Args:
        is_managed: false after the object left the scope by assignment or filter (ENG-186, Q-21).
        is_disabled: the state last exported: the disable went out, or the target already had it.
    """

    object_type: str
    source_anchor: str
    target_anchor: str
    is_managed: bool = True
    is_disabled: bool = False
    display_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EscrowEntry:
    """A failed change of one object that is kept for a retry. Source: ENG-270."""

    object_type: str
    source_anchor: str
    modification_type: str
    created_at: datetime
    attempt_count: int
    next_attempt_at: datetime
    error_code: str
    error_message: str
    is_reference: bool = False
