"""Numbers and names of the capturing groups of a .NET pattern.

.NET numbers unnamed groups first, from left to right, then the named ones; a name used twice is one group, and a group
may be named by its number. Source: expressions.md section 10.2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Groups:
    """The capturing groups of a pattern.

    Args:
        numbers: every number in use, without 0.
        names: name → number, of the named groups.
    """

    numbers: frozenset[int]
    names: dict[str, int]

    @property
    def last(self) -> int:
        """Return the highest number, 0 if there is no group."""
        return max(self.numbers, default=0)

    def number_of(self, name: str) -> int | None:
        """Return the number of a group given by name or number, None if there is none."""
        if name in self.names:
            return self.names[name]
        if name.isascii() and name.isdigit() and len(name) < 11:
            number = int(name)
            return number if number == 0 or number in self.numbers else None
        return None


def number_groups(unnamed_count: int, numbered: Iterable[int], named: Iterable[str]) -> Groups:
    """Return the groups, named ones in the order of their first appearance in the free numbers after the unnamed."""
    numbers = {*range(1, unnamed_count + 1), *numbered}
    names: dict[str, int] = {}
    following = unnamed_count + 1
    for name in named:
        if name not in names:
            while following in numbers:
                following += 1
            names[name] = following
            numbers.add(following)
    return Groups(frozenset(numbers), names)
