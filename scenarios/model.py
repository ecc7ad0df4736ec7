"""A scenario as values: tenant, applications, steps, expectations. Read by the loader, run by the runner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from entra_sim.scenarios.language import Noun
from entra_sim.scenarios.language import Verb
from entra_sim.scenarios.problems import Place
from entra_sim.scenarios.yaml_nodes import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One noun with what it must show.

    Args:
        expected: the plain value as written; `node` knows where each part of it stands.
        since_start: the window begins at the scenario's start instead of the previous `expect`.
    """

    noun: Noun
    expected: Any
    node: Node
    place: Place
    since_start: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    """What a guide tells around a step.

    Args:
        say: what is told.
        at: the screen and control where an administrator does it.
        done_when: facts that show that it is done.
    """

    say: str = ""
    at: str = ""
    done_when: tuple[Expectation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: a verb with its argument, or an `expect`.

    Args:
        number: 1 for the first step of the file.
        text: the step in one line, for reports.
        verb: None for an `expect`.
        application: name of the application it is about; "" for the one that is current.
        refused: a text that the refusal must be like; None when the step must succeed.
    """

    number: int
    text: str
    place: Place
    verb: Verb | None = None
    argument: Any = None
    expectations: tuple[Expectation, ...] = ()
    application: str = ""
    refused: str | None = None
    guidance: Guidance = Guidance()

    @property
    def is_expect(self) -> bool:
        """Return whether the step only looks."""
        return self.verb is None


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantPlan:
    """What the directory holds before the first step, with ENG-003 / ENG-004 names."""

    users: tuple[dict[str, Any], ...] = ()
    groups: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationPlan:
    """One application as it is before the first step.

    Args:
        target: "tapt", "none" or {"url": ..., "token": ...}.
        scope: "assigned" or "all".
        groups: whether the group mapping is enabled.
        dialect: "default" or "flagged" (compliance flag at the tenant URL).
        roles: {"value": ..., "displayName": ...} each.
        assign: (principal, role or None) each.
    """

    name: str
    place: Place
    target: Any = "tapt"
    scope: str = "assigned"
    groups: bool = True
    dialect: str = "default"
    roles: tuple[dict[str, str], ...] = ()
    assign: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """A broken set-up to repair: what to do, hints one by one, when it is solved, and one solution."""

    task: str
    hints: tuple[str, ...]
    done_when: tuple[Expectation, ...]
    solution: tuple[Step, ...]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One story.

    Args:
        path: the file; its folder holds the files that the scenario names.
        shown_path: the file's name as the user gave it.
    """

    path: Path
    shown_path: str
    title: str
    why: str = ""
    rules: tuple[str, ...] = ()
    start: datetime
    settings: dict[str, Any]
    tenant: TenantPlan
    applications: tuple[ApplicationPlan, ...]
    steps: tuple[Step, ...]
    exercise: Exercise | None = None

    @property
    def name(self) -> str:
        """Return the file's name without its ending."""
        return self.path.stem

    @property
    def is_guide(self) -> bool:
        """Return whether it leads somebody through screens."""
        return any(step.guidance.at for step in self.steps)
