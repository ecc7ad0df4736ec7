"""Known traps in a job schema, each with its rule and its remedy.

The document alone shows most of them; with a directory the findings say whom they hit, and expressions are tried on
everybody. The engine's own readings, filters and expressions are used.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from entra_sim.simulator.engine.mapping import CompiledMapping
from entra_sim.simulator.engine.mapping import CompiledRow
from entra_sim.simulator.engine.scoping import canonical_operator
from entra_sim.simulator.model.attributes import SourceObjectType
from entra_sim.simulator.model.attributes import source_attribute
from entra_sim.simulator.model.mapping import FlowType
from entra_sim.simulator.planning.cycle import Compiled
from entra_sim.simulator.planning.files import check_schema
from entra_sim.simulator.planning.lint_people import PeopleFindings
from entra_sim.simulator.planning.model import Finding
from entra_sim.simulator.planning.model import JobSettings
from entra_sim.simulator.tenants import DirectoryImage

ALWAYS_THERE = {
    "User": frozenset({"userPrincipalName", "objectId", "displayName", "mailNickname", "accountEnabled"}),
    "Group": frozenset({"objectId", "displayName", "securityEnabled", "mailNickname", "mailEnabled"}),
}
"""Attributes that every object of the directory has. Source: ENG-003, ENG-004."""

_ALWAYS_COMPUTED = frozenset({"IsSoftDeleted", "originalUserPrincipalName"})
_NULL_BLIND = frozenset({"NOT EQUALS", "NOT REGEX MATCH", "!&", "IS FALSE"})
_MULTI_VALUED = frozenset({"emails", "phonenumbers", "addresses", "roles", "ims", "photos", "entitlements", "members"})


def lint_schema(
    document: Mapping[str, Any],
    image: DirectoryImage | None = None,
    config: JobSettings | None = None,
    *,
    tries_expressions: bool = True,
) -> tuple[Finding, ...]:
    """Return the traps of a schema, in the order of its mappings.

    Args:
        document: a synchronizationSchema.
        image: the directory; with it, findings name those in scope whom they hit, and expressions are tried on them.
        config: scope and assignments; without it everybody of the image counts, and the scope is not judged.
        tries_expressions: whether every row is evaluated for everybody, which takes time in a large directory.
    Raises:
        UserInputError: the document cannot be used at all.
    """
    check_schema(document, "schema")
    compiled = Compiled(document)
    people = None if image is None else PeopleFindings(document, compiled, image, config, tries_expressions)
    findings: list[Finding] = []
    for mapping in (compiled.user, compiled.group):
        if not mapping.mapping.is_enabled:
            continue
        for rule in _RULES:
            findings += rule(mapping, config)
        if people is not None:
            findings = sharpened(findings, people.findings(mapping), mapping.mapping.name)
    return tuple(findings)


def sharpened(findings: list[Finding], seen: Sequence[Finding], name: str) -> list[Finding]:
    """Return the findings with those that a directory proves in place of what might be, for one object mapping."""
    provable = {"match-missing", "null-blind-clause", "required-empty"}
    kept = [item for item in findings if not (item.id in provable and item.place.startswith(name))]
    return [*kept, *seen]


def _place(mapping: CompiledMapping, item: CompiledRow | None = None) -> str:
    name = mapping.mapping.name
    return name if item is None else f"{name}: {item.row.target_attribute_name}"


def _active(mapping: CompiledMapping, _config: JobSettings | None) -> Iterator[Finding]:
    """A user who leaves is disabled only when a row says so. Source: ENG-186, ENG-192."""
    if mapping.object_type != "User":
        return
    row = next((item for item in mapping.rows if item.path.name == "active" and not item.path.is_in_extension), None)
    remedy = 'Map active from Switch([IsSoftDeleted], , "False", "True", "True", "False").'
    if row is None or row.row.source_expression is None:
        text = "'active' is not mapped: nobody is ever disabled at the target."
        yield Finding(id="active-missing", rule="ENG-192", place=_place(mapping), text=text, remedy=remedy)
        return
    read = _reads(row)
    if "IsSoftDeleted" in read:
        return
    if "accountEnabled" in read:
        text = (
            "'active' follows accountEnabled alone: who is unassigned, filtered out or deleted stays active "
            "at the target."
        )
        yield Finding(id="active-account-enabled", rule="ENG-192", place=_place(mapping, row), text=text, remedy=remedy)
        return
    text = f"'active' does not follow IsSoftDeleted ({row.row.source_expression}): nobody is ever disabled."
    yield Finding(id="active-not-soft-deleted", rule="ENG-192", place=_place(mapping, row), text=text, remedy=remedy)


def _active_once(mapping: CompiledMapping, _config: JobSettings | None) -> Iterator[Finding]:
    for item in mapping.rows:
        if item.path.name == "active" and item.row.flow_type is FlowType.OBJECT_ADD_ONLY:
            yield Finding(
                id="active-on-create-only",
                rule="ENG-073",
                place=_place(mapping, item),
                text="'active' is written only when the account is created: nobody is ever disabled.",
                remedy="Set 'Apply this mapping' to Always.",
            )


def _external_id(mapping: CompiledMapping, _config: JobSettings | None) -> Iterator[Finding]:
    """Source: ENG-103."""
    for item in mapping.rows:
        if mapping.object_type == "User" and item.path.name == "externalid" and "mailNickname" in _reads(item):
            yield Finding(
                id="external-id-alias",
                rule="ENG-103",
                place=_place(mapping, item),
                text="'externalId' follows mailNickname, which can repeat and can change.",
                remedy="Map externalId from objectId before the first start; later it rewrites every account.",
            )


def _match_values(mapping: CompiledMapping, _config: JobSettings | None) -> Iterator[Finding]:
    """Source: ENG-077, ENG-161."""
    if not any(_is_always_there(item, mapping.object_type) for item in mapping.matching):
        names = ", ".join(str(item.row.source_expression) for item in mapping.matching)
        yield Finding(
            id="match-missing",
            rule="ENG-161",
            place=_place(mapping, mapping.matching[0] if mapping.matching else None),
            text=f"No matching attribute has a value for everybody ({names}): who lacks them is not provisioned.",
            remedy="Add a matching attribute of lower precedence that everybody has, such as userPrincipalName.",
        )


def _match_filter(mapping: CompiledMapping, _config: JobSettings | None) -> Iterator[Finding]:
    """Source: ENG-077, WIRE-021. Assumed: what cannot be compared with one text cannot be filtered on."""
    for item in mapping.matching:
        path, row = item.path, item.row
        why = ""
        if row.definition.type in ("Boolean", "Reference", "Binary") or path.name in ("active", "password", "meta"):
            why = "it is no text that tells one account from another"
        elif item.role_function or path.name in ("roles", "members"):
            why = "roles and members are no keys"
        elif path.name in _MULTI_VALUED and not path.sub_attribute:
            why = 'a list is asked for by one of its parts, as in emails[type eq "work"].value'
        elif row.definition.is_multivalued:
            why = "it holds several values"
        if why:
            yield Finding(
                id="match-unfilterable",
                rule="ENG-077",
                place=_place(mapping, item),
                text=f"The target can hardly filter on '{row.target_attribute_name}': {why}.",
                remedy="Match on userName or externalId; ask the product which filters it answers.",
            )
        elif row.source_expression is None:
            yield Finding(
                id="match-none",
                rule="ENG-077",
                place=_place(mapping, item),
                text=f"'{row.target_attribute_name}' matches but has no source.",
                remedy="Give the row a source, or take its matching precedence away.",
            )


def _null_blind(mapping: CompiledMapping, _config: JobSettings | None) -> Iterator[Finding]:
    """Source: ENG-043."""
    for group in mapping.mapping.scoping_filters:
        for clause in group.clauses:
            name = clause.source_operand_name
            if canonical_operator(clause.operator_name) not in _NULL_BLIND or name in _always(mapping.object_type):
                continue
            yield Finding(
                id="null-blind-clause",
                rule="ENG-043",
                place=f"{mapping.mapping.name}: filter '{group.name}'",
                text=(
                    f"'{name} {clause.operator_name} {','.join(clause.values)}' is false for an empty {name}: "
                    "who has no value is out of scope too."
                ),
                remedy=f"Add a second filter with '{name} IS NULL' if those shall be in scope.",
            )


def _roles(mapping: CompiledMapping, config: JobSettings | None) -> Iterator[Finding]:
    """Source: ENG-106."""
    for item in mapping.rows:
        is_of_roles = item.expression is not None and "appRoleAssignments" in item.expression.source_attributes
        if is_of_roles and config is not None and config.sync_all:
            function = str(item.row.source_expression).split("(", 1)[0].strip()
            yield Finding(
                id="roles-with-sync-all",
                rule="ENG-106",
                place=_place(mapping, item),
                text=f"{function} does not work with 'Sync all users and groups': nobody gets a role.",
                remedy="Set the scope to assigned users and groups, or remove the role mapping.",
            )


def _entitlements(mapping: CompiledMapping, _config: JobSettings | None) -> Iterator[Finding]:
    """Source: WIRE-124. Assumed: the mapping is sent as any other; only its support is missing."""
    for item in mapping.rows:
        if item.path.name == "entitlements" and not item.path.is_in_extension:
            yield Finding(
                id="entitlements-unsupported",
                rule="WIRE-124",
                place=_place(mapping, item),
                text=f"The provisioning service does not support '{item.row.target_attribute_name}'.",
                remedy="Map roles, or an attribute of an extension schema, in its place.",
            )


def _required(mapping: CompiledMapping, _config: JobSettings | None) -> Iterator[Finding]:
    """Source: ENG-081."""
    for item in mapping.rows:
        row = item.row
        if not row.definition.is_required or row.default_value is not None:
            continue
        if not _is_always_there(item, mapping.object_type):
            yield Finding(
                id="required-empty",
                rule="ENG-081",
                place=_place(mapping, item),
                text=f"'{row.target_attribute_name}' is required, and {row.source_expression} can be empty.",
                remedy="Give the mapping a default value, or a source that everybody has.",
            )


def _always(object_type: str) -> frozenset[str]:
    return ALWAYS_THERE[object_type] | _ALWAYS_COMPUTED


def _reads(item: CompiledRow) -> frozenset[str]:
    if item.direct is not None:
        return frozenset({item.direct})
    return frozenset() if item.expression is None else frozenset(item.expression.source_attributes)


def _is_always_there(item: CompiledRow, object_type: str) -> bool:
    """Return whether a row has a value for everybody, as far as the document shows."""
    if item.row.source_type == "Constant":
        return True
    read = _reads(item)
    known = {source_attribute(name, SourceObjectType(object_type)) for name in read}
    names = {attribute.name if attribute is not None else "" for attribute in known}
    if item.direct is not None:
        return names <= _always(object_type)
    return bool(names) and names <= _always(object_type)


Rule = Callable[[CompiledMapping, JobSettings | None], Iterator[Finding]]

_RULES: tuple[Rule, ...] = (
    *(_active, _active_once, _external_id, _match_values, _match_filter),
    *(_null_blind, _roles, _entitlements, _required),
)
