"""What is wrong with a scenario file: every mistake with its place, collected and told in one go."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from entra_sim.simulator.errors import ScenarioError
from entra_sim.simulator.errors import UserInputError

MAX_SHOWN = 20
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


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


@dataclass(frozen=True, slots=True)
class Reference:
    """A place where a user, a group or either is named. `kind` is user, group or principal."""

    kind: str
    name: str
    place: Place


class Problems:
    """Collects the mistakes of one file, and which people and groups it makes and names.

    Args:
        path: the file's name as the user gave it.

    Attributes:
        steps: word → step that is meant by it, for keys that stand where no step can.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.found: list[ScenarioError] = []
        self.references: list[Reference] = []
        self.steps: Mapping[str, str] = {}
        self.defined: dict[str, set[str]] = {"user": set(), "group": set()}

    def add(self, place: Place, message: str, *, key: str = "") -> None:
        """Note one mistake."""
        self.found.append(ScenarioError(message, path=self.path, line=place.line, column=place.column, key=key))

    def check_references(self) -> None:
        """Note every named user or group that the file nowhere makes; object ids are taken as they are."""
        folded = {kind: {name.casefold() for name in names} for kind, names in self.defined.items()}
        for reference in self.references:
            kinds = ("user", "group") if reference.kind == "principal" else (reference.kind,)
            if _GUID.fullmatch(reference.name) or any(reference.name.casefold() in folded[kind] for kind in kinds):
                continue
            near = nearest(reference.name, [name for kind in kinds for name in self.defined[kind]])
            hint = f"; did you mean '{near}'?" if near else "; add it to the tenant or create it in a step"
            what = "user or group" if reference.kind == "principal" else reference.kind
            self.add(reference.place, f"this scenario has no {what} '{reference.name}'{hint}", key=reference.name)

    def raise_if_any(self) -> None:
        """Raise ScenarioProblems when something was noted."""
        if self.found:
            raise ScenarioProblems(self.found)


def with_example(problem: ScenarioError, example: str) -> ScenarioError:
    """Return the problem with a step that is written rightly."""
    message = f"{problem.message}; for example: {example}"
    return ScenarioError(message, path=problem.path, line=problem.line, column=problem.column, key=problem.key)


def nearest(text: str, known: Iterable[str]) -> str:
    """Return the known word most like `text`, without regard to case, dashes and underscores; "" if none is close."""
    by_shape = {_shape(word): word for word in known}
    near = get_close_matches(_shape(text), by_shape, n=1, cutoff=0.6)
    return by_shape[near[0]] if near else ""


def not_known(what: str, text: str, known: Iterable[str], synonyms: Mapping[str, str] | None = None) -> str:
    """Return the sentence for a word that is not allowed here: the nearest one first, then all that are."""
    words = sorted(known)
    near = (synonyms or {}).get(text.casefold()) or nearest(text, words)
    hint = f"did you mean '{near}'? Allowed" if near else "allowed"
    return f"there is no {what} '{text}' here; {hint}: {', '.join(words)}"


def _shape(text: str) -> str:
    return text.casefold().replace("-", " ").replace("_", " ").strip()
