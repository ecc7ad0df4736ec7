"""The run of a job schema as the checks evaluate it: default mappings, or somebody's own. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from entra_sim.simulator.engine.mapping import compile_mapping
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.expressions import EvaluationContext
from entra_sim.simulator.model.mapping import read_schema
from entra_sim.simulator.scim.profile import Dialect
from entra_sim.simulator.settings import Settings


def checking_run(
    document: Mapping[str, Any],
    *,
    domain: str,
    now: Callable[[], datetime],
    new_id: Callable[[], str],
    chance: random.Random,
) -> Run:
    """Return a run with the schema's mappings; everybody is in scope by assignment.

    Raises:
        UserInputError: the schema or an expression in it cannot be used.
    """
    schema = read_schema(document)
    return Run(
        user=compile_mapping(schema.user),
        group=compile_mapping(schema.group),
        dialect=Dialect.DEFAULT,
        settings=Settings(),
        evaluation=EvaluationContext(now=now, new_id=new_id, chance=chance, default_domain=domain),
        now=now(),
        sync_all=False,
        skips_out_of_scope_deletions=False,
        source_of=lambda kind, anchor: None,
        target_of=lambda kind, anchor: None,
    )
