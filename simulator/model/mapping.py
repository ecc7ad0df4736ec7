"""Object mappings, attribute mappings and scoping filters, read from the Graph `synchronizationSchema`.

The JSON document is the truth and is kept as it came, so that it comes back out equal; these values are its readings.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from entra_sim.simulator.errors import UserInputError

USER = "User"
GROUP = "Group"
_FLOW_TYPES = frozenset({"Add", "Update", "Delete", "None", ""})
ENTERPRISE_USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


class FlowType(StrEnum):
    """When a mapping is applied. Source: ENG-073."""

    ALWAYS = "Always"
    OBJECT_ADD_ONLY = "ObjectAddOnly"
    MULTI_VALUE_ADD_ONLY = "MultiValueAddOnly"
    VALUE_ADD_ONLY = "ValueAddOnly"
    ATTRIBUTE_ADD_ONLY = "AttributeAddOnly"


class FlowBehavior(StrEnum):
    """Whether an equal value is sent again. Source: ENG-074."""

    WHEN_CHANGED = "FlowWhenChanged"
    ALWAYS = "FlowAlways"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeDefinition:
    """One attribute of the target's attribute list. Source: ENG-079."""

    name: str
    type: str = "String"
    is_anchor: bool = False
    is_required: bool = False
    is_multivalued: bool = False
    is_case_exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeMapping:
    """One row of an object mapping.

    `source_expression` is None for the mapping type None; `source_type` is Attribute, Constant, Function or "".
    Source: ENG-070.
    """

    target_attribute_name: str
    source_expression: str | None
    source_type: str
    source_name: str
    default_value: str | None
    matching_priority: int
    flow_type: FlowType
    flow_behavior: FlowBehavior
    definition: AttributeDefinition

    @property
    def is_reference(self) -> bool:
        """Return whether the row is written in the reference pass (manager, members). Source: ENG-220."""
        return self.definition.type == "Reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopingClause:
    """`<source attribute> <operator> <values>`. Source: ENG-041."""

    source_operand_name: str
    operator_name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopingFilter:
    """A titled group of clauses that must all hold. Source: ENG-040."""

    name: str
    clauses: tuple[ScopingClause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectMapping:
    """User ↔ User or Group ↔ Group: rows, filters, target object actions. Source: ENG-100, ENG-110."""

    name: str
    is_enabled: bool
    object_type: str
    source_object_name: str
    target_object_name: str
    creates: bool
    updates: bool
    deletes: bool
    attribute_mappings: tuple[AttributeMapping, ...]
    scoping_filters: tuple[ScopingFilter, ...]
    input_filters: tuple[ScopingFilter, ...]

    @property
    def matching(self) -> tuple[AttributeMapping, ...]:
        """Return the matching rows, precedence 1 first. Source: ENG-077."""
        rows = [row for row in self.attribute_mappings if row.matching_priority > 0]
        return tuple(sorted(rows, key=lambda row: row.matching_priority))


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSchema:
    """The readings of one synchronizationSchema."""

    rule_id: str
    source_system_id: str
    source_system_name: str
    target_system_id: str
    target_system_name: str
    user: ObjectMapping
    group: ObjectMapping

    def mapping(self, object_type: str) -> ObjectMapping:
        """Return the object mapping of "User" or "Group"."""
        return self.user if object_type == USER else self.group


def read_schema(document: Mapping[str, Any], where: str = "schema") -> JobSchema:
    """Return the readings of a Graph synchronizationSchema.

    Raises:
        UserInputError: the document does not have the shape, a target is mapped twice, `id` is a target, no row
            matches, or two rows share a precedence (ENG-076, ENG-077); the message says where.
    """
    rule = _only(document, "synchronizationRules", where)
    directories = {str(entry.get("name")): entry for entry in _list(document, "directories", where)}
    source = directories.get(str(rule.get("sourceDirectoryName")), {})
    target = directories.get(str(rule.get("targetDirectoryName")), {})
    definitions = {
        str(item.get("name")): {str(a["name"]): _definition(a) for a in item.get("attributes", [])}
        for item in target.get("objects", [])
    }
    found: dict[str, ObjectMapping] = {}
    for index, item in enumerate(_list(rule, "objectMappings", where)):
        place = f"{where}: objectMappings[{index}] ({item.get('name')})"
        mapping = _object_mapping(item, definitions, place)
        found.setdefault(mapping.object_type, mapping)
    if USER not in found:
        raise UserInputError(f"{where}: there is no object mapping from User; add one (ENG-088)")
    if not found[USER].is_enabled:
        raise UserInputError(f"{where}: the user mapping cannot be disabled; set its 'enabled' to true (ENG-088)")
    return JobSchema(
        rule_id=str(rule.get("id", "")),
        source_system_id=str(source.get("id", "")),
        source_system_name=str(rule.get("sourceDirectoryName", "")),
        target_system_id=str(target.get("id", "")),
        target_system_name=str(rule.get("targetDirectoryName", "")),
        user=found[USER],
        group=found.get(GROUP, _absent_group_mapping()),
    )


def _absent_group_mapping() -> ObjectMapping:
    return ObjectMapping(
        name="",
        is_enabled=False,
        object_type=GROUP,
        source_object_name=GROUP,
        target_object_name="",
        creates=False,
        updates=False,
        deletes=False,
        attribute_mappings=(),
        scoping_filters=(),
        input_filters=(),
    )


def _object_mapping(
    item: Mapping[str, Any], definitions: Mapping[str, Mapping[str, AttributeDefinition]], place: str
) -> ObjectMapping:
    target_name = str(item.get("targetObjectName", ""))
    known = definitions.get(target_name, {})
    rows = tuple(_row(row, known, f"{place}.attributeMappings[{n}]") for n, row in enumerate(item["attributeMappings"]))
    actions = _flow_types(item.get("flowTypes", ""), place)
    scope = item.get("scope") or {}
    mapping = ObjectMapping(
        name=str(item.get("name", "")),
        is_enabled=bool(item.get("enabled", True)),
        object_type=GROUP if str(item.get("sourceObjectName")) == GROUP else USER,
        source_object_name=str(item.get("sourceObjectName", "")),
        target_object_name=target_name,
        creates="Add" in actions,
        updates="Update" in actions,
        deletes="Delete" in actions,
        attribute_mappings=rows,
        scoping_filters=_filters(scope.get("groups") or []),
        input_filters=_filters(scope.get("inputFilterGroups") or []),
    )
    _check_rows(mapping, place)
    return mapping


def _check_rows(mapping: ObjectMapping, place: str) -> None:
    seen: set[str] = set()
    for row in mapping.attribute_mappings:
        name = row.target_attribute_name
        if name.casefold() in seen:  # to a target, names that differ by case are one (SRV-032)
            raise UserInputError(f"{place}: '{name}' is mapped twice; a target attribute can be mapped once (ENG-076)")
        if name == "id":
            raise UserInputError(f"{place}: 'id' is the target's own key and cannot be mapped (ENG-076)")
        if row.matching_priority < 0:
            raise UserInputError(
                f"{place}: '{name}' has the matching precedence {row.matching_priority}; "
                "1 is the first, 0 means none (ENG-077)"
            )
        seen.add(name.casefold())
    priorities = [row.matching_priority for row in mapping.matching]
    if not priorities:
        raise UserInputError(
            f"{place}: no attribute matches objects; give one row a matching precedence of 1 (ENG-077)"
        )
    if len(set(priorities)) != len(priorities):
        raise UserInputError(f"{place}: two rows share a matching precedence; each needs its own (ENG-077)")


def _row(row: Mapping[str, Any], known: Mapping[str, AttributeDefinition], place: str) -> AttributeMapping:
    try:
        name = str(row["targetAttributeName"])
        source = row.get("source") or {}
        return AttributeMapping(
            target_attribute_name=name,
            source_expression=_expression(source),
            source_type=str(source.get("type", "")),
            source_name=str(source.get("name") or ""),
            default_value=None if row.get("defaultValue") in (None, "") else str(row["defaultValue"]),
            matching_priority=int(row.get("matchingPriority") or 0),
            flow_type=FlowType(str(row.get("flowType") or "Always")),
            flow_behavior=FlowBehavior(str(row.get("flowBehavior") or "FlowWhenChanged")),
            definition=known.get(name) or _guessed_definition(name),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UserInputError(f"{place}: not an attribute mapping: {error}") from error


def _expression(source: Mapping[str, Any]) -> str | None:
    text = source.get("expression")
    if text:
        return str(text)
    if not source.get("name"):
        return None
    if source.get("type") == "Constant":
        escaped = str(source["name"]).replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return f"[{source['name']}]"


def _guessed_definition(name: str) -> AttributeDefinition:
    """Return what a target attribute is when the attribute list lacks it. Assumed: the list's own naming pattern."""
    is_reference = name == "members" or name.endswith(":manager") or name == "manager"
    kind = "Reference" if is_reference else "Boolean" if name == "active" else "String"
    return AttributeDefinition(
        name=name, type=kind, is_multivalued=name in {"members", "roles"}, is_case_exact=name in {"externalId", "id"}
    )


def _definition(item: Mapping[str, Any]) -> AttributeDefinition:
    """Return an attribute of the list as the document has it. Source: ENG-079."""
    return AttributeDefinition(
        name=str(item["name"]),
        type=str(item.get("type", "String")),
        is_anchor=bool(item.get("anchor", False)),
        is_required=bool(item.get("required", False)) and not item.get("anchor", False),
        is_multivalued=bool(item.get("multivalued", False)),
        is_case_exact=bool(item.get("caseExact", False)),
    )


def _filters(groups: Sequence[Mapping[str, Any]]) -> tuple[ScopingFilter, ...]:
    return tuple(
        ScopingFilter(
            name=str(group.get("name") or ""),
            clauses=tuple(
                ScopingClause(
                    source_operand_name=str(clause.get("sourceOperandName", "")),
                    operator_name=str(clause.get("operatorName", "")),
                    values=tuple(str(value) for value in (clause.get("targetOperand") or {}).get("values") or ()),
                )
                for clause in group.get("clauses") or ()
            ),
        )
        for group in groups
    )


def _flow_types(value: Any, place: str) -> frozenset[str]:
    words = frozenset(str(word).strip() for word in (value if isinstance(value, list) else str(value).split(",")))
    unknown = sorted(words - _FLOW_TYPES)
    if unknown:
        raise UserInputError(f"{place}: flowTypes has '{unknown[0]}'; it can hold Add, Update and Delete (ENG-110)")
    return words


def _list(document: Mapping[str, Any], key: str, where: str) -> list[Mapping[str, Any]]:
    value = document.get(key)
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise UserInputError(f"{where}: '{key}' must be a list of objects; is this a synchronizationSchema?")
    return value


def _only(document: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    items = _list(document, key, where)
    if not items:
        raise UserInputError(f"{where}: '{key}' is empty; a job needs one rule")
    return min(items, key=lambda item: int(item.get("priority") or 0))
