"""A report of checks for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from entra_sim.simulator.checking.results import CheckReport
from entra_sim.simulator.checking.results import CheckResult
from entra_sim.simulator.checking.results import Finding
from entra_sim.simulator.checking.results import Track
from entra_sim.simulator.checking.results import Verdict

LONGEST = 700
WORDS = {Verdict.PASSED: "ok", Verdict.FAILED: "FAILED", Verdict.BLOCKED: "untested", Verdict.SKIPPED: "skipped"}


def result_lines(result: CheckResult, *, is_verbose: bool = False) -> Iterator[str]:
    """Yield a check's line and, below it, what it found."""
    word = "accepted" if result.accepted and result.findings else WORDS[result.verdict]
    if result.verdict is Verdict.PASSED and not is_verbose:
        return
    yield f"{word:<9} {result.title}  [{result.check_id}]"
    if result.accepted:
        yield f"  accepted: {result.accepted}"
    if result.expired:
        yield f"  no longer accepted: {result.expired}"
    if result.why:
        yield f"  cannot be tested: {result.why}" if result.verdict is Verdict.BLOCKED else f"  {result.why}"
    for finding in result.findings:
        yield from _finding_lines(finding)


def _finding_lines(finding: Finding) -> Iterator[str]:
    yield f"  {finding.severity.words}: {finding.what}"
    for name, text in (("sent", finding.sent), ("got", finding.got), ("needs", finding.needs), ("fix", finding.fix)):
        if text:
            short = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
            first, *more = short.splitlines() or [""]
            yield f"    {name:<6} {first}"
            yield from (f"           {line}" for line in more)
    yield f"    rules  {', '.join(finding.rules)}"


def summary_lines(report: CheckReport) -> Iterator[str]:
    """Yield the sums and the three verdicts."""
    passed, run = report.validator
    counts = [
        f"{report.count(Verdict.PASSED)} passed",
        f"{report.count(Verdict.FAILED)} failed",
        f"{report.count(Verdict.BLOCKED)} could not be tested",
        f"{report.count(Verdict.SKIPPED)} skipped",
    ]
    requests = sum(result.request_count for result in report.results)
    head = f"{len(report.results)} checks of {report.base}"
    yield f"{head}: {', '.join(counts)}; {requests} requests, {report.seconds:.1f} s"
    if run:
        yield f"Tests of Microsoft's SCIM Validator: {passed} of {run} pass"
    if report.leftovers:
        yield f"Could not be removed, please delete them: {', '.join(report.leftovers)}"
    width = max(len(track) for track in Track)
    for verdict in report.verdicts:
        yield f"{verdict.track:<{width}}  {verdict.sentence}"
