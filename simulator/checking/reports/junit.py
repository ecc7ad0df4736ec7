"""A report of checks as JUnit XML: one suite an area, one case a check."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from entra_sim.simulator.checking.reports.text import result_lines
from entra_sim.simulator.checking.results import CheckReport
from entra_sim.simulator.checking.results import CheckResult
from entra_sim.simulator.checking.results import Severity
from entra_sim.simulator.checking.results import Verdict

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(report: CheckReport, fail_on: Severity) -> bytes:
    """Return the report as UTF-8 bytes. Findings below `fail_on` and accepted ones are no failures."""
    root = ElementTree.Element("testsuites", {"name": "entra-sim check"})
    areas = list(dict.fromkeys(result.area for result in report.results))
    for area in areas:
        results = [result for result in report.results if result.area == area]
        suite = ElementTree.SubElement(root, "testsuite", {"name": _clean(area), **_counts(results, fail_on)})
        for result in results:
            _case(suite, result, fail_on)
    for name, value in _counts(list(report.results), fail_on).items():
        root.set(name, value)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _fails(result: CheckResult, fail_on: Severity) -> bool:
    return any(finding.severity.is_at_least(fail_on) for finding in result.counting)


def _is_skipped(result: CheckResult) -> bool:
    return result.verdict in (Verdict.BLOCKED, Verdict.SKIPPED)


def _counts(results: list[CheckResult], fail_on: Severity) -> dict[str, str]:
    return {
        "tests": str(len(results)),
        "failures": str(sum(_fails(result, fail_on) for result in results)),
        "errors": "0",
        "skipped": str(sum(_is_skipped(result) for result in results)),
        "time": f"{sum(result.seconds for result in results):.3f}",
    }


def _case(suite: ElementTree.Element, result: CheckResult, fail_on: Severity) -> None:
    name = {"classname": f"check.{_clean(result.area)}", "name": result.check_id, "time": f"{result.seconds:.3f}"}
    case = ElementTree.SubElement(suite, "testcase", name)
    text = _clean("\n".join(result_lines(result, is_verbose=True)))
    if _is_skipped(result):
        ElementTree.SubElement(case, "skipped", {"message": _clean(f"{result.verdict}: {result.why}")})
    elif _fails(result, fail_on):
        worst = min(result.findings, key=lambda finding: list(Severity).index(finding.severity))
        element = ElementTree.SubElement(case, "failure", {"message": _clean(worst.what), "type": worst.severity.words})
        element.text = text
    elif result.findings:
        ElementTree.SubElement(case, "system-out").text = text


def _clean(text: str) -> str:
    """Return the text without the characters that XML cannot hold."""
    return _FORBIDDEN.sub("?", text)
