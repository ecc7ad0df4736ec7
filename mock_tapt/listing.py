"""Lists: what a query asks for, from parameters or a body, to a page of resources.

Source: RFC 7644 sections 3.4.2 and 3.4.3; scim-wire.md SRV-030 to SRV-035.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import orjson

from entra_sim.mock_tapt import discovery
from entra_sim.mock_tapt import filters
from entra_sim.mock_tapt.errors import InvalidFilter
from entra_sim.mock_tapt.errors import InvalidPath
from entra_sim.mock_tapt.errors import InvalidSyntax
from entra_sim.mock_tapt.errors import InvalidValue
from entra_sim.mock_tapt.filter_sql import Condition
from entra_sim.mock_tapt.filter_templates import FilterTemplates
from entra_sim.mock_tapt.messages import SCIM_MEDIA_TYPE
from entra_sim.mock_tapt.messages import ScimRequest
from entra_sim.mock_tapt.messages import ScimResponse
from entra_sim.mock_tapt.rendering import EVERYTHING
from entra_sim.mock_tapt.rendering import Projection
from entra_sim.mock_tapt.rendering import projection
from entra_sim.mock_tapt.resources import Resources
from entra_sim.mock_tapt.schema import GROUP
from entra_sim.mock_tapt.schema import LIST_RESPONSE
from entra_sim.mock_tapt.schema import SEARCH_REQUEST
from entra_sim.mock_tapt.schema import USER
from entra_sim.mock_tapt.schema import ResourceType
from entra_sim.mock_tapt.schema import resolve
from entra_sim.mock_tapt.store import Store

ALL_OF_EACH = {USER.name: EVERYTHING, GROUP.name: EVERYTHING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a list request asks for."""

    filter_text: str | None
    sort_by: str | None
    descending: bool
    start_index: int
    count: int
    projection_of: dict[str, Projection]


class Lists:
    """Answers queries over one organisation; the caller holds its lock."""

    def __init__(self, store: Store, resources: Resources) -> None:
        self.store = store
        self.resources = resources
        self._templates = FilterTemplates(store.remember)
        store.completer = self._completed

    def answer(self, request: ScimRequest, kinds: tuple[ResourceType, ...], *, strict: bool) -> ScimResponse:
        """Answer a GET on one or several collections."""
        parameters = request.parameters()
        if len(parameters.get("filter", ())) > 1:
            raise InvalidFilter("The query has several filters; join them with 'and'.")

        def last(name: str) -> str | None:
            values = parameters.get(name)
            return values[-1] if values else None

        return self._answer_query(
            request,
            kinds,
            Query(
                filter_text=last("filter"),
                sort_by=last("sortby"),
                descending=(last("sortorder") or "").lower() == "descending",
                start_index=_whole_number(last("startindex"), "startIndex", 1),
                count=_whole_number(last("count"), "count", discovery.MAX_RESULTS),
                projection_of=_projections(
                    kinds,
                    _names(parameters.get("attributes")),
                    _names(parameters.get("excludedattributes")),
                    "attributes" in parameters,
                ),
            ),
            strict=strict,
        )

    def search(
        self, request: ScimRequest, given: dict[str, Any], kinds: tuple[ResourceType, ...], *, strict: bool
    ) -> ScimResponse:
        """Answer a query that comes in a body. Source: RFC 7644 section 3.4.3."""
        body = {key.lower(): value for key, value in given.items()}
        schemas = body.get("schemas")
        if not isinstance(schemas, list) or (strict and SEARCH_REQUEST not in schemas):
            raise InvalidSyntax(f"'schemas' does not name {SEARCH_REQUEST}.")
        for name in ("filter", "sortby", "sortorder"):
            if body.get(name) is not None and not isinstance(body[name], str):
                raise InvalidValue(f"'{name}' is a text.")
        return self._answer_query(
            request,
            kinds,
            Query(
                filter_text=body.get("filter"),
                sort_by=body.get("sortby"),
                descending=(body.get("sortorder") or "").lower() == "descending",
                start_index=_whole_number(body.get("startindex"), "startIndex", 1),
                count=_whole_number(body.get("count"), "count", discovery.MAX_RESULTS),
                projection_of=_projections(
                    kinds,
                    _listed(body.get("attributes"), "attributes"),
                    _listed(body.get("excludedattributes"), "excludedAttributes"),
                    body.get("attributes") is not None,
                ),
            ),
            strict=strict,
        )

    def _answer_query(
        self, request: ScimRequest, kinds: tuple[ResourceType, ...], query: Query, *, strict: bool
    ) -> ScimResponse:
        start, count = max(query.start_index, 1), min(max(query.count, 0), discovery.MAX_RESULTS)
        conditions = [self._condition(kind, query.filter_text, strict=strict) for kind in kinds]
        condition = conditions[0] if len(kinds) == 1 else _either(kinds, conditions)
        order = self._order(kinds, query, strict=strict)
        types = tuple(kind.name for kind in kinds)
        rows, total = self.store.select(types, condition, order, min(start - 1, 2**62), count)
        resources = []
        for row in rows:
            wanted = query.projection_of[row.type]
            shown = self.resources.shown(
                row,
                request.base_url,
                with_members=not wanted.drops("members"),
                with_groups=not (wanted.drops("groups") and wanted.drops("meta")),
            )
            resources.append(shown if wanted is EVERYTHING else wanted.apply(shown))
        body = {
            "schemas": [LIST_RESPONSE],
            "totalResults": total,
            "startIndex": start,
            "itemsPerPage": len(resources),
            "Resources": resources,
        }
        return ScimResponse(status=200, headers=[("Content-Type", SCIM_MEDIA_TYPE)], body=orjson.dumps(body))

    def _condition(self, kind: ResourceType, text: str | None, *, strict: bool) -> Condition | None:
        if text is None:
            return None
        return self._templates.condition(kind, text, strict=strict)

    def _order(self, kinds: tuple[ResourceType, ...], query: Query, *, strict: bool) -> Condition | None:
        if not query.sort_by:
            return None
        path = resolve(kinds[0], query.sort_by)
        if path is None or (strict and path.attribute is None):
            raise InvalidPath(f"'{query.sort_by}' is no attribute to sort by.")
        handle = self.store.remember(filters.Present(path))
        if path.schema is None and path.name == kinds[0].name_attribute and len(kinds) == 1:
            return Condition("r.name_key DESC" if query.descending else "r.name_key")
        expression = "scim_sort_value(?, r.seq, r.body, r.id, r.created_at, r.modified_at)"
        absent = " IS NOT NULL" if query.descending else " IS NULL"
        sql = "".join([expression, absent, ", ", expression, " DESC" if query.descending else ""])
        return Condition(sql, (handle, handle))

    def _completed(self, seq: int, resource: dict[str, Any]) -> dict[str, Any]:
        """Return stored attributes with `schemas` and `meta`, for comparisons that no column answers."""
        urns = [key for key in resource if key[:4].lower() == "urn:"]
        is_user = "userName" in resource
        kind = USER if is_user else GROUP
        found = self.store.connection.execute(
            "SELECT id, version, created_at, modified_at FROM resource WHERE seq = ?", (seq,)
        ).fetchone()
        meta = {"resourceType": kind.name}
        if found:
            meta |= {"created": found[2], "lastModified": found[3], "version": f'W/"{found[1]}"'}
            meta["location"] = f"{kind.endpoint}/{found[0]}"
        return {"schemas": [kind.schema.id, *urns], **resource, "meta": meta}


def projection_of(request: ScimRequest, kind: ResourceType) -> Projection:
    """Return which attributes a request wants of one resource."""
    if "ttributes=" not in request.query and "ttributes=" not in request.query.lower():
        return EVERYTHING
    parameters = request.parameters()
    return _projections(
        (kind,),
        _names(parameters.get("attributes")),
        _names(parameters.get("excludedattributes")),
        "attributes" in parameters,
    )[kind.name]


def _either(kinds: tuple[ResourceType, ...], conditions: list[Condition | None]) -> Condition | None:
    parts = [
        Condition("".join(["(r.type = ? AND (", c.sql, "))"]), (kind.name, *c.parameters))
        for kind, c in zip(kinds, conditions, strict=True)
        if c is not None
    ]
    if not parts:
        return None
    return Condition(" OR ".join(p.sql for p in parts), tuple(v for p in parts for v in p.parameters))


def _names(values: list[str] | None) -> list[str]:
    return [name.strip() for value in values or () for name in value.split(",") if name.strip()]


def _listed(value: Any, name: str) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return _names([value])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidValue(f"'{name}' is a list of attribute names.")
    return value


def _projections(
    kinds: tuple[ResourceType, ...], attributes: list[str], excluded: list[str], has_list: bool
) -> dict[str, Projection]:
    if not attributes and not excluded:
        return ALL_OF_EACH
    return {kind.name: projection(kind, attributes, excluded, has_list=has_list and bool(attributes)) for kind in kinds}


def _whole_number(value: Any, name: str, default: int) -> int:
    if value is None or value == "":
        return default
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d{1,18}\s*", value, re.ASCII):
        return int(value)
    raise InvalidValue(f"'{name}' is a whole number.")
