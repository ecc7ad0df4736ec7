"""Matching and replacing with .NET regular expressions. Source: expressions.md section 10.

A time limit cuts off pathological patterns. It is kept by the matching engine itself; nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from entra_sim.simulator.expressions.pattern_escapes import PatternError
from entra_sim.simulator.expressions.pattern_groups import Groups
from entra_sim.simulator.expressions.pattern_translation import python_name
from entra_sim.simulator.expressions.pattern_translation import translate
from entra_sim.simulator.expressions.values import MAX_TEXT_LENGTH
from entra_sim.simulator.expressions.values import join_pairs
from entra_sim.simulator.expressions.values import split_pairs

TIME_LIMIT_S = 1.0
"""Longest time for one pass over one text. Assumed: section 10.2, "about 1 s"."""


class PatternTimeout(ValueError):
    """The pattern takes too long on this text."""


class ResultTooLong(ValueError):
    """The replaced text is longer than a function may build."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern ready to use. Texts go in and come out as ordinary Python text; positions are UTF-16 code units."""

    compiled: Any
    groups: Groups

    def first(self, text: str, group: str, time_limit_s: float) -> str | None:
        """Return what the group holds in the first match; None without a match or if the group took no part."""
        number = self.groups.number_of(group)
        match = next(self._matches(split_pairs(text), time_limit_s), None)
        if number is None or match is None:
            return None
        found = match.group(python_name(number)) if number else match.group()
        return None if found is None else join_pairs(found)

    def replace(self, text: str, replacement: str, time_limit_s: float) -> str:
        """Return the text with every match replaced by the substitution pattern (section 10.3)."""
        units = split_pairs(text)
        parts = substitution(split_pairs(replacement), self.groups)
        pieces: list[str] = []
        position = 0
        built = 0
        for match in self._matches(units, time_limit_s):
            replaced = _substituted(parts, match, units)
            built += match.start() - position + len(replaced)
            if built > MAX_TEXT_LENGTH:
                raise ResultTooLong
            pieces += (units[position : match.start()], replaced)
            position = match.end()
        return join_pairs("".join((*pieces, units[position:])))

    def replace_group(self, text: str, group: str, replacement: str, time_limit_s: float) -> str:
        """Return the text with the part that the group captured replaced, literally, in every match."""
        number = self.groups.number_of(group)
        if number is None:
            return text
        name = python_name(number) if number else 0
        units = split_pairs(text)
        pieces: list[str] = []
        position = 0
        for match in self._matches(units, time_limit_s):
            start, end = match.span(name)
            if start < position:
                continue
            pieces += (units[position:start], replacement)
            position = end
            if len(pieces) * len(replacement) > 2 * MAX_TEXT_LENGTH:
                raise ResultTooLong
        return join_pairs("".join((*pieces, units[position:])))

    def _matches(self, units: str, time_limit_s: float) -> Iterator[Any]:
        try:
            yield from self.compiled.finditer(units, timeout=time_limit_s)
        except TimeoutError as error:
            raise PatternTimeout from error
        except (MemoryError, RecursionError) as error:
            raise PatternError("the pattern needs too much memory") from error


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> Pattern:
    """Return the pattern ready to use.

    Raises:
        PatternError: .NET would refuse it, or it is not supported.
    """
    import regex

    try:
        translated, groups = translate(split_pairs(pattern))
        return Pattern(regex.compile(translated, regex.VERSION1), groups)
    except (regex.error, OverflowError, MemoryError, RecursionError) as error:
        raise PatternError(f"it cannot be used ({error})") from error


@lru_cache(maxsize=512)
def _cached_substitution(replacement: str, numbers: frozenset[int], names: tuple[tuple[str, int], ...]) -> list[Any]:
    return _read_substitution(replacement, Groups(numbers, dict(names)))


def substitution(replacement: str, groups: Groups) -> list[Any]:
    """Return a replacement text taken apart: literal texts, numbers of groups, and the signs & ` ' + _."""
    if "$" not in replacement:
        return [replacement]
    return _cached_substitution(replacement, groups.numbers, tuple(groups.names.items()))


def _read_substitution(replacement: str, groups: Groups) -> list[Any]:
    parts: list[Any] = []
    position = 0
    while position < len(replacement):
        dollar = replacement.find("$", position)
        if dollar < 0:
            break
        parts.append(replacement[position:dollar])
        part, position = _reference(replacement, dollar, groups)
        parts.append(part)
    parts.append(replacement[position:])
    return [part for part in parts if part != ""]


@dataclass(frozen=True, slots=True)
class _Special:
    """`$&` and its like."""

    sign: str


def _reference(replacement: str, dollar: int, groups: Groups) -> tuple[Any, int]:
    """Return what a dollar sign stands for, and where to read on; unknown groups stay as written."""
    following = replacement[dollar + 1 : dollar + 2]
    if following == "$":
        return "$", dollar + 2
    if following and following in "&`'+_":
        return _Special(following), dollar + 2
    start = dollar + 1 + (following == "{")
    end = start
    is_number = replacement[start : start + 1].isdigit() and replacement[start].isascii()
    while end < len(replacement) and (
        replacement[end] in "0123456789" if is_number else replacement[end].isalnum() or replacement[end] == "_"
    ):
        end += 1
    if following == "{" and replacement[end : end + 1] != "}":
        return "$", dollar + 1
    if following != "{" and not is_number:
        return "$", dollar + 1
    number = groups.number_of(replacement[start:end])
    if number is None:
        return "$", dollar + 1
    return number, end + (following == "{")


def _substituted(parts: list[Any], match: Any, units: str) -> str:
    return "".join([part if type(part) is str else _part(part, match, units) for part in parts])


def _part(part: Any, match: Any, units: str) -> str:
    if isinstance(part, int):
        return _group_text(match, part)
    match part.sign:
        case "&":
            return _group_text(match, 0)
        case "`":
            return units[: match.start()]
        case "'":
            return units[match.end() :]
        case "+":
            return _group_text(match, max((int(name[1:]) for name in match.re.groupindex), default=0))
        case _:
            return units


def _group_text(match: Any, number: int) -> str:
    found: str | None = match.group(python_name(number)) if number else match.group()
    return found or ""
