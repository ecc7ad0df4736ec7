"""Use cases: the only layer that knows engine, store and transport together."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from entra_sim.simulator.service.simulator import Simulator

__all__ = ["Simulator"]


def __getattr__(name: str) -> Any:
    if name == "Simulator":
        from entra_sim.simulator.service.simulator import Simulator

        return Simulator
    raise AttributeError(name)
