"""How a check ends before its last step. Pure."""

from __future__ import annotations

from entra_sim.simulator.checking.results import Severity
from entra_sim.simulator.scim.call import Call


class Failed(Exception):
    """The endpoint did not do what Entra needs; the check ends here.

    Args:
        what: what came back, one sentence.
        severity, fix, needs: in place of the check's own.
        blocks: checks that build on this one cannot be tested.
        call: what to show as sent, instead of the newest request.
    """

    def __init__(
        self,
        what: str,
        *,
        severity: Severity | None = None,
        fix: str = "",
        needs: str = "",
        blocks: bool = False,
        call: Call | None = None,
        is_patched_for_ever: bool = False,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.severity = severity
        self.fix = fix
        self.needs = needs
        self.blocks = blocks
        self.call = call
        self.is_patched_for_ever = is_patched_for_ever


class Stuck(Exception):
    """The check cannot be made because something before it failed."""


class Inapplicable(Exception):
    """The check does not apply to this schema or this endpoint."""
