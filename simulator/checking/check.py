"""What a check is. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field

from entra_sim.simulator.checking.bench import Bench
from entra_sim.simulator.checking.bench import Steps
from entra_sim.simulator.checking.results import USERS
from entra_sim.simulator.checking.results import Severity
from entra_sim.simulator.checking.results import Track


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of the catalogue.

    Args:
        check_id: short name, unique.
        title: what is checked, one line.
        needs: what Entra needs.
        fix: what to change when it fails.
        severity: of a failure that does not say otherwise.
        after: checks without which this one cannot be made.
        validator_tests: names of the published validator's tests that it stands for.
        body: the steps.
    """

    check_id: str
    title: str
    area: str
    rules: tuple[str, ...]
    needs: str
    fix: str
    body: Callable[[Bench], Steps]
    severity: Severity = Severity.BREAKS
    tracks: frozenset[Track] = field(default=USERS)
    after: tuple[str, ...] = ()
    validator_tests: tuple[str, ...] = ()
