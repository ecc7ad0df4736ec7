"""Values of the expression language and how they turn into one another.

A value is None (missing), text, a number, a Boolean, an Instant, a list (tuple) or a flow marker. Constants written as
numbers are NumberText: text that IsString does not take for text. Everything here is told the `Site` of the call it
works for, so that a failure can point at it without any cost while nothing fails.

Source: expressions.md sections 2 and 5.
"""

from __future__ import annotations

import json
import math
import operator as operators
import re
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from entra_sim.simulator.errors import ExpressionError
from entra_sim.simulator.expressions.instant import Instant
from entra_sim.simulator.expressions.instant import instant_of
from entra_sim.simulator.expressions.wording import one_line

MAX_TEXT_LENGTH = 200_000
"""Longest text a function may build, in UTF-16 code units. Assumed: nested replacements could else grow without end."""

MAX_NUMBER_DIGITS = 64
"""Longest text that is read as a number. Assumed: longer ones are identifiers, not quantities."""

_BLANK = " \t\r\n\v\f"
_NUMBER = re.compile(rf"[{_BLANK}]*([+-]?)([0-9]+)?(?:\.([0-9]*))?[{_BLANK}]*")
_NUMBER_STARTS = frozenset("0123456789+-." + _BLANK)


MAX_SHOWN = 60
"""Longest value that a message quotes in full."""


class NumberText(str):
    """A number constant: behaves as the text it was written as. Source: expressions.md section 2, "typeless"."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class FlowMarker:
    """Says that the attribute, or the whole object, is left out of the operation. Source: expressions.md section 5.7.

    Args:
        scope: "attribute" or "object".
    """

    scope: str


IGNORE_ATTRIBUTE = FlowMarker("attribute")
IGNORE_OBJECT = FlowMarker("object")


@dataclass(frozen=True, slots=True)
class Site:
    """The call that is being evaluated, for messages.

    Args:
        function: name of the function, "" for a comparison.
        column: 1-based position in the text of the expression.
    """

    function: str
    column: int

    def failure(self, reason: str, code: str = "EvaluationError") -> ExpressionError:
        """Return the error to raise: `reason` is a clause without the function's name."""
        message = one_line(f"{self.function or 'comparison'}: {reason}")
        return ExpressionError(message, code=code, column=self.column, function=self.function)


NOWHERE = Site("", 1)


def shown(value: Any) -> str:
    """Return the value as a message shows it: short, on one line, in quotation marks."""
    if value is None:
        return "no value"
    if isinstance(value, tuple | list):
        return f"a list of {len(value)} values"
    text = text_of(value)
    if text is None:
        return "a flow marker"
    cut = text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 3]}..."
    return f'"{one_line(cut)}"'


def text_of(value: Any) -> str | None:
    """Return the text form of one value, None for no value, a flow marker or a list.

    Numbers print their digits, Booleans `True` and `False`, instants `M/d/yyyy h:mm:ss tt` in UTC, role assignments
    their JSON. Source: expressions.md section 2.
    """
    if isinstance(value, str):
        return value if type(value) is str else str.__str__(value)
    if value is None or isinstance(value, FlowMarker | tuple | list):
        return None
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, datetime):
        return str(instant_of(value))
    if isinstance(value, Mapping):
        return json.dumps(dict(value), ensure_ascii=False, separators=(",", ":"), default=str)
    return str(value)


def _float_text(value: float) -> str:
    if math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return repr(value).replace("e", "E") if math.isfinite(value) else str(value)


def is_list(value: Any) -> bool:
    """Return whether the value is a list."""
    return type(value) is tuple or type(value) is list or isinstance(value, tuple | list)


def is_blank(value: Any) -> bool:
    """Return whether the value is missing, the empty text or an empty list."""
    if value is None:
        return True
    return isinstance(value, str | tuple | list) and not value


def single(value: Any, site: Site) -> Any:
    """Return the value where one value is wanted: a list of one stands for its element, an empty list for no value.

    Raises:
        ExpressionError: a longer list, or a flow marker.
    """
    if isinstance(value, tuple | list):
        if len(value) > 1:
            raise site.failure(f"takes one value here, not a list of {len(value)}")
        return single(value[0], site) if value else None
    if type(value) is FlowMarker:
        raise marker_failure(site)
    return value


def marker_failure(site: Site) -> ExpressionError:
    """Return the error for a flow marker where a value is wanted."""
    return site.failure(
        "a flow marker is no value; it may only be the result, a branch of IIF, or a value or default of Switch"
    )


def text(value: Any, site: Site) -> str | None:
    """Return the text form of a single value, None for no value; errors as `single`."""
    if type(value) is str:
        return value
    return text_of(single(value, site))


def text_or_empty(value: Any, site: Site) -> str:
    """Return the text form of a single value, the empty text for no value; errors as `single`."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    if value is True or value is False:
        return "True" if value else "False"
    return text_of(single(value, site)) or ""


def elements(value: Any, site: Site) -> tuple[Any, ...]:
    """Return the value as a list: no value is the empty list, one value a list of one.

    Raises:
        ExpressionError: a flow marker.
    """
    if value is None:
        return ()
    if isinstance(value, tuple | list):
        return tuple(value)
    if type(value) is FlowMarker:
        raise marker_failure(site)
    return (value,)


def number_in(value: Any) -> int | Decimal | None:
    """Return the number a single value is or reads as, or None.

    Text reads as a number in the invariant culture: sign, digits, decimal point. Source: expressions.md section 5.3.
    """
    if isinstance(value, str):
        return _number_in_text(value)
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else None
    return value if isinstance(value, Decimal) and value.is_finite() else None


def _number_in_text(value: str) -> int | Decimal | None:
    if len(value) > MAX_NUMBER_DIGITS:
        return None
    match = _NUMBER.fullmatch(value)
    if match is None:
        return None
    sign, whole, fraction = match.groups()
    if not whole and not fraction:
        return None
    if fraction is None or not fraction.strip("0"):
        return int(sign + (whole or "0"))
    return Decimal(f"{sign}{whole or 0}.{fraction}")


def whole_number(value: Any, site: Site, what: str) -> int:
    """Return the integer for a number parameter, decimals cut toward zero.

    Raises:
        ExpressionError: missing, or not a number; `what` names the parameter.
    """
    number = number_in(single(value, site))
    if number is None:
        raise site.failure(f"{what} must be a number, not {shown(single(value, site))}")
    return number if type(number) is int else int(number)


def is_true(value: Any, site: Site) -> bool:
    """Return whether a condition holds: Boolean True, a number other than 0, or the text True in any case.

    Source: expressions.md section 5.4.
    """
    value = single(value, site)
    if value is True or value is False:
        return bool(value)
    number = number_in(value)
    if number is not None:
        return number != 0
    return isinstance(value, str) and value.lower() == "true"


def compare(operator: str, left: Any, right: Any, site: Site) -> bool:
    """Return the outcome of one of the six comparisons. Source: expressions.md section 5.4, rules 1 to 6."""
    if type(left) is not str:
        left = single(left, site)
    if type(right) is not str:
        right = single(right, site)
    if is_blank(left) or is_blank(right):
        return False
    order = _text_order(left, right) if type(left) is str and type(right) is str else _order(left, right)
    return _ORDERINGS[operator](order, 0)


def _text_order(left: str, right: str) -> int:
    """Return the order of two texts that are not empty, without a second look where they cannot be numbers."""
    if left == right:
        return 0
    if left[0] in _NUMBER_STARTS and right[0] in _NUMBER_STARTS:
        return _order(left, right)
    return 1 if code_units(left) > code_units(right) else -1


def _order(left: Any, right: Any) -> int:
    """Return a number below, at or above zero, as left sorts before, with or after right."""
    first_instant, second_instant = as_instant(left), as_instant(right)
    if first_instant is not None and second_instant is not None:
        return first_instant.ticks - second_instant.ticks
    first_number, second_number = number_in(left), number_in(right)
    if first_number is not None and second_number is not None:
        return (first_number > second_number) - (first_number < second_number)
    first, second = text_of(left) or "", text_of(right) or ""
    if isinstance(left, bool) or isinstance(right, bool):
        first, second = first.lower(), second.lower()
    if first == second:
        return 0
    return 1 if code_units(first) > code_units(second) else -1


_ORDERINGS: dict[str, Callable[[int, int], bool]] = {
    "=": operators.eq,
    "<>": operators.ne,
    ">": operators.gt,
    ">=": operators.ge,
    "<": operators.lt,
    "<=": operators.le,
}


def as_instant(value: Any) -> Instant | None:
    """Return the instant a value is; texts are not looked into."""
    if isinstance(value, Instant):
        return value
    return instant_of(value) if isinstance(value, datetime) else None


def code_units(value: str) -> bytes:
    """Return the UTF-16 code units in an order that bytes compare in."""
    return value.encode("utf-16-be", "surrogatepass")


def is_wide(value: str) -> bool:
    """Return whether the text has characters that count as two."""
    return not value.isascii() and max(value) > "\uffff"


def split_pairs(value: str) -> str:
    """Return the text with each wide character as its two surrogates, so that positions count UTF-16 code units."""
    if not is_wide(value):
        return value
    data = value.encode("utf-16-le", "surrogatepass")
    return "".join(chr(data[index] | data[index + 1] << 8) for index in range(0, len(data), 2))


def join_pairs(value: str) -> str:
    """Return the text with surrogate pairs as characters again; a lone half stays."""
    if value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value):
        return value
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def length(value: str) -> int:
    """Return the number of UTF-16 code units. Assumed: .NET strings, expressions.md section 2."""
    return len(value) if not is_wide(value) else len(value.encode("utf-16-le", "surrogatepass")) // 2


def well_formed(value: str) -> str:
    """Return the text with pairs joined and lone surrogates as U+FFFD, as .NET writes them to UTF-8."""
    if value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value):
        return value
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def limited(value: str, site: Site) -> str:
    """Return the text, if it is not longer than a function may build.

    Raises:
        ExpressionError: it is.
    """
    if len(value) > MAX_TEXT_LENGTH:
        raise site.failure(f"the result is longer than {MAX_TEXT_LENGTH:,} characters")
    return value
