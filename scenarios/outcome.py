"""What a run of a scenario showed: plain values that reports print and that cross process borders."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from datetime import timedelta
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """How a scenario or step ended.

    Error: the file or the order of its steps is wrong, not the behaviour. Not applicable: it needs mock Tapt's inside,
    and the target is a foreign endpoint; `failure` says which step.
    """

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    NOT_RUN = "not run"
    NOT_APPLICABLE = "not applicable"

    @property
    def is_bad(self) -> bool:
        """Return whether something is wrong."""
        return self in (Outcome.FAILED, Outcome.ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened, for transcripts and timelines.

    Args:
        kind: step, cycle, idle, happening, request, log or target.
        title: one line.
        detail: further lines.
        tone: "", good, bad or quiet: how a page shows it.
        what: of a request, what it writes in a few words.
        brief: of a request, the answer in a few words.
    """

    at: datetime
    kind: str
    title: str
    detail: tuple[str, ...] = ()
    tone: str = ""
    what: str = ""
    brief: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The first thing that was not as the file says.

    Args:
        where: file:line:column of the expectation or step.
        subject: what was looked at: "target users[0].active"; "" for a step that was refused.
        context: the transcript around it.
    """

    where: str
    line: int
    subject: str
    message: str
    expected: str = ""
    actual: str = ""
    context: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOutcome:
    """How one step ended."""

    number: int
    text: str
    line: int
    outcome: Outcome
    at: datetime | None = None
    say: str = ""
    screen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One account that the target holds, as texts."""

    user_name: str
    display_name: str
    email: str
    department: str
    manager: str
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioOutcome:
    """How one scenario ended, with everything that happened."""

    path: str
    name: str
    title: str
    why: str
    rules: tuple[str, ...]
    outcome: Outcome
    started_at: datetime
    simulated: timedelta = timedelta()
    seconds: float = 0.0
    settings: dict[str, Any] = field(default_factory=dict)
    steps: tuple[StepOutcome, ...] = ()
    events: tuple[Event, ...] = ()
    failure: Failure | None = None
    transcript: str = ""
    holdings: tuple[Holding, ...] = ()


def worst(outcomes: list[ScenarioOutcome]) -> int:
    """Return the exit code for these outcomes: 2 if an input is wrong, 1 if an expectation failed, else 0.

    When none of them could be run against the target, that is a wrong input too.
    """
    kinds = {item.outcome for item in outcomes}
    if Outcome.ERROR in kinds or kinds == {Outcome.NOT_APPLICABLE}:
        return 2
    return 1 if Outcome.FAILED in kinds else 0
