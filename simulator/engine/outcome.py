"""What became of one object."""

from __future__ import annotations

from collections.abc import Generator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from entra_sim.simulator.engine.record import LogDraft
from entra_sim.simulator.errors import SourceDataError
from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.model.entry import EscrowEntry
from entra_sim.simulator.model.entry import SyncEntry
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one object.

    Args:
        draft: its log record, or None when nothing is logged.
        entry: the link as it is now; None when there is none.
        escrow: the failed change as it waits now; None clears a former one.
        error: the failure, if any.
        is_exported: a write succeeded.
        held_resource: what the target shows, for the reference pass; None when the object takes no part in it.
        is_given_up: the failure was the last of its life.
    """

    draft: LogDraft | None
    entry: SyncEntry | None
    escrow: EscrowEntry | None = None
    error: TargetError | SourceDataError | None = None
    is_exported: bool = False
    held_resource: Mapping[str, Any] | None = None
    is_given_up: bool = False


Exchange = Generator[Call, Reply, Outcome]
Resource = dict[str, Any]
