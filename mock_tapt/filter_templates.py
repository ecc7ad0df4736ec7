"""Compiled filters kept by their shape: clients ask the same question about one person after another.

`userName eq "a@b"` is parsed and compiled once; afterwards only the value is exchanged. A shape is kept when a probe in
the place of the value comes out as a parameter, unchanged or folded; every other filter is compiled each time.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from entra_sim.mock_tapt import filters
from entra_sim.mock_tapt.errors import InvalidFilter
from entra_sim.mock_tapt.filter_sql import Condition
from entra_sim.mock_tapt.filter_sql import FilterCompiler
from entra_sim.mock_tapt.filters import Filter
from entra_sim.mock_tapt.schema import ResourceType

MAX_TEMPLATES = 128
MAX_LENGTH = 1_000
_SHAPE = re.compile(r'([^"]*(?:\[type eq "\w*"[^"]*)?)"([^"\\]+)"(\]?)')
_PROBE = "pRoBe-of-a-ShApE"
_FOLDED = _PROBE.casefold()


class _Template:
    """The SQL of a shape, and for each parameter whether it is the value ("is"), the value folded, or a constant."""

    __slots__ = ("marks", "sql")

    def __init__(self, compiled: Condition) -> None:
        self.sql = compiled.sql
        self.marks = tuple(compiled.parameters)

    def with_value(self, value: str) -> Condition:
        filled = {_PROBE: value, _FOLDED: value.casefold()}
        return Condition(self.sql, tuple(filled.get(mark, mark) for mark in self.marks))


class FilterTemplates:
    """Compiles filters of one organisation.

    Args:
        remember: as for FilterCompiler; filters that need it have no template.
    """

    def __init__(self, remember: Callable[[Filter], int]) -> None:
        self._remember = remember
        self._known: dict[tuple[str, bool, str, str], _Template | None] = {}

    def condition(self, kind: ResourceType, text: str, *, strict: bool) -> Condition:
        """Return the condition of a filter.

        Raises:
            InvalidFilter: it cannot be parsed, or compares what cannot be compared.
        """
        shape = _SHAPE.fullmatch(text) if len(text) <= MAX_LENGTH else None
        if shape is not None and shape[2].isprintable():
            key = (kind.name, strict, shape[1], shape[3])
            if key not in self._known and len(self._known) < MAX_TEMPLATES:
                self._known[key] = self._template(kind, f'{shape[1]}"{_PROBE}"{shape[3]}', strict=strict)
            template = self._known.get(key)
            if template is not None:
                return template.with_value(shape[2])
        return FilterCompiler(kind, self._remember).compile(filters.parse_filter(text, kind, strict=strict))

    def _template(self, kind: ResourceType, text: str, *, strict: bool) -> _Template | None:
        remembered: list[Filter] = []

        def remember(tree: Filter) -> int:
            remembered.append(tree)
            return 0

        try:
            compiled = FilterCompiler(kind, remember).compile(filters.parse_filter(text, kind, strict=strict))
        except InvalidFilter:
            return None
        if remembered or not all(_is_simple(parameter) for parameter in compiled.parameters):
            return None
        return _Template(compiled)


def _is_simple(parameter: object) -> bool:
    return parameter in (_PROBE, _FOLDED) or not (isinstance(parameter, str) and _FOLDED in parameter.casefold())
