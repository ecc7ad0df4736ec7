"""Rules of the wire that only a whole run shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import Any

import pytest

from entra_sim.scenarios.world import World
from entra_sim.simulator.model.job import JobStatus
from entra_sim.simulator.settings import Settings

ADA = "ada@contoso.example"


@pytest.fixture
def world() -> Iterator[World]:
    settings = Settings(escrow_floor=2)
    with World.open(start=datetime(2026, 1, 5, 9, tzinfo=UTC), settings=settings) as opened:
        yield opened


def started(world: World, *rows: dict[str, Any], people: tuple[str, ...] = (ADA,)) -> Any:
    """Provision the people, with more mapping rows; returns the application."""
    simulator = world.simulator
    assert world.tapt is not None
    application = simulator.applications.create("Tapt Integration")
    for upn in people:
        simulator.directory.create_user({"userPrincipalName": upn, "mail": upn, "displayName": upn.split("@")[0]})
        simulator.applications.assign(application, upn)
    for row in rows:
        simulator.provisioning.add_attribute_mapping(application, "User", row)
    token = world.tapt.generate_token()
    simulator.provisioning.save_credentials(application, token.url, token.secret)
    simulator.provisioning.start(application)
    world.advance(timedelta(0))
    return application


@pytest.mark.rule("WIRE-078")
def test_a_mapping_of_primary_is_a_value_path_operation_beside_the_value(world: World) -> None:
    started(world)
    assert world.tapt is not None
    world.tapt.edit_by_hand(ADA, {"emails": [{"type": "work", "value": "old@contoso.example", "primary": False}]})
    row = {"target": 'emails[type eq "work"].primary', "constant": "true"}
    world.simulator.provisioning.add_attribute_mapping("Tapt Integration", "User", row)
    world.advance(timedelta(minutes=40))
    bodies = [record.call.body for record in world.exchanges() if record.call.method == "PATCH"]
    assert bodies[-1] is not None
    assert [(item["op"], item["path"]) for item in bodies[-1]["Operations"]] == [
        ("Replace", 'emails[type eq "work"].value'),
        ("Replace", 'emails[type eq "work"].primary'),
    ]
    person = world.tapt.user(ADA)
    assert person is not None
    assert person["emails"] == [{"type": "work", "value": ADA, "primary": True}]


@pytest.mark.rule("Q-26", "ENG-013")
def test_a_soft_delete_prefixes_the_upn_and_nothing_else(world: World) -> None:
    started(world)
    user = world.simulator.directory.delete_user(ADA)
    world.advance(timedelta(minutes=40))
    assert world.tapt is not None
    person = world.tapt.users()[0]
    assert person["userName"] == user.object_id.replace("-", "") + ADA
    assert person["emails"][0]["value"] == ADA
    assert person["externalId"] == "ada"


@pytest.mark.rule("WIRE-133")
def test_too_large_a_share_of_failures_quarantines_and_the_pauses_grow(world: World) -> None:
    from entra_sim.mock_tapt import Fault

    application = started(world)
    assert world.tapt is not None
    for name in ("mia", "bo", "li"):
        world.simulator.directory.create_user({"userPrincipalName": f"{name}@contoso.example"})
        world.simulator.applications.assign(application, f"{name}@contoso.example")
    world.tapt.faults.add(Fault(method="POST", path="/Users", status=500))
    world.advance(timedelta(minutes=40))
    job = world.simulator.queries.job(application)
    assert job.status is JobStatus.QUARANTINE
    assert job.quarantine is not None
    assert str(job.quarantine.reason) == "EncounteredEscrowProportionThreshold"
    pauses = []
    for _ in range(3):
        assert job.quarantine is not None
        pauses.append(job.quarantine.next_attempt_at - world.clock.now())
        world.advance(job.quarantine.next_attempt_at - world.clock.now())
        job = world.simulator.queries.job(application)
    assert pauses == [timedelta(minutes=30), timedelta(hours=1), timedelta(hours=2)]
