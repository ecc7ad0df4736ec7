"""What the pages of a running instance may ask: scenarios to run or load, single steps, a reset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from entra_sim.scenarios.selection import LIBRARY
from entra_sim.scenarios.selection import is_scenario_file
from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import ScenarioError
from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.web.hooks import ScenarioCard
from entra_sim.simulator.web.hooks import ScenarioResult
from entra_sim.simulator.web.hooks import ScenarioStep

if TYPE_CHECKING:
    from entra_sim.scenarios.live import LiveSteps
    from entra_sim.scenarios.world import World

_STATES = {"passed": "passed", "failed": "failed", "error": "failed"}


class LibraryScenarios:
    """The scenarios of the library and of the folders given, each run in a World of its own."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self._folders = (LIBRARY, *folders)

    def paths(self) -> dict[str, Path]:
        """Return name (path below its folder, without ending) → file, in order."""
        found: dict[str, Path] = {}
        for folder in self._folders:
            for path in sorted(folder.rglob("*.yaml")):
                if is_scenario_file(path):
                    found.setdefault(path.relative_to(folder).with_suffix("").as_posix(), path)
        return found

    def path(self, name: str) -> Path:
        """Return the file of a name.

        Raises:
            NotFound: no such scenario.
        """
        found = self.paths().get(name)
        if found is None:
            raise NotFound(f"There is no scenario '{name}'.")
        return found

    def cards(self) -> list[ScenarioCard]:
        """Return the scenarios, broken files too."""
        from entra_sim.scenarios.loader import load

        cards = []
        for name, path in self.paths().items():
            try:
                scenario = load(path)
                cards.append(ScenarioCard(name=name, title=scenario.title, why=scenario.why))
            except ScenarioError as error:
                cards.append(ScenarioCard(name=name, title=name, why="", problem=str(error)))
            except SimulatorError as error:
                cards.append(ScenarioCard(name=name, title=name, why="", problem=str(error)))
        return cards

    def run(self, name: str) -> ScenarioResult:
        """Run one in a World of its own."""
        from entra_sim.scenarios.loader import load
        from entra_sim.scenarios.outcome import Outcome
        from entra_sim.scenarios.reports.text import span_text
        from entra_sim.scenarios.runner import RunOptions
        from entra_sim.scenarios.runner import run

        outcome = run(load(self.path(name)), RunOptions(transport="wsgi"))
        failure = outcome.failure
        steps = [
            ScenarioStep(
                text=step.say or step.text,
                state=_STATES.get(str(step.outcome), "not run"),
                expected=failure.expected if failure is not None and failure.line == step.line else "",
                actual=failure.actual if failure is not None and failure.line == step.line else "",
            )
            for step in outcome.steps
        ]
        return ScenarioResult(
            name=name,
            title=outcome.title,
            passed=outcome.outcome is Outcome.PASSED,
            steps=steps,
            simulated=span_text(outcome.simulated),
            real=f"{outcome.seconds:.1f} s",
        )


class LabControl:
    """Reset, load and single steps on the World of a running instance."""

    def __init__(self, world: World, scenarios: LibraryScenarios, folder: Path) -> None:
        self._world = world
        self._scenarios = scenarios
        self._folder = folder
        self._steps: LiveSteps | None = None

    def reset(self) -> None:
        """Start over on both sides with the demo tenant; the state before is kept for Undo."""
        from entra_sim.simulator.tenants import demo_tenant

        self._world.simulator.before_jump("before a reset")
        self._world.empty()
        self._world.simulator.directory.import_image(demo_tenant(self._world.ids.new))
        self._steps = None

    def load(self, name: str) -> None:
        """Put a scenario's tenant and applications into this lab, in place of what it holds."""
        from entra_sim.scenarios.loader import load
        from entra_sim.scenarios.prepared import prepare
        from entra_sim.scenarios.session import Session

        path = self._scenarios.path(name)
        scenario = load(path)
        self._world.simulator.before_jump("before a scenario was loaded")
        self._world.empty()
        prepare(Session(self._world, folder=path.parent), scenario, steps=False)
        self._steps = None

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
