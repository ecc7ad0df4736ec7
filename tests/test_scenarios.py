"""The library: every scenario passes, and twice the same file gives the same bytes, however it is run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from entra_sim.scenarios.batch import BatchOptions
from entra_sim.scenarios.batch import run_batch
from entra_sim.scenarios.loader import load
from entra_sim.scenarios.outcome import Outcome
from entra_sim.scenarios.reports.text import details
from entra_sim.scenarios.runner import RunOptions
from entra_sim.scenarios.runner import run
from entra_sim.scenarios.selection import LIBRARY
from entra_sim.scenarios.selection import select

FILES = [path for path, _ in select((), library=True)]
OVER_HTTP = (
    "tapt-tutorial",
    "a-group-is-created-then-filled",
    "a-cut-connection-after-the-work-makes-no-second-account",
    "the-flagged-dialect-of-patch",
    "a-wrong-token-quarantines-the-job",
)


def transcript_of(path: Path, transport: str = "wsgi") -> str:
    outcome = run(load(path, path.name), RunOptions(transport=transport))
    assert outcome.outcome is Outcome.PASSED, "\n".join(details(outcome))
    return outcome.transcript


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_a_library_scenario_passes_and_repeats_itself(path: Path) -> None:
    assert transcript_of(path) == transcript_of(path)


@pytest.mark.parametrize("name", OVER_HTTP)
def test_over_sockets_the_transcript_is_the_same(name: str) -> None:
    path = LIBRARY / f"{name}.yaml"
    assert transcript_of(path, "http") == transcript_of(path)


def test_every_library_scenario_says_why_and_names_its_rules() -> None:
    for path in FILES:
        scenario = load(path, path.name)
        assert scenario.why, path.name
        assert scenario.rules, path.name
        assert all(step.verb is not None or step.expectations for step in scenario.steps), path.name
        assert any(step.expectations for step in scenario.steps), path.name


def test_titles_are_unique() -> None:
    titles = [load(path, path.name).title for path in FILES]
    assert len(titles) == len(set(titles))


def test_other_hash_seeds_and_processes_give_the_same_transcripts(tmp_path: Path) -> None:
    files = sorted(LIBRARY.glob("a-*group*.yaml"))[:3]
    chosen = [(path, path.name) for path in files]
    outcomes = run_batch(chosen, BatchOptions(jobs=2, transcripts=tmp_path / "jobs"), lambda outcome: None)
    assert [outcome.outcome for outcome in outcomes] == [Outcome.PASSED] * len(files)
    code = (
        "import sys; from pathlib import Path; from entra_sim.scenarios.batch import *; "
        "run_batch([(Path(f), Path(f).name) for f in sys.argv[2:]], BatchOptions(transcripts=Path(sys.argv[1])), print)"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "seed"), *map(str, files)],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=120,
    )
    for path in files:
        name = f"{path.stem}.transcript"
        assert (tmp_path / "jobs" / name).read_bytes() == (tmp_path / "seed" / name).read_bytes()
