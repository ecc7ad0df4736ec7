"""The World: both sides with one clock, in process and over sockets, saved and restored."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from entra_sim.scenarios.world import World
from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.model.job import JobStatus

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
PEOPLE = ("ada", "grace", "mia")


@pytest.fixture(params=["wsgi", "http"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with World.open(start=START, transport=request.param, seed="tests") as opened:
        yield opened


def provisioned(world: World) -> Any:
    """Set the tutorial up for three people in one group and run the initial cycle; returns the application."""
    simulator = world.simulator
    for name in PEOPLE:
        simulator.directory.create_user({"userPrincipalName": f"{name}@contoso.example", "displayName": name.title()})
    simulator.directory.create_group({"displayName": "Tapt people"}, [f"{name}@contoso.example" for name in PEOPLE])
    application = simulator.applications.create("Tapt Integration")
    assert world.tapt is not None
    token = world.tapt.generate_token()
    simulator.provisioning.save_credentials(application, token.url, token.secret)
    simulator.provisioning.set_mode(application, "Automatic")
    simulator.provisioning.set_object_mapping_enabled(application, "Group", enabled=False)
    simulator.applications.assign(application, "Tapt people")
    simulator.provisioning.start(application)
    world.advance(timedelta(0))
    return application


def held(world: World) -> dict[str, bool]:
    """Return what Tapt holds: userName → active."""
    assert world.tapt is not None
    return {user["userName"]: user["active"] for user in world.tapt.users()}


@pytest.mark.rule("ENG-140", "ENG-021", "ENG-124")
def test_the_people_of_an_assigned_group_stand_in_tapt_after_the_initial_cycle(world: World) -> None:
    application = provisioned(world)
    assert held(world) == {f"{name}@contoso.example": True for name in PEOPLE}
    job = world.simulator.queries.job(application)
    assert job.status is JobStatus.ACTIVE
    assert job.next_cycle_at == START + timedelta(minutes=40)
    assert {entry.action for entry in world.simulator.queries.logs(application)} == {"Create"}


@pytest.mark.rule("ENG-133", "ENG-351")
def test_a_cycle_without_changes_sends_and_logs_nothing(world: World) -> None:
    application = provisioned(world)
    sent, logged = len(world.exchanges()), len(world.simulator.queries.logs(application))
    ran = world.advance(timedelta(hours=4))
    assert [item.text for item in ran] == ["incremental cycle: nothing to do"] * 6
    assert len(world.exchanges()) == sent
    assert len(world.simulator.queries.logs(application)) == logged


@pytest.mark.rule("ENG-186", "ENG-188", "ENG-199")
def test_unassigned_people_are_disabled_and_come_back_under_the_same_id(world: World) -> None:
    application = provisioned(world)
    assert world.tapt is not None
    ids = {user["userName"]: user["id"] for user in world.tapt.users()}
    world.simulator.applications.unassign(application, "Tapt people")
    world.advance(timedelta(minutes=40))
    assert held(world) == {f"{name}@contoso.example": False for name in PEOPLE}
    world.simulator.applications.assign(application, "ada@contoso.example")
    world.advance(timedelta(minutes=40))
    assert held(world)["ada@contoso.example"] is True
    assert {user["userName"]: user["id"] for user in world.tapt.users()} == ids


@pytest.mark.rule("ENG-011", "ENG-013", "ENG-183", "ENG-184", "ENG-216")
def test_a_deleted_person_is_disabled_renamed_and_gone_after_thirty_days(world: World) -> None:
    provisioned(world)
    user = world.simulator.directory.delete_user("mia@contoso.example")
    world.advance(timedelta(minutes=40))
    prefixed = user.object_id.replace("-", "") + "mia@contoso.example"
    assert held(world)[prefixed] is False
    world.advance(timedelta(days=29))
    assert prefixed in held(world)
    world.advance(timedelta(days=1, minutes=40))
    assert set(held(world)) == {"ada@contoso.example", "grace@contoso.example"}


@pytest.mark.rule("ENG-280", "ENG-283", "ENG-284", "ENG-285", "ENG-289")
def test_an_expired_token_quarantines_and_a_new_one_heals(world: World) -> None:
    application = provisioned(world)
    assert world.tapt is not None
    world.tapt.expire_token()
    world.simulator.directory.update_user("ada@contoso.example", {"jobTitle": "Lead"})
    world.advance(timedelta(minutes=40))
    job = world.simulator.queries.job(application)
    assert job.status is JobStatus.QUARANTINE
    assert job.quarantine is not None
    assert job.quarantine.next_attempt_at == START + timedelta(minutes=70)
    watermark = job.watermark
    token = world.tapt.generate_token()
    assert world.simulator.provisioning.test_connection(application, token.url, token.secret).is_ok
    world.simulator.provisioning.save_credentials(application, token.url, token.secret)
    world.advance(timedelta(0))
    job = world.simulator.queries.job(application)
    assert job.status is JobStatus.ACTIVE
    assert job.quarantine is None
    assert watermark is not None
    assert job.watermark is not None
    assert job.watermark > watermark
    assert [user.get("title") for user in world.tapt.users() if user["displayName"] == "Ada"] == ["Lead"]
    assert [event.activity for event in world.simulator.queries.audit() if event.activity == "Quarantine"]


def test_a_world_starts_in_under_ten_milliseconds() -> None:
    World.open(start=START).close()
    fastest = 1.0
    for _ in range(5):
        began = time.perf_counter()
        opened = World.open(start=START)
        fastest = min(fastest, time.perf_counter() - began)
        opened.close()
    assert fastest < 0.010


def test_time_goes_back_only_by_restoring(tmp_path: Path) -> None:
    with World.open(start=START) as world:
        application = provisioned(world)
        world.keep_saves_in(tmp_path)
        assert world.saves is not None
        world.saves.save("before")
        with pytest.raises(UserInputError, match="only moves forward"):
            world.advance(timedelta(seconds=-1))
        world.simulator.directory.update_user("ada@contoso.example", {"jobTitle": "Lead"})
        world.simulator.provisioning.add_attribute_mapping(application, "User", {"target": "nickName", "constant": "x"})
        world.advance(timedelta(hours=2))
        assert world.tapt is not None
        assert all(user["nickName"] == "x" for user in world.tapt.users())
        world.saves.restore("before")
        assert world.clock.now() == START
        assert "jobTitle" not in world.simulator.directory.user("ada@contoso.example").attributes
        assert not any("nickName" in user or "title" in user for user in world.tapt.users())
        world.simulator.directory.update_user("ada@contoso.example", {"jobTitle": "Chief"})
        world.advance(timedelta(minutes=40))
        assert [user.get("title") for user in world.tapt.users()] == ["Chief", None, None]
        assert not any("nickName" in user for user in world.tapt.users())


def test_a_jump_can_be_undone_in_one_step(tmp_path: Path) -> None:
    with World.open(start=START) as world:
        provisioned(world)
        world.keep_saves_in(tmp_path)
        world.simulator.jump(timedelta(days=1))
        assert world.saves is not None
        assert [(item.name, item.reason) for item in world.saves.list_saves()] == [("undo", "before a time jump")]
        world.saves.restore("undo")
        assert world.clock.now() == START


def test_an_unknown_save_is_named_with_those_that_exist(tmp_path: Path) -> None:
    with World.open(start=START) as world:
        world.keep_saves_in(tmp_path)
        assert world.saves is not None
        world.saves.save("monday")
        with pytest.raises(NotFound, match="Saved: monday"):
            world.saves.restore("tuesday")
        with pytest.raises(UserInputError, match="cannot name a save"):
            world.saves.save("../elsewhere")


def test_a_folder_goes_on_where_it_stood(tmp_path: Path) -> None:
    with World.open_folder(tmp_path, rate=0.0, public_url="https://tapt.example") as world:
        application = provisioned(world)
        world.simulator.jump(timedelta(days=2))
        stood = world.clock.now()
        cycles = world.simulator.queries.job(application).last_execution
    with World.open_folder(tmp_path, public_url="https://tapt.example") as world:
        assert world.clock.now() == stood
        assert world.clock.rate == 0.0
        assert len(held(world)) == 3
        assert world.simulator.queries.job("Tapt Integration").last_execution == cycles
        world.simulator.directory.update_user("ada@contoso.example", {"jobTitle": "Lead"})
        world.advance(timedelta(minutes=40))
        assert world.tapt is not None
        titles = {user["displayName"]: user.get("title") for user in world.tapt.users()}
        assert titles == {"Ada": "Lead", "Grace": None, "Mia": None}


def test_what_fell_due_while_a_live_world_was_down_runs_once(tmp_path: Path) -> None:
    with World.open_folder(tmp_path, rate=1.0, public_url="https://tapt.example") as world:
        application = provisioned(world)
        world.simulator.keeper.save()
        # the machine was off for a day: the stored wall time lies a day back
        store = world.simulator.core.directory
        now = world.clock.now()
        store.save_tenant("clock_wall", (now - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
        before = world.simulator.queries.job(application).last_execution
        assert before is not None
    with World.open_folder(tmp_path, public_url="https://tapt.example") as world:
        assert world.clock.now() >= now + timedelta(days=1) - timedelta(seconds=5)
        ran = world.simulator.time.tick()
        assert [item.kind for item in ran] == ["cycle"]


@pytest.mark.parametrize("transport", ["wsgi", "http"])
def test_a_world_ends_at_once(transport: str) -> None:
    world = World.open(start=START, transport=transport)
    provisioned(world)
    began = time.perf_counter()
    world.close()
    assert time.perf_counter() - began < 1.0


def test_foreign_clients_need_a_socket() -> None:
    with World.open(start=START) as world, pytest.raises(StateConflict, match="listens on no socket"):
        assert world.tapt_base_url
