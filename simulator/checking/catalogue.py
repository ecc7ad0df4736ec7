"""All checks in the order in which they are made. Pure."""

from __future__ import annotations

from entra_sim.simulator.checking import connection_checks
from entra_sim.simulator.checking import group_checks
from entra_sim.simulator.checking import lifecycle_checks
from entra_sim.simulator.checking import user_checks
from entra_sim.simulator.checking import validator_checks
from entra_sim.simulator.checking.check import Check
from entra_sim.simulator.checking.results import Track

SIGN_IN, LOAD = "sign-in", "throughput"
"""Ids of the two checks that the runner makes by itself."""


def catalogue(*, has_groups: bool) -> tuple[Check, ...]:
    """Return the checks in order, so that each stands behind those it builds on."""
    ordered = (
        *(check for check in connection_checks.CHECKS if not check.after or check.after == ("connect",)),
        *user_checks.CHECKS[:2],
        *(check for check in connection_checks.CHECKS if check.after and check.after != ("connect",)),
        *user_checks.CHECKS[2:],
        *lifecycle_checks.CHECKS,
        *group_checks.CHECKS,
        *validator_checks.CHECKS,
    )
    if has_groups:
        return ordered
    return tuple(check for check in ordered if check.tracks != frozenset({Track.GROUPS}))


def all_ids() -> tuple[str, ...]:
    """Return the id of every check, those of the runner included."""
    return (*(check.check_id for check in catalogue(has_groups=True)), SIGN_IN, LOAD)
