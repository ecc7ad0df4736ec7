"""A tiny SCIM server that does everything Entra needs, and servers that are like it but for one defect."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl
from urllib.parse import unquote

LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
TOKEN = "tiny-token-0123456789-0123456789"
NAMES = {"Users": "userName", "Groups": "displayName"}
FILTER = re.compile(r'(?P<path>[\w:.]+|\w+\[[^\]]*\](?:\.\w+)?) eq (?P<value>".*")\Z', re.DOTALL)
VALUE_PATH = re.compile(r'(?P<list>\w+)\[(?P<key>\w+) eq "(?P<value>[^"]*)"\](?:\.(?P<sub>\w+))?\Z')

Resource = dict[str, Any]


class Refused(Exception):
    """An answer other than success."""

    def __init__(self, status: int, scim_type: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.scim_type = scim_type


class TinyScim:
    """The whole server; a defect is a method that a subclass overrides."""

    def __init__(self) -> None:
        self.stores: dict[str, dict[str, Resource]] = {"Users": {}, "Groups": {}}
        self.requests: list[tuple[str, str]] = []
        self._count = 0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        self.requests.append((method, path))
        try:
            if environ.get("HTTP_AUTHORIZATION") != f"Bearer {TOKEN}":
                raise Refused(401)
            self.screen(environ)
            length = int(environ.get("CONTENT_LENGTH") or 0)
            body = json.loads(environ["wsgi.input"].read(length)) if length else {}
            status, content = self.answer(method, path, dict(parse_qsl(environ["QUERY_STRING"])), body)
        except Refused as refused:
            status = refused.status
            content = {"schemas": [ERROR], "status": str(status), "detail": "no"}
            content |= {"scimType": refused.scim_type} if refused.scim_type else {}
        data = b"" if content is None else json.dumps(content).encode()
        headers = [("Content-Type", "application/scim+json"), ("Content-Length", str(len(data)))]
        start_response(f"{status} x", headers)
        return [data]

    # -- what a subclass may break -------------------------------------------------------------------------------

    def screen(self, environ: dict[str, Any]) -> None:
        """Look at the request before anything else."""

    def shown(self, kind: str, resource: Resource, *, in_list: bool) -> Resource:
        return resource

    def stored(self, kind: str, resource: Resource) -> Resource:
        active = resource.get("active")
        if isinstance(active, str):
            resource["active"] = active.lower() == "true"
        return resource

    def same(self, held: Any, wanted: Any, path: str) -> bool:
        return str(held).lower() == str(wanted).lower()

    def missed(self) -> Resource:
        return self.listed("Users", [])

    def found(self, kind: str, expression: str) -> list[Resource]:
        match = FILTER.match(expression)
        if match is None:
            raise Refused(400, "invalidFilter")
        wanted, path = json.loads(match["value"]), match["path"]
        return [item for item in self.stores[kind].values() if self.same(self.read(item, path), wanted, path)]

    def is_taken(self, kind: str, name: str, but: str = "") -> bool:
        key = NAMES[kind]
        return any(item["id"] != but and self.same(item.get(key), name, key) for item in self.stores[kind].values())

    def add_members(self, members: list[Resource], added: list[Resource]) -> list[Resource]:
        held = {item["value"] for item in members}
        return members + [item for item in added if item["value"] not in held]

    def remove_members(self, members: list[Resource], value: list[Resource]) -> list[Resource]:
        gone = {item["value"] for item in value}
        return [item for item in members if item["value"] not in gone]

    def write_bundle(self, resource: Resource, values: Resource) -> None:
        for path, value in values.items():
            self.write(resource, path, value)

    # -- the work ------------------------------------------------------------------------------------------------

    def answer(self, method: str, path: str, query: dict[str, str], body: Resource) -> tuple[int, Resource | None]:
        _, kind, *rest = path.removeprefix("/scim").split("/")
        target_id = unquote(rest[0]) if rest else ""
        if kind not in self.stores:
            raise Refused(404)
        if not target_id:
            return self.collection(method, kind, query, body)
        if target_id not in self.stores[kind]:
            raise Refused(404)
        if method == "DELETE":
            del self.stores[kind][target_id]
            for group in self.stores["Groups"].values():
                group["members"] = [item for item in group.get("members", []) if item["value"] != target_id]
            return 204, None
        if method == "PATCH":
            self.patch(kind, target_id, body)
        return 200, self.rendered(kind, self.stores[kind][target_id], query)

    def collection(self, method: str, kind: str, query: dict[str, str], body: Resource) -> tuple[int, Resource]:
        if method == "GET":
            found = self.found(kind, query["filter"])
            return 200, self.listed(kind, found, query) if found else self.missed()
        if self.is_taken(kind, body[NAMES[kind]]):
            raise Refused(409, "uniqueness")
        self._count += 1
        resource = self.stored(kind, {**body, "id": f"t{self._count}"})
        self.stores[kind][resource["id"]] = resource
        return 201, self.rendered(kind, resource, {})

    def listed(self, kind: str, found: list[Resource], query: dict[str, str] | None = None) -> Resource:
        shown = [self.rendered(kind, item, query or {}, in_list=True) for item in found]
        return {"schemas": [LIST], "totalResults": len(shown), "Resources": shown}

    def rendered(self, kind: str, resource: Resource, query: dict[str, str], *, in_list: bool = False) -> Resource:
        hidden = query.get("excludedAttributes", "").split(",")
        copy = json.loads(json.dumps(resource))
        return self.shown(kind, {key: copy[key] for key in copy if key not in hidden}, in_list=in_list)

    def patch(self, kind: str, target_id: str, body: Resource) -> None:
        resource = json.loads(json.dumps(self.stores[kind][target_id]))
        for operation in body["Operations"]:
            verb, path, value = operation["op"].lower(), operation.get("path", ""), operation.get("value")
            if path == "members" and verb != "replace":
                change = self.add_members if verb == "add" else self.remove_members
                resource["members"] = change(resource.get("members", []), value)
            elif verb == "remove":
                self.remove(resource, path)
            elif path:
                self.write(resource, path, value)
            else:
                self.write_bundle(resource, value)
        if self.is_taken(kind, resource[NAMES[kind]], but=target_id):
            raise Refused(409, "uniqueness")
        self.stores[kind][target_id] = self.stored(kind, resource)

    def read(self, resource: Resource, path: str) -> Any:
        holder, name = self.place(resource, path)
        return None if holder is None else holder.get(name)

    def write(self, resource: Resource, path: str, value: Any) -> None:
        if path == f"{ENTERPRISE}:manager":
            value = {"value": value} if isinstance(value, str) else value
            value = value if value.get("value") else None
        holder, name = self.place(resource, path, makes=True)
        if value in (None, ""):
            holder.pop(name, None)
        else:
            holder[name] = value

    def remove(self, resource: Resource, path: str) -> None:
        match = VALUE_PATH.match(path)
        if match and not match["sub"]:
            kept = [item for item in resource.get(match["list"], []) if item.get(match["key"]) != match["value"]]
            resource[match["list"]] = kept
            return
        holder, name = self.place(resource, path)
        if holder is not None:
            holder.pop(name, None)

    def place(self, resource: Resource, path: str, *, makes: bool = False) -> tuple[Any, str]:
        match = VALUE_PATH.match(path)
        if match:
            entries = resource.setdefault(match["list"], []) if makes else resource.get(match["list"], [])
            entry = next((i for i in entries if self.same(i.get(match["key"]), match["value"], "type")), None)
            if entry is None and makes:
                entry = {match["key"]: match["value"]}
                entries.append(entry)
            return entry, match["sub"]
        if path.startswith("urn:"):
            urn, _, name = path.rpartition(":")
            return (resource.setdefault(urn, {}) if makes else resource.get(urn)), name
        outer, dot, inner = path.partition(".")
        if dot:
            return (resource.setdefault(outer, {}) if makes else resource.get(outer)), inner
        return resource, path


class HidesActive(TinyScim):
    def shown(self, kind: str, resource: Resource, *, in_list: bool) -> Resource:
        return {key: value for key, value in resource.items() if key != "active"}


class IgnoresFilter(TinyScim):
    def found(self, kind: str, expression: str) -> list[Resource]:
        return list(self.stores[kind].values())


class NotFoundOnMiss(TinyScim):
    def missed(self) -> Resource:
        raise Refused(404)


class KeepsTextBooleans(TinyScim):
    def stored(self, kind: str, resource: Resource) -> Resource:
        return resource


class ReformatsPhones(TinyScim):
    def stored(self, kind: str, resource: Resource) -> Resource:
        for item in resource.get("phoneNumbers", []):
            item["value"] = re.sub(r"[^0-9+]", "", item["value"])
        return super().stored(kind, resource)


class CaseSensitiveUserName(TinyScim):
    def same(self, held: Any, wanted: Any, path: str) -> bool:
        return str(held) == str(wanted) if path == "userName" else super().same(held, wanted, path)


class ReplacesListOnAdd(TinyScim):
    def add_members(self, members: list[Resource], added: list[Resource]) -> list[Resource]:
        return added


class EmptiesGroupOnRemove(TinyScim):
    def remove_members(self, members: list[Resource], value: list[Resource]) -> list[Resource]:
        return []


class HidesDisabled(TinyScim):
    def found(self, kind: str, expression: str) -> list[Resource]:
        return [item for item in super().found(kind, expression) if item.get("active") is not False]


class DemandsUserAgent(TinyScim):
    def screen(self, environ: dict[str, Any]) -> None:
        if not environ.get("HTTP_USER_AGENT"):
            raise Refused(403)


class TakesKeysForNames(TinyScim):
    """A PATCH value without path is merged key by key, dots and URNs and all."""

    def write_bundle(self, resource: Resource, values: Resource) -> None:
        resource.update(values)


class ShortLists(TinyScim):
    """Lookups show less than reads."""

    def shown(self, kind: str, resource: Resource, *, in_list: bool) -> Resource:
        kept = ("id", "schemas", "userName", "displayName", "active", "externalId")
        return {key: value for key, value in resource.items() if not in_list or key in kept}


class AllowsDoubles(TinyScim):
    def is_taken(self, kind: str, name: str, but: str = "") -> bool:
        return False


class OnlyDisablesOnDelete(TinyScim):
    def answer(self, method: str, path: str, query: dict[str, str], body: Resource) -> tuple[int, Resource | None]:
        kind, _, target_id = path.removeprefix("/scim/").partition("/")
        if method == "DELETE" and kind == "Users" and target_id in self.stores[kind]:
            self.stores[kind][target_id]["active"] = False
            return 204, None
        return super().answer(method, path, query, body)
