"""How a function is described: its parameters, meaning and an example that tests run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function.

    Args:
        name: as the function page writes it.
        key: as attributeMappingSource.parameters writes it (expressions.md section 8); "" for the same as `name`.
        type: String, Integer, Boolean, DateTime or Any.
        required: may not be left out.
        repeated: any number of arguments take this parameter.
    """

    name: str
    key: str = ""
    type: str = "String"
    required: bool = True
    repeated: bool = False

    @property
    def graph_key(self) -> str:
        """Return the key in the Graph form."""
        return self.key or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionDescription:
    """One function of the language.

    Args:
        name: case-sensitive.
        parameters: in order.
        meaning: what it gives, one or two sentences.
        example: an expression.
        example_value: the text form of what the example gives, None for no value, a tuple for a list; a text that
            starts with "~" is a regular expression for results that differ each time.
        example_attributes: source attributes of the example.
        least: fewest arguments, if it is not the number of required parameters.
    """

    name: str
    parameters: tuple[Parameter, ...] = ()
    meaning: str
    example: str
    example_value: str | tuple[str, ...] | None
    example_attributes: Mapping[str, Any] = field(default_factory=dict)
    least: int | None = None

    @property
    def signature(self) -> str:
        """Return `name(required, [optional], repeated...)`."""
        return f"{self.name}({', '.join(_parameter_text(parameter) for parameter in self.parameters)})"

    @property
    def minimum_count(self) -> int:
        """Return the fewest arguments a call can have."""
        return sum(parameter.required for parameter in self.parameters) if self.least is None else self.least

    @property
    def maximum_count(self) -> int | None:
        """Return the most arguments a call can have, None without a limit."""
        return None if any(parameter.repeated for parameter in self.parameters) else len(self.parameters)

    def parameters_for(self, count: int) -> tuple[Parameter, ...]:
        """Return the parameter that each of `count` arguments fills.

        A repeated parameter fills what the others leave. An optional one before a required one is skipped when there
        are only as many arguments as required ones: the old FormatDateTime with three.
        """
        if self.maximum_count is None:
            return self._spread(count)
        if count < len(self.parameters) and not self.parameters[-1].required:
            return self.parameters[:count]
        required = tuple(parameter for parameter in self.parameters if parameter.required)
        return required if count == len(required) else self.parameters[:count]

    def _spread(self, count: int) -> tuple[Parameter, ...]:
        place = next(index for index, parameter in enumerate(self.parameters) if parameter.repeated)
        before, after = self.parameters[:place], self.parameters[place + 1 :]
        if count <= len(before) + len(after):
            after = ()
        middle = (self.parameters[place],) * max(0, count - len(before) - len(after))
        return (*before, *middle, *after)[:count]

    def may_leave_out(self, index: int, count: int) -> bool:
        """Return whether argument `index` of `count` can be left empty between commas."""
        return not self.parameters_for(count)[index].required


def _parameter_text(parameter: Parameter) -> str:
    if parameter.repeated:
        return f"{parameter.name}..."
    return parameter.name if parameter.required else f"[{parameter.name}]"
