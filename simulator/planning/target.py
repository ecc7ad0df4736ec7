"""A pretend target: a SCIM server in memory that answers what the engine sends. Pure; no socket, no file.

It holds what the real target is thought to hold, answers lookups and reads from an index, and carries out creates,
PATCHes and deletes, so that the engine runs to its end while nobody's account is touched.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

import orjson

from entra_sim.simulator.planning.accounts import Accounts
from entra_sim.simulator.planning.packing import packed_json
from entra_sim.simulator.planning.resources import NAMES
from entra_sim.simulator.planning.resources import Refusal
from entra_sim.simulator.planning.resources import Resource
from entra_sim.simulator.planning.resources import created
from entra_sim.simulator.planning.resources import patched
from entra_sim.simulator.planning.resources import values_at
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.scim.paths import TargetPath

_FILTER = re.compile(r'(.+?) eq ("(?:[^"\\]|\\.)*")', re.DOTALL)
_CHECK = re.compile(r'id eq ("(?:[^"\\]|\\.)*") and (\S+) eq ("(?:[^"\\]|\\.)*")', re.DOTALL)
_KINDS = {"Users": "User", "Groups": "Group"}
_EXACT = frozenset({"externalid", "id"})
_LIST = b'{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":%d,"Resources":[%s]}'
_NOBODY = Reply(status=200, body=_LIST % (0, b""))
_NO_CONTENT = Reply(status=204)

Index = dict[str, str | dict[str, None]]
"""From a folded value to the id of the only resource that has it, or to the ids of several, in order."""


class PretendTarget:
    """Users and groups of one pretend target.

    Args:
        prefix: begins the ids it hands out, so that several can share the work.

    Attributes:
        counts: requests so far by method.
    """

    def __init__(self, prefix: str = "planned") -> None:
        self.counts: Counter[str] = Counter()
        self._prefix = prefix
        self._count = 0
        self._resources: dict[str, dict[str, bytes]] = {"User": {}, "Group": {}}
        self._members: dict[str, dict[str, None]] = {}
        self._indexes: dict[str, dict[str, Index]] = {"User": {}, "Group": {}}

    def load(self, kind: str, accounts: Accounts) -> None:
        """Take in accounts or groups as they stand at the target, before anything is asked."""
        assert not self._indexes[kind]
        for target_id, body, members in accounts.held():
            self._resources[kind][target_id] = body
            if kind == "Group":
                self._members[target_id] = dict.fromkeys(members)

    def ids(self, kind: str) -> Iterable[str]:
        """Return the ids of all users or groups, in the order they came."""
        return self._resources[kind].keys()

    def resource(self, kind: str, target_id: str) -> Resource | None:
        """Return what is held under an id, or None."""
        held = self._resources[kind].get(target_id)
        return None if held is None else orjson.loads(held)

    def members(self, target_id: str) -> tuple[str, ...]:
        """Return the member ids of a group, in order."""
        return tuple(self._members.get(target_id, ()))

    def send(self, call: Call) -> Reply:
        """Return the answer to a call, as a transport does."""
        self.counts[call.method] += 1
        try:
            return self._answer(call)
        except Refusal as refusal:
            body = {
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
                "status": str(refusal.status),
                "scimType": refusal.scim_type,
                "detail": str(refusal),
            }
            return Reply(status=refusal.status, body=orjson.dumps(body))

    def _answer(self, call: Call) -> Reply:
        collection, _, target_id = call.path[1:].partition("/")
        kind = _KINDS[collection]
        if not target_id:
            return self._list(kind, dict(call.query)) if call.method == "GET" else self._create(kind, call.body or {})
        held = self._resources[kind].get(target_id)
        if held is None:
            raise Refusal(404, "", f"There is no {kind} '{target_id}'.")
        if call.method == "GET":
            return Reply(status=200, body=held)
        if call.method == "DELETE":
            self._drop(kind, target_id)
        elif not (kind == "Group" and self._changes_members(target_id, call.body or {})):
            former = orjson.loads(held)
            changed = patched(kind, former, call.body or {})
            if changed[NAMES[kind]] != former[NAMES[kind]]:
                self._refuse_taken(kind, changed[NAMES[kind]], target_id)
            self._keep(kind, target_id, changed, former)
        return _NO_CONTENT

    def _create(self, kind: str, body: Mapping[str, Any]) -> Reply:
        resource = created(kind, body)
        self._refuse_taken(kind, resource[NAMES[kind]], "")
        target_id = self._new_id()
        if kind == "Group":
            self._members[target_id] = {}
        return Reply(status=201, body=self._keep(kind, target_id, resource))

    def _list(self, kind: str, query: Mapping[str, str]) -> Reply:
        text = query.get("filter", "")
        check = _CHECK.fullmatch(text)
        if check is not None:
            target_id, held = orjson.loads(check[1]), orjson.loads(check[3])
            resource = self.resource(kind, target_id) or {}
            is_there = held in self._members.get(target_id, ()) if kind == "Group" else _manager(resource) == held
            found = [orjson.dumps({"id": target_id})] if is_there else []
            return Reply(status=200, body=_LIST % (len(found), b",".join(found)))
        asked = _FILTER.fullmatch(text)
        if asked is None:
            raise Refusal(400, "invalidFilter", f"The filter '{text}' is not understood.")
        ids = self._found(kind, asked[1], orjson.loads(asked[2]))
        if not ids:
            return _NOBODY
        shown = [self._resources[kind][one] for one in ids]
        return Reply(status=200, body=_LIST % (len(shown), b",".join(shown)))

    # -- index ---------------------------------------------------------------------------------------------------

    def _found(self, kind: str, attribute: str, value: str) -> list[str]:
        if attribute.lower() == "id":
            return [value] if value in self._resources[kind] else []
        indexes = self._indexes[kind]
        if attribute not in indexes:
            indexes[attribute] = {}
            for target_id, held in self._resources[kind].items():
                self._enter(indexes[attribute], attribute, target_id, orjson.loads(held))
        found = indexes[attribute].get(_folded(TargetPath.parse(attribute), value), ())
        return [found] if type(found) is str else list(found)

    def _enter(self, index: Index, attribute: str, target_id: str, resource: Resource) -> None:
        path = TargetPath.parse(attribute)
        for value in values_at(path, resource):
            key = _folded(path, value)
            held = index.get(key)
            if held is None:
                index[key] = target_id
            elif type(held) is dict:
                held[target_id] = None
            elif held != target_id:
                index[key] = {str(held): None, target_id: None}

    def _keep(self, kind: str, target_id: str, resource: Resource, former: Resource | None = None) -> bytes:
        """Hold a resource, as the JSON that is answered: that is small, and needs no writing for a read."""
        for attribute, index in self._indexes[kind].items():
            if former is not None:
                path = TargetPath.parse(attribute)
                if values_at(path, former) == values_at(path, resource):
                    continue
                self._leave(index, attribute, target_id, former)
            self._enter(index, attribute, target_id, resource)
        body = packed_json({"id": target_id, **resource})
        self._resources[kind][target_id] = body
        return body

    def _leave(self, index: Index, attribute: str, target_id: str, resource: Resource) -> None:
        path = TargetPath.parse(attribute)
        for value in values_at(path, resource):
            key = _folded(path, value)
            held = index.get(key)
            if type(held) is dict:
                held.pop(target_id, None)
            elif held == target_id:
                del index[key]

    def _drop(self, kind: str, target_id: str) -> None:
        former = orjson.loads(self._resources[kind].pop(target_id))
        for attribute, index in self._indexes[kind].items():
            self._leave(index, attribute, target_id, former)
        self._members.pop(target_id, None)
        for held in self._members.values():
            held.pop(target_id, None)

    def _refuse_taken(self, kind: str, name: str, own_id: str) -> None:
        if any(target_id != own_id for target_id in self._found(kind, NAMES[kind], name)):
            raise Refusal(409, "uniqueness", f"Another {kind} has the {NAMES[kind]} '{name}'.")

    def _changes_members(self, target_id: str, body: Mapping[str, Any]) -> bool:
        """Carry out the plain additions and removals of members; returns whether the PATCH was one."""
        operations = body.get("Operations", ())
        if not all(str(one.get("path") or "").lower().startswith("members") for one in operations):
            return False
        held = self._members.setdefault(target_id, {})
        for one in operations:
            path = TargetPath.parse(one["path"])
            values = [str(entry["value"]) for entry in one.get("value") or ()] or [
                str(item.literal) for item in path.filter
            ]
            for value in values:
                if str(one["op"]).lower() == "remove":
                    held.pop(value, None)
                else:
                    held[value] = None
        return True

    def _new_id(self) -> str:
        self._count += 1
        return f"{self._prefix}-{self._count}"


def _folded(path: TargetPath, value: str) -> str:
    return value if path.leaf.lower() in _EXACT else value.casefold()


def _manager(resource: Mapping[str, Any]) -> Any:
    return TargetPath.parse("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager").read(resource)
