"""A filter tree as SQL over the tables of the store, so that a look-up costs the same at 10 and at 100,000 people.

Every condition is about one row `r` of `resource`. What clients look up has a column or a table with an index (id,
name_key, external_id, display_key, manager_id, email, member); the other attributes of the schemas are read from the
stored JSON; attributes that no schema knows have no type, so the function `scim_matches` decides about them row by row.
Values travel as parameters, never in the text.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from entra_sim.mock_tapt import filters
from entra_sim.mock_tapt.filters import And
from entra_sim.mock_tapt.filters import Compare
from entra_sim.mock_tapt.filters import Filter
from entra_sim.mock_tapt.filters import Not
from entra_sim.mock_tapt.filters import Or
from entra_sim.mock_tapt.filters import Present
from entra_sim.mock_tapt.filters import ValuePath
from entra_sim.mock_tapt.schema import Attribute
from entra_sim.mock_tapt.schema import AttributePath
from entra_sim.mock_tapt.schema import ResourceType

_SIGNS = {"eq": "=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_META = {"created": "r.created_at", "lastmodified": "r.modified_at", "resourcetype": "r.type"}


class Condition:
    """A piece of SQL and its parameters."""

    __slots__ = ("parameters", "sql")

    def __init__(self, sql: str, parameters: tuple[Any, ...] = ()) -> None:
        self.sql = sql
        self.parameters = parameters


TRUE = Condition("1")
FALSE = Condition("0")


class FilterCompiler:
    """Compiles filters for one kind of resource.

    Args:
        remember: keeps a subtree for the SQL function `scim_matches` and returns its handle.
    """

    def __init__(self, kind: ResourceType, remember: Callable[[Filter], int]) -> None:
        self.kind = kind
        self.remember = remember

    def compile(self, tree: Filter) -> Condition:
        """Return the condition that holds for exactly the rows the filter selects."""
        if isinstance(tree, And):
            return _joined(" AND ", [self.compile(part) for part in tree.parts])
        if isinstance(tree, Or):
            return _joined(" OR ", [self.compile(part) for part in tree.parts])
        if isinstance(tree, Not):
            inner = self.compile(tree.part)
            return Condition("".join(["NOT coalesce(", inner.sql, ", 0)"]), inner.parameters)
        path = tree.path
        if path.schema is None and path.name in ("members", "groups") and path.attribute is not None:
            return self._membership(tree)
        if isinstance(tree, ValuePath):
            return self._entries(tree)
        special = self._column(tree)
        if special is not None:
            return special
        attribute = path.attribute
        if attribute is None or (path.sub and path.sub_attribute is None) or path.name in ("schemas", "meta"):
            return self._in_python(tree)
        if attribute.multi_valued:
            return self._entry_comparison(tree)
        return self._scalar(tree)

    def _in_python(self, tree: Filter) -> Condition:
        return Condition("scim_matches(?, r.seq, r.body)", (self.remember(tree),))

    def _column(self, tree: Compare | Present) -> Condition | None:
        """Return the condition on a column of its own, for what has one."""
        path = tree.path
        name = path.name.lower()
        if path.schema is None:
            if name == "id" and path.sub is None:
                return value_condition(tree, "r.id", path.leaf)
            if name == "externalid" and path.sub is None:
                return value_condition(tree, "r.external_id", path.leaf)
            if name == self.kind.name_attribute.lower() and path.sub is None:
                return value_condition(tree, "r.name_key", path.leaf, folded=True)
            if name == "displayname" and path.sub is None:
                return value_condition(tree, "r.display_key", path.leaf, folded=True)
            if name == "meta" and (path.sub or "").lower() in _META:
                return value_condition(tree, _META[(path.sub or "").lower()], path.leaf)
            return None
        is_manager = name == "manager" and path.attribute is not None and path.sub in (None, "value")
        if is_manager and isinstance(tree, Compare):
            return value_condition(tree, "r.manager_id", filters.compared_attribute(path))
        return None

    def _json_path(self, path: AttributePath, *, whole: bool = False) -> str:
        parts = ["$"]
        if path.schema is not None:
            parts.append(f".{json.dumps(path.schema)}")
        parts.append(f'."{path.name}"')
        sub = path.sub
        if sub is None and not whole and path.attribute is not None and path.attribute.has_value_sub:
            sub = "value"
        if sub is not None:
            parts.append(f'."{sub}"')
        return "".join(parts)

    def _scalar(self, tree: Compare | Present) -> Condition:
        if isinstance(tree, Present):
            path = self._json_path(tree.path, whole=True)
            return Condition("coalesce(json_extract(r.body, ?), '') NOT IN ('', '{}', '[]')", (path,))
        condition = value_condition(tree, "json_extract(r.body, ?)", filters.compared_attribute(tree.path))
        count = condition.sql.count("json_extract(r.body, ?)")
        path = self._json_path(tree.path)
        return Condition(condition.sql, (path,) * count + condition.parameters) if count < 2 else self._in_python(tree)

    def _entry_comparison(self, tree: Compare | Present) -> Condition:
        """Return the condition on a list: some entry satisfies it."""
        path = tree.path
        list_path = self._json_path(AttributePath(schema=path.schema, name=path.name))
        attribute = path.attribute
        assert attribute is not None
        inner_path = AttributePath(
            schema=None, name=path.sub or "value", attribute=path.sub_attribute or attribute.subs.get("value")
        )
        if isinstance(tree, Present):
            if path.sub is None:
                return Condition("json_array_length(r.body, ?) > 0", (list_path,))
            inner: Filter = Present(inner_path)
        else:
            inner = Compare(inner_path, tree.operator, tree.value)
        some = self._exists(list_path, path, inner)
        if isinstance(tree, Compare) and tree.value is None:
            present = self._exists(list_path, path, Present(inner_path))
            return present if tree.operator == "ne" else Condition("".join(["NOT ", present.sql]), present.parameters)
        if isinstance(tree, Compare) and tree.operator == "ne":
            present = self._exists(list_path, path, Present(inner_path))
            return _joined(" OR ", [some, Condition("".join(["NOT ", present.sql]), present.parameters)])
        return some

    def _entries(self, tree: ValuePath) -> Condition:
        path, attribute = tree.path, tree.path.attribute
        if attribute is None or not attribute.multi_valued or not attribute.is_complex:
            return self._in_python(tree)
        list_path = self._json_path(AttributePath(schema=path.schema, name=path.name))
        inner = tree.inner if tree.tail is None else And((tree.inner, tree.tail))
        return self._exists(list_path, path, inner)

    def _exists(self, list_path: str, path: AttributePath, inner: Filter) -> Condition:
        condition = _entry_condition(inner, self._in_entry)
        sql = "".join(["EXISTS (SELECT 1 FROM json_each(r.body, ?) e WHERE ", condition.sql, ")"])
        found = Condition(sql, (list_path, *condition.parameters))
        key = _email_key(path, inner)
        if key is not None:  # an index narrows the search before the entries are looked at
            narrowed = Condition("r.seq IN (SELECT seq FROM email WHERE key = ?)", (key,))
            return _joined(" AND ", [narrowed, found])
        return found

    def _in_entry(self, tree: Filter) -> Condition:
        return Condition("scim_entry_matches(?, e.value)", (self.remember(tree),))

    def _membership(self, tree: Compare | Present | ValuePath) -> Condition:
        """Return the condition on members of a group, or on groups of a user: both live in the table `member`."""
        of_group = tree.path.name == "members"
        source = (
            "member m WHERE m.group_seq = r.seq"
            if of_group
            else "member m JOIN resource g ON g.seq = m.group_seq WHERE m.member_id = r.id"
        )
        value = "m.member_id" if of_group else "g.id"

        def leaf(part: Filter) -> Condition:
            if isinstance(part, Compare | Present) and part.path.name == "value":
                return value_condition(part, value, part.path.attribute)
            if isinstance(part, Compare | Present) and not of_group and part.path.name == "display":
                return value_condition(part, "g.name_key", part.path.attribute, folded=True)
            entry = "m.body" if of_group else "json_object('value', g.id, 'type', 'direct')"
            return Condition("".join(["scim_entry_matches(?, ", entry, ")"]), (self.remember(part),))

        if isinstance(tree, ValuePath):
            inner = tree.inner if tree.tail is None else And((tree.inner, tree.tail))
            condition = _entry_condition(inner, leaf)
            return _some(source, condition, value, inner, of_group=of_group)
        sub = tree.path.sub or "value"
        attribute = tree.path.attribute
        assert attribute is not None
        inner_path = AttributePath(schema=None, name=sub, attribute=attribute.subs.get(sub.lower()))
        present = _some(source, leaf(Present(inner_path)), value, Present(inner_path), of_group=of_group)
        absent = Condition("".join(["NOT ", present.sql]), present.parameters)
        if isinstance(tree, Present):
            return present
        if tree.value is None:
            return present if tree.operator == "ne" else absent
        inner = Compare(inner_path, tree.operator, tree.value)
        some = _some(source, leaf(inner), value, inner, of_group=of_group)
        return _joined(" OR ", [some, absent]) if tree.operator == "ne" else some


def _some(source: str, condition: Condition, value: str, inner: Filter, *, of_group: bool) -> Condition:
    """Return that some row of the membership satisfies the condition; by the index on member ids where it can."""
    exists = Condition("".join(["EXISTS (SELECT 1 FROM ", source, " AND (", condition.sql, "))"]), condition.parameters)
    wanted = _equal_value(inner)
    if of_group and wanted is not None:
        narrowed = Condition("r.seq IN (SELECT group_seq FROM member WHERE member_id = ?)", (wanted,))
        return _joined(" AND ", [narrowed, exists])
    return exists


def _equal_value(inner: Filter) -> str | None:
    if isinstance(inner, And):
        return next((found for part in inner.parts if (found := _equal_value(part)) is not None), None)
    if isinstance(inner, Compare) and inner.operator == "eq" and inner.path.name == "value":
        return inner.value if isinstance(inner.value, str) else None
    return None


def _email_key(path: AttributePath, inner: Filter) -> str | None:
    wanted = _equal_value(inner) if path.schema is None and path.name == "emails" else None
    return wanted.casefold() if wanted is not None else None


def _entry_condition(tree: Filter, leaf: Callable[[Filter], Condition]) -> Condition:
    if isinstance(tree, And):
        return _joined(" AND ", [_entry_condition(part, leaf) for part in tree.parts])
    if isinstance(tree, Or):
        return _joined(" OR ", [_entry_condition(part, leaf) for part in tree.parts])
    if isinstance(tree, Not):
        inner = _entry_condition(tree.part, leaf)
        return Condition("".join(["NOT coalesce(", inner.sql, ", 0)"]), inner.parameters)
    return leaf(tree)


def value_condition(
    tree: Compare | Present, expression: str, definition: Attribute | None, *, folded: bool = False
) -> Condition:
    """Return the condition on one SQL expression that holds a single value.

    Args:
        folded: the expression is stored without case already.
    """
    present = "".join(["coalesce(", expression, ", '') <> ''"])
    if isinstance(tree, Present):
        return Condition(present)
    if tree.value is None:
        return Condition(present if tree.operator == "ne" else "".join(["NOT (", present, ")"]))
    value = tree.value
    if definition is not None and definition.type == "boolean":
        sign = "IS" if tree.operator == "eq" else "IS NOT"
        return Condition(" ".join([expression, sign, "?"]), (int(bool(value)),))
    ignores_case = definition is None or not definition.case_exact
    if isinstance(value, str) and ignores_case and definition is not None and definition.type != "dateTime":
        value = value.casefold()
        if not folded:
            expression = "".join(["scim_fold(", expression, ")"])
    if tree.operator == "ne":
        return Condition("".join([expression, " IS NOT ?"]), (value,))
    if tree.operator in _SIGNS:
        return Condition(" ".join([expression, _SIGNS[tree.operator], "?"]), (value,))
    function = {"co": "scim_co", "sw": "scim_sw", "ew": "scim_ew"}[tree.operator]
    return Condition("".join([function, "(", expression, ", ?)"]), (value,))


def _joined(word: str, parts: list[Condition]) -> Condition:
    sql = word.join(part.sql for part in parts)
    return Condition("".join(["(", sql, ")"]), tuple(p for part in parts for p in part.parameters))
