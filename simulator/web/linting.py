"""Known traps of a schema, told when it is saved or imported. The schema is saved all the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from entra_sim.simulator.planning.lint import lint_schema
from entra_sim.simulator.web.pages import notify

MAX_TOLD = 3


def warn_of_traps(document: Mapping[str, Any]) -> None:
    """Show a notice for each of the first traps; `entra-sim lint` tells all."""
    findings = lint_schema(document)
    for finding in findings[:MAX_TOLD]:
        notify("warn", f"{finding.place}: {finding.text}", f"{finding.remedy} ({finding.rule})")
    if len(findings) > MAX_TOLD:
        more = len(findings) - MAX_TOLD
        notify("warn", f"{more} more known traps in this schema", "Download it and run 'entra-sim lint SCHEMA.json'.")
