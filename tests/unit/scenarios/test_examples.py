"""The examples of docs/examples run as they stand, and notice what they are there to notice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
LIMIT_S = 240
FULFILLED = "active: false}]}"
UNFULFILLED = "active: true}]}"


@pytest.fixture
def with_command(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which `entra-sim` is this checkout's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "entra-sim"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m entra_sim.cli "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    paths = os.pathsep.join(sys.path)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": paths}


def run(words: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )


def copy_of(name: str, folder: Path, *, is_wrong: bool = False) -> Path:
    copied = Path(shutil.copytree(EXAMPLES / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")))
    for path in copied.iterdir() if is_wrong else ():
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(FULFILLED, UNFULFILLED), encoding="utf-8")
    return copied


def test_the_shell_example(tmp_path: Path, with_command: dict[str, str]) -> None:
    done = run(["sh", "leaver.sh"], copy_of("shell", tmp_path), with_command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("The leaver is disabled.\n")


def test_the_shell_example_fails_when_somebody_is_not_disabled(tmp_path: Path, with_command: dict[str, str]) -> None:
    done = run(["sh", "leaver.sh"], copy_of("shell", tmp_path, is_wrong=True), with_command)
    assert done.returncode == 1
    assert "failed  target users[0].active is not as expected" in done.stdout


@pytest.mark.skipif(shutil.which("go") is None, reason="there is no go on this machine")
def test_the_go_example(tmp_path: Path, with_command: dict[str, str]) -> None:
    environment = {**with_command, "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOCACHE": str(tmp_path / "cache")}
    done = run(["go", "test", "./..."], copy_of("go", tmp_path), environment)
    assert done.returncode == 0, done.stdout + done.stderr
    wrong = run(["go", "test", "./..."], copy_of("go", tmp_path / "wrong", is_wrong=True), environment)
    assert wrong.returncode == 1
    assert "target users[0].active is not as expected" in wrong.stdout


def test_the_pytest_example(tmp_path: Path, with_command: dict[str, str]) -> None:
    plugin = ["-p", "no:entra_sim", "-p", "entra_sim.scenarios.pytest_plugin"]
    words = [sys.executable, "-m", "pytest", "-q", *plugin, "--scenarios", ".", "-n", "2"]
    done = run(words, copy_of("pytest", tmp_path), with_command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout
