"""What every page shows in the same way: instants, the frame around the content."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from flask import request
from markupsafe import Markup

from entra_sim.mock_tapt import access
from entra_sim.mock_tapt.clock import format_instant
from entra_sim.mock_tapt.clock import parse_instant

_STEPS = (("d", 86_400), ("h", 3_600), ("min", 60))


def instant(value: datetime | str | None) -> Markup:
    """Return an instant as `2026-01-05 09:40:00 UTC`, with its distance from Tapt's clock for hovering."""
    if not value:
        return Markup("never")
    moment = parse_instant(value) if isinstance(value, str) else value
    text = moment.strftime("%Y-%m-%d %H:%M:%S UTC")
    distance = (moment - access.current_tapt().now()).total_seconds()
    near = next((f"{abs(distance) / s:.0f} {u}" for u, s in _STEPS if abs(distance) >= s), f"{abs(distance):.0f} s")
    hover = f"in {near}" if distance > 0 else f"{near} ago"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(format_instant(moment), hover, text)


def decoded(query: str) -> str:
    """Return a query for people to read."""
    return unquote_plus(query, errors="replace")


def csrf() -> Markup:
    """Return the hidden field that every form carries."""
    return Markup('<input type="hidden" name="csrf" value="{}">').format(access.csrf_token())


def frame() -> dict[str, Any]:
    """Return what the frame of every page needs."""
    if request.environ.get("entra_sim.site") is None:
        return {}
    tapt = access.current_tapt()
    signed_in = access.person()
    settings = access.current_site().settings
    return {
        "person": signed_in,
        "is_administrator": access.is_administrator(),
        "csrf": csrf,
        "needs_sign_in": settings.needs_sign_in,
        "hints": settings.passwords if settings.shows_passwords else {},
        "organisation_name": tapt.organisation_name,
        "now": tapt.now(),
        "faults_on": [f.fault.name or f.fault.what for f in tapt.faults.list() if f.fault.enabled],
        "is_strict": tapt.switches.strict,
    }
