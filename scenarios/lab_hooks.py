"""The library for the lab's screens: its cards, and running one in a World of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from entra_sim.scenarios.selection import LIBRARY
from entra_sim.scenarios.selection import is_scenario_file
from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.web.hooks import ScenarioCard
from entra_sim.simulator.web.hooks import ScenarioResult
from entra_sim.simulator.web.hooks import ScenarioStep
from entra_sim.simulator.web.shown import span

if TYPE_CHECKING:
    from entra_sim.scenarios.outcome import ScenarioOutcome


class Library:
    """The shipped scenarios, or those of another folder."""

    def __init__(self, folder: Path = LIBRARY) -> None:
        self._folder = folder
        self._cards: dict[Path, tuple[float, ScenarioCard]] = {}

    def cards(self) -> Sequence[ScenarioCard]:
        """Return one card a file, in the order of their names; a broken file says file:line and what is wrong."""
        return [self._card(path) for path in self._paths().values()]

    def _paths(self) -> dict[str, Path]:
        paths = sorted(path for path in self._folder.rglob("*") if is_scenario_file(path))
        return {path.relative_to(self._folder).with_suffix("").as_posix(): path for path in paths}

    def _card(self, path: Path) -> ScenarioCard:
        from entra_sim.scenarios.loader import load

        changed = path.stat().st_mtime
        known = self._cards.get(path)
        if known is not None and known[0] == changed:
            return known[1]
        name = path.relative_to(self._folder).with_suffix("").as_posix()
        try:
            scenario = load(path)
            card = ScenarioCard(name=name, title=scenario.title, why=scenario.why)
        except SimulatorError as error:
            card = ScenarioCard(name=name, title=name, why="", problem=str(error))
        self._cards[path] = (changed, card)
        return card

    def run(self, name: str) -> ScenarioResult:
        """Run one in a World of its own.

        Raises:
            NotFound: no file has this name.
            SimulatorError: the file cannot be read.
        """
        from entra_sim.scenarios.loader import load
        from entra_sim.scenarios.runner import run

        path = self._paths().get(name)
        if path is None:
            raise NotFound(f"There is no scenario '{name}'.")
        return _result(name, run(load(path)))


def _result(name: str, outcome: ScenarioOutcome) -> ScenarioResult:
    steps = [ScenarioStep(text=step.say or step.text, state=str(step.outcome)) for step in outcome.steps]
    failure = outcome.failure
    if failure is not None:
        steps.append(
            ScenarioStep(
                text=f"{failure.where}: {failure.subject or 'step'}: {failure.message}",
                state="failed",
                expected=failure.expected,
                actual=failure.actual,
            )
        )
    return ScenarioResult(
        name=name,
        title=outcome.title,
        passed=failure is None,
        steps=steps,
        simulated=span(outcome.simulated),
        real=f"{outcome.seconds:.2f} s",
    )
