"""Bracketed character classes of .NET, with subtraction, written for Python's `regex` module (version 1 sets)."""

from __future__ import annotations

from entra_sim.simulator.expressions.pattern_classes import SHORTHANDS
from entra_sim.simulator.expressions.pattern_classes import literal
from entra_sim.simulator.expressions.pattern_classes import property_class
from entra_sim.simulator.expressions.pattern_escapes import Cursor
from entra_sim.simulator.expressions.pattern_escapes import PatternError
from entra_sim.simulator.expressions.pattern_escapes import escaped_character

MAX_SET_DEPTH = 50
"""Deepest nesting of class subtractions."""


def read_set(cursor: Cursor, level: int = 0) -> str:
    """Read a class whose opening bracket was read; return it rewritten.

    Raises:
        PatternError: open class, range in reverse order, shorthand as the end of a range, subtraction not at the end.
    """
    if level > MAX_SET_DEPTH:
        raise PatternError(f"character classes are nested deeper than {MAX_SET_DEPTH} levels")
    return _SetReader(cursor, level).read()


class _SetReader:
    def __init__(self, cursor: Cursor, level: int) -> None:
        self._cursor = cursor
        self._level = level
        self._items: list[str] = []
        self._range_start: str | None = None
        self._subtracted = ""

    def read(self) -> str:
        is_negated = self._cursor.take_if("^")
        is_first = True
        while not (self._subtracted or self._next_is_end(is_first)):
            self._read_item(is_first)
            is_first = False
        if self._subtracted and not self._cursor.take_if("]"):
            raise PatternError("a subtraction must be the last part of a character class")
        inner = f"[{'^' if is_negated else ''}{''.join(self._items)}]"
        return f"[{inner}--{self._subtracted}]" if self._subtracted else inner

    def _next_is_end(self, is_first: bool) -> bool:
        if self._cursor.is_at_end:
            raise PatternError("a character class has no closing bracket ]")
        return not is_first and self._cursor.take_if("]")

    def _read_item(self, is_first: bool) -> None:
        cursor = self._cursor
        character = cursor.take()
        is_escaped = character == "\\" and not cursor.is_at_end
        if is_escaped:
            if cursor.peek() in SHORTHANDS or cursor.peek() in ("p", "P"):
                self._add_shorthand(cursor.take())
                return
            if cursor.take_if("-"):
                self._add_character("-")
                return
            character = "\b" if cursor.take_if("b") else escaped_character(cursor)
        if self._range_start is not None:
            if character == "[" and not is_escaped and not is_first:
                self._items.append(literal(self._range_start))
                self._subtracted = read_set(cursor, self._level + 1)
            else:
                self._add_character(character)
        elif cursor.peek() == "-" and cursor.peek(1) not in ("]", ""):
            self._range_start = character
            cursor.take()
        elif character == "-" and not is_escaped and cursor.peek() == "[" and not is_first:
            cursor.take()
            self._subtracted = read_set(cursor, self._level + 1)
        else:
            self._add_character(character)

    def _add_character(self, character: str) -> None:
        """Add one character, or the range that it ends."""
        if self._range_start is None:
            self._items.append(literal(character))
            return
        if self._range_start > character:
            raise PatternError("a range of a character class is in reverse order")
        self._items.append(f"{literal(self._range_start)}-{literal(character)}")
        self._range_start = None

    def _add_shorthand(self, letter: str) -> None:
        if self._range_start is not None:
            raise PatternError(f"\\{letter} cannot end a range of a character class")
        if letter in SHORTHANDS:
            content, is_negated = SHORTHANDS[letter]
            self._items.append(f"[^{content}]" if is_negated else content)
        else:
            self._items.append(read_property(self._cursor, letter))


def read_property(cursor: Cursor, letter: str) -> str:
    """Read the name of a Unicode category or block behind `\\p` or `\\P`; return the class rewritten."""
    if not cursor.take_if("{"):
        raise PatternError(f"\\{letter} needs a name in braces")
    end = cursor.pattern.find("}", cursor.position)
    name = cursor.pattern[cursor.position : end] if end >= 0 else ""
    cursor.position = end + 1 if end >= 0 else len(cursor.pattern)
    found = property_class(name, is_negated=letter == "P")
    if found is None:
        raise PatternError(f'there is no Unicode category or block "{name[:40]}"')
    return found
