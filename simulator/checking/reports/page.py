"""A report of checks as one self-contained HTML page: no script, nothing loaded from elsewhere."""

from __future__ import annotations

from pathlib import Path

from entra_sim.simulator.checking.results import CheckReport
from entra_sim.simulator.checking.results import Severity
from entra_sim.simulator.checking.results import Verdict


def html_page(report: CheckReport) -> str:
    """Return the page."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = (Path(__file__).parent / "page.html").read_text(encoding="utf-8")
    areas = list(dict.fromkeys(result.area for result in report.results))
    passed, run = report.validator
    return environment.from_string(source).render(
        report=report,
        areas=[(area, [result for result in report.results if result.area == area]) for area in areas],
        findings=sorted(
            ((result, finding) for result in report.results for finding in result.findings),
            key=lambda pair: list(Severity).index(pair[1].severity),
        ),
        counts={str(verdict): report.count(verdict) for verdict in Verdict},
        validator_passed=passed,
        validator_run=run,
    )
