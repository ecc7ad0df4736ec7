"""A cursor over a .NET pattern, and the escapes that mean one character."""

from __future__ import annotations

from entra_sim.simulator.expressions.pattern_classes import CONTROLS

_HEX = frozenset("0123456789abcdefABCDEF")
_OCTAL = frozenset("01234567")


class PatternError(ValueError):
    """A pattern that .NET refuses, or that is not supported here; the text is a clause."""


class Cursor:
    """Reads a pattern from left to right."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0

    @property
    def is_at_end(self) -> bool:
        """Return whether everything is read."""
        return self.position >= len(self.pattern)

    def peek(self, ahead: int = 0) -> str:
        """Return a character without reading it, "" behind the end."""
        return self.pattern[self.position + ahead : self.position + ahead + 1]

    def take(self) -> str:
        """Read one character."""
        character = self.pattern[self.position]
        self.position += 1
        return character

    def take_if(self, text: str) -> bool:
        """Read this text if it stands here; return whether it did."""
        if self.pattern.startswith(text, self.position):
            self.position += len(text)
            return True
        return False

    def take_while(self, wanted: frozenset[str], most: int) -> str:
        """Read characters of a set, at most so many."""
        start = self.position
        while self.position - start < most and self.peek() in wanted and not self.is_at_end:
            self.position += 1
        return self.pattern[start : self.position]

    def take_word(self) -> str:
        """Read word characters."""
        start = self.position
        while not self.is_at_end and (self.peek().isalnum() or self.peek() == "_"):
            self.position += 1
        return self.pattern[start : self.position]

    def take_digits(self) -> str:
        """Read decimal digits."""
        return self.take_while(frozenset("0123456789"), 20)


def escaped_character(cursor: Cursor) -> str:
    """Read what follows a backslash as one character: octal, hexadecimal, Unicode, control or literal.

    Raises:
        PatternError: .NET knows no such escape.
    """
    if cursor.is_at_end:
        raise PatternError("the pattern ends with a backslash")
    if cursor.peek() in _OCTAL:
        return chr(int(cursor.take_while(_OCTAL, 3), 8) & 0xFF)
    letter = cursor.take()
    if letter in CONTROLS:
        return CONTROLS[letter]
    if letter == "x":
        return _hexadecimal(cursor, 2)
    if letter == "u":
        return _hexadecimal(cursor, 4)
    if letter == "c":
        return _control(cursor)
    if letter == "_" or letter.isalnum():
        raise PatternError(f"there is no escape \\{letter}")
    return letter


def _hexadecimal(cursor: Cursor, count: int) -> str:
    digits = cursor.take_while(_HEX, count)
    if len(digits) < count:
        raise PatternError(f"an escape needs {count} hexadecimal digits")
    return chr(int(digits, 16))


def _control(cursor: Cursor) -> str:
    letter = "" if cursor.is_at_end else cursor.take().upper()
    if not "@" <= letter <= "_" or len(letter) != 1:
        raise PatternError("\\c needs a control character")
    return chr(ord(letter) - 64)
