"""Filters in SQL against a plain model of RFC 7644 section 3.4.2.2 over lists of dictionaries, by hypothesis."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from entra_sim.mock_tapt import Tapt
from entra_sim.mock_tapt import filters
from entra_sim.mock_tapt.schema import USER

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CUSTOM = "urn:example:2.0:User"
WORDS = ["a", "A", "ab", "Ab", "b", "ba", "É", "é", "z%", "_", 'q"', "\\", "a b"]

# how a path is found in a resource: (keys, exact case)
TEXTS = {
    "title": (("title",), False),
    "name.givenName": (("name", "givenName"), False),
    "externalId": (("externalId",), True),
    "displayName": (("displayName",), False),
    f"{ENT}:department": ((ENT, "department"), False),
    "manager": ((ENT, "manager", "value"), True),
    f"{CUSTOM}:tag": ((CUSTOM, "tag"), False),
    "emails.value": (("emails", "value"), False),
    "emails": (("emails", "value"), False),
    "emails.type": (("emails", "type"), False),
}
words = st.sampled_from(WORDS)
entries = st.fixed_dictionaries(
    {}, optional={"value": words, "type": st.sampled_from(["work", "home"]), "primary": st.booleans()}
)
people = st.fixed_dictionaries(
    {"active": st.booleans()},
    optional={
        "title": words,
        "name": st.fixed_dictionaries({}, optional={"givenName": words, "familyName": words}),
        "externalId": words,
        "displayName": words,
        ENT: st.fixed_dictionaries(
            {}, optional={"department": words, "manager": st.builds(lambda v: {"value": v}, words)}
        ),
        CUSTOM: st.fixed_dictionaries({}, optional={"tag": words, "level": st.integers(-2, 2), "on": st.booleans()}),
        "emails": st.lists(entries.filter(bool), max_size=3),
    },
)
operators = st.sampled_from(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"])
comparisons = st.one_of(
    st.tuples(st.just("text"), st.sampled_from(sorted(TEXTS)), operators, words),
    st.tuples(
        st.just("flag"), st.sampled_from(["active", f"{CUSTOM}:on"]), st.sampled_from(["eq", "ne"]), st.booleans()
    ),
    st.tuples(
        st.just("number"),
        st.just(f"{CUSTOM}:level"),
        st.sampled_from(["eq", "gt", "ge", "lt", "le"]),
        st.integers(-2, 2),
    ),
    st.tuples(st.just("pr"), st.sampled_from([*sorted(TEXTS), "active", "name", f"{CUSTOM}:level"])),
)
inner = st.recursive(
    st.one_of(
        st.tuples(st.just("text"), st.sampled_from(["value", "type"]), operators, words),
        st.tuples(st.just("flag"), st.just("primary"), st.sampled_from(["eq", "ne"]), st.booleans()),
        st.tuples(st.just("pr"), st.sampled_from(["value", "type", "primary"])),
    ),
    lambda part: st.one_of(
        st.tuples(st.just("not"), part),
        st.tuples(st.sampled_from(["and", "or"]), part, part),
    ),
    max_leaves=3,
)
trees = st.recursive(
    st.one_of(comparisons, st.tuples(st.just("entry"), inner)),
    lambda part: st.one_of(st.tuples(st.just("not"), part), st.tuples(st.sampled_from(["and", "or"]), part, part)),
    max_leaves=4,
)


def written(tree: Any) -> str:
    match tree[0]:
        case "not":
            return f"not ({written(tree[1])})"
        case "and" | "or":
            return f"({written(tree[1])}) {tree[0]} ({written(tree[2])})"
        case "entry":
            return f"emails[{written(tree[1])}]"
        case "pr":
            return f"{tree[1]} pr"
        case _:
            return f"{tree[1]} {tree[2]} {json.dumps(tree[3])}"


def found(resource: Any, keys: tuple[str, ...]) -> Iterator[Any]:
    if not keys:
        if resource not in (None, {}, []):
            yield resource
    elif isinstance(resource, list):
        for item in resource:
            yield from found(item, keys)
    elif isinstance(resource, dict) and keys[0] in resource:
        value = resource[keys[0]]
        for item in value if isinstance(value, list) else [value]:
            yield from found(item, keys[1:])


def holds(operator: str, stored: Any, wanted: Any) -> bool:
    return {
        "eq": lambda: stored == wanted, "ne": lambda: stored != wanted, "co": lambda: wanted in stored,
        "sw": lambda: stored.startswith(wanted), "ew": lambda: stored.endswith(wanted), "gt": lambda: stored > wanted,
        "ge": lambda: stored >= wanted, "lt": lambda: stored < wanted, "le": lambda: stored <= wanted,
    }[operator]()  # fmt: skip


def model(tree: Any, resource: dict[str, Any], *, in_entry: bool = False) -> bool:
    """Say what RFC 7644 says, as plainly as possible."""
    match tree[0]:
        case "not":
            return not model(tree[1], resource, in_entry=in_entry)
        case "and":
            return model(tree[1], resource, in_entry=in_entry) and model(tree[2], resource, in_entry=in_entry)
        case "or":
            return model(tree[1], resource, in_entry=in_entry) or model(tree[2], resource, in_entry=in_entry)
        case "entry":
            return any(model(tree[1], entry, in_entry=True) for entry in resource.get("emails", ()))
    path = tree[1]
    if in_entry:
        keys, exact = (path,), False
    elif path in TEXTS:
        keys, exact = TEXTS[path]
    else:
        urn, colon, name = path.rpartition(":")
        keys, exact = ((urn, name) if colon else (name,)), False
    if tree[0] == "pr":
        keys = ("emails",) if path == "emails" and not in_entry else keys
        return any(True for _ in found(resource, keys))
    fold = (lambda v: v) if exact or tree[0] != "text" else (lambda v: v.casefold())
    values = [fold(value) for value in found(resource, keys)]
    if not values:
        return tree[2] == "ne"
    return any(holds(tree[2], value, fold(tree[3])) for value in values)


def without_empties(resource: dict[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in resource.items() if v not in ({}, [])}
    if "emails" in kept:  # equal entries are stored once
        unique = {json.dumps(e, sort_keys=True): e for e in kept["emails"]}
        kept["emails"] = list(unique.values())
    return kept


@pytest.mark.rule("SRV-031", "SRV-032")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(held=st.lists(people, min_size=1, max_size=6), asked=st.lists(trees, min_size=1, max_size=8))
def test_sql_and_python_agree_with_the_model(scim, tapt: Tapt, held: list[dict[str, Any]], asked: list[Any]) -> None:
    tapt.faults.clear()
    tapt.restore(scim.empty) if hasattr(scim, "empty") else setattr(scim, "empty", tapt.snapshot())
    users = [(scim.user(f"u{n}", **resource), without_empties(resource)) for n, resource in enumerate(held)]
    for tree in asked:
        text = written(tree)
        expected = [user["id"] for user, resource in users if model(tree, resource)]
        assert scim.find(text) == expected, text
        parsed = filters.parse_filter(text, USER)
        assert [user["id"] for user, _ in users if filters.matches(parsed, user)] == expected, text
        answer = scim("GET", f"/Users?count=0&filter={quote(text)}").json
        assert answer["totalResults"] == len(expected)
