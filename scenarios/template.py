"""The commented scenario that `entra-sim scenario new` writes."""

from __future__ import annotations

from pathlib import Path

_TEMPLATE = Path(__file__).parent / "template.yaml.txt"


def template(*, name: str, title: str) -> str:
    """Return the text of a new scenario file.

    Args:
        name: file name without its ending.
        title: what happens, as one sentence.
    """
    text = _TEMPLATE.read_text(encoding="utf-8")
    return text.replace("{name}", name).replace("{title}", _quoted(title))


def _quoted(title: str) -> str:
    if title.replace(" ", "").replace("'", "").isalnum() and not title.startswith("'"):
        return title
    return '"' + title.replace("\\", "\\\\").replace('"', '\\"') + '"'
