"""PATCH against a plain model of RFC 7644 section 3.5.2 with the tolerance of B.2, by hypothesis."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from entra_sim.mock_tapt import patch
from entra_sim.mock_tapt.schema import GROUP
from entra_sim.mock_tapt.schema import PATCH_OP
from entra_sim.mock_tapt.schema import USER

ENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
numbers = itertools.count(1)
words = st.sampled_from(["x", "y", "z", "X"])
kinds = st.sampled_from(["work", "home"])
entry = st.fixed_dictionaries({"value": words, "type": kinds}, optional={"primary": st.just(True)})
verbs = st.sampled_from(["add", "Add", "replace", "Replace"])
start = st.fixed_dictionaries(
    {"userName": st.just("ada")},
    optional={
        "title": words,
        "name": st.fixed_dictionaries({"givenName": words}, optional={"familyName": words}),
        "emails": st.lists(entry, min_size=1, max_size=2, unique_by=lambda e: e["type"]),
        ENT: st.fixed_dictionaries({"department": words}, optional={"costCenter": words}),
    },
)
PARTS = ("name.givenName", "name.familyName", f"{ENT}:department", f"{ENT}:costCenter", "title")
operations = st.one_of(
    st.builds(lambda v, p, x: {"op": v, "path": p, "value": x}, verbs, st.sampled_from(PARTS), words),
    st.builds(
        lambda p, x: {"op": "Replace", "path": p, "value": x}, st.sampled_from(PARTS), st.sampled_from(["", None])
    ),
    st.builds(lambda p: {"op": "Remove", "path": p}, st.sampled_from([*PARTS, "name", "emails", ENT])),
    st.builds(lambda v, k, x: {"op": v, "path": f'emails[type eq "{k}"].value', "value": x}, verbs, kinds, words),
    st.builds(lambda k: {"op": "Remove", "path": f'emails[type eq "{k}"]'}, kinds),
    st.builds(lambda k: {"op": "remove", "path": f'emails[type eq "{k}"].value'}, kinds),
    st.builds(lambda v: {"op": "replace", "path": "emails", "value": v}, st.lists(entry, max_size=2, unique_by=str)),
    st.builds(
        lambda v: {"op": "add", "path": "emails", "value": v}, st.lists(entry, min_size=1, max_size=2, unique_by=str)
    ),
    st.builds(
        lambda v, keys: {"op": v, "value": keys}, verbs, st.dictionaries(st.sampled_from(PARTS), words, min_size=1)
    ),
    st.builds(lambda v, x: {"op": v, "path": "name", "value": {"givenName": x}}, verbs, words),
    st.builds(lambda v, x: {"op": v, "path": ENT, "value": {"department": x}}, verbs, words),
)


def put(resource: dict[str, Any], path: str, value: Any) -> None:
    """Set or clear one single value."""
    if path.startswith(ENT):
        parent, name = ENT, path[len(ENT) + 1 :]
    elif "." in path:
        parent, name = path.split(".")
    else:
        parent, name = "", path
    container = resource.setdefault(parent, {}) if parent else resource
    if value in (None, ""):
        container.pop(name, None)
    else:
        container[name] = value
    if parent and not container:
        del resource[parent]


def only_primary(entries: list[dict[str, Any]], given_last: list[dict[str, Any]]) -> None:
    """Leave the primary mark with the last entry that was given it."""
    chosen = [e for e in given_last if e.get("primary")]
    if chosen:
        for e in entries:
            if e is not chosen[-1] and e.get("primary"):
                e["primary"] = False


def model(resource: dict[str, Any], operation: dict[str, Any]) -> None:
    verb, path, value = operation["op"].lower(), operation.get("path"), operation.get("value")
    if path is None:
        for key, item in value.items():
            put(resource, key, item)
    elif path in PARTS:
        put(resource, path, None if verb == "remove" else value)
    elif verb == "remove" and path in ("name", "emails", ENT):
        resource.pop(path, None)
    elif path == "name":
        put(resource, "name.givenName", value["givenName"])
    elif path == ENT:
        put(resource, f"{ENT}:department", value["department"])
    elif path == "emails":
        held = [] if verb == "replace" else resource.get("emails", [])
        touched = []
        for e in value:
            same = next((h for h in held if (h["value"], h["type"]) == (e["value"], e["type"])), None)
            if verb == "replace" and e in held:
                continue  # equal entries are stored once
            if same is None or verb == "replace":
                held.append(dict(e))
                touched.append(held[-1])
            else:
                same.update(e)
                touched.append(same)
        if verb == "add":
            only_primary(held, touched)
        resource["emails"] = held
        if not held:
            del resource["emails"]
    else:
        kind = path.split('"')[1]
        held = resource.get("emails", [])
        chosen = [e for e in held if e["type"] == kind]
        if verb == "remove":
            held = [e for e in held if e not in chosen]
        elif chosen:
            for e in chosen:
                e["value"] = value
            only_primary(held, chosen)
        else:
            held = [*held, {"type": kind, "value": value}]
        resource.pop("emails", None)
        if held:
            resource["emails"] = held


@pytest.mark.rule("SRV-042", "SRV-045", "SRV-046", "SRV-047", "QRK-05")
@settings(max_examples=400, deadline=None, derandomize=True)
@given(resource=start, sent=st.lists(operations, min_size=1, max_size=5))
def test_patch_agrees_with_the_model(resource: dict[str, Any], sent: list[dict[str, Any]]) -> None:
    before = copy.deepcopy(resource)
    result = patch.apply_patch(USER, resource, dict, {"schemas": [PATCH_OP], "Operations": sent})
    assert resource == before, "the given resource was changed"
    expected = copy.deepcopy(before)
    for operation in copy.deepcopy(sent):
        model(expected, operation)
    assert result == expected
    last = patch.apply_patch(USER, result, dict, {"schemas": [PATCH_OP], "Operations": sent[-1:]})
    assert last == result or sent[-1]["op"].lower() == "add", "the same change twice is not the same as once"


people = st.sampled_from(["p1", "p2", "p3", "p4"])
member_changes = st.one_of(
    st.builds(lambda v, ids: {"op": v, "path": "members", "value": [{"value": i} for i in ids]},
              st.sampled_from(["Add", "add", "Remove", "remove", "replace"]), st.lists(people, min_size=1, max_size=3)),
    st.builds(lambda i: {"op": "remove", "path": f'members[value eq "{i}"]'}, people),
    st.just({"op": "remove", "path": "members"}),
    st.builds(lambda i: {"op": "Add", "path": "members", "value": {"value": i}}, people),
    st.builds(lambda n: {"op": "Replace", "path": "externalId", "value": n}, words),
    st.builds(lambda i: {"op": "add", "value": {"members": [{"value": i}]}}, people),
)  # fmt: skip


@pytest.mark.rule("QRK-10", "SRV-048", "SRV-049")
@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rounds=st.lists(st.lists(member_changes, min_size=1, max_size=3), min_size=1, max_size=4))
def test_members_agree_with_the_model_by_the_short_way_and_the_long(scim, rounds: list[list[dict[str, Any]]]) -> None:
    group_id = scim.group(f"G {next(numbers)}")[
        "id"
    ]  # the store's short way for plain changes, patch.py's for the rest
    resource: dict[str, Any] = {"displayName": "G"}
    expected: list[str] = []
    for operations_sent in rounds:
        answer = scim.patch(f"/Groups/{group_id}", *operations_sent)
        assert answer.status == 204, answer.raw
        resource = patch.apply_patch(GROUP, resource, dict, {"schemas": [PATCH_OP], "Operations": operations_sent})
        for operation in operations_sent:
            verb, path = operation["op"].lower(), operation.get("path", "members")
            value = operation.get("value")
            if path == "externalId":
                continue
            if isinstance(value, dict) and "members" in value:
                value = value["members"]
            ids = (
                [path.split('"')[1]]
                if "[" in path
                else [m["value"] for m in (value if isinstance(value, list) else [value] if value else [])]
            )
            if verb == "remove":
                expected = [i for i in expected if ids and i not in ids]
            elif verb == "replace":
                expected = list(dict.fromkeys(ids))
            else:
                expected += [i for i in dict.fromkeys(ids) if i not in expected]
        held = scim("GET", f"/Groups/{group_id}").json
        assert [m["value"] for m in held.get("members", [])] == expected
        assert [m["value"] for m in resource.get("members", [])] == expected
