"""The tutorial as a checklist."""

from __future__ import annotations

import pytest

from entra_sim.scenarios.guide import GuideProgress
from entra_sim.scenarios.guide import guide_entries
from entra_sim.scenarios.loader import load
from entra_sim.scenarios.model import Scenario
from entra_sim.scenarios.prepared import prepare
from entra_sim.scenarios.selection import LIBRARY
from entra_sim.scenarios.session import Session
from entra_sim.scenarios.world import World


@pytest.fixture(scope="module")
def tutorial() -> Scenario:
    return load(LIBRARY / "tapt-tutorial.yaml", "tapt-tutorial.yaml")


def test_every_entry_says_where_and_by_which_fact_it_is_ticked(tutorial: Scenario) -> None:
    entries = guide_entries(tutorial)
    assert len(entries) == 21
    for entry in entries:
        assert entry.say, entry.number
        assert entry.at, entry.number
        assert entry.facts, entry.number
    assert entries[5].at.startswith("Provisioning > Mappings > Provision Microsoft Entra ID Groups")


def test_entries_are_ticked_in_order_by_what_somebody_does(tutorial: Scenario) -> None:
    with World.open(start=tutorial.start, seed="guide") as world:
        session = Session(world, folder=LIBRARY)
        prepare(session, tutorial, steps=False)
        progress = GuideProgress(session, tutorial)
        assert progress.update() == 0
        ticked = []
        for entry in progress.entries:
            for step in entry.steps:
                session.perform(step)
            ticked.append(progress.update())
        assert ticked == list(range(1, 22))


def test_it_can_be_done_up_to_an_entry(tutorial: Scenario) -> None:
    with World.open(start=tutorial.start, seed="guide") as world:
        session = Session(world, folder=LIBRARY)
        prepare(session, tutorial, steps=False)
        progress = GuideProgress(session, tutorial)
        assert progress.do(8) == 8
        assert len(session.tapt.users()) == 6
        assert progress.update() == 8
