"""pytest plug-in: scenario files as tests, and worlds for people who test their own code.

`pytest --scenarios DIR` collects every scenario file below DIR. Fixtures: `entra_sim` (a world: tenant, job, clock,
Tapt), `tapt_url` and `tapt_token` (mock Tapt on loopback). `@pytest.mark.entra_sim(scenario="file.yaml")` prepares the
world as that file says: its tenant, application and steps. Only pytest is imported here until one of these is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import pytest

if TYPE_CHECKING:
    from entra_sim.scenarios.session import Session
    from entra_sim.scenarios.world import World

OPTION = "--scenarios"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--scenarios DIR` and `--scenarios-http`."""
    group = parser.getgroup("entra-sim", "Entra ID provisioning scenarios")
    group.addoption(
        OPTION, action="append", metavar="DIR", default=[], help="collect the scenario files below DIR as tests"
    )
    group.addoption("--scenarios-http", action="store_true", help="run scenario files over loopback sockets")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and let pytest look into the folders of `--scenarios`."""
    config.addinivalue_line(
        "markers",
        "entra_sim(scenario=None, steps=True, http=False, clock=None): the world that the entra_sim fixture gives",
    )
    for folder in config.getoption(OPTION):
        if not Path(folder).exists():
            raise pytest.UsageError(f"{OPTION} {folder}: there is no such file or folder")
        if folder not in config.args:
            config.args.append(folder)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect scenario files below the folders of `--scenarios`."""
    from entra_sim.scenarios.selection import is_scenario_file

    roots = [Path(folder).resolve() for folder in parent.config.getoption(OPTION)]
    if not is_scenario_file(file_path) or not any(file_path == root or root in file_path.parents for root in roots):
        return None
    return ScenarioFile.from_parent(parent, path=file_path)


class ScenarioFile(pytest.File):
    """One scenario file; a file with mistakes fails when it is run, not when it is collected."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the one test of the file."""
        yield ScenarioItem.from_parent(self, name=self.path.stem)


class ScenarioItem(pytest.Item):
    """The test: the scenario passes."""

    def runtest(self) -> None:
        """Load and run the file."""
        from entra_sim.scenarios.loader import load
        from entra_sim.scenarios.outcome import Outcome
        from entra_sim.scenarios.runner import RunOptions
        from entra_sim.scenarios.runner import run

        transport = "http" if self.config.getoption("--scenarios-http") else "wsgi"
        outcome = run(load(self.path, self._shown()), RunOptions(transport=transport))
        if outcome.outcome is not Outcome.PASSED:
            raise ScenarioFailed(outcome)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return what is told of a failure: expected and actual instead of a traceback."""
        from entra_sim.scenarios.reports.text import details
        from entra_sim.simulator.errors import SimulatorError

        if isinstance(excinfo.value, ScenarioFailed):
            return "\n".join(details(excinfo.value.outcome))
        if isinstance(excinfo.value, SimulatorError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the test is."""
        return self.path, 0, self._shown()

    def _shown(self) -> str:
        root = self.config.rootpath
        return self.path.relative_to(root).as_posix() if root in self.path.parents else str(self.path)


class ScenarioFailed(Exception):
    """A scenario that did not pass; carries its outcome."""

    def __init__(self, outcome: Any) -> None:
        super().__init__(outcome.failure.message)
        self.outcome = outcome


@pytest.fixture
def entra_sim(_entra_sim_session: Session) -> World:
    """Return a world: `simulator`, `tapt`, `clock`, `advance`; the tests of one function share nothing with others.

    Without a marker the tenant is empty and nothing is set up. Sockets are opened only for `tapt_url`, or http=True.
    """
    return _entra_sim_session.world


@pytest.fixture
def _entra_sim_session(request: pytest.FixtureRequest) -> Iterator[Session]:
    """Give the session behind the fixtures: the world, and the token that the scenario's set-up made."""
    with _session(request) as session:
        yield session


@pytest.fixture
def tapt_url(entra_sim: World) -> str:
    """Give the tenant URL of mock Tapt on loopback."""
    return f"http://{entra_sim.tapt_address}/scim/v2"


@pytest.fixture
def tapt_token(_entra_sim_session: Session) -> str:
    """Return the secret token of mock Tapt: the one that the scenario's application uses, else a fresh one."""
    return _entra_sim_session.tapt_credentials(flagged=False)[1]


def _session(request: pytest.FixtureRequest) -> Any:
    from entra_sim.scenarios.prepared import prepared_session

    marker = request.node.get_closest_marker("entra_sim")
    options = dict(marker.kwargs) if marker is not None else {}
    scenario = options.pop("scenario", None)
    path = None if scenario is None else request.path.parent / scenario
    is_http = bool(options.pop("http", False)) or "tapt_url" in request.fixturenames
    return prepared_session(
        path,
        transport="http" if is_http else "wsgi",
        steps=options.pop("steps", True),
        clock=options.pop("clock", None),
    )
