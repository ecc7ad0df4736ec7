"""A run as text that two people can compare: every instant, request, answer and log entry, and nothing of the machine.

The target's base is `{target}`, secrets are not there at all, idle cycles are one line, durations, ports, dates of the
machine and hop-by-hop headers are left out. The same file gives the same bytes on every machine.
"""

from __future__ import annotations

import difflib
from pathlib import Path

from entra_sim.scenarios.model import Scenario
from entra_sim.scenarios.outcome import Event
from entra_sim.scenarios.spans import instant_text

ENDING = ".transcript"
_MARKS = {"step": "==", "cycle": "--", "idle": "--", "happening": "--", "request": ">>", "log": "::", "target": "##"}
HEADERS = (
    "Every request carries: Authorization: Bearer (secret), Adscimversion: 5.0; with a body also "
    "Content-Type: application/scim+json; charset=utf-8."
)
CONTEXT_LINES = 24


def render(scenario: Scenario, events: list[Event]) -> str:
    """Return the transcript of a run."""
    lines = [f"scenario: {scenario.title}", f"file: {scenario.path.name}"]
    if scenario.rules:
        lines.append(f"rules: {', '.join(scenario.rules)}")
    lines += [f"setting: {name} = {value}" for name, value in scenario.settings.items()]
    lines += [HEADERS]
    for event in events:
        lines += event_lines(event)
    return "\n".join(lines) + "\n"


def event_lines(event: Event) -> list[str]:
    """Return one event as lines; a step begins with an empty line."""
    first = f"{_MARKS[event.kind]} {instant_text(event.at)} {event.title}"
    lines = ["", first] if event.kind == "step" else [first]
    return lines + [f"   {line}".rstrip() for line in event.detail]


def context(events: list[Event]) -> tuple[str, ...]:
    """Return the end of a transcript: what stood just before a failure, bodies shortened."""
    lines: list[str] = []
    for event in reversed(events):
        block = event_lines(event)
        if len(block) > 8:
            block = [*block[:7], f"   ... {len(block) - 7} lines more in the transcript"]
        lines = block + lines
        if len(lines) >= CONTEXT_LINES:
            break
    return tuple(line for line in lines if line)


def expected_path(scenario_path: Path) -> Path:
    """Return where the accepted transcript of a scenario is stored: beside it."""
    return scenario_path.with_suffix(ENDING)


def difference(expected: str, actual: str, limit: int = 40) -> tuple[str, ...]:
    """Return the lines in which two transcripts differ, as a short unified diff; empty when they do not."""
    if expected == actual:
        return ()
    diff = difflib.unified_diff(
        expected.splitlines(), actual.splitlines(), "accepted transcript", "this run", lineterm="", n=2
    )
    lines = list(diff)
    return tuple([*lines[:limit], f"... {len(lines) - limit} lines more"] if len(lines) > limit else lines)
