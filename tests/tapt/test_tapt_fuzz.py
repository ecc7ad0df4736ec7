"""Bodies, paths and filters that nobody should send: the answer is 2xx or 4xx, never 5xx, and nothing is half done."""

from __future__ import annotations

import json
import os
import random
from typing import Any
from urllib.parse import quote

import pytest

from entra_sim.mock_tapt import Tapt

ROUNDS = int(os.environ.get("TAPT_FUZZ_ROUNDS", "200"))
"""Requests per kind; a long run is `TAPT_FUZZ_ROUNDS=50000 pytest tests/tapt/test_tapt_fuzz.py`."""

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GRP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCHOP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
NAMES = (
    "userName", "displayName", "name", "name.givenName", "emails", "emails.value", "active", "title", "manager",
    "roles",
    "externalId", "id", "meta", "meta.created", "schemas", "groups", "members", "members.value", "password",
    "nonsense",
    "addresses", "x509Certificates", "photos", f"{ENT}:manager", f"{ENT}:department", f"{ENT}:manager.value", ENT, CORE,
    GRP, f"{CORE}:userName", "urn:custom:2.0:User:tag", "urn:custom:thing", "urn:", "urn:a", "URN:x:y.z", "$ref",
    "a.b.c",
    "", " ", ".", "value", "Operations", "emails[0]", "é", "\x00", "'", "%", "a" * 300,
)  # fmt: skip
SCALARS = (
    None, True, False, 0, 1, -1, 1.5, 1e308, 2**63, 10**30, "", " ", "x", "True", "false", "null", "\x00",
    "\ud7ff", "é" * 50,
    "a" * 2000, "2026-01-05T09:00:00Z", "[]", '"', "\\", "urn:x",
)  # fmt: skip


class Monkey:
    """Makes values that look a little like SCIM."""

    def __init__(self, seed: str, ids: list[str]) -> None:
        self.chance = random.Random(seed)
        self.ids = ids

    def pick(self, *choices: Any) -> Any:
        return self.chance.choice(choices)

    def scalar(self) -> Any:
        return self.pick(*SCALARS, *self.ids)

    def value(self, depth: int = 0) -> Any:
        roll = self.chance.random()
        if roll < 0.5 or depth > 3:
            return self.scalar()
        if roll < 0.7:
            return [self.value(depth + 1) for _ in range(self.chance.randrange(4))]
        keys = (*NAMES, "value", "value", "type", "primary", "display", "$ref")
        return {self.pick(*keys): self.value(depth + 1) for _ in range(self.chance.randrange(4))}

    def filter(self, depth: int = 0) -> str:
        roll = self.chance.random()
        if depth < 3 and roll < 0.15:
            return f"not ({self.filter(depth + 1)})"
        if depth < 3 and roll < 0.3:
            return f"({self.filter(depth + 1)}) {self.pick('and', 'or', 'AND', 'xor')} {self.filter(depth + 1)}"
        if depth < 2 and roll < 0.45:
            tail = self.pick("", "", ".value eq 1", '.value co "x"', ".type pr", ".")
            return f"{self.pick(*NAMES)}[{self.filter(depth + 1)}]{tail}"
        if roll < 0.5:
            return "".join(self.pick("(", ")", "[", "]", '"', " ", "eq", "a", ".", "\\", "not", "pr") for _ in range(8))
        operator = self.pick("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr", "EQ", "like", "")
        literal = self.pick(json.dumps(self.scalar()), json.dumps(self.scalar()), "x", "'x'", "", '"x')
        return f"{self.pick(*NAMES, 'value', 'type', 'primary')} {operator} {literal}"

    def path(self) -> Any:
        roll = self.chance.random()
        if roll < 0.5:
            return self.pick(*NAMES)
        if roll < 0.9:
            return f"{self.pick(*NAMES)}[{self.filter(2)}]{self.pick('', '.value', '.primary', '.', '.x.y', ']')}"
        return self.scalar()

    def operation(self) -> Any:
        operation = {"op": self.pick("add", "Replace", "remove", "REMOVE", "replace", "add", "x", None)}
        if self.chance.random() < 0.8:
            operation["path"] = self.path()
        if self.chance.random() < 0.85:
            operation["value"] = self.value()
        return operation if self.chance.random() < 0.95 else self.value()


@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
@pytest.mark.parametrize("seed", os.environ.get("TAPT_FUZZ_SEEDS", "one two").split())
def test_nothing_answers_5xx(scim, tapt: Tapt, seed: str, strict: bool) -> None:
    user, group = scim.user("ada", emails=[{"type": "work", "value": "a@x"}]), scim.group("G")
    tapt.set_switches(strict=strict)
    monkey = Monkey(f"{seed} {strict}", [user["id"], group["id"]])
    seen: set[int] = set()
    paths = (f"/Users/{user['id']}", f"/Groups/{group['id']}")

    def ask(method: str, path: str, body: Any = None) -> None:
        answer = scim(method, path, body, headers={"If-Match": "*"} if monkey.chance.random() < 0.1 else None)
        seen.add(answer.status)
        assert 200 <= answer.status < 500 or answer.status == 501, (method, path, body, answer.raw)
        if answer.status >= 400:
            assert answer.json["status"] == str(answer.status)

    for _ in range(ROUNDS):
        ask("PATCH", monkey.pick(*paths), {"schemas": [PATCHOP], "Operations": [monkey.operation() for _ in range(2)]})
        ask("GET", f"/{monkey.pick('Users', 'Groups')}?filter={quote(monkey.filter().encode('utf-8', 'replace'))}")
        query = (
            f"sortBy={quote(monkey.pick(*NAMES))}&attributes={quote(monkey.pick(*NAMES))},{quote(monkey.pick(*NAMES))}"
        )
        query += f"&excludedAttributes={quote(monkey.pick(*NAMES))}&count={monkey.pick(0, 1, 'x', 10**20, -3)}"
        ask("GET", f"{monkey.pick('/Users', '/Groups', *paths)}?{query}")
        name = {"userName": f"u{monkey.chance.random()}", "displayName": f"g{monkey.chance.random()}"}
        body = {"schemas": [CORE, GRP], **name, **{monkey.pick(*NAMES): monkey.value() for _ in range(3)}}
        ask(monkey.pick("POST", "POST", "PUT"), monkey.pick("/Users", "/Groups", *paths), body)
        ask(monkey.pick("POST", "PUT", "PATCH"), monkey.pick("/Users", "/.search", *paths), monkey.value())
        for held in paths:
            answer = scim("GET", held)
            assert answer.status == 200
            assert answer.json["userName" if "Users" in held else "displayName"].strip()
    assert {200, 201, 400} <= seen
    listed = scim("GET", "/Users?count=1000").json
    assert listed["totalResults"] == tapt.store.count("User")
    for resource in tapt.users():
        assert tapt.user(resource["userName"]) == resource


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xfe", b"nul", b"NaN", b'{"a":NaN}', b"[" * 5000, b'{"schemas":' * 1500 + b"1" + b"}" * 1500,
        b'{"a":' * 60 + b"1" + b"}" * 60, b'{"schemas":["x"],"userName":"\\ud800"}', b'{"userName":"x","userName":"y"}',
    ],
)  # fmt: skip
def test_broken_bodies(scim, raw: bytes) -> None:
    user = scim.user("ada")
    for method, path in (("POST", "/Users"), ("PUT", f"/Users/{user['id']}"), ("PATCH", f"/Users/{user['id']}")):
        assert scim(method, path, raw=raw).status == 400


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**40])
def test_numbers_that_cannot_be_kept_exactly_are_refused(scim, tapt: Tapt, number: int) -> None:
    answer = scim("POST", "/Users", {"schemas": [CORE], "userName": "x", "urn:c:2.0:User": {"n": [1, number]}})
    assert (answer.status, answer.scim_type) == (400, "invalidValue")
    kept = {"a": 2**64 - 1, "b": -(2**63), "c": f": {number}", "d": 0.1}
    assert scim.user("y", **{"urn:c:2.0:User": kept})["urn:c:2.0:User"] == kept


@pytest.mark.parametrize(
    "path", ["/Users/%00", "/Users/%FF", "/Users/" + "a" * 5000, "/%2e%2e/", "/Users/..", "/Users/%2F"]
)
def test_odd_paths(scim, path: str) -> None:
    assert 400 <= scim("GET", path).status < 500 or path == "/Users/%2F"


@pytest.mark.parametrize(
    "query", ["filter=%FF", "filter=%00", "&&&", "=", "filter", "count", "%", "filter=a&filter=b", ";"]
)
def test_odd_queries(scim, query: str) -> None:
    assert scim("GET", f"/Users?{query}").status in (200, 400)


@pytest.mark.parametrize(
    "body",
    [
        {"urn:a": [1], "urn:a:b": "x"},
        {"urn:a:b": "x", "urn:a": [1]},
        {"urn:c:2.0:User": {"tag": "x"}, "URN:C:2.0:User": {"tag": "y"}},
        {ENT: {"department": "x"}, f"{ENT}:department": "y"},
        {"custom": 1, "CUSTOM": 2},
        {"custom": 1, "custom ": 2, "title": "x", "TITLE": "y"},
    ],
    ids=str,
)
def test_the_same_thing_twice_is_refused_not_half_kept(scim, tapt: Tapt, body: dict[str, Any]) -> None:
    answer = scim("POST", "/Users", {"schemas": [CORE], "userName": "x", **body})
    assert (answer.status, answer.scim_type) == (400, "invalidSyntax")
    assert tapt.users() == []
