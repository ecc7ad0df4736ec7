"""The wheel, built, installed and used outside the checkout, beside a project with folders of the same names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from entra_sim.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("simulator", "mock_tapt", "scenarios")
NOT_PACKAGED = {".pyc", ".md"}
TUTORIAL = "tapt-tutorial"
LIMIT_S = 240
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")

OWN_TEST = """
import cli
import scenarios
import simulator
import entra_sim.cli
import entra_sim.simulator

def test_the_projects_own_modules_stay_its_own():
    assert (cli.OWNER, scenarios.OWNER, simulator.OWNER) == ("project", "project", "project")

def test_entra_sim_is_there_under_its_one_name():
    assert entra_sim.cli.COMMANDS
    assert "site-packages" in entra_sim.simulator.__file__
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of what is in the tree, without network."""
    folder = tmp_path_factory.mktemp("wheel")
    ignored = shutil.ignore_patterns(
        ".*", "build", "dist", "*.egg-info", "__pycache__", "node_modules", "tests", "docs"
    )
    shutil.copytree(ROOT, folder / "source", ignore=ignored)
    wheel_from = ["wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder)]
    _run([*PIP, *wheel_from, str(folder / "source")], cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a new environment that also sees the dependencies which are installed here already."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    here = ["--python", str(_python(folder))]
    _run([*PIP, *here, "install", "--no-deps", "--no-index", "--no-compile", str(wheel)], cwd=folder)
    bases = {"base": str(folder), "platbase": str(folder)}
    site_packages = Path(sysconfig.get_path("purelib", scheme="venv", vars=bases))
    # a path line in a .pth file appends: the wheel's own files come first, and no .pth file over there is obeyed
    dependencies = "\n".join(dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib")))
    (site_packages / "dependencies.pth").write_text(dependencies, encoding="utf-8")
    return folder


def _python(folder: Path) -> Path:
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"


def _script(folder: Path) -> Path:
    return folder / "Scripts" / "entra-sim.exe" if os.name == "nt" else folder / "bin" / "entra-sim"


def _run(command: list[str], *, cwd: Path) -> str:
    hidden = ("PYTHONPATH", "PYTHONHOME", "PYTEST_ADDOPTS", "PYTEST_PLUGINS", "COVERAGE_PROCESS_START")
    environment = {key: value for key, value in os.environ.items() if key not in hidden and "ENTRA_SIM" not in key}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _product_files() -> Iterator[str]:
    yield from ("entra_sim/__init__.py", "entra_sim/cli.py", "entra_sim/py.typed")
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and path.suffix not in NOT_PACKAGED:
                yield f"entra_sim/{path.relative_to(ROOT).as_posix()}"


def test_the_wheel_holds_every_file_of_the_product_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert sorted(set(_product_files()) - names) == [], "add them to [options.package_data] in setup.cfg"
    assert sorted(name for name in names - set(_product_files()) if not name.endswith(".md")) == []


def test_nothing_is_installed_at_top_level_but_entra_sim(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"entra_sim"}


def test_a_project_with_folders_of_the_same_names_runs_its_own_tests(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "cli.py").write_text("OWNER = 'project'\n", encoding="utf-8")
    for package in ("simulator", "scenarios"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("OWNER = 'project'\n", encoding="utf-8")
    (tmp_path / "test_own.py").write_text(OWN_TEST, encoding="utf-8")
    output = _run([str(_python(installed)), "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=tmp_path)
    assert "2 passed" in output


def test_the_installed_command_answers_with_its_list_and_version(installed: Path, tmp_path: Path) -> None:
    output = _run([str(_script(installed)), "--help"], cwd=tmp_path)
    for name in COMMANDS:
        assert f"  {name} " in output
    assert "0." in _run([str(_script(installed)), "--version"], cwd=tmp_path)


@pytest.mark.skipif("rules" not in COMMANDS, reason="there is no such command yet")
def test_the_installed_ledger_finds_its_data(installed: Path, tmp_path: Path) -> None:
    assert "Deprovisioning decision table" in _run([str(_script(installed)), "rules", "ENG-186"], cwd=tmp_path)


def test_the_installed_pytest_plug_in_runs_the_example(installed: Path, tmp_path: Path) -> None:
    example = Path(shutil.copytree(ROOT / "docs" / "examples" / "pytest", tmp_path / "example"))
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--scenarios", "."]
    assert "6 passed" in _run([str(_python(installed)), *words], cwd=example)


@pytest.mark.skipif("run" not in COMMANDS, reason="there is no such command yet")
def test_the_packaged_tutorial_plays_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    output = _run([str(_script(installed)), "run", "--library", "-k", TUTORIAL], cwd=tmp_path)
    assert "1 scenario: 1 passed" in output
