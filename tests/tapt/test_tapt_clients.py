"""The request families of the validator, the gallery workflow and other identity providers, with their raw bodies."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GRP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCHOP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

# what the validator creates: every attribute of its default list
FULL = {
    "schemas": [CORE, ENT],
    "userName": "elena.ward@contoso.example",
    "active": True,
    "displayName": "Elena",
    "title": "Clerk",
    "emails": [{"type": "work", "value": "elena@contoso.example", "primary": True}],
    "preferredLanguage": "nn-NO",
    "name": {"givenName": "G", "familyName": "F", "formatted": "G F", "middleName": "M", "honorificPrefix": "Dr",
             "honorificSuffix": "II"},
    "addresses": [{"type": "work", "formatted": "1 Way", "streetAddress": "1 Way", "locality": "Oslo", "region": "O",
                   "postalCode": "0001", "country": "NO", "primary": True}],
    "phoneNumbers": [{"type": "work", "value": "1", "primary": True}, {"type": "mobile", "value": "2"},
                     {"type": "fax", "value": "3"}],
    "roles": [{"primary": "True", "display": "D", "value": "V", "type": "T"}],
    "externalId": "e-1", "nickName": "N", "userType": "U", "locale": "L", "timezone": "Z", "profileUrl": "P",
    ENT: {"employeeNumber": "1", "department": "D", "costCenter": "C", "organization": "O", "division": "V"},
}  # fmt: skip

VERBOSE = {
    "active": False, "displayName": "x1", "title": "x2", 'emails[type eq "work"].value': "x3@contoso.example",
    'emails[type eq "work"].primary': True, "preferredLanguage": "gl-ES", "name.givenName": "x4",
    "name.familyName": "x5", "name.formatted": "x6", "name.middleName": "x7", "name.honorificPrefix": "x8",
    "name.honorificSuffix": "x9", 'addresses[type eq "work"].formatted': "a1",
    'addresses[type eq "work"].streetAddress': "a2", 'addresses[type eq "work"].locality': "a3",
    'addresses[type eq "work"].region': "a4", 'addresses[type eq "work"].postalCode': "a5",
    'addresses[type eq "work"].primary': True, 'addresses[type eq "work"].country': "a6",
    'phoneNumbers[type eq "work"].value': "11", 'phoneNumbers[type eq "work"].primary': True,
    'phoneNumbers[type eq "mobile"].value': "12", 'phoneNumbers[type eq "fax"].value': "13",
    "externalId": "x10", "nickName": "x11", "locale": "x12", "timezone": "x13", "userType": "x14", "profileUrl": "x15",
    f"{ENT}:employeeNumber": "y1", f"{ENT}:department": "y2", f"{ENT}:costCenter": "y3", f"{ENT}:organization": "y4",
    f"{ENT}:division": "y5", 'roles[primary eq "True"].display': "r1", 'roles[primary eq "True"].value': "r2",
    'roles[primary eq "True"].type': "r3",
}  # fmt: skip


def at(resource: dict[str, Any], path: str) -> Any:
    """Return what a path of this page names, by hand."""
    if path.startswith(ENT):
        return resource.get(ENT, {}).get(path[len(ENT) + 1 :])
    if "[" in path:
        name, rest = path.split("[")
        key, wanted = rest.split("]")[0].split(" eq ")
        chosen = [e for e in resource.get(name, []) if e.get(key) == (True if key == "primary" else wanted.strip('"'))]
        return chosen[0].get(path.rpartition(".")[2]) if chosen else None
    for part in path.split("."):
        resource = resource.get(part, {})
    return resource or (False if resource is False else None)


@pytest.fixture
def full(scim) -> dict[str, Any]:
    answer = scim("POST", "/Users", FULL)
    assert answer.status == 201
    return answer.json


def lookup(scim, filter_text: str, endpoint: str = "/Users", more: str = "") -> list[dict[str, Any]]:
    answer = scim("GET", f"{endpoint}?{more}filter={quote(filter_text, safe='')}".replace("%20", "+"))
    assert answer.status == 200
    assert answer.json["totalResults"] == len(answer.json["Resources"])
    return answer.json["Resources"]


def test_validator_create_and_filters(scim, full) -> None:
    expected = FULL | {"roles": [{"primary": True, "display": "D", "value": "V", "type": "T"}]}
    assert {k: full[k] for k in expected} == expected
    name = FULL["userName"]
    assert lookup(scim, f'userName eq "{name}"') == [full]
    assert lookup(scim, f'userName eq "{name.upper()}"') == [full]
    assert lookup(scim, 'userName eq "nobody"') == []
    assert scim("POST", "/Users", FULL).status == 409


@pytest.mark.parametrize("op", ["replace", "Replace", "add", "Add"])
@pytest.mark.parametrize("base", ["full", "bare"])
def test_validator_patch_verbose(scim, op: str, base: str) -> None:
    start = FULL if base == "full" else {"schemas": [CORE, ENT], "userName": "bare@contoso.example"}
    user = scim("POST", "/Users", start).json
    answer = scim.patch(f"/Users/{user['id']}", *({"op": op, "path": p, "value": v} for p, v in VERBOSE.items()))
    assert answer.status == 200
    held = lookup(scim, f'userName eq "{start["userName"]}"')[0]
    assert {path: at(held, path) for path in VERBOSE} == VERBOSE
    assert len(held["addresses"]) == len(held["emails"]) == len(held["roles"]) == 1
    assert len(held["phoneNumbers"]) == 3


@pytest.mark.parametrize("op", ["replace", "add"])
@pytest.mark.parametrize("base", ["full", "bare"])
def test_validator_patch_in_one(scim, op: str, base: str) -> None:
    start = FULL if base == "full" else {"schemas": [CORE, ENT], "userName": "bare@contoso.example"}
    user = scim("POST", "/Users", start).json
    typed = [{"op": op, "path": p, "value": v} for p, v in VERBOSE.items() if "[" in p]
    rest = {p: v for p, v in VERBOSE.items() if "[" not in p}
    assert scim.patch(f"/Users/{user['id']}", *typed, {"op": op, "value": rest}).status == 200
    held = scim("GET", f"/Users/{user['id']}").json
    assert {path: at(held, path) for path in VERBOSE} == VERBOSE


def test_default_dialect_sends_booleans_as_texts(scim) -> None:
    user = scim("POST", "/Users", FULL).json
    texts = {path: str(value) for path, value in VERBOSE.items()}
    assert (
        scim.patch(f"/Users/{user['id']}", *({"op": "Replace", "path": p, "value": v} for p, v in texts.items())).status
        == 200
    )
    held = scim("GET", f"/Users/{user['id']}").json
    assert {path: at(held, path) for path in VERBOSE} == VERBOSE


def test_validator_patch_remove(scim, full) -> None:
    removable = [p for p in VERBOSE if not p.endswith(("].primary", "].type"))]
    assert scim.patch(f"/Users/{full['id']}", *({"op": "remove", "path": path} for path in removable)).status == 200
    held = scim("GET", f"/Users/{full['id']}").json
    assert set(held) == {"schemas", "id", "userName", "meta"}


def test_validator_single_changes(scim, full) -> None:
    path = f"/Users/{full['id']}"
    assert scim.patch(path, {"op": "replace", "value": {"userName": "new@contoso.example"}}).status == 200
    assert lookup(scim, 'userName eq "NEW@contoso.example"')[0]["id"] == full["id"]
    assert scim.patch(path, {"op": "replace", "path": "active", "value": False}).status == 200
    assert scim("GET", path).json["active"] is False
    assert lookup(scim, 'userName eq "new@contoso.example"')[0]["active"] is False
    answer = scim.patch(
        path,
        {"op": "add", "path": "displayName", "value": "one"},
        {"op": "replace", "path": "title", "value": "two"},
    )
    assert (answer.json["displayName"], answer.json["title"]) == ("one", "two")
    assert scim("DELETE", path).status == 204
    assert scim("GET", path).status == 404
    assert scim("DELETE", path).status == 404
    assert scim("DELETE", "/Users/4a1f6bd4-0000-4000-8000-000000000000").status == 404


@pytest.mark.parametrize("form", ["object", "text"])
@pytest.mark.parametrize("cleared", [{"value": ""}, "", None])
def test_validator_manager(scim, full, form: str, cleared) -> None:
    one, two = scim.user("m1")["id"], scim.user("m2")["id"]
    path = f"/Users/{full['id']}"
    for op, manager in (("add", one), ("replace", two)):
        value = {"value": manager} if form == "object" else manager
        assert scim.patch(path, {"op": op, "path": f"{ENT}:manager", "value": value}).status == 200
        assert scim("GET", path).json[ENT]["manager"] == {"value": manager}
    assert scim.patch(path, {"op": "replace", "path": f"{ENT}:manager", "value": cleared}).status == 200
    assert "manager" not in scim("GET", path).json[ENT]


def test_validator_groups(scim) -> None:
    user = scim.user("member")
    group = scim.group("Avery", externalId="ext-1", members=[{"value": user["id"]}])
    path = f"/Groups/{group['id']}"
    assert "members" not in scim("GET", f"{path}?excludedAttributes=members").json
    for name in ("Avery", "AVERY"):
        found = lookup(scim, f'displayName eq "{name}"', "/Groups", "excludedAttributes=members&")
        assert [g["id"] for g in found] == [group["id"]]
        assert "members" not in found[0]
    assert lookup(scim, 'displayName eq "Avery"', "/Groups")[0]["members"] == [{"value": user["id"]}]
    assert lookup(scim, 'displayName eq "none"', "/Groups") == []
    assert scim("POST", "/Groups", {"schemas": [GRP], "displayName": "avery", "externalId": "z"}).status == 409
    assert scim.patch(path, {"op": "replace", "value": {"externalId": "ext-2"}}).status == 204
    assert scim.patch(path, {"op": "replace", "value": {"displayName": "Blake"}}).status == 204
    held = scim("GET", path).json
    assert (held["displayName"], held["externalId"]) == ("Blake", "ext-2")
    other = scim.user("other")
    assert scim.patch(path, {"op": "replace", "path": "members", "value": [{"value": other["id"]}]}).status == 204
    assert scim("GET", path).json["members"] == [{"value": other["id"]}]
    assert scim.patch(path, {"op": "remove", "path": f'members[value eq "{other["id"]}"]'}).status == 204
    assert "members" not in scim("GET", path).json
    both = (
        {"op": "add", "path": "members", "value": [{"value": user["id"]}]},
        {"op": "remove", "path": f'members[value eq "{user["id"]}"]'},
    )
    assert scim.patch(path, *both).status == 204
    assert "members" not in scim("GET", path).json
    assert scim("DELETE", path).status == 204
    assert scim("DELETE", path).status == 404
    assert scim("GET", path).status == 404


def test_gallery_workflow(scim) -> None:
    user = scim("POST", "/Users", FULL, headers={"Accept": "application/scim+json"}).json
    path = f"/Users/{user['id']}"
    for value in ("", None):
        assert scim.patch(path, {"op": "replace", "path": "title", "value": value}).status in (200, 204)
        assert "title" not in scim("GET", path).json
        scim.patch(path, {"op": "add", "path": "title", "value": "back"})
    for n in range(12):
        scim.user(f"page{n}")
    seen: list[str] = []
    for start in (1, 6, 11):
        body = scim("GET", f"/Users?startIndex={start}&count=5").json
        assert body["startIndex"] == start
        seen += [r["id"] for r in body["Resources"]]
    assert len(set(seen)) == 13
    assert scim("GET", "/Schemas").json["totalResults"] == 3


def test_vendors_collection_with_garbage(scim) -> None:
    body = FULL | {
        "userName": "garbage",
        "Garbage": {"x": 1},
        "urn:garbage:2.0:User": {"k": "v"},
        "DISPLAYNAME": "Elena",
    }
    answer = scim("POST", "/Users", body)
    assert answer.status == 201
    user = answer.json
    found = scim(
        "GET", "/Users/?filter=DisplayName+eq+%22elena%22&attributes=userName,emails&startIndex=1&count=2"
    ).json
    assert [set(r) for r in found["Resources"]] == [{"schemas", "id", "userName", "emails"}]
    put = {k: v for k, v in user.items() if k != "title"} | {"phoneNumbers": [{"Value": "9", "Primary": "true"}]}
    held = scim("PUT", f"/Users/{user['id']}", put).json
    assert held["phoneNumbers"] == [{"value": "9", "primary": True}]
    assert "title" not in held
    for text in (
        'userName co "arb"',
        'userName sw "gar" and active eq true',
        'title pr or meta.created gt "2020-01-01"',
    ):
        assert scim.find(text) == [user["id"]]


# other clients

OKTA = {"User-Agent": "Okta SCIM Client 1.0.0", "Accept": "application/scim+json"}


def test_okta(scim) -> None:
    body = {
        "schemas": [CORE, ENT], "userName": "isaac@contoso.example",
        "name": {"givenName": "Isaac", "familyName": "Brock"},
        "emails": [{"primary": True, "value": "isaac@contoso.example", "type": "work"}],
        "displayName": "Isaac Brock", "locale": "en-US", "externalId": "00ujl29u0le5T6Aj10h7", "groups": [],
        "password": "1mz050nq", "active": True,
    }  # fmt: skip
    empty = scim(
        "GET", "/Users?filter=userName%20eq%20%22isaac@contoso.example%22&startIndex=1&count=100", headers=OKTA
    )
    assert empty.json["totalResults"] == 0
    assert all(isinstance(empty.json[k], int) for k in ("totalResults", "startIndex", "itemsPerPage"))
    user = scim("POST", "/Users", body, headers=OKTA).json
    path = f"/Users/{user['id']}"
    put = user | {"name": {"givenName": "Isaac", "familyName": "Stone"}, "groups": [], "active": True}
    held = scim("PUT", path, put, headers=OKTA)
    assert (held.status, held.json["name"]["familyName"]) == (200, "Stone")
    off = scim("PUT", path, held.json | {"active": False}, headers=OKTA)
    assert off.json["active"] is False
    on = scim.patch(path, {"op": "replace", "value": {"active": True}})
    assert on.json["active"] is True
    group = scim("POST", "/Groups", {"schemas": [GRP], "displayName": "Okta people", "members": []}, headers=OKTA).json
    gpath = f"/Groups/{group['id']}"
    other = scim.user("other")
    mixed = scim.patch(
        gpath,
        {"op": "add", "path": "members", "value": [{"value": user["id"], "display": "isaac@contoso.example"}]},
        {"op": "remove", "path": f'members[value eq "{other["id"]}"]'},
    )
    assert mixed.status in (200, 204)
    renamed = scim.patch(gpath, {"op": "replace", "value": {"id": group["id"], "displayName": "Renamed"}})
    assert renamed.status in (200, 204)
    listed = scim.patch(gpath, {"op": "replace", "path": "members", "value": [{"value": other["id"], "display": "o"}]})
    assert listed.status in (200, 204)
    held = scim("GET", gpath, headers=OKTA).json
    assert held["displayName"] == "Renamed"
    assert held["members"] == [{"value": other["id"], "display": "o"}]
    page = scim("GET", "/Groups?startIndex=1&count=100", headers=OKTA).json
    assert page["totalResults"] == 1
    assert scim("GET", f"{path}?excludedAttributes=groups").status == 200


def test_onelogin(scim) -> None:
    headers = {"User-Agent": "", "Content-Type": "application/json"}
    body = {"schemas": [CORE], "userName": "one@contoso.example", "name": {"givenName": "One", "familyName": "Login"},
            "emails": [{"value": "one@contoso.example", "type": "work", "primary": True}], "active": True}  # fmt: skip
    user = scim("POST", "/Users", body, headers=headers).json
    path = f"/Users/{user['id']}"
    put = scim("PUT", path, body | {"id": user["id"], "title": "Clerk"}, headers=headers)
    assert (put.status, put.json["title"]) == (200, "Clerk")
    group = scim("POST", "/Groups", {"schemas": [GRP], "displayName": "One people"}, headers=headers).json
    change = {"schemas": [PATCHOP], "Operations": [{"op": "add", "path": "members", "value": [{"value": user["id"]}]}]}
    assert scim("PATCH", f"/Groups/{group['id']}", change, headers=headers).status == 204
    assert scim("GET", path).json["groups"][0]["display"] == "One people"
    assert scim("DELETE", path, headers=headers).status == 204
    assert "members" not in scim("GET", f"/Groups/{group['id']}").json


@pytest.mark.parametrize(
    "text",
    ['(userName eq "u@x.example")', 'userName eq "u@x.example" and active eq true', "userName eq u@x.example",
     'emails.value eq "u@x.example"', 'emails[value eq "U@X.example"]', 'userName eq "nobody" or externalId eq "ext"'],
)  # fmt: skip
def test_lookups_of_others(scim, text: str) -> None:
    user = scim.user("u@x.example", externalId="ext", emails=[{"type": "work", "value": "u@x.example"}])
    assert scim.find(text) == [user["id"]]


def test_empty_texts_of_others_are_taken(scim) -> None:
    body = {
        "schemas": [CORE, ENT], "userName": "jump", "displayName": "", "name": {"givenName": "", "middleName": None},
        "phoneNumbers": [{"type": "work", "value": None}], "addresses": [{}], "active": True,
        ENT: {"costCenter": "", "manager": ""}, "emails": [{"value": "j@x.example", "type": "work", "primary": True}],
    }  # fmt: skip
    answer = scim("POST", "/Users", body)
    assert answer.status == 201
    assert scim("PUT", f"/Users/{answer.json['id']}", body).status == 200
    assert "manager" not in json.dumps(answer.json)
