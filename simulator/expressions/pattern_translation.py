"""A .NET pattern rewritten for Python's `regex` module, in the places where the two dialects differ.

Every capturing group becomes a group named after its .NET number (`g1`), so that numbering, duplicate names and
back-references come out as in .NET. Inline options become scoped groups, closed and opened again at each `|`. What
.NET refuses is refused: possessive quantifiers, `(?P<n>...)`, unknown escapes. Balancing groups are not supported.

Source: expressions.md section 10.2. Assumed: details of .NET's own parser that the table there does not mention.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from entra_sim.simulator.expressions import pattern_cost
from entra_sim.simulator.expressions.pattern_classes import SHORTHANDS
from entra_sim.simulator.expressions.pattern_classes import literal
from entra_sim.simulator.expressions.pattern_classes import shorthand
from entra_sim.simulator.expressions.pattern_escapes import Cursor
from entra_sim.simulator.expressions.pattern_escapes import PatternError
from entra_sim.simulator.expressions.pattern_escapes import escaped_character
from entra_sim.simulator.expressions.pattern_groups import Groups
from entra_sim.simulator.expressions.pattern_groups import number_groups
from entra_sim.simulator.expressions.pattern_sets import read_property
from entra_sim.simulator.expressions.pattern_sets import read_set

MAX_GROUP_DEPTH = 100
"""Deepest nesting of groups. Assumed: deeper patterns are attacks, not mappings."""

MAX_EXPANSION = 20_000
"""Most characters a pattern may demand at least, repetitions spelled out: the compiler unrolls them."""

LONGEST_LITERAL = 40
"""Longest text that the module sees as one.

The module prepares the search for a text in a time that grows with the cube of its length, outside its time limit.
"""

_BREAK = r"\B{0}"
"""Matches everywhere; the module does not join the texts on its two sides."""

MAX_REPEAT = 2**31 - 1

_REPEAT = re.compile(r"\{([0-9]+)(?:(,)([0-9]*))?\}")
_OPTIONS = re.compile(r"([imnsx]*)(?:-([imnsx]+))?([:)])")
_ANCHORS = {"A": r"\A", "Z": r"(?=\n?\Z)", "z": r"\Z", "G": r"\G", "b": r"\b", "B": r"\B"}
_LOOKAROUNDS = ("?=", "?!", "?<=", "?<!", "?>")
_LETTERS = re.compile(r"[A-Za-z0-9\u00a1-\ud7ff]{2,40}(?=[A-Za-z0-9\u00a1-\ud7ff])")
_CANNOT_QUANTIFY = re.compile(r"[^*+?{(\s#]")
_WHITE = " \t\r\n\f\v"


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of the rewritten pattern and what it demands at least."""

    text: str
    weight: int = 1
    is_zero_width: bool = False


def translate(pattern: str) -> tuple[str, Groups]:
    """Return the pattern for the `regex` module (version 1), and its groups as .NET numbers them.

    Raises:
        PatternError: .NET would refuse the pattern, or it is not supported.
    """
    first = _Translator(pattern, None)
    translated = first.whole()
    groups = number_groups(first.unnamed_count, first.numbered, first.named)
    if first.needs_groups:
        translated = _Translator(pattern, groups).whole()
    return translated, groups


def python_name(number: int) -> str:
    """Return the name that the group of this number has in the rewritten pattern."""
    return f"g{number}"


class _Translator:
    """One pass; the first one has no groups yet and collects them. What refers to them needs a second one."""

    def __init__(self, pattern: str, groups: Groups | None) -> None:
        self._cursor = Cursor(pattern)
        self._groups = groups
        self._is_explicit = False
        self._is_extended = False
        self.needs_groups = False
        self.unnamed_count = 0
        self.numbered: list[int] = []
        self.named: list[str] = []
        self._cost = 0

    def _spend(self, cost: int) -> None:
        self._cost += cost
        if self._cost > pattern_cost.MAX_COST:
            raise PatternError("the pattern is too large to be prepared in time; use several expressions")

    def whole(self) -> str:
        piece, _ = self._alternatives(0)
        if not self._cursor.is_at_end:
            raise PatternError("the pattern has a closing parenthesis too many")
        return piece.text

    def _alternatives(self, level: int) -> tuple[_Piece, int]:
        """Read up to the closing parenthesis or the end; return the piece and the number of branches."""
        if level > MAX_GROUP_DEPTH:
            raise PatternError(f"groups are nested deeper than {MAX_GROUP_DEPTH} levels")
        before = self._is_explicit, self._is_extended
        parts: list[str] = []
        open_options: list[str] = []
        weight, branches, unbroken = 0, 1, 0
        while True:
            self._skip_comments()
            following = self._cursor.peek()
            if following in ("", ")"):
                break
            if following == "|":
                self._cursor.take()
                branches += 1
                self._spend(pattern_cost.SYNTAX)
                parts.append(f"{')' * len(open_options)}|{''.join(open_options)}")
            elif (option := self._inline_option()) is not None:
                self._spend(pattern_cost.GROUP)
                if option:
                    open_options.append(option)
                    parts.append(option)
            else:
                run = _LETTERS.match(self._cursor.pattern, self._cursor.position)
                piece = self._letters(run.group()) if run else self._quantified(self._atom(level))
                parts.append(piece.text)
                weight += piece.weight
                unbroken += piece.weight
                if unbroken >= LONGEST_LITERAL:
                    parts.append(_BREAK)
                    unbroken = 0
                if weight > MAX_EXPANSION:
                    raise PatternError(f"the pattern demands more than {MAX_EXPANSION:,} characters")
        parts.append(")" * len(open_options))
        self._is_explicit, self._is_extended = before
        return _Piece("".join(parts), weight), branches

    def _letters(self, run: str) -> _Piece:
        """Read letters and digits that nothing can follow as a quantifier."""
        self._cursor.position += len(run)
        self._spend(len(run) * pattern_cost.LETTER)
        return _Piece(run, len(run))

    def _skip_comments(self) -> None:
        cursor = self._cursor
        if not self._is_extended and not cursor.pattern.startswith("(?#", cursor.position):
            return
        while True:
            if cursor.take_if("(?#"):
                end = cursor.pattern.find(")", cursor.position)
                if end < 0:
                    raise PatternError("a comment is not closed")
                cursor.position = end + 1
            elif self._is_extended and cursor.peek() and cursor.peek() in _WHITE:
                cursor.take()
            elif self._is_extended and cursor.peek() == "#":
                end = cursor.pattern.find("\n", cursor.position)
                cursor.position = len(cursor.pattern) if end < 0 else end + 1
            else:
                return

    def _inline_option(self) -> str | None:
        """Read `(?i)` and the like; return the group to open, "" for none, None if something else stands here."""
        cursor = self._cursor
        if not cursor.pattern.startswith("(?", cursor.position):
            return None
        match = _OPTIONS.match(cursor.pattern, cursor.position + 2)
        if match is None or match.group(3) != ")" or match.end() - cursor.position < 4:
            return None
        cursor.position = match.end()
        return self._switch_options(match)

    def _switch_options(self, match: re.Match[str]) -> str:
        on, off = match.group(1), match.group(2) or ""
        self._is_explicit = ("n" in on or self._is_explicit) and "n" not in off
        self._is_extended = ("x" in on or self._is_extended) and "x" not in off
        kept_on = "".join(letter for letter in "ims" if letter in on and letter not in off)
        kept_off = "".join(letter for letter in "ims" if letter in off)
        if not kept_on and not kept_off:
            return ""
        if "i" in kept_on:
            kept_off += "f"  # full case folding, where ß is ss: .NET compares character by character
        return f"(?{kept_on}{'-' if kept_off else ''}{kept_off}:"

    def _quantified(self, piece: _Piece) -> _Piece:
        if _CANNOT_QUANTIFY.match(self._cursor.pattern, self._cursor.position):
            return piece
        self._skip_comments()
        bounds = self._quantifier()
        if bounds is None:
            return piece
        least, text = bounds
        self._spend(pattern_cost.SYNTAX)
        self._skip_comments()
        if self._cursor.take_if("?"):
            text += "?"
        self._skip_comments()
        if self._is_quantifier_next():
            raise PatternError("a quantifier follows another one")
        body = f"(?:{piece.text})" if piece.is_zero_width else piece.text
        return _Piece(body + text, piece.weight * max(1, least))

    def _quantifier(self) -> tuple[int, str] | None:
        cursor = self._cursor
        if cursor.peek() and cursor.peek() in "*+?":
            sign = cursor.take()
            return (1 if sign == "+" else 0), sign
        match = _REPEAT.match(cursor.pattern, cursor.position)
        if match is None:
            return None
        cursor.position = match.end()
        least = int(match.group(1)[:11])
        most = int(match.group(3)[:11]) if match.group(3) else least
        if max(least, most) > MAX_REPEAT:
            raise PatternError("a quantifier is too large")
        if match.group(3) and most < least:
            raise PatternError("the bounds of a quantifier are in reverse order")
        return least, match.group()

    def _is_quantifier_next(self) -> bool:
        following = self._cursor.peek()
        return (following != "" and following in "*+?") or bool(
            _REPEAT.match(self._cursor.pattern, self._cursor.position)
        )

    def _atom(self, level: int) -> _Piece:
        cursor = self._cursor
        if not _CANNOT_QUANTIFY.match(cursor.pattern, cursor.position) and self._is_quantifier_next():
            raise PatternError("a quantifier follows nothing")
        character = cursor.take()
        if character == "(":
            return self._group(level)
        if character == "[":
            return self._leaf(_Piece(read_set(cursor)))
        if character == "\\":
            return self._leaf(self._escape())
        self._spend(pattern_cost.SYNTAX)
        if character in "^$":
            return _Piece(character, is_zero_width=True)
        return _Piece(character if character == "." else literal(character))

    def _leaf(self, piece: _Piece) -> _Piece:
        self._spend(pattern_cost.SYNTAX * len(piece.text))
        return piece

    def _escape(self) -> _Piece:
        cursor = self._cursor
        letter = cursor.peek()
        if letter and letter in _ANCHORS:
            cursor.take()
            return _Piece(_ANCHORS[letter], is_zero_width=True)
        if letter in SHORTHANDS:
            return _Piece(shorthand(cursor.take()))
        if letter in ("p", "P"):
            return _Piece(read_property(cursor, cursor.take()))
        reference = self._back_reference()
        if reference is not None:
            return _Piece(reference, is_zero_width=True)
        return _Piece(literal(escaped_character(cursor)))

    def _back_reference(self) -> str | None:
        """Read `\\1`, `\\k<n>`, `\\k'n'` or the old `\\<n>` behind the backslash; None if none stands here."""
        cursor = self._cursor
        start = cursor.position
        if cursor.peek() and cursor.peek() in "123456789":
            name = cursor.take_digits()
            if self._groups is None or self._groups.number_of(name) is not None or int(name) <= 9:
                return self._reference_to(name)
            cursor.position = start
            return None
        is_named = cursor.take_if("k")
        if cursor.peek() in ("<", "'"):
            closing = ">" if cursor.take() == "<" else "'"
            name = cursor.take_word()
            if name and cursor.take_if(closing):
                return self._reference_to(name)
        if is_named:
            raise PatternError("a named back-reference needs a name, as in \\k<name>")
        cursor.position = start
        return None

    def _reference_to(self, name: str) -> str:
        self.needs_groups = True
        if self._groups is None:
            return ""
        number = self._groups.number_of(name)
        if number is None:
            raise PatternError(f'there is no group "{name[:40]}" to refer back to')
        return f"(?P={python_name(number)})" if number else ""

    def _group(self, level: int) -> _Piece:
        cursor = self._cursor
        if not cursor.take_if("?"):
            if self._is_explicit:
                return self._closed("(?:", level)
            self.unnamed_count += 1
            return self._closed(f"(?P<{python_name(self.unnamed_count)}>", level)
        for sign in _LOOKAROUNDS:
            if cursor.take_if(sign[1:]):
                return self._closed(f"({sign}", level, is_zero_width=sign != "?>")
        if cursor.peek() in ("<", "'"):
            return self._named_group(level)
        if cursor.take_if("("):
            return self._conditional(level)
        match = _OPTIONS.match(cursor.pattern, cursor.position)
        if match is None or match.group(3) != ":":
            raise PatternError(f'there is no group of the kind "(?{cursor.peek()}"')
        cursor.position = match.end()
        before = self._is_explicit, self._is_extended
        piece = self._closed(self._switch_options(match) or "(?:", level)
        self._is_explicit, self._is_extended = before
        return piece

    def _closed(self, opening: str, level: int, *, is_zero_width: bool = False) -> _Piece:
        self._spend(pattern_cost.GROUP)
        inner, _ = self._alternatives(level + 1)
        self._expect_closing()
        return _Piece(f"{opening}{inner.text})", max(1, inner.weight), is_zero_width)

    def _expect_closing(self) -> None:
        if not self._cursor.take_if(")"):
            raise PatternError("a parenthesis is not closed")

    def _opening(self, name: str) -> str:
        self.needs_groups = True
        number = self._groups.number_of(name) if self._groups is not None else None
        return f"(?P<{python_name(number or 0)}>"

    def _named_group(self, level: int) -> _Piece:
        cursor = self._cursor
        closing = ">" if cursor.take() == "<" else "'"
        name = cursor.take_word()
        if cursor.peek() == "-":
            raise PatternError("balancing groups are unsupported")
        if not name or not cursor.take_if(closing):
            raise PatternError("the name of a group is wrong")
        if name[0].isdigit():
            if not name.isascii() or not name.isdigit() or not 0 < int(name[:11]) <= MAX_REPEAT:
                raise PatternError("the name of a group must not start with a digit")
            name = str(int(name))
            self.numbered.append(int(name))
        else:
            self.named.append(name)
        return self._closed(self._opening(name), level)

    def _conditional(self, level: int) -> _Piece:
        """Read `(?(group)yes|no)` or `(?(expression)yes|no)`, whose first two parentheses were read."""
        self.needs_groups = True
        self._spend(pattern_cost.GROUP)
        cursor = self._cursor
        start = cursor.position
        name = cursor.take_word()
        is_reference = bool(name) and cursor.take_if(")") and self._is_group(name)
        if is_reference:
            number = self._groups.number_of(name) if self._groups is not None else 0
            condition = f"({python_name(number or 0)})"
        elif name.isdigit():
            raise PatternError(f'there is no group "{name[:40]}" to test')
        else:
            cursor.position = start
            sign = next((sign for sign in _LOOKAROUNDS[:4] if cursor.take_if(sign)), "?=")
            condition = self._closed(f"({sign}", level).text
        branches, count = self._alternatives(level + 1)
        if count > 2:
            raise PatternError("a conditional group has more than two branches")
        self._expect_closing()
        return _Piece(f"(?{condition}{branches.text})", max(1, branches.weight))

    def _is_group(self, name: str) -> bool:
        return self._groups is None or self._groups.number_of(name) is not None
