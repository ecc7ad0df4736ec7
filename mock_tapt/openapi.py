"""The description of the control API, as data: OpenAPI 3.1."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from entra_sim.mock_tapt.faults import PRESETS
from entra_sim.mock_tapt.faults import Fault

_TEXT = {"type": "string"}
_FLAG = {"type": "boolean"}
_NUMBER = {"type": "number"}
_RESOURCE = {"type": "object", "description": "A SCIM resource.", "additionalProperties": True}
_CHANGES = {"type": "object", "description": "SCIM path to new value; null clears.", "additionalProperties": True}

_FAULT_TYPES: dict[str, dict[str, Any]] = {
    "int | None": {"type": "integer"},
    "float | None": _NUMBER,
    "float": _NUMBER,
    "bool": _FLAG,
    "str": _TEXT,
    "str | None": _TEXT,
    "datetime | None": {"type": "string", "format": "date-time"},
}

SCHEMAS: dict[str, dict[str, Any]] = {
    "Fault": {
        "type": "object",
        "properties": {
            "preset": {"type": "string", "enum": list(PRESETS)},
            **{field.name: _FAULT_TYPES[str(field.type)] for field in fields(Fault)},
        },
        "additionalProperties": False,
    },
    "Error": {"type": "object", "properties": {"error": _TEXT}, "required": ["error"]},
    "Clock": {"type": "object", "properties": {"now": _TEXT, "rate": _NUMBER}, "required": ["now"]},
    "Seed": {
        "type": "object",
        "properties": {"users": {"type": "array", "items": _RESOURCE}, "groups": {"type": "array", "items": _RESOURCE}},
    },
}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


_NEW_ORGANISATION = _object(
    name=_TEXT, clock=_TEXT, ids=_TEXT, strict=_FLAG, chance_seed=_TEXT, token=_TEXT,
    seed={"$ref": "#/components/schemas/Seed"},
)  # fmt: skip
_FAULT = {"$ref": "#/components/schemas/Fault"}
_SWITCHES = _object(accept_groups=_FLAG, hard_delete_allowed=_FLAG, strict=_FLAG, require_if_match=_FLAG)

# (method, path, summary, body or None, success status, query parameters)
OPERATIONS: tuple[tuple[str, str, str, dict[str, Any] | None, int, tuple[str, ...]], ...] = (
    ("get", "/_control/openapi.json", "This description; needs no key.", None, 200, ()),
    ("get", "/_control/state", "What the organisation holds, in numbers.", None, 200, ()),
    ("post", "/_control/reset", "Go back to the seed.", None, 200, ()),
    ("get", "/_control/snapshots", "The kept states.", None, 200, ()),
    ("post", "/_control/snapshots", "Keep the state of now.", None, 201, ()),
    ("post", "/_control/snapshots/{name}/restore", "Go back to a kept state.", None, 200, ()),
    ("get", "/_control/clock", "The time.", None, 200, ()),
    (
        "post",
        "/_control/clock",
        "Move the time forward (advance: 40m or seconds; to: an instant) or change its rate.",
        _object(advance={"type": ["string", "number"]}, to=_TEXT, rate=_NUMBER),
        200,
        (),
    ),
    ("get", "/_control/faults", "The faults, what they have done, and the presets.", None, 200, ()),
    ("post", "/_control/faults", "Arm a fault.", _FAULT, 201, ()),
    ("delete", "/_control/faults", "Disarm all faults.", None, 204, ()),
    ("patch", "/_control/faults/{fault_id}", "Turn a fault on or off.", _object(enabled=_FLAG), 200, ()),
    ("delete", "/_control/faults/{fault_id}", "Disarm a fault.", None, 204, ()),
    (
        "get",
        "/_control/journal",
        "Exchanges and hand edits above `since`, oldest first; format=har gives an HTTP archive.",
        None,
        200,
        ("since", "limit", "format"),
    ),
    ("delete", "/_control/journal", "Forget the exchanges.", None, 204, ()),
    ("get", "/_control/token", "The state of the token.", None, 200, ()),
    ("post", "/_control/token", "Make a new token; the former one ends at once.", _object(secret=_TEXT), 201, ()),
    ("post", "/_control/token/expire", "Let the token be past its date now.", None, 200, ()),
    ("delete", "/_control/token", "Revoke the token.", None, 204, ()),
    ("get", "/_control/switches", "The switches.", None, 200, ()),
    ("patch", "/_control/switches", "Turn switches on or off.", _SWITCHES, 200, ()),
    ("get", "/_control/users", "All users as SCIM resources.", None, 200, ()),
    ("post", "/_control/users", "Add a user by hand.", _RESOURCE, 201, ()),
    ("patch", "/_control/users/{name}", "Edit a user by hand.", _CHANGES, 200, ()),
    ("delete", "/_control/users/{name}", "Delete a user by hand.", None, 204, ()),
    ("get", "/_control/groups", "All groups as SCIM resources.", None, 200, ()),
    ("post", "/_control/groups", "Add a group by hand.", _RESOURCE, 201, ()),
    ("patch", "/_control/groups/{name}", "Edit a group by hand.", _CHANGES, 200, ()),
    ("delete", "/_control/groups/{name}", "Delete a group by hand.", None, 204, ()),
    ("post", "/_control/seed", "Add users and groups.", {"$ref": "#/components/schemas/Seed"}, 201, ()),
    ("get", "/_control/organisations", "The organisations.", None, 200, ()),
    ("post", "/_control/organisations", "Make an isolated organisation.", _NEW_ORGANISATION, 201, ()),
    ("delete", "/_control/organisations/{name}", "Forget an organisation.", None, 204, ()),
)


def document(prefix: str) -> dict[str, Any]:
    """Return the OpenAPI document.

    Args:
        prefix: where the organisation is mounted ("" for the first one).
    """
    paths: dict[str, dict[str, Any]] = {}
    for method, path, summary, body, status, queries in OPERATIONS:
        paths.setdefault(path, {})[method] = _operation(method, path, summary, body, status, queries)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mock Tapt control API",
            "version": "1",
            "description": "Tells mock Tapt what to be and asks what it saw. Paths act on one organisation.",
        },
        "servers": [{"url": prefix or "/"}],
        "security": [{"controlKey": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"controlKey": {"type": "http", "scheme": "bearer"}},
            "schemas": SCHEMAS,
        },
    }


def _operation(
    method: str, path: str, summary: str, body: dict[str, Any] | None, status: int, queries: tuple[str, ...]
) -> dict[str, Any]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    parameters = [{"name": n, "in": "path", "required": True, "schema": _TEXT} for n in names]
    parameters += [{"name": n, "in": "query", "required": False, "schema": _TEXT} for n in queries]
    error = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
    shown: dict[str, Any] = {
        "operationId": f"{method}_{path.removeprefix('/_control/').replace('/', '_').strip('{}')}",
        "summary": summary,
        "responses": {
            str(status): {"description": "Done."},
            "401": {"description": "The key is missing or wrong.", **error},
            "422": {"description": "The request is a mistake; the sentence says which.", **error},
        },
    }
    if parameters:
        shown["parameters"] = parameters
    if body is not None:
        shown["requestBody"] = {"content": {"application/json": {"schema": body}}}
    if path.endswith("openapi.json"):
        shown["security"] = []
    return shown
