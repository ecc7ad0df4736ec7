"""The JSON of a run."""

from __future__ import annotations

import dataclasses
from typing import Any

from entra_sim.scenarios.outcome import Event
from entra_sim.scenarios.outcome import ScenarioOutcome
from entra_sim.scenarios.spans import instant_text


def as_json(outcomes: list[ScenarioOutcome], exit_code: int, seconds: float) -> dict[str, Any]:
    """Return the run as a JSON object: summary, then every scenario with its steps and events."""
    kinds = [str(item.outcome) for item in outcomes]
    return {
        "exitCode": exit_code,
        "seconds": round(seconds, 3),
        "passed": kinds.count("passed"),
        "failed": kinds.count("failed"),
        "errors": kinds.count("error"),
        "notApplicable": kinds.count("not applicable"),
        "scenarios": [_scenario(item) for item in outcomes],
    }


def _scenario(outcome: ScenarioOutcome) -> dict[str, Any]:
    return {
        "path": outcome.path,
        "name": outcome.name,
        "title": outcome.title,
        "why": outcome.why,
        "rules": list(outcome.rules),
        "outcome": str(outcome.outcome),
        "seconds": round(outcome.seconds, 3),
        "startedAt": instant_text(outcome.started_at),
        "simulatedSeconds": outcome.simulated.total_seconds(),
        "settings": outcome.settings,
        "failure": None if outcome.failure is None else dataclasses.asdict(outcome.failure),
        "steps": [
            {
                "number": step.number,
                "text": step.text,
                "line": step.line,
                "outcome": str(step.outcome),
                "at": None if step.at is None else instant_text(step.at),
                "say": step.say,
                "screen": step.screen,
            }
            for step in outcome.steps
        ],
        "events": [_event(event) for event in outcome.events],
        "target": [dataclasses.asdict(holding) for holding in outcome.holdings],
    }


def _event(event: Event) -> dict[str, Any]:
    return {"at": instant_text(event.at), "kind": event.kind, "title": event.title, "detail": list(event.detail)}
