"""An exercise that was loaded into a running lab: its task, and how much of it is repaired."""

from __future__ import annotations

from entra_sim.scenarios.expectations.check import check
from entra_sim.scenarios.matching import words
from entra_sim.scenarios.model import Expectation
from entra_sim.scenarios.model import Scenario
from entra_sim.scenarios.session import Session
from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.web.hooks import ExerciseFact
from entra_sim.simulator.web.hooks import ExerciseView


class LiveExercise:
    """One exercise over a world in which somebody repairs it; records count since it was loaded.

    Args:
        session: over that world, after the steps that lead into the mess.
        scenario: one with an exercise.
    """

    def __init__(self, session: Session, scenario: Scenario) -> None:
        self._session = session
        self._scenario = scenario
        self._session.open_window()

    def view(self) -> ExerciseView:
        """Return the task with what holds now."""
        exercise = self._scenario.exercise
        assert exercise is not None
        return ExerciseView(
            title=self._scenario.title,
            why=self._scenario.why,
            task=exercise.task,
            hints=exercise.hints,
            facts=tuple(self._fact(item) for item in exercise.done_when),
            solution=tuple(step.text for step in exercise.solution),
        )

    def _fact(self, expectation: Expectation) -> ExerciseFact:
        text = f"{expectation.noun.name}: {words(expectation.expected)}"
        try:
            miss = check(self._session, expectation, self._session.window)
        except NotFound as missing:  # what the exercise speaks of was deleted meanwhile
            return ExerciseFact(text=text, holds=False, expected=words(expectation.expected), actual=str(missing))
        if miss is None:
            return ExerciseFact(text=text, holds=True)
        return ExerciseFact(text=text, holds=False, expected=miss.expected, actual=f"{miss.subject} is {miss.actual}")
