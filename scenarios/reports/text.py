"""The terminal's lines for a run; plain text, colour is added by whoever prints."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from entra_sim.scenarios.outcome import Outcome
from entra_sim.scenarios.outcome import ScenarioOutcome

WORDS = {
    Outcome.PASSED: "ok",
    Outcome.FAILED: "FAILED",
    Outcome.ERROR: "ERROR",
    Outcome.NOT_RUN: "not run",
    Outcome.NOT_APPLICABLE: "n/a",
}


def headline(outcome: ScenarioOutcome) -> str:
    """Return one line for a scenario."""
    name = outcome.title if outcome.title != outcome.name else outcome.path
    return f"{WORDS[outcome.outcome]:<7} {name}  ({outcome.seconds:.2f} s, simulated {span_text(outcome.simulated)})"


def details(outcome: ScenarioOutcome) -> list[str]:
    """Return the lines under a scenario that did not pass: where, expected, actual, and the transcript around it."""
    failure = outcome.failure
    if failure is None:
        return []
    if failure.message.startswith(f"{outcome.path}:"):
        return [f"  {line}" for line in failure.message.splitlines()]
    lines = [f"  {failure.where}: {failure.message}"]
    if failure.expected or failure.actual:
        lines += [f"    expected: {failure.expected}", f"    actual:   {failure.actual}"]
    if failure.context:
        lines += ["    around it:", *(f"      {line}" for line in failure.context)]
    changed = ", ".join(f"{name} = {value}" for name, value in outcome.settings.items())
    return [*lines, f"    settings that differ: {changed}"] if changed else lines


def summary(outcomes: list[ScenarioOutcome], chosen_count: int, seconds: float) -> str:
    """Return the last line of a run."""
    counts = Counter(item.outcome for item in outcomes)
    parts = [f"{counts[Outcome.PASSED]} passed"]
    if counts[Outcome.FAILED]:
        parts.append(f"{counts[Outcome.FAILED]} failed")
    if counts[Outcome.ERROR]:
        parts.append(f"{counts[Outcome.ERROR]} with errors")
    if counts[Outcome.NOT_APPLICABLE]:
        parts.append(f"{counts[Outcome.NOT_APPLICABLE]} not applicable to this target")
    if chosen_count > len(outcomes):
        parts.append(f"{chosen_count - len(outcomes)} not run")
    noun = "scenario" if chosen_count == 1 else "scenarios"
    return f"{chosen_count} {noun}: {', '.join(parts)} in {seconds:.2f} s"


def span_text(span: timedelta) -> str:
    """Return a span in words: "40 min", "31 days 1 h"."""
    days, seconds = span.days, span.seconds
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [
        f"{days} day{'' if days == 1 else 's'}" if days else "",
        f"{hours} h" if hours else "",
        f"{minutes} min" if minutes else "",
        f"{seconds} s" if seconds else "",
    ]
    return " ".join(part for part in parts if part) or "0 s"
