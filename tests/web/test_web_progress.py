"""The bar counts what a cycle has to do, references included, and the screens carry the reference's labels."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from test_web_tutorial_map import shown_texts
from visitor import TAPT_URL
from visitor import Visitor

from entra_sim.scenarios.world import World
from entra_sim.simulator.model.job import Cycle
from entra_sim.simulator.model.job import CycleCounts
from entra_sim.simulator.model.job import CycleKind
from entra_sim.simulator.model.job import Phase
from entra_sim.simulator.store.progress import PendingReference

HERE = Path(__file__).parent
REFERENCE = (HERE.parents[1] / "docs" / "reference" / "ui.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("kind", "phase", "imported", "references_done", "percent"),
    [
        (CycleKind.INITIAL, Phase.USERS, 0, 0, 0),
        (CycleKind.INITIAL, Phase.USERS, 4, 0, 33),  # of 8 users, a group, and 3 references that are known
        (CycleKind.INITIAL, Phase.REFERENCES, 9, 0, 75),
        (CycleKind.INITIAL, Phase.REFERENCES, 9, 3, 80),
        (CycleKind.INITIAL, Phase.REFERENCES, 9, 10_000, 99),
        (CycleKind.INCREMENTAL, Phase.USERS, 2, 0, 50),
        (CycleKind.INCREMENTAL, Phase.REFERENCES, 2, 3, 75),
    ],
)
def test_the_bar_counts_references_too(
    admin: Visitor,
    world: World,
    token: str,
    kind: CycleKind,
    phase: Phase,
    imported: int,
    references_done: int,
    percent: int,
) -> None:
    sim = world.simulator
    application = sim.applications.create("Tapt Integration")
    sim.provisioning.set_mode(application, "Automatic")
    sim.provisioning.save_credentials(application, TAPT_URL, token)
    sim.provisioning.start(application)
    cycle = Cycle(
        cycle_id="cycle",
        kind=kind,
        began_at=world.clock.now(),
        lower_sequence=0,
        upper_sequence=9,
        phase=phase,
        counts=CycleCounts(imported=imported, imported_reference_deltas=references_done),
    )
    sim.core.progress.save_cycle(application.job_id, cycle)
    for number in range(3):
        pending = PendingReference(object_type="User", source_anchor=str(number), held=None, change_kind="Update")
        sim.core.progress.save_pending(application.job_id, pending)
    admin.open(f"/enterprise-apps/{application.application_id}/provisioning")
    assert f"{percent}% complete" in admin.text
    assert ("3 to go" in admin.text) is (phase is Phase.REFERENCES)


@pytest.mark.parametrize("section", ["6", "7", "9", "13"])
def test_every_label_of_the_reference_stands_on_a_page(section: str) -> None:
    text = re.split(rf"\n## {section}\. ", REFERENCE)[1].split("\n## ")[0]
    labels = [label for label in re.findall(r"\*\*(.+?)\*\*", text) if not label.startswith("`")]
    labels += re.findall(r"`([A-Z][A-Za-z ]+)`", text)
    assert len(labels) >= 3
    # what is put together while a page is made is looked for by a test of the page
    asserted = (HERE / "test_web_screens.py").read_text(encoding="utf-8")
    assert [label for label in labels if not any(label in text for text in (*shown_texts(), asserted))] == []
