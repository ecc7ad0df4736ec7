"""A mock Tapt that listens on loopback, and directories as files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from click.testing import Result

sys.path.insert(0, str(Path(__file__).parent))

from sync_target import MEMBERS
from sync_target import PEOPLE
from sync_target import TOKEN
from sync_target import Target

from entra_sim.cli import root


@pytest.fixture
def target() -> Iterator[Target]:
    made = Target()
    yield made
    made.close()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Return a folder with people, a group, and its members."""
    folder = tmp_path / "directory"
    folder.mkdir()
    (folder / "users.csv").write_text(PEOPLE, encoding="utf-8")
    (folder / "groups.csv").write_text("displayName\nSales team\n", encoding="utf-8")
    (folder / "members.csv").write_text(MEMBERS, encoding="utf-8")
    return folder


@pytest.fixture
def sync(tmp_path: Path, target: Target, files: Path) -> Callable[..., Result]:
    """Return a function that runs `entra-sim sync` over the folder into the target."""

    def run(*words: str, url: str = "", paths: tuple[str, ...] = (), token: str = TOKEN) -> Result:
        given = [
            "sync",
            *(paths or (str(files),)),
            "--url",
            url or target.url,
            "--data",
            str(tmp_path / "data"),
            *words,
        ]
        return CliRunner().invoke(root, given, env={"ENTRA_SIM_TOKEN": token})

    return run
