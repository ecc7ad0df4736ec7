"""Findings as annotations of a CI runner that reads workflow commands."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping

from entra_sim.simulator.checking.results import CheckReport
from entra_sim.simulator.checking.results import Severity

_COMMANDS = {Severity.BREAKS: "error", Severity.LOSES: "warning", Severity.COSMETIC: "notice"}


def understands_annotations(environment: Mapping[str, str]) -> bool:
    """Return whether the runner of this environment reads workflow commands."""
    return any(environment.get(name, "").lower() == "true" for name in ("GITHUB_ACTIONS", "GITEA_ACTIONS"))


def annotation_lines(report: CheckReport) -> Iterator[str]:
    """Yield one workflow command for each finding that counts."""
    for result in report.results:
        for finding in result.counting:
            title = _escaped(f"{result.title} [{result.check_id}]").replace(":", "%3A").replace(",", "%2C")
            text = _escaped(f"{finding.severity.words}: {finding.what} {finding.fix} ({', '.join(finding.rules)})")
            yield f"::{_COMMANDS[finding.severity]} title={title}::{text}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
