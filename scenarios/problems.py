"""What is wrong with a scenario file: every mistake with its place, collected and told in one go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from entra_sim.simulator.errors import ScenarioError
from entra_sim.simulator.errors import UserInputError

MAX_SHOWN = 20


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a file; both numbers start at 1."""

    line: int
    column: int


class ScenarioProblems(UserInputError):
    """All mistakes of one scenario file, in the order of the file."""

    def __init__(self, problems: Iterable[ScenarioError]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))
        shown = [str(problem) for problem in self.problems[:MAX_SHOWN]]
        if len(self.problems) > MAX_SHOWN:
            shown.append(f"... and {len(self.problems) - MAX_SHOWN} more")
        super().__init__("\n".join(shown))


class Problems:
    """Collects the mistakes of one file.

    Args:
        path: the file's name as the user gave it.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.found: list[ScenarioError] = []

    def add(self, place: Place, message: str, *, key: str = "") -> None:
        """Note one mistake."""
        self.found.append(ScenarioError(message, path=self.path, line=place.line, column=place.column, key=key))

    def raise_if_any(self) -> None:
        """Raise ScenarioProblems when something was noted."""
        if self.found:
            raise ScenarioProblems(self.found)


def nearest(text: str, known: Iterable[str]) -> str:
    """Return the known word most like `text`, without regard to case, dashes and underscores; "" if none is close."""
    by_shape = {_shape(word): word for word in known}
    near = get_close_matches(_shape(text), by_shape, n=1, cutoff=0.6)
    return by_shape[near[0]] if near else ""


def not_known(what: str, text: str, known: Iterable[str]) -> str:
    """Return the sentence for a word that is not allowed here: the nearest one first, then all that are."""
    words = sorted(known)
    near = nearest(text, words)
    hint = f"did you mean '{near}'? Allowed" if near else "allowed"
    return f"there is no {what} '{text}' here; {hint}: {', '.join(words)}"


def _shape(text: str) -> str:
    return text.casefold().replace("-", " ").replace("_", " ").strip()
