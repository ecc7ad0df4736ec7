"""One self-contained HTML page: every scenario with its timeline; no script, nothing loaded from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from entra_sim.scenarios.outcome import Event
from entra_sim.scenarios.outcome import Outcome
from entra_sim.scenarios.outcome import ScenarioOutcome
from entra_sim.scenarios.reports.text import span_text
from entra_sim.scenarios.reports.text import summary
from entra_sim.scenarios.spans import instant_text

LANES = ("step", "cycle", "request", "log", "target")
LANE_NAMES = {"step": "Done", "cycle": "Service", "request": "Requests", "log": "Provisioning log", "target": "Tapt"}
_LANE_OF = {"idle": "cycle", "happening": "cycle"}
AXIS_WIDTH = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One stretch of a timeline: what was done, then what came of it, at one instant."""

    at: str
    elapsed: str
    lanes: dict[str, tuple[Event, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One mark of the axis. x: pixels from the left."""

    x: float
    lane: str
    tone: str
    title: str


def html_page(outcomes: list[ScenarioOutcome], seconds: float) -> str:
    """Return the page."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = (Path(__file__).parent / "page.html").read_text(encoding="utf-8")
    return environment.from_string(source).render(
        outcomes=outcomes,
        summary=summary(outcomes, len(outcomes), seconds),
        passed=sum(item.outcome is Outcome.PASSED for item in outcomes),
        rows={item.path: rows(item.events, item.started_at) for item in outcomes},
        marks={item.path: marks(item) for item in outcomes},
        axis_width=AXIS_WIDTH,
        lanes=LANES,
        lane_names=LANE_NAMES,
        span_text=span_text,
        instant_text=instant_text,
    )


def rows(events: tuple[Event, ...], start: datetime) -> list[Row]:
    """Return the timeline's rows: a new row for every instant and for every step."""
    found: list[Row] = []
    previous = start
    stretch: list[Event] = []
    for event in events:
        if stretch and (event.at != stretch[0].at or event.kind == "step"):
            found.append(_row(stretch, previous))
            previous, stretch = stretch[0].at, []
        stretch.append(event)
    if stretch:
        found.append(_row(stretch, previous))
    return found


def _row(stretch: list[Event], previous: datetime) -> Row:
    lanes: dict[str, list[Event]] = {lane: [] for lane in LANES}
    for event in stretch:
        lanes[_LANE_OF.get(event.kind, event.kind)].append(event)
    at = stretch[0].at
    elapsed = f"+ {span_text(at - previous)}" if at > previous else ""
    return Row(at=instant_text(at), elapsed=elapsed, lanes={lane: tuple(items) for lane, items in lanes.items()})


def marks(outcome: ScenarioOutcome) -> list[Mark]:
    """Return the axis' marks: every instant at which something happened has its place, quiet spans take no room."""
    instants = sorted({event.at for event in outcome.events})
    step = (AXIS_WIDTH - 20) / max(len(instants) - 1, 1)
    places = {at: round(10 + index * step, 1) for index, at in enumerate(instants)}
    return [
        Mark(
            x=places[event.at],
            lane=_LANE_OF.get(event.kind, event.kind),
            tone=event.tone or "plain",
            title=f"{instant_text(event.at)} {event.title}",
        )
        for event in outcome.events
    ]
