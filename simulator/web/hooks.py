"""What the pages may ask of whoever built the World: scenarios to run or load, a reset. Each part may be missing.

simulator.web knows no scenarios; scenarios/world.py or `up` hands in an object of this shape (see `bound`).
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioCard:
    """One scenario of the list. `problem` says file:line and what is wrong when it cannot be read."""

    name: str
    title: str
    why: str
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioStep:
    """One step of a run: `state` is "passed", "failed" or "not run"."""

    text: str
    state: str
    expected: str = ""
    actual: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioResult:
    """What a run gave. `simulated` and `real` are spans as texts, `transcript` what was done, sent and logged."""

    name: str
    title: str
    passed: bool
    steps: Sequence[ScenarioStep]
    simulated: str = ""
    real: str = ""
    transcript: str = ""


class ScenarioHooks(Protocol):
    """The library, and running one in a World of its own."""

    def cards(self) -> Sequence[ScenarioCard]:
        """Return the scenarios, broken files too."""
        ...

    def run(self, name: str) -> ScenarioResult:
        """Run one in a World of its own; raises NotFound for a name that is not listed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LabHooks:
    """Everything that can be handed in.

    Args:
        scenarios: the library.
        load: puts a scenario's tenant and applications into this lab, in place of what it holds.
        reset: starts over on both sides.
    """

    scenarios: ScenarioHooks | None = None
    load: Callable[[str], None] | None = None
    reset: Callable[[], None] | None = None
