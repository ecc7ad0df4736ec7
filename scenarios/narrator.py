"""Tells a scenario while it runs: what is done, what was sent, what Tapt then holds. Every fact comes from the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime

from entra_sim.scenarios.model import Scenario
from entra_sim.scenarios.model import Step
from entra_sim.scenarios.outcome import Event
from entra_sim.scenarios.outcome import ScenarioOutcome
from entra_sim.scenarios.recorder import TARGET
from entra_sim.scenarios.session import Session
from entra_sim.scenarios.spans import instant_text

MAX_LINES = 9
"""Lines of one kind under a step; the rest is counted."""
SECTIONS = (("request", "sent"), ("log", "log"), ("target", "Tapt"), ("happening", "note"))
Print = Callable[[str, str], None]
"""Prints one line in a style: head, say, at, do, fact, good, bad, quiet or plain."""


class Narrator:
    """An observer that prints.

    Args:
        out: prints a line in a style.
    """

    def __init__(self, out: Print) -> None:
        self._out = out
        self._chapter = 0
        self._logs: Counter[tuple[str, str]] = Counter()
        self._requests = 0

    def begins(self, scenario: Scenario, session: Session) -> None:
        """Print the title and where Tapt listens."""
        self._out(scenario.title, "head")
        self._out(f"Mock Tapt answers at {session.world.tapt_address}, over real HTTP.", "plain")
        self._out(f"The simulator answers at {session.world.serve_center()}, with this World in its pages.", "plain")
        self._out(
            f"Simulated time begins at {_when(scenario.start)}; nothing waits for the clock on the wall.", "plain"
        )

    def step_begins(self, step: Step) -> None:
        """Print what is told and what is done."""
        if step.guidance.say:
            self._chapter += 1
            self._out("", "plain")
            self._out(f"{self._chapter:>2}. {step.guidance.say}", "say")
            if step.guidance.at:
                self._out(f"    at    {step.guidance.at}", "at")
        if step.verb is not None:
            self._out(f"    do    {step.text}", "do")

    def step_ended(self, step: Step, events: tuple[Event, ...], session: Session) -> None:
        """Print what the step brought about, each fact read from the exchanges, the log and Tapt."""
        for event in events:
            if event.kind == "log":
                self._logs[event.title.split("  ")[0].split(" / ")[0], event.title.split("  ")[0].split(" / ")[1]] += 1
            self._requests += event.kind == "request"
        if step.verb is not None and step.verb.section == "Time":
            self._out(f"    now   {_when(session.world.clock.now())}{_idle(events)}", "quiet")
        for kind, label in SECTIONS:
            lines = [event for event in events if event.kind == kind]
            for event in lines[:MAX_LINES]:
                self._out(f"    {label:<5} {_line(event)}", event.tone or "plain")
            if len(lines) > MAX_LINES:
                self._out(f"    {label:<5} ... and {len(lines) - MAX_LINES} more", "quiet")
        self._state(step, session)

    def _state(self, step: Step, session: Session) -> None:
        """Print what a step shows that is neither request nor log: the token, the test, the quarantine."""
        name = step.verb.name if step.verb else ""
        if name == "generate token" and session.issued_token is not None:
            token = session.issued_token
            self._out(f"    Tapt  URL {token.url}", "fact")
            self._out(f"    Tapt  token ...{str(token.secret)[-4:]}, valid until {_when(token.expires_at)}", "fact")
        elif name == "test connection" and session.connection is not None:
            self._out(f"    Entra {session.connection.message}", "good" if session.connection.is_ok else "bad")
        elif session.application_name and (name == "start provisioning" or name.startswith(("advance", "save"))):
            quarantine = session.simulator.queries.job(session.application).quarantine
            if quarantine is not None:
                self._out(
                    f"    Entra quarantine, {quarantine.reason}; next attempt {_when(quarantine.next_attempt_at)}",
                    "bad",
                )

    def ended(self, outcome: ScenarioOutcome, session: Session) -> None:
        """Keep quiet; the command prints table and summary."""

    def log_summary(self) -> list[tuple[str, str, int]]:
        """Return (action, status, count) of every log entry that was read."""
        return [(action, status, count) for (action, status), count in sorted(self._logs.items())]

    @property
    def request_count(self) -> int:
        """Return how many requests were read from the journal."""
        return self._requests


def _line(event: Event) -> str:
    if event.kind == "request":
        what = f"  {event.what}" if event.what else ""
        return f"{event.title.replace(TARGET, '')} -> {event.brief}{what}"
    return event.title


def _idle(events: tuple[Event, ...]) -> str:
    idle = [event.title for event in events if event.kind == "idle"]
    return f" ({'; '.join(idle)})" if idle else ""


def _when(at: datetime) -> str:
    return instant_text(at).replace("T", " ").replace(":00Z", "").replace("Z", "")
