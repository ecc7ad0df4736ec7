"""Line and column of a value in a JSON text, worked out only when a message needs it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from entra_sim.simulator.tenants.limits import MAX_JSON_DEPTH

_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


class JsonPlaces:
    """Finds values of one JSON text by their path; walking on from where it was, so that places in order cost little.

    Args:
        text: the JSON text, known to be valid.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._reached: dict[tuple[str | int, ...], tuple[int, int]] = {}

    def offset(self, path: Sequence[str | int]) -> int:
        """Return the index in the text where the value at this path begins; of what does not exist, its parent's."""
        here = self._blank(0)
        for depth, step in enumerate(path[:MAX_JSON_DEPTH]):
            below = (
                self._element(here, step, tuple(path[:depth])) if isinstance(step, int) else self._member(here, step)
            )
            if below is None:
                return here
            here = below
        return here

    def line_and_column(self, path: Sequence[str | int]) -> tuple[int, int]:
        """Return the 1-based line and column of the value at this path."""
        offset = self.offset(path)
        return self._text.count("\n", 0, offset) + 1, offset - self._text.rfind("\n", 0, offset)

    def _blank(self, index: int) -> int:
        found = _BLANK.match(self._text, index)
        return found.end() if found else index

    def _element(self, start: int, wanted: int, path: tuple[str | int, ...]) -> int | None:
        if self._text[start] != "[":
            return None
        number, here = self._reached.get(path, (0, self._blank(start + 1)))
        if number > wanted:
            number, here = 0, self._blank(start + 1)
        while number < wanted:
            _, end = _DECODER.raw_decode(self._text, here)
            here = self._blank(end)
            if self._text[here] != ",":
                return None
            here = self._blank(here + 1)
            number += 1
        self._reached[path] = (number, here)
        return here

    def _member(self, start: int, wanted: str) -> int | None:
        if self._text[start] != "{":
            return None
        here = self._blank(start + 1)
        while self._text[here] == '"':
            name, end = _DECODER.raw_decode(self._text, here)
            here = self._blank(self._blank(end) + 1)
            if name == wanted:
                return here
            _, end = _DECODER.raw_decode(self._text, here)
            here = self._blank(end)
            if self._text[here] != ",":
                return None
            here = self._blank(here + 1)
        return None
