"""What the mapping wants written at the target: values for a create, changes for an update."""

from __future__ import annotations

from typing import Any
from typing import Literal
from typing import NamedTuple

ChangeOperation = Literal["Add", "Replace", "Remove"]


class AttributeChange(NamedTuple):
    """One attribute that differs between mapping and target. A tuple: a cycle makes many.

    Args:
        target_path: the mapping's target expression, for example `emails[type eq "work"].value`.
        operation: Add when the target shows no value, Replace when it shows another one.
        old_value: what the target held, or None.
        new_value: as the mapping produced it: mostly a text, "True" or "False" for a boolean; app roles as a mapping
            or a list of mappings with id, value, displayName (or their JSON texts).
        type: the target attribute's type: String, Boolean, Integer, DateTime, Reference, Binary or Complex.
        lower_case_op: the whole set is written with a lower-case verb in both dialects; this marks the assertive role
            mapping, the only one that is.

    Source: ENG-154, WIRE-062, WIRE-122.
    """

    target_path: str
    operation: ChangeOperation
    old_value: Any
    new_value: Any
    type: str = "String"
    lower_case_op: bool = False


class TargetValue(NamedTuple):
    """One mapped value of an object that is to be created. A tuple: a cycle makes many.

    Args:
        target_path: the mapping's target expression.
        value: as the mapping produced it, see AttributeChange.new_value.
        type: String, Boolean, Integer, DateTime, Reference, Binary or Complex.
        multi_valued: the target attribute holds a list.
    """

    target_path: str
    value: Any
    type: str = "String"
    multi_valued: bool = False
