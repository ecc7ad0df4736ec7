"""The schema document of a job: the packaged template, and edits that keep the rest of the document as it was."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.expressions import parse
from entra_sim.simulator.expressions import to_graph

MAPPING_TYPES = ("Direct", "Constant", "Expression", "None")
FLOW_NAMES = {"Always": "Always", "Only during object creation": "ObjectAddOnly"}


@cache
def _template_text() -> str:
    """Return the packaged template. Source: ENG-085, ENG-100 to ENG-103."""
    return files("entra_sim.simulator").joinpath("data/template-scim.json").read_text(encoding="utf-8")


def template_schema(job_id: str) -> dict[str, Any]:
    """Return the default schema of a non-gallery application. Source: ENG-100 to ENG-102."""
    document: dict[str, Any] = json.loads(_template_text())
    document["id"] = job_id
    return document


def object_mapping_of(document: Mapping[str, Any], object_type: str) -> dict[str, Any]:
    """Return the object mapping of "User" or "Group" inside a document, to be changed in place.

    Raises:
        NotFound: the schema maps no such object.
    """
    for rule in document["synchronizationRules"]:
        for mapping in rule["objectMappings"]:
            if mapping["sourceObjectName"] == object_type:
                found: dict[str, Any] = mapping
                return found
    raise NotFound(f"The schema has no object mapping from {object_type}.")


def edited(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a deep copy to edit."""
    return copy.deepcopy(dict(document))


def find_row(mapping: Mapping[str, Any], target: str) -> dict[str, Any]:
    """Return the attribute mapping of a target attribute.

    Raises:
        NotFound: there is none; the message lists the targets.
    """
    for row in mapping["attributeMappings"]:
        if row["targetAttributeName"] == target:
            found: dict[str, Any] = row
            return found
    names = ", ".join(row["targetAttributeName"] for row in mapping["attributeMappings"])
    raise NotFound(f"'{target}' is not mapped; mapped are: {names}.")


def add_row(mapping: dict[str, Any], row: Mapping[str, Any]) -> None:
    """Append an attribute mapping given in the portal's words (see `graph_row`) or in Graph's. Source: ENG-076."""
    made = graph_row(row)
    if any(item["targetAttributeName"] == made["targetAttributeName"] for item in mapping["attributeMappings"]):
        raise StateConflict(f"'{made['targetAttributeName']}' is mapped already; edit that mapping (ENG-076).")
    mapping["attributeMappings"].append(made)


def change_row(mapping: dict[str, Any], target: str, changes: Mapping[str, Any]) -> None:
    """Change an attribute mapping in place; keys as in `graph_row`, what is not named stays."""
    row = find_row(mapping, target)
    if "targetAttributeName" in changes:
        merged = dict(changes)
    else:
        merged = graph_row(_merged({"target": target, **_portal_words(row)}, changes))
    kept = {key: value for key, value in row.items() if key not in merged}
    row.clear()
    row.update({**merged, **kept})


def remove_row(mapping: dict[str, Any], target: str) -> None:
    """Remove an attribute mapping.

    Raises:
        NotFound: it is not mapped.
    """
    mapping["attributeMappings"].remove(find_row(mapping, target))


def graph_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return an attribute mapping in Graph's spelling.

    Args:
        row: Graph's own keys, or the portal's: `target`; one of `source` (attribute), `expression`, `constant`, or none
            of them for the type None; `default`; `matching precedence`; `apply` (Always, Only during object creation).
    Raises:
        UserInputError: an unknown key, no target, or more than one kind of source.
    Source: ENG-070, graph-api.md section 4.3.
    """
    if "targetAttributeName" in row:
        return dict(row)
    known = {"target", "source", "expression", "constant", "default", "matching precedence", "apply", "flow behavior"}
    unknown = sorted(set(row) - known)
    if unknown:
        raise UserInputError(f"An attribute mapping has no '{unknown[0]}'; it has: {', '.join(sorted(known))}.")
    if not row.get("target"):
        raise UserInputError("An attribute mapping needs a target attribute.")
    kinds = [key for key in ("source", "expression", "constant") if row.get(key) is not None]
    if len(kinds) > 1:
        raise UserInputError(f"An attribute mapping has one source, not {' and '.join(kinds)}.")
    apply = str(row.get("apply") or "Always")
    return {
        "defaultValue": row.get("default"),
        "exportMissingReferences": False,
        "flowBehavior": str(row.get("flow behavior") or "FlowWhenChanged"),
        "flowType": FLOW_NAMES.get(apply, apply),
        "matchingPriority": int(row.get("matching precedence") or 0),
        "source": _source(kinds[0], str(row[kinds[0]])) if kinds else None,
        "targetAttributeName": str(row["target"]),
    }


def _source(kind: str, text: str) -> dict[str, Any]:
    if kind == "source":
        name = text.strip().removeprefix("[").removesuffix("]")
        return {"expression": f"[{name}]", "name": name, "type": "Attribute", "parameters": []}
    if kind == "constant":
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        return {"expression": f'"{quoted}"', "name": text, "type": "Constant", "parameters": []}
    return {**to_graph(parse(text)), "expression": text}


def _portal_words(row: Mapping[str, Any]) -> dict[str, Any]:
    source = row.get("source") or {}
    words: dict[str, Any] = {
        "default": row.get("defaultValue"),
        "matching precedence": row.get("matchingPriority"),
        "apply": row.get("flowType"),
        "flow behavior": row.get("flowBehavior"),
    }
    key = {"Attribute": "source", "Constant": "constant", "Function": "expression"}.get(str(source.get("type")))
    if key is not None:
        words[key] = source["name"] if key != "expression" else source["expression"]
    return words


def _merged(row: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row with the changes, such that a new kind of source replaces the old one."""
    merged = {**row, **changes}
    for key in ("source", "expression", "constant"):
        if key in changes:
            for other in {"source", "expression", "constant"} - {key}:
                merged.pop(other, None)
    return merged


def set_actions(mapping: dict[str, Any], *, create: bool | None, update: bool | None, delete: bool | None) -> None:
    """Set target object actions; None leaves one as it is. Source: ENG-110."""
    flags = {word.strip() for word in str(mapping["flowTypes"]).split(",")}
    for word, wanted in (("Add", create), ("Update", update), ("Delete", delete)):
        if wanted is not None:
            (flags.add if wanted else flags.discard)(word)
    kept = [word for word in ("Add", "Update", "Delete") if word in flags]
    mapping["flowTypes"] = ",".join(kept) or "None"


def set_filters(mapping: dict[str, Any], filters: list[Mapping[str, Any]]) -> None:
    """Replace the scoping filters.

    Args:
        filters: Graph groups {name, clauses[{sourceOperandName, operatorName, targetOperand{values}}]}, or the portal's
            words {title, clauses[{attribute, operator, value}]}. An empty list removes them.
    """
    groups = [_filter(item) for item in filters]
    scope = dict(mapping.get("scope") or {"categoryFilterGroups": [], "inputFilterGroups": []})
    scope["groups"] = groups
    has_more = scope.get("inputFilterGroups") or scope.get("categoryFilterGroups")
    mapping["scope"] = scope if groups or has_more else None


def _filter(item: Mapping[str, Any]) -> dict[str, Any]:
    clauses = []
    for clause in item.get("clauses") or ():
        if "sourceOperandName" in clause:
            clauses.append(dict(clause))
            continue
        value = clause.get("value")
        values = [] if value is None else [str(part) for part in (value if isinstance(value, list) else [value])]
        clauses.append(
            {
                "operatorName": str(clause.get("operator", "")),
                "sourceOperandName": str(clause.get("attribute", "")),
                "targetOperand": {"values": values},
            }
        )
    return {"name": str(item.get("title") or item.get("name") or ""), "clauses": clauses}
