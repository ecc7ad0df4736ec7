"""The log is searched by time through its positions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from datetime import datetime
from datetime import timedelta

import pytest

from entra_sim.scenarios.world import World
from entra_sim.simulator.store.logs import LogFilter

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize("gap", [False, True])
def test_every_instant_finds_its_first_record(gap: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entra_sim.simulator.store.logs.SHORTEST_STRETCH", 1)
    monkeypatch.setattr("entra_sim.simulator.store.logs.LONGEST_STRETCH", 3)
    with World.open(start=START) as world:
        assert world.tapt is not None
        simulator = world.simulator
        simulator.directory.create_user({"userPrincipalName": "ada@contoso.example"})
        application = simulator.applications.create("Tapt Integration")
        token = world.tapt.generate_token()
        simulator.provisioning.save_credentials(application, token.url, token.secret)
        simulator.applications.assign(application, "ada@contoso.example")
        simulator.provisioning.start(application)
        world.advance(timedelta(0))
        logs = simulator.core.logs
        template = simulator.queries.logs(application)[0]
        instants = [START + timedelta(minutes=minute) for minute in (0, 1, 1, 1, 5, 5, 9)]
        for number, at in enumerate(instants):
            logs.append(replace(template, at=at, entry_id=f"entry-{number}"))
        if gap:
            logs.delete_before(START + timedelta(seconds=30))
        every = logs.list_entries(LogFilter())
        for seconds in range(-60, 700, 30):
            instant = START + timedelta(seconds=seconds)
            wanted = [entry.entry_id for entry in every if entry.at >= instant]
            found = [entry.entry_id for entry in logs.list_entries(LogFilter(after=instant))]
            assert found == wanted, instant
            assert [entry.entry_id for entry in logs.stream_newest(LogFilter(after=instant))] == wanted[::-1]
        middle = LogFilter(since_sequence=every[1].sequence, before_sequence=every[-1].sequence, identity="ADA@")
        assert list(logs.stream_newest(middle)) == every[2:-1][::-1]
        assert logs.delete_before(START + timedelta(minutes=5)) == sum(
            e.at < START + timedelta(minutes=5) for e in every
        )
        assert [entry.at for entry in logs.list_entries(LogFilter())] == [
            e.at for e in every if e.at >= START + timedelta(minutes=5)
        ]
