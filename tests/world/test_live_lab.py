"""What the lab offers while it runs: single steps, loading a scenario, starting over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from entra_sim.scenarios import lab_hooks
from entra_sim.scenarios import loader
from entra_sim.scenarios.lab_hooks import LabControl
from entra_sim.scenarios.lab_hooks import Library
from entra_sim.scenarios.world import World
from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import UserInputError


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World.open_folder(tmp_path, rate=0.0, public_url="https://tapt.example") as opened:
        opened.keep_saves_in(tmp_path / "saves")
        yield opened


@pytest.fixture
def control(world: World, tmp_path: Path) -> LabControl:
    return LabControl(world, Library(), tmp_path)


def test_steps_and_expectations_work_one_at_a_time(control: LabControl) -> None:
    control.perform("create user: {userPrincipalName: ada@contoso.example, displayName: Ada Park}")
    control.perform("create application: Tapt Integration")
    control.perform("generate token:")
    control.perform("save credentials: tapt")
    control.perform("assign: ada@contoso.example")
    started = control.perform("start provisioning")
    assert any("POST" in event["title"] for event in started["events"])
    held = control.perform("expect: {target users: [{userName: ada@contoso.example, active: true}]}")
    assert held["outcome"] == "passed"
    missed = control.perform("expect: {target users: [{userName: ada@contoso.example, active: false}]}")
    assert missed["failure"]["expected"] == "false"
    with pytest.raises(UserInputError, match="unasign"):
        control.perform("unasign: ada@contoso.example")


def test_a_jump_by_a_step_can_be_undone(control: LabControl, world: World) -> None:
    control.perform("create user: {userPrincipalName: ada@contoso.example, displayName: Ada Park}")
    before = world.clock.now()
    control.perform("advance: 3 days")
    assert world.saves is not None
    world.saves.restore("undo")
    assert world.clock.now() == before
    assert world.simulator.directory.user("ada@contoso.example")


def test_a_scenario_is_loaded_in_place_of_what_the_lab_holds_and_can_be_undone(
    control: LabControl, world: World
) -> None:
    control.perform("create user: {userPrincipalName: old@contoso.example}")
    control.load("unassigning-a-person-disables-the-account")
    assert world.simulator.directory.users()
    with pytest.raises(NotFound):
        world.simulator.directory.user("old@contoso.example")
    assert [item.name for item in world.simulator.applications.list()] == ["Tapt Integration"]
    assert world.saves is not None
    world.saves.restore("undo")
    assert world.simulator.directory.user("old@contoso.example")
    assert world.simulator.applications.list() == []


def test_starting_over_gives_the_demo_tenant_and_an_empty_tapt(control: LabControl, world: World) -> None:
    assert world.tapt is not None
    world.tapt.add_profile({"userName": "left@over.example"})
    world.tapt.generate_token()
    control.reset()
    assert world.simulator.core.directory.count_users() == 40
    assert world.tapt.users() == []
    assert world.tapt.token_status().state == "none"


def test_the_library_is_read_ahead_of_its_first_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_hooks, "READ_AHEAD_S", 0.0)
    scenarios = Library()
    scenarios.read_ahead().join()
    monkeypatch.setattr(loader, "load", lambda path: pytest.fail(f"{path} is read again"))
    assert len(scenarios.cards()) >= 70


def test_every_card_of_the_library_can_be_read_and_one_can_be_run() -> None:
    scenarios = Library()
    cards = scenarios.cards()
    assert len(cards) >= 70
    assert not [card for card in cards if card.problem]
    result = scenarios.run("unassigning-a-person-disables-the-account")
    assert result.passed
    assert result.steps
    with pytest.raises(NotFound):
        scenarios.run("nothing-of-this-name")
