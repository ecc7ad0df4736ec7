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
    """One scenario of the list. `problem` says file:line and what is wrong when it cannot be read.

    Args:
        kind: "scenario", "guide" (it leads through screens) or "exercise" (a broken set-up to repair).
    """

    name: str
    title: str
    why: str
    problem: str = ""
    kind: str = "scenario"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ExerciseFact:
    """Something that must hold when an exercise is solved, and what was found instead."""

    text: str
    holds: bool
    expected: str = ""
    actual: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExerciseView:
    """The exercise that was loaded into the lab: what to do, hints one by one, how far it is, one solution."""

    title: str
    why: str
    task: str
    hints: Sequence[str]
    facts: Sequence[ExerciseFact]
    solution: Sequence[str]

    @property
    def is_solved(self) -> bool:
        """Return whether everything holds that must."""
        return all(fact.holds for fact in self.facts)


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
        load: puts a scenario's tenant and applications into this lab, in place of what it holds; of an exercise also
            the mess that its steps make.
        exercise: the exercise that was loaded last and how far it is; None when it is none.
        reset: starts over on both sides.
    """

    scenarios: ScenarioHooks | None = None
    load: Callable[[str], None] | None = None
    exercise: Callable[[], ExerciseView | None] | None = None
    reset: Callable[[], None] | None = None
