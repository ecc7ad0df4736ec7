"""JUnit XML as common CI systems read it: one test suite, one test case a scenario."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from entra_sim.scenarios.outcome import Outcome
from entra_sim.scenarios.outcome import ScenarioOutcome
from entra_sim.scenarios.reports.text import details

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(outcomes: list[ScenarioOutcome]) -> bytes:
    """Return the report as UTF-8 bytes."""
    failed = sum(item.outcome is Outcome.FAILED for item in outcomes)
    errors = sum(item.outcome is Outcome.ERROR for item in outcomes)
    skipped = str(sum(item.outcome is Outcome.NOT_APPLICABLE for item in outcomes))
    seconds = f"{sum(item.seconds for item in outcomes):.3f}"
    counts = {"tests": str(len(outcomes)), "failures": str(failed), "errors": str(errors), "time": seconds}
    root = ElementTree.Element("testsuites", {"name": "entra-sim", **counts})
    suite = ElementTree.SubElement(root, "testsuite", {"name": "scenarios", **counts, "skipped": skipped})
    for outcome in outcomes:
        _case(suite, outcome)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _case(suite: ElementTree.Element, outcome: ScenarioOutcome) -> None:
    folder = outcome.path.rpartition("/")[0].replace("/", ".") or "scenarios"
    case = ElementTree.SubElement(
        suite,
        "testcase",
        {
            "classname": _clean(folder),
            "name": _clean(outcome.name),
            "file": _clean(outcome.path),
            "line": str(outcome.failure.line if outcome.failure else 1),
            "time": f"{outcome.seconds:.3f}",
        },
    )
    if outcome.failure is not None:
        kind = "failure" if outcome.outcome is Outcome.FAILED else "error"
        message = f"{outcome.failure.where}: {outcome.failure.message}"
        if outcome.outcome is Outcome.NOT_APPLICABLE:
            ElementTree.SubElement(case, "skipped", {"message": _clean(message)})
            return
        if outcome.failure.expected or outcome.failure.actual:
            message += f"; expected {outcome.failure.expected}; actual {outcome.failure.actual}"
        element = ElementTree.SubElement(case, kind, {"message": _clean(message), "type": kind})
        element.text = _clean("\n".join(details(outcome)))


def _clean(text: str) -> str:
    """Return the text without the characters that XML cannot hold."""
    return _FORBIDDEN.sub("?", text)
