"""A plan as one HTML page that needs nothing else: search and filters run in the page, no address is asked for."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import orjson


def as_page(document: Mapping[str, Any]) -> str:
    """Return the page of a plan document. Only its own script and style may run (content security policy)."""
    folder = files("entra_sim.simulator.planning")
    script = folder.joinpath("page.js").read_text(encoding="utf-8")
    style = folder.joinpath("page.css").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    data = orjson.dumps(document).decode().replace("<", "\\u003c")
    parts = {
        "POLICY": html.escape(policy, quote=True),
        "TITLE": html.escape(f"Plan: {document.get('plan', '')}"),
        "STYLE": style,
        "SCRIPT": script,
        "DATA": data,
    }
    text = folder.joinpath("page.html").read_text(encoding="utf-8")
    pieces = text.split("@@")
    return "".join(parts[piece] if number % 2 else piece for number, piece in enumerate(pieces))


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
