"""What the pages of a running instance may ask: scenarios to run or load, single steps, a reset."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from entra_sim.scenarios.selection import LIBRARY
from entra_sim.scenarios.selection import is_scenario_file
from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.web.hooks import ExerciseView
from entra_sim.simulator.web.hooks import ScenarioCard
from entra_sim.simulator.web.hooks import ScenarioResult
from entra_sim.simulator.web.hooks import ScenarioStep
from entra_sim.simulator.web.shown import span

if TYPE_CHECKING:
    from entra_sim.scenarios.live import LiveSteps
    from entra_sim.scenarios.live_exercise import LiveExercise
    from entra_sim.scenarios.outcome import ScenarioOutcome
    from entra_sim.scenarios.world import World


READ_AHEAD_S = 2.0
"""After the first pages of a start, which are waited for more than those of scenarios."""


class Library:
    """The shipped scenarios, or those of another folder."""

    def __init__(self, folder: Path = LIBRARY) -> None:
        self._folder = folder
        self._cards: dict[Path, tuple[float, ScenarioCard]] = {}
        self._reading = threading.Lock()

    def cards(self) -> Sequence[ScenarioCard]:
        """Return one card a file, in the order of their names; a broken file says file:line and what is wrong."""
        with self._reading:
            return [self._card(path) for path in self._paths().values()]

    def read_ahead(self) -> threading.Timer:
        """Read the files soon, beside what else is done, so that the page of scenarios need not."""
        timer = threading.Timer(READ_AHEAD_S, self.cards)
        timer.daemon = True
        timer.start()
        return timer

    def path(self, name: str) -> Path:
        """Return the file of a name.

        Raises:
            NotFound: no file has this name.
        """
        found = self._paths().get(name)
        if found is None:
            raise NotFound(f"There is no scenario '{name}'.")
        return found

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
            kind = "exercise" if scenario.exercise is not None else "guide" if scenario.is_guide else "scenario"
            card = ScenarioCard(name=name, title=scenario.title, why=scenario.why, kind=kind)
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

        return _result(name, run(load(self.path(name))))


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
        transcript=outcome.transcript,
    )


class LabControl:
    """Reset, load and single steps on the World of a running instance."""

    def __init__(self, world: World, scenarios: Library, folder: Path) -> None:
        self._world = world
        self._scenarios = scenarios
        self._folder = folder
        self._steps: LiveSteps | None = None
        self._exercise: LiveExercise | None = None

    def reset(self) -> None:
        """Start over on both sides with the demo tenant; the state before is kept for Undo."""
        from entra_sim.simulator.tenants import demo_tenant

        self._world.simulator.before_jump("before a reset")
        self._world.empty()
        self._world.simulator.directory.import_image(demo_tenant(self._world.ids.new))
        self._steps = self._exercise = None

    def load(self, name: str) -> None:
        """Put a scenario's tenant and applications into this lab, in place of what it holds.

        Of an exercise, its steps are done as well: they lead into what is to be repaired.
        """
        from entra_sim.scenarios.live_exercise import LiveExercise
        from entra_sim.scenarios.loader import load
        from entra_sim.scenarios.prepared import prepare
        from entra_sim.scenarios.session import Session

        path = self._scenarios.path(name)
        scenario = load(path)
        self._world.simulator.before_jump("before a scenario was loaded")
        self._world.empty()
        self._steps = self._exercise = None
        session = Session(self._world, folder=path.parent)
        prepare(session, scenario, steps=scenario.exercise is not None)
        if scenario.exercise is not None:
            self._exercise = LiveExercise(session, scenario)
            self._world.simulator.keeper.save()

    def exercise(self) -> ExerciseView | None:
        """Return the exercise that was loaded last, with how far it is; None when something else was."""
        return None if self._exercise is None else self._exercise.view()

    def perform(self, text: str) -> dict[str, Any]:
        """Do one scenario step, or check one expectation, on this lab.

        Raises:
            SimulatorError: the text is no step, or the step is refused.
        """
        from entra_sim.scenarios.live import LiveSteps

        if self._steps is None:
            self._steps = LiveSteps(self._world, folder=self._folder)
        with self._world.simulator.time.standing_still():
            answer: dict[str, Any] = self._steps.perform(text).as_json()
        return answer
