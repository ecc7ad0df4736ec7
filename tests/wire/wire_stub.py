"""A SCIM server small enough to be right: it serves a case's target, applies what is written, and keeps every request.

It reads the RFC for itself and shares no code with the client, so that a mistake on one side cannot hide on the other.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl
from urllib.parse import unquote

from wire_cases import Case

BASE_PATH = "/scim/v2"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
_COMPARISON = re.compile(r'\s*(?:and\s+)?(.+?)\s+eq\s+("(?:[^"\\]|\\.)*"|true|false)(?=\s+and\s|\s*$)', re.IGNORECASE)
_PATH = re.compile(r"(?:(?P<urn>urn:[^\[]*):)?(?P<name>[^.:\[]+)(?:\[(?P<filter>.*)\])?(?:\.(?P<sub>.+))?")
_EXACT_CASE = ("id", "externalId", "members", "manager")


@dataclass(frozen=True)
class Recorded:
    """One request as the server saw it.

    Args:
        method: upper case.
        path: decoded, relative to the tenant URL.
        raw_query: as sent.
        query: decoded.
        body: parsed, None when there was none.
        headers: names in lower case.
        status: what was answered.
    """

    method: str
    path: str
    raw_query: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]
    status: int = 0


class StubTarget:
    """The target of one case, as a WSGI app."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.recorded: list[Recorded] = []
        given = deepcopy(case.given.get("target") or {})
        self.resources: dict[str, list[dict[str, Any]]] = {
            "Users": given.get("Users", []),
            "Groups": given.get("Groups", []),
        }
        self._new_ids = list(case.given.get("newIds") or [])
        self._made_count = 0
        self._seen: Counter[tuple[str, str, str]] = Counter()
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        """Answer one request."""
        with self._lock:
            request = _recorded(environ)
            status, content = self.answer(request)
            self.recorded.append(Recorded(**{**request.__dict__, "status": status}))
        is_json = not isinstance(content, str)
        body = b"" if content is None else (json.dumps(content) if is_json else content).encode()
        headers = [("Content-Type", "application/scim+json" if is_json else "text/html")] if body else []
        if status != 204:
            headers.append(("Content-Length", str(len(body))))
        start_response(f"{status} Answer", headers)
        return [body] if body else []

    def answer(self, request: Recorded) -> tuple[int, Any]:
        """Return status and body: the case's own answer for this request, else the natural one."""
        position = self._expected_position(request)
        stated = self.case.expect[position].get("status") if position is not None else None
        for override in self.case.given.get("answers") or []:
            if override["to"] == position:
                return int(override["status"]), override.get("body")
        if stated is not None and stated >= 400 and request.method != "GET":
            return int(stated), _error(stated)
        status, content = self._natural(request)
        if stated in (None, status):
            return status, content
        return int(stated), _error(stated) if stated >= 400 else content if stated != 204 else None

    def _expected_position(self, request: Recorded) -> int | None:
        """Return which expected request this is by method, path and query, counting equal ones."""
        signature = (request.method, request.path, json.dumps(request.query, sort_keys=True))
        nth = self._seen[signature]
        self._seen[signature] += 1
        alike = [
            position
            for position, expected in enumerate(self.case.expect)
            if any(_looks_like(request, one) for one in [expected, *expected.get("alternatives", [])])
        ]
        return alike[min(nth, len(alike) - 1)] if alike else None

    def _natural(self, request: Recorded) -> tuple[int, Any]:
        collection, _, target_id = request.path.strip("/").partition("/")
        if collection == "Schemas":
            return 200, _list([])
        if collection not in self.resources:
            return 404, _error(404)
        if request.method == "POST" and not target_id:
            return self._create(collection, request.body)
        if request.method == "GET" and not target_id:
            found = [one for one in self.resources[collection] if _satisfies(one, request.query.get("filter", ""))]
            return 200, _list([_selected(one, request.query) for one in found])
        resource = next((one for one in self.resources[collection] if one.get("id") == target_id), None)
        if resource is None:
            return 404, _error(404)
        if request.method == "GET":
            return 200, _selected(resource, request.query)
        if request.method == "DELETE":
            self.resources[collection].remove(resource)
            return 204, None
        if request.method == "PATCH":
            apply_patch(resource, request.body)
            return (200, resource) if collection == "Users" else (204, None)
        return 405, _error(405)

    def _create(self, collection: str, body: dict[str, Any]) -> tuple[int, Any]:
        name = "userName" if collection == "Users" else "displayName"
        taken = {str(one.get(name)).lower() for one in self.resources[collection]}
        if str(body.get(name)).lower() in taken:
            return 409, {**_error(409), "scimType": "uniqueness"}
        resource = {**deepcopy(body), "id": self._new_id(body)}
        self.resources[collection].append(resource)
        return 201, resource

    def _new_id(self, body: dict[str, Any]) -> str:
        """Return the id that the case gives this object, whatever the order of creation; else the next one."""
        wanted = self.case.created_ids.get(self.case.owner_of_body(body), "")
        if wanted in self._new_ids:
            self._new_ids.remove(wanted)
            return wanted
        self._made_count += 1
        return self._new_ids.pop(0) if self._new_ids else f"made-{self._made_count}"


def apply_patch(resource: dict[str, Any], body: dict[str, Any]) -> None:
    """Carry out a PatchOp on a resource, as tolerantly as a server has to be."""
    for operation in body["Operations"]:
        verb, path, value = operation["op"].lower(), operation.get("path"), operation.get("value")
        assignments = [(path, value)] if path is not None else list(value.items())
        for one_path, one_value in assignments:
            _apply(resource, verb, one_path, one_value)


def _apply(resource: dict[str, Any], verb: str, path: str, value: Any) -> None:
    parts = _PATH.fullmatch(path)
    assert parts is not None, f"no path: {path}"
    urn, name, condition, sub = parts["urn"], parts["name"], parts["filter"], parts["sub"]
    holder = resource.setdefault(urn, {}) if urn else resource
    if condition:
        _apply_filtered(holder, verb, name, _comparisons(condition), sub, value)
    elif sub:
        inner = holder.setdefault(name, {})
        if verb == "remove":
            inner.pop(sub, None)
        else:
            inner[sub] = value
    elif verb == "remove":
        gone = [one.get("value") for one in value] if isinstance(value, list) else None
        kept = [one for one in holder.get(name, []) if one.get("value") not in gone] if gone is not None else []
        holder[name] = kept
    elif verb == "add" and isinstance(value, list):
        holder[name] = [*holder.get(name, []), *(one for one in value if one not in holder.get(name, []))]
    else:
        holder[name] = {"value": value} if name == "manager" and isinstance(value, str) else _stored(name, value)


def _apply_filtered(
    holder: dict[str, Any], verb: str, name: str, conditions: list[tuple[str, Any]], sub: str | None, value: Any
) -> None:
    entries = holder.setdefault(name, [])
    matching = [one for one in entries if all(_equal(one.get(key), wanted) for key, wanted in conditions)]
    if verb == "remove":
        if sub is None:
            holder[name] = [one for one in entries if one not in matching]
        for one in matching:
            one.pop(sub, None)
        return
    if not matching:
        matching = [{key: _stored(key, wanted) for key, wanted in conditions}]
        entries.extend(matching)
    for one in matching:
        if sub is None:
            one.update(value)
        else:
            one[sub] = _stored(sub, value)


def _stored(name: str, value: Any) -> Any:
    """Return booleans for what is one, also when it came as a text."""
    if name in ("active", "primary") and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value


def _comparisons(text: str) -> list[tuple[str, Any]]:
    found = [(one[1].strip(), json.loads(one[2])) for one in _COMPARISON.finditer(text)]
    assert found, f"no filter: {text}"
    return found


def _satisfies(resource: dict[str, Any], condition: str) -> bool:
    if not condition:
        return True
    return all(
        any(_equal(held, wanted, exact=path in _EXACT_CASE) for held in _values(resource, path))
        for path, wanted in _comparisons(condition)
    )


def _values(resource: dict[str, Any], path: str) -> list[Any]:
    parts = _PATH.fullmatch(path)
    assert parts is not None, f"no path: {path}"
    urn, name, condition, sub = parts["urn"], parts["name"], parts["filter"], parts["sub"]
    holders = [resource.get(urn, {})] if urn else [resource]
    if name == "manager" and not urn:
        holders = [one for one in resource.values() if isinstance(one, dict)]
    found: list[Any] = []
    for holder in holders:
        held = next((value for key, value in holder.items() if key.lower() == name.lower()), None)
        for one in held if isinstance(held, list) else [held]:
            is_object = isinstance(one, dict)
            if condition and not (is_object and all(_equal(one.get(key), v) for key, v in _comparisons(condition))):
                continue
            found.append(one.get(sub or "value") if is_object else one)
    return found


def _equal(held: Any, wanted: Any, *, exact: bool = False) -> bool:
    if held is None:
        return False
    return bool(held == wanted) if exact else str(held).lower() == str(wanted).lower()


def _selected(resource: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
    excluded = query.get("excludedAttributes", "").split(",")
    wanted = query["attributes"].split(",") if "attributes" in query else None
    return {
        key: value
        for key, value in resource.items()
        if key not in excluded and (wanted is None or key in ("id", "schemas", *wanted))
    }


def _list(resources: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "schemas": [LIST],
        "totalResults": len(resources),
        "startIndex": 1,
        "itemsPerPage": len(resources),
        "Resources": resources,
    }


def _error(status: int) -> dict[str, Any]:
    return {"schemas": [ERROR], "status": str(status), "detail": "as the case wants it"}


def _looks_like(request: Recorded, expected: dict[str, Any]) -> bool:
    if (request.method, request.path) != (expected["method"], expected["path"]):
        return False
    wanted = expected.get("query") or {}
    return set(wanted) == set(request.query) and all(
        request.query[name] == value or "{guid}" in value for name, value in wanted.items()
    )


def _recorded(environ: dict[str, Any]) -> Recorded:
    raw_path, _, raw_query = environ["REQUEST_URI"].partition("?")
    path = unquote(raw_path)
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    headers = {name[5:].lower().replace("_", "-"): value for name, value in environ.items() if name[:5] == "HTTP_"}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.lower().replace("_", "-")] = environ[name]
    return Recorded(
        method=environ["REQUEST_METHOD"],
        path=path.removeprefix(BASE_PATH) if path.startswith(f"{BASE_PATH}/") else f"outside the tenant URL: {path}",
        raw_query=raw_query,
        query=dict(parse_qsl(raw_query, keep_blank_values=True)),
        body=json.loads(body) if body else None,
        headers=headers,
    )


@contextmanager
def served(app: Callable[..., Any]) -> Iterator[tuple[str, int]]:
    """Serve a WSGI app on a free port of this machine; gives host and port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            environ: dict[str, Any] = {"REQUEST_METHOD": self.command, "REQUEST_URI": self.path}
            environ["wsgi.input"] = self.rfile
            for name, value in self.headers.items():
                key = name.upper().replace("-", "_")
                environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
            started: list[Any] = []
            body = b"".join(app(environ, lambda status, headers: started.extend((status, headers))))
            self.send_response_only(int(started[0][:3]))
            for name, value in started[1]:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = handle_any

        def log_message(self, *parts: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        host, port = server.server_address[:2]
        yield str(host), port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
