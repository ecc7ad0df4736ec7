"""A plan as one HTML page that needs nothing else: search and filters run in the page, no address is asked for."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterator
from collections.abc import Sequence
from importlib.resources import files

from entra_sim.simulator.planning.documents import Moved
from entra_sim.simulator.planning.documents import compact_pieces
from entra_sim.simulator.planning.model import Plan


def page_pieces(plan: Plan, moved: Sequence[Moved] | None = None) -> Iterator[str]:
    """Yield the page of a plan. Only its own script and style may run (content security policy)."""
    folder = files("entra_sim.simulator.planning")
    script = folder.joinpath("page.js").read_text(encoding="utf-8")
    style = folder.joinpath("page.css").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    parts = {
        "POLICY": html.escape(policy, quote=True),
        "TITLE": html.escape(f"Plan: {plan.title}"),
        "STYLE": style,
        "SCRIPT": script,
    }
    text = folder.joinpath("page.html").read_text(encoding="utf-8")
    for number, piece in enumerate(text.split("@@")):
        if piece == "DATA" and number % 2:
            for data in compact_pieces(plan, moved):
                yield data.replace("<", "\\u003c")
        else:
            yield parts[piece] if number % 2 else piece


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
