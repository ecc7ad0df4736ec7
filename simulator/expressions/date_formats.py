"""Custom and standard .NET format strings, taken apart into pieces. Source: expressions.md sections 11.2 and 11.3."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

STANDARD_FORMATS = {
    "d": "MM/dd/yyyy",
    "D": "dddd, dd MMMM yyyy",
    "f": "dddd, dd MMMM yyyy HH:mm",
    "F": "dddd, dd MMMM yyyy HH:mm:ss",
    "g": "MM/dd/yyyy HH:mm",
    "G": "MM/dd/yyyy HH:mm:ss",
    "m": "MMMM dd",
    "M": "MMMM dd",
    "o": "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK",
    "O": "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK",
    "r": "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
    "s": "yyyy'-'MM'-'dd'T'HH':'mm':'ss",
    "t": "HH:mm",
    "T": "HH:mm:ss",
    "u": "yyyy'-'MM'-'dd HH':'mm':'ss'Z'",
    "U": "dddd, dd MMMM yyyy HH:mm:ss",
    "y": "yyyy MMMM",
    "Y": "yyyy MMMM",
}
_SPECIFIERS = "dfFghHKmMstyz"
MAX_FRACTION_DIGITS = 7


class FormatError(ValueError):
    """A format string that .NET refuses; the text is a clause."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a format.

    Args:
        kind: the specifier's letter, or "" for literal text.
        text: the specifier repeated, or the literal text.
        is_quoted: a literal that stood in quotes or behind a backslash.
    """

    kind: str
    text: str
    is_quoted: bool = False

    @property
    def count(self) -> int:
        """Return how often the letter is repeated."""
        return len(self.text)


@lru_cache(maxsize=256)
def pieces(format_text: str) -> tuple[Piece, ...]:
    """Return the pieces of a format, a standard one spelled out.

    Raises:
        FormatError: unknown single letter, open quote, a lone % or backslash at the end, more than seven f.
    """
    if len(format_text) == 1:
        if format_text not in STANDARD_FORMATS:
            raise FormatError(
                f'"{format_text}" alone is no standard format; write "%{format_text}" for a single letter'
            )
        format_text = STANDARD_FORMATS[format_text]
    found: list[Piece] = []
    position = 0
    while position < len(format_text):
        piece, position = _piece(format_text, position)
        if piece is not None:
            found.append(piece)
    return tuple(found)


def _piece(format_text: str, position: int) -> tuple[Piece | None, int]:
    letter = format_text[position]
    if letter in _SPECIFIERS:
        end = position
        while end < len(format_text) and format_text[end] == letter and (letter != "K" or end == position):
            end += 1
        if letter in "fF" and end - position > MAX_FRACTION_DIGITS:
            raise FormatError(f"a fraction has at most {MAX_FRACTION_DIGITS} digits, not {end - position}")
        return Piece(letter, format_text[position:end]), end
    if letter in "'\"":
        return _quoted(format_text, position)
    if letter == "\\":
        if position + 1 == len(format_text):
            raise FormatError("the format ends with a backslash")
        return Piece("", format_text[position + 1], True), position + 2
    if letter == "%":
        if position + 1 == len(format_text) or format_text[position + 1] == "%":
            raise FormatError("% must stand before a letter of the format")
        return None, position + 1
    return Piece("", letter), position + 1


def _quoted(format_text: str, position: int) -> tuple[Piece, int]:
    mark = format_text[position]
    literal: list[str] = []
    index = position + 1
    while index < len(format_text) and format_text[index] != mark:
        if format_text[index] == "\\":
            index += 1
            if index == len(format_text):
                break
        literal.append(format_text[index])
        index += 1
    if index >= len(format_text):
        raise FormatError(f"the quotation mark {mark} is not closed")
    return Piece("", "".join(literal), True), index + 1
