"""A cycle, one object further."""

from __future__ import annotations

from dataclasses import fields
from dataclasses import replace
from typing import Any

from entra_sim.simulator.model.job import Cycle
from entra_sim.simulator.model.job import CycleCounts


def test_one_object_further_everything_else_stays() -> None:
    values: dict[str, Any] = {item.name: f"a value of {item.name}" for item in fields(Cycle)}
    cycle, counts = Cycle(**values), CycleCounts(imported=1)
    assert cycle.advanced("next", counts) == replace(cycle, last_object_id="next", counts=counts)
