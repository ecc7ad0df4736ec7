"""A parsed expression: its tree, what it reads, and its closures, made once."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import Any

from entra_sim.simulator.expressions.binding import Binder
from entra_sim.simulator.expressions.binding import Closure
from entra_sim.simulator.expressions.binding_lazy import LAZY
from entra_sim.simulator.expressions.checks import check
from entra_sim.simulator.expressions.parser import parse_text
from entra_sim.simulator.expressions.tree import Attribute
from entra_sim.simulator.expressions.tree import Call
from entra_sim.simulator.expressions.tree import Node
from entra_sim.simulator.expressions.tree import print_tree
from entra_sim.simulator.expressions.tree import walk
from entra_sim.simulator.expressions.values import Site
from entra_sim.simulator.expressions.wording import names

SELECT_UNIQUE_VALUE = "SelectUniqueValue"

_NEEDS_NO_RUN = names(
    """
    Append BitAnd CBool Coalesce Count CStr IgnoreFlowIfNullOrEmpty IsNull IsNullOrEmpty IsPresent IsString Item
    Join Left Len Mid NormalizeDiacritics Not PCase RemoveDuplicates SingleAppRoleAssignment Split StripSpaces
    Switch ToLower ToUpper Word
    """
)
_FRESH = frozenset({"Now", "Guid", "RandomString", "DefaultDomain", "FormatDateTime", SELECT_UNIQUE_VALUE})


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """An expression that passed all checks. Two are equal when their trees are; `str()` prints text that parses to it.

    Args:
        root: the outermost node.
        text: what it was parsed from, as written; "" if it was built from a Graph tree.
    """

    root: Node
    text: str = ""
    closure: Closure = field(init=False, repr=False)
    candidates: tuple[Closure, ...] = field(init=False, repr=False)
    needs_run: bool = field(init=False, repr=False)
    attribute_name: str | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        root = self.root
        binder = Binder(LAZY)
        is_choice = isinstance(root, Call) and root.name == SELECT_UNIQUE_VALUE
        operands = root.arguments if isinstance(root, Call) and is_choice else ()
        # Frozen: these are derived from the tree, once.
        object.__setattr__(self, "candidates", tuple(binder.optional(operand) for operand in operands))
        object.__setattr__(self, "closure", _choice if is_choice else binder.bind(root))
        object.__setattr__(self, "needs_run", not self.functions_used <= _NEEDS_NO_RUN)
        object.__setattr__(self, "attribute_name", root.name if isinstance(root, Attribute) else None)

    @property
    def functions_used(self) -> frozenset[str]:
        """Return the names of all functions in the tree."""
        return frozenset(node.name for node in walk(self.root) if isinstance(node, Call))

    @property
    def source_attributes(self) -> frozenset[str]:
        """Return the names of all attributes that the expression may read."""
        return frozenset(node.name for node in walk(self.root) if isinstance(node, Attribute))

    @property
    def uses_redact(self) -> bool:
        """Return whether the log may have to hide the value."""
        return "Redact" in self.functions_used

    @property
    def is_constant(self) -> bool:
        """Return whether the value is the same for every object, at any time and in any tenant."""
        return not self.source_attributes and not self.functions_used & _FRESH

    @property
    def is_simple(self) -> bool:
        """Return whether it computes something, and from the attributes alone."""
        return self.attribute_name is None and not self.needs_run

    @property
    def asks_target(self) -> bool:
        """Return whether evaluating asks which texts the target has: SelectUniqueValue."""
        return bool(self.candidates)

    @property
    def switch_attribute(self) -> str | None:
        """Return the attribute that an outermost Switch looks at directly, None without one: ENG-093 is about it."""
        if isinstance(self.root, Call) and self.root.name == "Switch":
            source = self.root.arguments[0]
            return source.name if isinstance(source, Attribute) else None
        return None

    @property
    def site(self) -> Site:
        """Return the outermost call, for messages."""
        return Site(self.root.name if isinstance(self.root, Call) else "", self.root.column)

    def __eq__(self, other: object) -> bool:
        """Return whether both have equal trees: those that print alike."""
        return str(self) == str(other) if isinstance(other, Expression) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        """Return text that parses to an equal expression."""
        return print_tree(self.root)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the text; closures are made again."""
        return parse, (self.text or str(self),)


def _choice(attributes: Any, run: Any) -> Any:
    raise AssertionError("SelectUniqueValue is driven candidate by candidate")


def parse(text: str) -> Expression:
    """Return the expression of a text, checked and compiled.

    Raises:
        ExpressionError: ExpressionTooLong, ParseError, UnknownFunction or ArgumentError, with the column.
    """
    root = parse_text(text)
    check(root)
    return Expression(root, text)
