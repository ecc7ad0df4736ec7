"""The tree of an expression: immutable nodes, and how a tree prints.

Two trees are equal when they mean the same text; where a node stood (`column`) does not count. Every tree prints to
text that parses to an equal tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from typing import TypeAlias

from entra_sim.simulator.expressions.values import length

MAX_LENGTH = 10_000
"""Longest text of an expression, in UTF-16 code units. Source: ENG-090, ENG-460, expressions.md section 3, rule 9."""

MAX_DEPTH = 150
"""Deepest nesting of calls. Assumed: no limit is documented; at least 100 must work (section 3, rule 10)."""

COMPARISONS = ("=", "<>", ">", ">=", "<", "<=")
WORDS = ("vbTextCompare", "vbBinaryCompare", "IgnoreAttributeFlow", "IgnoreObjectFlow")


@dataclass(frozen=True, slots=True)
class Attribute:
    """`[name]`: a value of the source object."""

    name: str
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant.

    Args:
        text: unescaped text; of a number the characters as written.
        is_number: written bare, as a number.
    """

    text: str
    is_number: bool = False
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Word:
    """One of WORDS."""

    name: str
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function call; None stands for an argument left out."""

    name: str
    arguments: tuple[Node | None, ...] = ()
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left operator right`, found only as an argument."""

    operator: str
    left: Node
    right: Node
    column: int = field(default=1, compare=False)


Node: TypeAlias = Attribute | Constant | Word | Call | Comparison


def children(node: Node) -> tuple[Node, ...]:
    """Return the operands of a node in the order of the text; arguments left out are not there."""
    if isinstance(node, Call):
        return tuple(argument for argument in node.arguments if argument is not None)
    if isinstance(node, Comparison):
        return (node.left, node.right)
    return ()


def walk(root: Node) -> Iterator[Node]:
    """Yield every node, outermost first."""
    pending = [root]
    while pending:
        node = pending.pop()
        yield node
        if type(node) is Call or type(node) is Comparison:
            pending.extend(reversed(children(node)))


def depth(root: Node) -> int:
    """Return how many calls are nested at the deepest place, at most MAX_DEPTH + 1."""
    level: list[Node] = [root]
    for reached in range(MAX_DEPTH + 2):
        if not level:
            return reached
        level = [child for node in level for child in children(node)]
    return MAX_DEPTH + 1


def print_tree(root: Node) -> str:
    """Return text that parses to an equal tree.

    Arguments are joined by a comma and a blank, those left out are nothing (expressions.md section 8). Only if that
    would break the limit of MAX_LENGTH is it printed without blanks and with as few escapes as possible.
    """
    spaced = _printed(root, ", ", " ")
    return spaced if length(spaced) <= MAX_LENGTH else _printed(root, ",", "")


def _printed(node: Node, comma: str, blank: str) -> str:
    if isinstance(node, Attribute):
        return f"[{node.name}]"
    if isinstance(node, Constant):
        if node.is_number:
            return node.text
        return quoted(node.text) if blank else _shortest_quoted(node.text)
    if isinstance(node, Word):
        return node.name
    if isinstance(node, Comparison):
        left = _printed(node.left, comma, blank)
        return f"{left}{blank}{node.operator}{blank}{_printed(node.right, comma, blank)}"
    parts = ["" if argument is None else _printed(argument, comma, blank) for argument in node.arguments]
    if len(parts) == 1 and not parts[0]:
        return f"{node.name}()"
    return f"{node.name}({comma.join(parts)})"


def quoted(text: str) -> str:
    """Return the text as a constant in double quotation marks."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _shortest_quoted(text: str) -> str:
    return min((_sparingly_quoted(text, mark) for mark in "\"'"), key=len)


def _sparingly_quoted(text: str, mark: str) -> str:
    """Return the constant with a backslash doubled only where it would else be read as an escape."""
    parts = []
    for character, following in zip(text, (text + mark)[1:], strict=True):
        is_escaped = character == mark or (character == "\\" and following in ("\\", mark))
        parts.append(f"\\{character}" if is_escaped else character)
    return f"{mark}{''.join(parts)}{mark}"
