"""A scenario as a guide: entries that are ticked by facts, and "do it for me up to here".

An entry begins at each step that has a `say` and reaches to the next one. It is done when its `done when` hold, or, if
it has none, when the expectations of its `expect` steps hold. Records count since the entry before it was done.
"""

from __future__ import annotations

from dataclasses import dataclass

from entra_sim.scenarios.expectations.check import check
from entra_sim.scenarios.model import Expectation
from entra_sim.scenarios.model import Scenario
from entra_sim.scenarios.model import Step
from entra_sim.scenarios.session import Session
from entra_sim.scenarios.session import Window
from entra_sim.simulator.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideEntry:
    """One line of the checklist.

    Args:
        number: 1 for the first.
        at: the screen and control where an administrator does it.
        steps: what does it, when somebody lets it be done.
        facts: what shows that it is done; empty when nothing does.
    """

    number: int
    say: str
    at: str
    steps: tuple[Step, ...]
    facts: tuple[Expectation, ...]


def guide_entries(scenario: Scenario) -> tuple[GuideEntry, ...]:
    """Return the entries of a guide; steps before the first `say` belong to none."""
    chapters: list[list[Step]] = []
    for step in scenario.steps:
        if step.guidance.say:
            chapters.append([step])
        elif chapters:
            chapters[-1].append(step)
    return tuple(_entry(number, chapter) for number, chapter in enumerate(chapters, start=1))


def _entry(number: int, chapter: list[Step]) -> GuideEntry:
    told = [expectation for step in chapter for expectation in step.guidance.done_when]
    expected = [expectation for step in chapter for expectation in step.expectations]
    return GuideEntry(
        number=number,
        say=chapter[0].guidance.say,
        at=chapter[0].guidance.at,
        steps=tuple(chapter),
        facts=tuple(told or expected),
    )


class GuideProgress:
    """How far somebody has come in a guide, on a world that is theirs.

    Args:
        session: over that world; records count from now on.
        scenario: the guide.
    """

    def __init__(self, session: Session, scenario: Scenario) -> None:
        self.entries = guide_entries(scenario)
        self.done_count = 0
        self._session = session
        self._window = self._now()

    def update(self) -> int:
        """Tick every entry whose facts hold, in order, and return how many are done."""
        while self.done_count < len(self.entries) and self._holds(self.entries[self.done_count]):
            self.done_count += 1
            self._window = self._now()
        return self.done_count

    def do(self, up_to: int) -> int:
        """Do the entries that are not done, up to this number, and return how many are done.

        Raises:
            SimulatorError: a step is refused, because the world is not as the guide expects it.
        """
        while self.done_count < min(up_to, len(self.entries)):
            for step in self.entries[self.done_count].steps:
                self._session.perform(step)
            self.done_count += 1
            self._window = self._now()
        return self.done_count

    def _holds(self, entry: GuideEntry) -> bool:
        try:
            return bool(entry.facts) and all(check(self._session, fact, self._window) is None for fact in entry.facts)
        except NotFound:
            return False

    def _now(self) -> Window:
        kept = self._session.window
        self._session.open_window()
        fresh, self._session.window = self._session.window, kept
        return fresh
