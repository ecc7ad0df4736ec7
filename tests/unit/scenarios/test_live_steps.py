"""Steps and expectations against a world that is running."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from entra_sim.scenarios.live import LiveSteps
from entra_sim.scenarios.loader import DEFAULT_START
from entra_sim.scenarios.outcome import Outcome
from entra_sim.scenarios.problems import ScenarioProblems
from entra_sim.scenarios.world import World
from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import StateConflict


@pytest.fixture
def steps() -> Iterator[LiveSteps]:
    with World.open(start=DEFAULT_START, seed="live") as world:
        yield LiveSteps(world, folder=Path())


def test_a_story_can_be_told_step_by_step(steps: LiveSteps) -> None:
    for text in (
        "create user: {userPrincipalName: ada@contoso.example, displayName: Ada}",
        "create application: Tapt Integration",
        "save credentials: tapt",
        "assign: ada@contoso.example",
    ):
        assert steps.perform(text).outcome is Outcome.PASSED
    started = steps.perform("start provisioning")
    assert [event.title for event in started.events if event.kind == "log"] == ["Create / Success  ada@contoso.example"]
    assert steps.perform("expect: {requests: [{method: POST}]}").outcome is Outcome.PASSED
    assert steps.perform("expect: {requests: none}").outcome is Outcome.PASSED
    wrong = steps.perform("expect: {target users: [{userName: ada@contoso.example, active: false}]}")
    assert wrong.failure is not None
    assert (wrong.failure.subject, wrong.failure.where) == ("target users[0].active", "step:1:57")
    document = json.loads(json.dumps(steps.perform("advance: 40m").as_json()))
    assert document["at"] == "2026-01-05T09:40:00Z"


def test_what_is_no_step_or_is_refused_says_why(steps: LiveSteps) -> None:
    with pytest.raises(
        ScenarioProblems, match=r"^step:1:1: there is no step 'unasign' here; did you mean 'unassign'\?"
    ):
        steps.perform("unasign: Tapt people")
    with pytest.raises(NotFound, match="there is no application yet"):
        steps.perform("start provisioning")
    steps.perform("create application: One")
    with pytest.raises(StateConflict):
        steps.perform("start provisioning")
    assert steps.perform("{start provisioning: , refused: '*'}").outcome is Outcome.PASSED
    assert steps.perform("{set mode: Automatic, refused: '*'}").outcome is Outcome.FAILED
    steps.perform("create application: Two")
    steps.perform("{set mode: Automatic, application: One}")
