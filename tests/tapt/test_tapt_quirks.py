"""Every row of the table of quirks, by what the server holds afterwards."""

from __future__ import annotations

import pytest

from entra_sim.mock_tapt import Tapt

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GRP = "urn:ietf:params:scim:schemas:core:2.0:Group"
GRPX = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"


def change(scim, start, *operations):
    """Return the user that `operations` make of one with these attributes."""
    user = scim.user(**start)
    answer = scim.patch(f"/Users/{user['id']}", *operations)
    assert answer.status == 200, answer.raw
    held = scim("GET", f"/Users/{user['id']}").json
    assert held == answer.json
    return held


@pytest.mark.rule("QRK-01", "QRK-02", "SRV-044")
@pytest.mark.parametrize("op", ["Add", "add", "Replace", "replace", "REPLACE"])
@pytest.mark.parametrize(("value", "active"), [("False", False), ("false", False), (False, False), ("True", True)])
def test_op_and_boolean_in_any_case(scim, op, value, active):
    held = change(scim, {"active": not active}, {"op": op, "path": "active", "value": value})
    assert held["active"] is active


@pytest.mark.rule("QRK-02", "QRK-03", "SRV-012")
def test_booleans_as_texts_in_a_create(scim):
    user = scim.user(active="False", emails=[{"type": "work", "value": "A@x.example", "primary": "True"}])
    assert user["active"] is False
    assert user["emails"] == [{"type": "work", "value": "A@x.example", "primary": True}]


@pytest.mark.rule("QRK-04", "QRK-05", "QRK-06", "SRV-046")
def test_value_filters_that_select_nothing_make_one_entry(scim):
    held = change(
        scim,
        {},
        {"op": "Add", "path": 'roles[primary eq "True"].value', "value": "editor"},
        {"op": "Add", "path": 'roles[primary eq "True"].display', "value": "Editor"},
        {"op": "Replace", "path": 'addresses[type eq "work"].locality', "value": "Oslo"},
        {"op": "Replace", "path": 'addresses[type eq "work"].country', "value": "NO"},
    )
    assert held["roles"] == [{"primary": True, "value": "editor", "display": "Editor"}]
    assert held["addresses"] == [{"type": "work", "locality": "Oslo", "country": "NO"}]


@pytest.mark.rule("QRK-07", "QRK-08", "QRK-09")
def test_path_less_operation_reads_keys_as_paths(scim):
    user = scim.user(name={"givenName": "Ada", "familyName": "Park"})
    value = {
        "id": user["id"],
        "schemas": user["schemas"],
        "name.givenName": "Adele",
        f"{ENT}:department": "Research",
        'phoneNumbers[type eq "mobile"].value': "+47 1",
        "displayName": "Adele Park",
    }
    held = scim.patch(f"/Users/{user['id']}", {"op": "replace", "value": value}).json
    assert held["name"] == {"givenName": "Adele", "familyName": "Park"}
    assert held[ENT] == {"department": "Research"}
    assert held["phoneNumbers"] == [{"type": "mobile", "value": "+47 1"}]
    assert held["displayName"] == "Adele Park"


@pytest.mark.rule("QRK-09", "SRV-010")
def test_path_less_operation_with_another_id_is_refused(scim):
    user = scim.user()
    answer = scim.patch(f"/Users/{user['id']}", {"op": "replace", "value": {"id": "other", "title": "x"}})
    assert (answer.status, answer.scim_type) == (400, "mutability")
    assert "title" not in scim("GET", f"/Users/{user['id']}").json


@pytest.mark.rule("QRK-10", "QRK-11", "SRV-048", "SRV-049")
@pytest.mark.parametrize("remove", ["Remove", "remove"])
def test_remove_with_a_value_list_removes_only_those(scim, remove):
    people = [scim.user(f"p{n}@contoso.example")["id"] for n in range(3)]
    group = scim.group()
    path = f"/Groups/{group['id']}"
    added = scim.patch(path, {"op": "Add", "path": "members", "value": [{"$ref": None, "value": p} for p in people]})
    assert added.status == 204
    assert scim.patch(path, {"op": "Add", "path": "members", "value": [{"value": people[0]}]}).status == 204
    assert scim.patch(path, {"op": remove, "path": "members", "value": [{"value": people[1]}]}).status == 204
    assert [m["value"] for m in scim("GET", path).json["members"]] == [people[0], people[2]]
    assert scim.patch(path, {"op": remove, "path": "members", "value": [{"value": people[1]}]}).status == 204
    assert scim.patch(path, {"op": remove, "path": f'members[value eq "{people[0]}"]'}).status == 204
    assert [m["value"] for m in scim("GET", path).json["members"]] == [people[2]]
    assert scim.patch(path, {"op": remove, "path": "members"}).status == 204
    assert "members" not in scim("GET", path).json


@pytest.mark.rule("QRK-12", "QRK-13", "QRK-14")
@pytest.mark.parametrize("path", [f"{ENT}:manager", "manager", f"{ENT}.manager"])
@pytest.mark.parametrize("value", ["m-1", {"value": "m-1"}, [{"$ref": "http://x", "value": "m-1"}]])
@pytest.mark.parametrize(
    "clear",
    [
        {"op": "replace", "value": ""},
        {"op": "replace", "value": {"value": ""}},
        {"op": "Replace", "value": None},
        {"op": "Remove"},
        {"op": "Remove", "value": "m-1"},
        "filter",
    ],
)
def test_manager_in_every_form(scim, path, value, clear):
    user = scim.user()
    held = scim.patch(f"/Users/{user['id']}", {"op": "Add", "path": path, "value": value}).json
    assert held[ENT]["manager"]["value"] == "m-1"
    assert scim.find('manager eq "m-1"') == [user["id"]]
    operation = {"op": "remove", "path": f'{path}[value eq "m-1"]'} if clear == "filter" else {**clear, "path": path}
    held = scim.patch(f"/Users/{user['id']}", operation).json
    assert ENT not in held
    assert held["schemas"] == [CORE]


@pytest.mark.rule("QRK-12")
def test_manager_as_text_in_a_create(scim):
    assert scim.user(**{ENT: {"manager": "m-1"}})[ENT] == {"manager": {"value": "m-1"}}


@pytest.mark.rule("QRK-15")
@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize(
    "path", ["title", "name.givenName", 'emails[type eq "work"].value', f"{ENT}:department", "emails"]
)
def test_replace_by_nothing_clears(scim, path, value):
    start = {
        "title": "Boss",
        "name": {"givenName": "Ada"},
        "emails": [{"type": "work", "value": "a@x.example"}],
        ENT: {"department": "Research"},
    }
    held = change(scim, start, {"op": "replace", "path": path, "value": value})
    root = ENT if path.startswith(ENT) else path.partition(".")[0].partition("[")[0]
    assert root not in held
    assert len(set(start) & set(held)) == 3


@pytest.mark.rule("QRK-16", "SRV-047")
def test_remove_that_carries_a_value(scim):
    start = {"title": "Boss", "emails": [{"type": "work", "value": "a@x"}, {"type": "home", "value": "h@x"}]}
    held = change(
        scim,
        start,
        {"op": "Remove", "path": "title", "value": "Boss"},
        {"op": "Remove", "path": 'emails[type eq "work"].value', "value": "a@x"},
    )
    assert "title" not in held
    assert held["emails"] == [{"type": "home", "value": "h@x"}]


@pytest.mark.rule("QRK-17", "SRV-019", "SRV-011")
def test_custom_extension_is_kept_as_sent(scim):
    urn = "urn:ietf:params:scim:schemas:extension:TaptExtras:2.0:User"
    user = scim.user(**{urn: {"badge": "B-7", "floor": 3}, "shoeSize": 42})
    assert user[urn] == {"badge": "B-7", "floor": 3}
    assert user["shoeSize"] == 42
    assert user["schemas"] == [CORE, urn]
    held = scim.patch(f"/Users/{user['id']}", {"op": "Replace", "path": f"{urn}:badge", "value": "B-8"}).json
    assert held[urn] == {"badge": "B-8", "floor": 3}
    assert scim.find(f'{urn}:badge eq "b-8"') == [user["id"]]
    assert scim.find(f"{urn}:floor gt 2") == [user["id"]]


@pytest.mark.rule("QRK-18", "QRK-19", "QRK-20", "QRK-33", "SRV-018")
def test_schemas_meta_and_nulls_of_a_create_are_tolerated(scim):
    body = {
        "schemas": [GRP, GRPX],
        "externalId": "8aa1",
        "displayName": "Grp",
        "meta": {"resourceType": "Group"},
        "members": None,
    }
    answer = scim("POST", "/Groups", body)
    assert answer.status == 201
    assert answer.json["schemas"] == [GRP]
    user = scim.user(title=None, emails=[], name={"givenName": None}, meta={"resourceType": "User"})
    assert set(user) == {"schemas", "id", "userName", "active", "meta"}
    noted = {finding.rule: finding.where for finding in scim.tapt.journal.exchanges()[-1].findings}
    assert noted["QRK-33"] == "title"
    user = scim.user("bea", badge={"number": 7, "colour": None, "history": [None, {"at": None, "by": "x"}]})
    assert user["badge"] == {"number": 7, "history": [{"by": "x"}]}


@pytest.mark.rule("QRK-21", "QRK-22", "QRK-23", "QRK-24", "QRK-30")
def test_lookups_as_the_service_sends_them(scim):
    user = scim.user("a.b@alderfinch.example", externalId="X-1", emails=[{"type": "work", "value": "w@x.example"}])
    bare = {"Accept": "", "User-Agent": ""}
    for query in (
        "filter=userName+eq+%22a.b%40alderfinch.example%22",
        "filter=userName%20eq%20%22A.B@alderfinch.example%22&unknown=1",
        "filter=emails%5btype+eq+%22work%22%5d.value+eq+%22w%40x.example%22",
        "filter=externalId+eq+%22X-1%22",
    ):
        answer = scim("GET", f"/Users?{query}", headers=bare)
        assert [r["id"] for r in answer.json["Resources"]] == [user["id"]]
    for _ in range(3):
        answer = scim("GET", "/Users?filter=userName+eq+%22c2f7a7be-4100-4a5e-9c0a-5b1d0c1e61f4%22")
        assert (answer.status, answer.json["totalResults"], answer.json["Resources"]) == (200, 0, [])


@pytest.mark.rule("QRK-25", "SRV-031")
def test_reference_checks_in_either_order(scim):
    user = scim.user(**{ENT: {"manager": {"value": "boss"}}})
    group = scim.group(members=[{"value": user["id"]}])
    uid, gid = user["id"], group["id"]
    assert scim.find(f'id eq "{uid}" and manager eq "boss"') == [uid]
    assert scim.find(f"manager eq boss and id eq {uid}") == [uid]
    assert scim.find(f'members eq "{uid}" and id eq "{gid}"', "/Groups") == [gid]
    assert scim.find(f'id eq {gid} and members.value eq "{uid}"', "/Groups") == [gid]
    assert scim.find(f'members[value eq "{uid}"]', "/Groups") == [gid]
    assert scim.find('members eq "nobody"', "/Groups") == []


@pytest.mark.rule("QRK-26")
def test_role_as_json_text_is_returned_unchanged(scim):
    text = '{"id":"1","value":"editor","displayName":"Editor"}'
    held = change(scim, {}, {"op": "Add", "path": "roles", "value": [{"value": text}]})
    assert held["roles"] == [{"value": text}]
    assert scim.user("bea", roles=text)["roles"] == [{"value": text}]
    held = change(scim, {"user_name": "cem"}, {"op": "Add", "path": "roles", "value": text})
    assert held["roles"] == [{"value": text}]


@pytest.mark.rule("QRK-27", "QRK-28", "SRV-045")
def test_add_and_replace_are_alike_on_single_values(scim):
    held = change(
        scim,
        {"title": "Old", "active": True},
        {"op": "Add", "path": "title", "value": "New"},
        {"op": "Replace", "path": "nickName", "value": "Nick"},
        {"op": "add", "path": "active", "value": "False"},
    )
    assert (held["title"], held["nickName"], held["active"]) == ("New", "Nick", False)


@pytest.mark.rule("QRK-29", "SRV-013", "SRV-020")
def test_name_of_a_disabled_user_is_taken(scim, tapt: Tapt):
    scim.user("Ada@contoso.example", active=False)
    answer = scim("POST", "/Users", {"schemas": [CORE], "userName": "ada@CONTOSO.example"})
    assert (answer.status, answer.scim_type) == (409, "uniqueness")
    assert len(tapt.users()) == 1
    assert "disabled" in tapt.journal.exchanges()[-1].near_misses[0]


@pytest.mark.rule("QRK-31")
def test_attribute_names_in_other_case(scim):
    user = scim.user(DisplayName="Ada", Emails=[{"Type": "work", "VALUE": "a@x", "Primary": "true"}])
    assert user["displayName"] == "Ada"
    assert user["emails"] == [{"type": "work", "value": "a@x", "primary": True}]
    assert scim.find('DISPLAYNAME eq "ada"') == [user["id"]]


@pytest.mark.rule("QRK-32")
def test_forms_of_2018(scim):
    held = change(
        scim,
        {},
        {"op": "Add", "path": "displayName", "value": [{"$ref": None, "value": "Ada"}]},
        {"op": "Replace", "path": "active", "value": [{"$ref": None, "value": "False"}]},
        {"op": "Add", "path": f"{ENT}.department", "value": [{"value": "Research"}]},
    )
    assert (held["displayName"], held["active"], held[ENT]) == ("Ada", False, {"department": "Research"})


@pytest.mark.rule("QRK-34", "SRV-042")
def test_same_patch_again_changes_nothing(scim):
    user = scim.user()
    operation = {"op": "Add", "path": 'emails[type eq "work"].value', "value": "a@x"}
    first = scim.patch(f"/Users/{user['id']}", operation).json
    second = scim.patch(f"/Users/{user['id']}", operation).json
    assert first == second


@pytest.mark.rule("QRK-35")
def test_soft_deletion_renames_and_restores(scim):
    user = scim.user("ada@contoso.example", emails=[{"type": "work", "value": "ada@contoso.example"}])
    path, renamed = f"/Users/{user['id']}", "5b1d0c1e61f44a5e9c0a2f7a7be41003ada@contoso.example"
    held = scim.patch(
        path,
        {"op": "Replace", "path": "userName", "value": renamed},
        {"op": "Replace", "path": "active", "value": "False"},
    ).json
    assert (held["userName"], held["active"]) == (renamed, False)
    assert held["emails"][0]["value"] == "ada@contoso.example"
    held = scim.patch(path, {"op": "replace", "value": {"userName": "ada@contoso.example", "active": True}}).json
    assert (held["userName"], held["active"]) == ("ada@contoso.example", True)


@pytest.mark.parametrize("urn", [ENT, "urn:ietf:params:scim:schemas:extension:TaptExtras:2.0:User", "urn:tapt:extras"])
@pytest.mark.parametrize(
    "method", ["POST", "PUT", "PATCH add", "PATCH replace", "PATCH key", "PATCH object", "PATCH nested"]
)
def test_extension_attributes_in_every_form_end_in_one_place(scim, urn, method):
    value, path = "v-1", f"{urn}:department"
    flat = {path: value}
    if method == "POST":
        user = scim.user(**flat)
    else:
        user = scim.user()
        where = f"/Users/{user['id']}"
        if method == "PUT":
            user = scim(
                "PUT", where, {"schemas": [CORE, urn], "userName": user["userName"], urn: {"department": value}}
            ).json
        else:
            operation = {
                "PATCH add": {"op": "Add", "path": path, "value": value},
                "PATCH replace": {"op": "Replace", "path": path, "value": value},
                "PATCH key": {"op": "replace", "value": flat},
                "PATCH object": {"op": "add", "path": urn, "value": {"department": value}},
                "PATCH nested": {"op": "add", "value": {urn: {"department": value}}},
            }[method]
            user = scim.patch(where, operation).json
    assert user[urn] == {"department": value}
    assert user["schemas"] == [CORE, urn]
    assert scim.find(f'{path} eq "V-1"') == [user["id"]]
    held = scim.patch(f"/Users/{user['id']}", {"op": "Remove", "path": path}).json
    assert urn not in held


@pytest.mark.rule("QRK-01", "QRK-27")
@pytest.mark.parametrize("value", [["x"], {"value": "x"}, {"a": 1}, 5, True])
def test_values_of_another_type_are_refused_not_guessed(scim, value):
    user = scim.user(title="Boss")
    answer = scim.patch(f"/Users/{user['id']}", {"op": "Replace", "path": "title", "value": value})
    assert (answer.status, answer.scim_type) == (400, "invalidValue")
    assert scim("GET", f"/Users/{user['id']}").json["title"] == "Boss"


@pytest.mark.rule("QRK-17")
def test_objects_inside_an_extension_stay_inside(scim):
    urn = "urn:tapt:extras"
    user = scim.user()
    value = {urn: {"gone": None, "desk": {"floor": 3, "room": "B"}}}
    held = scim.patch(f"/Users/{user['id']}", {"op": "add", "value": value}).json
    assert held[urn] == {"desk": {"floor": 3, "room": "B"}}
    assert held["schemas"] == [CORE, urn]
    held = scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": f"{urn}:desk.room", "value": "C"}).json
    assert held[urn] == {"desk": {"floor": 3, "room": "C"}}
