"""How values are shown: instants, spans, counts, secrets, states."""

from __future__ import annotations

import json
import re
from datetime import datetime
from datetime import timedelta
from typing import Any

from flask import request
from markupsafe import Markup
from markupsafe import escape

_JOINTS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[:./=&@])(?=[^:./=&@])|(?<=\])(?=\.)")
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def when(instant: datetime | None, *, empty: str = "never") -> Markup:
    """Return simulated time with zone; hovering tells the distance from now."""
    if instant is None:
        return escape(empty)
    now: datetime = request.environ["entra_sim.simulator"].clock.now()
    text = f"{instant:%Y-%m-%d %H:%M:%S} UTC"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(instant.isoformat(), distance(instant, now), text)


def distance(instant: datetime, now: datetime) -> str:
    """Return "in 12 min", "3 d ago" or "now"."""
    seconds = (instant - now).total_seconds()
    if abs(seconds) < 1:
        return "now"
    text = span(timedelta(seconds=abs(seconds)))
    return f"in {text}" if seconds > 0 else f"{text} ago"


def span(value: timedelta) -> str:
    """Return the two largest units of a span: "2 d 3 h", "40 min", "0 s"."""
    rest = int(value.total_seconds())
    parts = []
    for size, name in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"


def took(value: timedelta) -> str:
    """Return how long an exchange took: "12 ms" below ten seconds, "1 min 10 s" above."""
    return span(value) if value >= timedelta(seconds=10) else f"{value // timedelta(milliseconds=1):,} ms"


def countdown(instant: datetime | None, now: datetime) -> str:
    """Return mm:ss until an instant, h:mm:ss from an hour on; 00:00 when it has passed."""
    seconds = max(0, int((instant - now).total_seconds())) if instant else 0
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"


def masked_secret(secret: str) -> str:
    """Return bullets and the last four characters."""
    return f"•••• {secret[-4:]}" if len(secret) >= 16 else "••••"


def counted(number: int, one: str, many: str = "") -> str:
    """Return "1 user", "1,200 users"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def plain(value: Any) -> str:
    """Return a directory value for people: Yes or No, the parts of a list."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return ", ".join(plain(part) for part in value) if isinstance(value, (list, tuple)) else str(value)


def pretty_json(value: Any) -> str:
    """Return JSON with indents, keys in their order."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def breakable(text: str) -> Markup:
    """Return a long name or address that may be broken between its parts, never inside a word."""
    return Markup("<wbr>").join(_JOINTS.split(text))


def with_code(text: str) -> Markup:
    """Return text in which what stands between backticks is shown as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # one backtick is without a partner
        return escape(text)
    shown = [Markup("<code>{}</code>").format(part) if index % 2 else escape(part) for index, part in enumerate(parts)]
    return Markup("").join(shown)


STATUS_TONES = {
    "Success": ("ok", "check-circle-fill"),
    "success": ("ok", "check-circle-fill"),
    "Failure": ("bad", "x-circle-fill"),
    "failure": ("bad", "x-circle-fill"),
    "Warning": ("warn", "exclamation-triangle-fill"),
    "warning": ("warn", "exclamation-triangle-fill"),
    "Skipped": ("", "dash-circle-fill"),
    "skipped": ("", "dash-circle-fill"),
    "On": ("ok", "check-circle-fill"),
    "Off": ("", "dash-circle-fill"),
    "Quarantine": ("warn", "exclamation-triangle-fill"),
    "passed": ("ok", "check-circle-fill"),
    "failed": ("bad", "x-circle-fill"),
}


def tone(status: str) -> tuple[str, str]:
    """Return the colour class and the icon of a status: never colour alone."""
    return STATUS_TONES.get(status, ("", "dash-circle-fill"))


FILTERS = {
    "breakable": breakable,
    "with_code": with_code,
    "when": when,
    "span": span,
    "took": took,
    "masked_secret": masked_secret,
    "plain": plain,
    "pretty_json": pretty_json,
    "tone": tone,
}
