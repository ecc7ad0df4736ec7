"""One step or expectation at a time against a running instance: what `entra-sim do` and `POST /api/steps` perform."""

from __future__ import annotations

from dataclasses import asdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from entra_sim.scenarios.expectations.check import check
from entra_sim.scenarios.matching import is_like
from entra_sim.scenarios.model import Step
from entra_sim.scenarios.outcome import Event
from entra_sim.scenarios.outcome import Failure
from entra_sim.scenarios.outcome import Outcome
from entra_sim.scenarios.recorder import Recorder
from entra_sim.scenarios.session import Session
from entra_sim.scenarios.session import Window
from entra_sim.scenarios.spans import instant_text
from entra_sim.scenarios.step_reader import read_step_text
from entra_sim.simulator.errors import SimulatorError

if TYPE_CHECKING:
    from entra_sim.scenarios.world import World


JUMPS = ("advance", "advance to")
"""The steps that move time, before which the world is saved as before every jump."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepAnswer:
    """What one step did.

    Args:
        events: requests, log entries and changes of the target that it brought about.
        failure: of an expectation that does not hold, or a refusal that was not as said.
    """

    text: str
    outcome: Outcome
    at: str
    events: tuple[Event, ...] = ()
    failure: Failure | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the answer for machines; it holds no secret."""
        return {
            "step": self.text,
            "outcome": str(self.outcome),
            "at": self.at,
            "events": [
                {"at": instant_text(event.at), "kind": event.kind, "title": event.title, "detail": list(event.detail)}
                for event in self.events
            ],
            "failure": None if self.failure is None else asdict(self.failure),
        }


class LiveSteps:
    """Performs steps on a world that others use too; records count since the previous `expect` that was made here.

    Args:
        world: the running world.
        folder: where files that a step names are looked for.
    """

    def __init__(self, world: World, *, folder: Path) -> None:
        self._session = Session(world, folder=folder)
        self._recorder = Recorder(self._session)
        self._session.open_window()
        self._recorder.collect()

    def perform(self, text: str) -> StepAnswer:
        """Do one step, or check one expectation.

        Args:
            text: YAML, as in a scenario file: "unassign: Tapt people", "expect: {requests: none}".
        Raises:
            UserInputError: the text is no step.
            SimulatorError: the step is refused.
        """
        step = read_step_text(text)
        before = self._session.window
        if step.verb is not None and step.verb.name in JUMPS:
            self._session.world.simulator.before_jump("before a time jump")
        failure = self._refusal(step)
        events = self._recorder.collect()
        failure = failure or self._miss(step, before)
        if step.expectations:
            self._session.open_window()
        return StepAnswer(
            text=step.text,
            outcome=Outcome.PASSED if failure is None else Outcome.FAILED,
            at=instant_text(self._session.world.clock.now()),
            events=events,
            failure=failure,
        )

    def _refusal(self, step: Step) -> Failure | None:
        """Do the step; return the failure of a refusal that is not as the step says."""
        actual = "no refusal"
        try:
            self._session.perform(step)
        except SimulatorError as error:
            if step.refused is None:
                raise
            actual = str(error)
        if step.refused is None or (actual != "no refusal" and is_like(actual, step.refused)):
            return None
        message = "the step was not refused as said"
        return Failure(
            where="step:1:1", line=1, subject=step.text, message=message, expected=step.refused, actual=actual
        )

    def _miss(self, step: Step, window: Window) -> Failure | None:
        for expectation in (*step.expectations, *step.guidance.done_when):
            miss = check(self._session, expectation, window)
            if miss is not None:
                return Failure(
                    where=f"step:{miss.place.line}:{miss.place.column}",
                    line=miss.place.line,
                    subject=miss.subject,
                    message=f"{miss.subject} is not as expected",
                    expected=miss.expected,
                    actual=miss.actual,
                )
        return None
