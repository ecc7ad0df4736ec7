"""The disk is full in the middle of a cycle: it goes on once there is room, losing and doubling nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from entra_sim.scenarios.world import World

PEOPLE = 12


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A lab in a folder whose first cycle is due."""
    with World.open_folder(tmp_path, rate=0.0, public_url="https://tapt.example") as world:
        simulator = world.simulator
        assert world.tapt is not None
        for number in range(PEOPLE):
            upn = f"p{number}@contoso.example"
            simulator.directory.create_user({"userPrincipalName": upn, "displayName": f"Person {number}"})
        application = simulator.applications.create("Tapt Integration")
        token = world.tapt.generate_token()
        simulator.provisioning.save_credentials(application, token.url, token.secret)
        simulator.provisioning.set_scope(application, "all")
        simulator.provisioning.start(application)
        yield world


@pytest.mark.parametrize("recorded_count", [1, 7, PEOPLE])
def test_a_cycle_on_a_full_disk_goes_on_once_there_is_room(
    world: World, monkeypatch: pytest.MonkeyPatch, recorded_count: int
) -> None:
    database, progress = world.simulator.core.database, world.simulator.core.progress
    count = 0
    save_cycle = progress.save_cycle

    def fill_up(*arguments: object) -> None:
        nonlocal count
        count += 1
        if count == recorded_count:  # every statement breaks , and its transaction with it
            database.connection.set_progress_handler(lambda: 1, 1)
        save_cycle(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(progress, "save_cycle", fill_up)
    for _ in range(2):
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            world.advance(timedelta(0))
    monkeypatch.undo()
    database.connection.set_progress_handler(None, 0)
    world.advance(timedelta(0))

    logged = [tuple(row) for row in database.rows("SELECT identity, action FROM log_entry ORDER BY identity, action")]
    created = sorted((f"p{number}@contoso.example", "Create") for number in range(PEOPLE))
    assert [row for row in logged if row[1] == "Create"] == created
    assert len(logged) <= PEOPLE + 1  # the one that was under way is looked at again
    assert world.tapt is not None
    links = {row[0] for row in database.rows("SELECT target_anchor FROM entry WHERE object_type = 'User'")}
    assert len(links) == PEOPLE
    assert world.tapt.store.connection.execute("SELECT COUNT(*) FROM resource").fetchone()[0] == PEOPLE
