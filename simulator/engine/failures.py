"""What a failure of one object leaves: an escrow that waits, and the words of the record (ENG-270 to ENG-276)."""

from __future__ import annotations

from typing import Any

from entra_sim.simulator.engine import escrow as escrow_rules
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.engine.run import Subject
from entra_sim.simulator.errors import SourceDataError
from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.errors import TargetThrottled
from entra_sim.simulator.model.entry import EscrowEntry
from entra_sim.simulator.model.log import ErrorInformation
from entra_sim.simulator.model.log import instant_text
from entra_sim.simulator.scim import responses


def escrow_after(
    error: TargetError | SourceDataError, subject: Subject, run: Run, modification: str, *, is_reference: bool = False
) -> EscrowEntry | None:
    """Return the escrow that a failure leaves; none after an on-demand run (ENG-258). Source: ENG-258."""
    if run.is_on_demand:
        return subject.escrow
    return escrow_rules.failed(
        subject.escrow,
        object_type=subject.source.object_type,
        source_anchor=subject.source.object_id,
        modification_type=modification,
        now=run.now,
        settings=run.settings,
        code=error.code,
        message=str(error),
        is_soon=error.is_retried_soon,
        retry_after_s=error.retry_after_s if isinstance(error, TargetThrottled) else None,
        is_reference=is_reference,
    )


def error_information(
    error: TargetError | SourceDataError, former: EscrowEntry | None, waiting: EscrowEntry | None
) -> ErrorInformation:
    """Return what the record says of a failure. Source: ENG-274, ENG-441."""
    retried = former.attempt_count + 1 if former else 0
    next_attempt_at = waiting.next_attempt_at if waiting else None
    if isinstance(error, TargetError):
        reason = responses.error_text(error, retried, next_attempt_at)
    else:
        reason = str(error)
    return ErrorInformation(code=error.code, category=error.category, reason=reason, details=str(error))


def escrow_details(entry: EscrowEntry) -> dict[str, Any]:
    """Return the details of the first step of a retry. Source: ENG-275."""
    return {
        "CountProcessed": entry.attempt_count,
        "CreationTime": instant_text(entry.created_at),
        "Identifier": entry.source_anchor,
        "ModificationType": entry.modification_type,
        "NextAttempt": instant_text(entry.next_attempt_at),
        "Origin": "Source",
        "TypeName": "EscrowedEntryDefault",
    }
