"""The option that names a folder of wire cases, and the modules of this folder."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from wire_cases import Case  # noqa: E402
from wire_cases import load_cases  # noqa: E402
from wire_target import Target  # noqa: E402
from wire_target import started_target  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --wire-cases."""
    parser.addoption(
        "--wire-cases",
        action="append",
        default=[],
        metavar="DIR",
        help="replay the wire cases of this folder instead of the usual ones; may be given several times",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes a `case` once for each case, unless it names its cases itself."""
    is_named = any("case" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "case" in metafunc.fixturenames and not is_named:
        folders = [Path(one) for one in metafunc.config.getoption("--wire-cases", default=[])]
        try:
            cases = [case for folder in folders or [HERE / "cases", HERE / "own_cases"] for case in load_cases(folder)]
        except ValueError as error:
            raise pytest.UsageError(str(error)) from error
        metafunc.parametrize("case", [pytest.param(one, id=one.id, marks=_rules(one)) for one in cases])


def _rules(case: Case) -> list[pytest.MarkDecorator]:
    """Return the mark that says which rules a case proves."""
    named = [rule for source in case.data.get("source", []) for rule in re.findall(r"[A-Z]+-\d+", source)]
    rules = [rule for rule in named if rule.startswith(("WIRE-", "ENG-"))]
    return [pytest.mark.rule(*rules)] if rules else []


@pytest.fixture(params=["wsgi", "http"])
def target(request: pytest.FixtureRequest, case: Case) -> Iterator[Target]:
    """Serve the case's target, in-process and over a socket."""
    with started_target(case, over_http=request.param == "http") as found:
        yield found
