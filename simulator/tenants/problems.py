"""What is wrong with the files of an import: every problem with its place and what to do; told together, once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.tenants.limits import MAX_PROBLEMS


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something stands.

    Args:
        path: file as the user gave it.
        line: 1-based line of the file, as an editor counts; 0 for the file as a whole.
        column: 1-based: of a table the column, of JSON the character; 0 for the whole row.
        find: works line and column out where that costs time, so that it happens only for problems that are told.
    """

    path: str
    line: int = 0
    column: int = 0
    find: Callable[[], tuple[int, int]] | None = field(default=None, compare=False, repr=False)

    def found(self) -> Place:
        """Return this place with line and column worked out."""
        if self.find is None:
            return self
        line, column = self.find()
        return dataclasses.replace(self, line=line, column=column, find=None)

    def __str__(self) -> str:
        return ":".join([self.path, *(str(number) for number in (self.line, self.column) if number)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, and how often.

    Args:
        place: where it stands first.
        message: what is wrong and what to do, without the place.
        repeat_count: further places with the same fault in the same column.
    """

    place: Place
    message: str
    repeat_count: int = 0

    def __str__(self) -> str:
        again = f" (and {self.repeat_count:,} more such)" if self.repeat_count else ""
        return f"{self.place}: {self.message}{again}"


class DirectoryFileError(UserInputError):
    """The files cannot be read as a directory; nothing of them was taken.

    Args:
        problems: what is wrong, in the order in which it was met.
        omitted_count: problems that are not among them because there are too many.
        remedies: sentences that help against several of them.
    """

    def __init__(self, problems: Sequence[Problem], omitted_count: int = 0, remedies: Sequence[str] = ()) -> None:
        self.problems = tuple(problems)
        self.omitted_count = omitted_count
        lines = [str(problem) for problem in problems]
        if omitted_count:
            lines.append(f"... and {omitted_count:,} more problems.")
        if len(lines) > 1:
            lines.append("Nothing was imported.")
        elif not lines[0].endswith("Nothing was imported."):
            lines[0] = f"{lines[0].rstrip('.')}. Nothing was imported."
        lines.extend(remedies)
        super().__init__("\n".join(lines))


class ProblemList:
    """Collects problems; equal faults of one column count as one with repeats."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, int, str], Place] = {}
        self._messages: dict[tuple[str, int, str], str] = {}
        self._counts: dict[tuple[str, int, str], int] = {}
        self._remedies: dict[str, None] = {}

    def add(self, place: Place, message: str, *, fault: str = "", remedy: str = "") -> None:
        """Note a problem.

        Args:
            place: where.
            message: what is wrong and what to do.
            fault: name of the fault; those of the same name in one column of one file are told once. Without it the
                message is the name.
            remedy: a sentence that is told once, after all problems.
        """
        if remedy:
            self._remedies[remedy] = None
        key = (place.path, place.column if fault else -place.line, fault or f"{place.column} {message}")
        if key in self._first:
            self._counts[key] += 1
        else:
            self._first[key] = place
            self._messages[key] = message
            self._counts[key] = 0

    def __bool__(self) -> bool:
        return bool(self._first)

    def __len__(self) -> int:
        return len(self._first)

    def raise_any(self) -> None:
        """Raise DirectoryFileError if anything was noted."""
        if not self._first:
            return
        told = [
            Problem(place=place.found(), message=self._messages[key], repeat_count=self._counts[key])
            for key, place in list(self._first.items())[:MAX_PROBLEMS]
        ]
        raise DirectoryFileError(told, omitted_count=len(self._first) - len(told), remedies=tuple(self._remedies))
