"""Mock Tapt: a SaaS product's SCIM API and dashboard. It never imports the simulator.

The public names are loaded when they are asked for, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from entra_sim.mock_tapt.errors import TaptError
    from entra_sim.mock_tapt.faults import PRESETS
    from entra_sim.mock_tapt.faults import Fault
    from entra_sim.mock_tapt.journal import Exchange
    from entra_sim.mock_tapt.journal import HandEdit
    from entra_sim.mock_tapt.tapt import Tapt
    from entra_sim.mock_tapt.tokens import IssuedToken
    from entra_sim.mock_tapt.tokens import TokenStatus

_HOMES = {
    "TaptError": "errors",
    "PRESETS": "faults",
    "Fault": "faults",
    "Exchange": "journal",
    "HandEdit": "journal",
    "Tapt": "tapt",
    "IssuedToken": "tokens",
    "TokenStatus": "tokens",
}

__all__ = [
    "PRESETS",
    "Exchange",
    "Fault",
    "HandEdit",
    "IssuedToken",
    "Tapt",
    "TaptError",
    "TokenStatus",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
