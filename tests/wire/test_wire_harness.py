"""Proves the harness: every case's own requests satisfy stub and comparer, and changed ones do not."""

from __future__ import annotations

import copy
import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.parse import quote_plus

import pytest
from wire_cases import Case
from wire_cases import load_cases
from wire_compare import ProvisioningOutcome
from wire_compare import body_difference
from wire_compare import compare
from wire_compare import compare_outcome
from wire_compare import header_problems
from wire_compare import split_rest
from wire_stub import Recorded
from wire_stub import StubTarget
from wire_stub import apply_patch
from wire_target import Target

from entra_sim.simulator.scim.call import Call

HERE = Path(__file__).parent
CASES = [*load_cases(HERE / "cases"), *load_cases(HERE / "own_cases")]
EVERY_CASE = pytest.mark.parametrize("case", CASES, ids=[one.id for one in CASES])
GUID = "3c0d7a52-8f1e-4b6c-9d2a-{number:012x}"


def play(case: Case, expect: list[dict[str, Any]]) -> StubTarget:
    """Send requests to the case's stub as a client would."""
    stub = StubTarget(case)
    for number, one in enumerate(expect):
        guid = GUID.format(number=number)
        query = one.get("rawQuery") or "&".join(
            f"{name}={quote_plus(value)}" for name, value in (one.get("query") or {}).items()
        )
        body = None if "body" not in one else json.dumps(one["body"]).encode()
        environ: dict[str, Any] = {
            "REQUEST_METHOD": one["method"],
            "REQUEST_URI": "/scim/v2" + quote(one["path"]) + ("?" + query if query else ""),
            "HTTP_HOST": "tapt.example",
            "HTTP_AUTHORIZATION": "Bearer token",
            "HTTP_ADSCIMVERSION": "5.0",
            "wsgi.input": io.BytesIO(body or b""),
        }
        environ["REQUEST_URI"] = environ["REQUEST_URI"].replace("{guid}", guid).replace("%7Bguid%7D", guid)
        if body is not None:
            environ |= {
                "CONTENT_TYPE": "application/scim+json; charset=utf-8",
                "CONTENT_LENGTH": str(len(body)),
            }
        stub(environ, lambda status, headers: None)
    return stub


@EVERY_CASE
def test_a_cases_own_requests_are_as_expected_and_answered_as_stated(case: Case) -> None:
    stub = play(case, case.expect)
    assert compare(case, stub.recorded) == []
    for one, recorded in zip(case.expect, stub.recorded, strict=True):
        assert recorded.status == one.get("status", recorded.status)
        overridden = {override["to"] for override in case.given.get("answers") or []}
        if "status" not in one and case.expect.index(one) not in overridden:
            assert recorded.status < 300, f"{one['method']} {one['path']}"


@EVERY_CASE
def test_a_cases_own_requests_through_the_real_transports(case: Case, target: Target) -> None:
    """Encoding, query strings and headers of the product, for every case and over both transports."""
    transport = target.transport()
    for number, one in enumerate(case.expect):
        pairs = [
            (name, value.replace("{guid}", GUID.format(number=number)))
            for name, value in (one.get("query") or {}).items()
        ]
        transport.send(Call(method=one["method"], path=one["path"], query=tuple(pairs), body=one.get("body")))
    assert compare(case, target.recorded) == []


@EVERY_CASE
def test_optional_requests_may_be_missing(case: Case) -> None:
    assert compare(case, play(case, [one for one in case.expect if not one.get("optional")]).recorded) == []


@EVERY_CASE
def test_every_request_that_is_not_optional_is_missed(case: Case) -> None:
    for position, one in enumerate(case.expect):
        rest = [*case.expect[:position], *case.expect[position + 1 :]]
        problems = compare(case, play(case, rest).recorded)
        assert bool(problems) is not bool(one.get("optional")), f"without expect[{position}]"


@EVERY_CASE
def test_a_request_too_many_is_noticed(case: Case) -> None:
    extra = {"method": "DELETE", "path": "/Users/somebody-else"}
    assert "not expected here: DELETE" in compare(case, play(case, [*case.expect, extra]).recorded)[-1]
    for one in case.expect:
        if not one.get("repeat"):
            assert compare(case, play(case, [*case.expect, one]).recorded) != []


def changed(value: Any) -> list[Any]:
    """Return every variant of a JSON value with one leaf changed, dropped or typed otherwise."""
    if isinstance(value, dict):
        variants = [{k: v for k, v in value.items() if k != key} for key in value]
        variants += [{**value, key: one} for key, inner in value.items() for one in changed(inner)]
        return [*variants, {**value, "surplus": 1}]
    if isinstance(value, list):
        variants = [value[:i] + value[i + 1 :] for i in range(len(value))]
        return variants + [
            [*value[:i], one, *value[i + 1 :]] for i, inner in enumerate(value) for one in changed(inner)
        ]
    if isinstance(value, bool):
        return [not value, str(value)]
    return [str(value) + "x", str(value).swapcase()] if str(value).swapcase() != value else [str(value) + "x"]


@EVERY_CASE
def test_every_change_of_a_body_is_noticed(case: Case) -> None:
    """What is ignored, accepted as another body or comes in parts is left out here."""
    for one in case.expect:
        if "body" not in one or one.get("altBodies") or one.get("split"):
            continue
        ignored = one.get("ignore", [])
        for variant in changed(one["body"]):
            is_ignored = body_difference({"body": _cleaned(one["body"], ignored)}, _cleaned(variant, ignored)) == ""
            assert is_ignored or body_difference(one, variant), json.dumps(variant)


def _cleaned(body: Any, ignored: list[str]) -> Any:
    """Return the body without the members that any of the pointers ends in: coarser than what the comparer does."""
    names = {text.rpartition("/")[2] for text in ignored}
    if isinstance(body, dict):
        return {key: _cleaned(value, ignored) for key, value in body.items() if key not in names}
    return [_cleaned(one, ignored) for one in body] if isinstance(body, list) else body


def by_id(name: str) -> Case:
    return next(case for case in CASES if case.id == name)


def test_objects_may_be_handled_in_another_order() -> None:
    case = by_id("user-create-with-manager")
    marisol, ingrid, reference = case.expect[:2], case.expect[2:4], case.expect[4:]
    assert compare(case, play(case, [*ingrid, *marisol, *reference]).recorded) == []
    mixed = [marisol[0], ingrid[0], marisol[1], ingrid[1], *reference]
    assert compare(case, play(case, mixed).recorded) == []
    assert compare(case, play(case, [marisol[1], marisol[0], *ingrid, *reference]).recorded) != []


def test_members_may_come_in_parts_but_in_order() -> None:
    case = by_id("group-create-with-members")
    whole = case.expect[-1]
    parts = [copy.deepcopy(whole) for _ in range(2)]
    for part, member in zip(parts, whole["body"]["Operations"][0]["value"], strict=True):
        part["body"]["Operations"][0]["value"] = [member]
    assert compare(case, play(case, [*case.expect[:-1], *parts]).recorded) == []
    assert compare(case, play(case, [*case.expect[:-1], parts[0]]).recorded) != []
    assert compare(case, play(case, [*case.expect[:-1], *reversed(parts)]).recorded) != []
    assert compare(case, play(case, [*case.expect[:-1], *parts, parts[0]]).recorded) != []


def test_operations_may_come_in_parts() -> None:
    operations = [{"op": "remove", "path": f'members[value eq "{name}"]'} for name in "abc"]
    expected = {"body": {"schemas": ["x"], "Operations": operations}, "split": "operations"}
    rest = split_rest(expected, {"schemas": ["x"], "Operations": operations[:2]}, None)
    assert rest is not None
    assert len(rest) == 1
    assert split_rest(expected, {"schemas": ["x"], "Operations": operations[2:]}, rest) == ()
    assert split_rest(expected, {"schemas": ["x"], "Operations": operations[1:]}, None) is None
    assert split_rest({**expected, "anyOrder": ["/Operations"]}, {"schemas": ["x"], "Operations": operations[1:]}, None)


@pytest.mark.parametrize(("count", "is_fine"), [(0, False), (1, True), (4, True), (5, False)])
def test_probes_may_repeat_within_their_bounds(count: int, is_fine: bool) -> None:
    case = by_id("probe-cycle-start")
    probe, *others = case.expect
    assert (compare(case, play(case, [probe] * count + others).recorded) == []) is is_fine


def test_probes_repeat_with_a_new_guid_each_time() -> None:
    case = by_id("probe-cycle-start")
    recorded = play(case, [case.expect[0], *case.expect]).recorded
    assert compare(case, [recorded[1], *recorded[1:]]) != []


def test_what_is_never_held_against_a_client() -> None:
    group_probe = {"method": "GET", "path": "/Groups", "query": {"filter": 'displayName eq "{guid}"'}}
    without_members = copy.deepcopy(group_probe)
    without_members["query"] = {"excludedAttributes": "members", **group_probe["query"]}
    user_probe = {"method": "GET", "path": "/Users", "query": {"filter": 'userName eq "{guid}"'}}
    check = {
        "method": "GET",
        "path": "/Users",
        "query": {"attributes": "id", "filter": 'manager eq "tp-u-551" and id eq "tp-u-550"'},
    }
    schemas = {"method": "GET", "path": "/Schemas"}
    test = by_id("tc-username")
    assert compare(test, play(test, [schemas, *test.expect, group_probe]).recorded) == []
    add = by_id("manager-add")
    assert compare(add, play(add, [user_probe, without_members, add.expect[0], check, add.expect[1]]).recorded) == []
    assert compare(add, play(add, [schemas, *add.expect]).recorded) != []
    asked = by_id("manager-reference-query")
    assert compare(asked, play(asked, [asked.expect[0], check, asked.expect[2]]).recorded) == []
    assert compare(asked, play(asked, [asked.expect[0], asked.expect[2]]).recorded) != []


def test_a_lookup_of_a_known_guid_is_no_probe() -> None:
    case = by_id("group-create-empty")
    object_id = case.directory_objects[0]["objectId"]
    lookup = {"method": "GET", "path": "/Groups", "query": {"filter": f'externalId eq "{object_id}"'}}
    assert compare(case, play(case, [lookup, *case.expect]).recorded) != []


def test_alternatives_may_stand_in_the_place() -> None:
    case = by_id("ondemand-update-ignores-flag")
    other = {**case.expect[0]["alternatives"][0]}
    assert compare(case, play(case, [other, case.expect[1]]).recorded) == []


def test_raw_queries_are_compared_but_for_the_case_of_hexadecimal_digits() -> None:
    case = by_id("encode-group-ampersand")
    lookup, create = case.expect
    upper = {**lookup, "rawQuery": lookup["rawQuery"].replace("%2b", "%2B")}
    twenty = {**lookup, "rawQuery": lookup["rawQuery"].replace("+", "%20")}
    assert compare(case, play(case, [upper, create]).recorded) == []
    assert "query string" in compare(case, play(case, [twenty, create]).recorded)[0]


def test_role_texts_are_compared_as_json() -> None:
    case = by_id("roles-single-patch")
    patch = copy.deepcopy(case.expect[-1])
    entry = patch["body"]["Operations"][0]["value"][0]
    entry["value"] = json.dumps(json.loads(entry["value"]), indent=1)
    assert body_difference(case.expect[-1], patch["body"]) == ""
    entry["value"] = entry["value"].replace("editor", "viewer")
    assert body_difference(case.expect[-1], patch["body"]) != ""


def test_any_order_and_ignored_members() -> None:
    expected = {
        "body": {"roles": [{"v": 1, "d": "x"}, {"v": 2}], "n": True},
        "ignore": ["/roles/*/d"],
        "anyOrder": ["/roles"],
    }
    assert body_difference(expected, {"n": True, "roles": [{"v": 2}, {"v": 1, "d": "y"}]}) == ""
    assert body_difference(expected, {"n": True, "roles": [{"v": 2}, {"v": 2}]}) != ""
    assert body_difference(expected, {"n": 1, "roles": [{"v": 2}, {"v": 1}]}) == "body /n: expected true, came 1"
    assert body_difference({"body": {"a": [1, 2]}}, {"a": [2, 1]}) != ""
    assert body_difference({}, {"a": 1}) != ""


HEADERS = {"host": "h", "authorization": "Bearer x", "adscimversion": "5.0"}
WRITE = {**HEADERS, "content-type": "application/scim+json; charset=utf-8", "content-length": "2"}


@pytest.mark.parametrize(
    ("headers", "body", "problem"),
    [
        (HEADERS, None, None),
        (WRITE, {}, None),
        ({**HEADERS, "user-agent": "x"}, None, "user-agent must not be sent"),
        ({**HEADERS, "accept": "*/*"}, None, "accept must not be sent"),
        ({**HEADERS, "content-length": "0"}, None, "content-length must not be sent"),
        ({"host": "h", "adscimversion": "5.0"}, None, "authorization is missing"),
        ({**HEADERS, "authorization": "Basic x"}, None, "no bearer token"),
        ({**HEADERS, "adscimversion": "6.0"}, None, "Adscimversion is 6.0"),
        ({**WRITE, "content-type": "application/json"}, {}, "Content-Type is application/json"),
        (HEADERS, {}, "content-length is missing"),
    ],
)
def test_headers_are_compared(headers: dict[str, str], body: Any, problem: str | None) -> None:
    problems = header_problems(Recorded("GET", "/Users", "", {}, body, headers))
    assert (not problems) if problem is None else any(problem in one for one in problems)


@pytest.mark.parametrize(
    ("case_id", "outcomes", "is_fine"),
    [
        ("user-create-409", [("5b1d0c1e-61f4-4a5e-9c0a-2f7a7be41005", "Failure", "EntryConflict")], True),
        ("user-create-409", [("5b1d0c1e-61f4-4a5e-9c0a-2f7a7be41005", "Failure", "Timeout")], False),
        ("user-create-409", [("5b1d0c1e-61f4-4a5e-9c0a-2f7a7be41005", "Success", "EntryConflict")], False),
        ("user-create-409", [("somebody", "Failure", "EntryConflict")], False),
        ("user-create-409", [], False),
        ("tc-401", [("", "Failure", "SystemForCrossDomainIdentityManagementInvalidCredentials")], True),
        ("tc-username", [("", "Success", "")], True),
        ("disable-account", [], True),
    ],
)
def test_outcomes_are_compared(case_id: str, outcomes: list[tuple[str, str, str]], is_fine: bool) -> None:
    found = compare_outcome(by_id(case_id), [ProvisioningOutcome(*one) for one in outcomes])
    assert (found == []) is is_fine


def test_the_stub_applies_what_the_client_sends() -> None:
    resource: dict[str, Any] = {"active": True, "members": [{"value": "a"}, {"value": "b"}, {"value": "c"}]}
    ent = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    operations = [
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": "x"},
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "y"},
        {"op": "Add", "path": f"{ent}:manager", "value": "m"},
        {"op": "replace", "value": {"name.givenName": "Ada", f"{ent}:department": "R"}},
        {"op": "Remove", "path": "members", "value": [{"value": "a"}]},
        {"op": "remove", "path": 'members[value eq "b"]'},
        {"op": "Add", "path": "members", "value": [{"value": "c"}, {"value": "d"}]},
    ]
    apply_patch(resource, {"Operations": operations})
    assert resource == {
        "active": False,
        "members": [{"value": "c"}, {"value": "d"}],
        "emails": [{"type": "work", "value": "y"}],
        "name": {"givenName": "Ada"},
        ent: {"manager": {"value": "m"}, "department": "R"},
    }


ADA: dict[str, Any] = {
    "id": "tp-1",
    "userName": "Ada@x",
    "externalId": "Ada",
    "displayName": "R and D",
    "active": True,
    "emails": [{"type": "home", "value": "h"}, {"type": "work", "value": "w"}],
    "members": [{"value": "tp-2"}],
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "R", "manager": {"value": "tp-9"}},
}


@pytest.mark.parametrize(
    ("condition", "is_hit"),
    [
        ('userName eq "ada@X"', True),
        ('userName eq "bob"', False),
        ('externalId eq "Ada"', True),
        ('externalId eq "ada"', False),
        ('emails[type eq "work"].value eq "w"', True),
        ('emails[type eq "work"].value eq "h"', False),
        ('emails.value eq "h"', True),
        ('displayName eq "R and D"', True),
        ('id eq "tp-1" and manager eq "tp-9"', True),
        ('manager eq "tp-9" and id eq "tp-1"', True),
        ('id eq "tp-1" and manager eq "tp-8"', False),
        ('id eq "tp-1" and members eq "tp-2"', True),
        ('urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "r"', True),
        ('title eq "x"', False),
    ],
)
def test_the_stub_finds_what_a_filter_selects(condition: str, is_hit: bool) -> None:
    stub = StubTarget(Case("x", {"given": {"job": {"phase": "initial"}, "target": {"Users": [ADA]}}, "expect": []}))
    _, content = stub.answer(Recorded("GET", "/Users", "", {"filter": condition}, None, {}))
    assert content["totalResults"] == int(is_hit)


def test_a_folder_without_cases_and_a_broken_case_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no wire case in"):
        load_cases(tmp_path)
    (tmp_path / "odd.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"odd\.json' is no wire case"):
        load_cases(tmp_path)
