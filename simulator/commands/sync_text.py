"""How `sync` shows what it does: progress on standard error, plan and result on standard output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from typing import Any

import click

from entra_sim.simulator.service.syncing_result import DONE
from entra_sim.simulator.service.syncing_result import FAILED
from entra_sim.simulator.service.syncing_result import SKIPPED
from entra_sim.simulator.service.syncing_result import UNCHANGED
from entra_sim.simulator.service.syncing_result import PlanLine
from entra_sim.simulator.service.syncing_result import SyncResult

if TYPE_CHECKING:
    from entra_sim.simulator.service.syncing import Progress

LINE_EVERY_S = 2.0
MOST_FAILURES = 20
LONGEST_REASON = 400


class QuietDisplay:
    """Shows nothing."""

    def heard(self, progress: Progress) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""


class LineDisplay:
    """A plain line every few seconds, for pipes and logs."""

    def __init__(self) -> None:
        self._told_s = 0.0

    def heard(self, progress: Progress) -> None:
        """Print a line when it is time for one."""
        if progress.seconds < self._told_s:
            self._told_s = 0.0
        if progress.seconds - self._told_s >= LINE_EVERY_S:
            self._told_s = progress.seconds
            click.echo(progress_text(progress), err=True)

    def end(self) -> None:
        """Do nothing."""


class BarDisplay:
    """A progress bar with counts and rate."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None

    def heard(self, progress: Progress) -> None:
        """Move the bar."""
        if self._bar is None:
            self._begin()
        self._bar.update(self._task, completed=progress.done, total=progress.total, description=progress_text(progress))

    def _begin(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn
        from rich.progress import Progress as RichProgress
        from rich.progress import TextColumn
        from rich.progress import TimeElapsedColumn

        columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self._bar = RichProgress(*columns, console=Console(stderr=True), transient=True)
        self._bar.start()
        self._task = self._bar.add_task("", total=None)

    def end(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def progress_text(progress: Progress) -> str:
    """Return "120 of 200 objects, 340 requests, 410/s"."""
    total = f" of {progress.total:,}" if progress.total else ""
    rate = progress.requests / progress.seconds if progress.seconds > 0.05 else 0.0
    references = f", {progress.references:,} with references" if progress.references else ""
    return f"{progress.done:,}{total} objects{references}, {progress.requests:,} requests, {rate:,.0f}/s"


def result_lines(result: SyncResult, *, shows_all: bool) -> Iterator[str]:
    """Yield the plan (dry run) or what happened, then the sums."""
    yield from (f"Note: {note}" for note in result.notes)
    if result.quarantine:
        yield result.quarantine
    if result.is_dry_run or shows_all:
        for line in result.lines:
            if line.verb != UNCHANGED or shows_all:
                yield from _plan_line(line)
    else:
        yield from _failures(result)
    if not result.quarantine or result.lines:
        yield _sums(result)


def _plan_line(line: PlanLine) -> Iterator[str]:
    head = f"{line.verb:<9} {line.object_type.lower()} {line.identity}"
    reason = f": {line.code}: {_shortened(line.reason)}" if line.code else ""
    yield head + reason
    for item in line.changes:
        old = "" if item.old is None else f"{_quoted(item.old)} "
        arrow = "→ " if item.old is not None or line.verb != "create" else ""
        new = "(removed)" if item.new is None else _quoted(item.new)
        yield f"            {item.attribute}: {old}{arrow}{new}"
    if line.remedy:
        yield f"            {line.remedy}"


def _failures(result: SyncResult) -> Iterator[str]:
    for line in result.failures[:MOST_FAILURES]:
        yield f"failed    {line.object_type.lower()} {line.identity}: {line.code}: {_shortened(line.reason)}"
    left = len(result.failures) - MOST_FAILURES
    if left > 0:
        yield f"... and {left} more; --json lists them all."
    for code, remedy in {line.code: line.remedy for line in result.failures if line.remedy}.items():
        yield f"{code}: {remedy}"


def _sums(result: SyncResult) -> str:
    counts = result.counts
    would = "would be " if result.is_dry_run else ""
    parts = [f"{counts[verb]} {word}" for verb, word in DONE.items() if counts[verb] or verb not in ("hold",)]
    parts += [f"{counts[UNCHANGED]} unchanged", f"{counts[SKIPPED]} skipped", f"{counts[FAILED]} failed"]
    rate = result.request_count / result.seconds if result.seconds > 0 else 0.0
    requests = f"{result.request_count:,} requests in {result.seconds:.1f} s ({rate:,.0f}/s)"
    head = "Plan: " if result.is_dry_run else ""
    tail = "; nothing was written" if result.is_dry_run else ""
    waiting = f"; {result.waiting_count} wait for a retry" if result.waiting_count and not result.is_dry_run else ""
    return f"{head}{would}{', '.join(parts)}; {requests}{tail}{waiting}."


def _quoted(text: str) -> str:
    return f'"{text}"'


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]}…"
