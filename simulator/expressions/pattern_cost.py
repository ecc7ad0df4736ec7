"""How much work a pattern is to prepare: counted, not timed, so that every machine cuts off at the same place.

Assumed: .NET knows no such limits. Real patterns stay a hundred times below them.
"""

from __future__ import annotations

import re

MAX_COST = 20_000
"""Most work of one pattern, and of all constant patterns of an expression.

One unit is about 2 microseconds, so that preparing is cut off at some 40 ms for the 10,000 characters of an expression.
"""

LETTER = 1
"""A letter or digit in a longer text."""

SYNTAX = 3
"""A character of anything else, as it is rewritten."""

GROUP = 12
"""A group or an inline option, besides its characters."""

_ALL_AROUND = 45
_CLASS = 60
_CLASSES = re.compile(r"\\[wWsSdDpP]")
_LETTERS = re.compile(r"[^\W_]")


def estimated_cost(pattern: str) -> int:
    """Return the work that a pattern is, as far as can be told without reading it; short texts cost more to read."""
    letters = len(_LETTERS.findall(pattern))
    special = len(_CLASSES.findall(pattern)) * _CLASS + pattern.count("(") * GROUP
    return _ALL_AROUND + letters * 2 * LETTER + (len(pattern) - letters) * SYNTAX + special
