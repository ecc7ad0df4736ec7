"""The SCIM protocol: a request in, an answer out, no web framework inside.

Read `handle` first: it finds the endpoint, calls one method per verb and turns every refusal into an error body.
Whether the caller may ask at all is decided before (tapt.py); what happens to resources is in resources.py.
Source: RFC 7644; scim-wire.md SRV-001 to SRV-050.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import orjson

from entra_sim.mock_tapt import discovery
from entra_sim.mock_tapt.errors import Forbidden
from entra_sim.mock_tapt.errors import InvalidSyntax
from entra_sim.mock_tapt.errors import InvalidValue
from entra_sim.mock_tapt.errors import MethodNotAllowed
from entra_sim.mock_tapt.errors import NotFound
from entra_sim.mock_tapt.errors import NotImplementedHere
from entra_sim.mock_tapt.errors import PayloadTooLarge
from entra_sim.mock_tapt.errors import PreconditionFailed
from entra_sim.mock_tapt.errors import PreconditionRequired
from entra_sim.mock_tapt.errors import ScimError
from entra_sim.mock_tapt.errors import UnsupportedMedia
from entra_sim.mock_tapt.listing import Lists
from entra_sim.mock_tapt.listing import projection_of
from entra_sim.mock_tapt.messages import MAX_BODY_BYTES
from entra_sim.mock_tapt.messages import SCIM_MEDIA_TYPE
from entra_sim.mock_tapt.messages import ScimRequest
from entra_sim.mock_tapt.messages import ScimResponse
from entra_sim.mock_tapt.rendering import EVERYTHING
from entra_sim.mock_tapt.rendering import Projection
from entra_sim.mock_tapt.resources import Resources
from entra_sim.mock_tapt.schema import GROUP
from entra_sim.mock_tapt.schema import LIST_RESPONSE
from entra_sim.mock_tapt.schema import RESOURCE_TYPES
from entra_sim.mock_tapt.schema import USER
from entra_sim.mock_tapt.schema import ResourceType
from entra_sim.mock_tapt.store import Row
from entra_sim.mock_tapt.store import Store

BY_ENDPOINT = {kind.endpoint[1:]: kind for kind in RESOURCE_TYPES}
DISCOVERY = ("ServiceProviderConfig", "ResourceTypes", "Schemas")
_LONG_NUMBER = re.compile(rb"[\[:,]\s*-?\d{19}")
ENDPOINTS = (*BY_ENDPOINT, *DISCOVERY, ".search")


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """What an administrator can turn on and off.

    Args:
        accept_groups: `/Groups` exists.
        hard_delete_allowed: DELETE is carried out; otherwise 403.
        strict: the RFC to the letter, no tolerance of B.2.
        require_if_match: writes without If-Match are answered with 428.
    """

    accept_groups: bool = True
    hard_delete_allowed: bool = True
    strict: bool = False
    require_if_match: bool = False


class ScimService:
    """Answers SCIM requests for one organisation; the caller holds its lock."""

    def __init__(self, store: Store, resources: Resources, switches: Switches) -> None:
        self.store = store
        self.resources = resources
        self.switches = switches
        self._lists = Lists(store, resources)

    def handle(self, request: ScimRequest) -> ScimResponse:
        """Return the answer; refusals become error bodies, with the reason kept for the inspector."""
        try:
            return self._dispatch(request)
        except ScimError as error:
            return refused(error)
        finally:
            self.store.forget()

    def _dispatch(self, request: ScimRequest) -> ScimResponse:
        """Return the answer of the endpoint that the path leads to; slashes too many do not matter. Source: SRV-004."""
        method = "GET" if request.method == "HEAD" else request.method
        segments = [segment for segment in request.path.split("/") if segment]
        head = segments[0] if segments else ""
        if request.is_too_large:
            raise PayloadTooLarge(f"The body is larger than {MAX_BODY_BYTES} bytes.")
        if head in DISCOVERY:
            return self._discover(request, method, head, "/".join(segments[1:]))
        if head in ("Bulk", "Me"):
            raise NotImplementedHere(f"/{head} is not supported; see /ServiceProviderConfig.")
        if segments == [".search"]:
            return self._search(request, method, self._all_kinds)
        if not segments:
            self._only(method, "GET")
            return self._lists.answer(request, self._all_kinds, strict=self.switches.strict)
        kind = BY_ENDPOINT.get(head)
        if kind is None or len(segments) > 2:
            raise NotFound("There is no such endpoint.", near_misses=_near_endpoints(request.path, head))
        if kind is GROUP and not self.switches.accept_groups:
            raise NotFound("This organisation does not accept groups; Settings > Integrations turns them on.")
        if len(segments) == 1:
            return self._collection(request, method, kind)
        if segments[1] == ".search":
            return self._search(request, method, (kind,))
        return self._single(request, method, kind, segments[1])

    @property
    def _all_kinds(self) -> tuple[ResourceType, ...]:
        return RESOURCE_TYPES if self.switches.accept_groups else (USER,)

    def _search(self, request: ScimRequest, method: str, kinds: tuple[ResourceType, ...]) -> ScimResponse:
        self._only(method, "POST")
        return self._lists.search(request, self._json(request), kinds, strict=self.switches.strict)

    def _only(self, method: str, *allowed: str) -> None:
        if method not in allowed:
            raise MethodNotAllowed(f"{method} is not possible here.", allow=", ".join(allowed))

    # one resource

    def _collection(self, request: ScimRequest, method: str, kind: ResourceType) -> ScimResponse:
        self._only(method, "GET", "POST")
        if method == "GET":
            return self._lists.answer(request, (kind,), strict=self.switches.strict)
        body = self._json(request)
        wanted = projection_of(request, kind)
        with self.store.transaction():
            row = self.resources.create(kind, body, who="SCIM", strict=self.switches.strict)
        return self._resource_answer(request, row, wanted, status=201)

    def _single(self, request: ScimRequest, method: str, kind: ResourceType, resource_id: str) -> ScimResponse:
        self._only(method, "GET", "PUT", "PATCH", "DELETE")
        if method == "GET":
            row = self._row(kind, resource_id)
            wanted = projection_of(request, kind)
            if self._is_unchanged(request, row):
                return ScimResponse(status=304, headers=[("ETag", self.resources.version(row))])
            return self._resource_answer(request, row, wanted)
        body = None if method == "DELETE" else self._json(request)
        with self.store.transaction():
            row = self._row(kind, resource_id)
            self._check_preconditions(request, row)
            if method == "DELETE":
                if not self.switches.hard_delete_allowed:
                    raise Forbidden("This organisation does not allow profiles to be deleted for good.")
                self.resources.delete(row, who="SCIM")
                return ScimResponse(status=204)
            wanted = projection_of(request, kind)
            if method == "PUT":
                assert body is not None
                row = self.resources.replace(row, body, who="SCIM", strict=self.switches.strict)
            else:
                row = self.resources.patch(row, body, who="SCIM", strict=self.switches.strict)
        if method == "PATCH" and kind is GROUP and wanted is EVERYTHING:
            # a group can have thousands of members: nobody needs them back (SRV-043, WIRE-113)
            return ScimResponse(status=204, headers=[("ETag", self.resources.version(row))])
        return self._resource_answer(request, row, wanted)

    def _row(self, kind: ResourceType, resource_id: str) -> Row:
        row = self.store.get(kind.name, resource_id)
        if row is None:
            raise NotFound(f"There is no {kind.name} '{resource_id}'.", near_misses=self._near_ids(kind, resource_id))
        return row

    def _near_ids(self, kind: ResourceType, resource_id: str) -> tuple[str, ...]:
        past = self.store.history(resource_id, limit=1)
        if past and past[0]["action"] == "deleted":
            return (f"'{past[0]['name']}' had this id; deleted {past[0]['at']} by {past[0]['who']}",)
        other = "Group" if kind.name == "User" else "User"
        if self.store.get(other, resource_id) is not None:
            return (f"there is a {other} of this id",)
        named = self.store.by_name(kind.name, resource_id)
        return (f"'{resource_id}' is a {kind.name_attribute}; its id is {named.id}",) if named else ()

    def _resource_answer(
        self, request: ScimRequest, row: Row, wanted: Projection, *, status: int = 200
    ) -> ScimResponse:
        shown = self.resources.shown(row, request.base_url, with_members=not wanted.drops("members"))
        version, location = shown["meta"]["version"], shown["meta"]["location"]
        if wanted is not EVERYTHING:
            shown = wanted.apply(shown)
        headers = [("Content-Type", SCIM_MEDIA_TYPE), ("ETag", version)]
        headers.append(("Location" if status == 201 else "Content-Location", location))
        return ScimResponse(status=status, headers=headers, body=orjson.dumps(shown))

    def _is_unchanged(self, request: ScimRequest, row: Row) -> bool:
        given = request.headers.get("if-none-match")
        return given is not None and _names_version(given, self.resources.version(row))

    def _check_preconditions(self, request: ScimRequest, row: Row) -> None:
        """Refuse a write on another version than the client knows. Source: RFC 7644 section 3.14, RFC 6585."""
        wanted = request.headers.get("if-match")
        if wanted is None:
            if self.switches.require_if_match:
                raise PreconditionRequired("This organisation asks for If-Match on every write.")
        elif not _names_version(wanted, self.resources.version(row)):
            raise PreconditionFailed(
                "The resource has changed; read it again.",
                near_misses=(f"its version is {self.resources.version(row)}",),
            )
        unwanted = request.headers.get("if-none-match")
        if unwanted is not None and _names_version(unwanted, self.resources.version(row)):
            raise PreconditionFailed("The resource has the version that If-None-Match excludes.")

    def _json(self, request: ScimRequest) -> dict[str, Any]:
        """Return the body as an object.

        Raises:
            UnsupportedMedia: it is announced as something else than JSON. Source: SRV-002.
            InvalidSyntax: it is no JSON object.
        """
        announced = request.headers.get("content-type", "")
        media_type = announced.partition(";")[0].strip().lower()
        if media_type not in (SCIM_MEDIA_TYPE, "application/json") and (media_type or self.switches.strict):
            near = (f"Content-Type is '{announced}'",)
            raise UnsupportedMedia("Send the body as application/scim+json.", near_misses=near)
        if request.headers.get("content-encoding", "identity").lower() not in ("identity", ""):
            raise UnsupportedMedia("Send the body without a content encoding.")
        raw = request.body.removeprefix(b"\xef\xbb\xbf")
        if not raw:
            raise InvalidSyntax("The request has no body.")
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise InvalidSyntax(f"The body is no JSON: {error}.") from error
        if not isinstance(body, dict):
            raise InvalidSyntax("The body is no JSON object.")
        if _LONG_NUMBER.search(raw):
            _refuse_long_numbers(raw)
        _refuse_depth(body)
        return body

    # discovery

    def _discover(self, request: ScimRequest, method: str, head: str, rest: str) -> ScimResponse:
        self._only(method, "GET")
        if "filter" in request.parameters():
            raise Forbidden("Discovery endpoints take no filter.")  # RFC 7644 section 4
        base, has_groups = request.base_url, self.switches.accept_groups
        if head == "ServiceProviderConfig":
            if rest:
                raise NotFound("There is one ServiceProviderConfig.")
            return _json_answer(discovery.service_provider_config(base))
        found = (
            discovery.schemas(base, has_groups=has_groups)
            if head == "Schemas"
            else discovery.resource_types(base, has_groups=has_groups)
        )
        if rest:
            one = next((item for item in found if item["id"].lower() == rest.lower()), None)
            if one is None:
                near = get_close_matches(rest, [item["id"] for item in found], n=1)
                raise NotFound(f"There is no '{rest}' in /{head}.", near_misses=tuple(f"nearest: {n}" for n in near))
            return _json_answer(one)
        envelope = {
            "schemas": [LIST_RESPONSE],
            "totalResults": len(found),
            "startIndex": 1,
            "itemsPerPage": len(found),
            "Resources": found,
        }
        return _json_answer(envelope)


def refused(error: ScimError) -> ScimResponse:
    """Return the answer that a refusal is."""
    return ScimResponse(
        status=error.status,
        headers=[("Content-Type", SCIM_MEDIA_TYPE), *error.headers()],
        body=orjson.dumps(error.to_body()),
        refusal=error.detail,
        near_misses=error.near_misses,
    )


def _json_answer(body: dict[str, Any]) -> ScimResponse:
    return ScimResponse(status=200, headers=[("Content-Type", SCIM_MEDIA_TYPE)], body=orjson.dumps(body))


def _names_version(header: str, version: str) -> bool:
    """Return whether a list of entity tags names the version, compared weakly."""
    if header.strip() == "*":
        return True
    wanted = version.removeprefix("W/").strip('"')
    return any(tag.strip().removeprefix("W/").strip('"') == wanted for tag in header.split(","))


def _near_endpoints(path: str, head: str) -> tuple[str, ...]:
    near = get_close_matches(head.lower(), [name.lower() for name in ENDPOINTS], n=1)
    if not near:
        return (f"'{path}' is unknown; there are {', '.join('/' + name for name in ENDPOINTS)}",)
    exact = next(name for name in ENDPOINTS if name.lower() == near[0])
    return (f"'/{head}' is unknown; nearest: '/{exact}'",)


def _refuse_long_numbers(raw: bytes) -> None:
    """Refuse whole numbers beyond 64 bits: they would come back rounded."""

    def whole(text: str) -> int:
        if not -(2**63) <= int(text) < 2**64:
            raise InvalidValue(f"The number {text[:40]} is too large to be kept exactly.")
        return 0

    json.loads(raw, parse_int=whole)


def _refuse_depth(body: Any) -> None:
    """Refuse bodies nested so deep that reading them could exhaust the stack."""
    level = [body]
    for _ in range(32):
        level = [
            item
            for value in level
            for item in (value.values() if isinstance(value, dict) else value)
            if isinstance(item, dict | list)
        ]
        if not level:
            return
    raise InvalidSyntax("The body is nested deeper than 32 levels.")
