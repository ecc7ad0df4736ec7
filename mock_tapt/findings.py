"""What can be said of an exchange: against the RFC, and against what the Entra client is documented to do.

A finding never changes an answer. Severity: "error" breaks the RFC, "note" is a habit that servers must tolerate or
something worth knowing. Source: scim-wire.md B.2 and part A.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any
from urllib.parse import parse_qsl

import orjson

from entra_sim.mock_tapt.schema import CORE_GROUP
from entra_sim.mock_tapt.schema import CORE_USER
from entra_sim.mock_tapt.schema import PATCH_OP
from entra_sim.mock_tapt.schema import USER

if TYPE_CHECKING:
    from entra_sim.mock_tapt.journal import Exchange

KNOWN_PARAMETERS = frozenset(
    {"filter", "attributes", "excludedattributes", "startindex", "count", "sortby", "sortorder"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One remark: severity "error" or "note", the rule, where in the exchange, and a sentence."""

    severity: str
    rule: str
    where: str
    text: str


def _error(rule: str, where: str, text: str) -> Finding:
    return Finding(severity="error", rule=rule, where=where, text=text)


def _note(rule: str, where: str, text: str) -> Finding:
    return Finding(severity="note", rule=rule, where=where, text=text)


def findings_of(exchange: Exchange) -> tuple[Finding, ...]:
    """Return what can be said of an exchange, in the order of the wire."""
    found = list(_of_head(exchange))
    if exchange.request_body:
        found += _of_body(exchange)
    return tuple(found)


def _of_head(exchange: Exchange) -> Iterator[Finding]:
    if not exchange.request_header("user-agent"):
        yield _note("QRK-23", "headers", "No User-Agent, as the Entra service sends it.")
    if exchange.path.rstrip("/") != exchange.path and len(exchange.path) > 1:
        yield _note("SRV-004", "path", "Trailing slash.")
    if "//" in exchange.path:
        yield _error("RFC 7644 3.2", "path", "Empty path segment.")
    media_type = exchange.request_header("content-type").partition(";")[0].strip().lower()
    if exchange.request_body and media_type != "application/scim+json":
        yield _note("RFC 7644 3.1", "headers", f"The body is announced as '{media_type or 'nothing'}'.")
    for name, value in parse_qsl(exchange.query, keep_blank_values=True, errors="replace"):
        if name.lower() not in KNOWN_PARAMETERS:
            yield _note("WIRE-003", "query", f"Parameter '{name}' is unknown and was ignored.")
        elif name.lower() == "filter" and re.search(r"\]\.\w", value):
            yield _note("QRK-21", "query", "A comparison on a value path, outside the RFC's grammar.")


def _of_body(exchange: Exchange) -> Iterator[Finding]:
    try:
        body = orjson.loads(exchange.request_body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        yield _error("RFC 8259", "body", "The body is no JSON (or longer than the journal keeps).")
        return
    if not isinstance(body, dict):
        yield _error("RFC 7644 3.1", "body", "The body is no JSON object.")
    elif exchange.method == "PATCH":
        yield from _of_patch(body)
    elif exchange.method in ("POST", "PUT") and not exchange.path.endswith("/.search"):
        yield from _of_resource(body, exchange.path)


def _of_patch(body: dict[str, Any]) -> Iterator[Finding]:
    if PATCH_OP not in (body.get("schemas") or ()):
        yield _error("RFC 7644 3.5.2", "body", f"'schemas' does not name {PATCH_OP}.")
    operations = body.get("Operations")
    if not isinstance(operations, list):
        yield _error("RFC 7644 3.5.2", "body", "'Operations' is missing.")
        return
    for number, operation in enumerate(operations, 1):
        if isinstance(operation, dict):
            yield from _of_operation(operation, f"operation {number}")


def _of_operation(operation: dict[str, Any], where: str) -> Iterator[Finding]:
    verb, path, value = operation.get("op"), operation.get("path"), operation.get("value")
    if isinstance(verb, str) and verb != verb.lower():
        yield _note("QRK-01", where, f"The op is written '{verb}'.")
    name = path.rpartition(":")[2].lower() if isinstance(path, str) else ""
    if isinstance(value, str) and value.lower() in ("true", "false") and name in ("active", "primary"):
        yield _note("QRK-02", where, f"A boolean as the text '{value}'.")
    if isinstance(path, str) and 'primary eq "' in path.lower():
        yield _note("QRK-04", where, "A text literal compared with a boolean.")
    if str(verb).lower() == "remove" and "value" in operation:
        yield _note("QRK-10" if name == "members" else "QRK-16", where, "A remove that carries a value.")
    if name == "manager" and isinstance(value, str):
        yield _note("QRK-12", where, "The manager as a bare text.")
    if path is None and isinstance(value, dict):
        for key in value:
            if "." in key.rpartition(":")[2]:
                yield _note("QRK-07", where, f"The key '{key}' is a path.")
            elif key[:4].lower() == "urn:" and not isinstance(value[key], dict):
                yield _note("QRK-08", where, f"The key '{key}' is a path.")
            elif key.lower() in ("id", "schemas"):
                yield _note("QRK-09", where, f"'{key}' is repeated.")
    if isinstance(value, list) and any(isinstance(v, dict) and "$ref" in v and v["$ref"] is None for v in value):
        yield _note("QRK-11", where, "'$ref' is null.")
    if (value is None and "value" in operation) or value == "":
        yield _note("QRK-15", where, "An empty value: the attribute is cleared.")


def _of_resource(body: dict[str, Any], path: str) -> Iterator[Finding]:
    schemas = body.get("schemas")
    core = CORE_GROUP if "/Groups" in path else CORE_USER
    if isinstance(schemas, list):
        if core not in schemas:
            yield _error("RFC 7643 3", "schemas", f"'schemas' does not name {core}.")
        for key in body:
            if key[:4].lower() == "urn:" and key not in schemas:
                yield _note("QRK-17", "schemas", f"'{key}' has attributes and is not listed.")
    for key, value in body.items():
        attribute = USER.core.get(key.lower())
        if attribute is not None and attribute.name != key:
            yield _note("QRK-31", key, f"Written '{key}', defined as '{attribute.name}'.")
        if value is None:
            yield _note("QRK-33", key, "An explicit null: the same as absent.")
        if key.lower() in ("id", "meta", "groups"):
            yield _note("SRV-010", key, "Read-only: ignored.")
        if isinstance(value, str) and attribute is not None and attribute.type == "boolean":
            yield _note("QRK-02", key, f"A boolean as the text '{value}'.")
        if isinstance(value, list) and key in ("emails", "phoneNumbers", "addresses"):
            kinds = [e.get("type") for e in value if isinstance(e, dict) and e.get("type")]
            if len(set(kinds)) < len(kinds):
                yield _note("SRV-015", key, "Two entries of one type: Entra expects each type once.")
