"""Every request of the catalogue, in both dialects."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.model.change import AttributeChange
from entra_sim.simulator.model.change import TargetValue
from entra_sim.simulator.scim import requests
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Provenance
from entra_sim.simulator.scim.paths import CORE
from entra_sim.simulator.scim.paths import CORE_GROUP
from entra_sim.simulator.scim.paths import ENTERPRISE
from entra_sim.simulator.scim.paths import MANAGER_PATH
from entra_sim.simulator.scim.profile import Dialect

TAPT = "urn:ietf:params:scim:schemas:extension:tapt:2.0:User"
WORK_MAIL = 'emails[type eq "work"].value'
EDITOR = {"id": "0f1e", "value": "cellar.editor", "displayName": "Cellar éditor"}
VIEWER = {"id": "1a2b", "value": "stock.viewer", "displayName": "Stock viewer"}


def value(path: str, content: Any, type_: str = "String", *, multi_valued: bool = False) -> TargetValue:
    return TargetValue(target_path=path, value=content, type=type_, multi_valued=multi_valued)


def change(path: str, new: Any, operation: Any = "Replace", type_: str = "String", **more: Any) -> AttributeChange:
    return AttributeChange(target_path=path, operation=operation, old_value=None, new_value=new, type=type_, **more)


def body_of(call: Call) -> Any:
    return orjson.loads(orjson.dumps(call.body))


def operations(*changes: AttributeChange, dialect: Dialect = Dialect.DEFAULT) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body_of(requests.update("User", "tp-1", changes, dialect))["Operations"]
    return found


@pytest.mark.rule("WIRE-021", "WIRE-022", "WIRE-023", "WIRE-026", "WIRE-030")
@pytest.mark.parametrize(
    ("call", "path", "query"),
    [
        (requests.match("User", "userName", "a@x"), "/Users", (("filter", 'userName eq "a@x"'),)),
        (requests.match("User", WORK_MAIL, "a@x"), "/Users", (("filter", f'{WORK_MAIL} eq "a@x"'),)),
        (requests.match("User", "userName", 'a"b\\c'), "/Users", (("filter", 'userName eq "a\\"b\\\\c"'),)),
        (
            requests.match("Group", "displayName", "Keg Room"),
            "/Groups",
            (("excludedAttributes", "members"), ("filter", 'displayName eq "Keg Room"')),
        ),
        (requests.probe("User", "externalId", "0-0"), "/Users", (("filter", 'externalId eq "0-0"'),)),
        (requests.read("User", "tp-1"), "/Users/tp-1", ()),
        (requests.read("Group", "tp-2"), "/Groups/tp-2", (("excludedAttributes", "members"),)),
        (requests.list_page("User", 101, 100), "/Users", (("startIndex", "101"), ("count", "100"))),
        (requests.read_schemas(), "/Schemas", ()),
    ],
)
def test_lookups_and_reads(call: Call, path: str, query: tuple[tuple[str, str], ...]) -> None:
    assert (call.method, call.path, call.query, call.body) == ("GET", path, query, None)
    assert not call.is_write


@pytest.mark.rule("WIRE-040")
@pytest.mark.parametrize(
    ("call", "path", "question"),
    [
        (requests.check_reference("User", "u1", MANAGER_PATH, "m1"), "/Users", 'id eq "u1" and manager eq "m1"'),
        (requests.check_reference("Group", "g1", "members", "u1"), "/Groups", 'id eq "g1" and members eq "u1"'),
    ],
)
def test_reference_checks_ask_for_the_id_alone(call: Call, path: str, question: str) -> None:
    assert (call.path, call.query) == (path, (("attributes", "id"), ("filter", question)))


@pytest.mark.rule("WIRE-094", "WIRE-112")
def test_deletes_have_no_body() -> None:
    assert requests.delete("User", "tp-1") == Call(method="DELETE", path="/Users/tp-1")
    assert requests.delete("Group", "tp-2") == Call(method="DELETE", path="/Groups/tp-2")


@pytest.mark.rule("WIRE-050", "WIRE-051", "WIRE-053", "WIRE-054", "WIRE-055")
def test_a_full_create_in_wire_order_of_keys() -> None:
    call = requests.create(
        "User",
        [
            value("userName", "wren@x.example"),
            value("active", "True", "Boolean"),
            value("displayName", "Wren"),
            value("title", "Scientist"),
            value(WORK_MAIL, "wren@x.example"),
            value("name.givenName", "Wren"),
            value("name.familyName", "Castellane"),
            value('addresses[type eq "work"].formatted', "Quay House"),
            value('addresses[type eq "work"].locality', "Nelson"),
            value('phoneNumbers[type eq "work"].value', "1"),
            value('phoneNumbers[type eq "mobile"].value', "2"),
            value("externalId", "wren"),
            value(f"{ENTERPRISE}:employeeNumber", "20417"),
            value(f"{ENTERPRISE}:department", "Cellar"),
            value(MANAGER_PATH, "tp-9", "Reference"),
        ],
    )
    assert (call.method, call.path, call.query) == ("POST", "/Users", ())
    assert orjson.dumps(call.body).decode() == (
        f'{{"schemas":["{CORE}","{ENTERPRISE}"],"externalId":"wren","userName":"wren@x.example","active":true,'
        '"displayName":"Wren","emails":[{"primary":true,"type":"work","value":"wren@x.example"}],'
        '"meta":{"resourceType":"User"},"name":{"givenName":"Wren","familyName":"Castellane"},"title":"Scientist",'
        '"addresses":[{"type":"work","formatted":"Quay House","locality":"Nelson"}],'
        '"phoneNumbers":[{"type":"work","value":"1"},{"type":"mobile","value":"2"}],'
        f'"{ENTERPRISE}":{{"employeeNumber":"20417","department":"Cellar"}}}}'
    )


@pytest.mark.rule("WIRE-051", "WIRE-052", "WIRE-057")
def test_empty_values_and_references_are_left_out() -> None:
    call = requests.create(
        "User",
        [
            value("userName", "t@x"),
            value("active", "False", "Boolean"),
            value("title", ""),
            value("nickName", None),
            value(WORK_MAIL, ""),
            value("name.givenName", None),
            value("otherMails", [], multi_valued=True),
            value(MANAGER_PATH, "tp-9"),
            value("members", ["x"], "Reference"),
            value("id", "mine"),
            value(f"{TAPT}:buddy", "tp-3", "Reference"),
        ],
    )
    assert body_of(call) == {
        "schemas": [CORE, ENTERPRISE],
        "userName": "t@x",
        "active": False,
        "meta": {"resourceType": "User"},
    }


@pytest.mark.rule("WIRE-056", "ENG-083")
def test_a_custom_extension_travels_under_its_urn_which_schemas_omit() -> None:
    body = body_of(requests.create("User", [value("userName", "d@x"), value(f"{TAPT}:badgeColour", "teal")]))
    assert body[TAPT] == {"badgeColour": "teal"}
    assert body["schemas"] == [CORE, ENTERPRISE]


@pytest.mark.rule("WIRE-101")
def test_a_group_is_created_without_members() -> None:
    call = requests.create(
        "Group", [value("displayName", "Keg"), value("externalId", "g-1"), value("members", ["u"], "Reference")]
    )
    assert orjson.dumps(call.body).decode() == (
        f'{{"schemas":["{CORE_GROUP}","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],'
        '"externalId":"g-1","displayName":"Keg","meta":{"resourceType":"Group"}}'
    )


@pytest.mark.parametrize(
    ("values", "attribute", "expected"),
    [
        ([value('emails[type eq "home"].value', "h")], "emails", [{"type": "home", "value": "h"}]),
        (
            [value(WORK_MAIL, "w"), value('emails[type eq "work"].primary', "False")],
            "emails",
            [{"primary": False, "type": "work", "value": "w"}],
        ),
        (
            [value('emails[type eq "work"].display', "W"), value('emails[type eq "home"].value', "h")],
            "emails",
            [{"primary": True, "type": "work", "display": "W"}, {"type": "home", "value": "h"}],
        ),
        ([value("emails.value", "x")], "emails", [{"value": "x"}]),
        ([value('photos[type eq "photo"].value', "u")], "photos", [{"type": "photo", "value": "u"}]),
        ([value("tags", "a", multi_valued=True)], "tags", ["a"]),
        ([value("tags", ["a", "b"], multi_valued=True)], "tags", ["a", "b"]),
        ([value("level", "7", "Integer")], "level", 7),
        ([value("level", "-07", "Integer")], "level", -7),
        ([value("level", "seven", "Integer")], "level", "seven"),
        ([value("vip", "true", "Boolean")], "vip", True),
        ([value("vip", True, "Boolean")], "vip", True),
        ([value("vip", "perhaps", "Boolean")], "vip", "perhaps"),
        ([value("title", "True")], "title", "True"),
        ([value("active", "TRUE")], "active", True),
        ([value("start", "2026-01-05T09:00:00Z", "DateTime")], "start", "2026-01-05T09:00:00Z"),
        ([value(f"{CORE}:title", "x")], "title", "x"),
    ],
)
def test_how_values_become_json_in_a_create(values: list[TargetValue], attribute: str, expected: Any) -> None:
    assert body_of(requests.create("User", values))[attribute] == expected


@pytest.mark.rule("WIRE-120", "WIRE-121", "ENG-104", "ENG-105")
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            [value('roles[primary eq "True"].value', [EDITOR])],
            [{"primary": True, "type": "WindowsAzureActiveDirectoryRole", "value": "cellar.editor"}],
        ),
        (
            [value('roles[primary eq "True"].value', "cellar.editor")],
            [{"primary": True, "type": "WindowsAzureActiveDirectoryRole", "value": "cellar.editor"}],
        ),
        (
            [
                value('roles[primary eq "True"].display', EDITOR),
                value('roles[primary eq "True"].type', EDITOR),
                value('roles[primary eq "True"].value', EDITOR),
            ],
            [
                {
                    "primary": True,
                    "type": "WindowsAzureActiveDirectoryRole",
                    "display": "Cellar éditor",
                    "value": "cellar.editor",
                }
            ],
        ),
        (
            [value("roles", [EDITOR, orjson.dumps(VIEWER).decode()], "Complex", multi_valued=True)],
            [
                {
                    "primary": False,
                    "type": "WindowsAzureActiveDirectoryRole",
                    "display": "Cellar éditor",
                    "value": "cellar.editor",
                },
                {
                    "primary": False,
                    "type": "WindowsAzureActiveDirectoryRole",
                    "display": "Stock viewer",
                    "value": "stock.viewer",
                },
            ],
        ),
        ([value("roles", ["plain"], multi_valued=True)], ["plain"]),
    ],
    ids=["single", "single text", "single, three rows", "complex", "texts that are no roles"],
)
def test_roles_in_a_create(values: list[TargetValue], expected: Any) -> None:
    assert body_of(requests.create("User", values))["roles"] == expected


@pytest.mark.rule("WIRE-060", "WIRE-061", "WIRE-063", "WIRE-064", "WIRE-066")
def test_default_dialect_one_operation_per_attribute_in_mapping_order() -> None:
    call = requests.update(
        "User",
        "tp-1",
        [
            change("displayName", "M", "Add"),
            change("active", "False", type_="Boolean"),
            change(WORK_MAIL, "m@x"),
            change("name.givenName", "Mari"),
            change(f"{ENTERPRISE}:department", "Cold Chain"),
        ],
        Dialect.DEFAULT,
    )
    assert (call.method, call.path, call.query) == ("PATCH", "/Users/tp-1", ())
    assert orjson.dumps(call.body).decode() == (
        '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":['
        '{"op":"Add","path":"displayName","value":"M"},'
        '{"op":"Replace","path":"active","value":"False"},'
        '{"op":"Replace","path":"emails[type eq \\"work\\"].value","value":"m@x"},'
        '{"op":"Replace","path":"name.givenName","value":"Mari"},'
        f'{{"op":"Replace","path":"{ENTERPRISE}:department","value":"Cold Chain"}}]}}'
    )


@pytest.mark.rule("WIRE-064", "WIRE-090", "WIRE-093")
@pytest.mark.parametrize(
    ("path", "given", "type_", "sent"),
    [
        ("active", "False", "Boolean", "False"),
        ("active", "false", "Boolean", "False"),
        ("active", False, "Boolean", "False"),
        ("active", True, "Boolean", "True"),
        ("active", "True", "String", "True"),
        ("active", "maybe", "Boolean", "maybe"),
        ('emails[type eq "work"].primary', "True", "Boolean", "true"),
        ("level", "7", "Integer", "7"),
        ("level", 7, "Integer", "7"),
        ("tags", ["a", "b"], "String", ["a", "b"]),
        ("title", "True", "String", "True"),
    ],
)
def test_default_dialect_values_are_texts(path: str, given: Any, type_: str, sent: Any) -> None:
    assert operations(change(path, given, type_=type_)) == [{"op": "Replace", "path": path, "value": sent}]


@pytest.mark.rule("WIRE-062", "WIRE-068", "WIRE-070", "WIRE-072", "WIRE-081")
def test_flagged_dialect_value_paths_first_then_one_add_and_one_replace() -> None:
    assert operations(
        change("displayName", "M"),
        change("active", "False", type_="Boolean"),
        change(WORK_MAIL, "m@x"),
        change("title", "Lead", "Add"),
        change("name.givenName", "Mari"),
        change('phoneNumbers[type eq "mobile"].value', "2", "Add"),
        change(f"{ENTERPRISE}:department", "Cold", "Add"),
        dialect=Dialect.FLAGGED,
    ) == [
        {"op": "replace", "path": WORK_MAIL, "value": "m@x"},
        {"op": "add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "2"},
        {"op": "add", "value": {"title": "Lead", f"{ENTERPRISE}:department": "Cold"}},
        {"op": "replace", "value": {"displayName": "M", "active": False, "name.givenName": "Mari"}},
    ]


@pytest.mark.rule("WIRE-069", "WIRE-071", "WIRE-091")
def test_flagged_dialect_a_single_attribute_keeps_its_path() -> None:
    assert operations(change("active", "False", type_="Boolean"), dialect=Dialect.FLAGGED) == [
        {"op": "replace", "path": "active", "value": False}
    ]
    assert operations(
        change("title", "x", "Add"), change("nickName", "y"), change(WORK_MAIL, "z"), dialect=Dialect.FLAGGED
    ) == [
        {"op": "replace", "path": WORK_MAIL, "value": "z"},
        {"op": "add", "path": "title", "value": "x"},
        {"op": "replace", "path": "nickName", "value": "y"},
    ]


def test_flagged_dialect_lists_and_removals_are_never_bundled() -> None:
    assert operations(
        change("tags", ["a"]),
        change("title", "x"),
        change("nickName", "y"),
        change("locale", None, "Remove"),
        dialect=Dialect.FLAGGED,
    ) == [
        {"op": "replace", "path": "tags", "value": ["a"]},
        {"op": "replace", "value": {"title": "x", "nickName": "y"}},
        {"op": "remove", "path": "locale"},
    ]
    assert operations(change("locale", None, "Remove")) == [{"op": "Remove", "path": "locale"}]


SINGLE = 'roles[primary eq "True"].value'
EDITOR_TEXT = '{"id":"0f1e","value":"cellar.editor","displayName":"Cellar éditor"}'
EDITOR_ENTRY = {"type": "WindowsAzureActiveDirectoryRole", "value": "cellar.editor"}


@pytest.mark.rule("WIRE-120", "WIRE-121", "WIRE-122", "WIRE-123", "ENG-105")
@pytest.mark.parametrize(
    ("made", "dialect", "expected"),
    [
        (
            change(SINGLE, [EDITOR], "Add"),
            Dialect.DEFAULT,
            {"op": "Add", "path": "roles", "value": [{"value": EDITOR_TEXT}]},
        ),
        (
            change(SINGLE, EDITOR, "Add"),
            Dialect.FLAGGED,
            {"op": "add", "path": "roles", "value": [{"primary": True, **EDITOR_ENTRY}]},
        ),
        (
            change(SINGLE, "Cellar editor"),
            Dialect.DEFAULT,
            {"op": "Replace", "path": SINGLE, "value": "Cellar editor"},
        ),
        (
            change("roles", [EDITOR], "Replace", "Complex"),
            Dialect.DEFAULT,
            {"op": "Add", "path": "roles", "value": [{"value": EDITOR_TEXT}]},
        ),
        (
            change("roles", [EDITOR], "Add", "Complex"),
            Dialect.FLAGGED,
            {"op": "add", "path": "roles", "value": [{"primary": False, "display": "Cellar éditor", **EDITOR_ENTRY}]},
        ),
        *(
            (
                change("roles", [EDITOR], "Add", "Complex", lower_case_op=True),
                dialect,
                {
                    "op": "replace",
                    "path": "roles",
                    "value": [{"primary": False, "display": "Cellar éditor", **EDITOR_ENTRY}],
                },
            )
            for dialect in Dialect
        ),
    ],
    ids=[
        "single",
        "single, flagged",
        "single as a text",
        "complex only adds",
        "complex, flagged",
        "assertive",
        "assertive, flagged",
    ],
)
def test_roles_in_a_patch(made: AttributeChange, dialect: Dialect, expected: dict[str, Any]) -> None:
    assert operations(made, dialect=dialect) == [expected]


def test_assertive_roles_stand_alone_beside_other_changes_of_a_flagged_job() -> None:
    roles = change("roles", [EDITOR], "Replace", "Complex", lower_case_op=True)
    found = operations(change("title", "x"), roles, change("nickName", "y"), dialect=Dialect.FLAGGED)
    assert [operation.get("path") for operation in found] == ["roles", None]


@pytest.mark.rule("WIRE-073", "WIRE-074")
@pytest.mark.parametrize(
    ("replaces", "dialect", "verb"),
    [
        (False, Dialect.DEFAULT, "Add"),
        (True, Dialect.DEFAULT, "Replace"),
        (False, Dialect.FLAGGED, "add"),
        (True, Dialect.FLAGGED, "replace"),
    ],
)
def test_a_manager_is_the_bare_id(replaces: bool, dialect: Dialect, verb: str) -> None:
    call = requests.set_manager("tp-1", MANAGER_PATH, "tp-9", replaces, dialect)
    assert body_of(call)["Operations"] == [{"op": verb, "path": MANAGER_PATH, "value": "tp-9"}]


@pytest.mark.rule("WIRE-105", "WIRE-106", "WIRE-107", "WIRE-108")
@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        (
            Dialect.DEFAULT,
            [
                [{"op": "Add", "path": "members", "value": [{"value": "a"}, {"value": "b"}]}],
                [{"op": "Remove", "path": "members", "value": [{"value": "c"}, {"value": "d"}]}],
            ],
        ),
        (
            Dialect.FLAGGED,
            [
                [{"op": "add", "path": "members", "value": [{"value": "a"}, {"value": "b"}]}],
                [
                    {"op": "remove", "path": 'members[value eq "c"]'},
                    {"op": "remove", "path": 'members[value eq "d"]'},
                ],
            ],
        ),
    ],
)
def test_members_come_and_go_in_requests_of_their_own(dialect: Dialect, expected: list[Any]) -> None:
    calls = requests.change_members("g", ["a", "b"], ["c", "d"], dialect)
    assert [body_of(call)["Operations"] for call in calls] == expected
    assert {call.path for call in calls} == {"/Groups/g"}


@pytest.mark.rule("WIRE-109")
@pytest.mark.parametrize("dialect", Dialect)
def test_members_beyond_the_limit_start_another_request(dialect: Dialect) -> None:
    added = [f"u{number}" for number in range(205)]
    calls = requests.change_members("g", added, added[:3], dialect, limit=100)
    sizes = [sum(len(operation.get("value", [0])) for operation in body_of(call)["Operations"]) for call in calls]
    assert sizes == [100, 100, 5, 3]
    assert requests.change_members("g", [], [], dialect, limit=100) == ()


@pytest.mark.rule("WIRE-100", "WIRE-102", "WIRE-114")
def test_no_request_to_a_group_ever_reads_its_members() -> None:
    for call in (requests.match("Group", "displayName", "x"), requests.read("Group", "g"), GROUP_PAGE):
        assert ("excludedAttributes", "members") in call.query


@pytest.mark.rule("WIRE-103", "WIRE-104")
@pytest.mark.parametrize(("dialect", "verb"), [(Dialect.DEFAULT, "Replace"), (Dialect.FLAGGED, "replace")])
def test_a_group_is_renamed_with_its_path(dialect: Dialect, verb: str) -> None:
    call = requests.update("Group", "g", [change("displayName", "Keg & Cask")], dialect)
    assert (call.path, call.query) == ("/Groups/g", ())
    assert body_of(call)["Operations"] == [{"op": verb, "path": "displayName", "value": "Keg & Cask"}]


GROUP_PAGE = requests.list_page("Group", 1, 100)
EVERY_REQUEST = [
    requests.match("User", WORK_MAIL, "a@x"),
    requests.read("User", "tp-1"),
    requests.create("User", [value("userName", "a@x")]),
    *(requests.update("User", "tp-1", [change("title", "x"), change("nickName", "y")], one) for one in Dialect),
    *(requests.set_manager("tp-1", MANAGER_PATH, "tp-9", True, one) for one in Dialect),
    *(call for one in Dialect for call in requests.change_members("g", ["a"], ["b", "c"], one, 1)),
    requests.delete("Group", "g"),
    requests.check_reference("Group", "g", "members", "u"),
    requests.read_schemas(),
    GROUP_PAGE,
]


@pytest.mark.rule("WIRE-008", "WIRE-043", "WIRE-060", "ENG-500")
def test_nothing_is_asked_in_a_way_that_the_service_never_uses() -> None:
    """No PUT, Bulk, search or sorting; `eq` and `and` alone; operations are op, path, value in that order."""
    for call in EVERY_REQUEST:
        assert call.method in ("GET", "POST", "PATCH", "DELETE")
        assert call.path.split("/")[1] in ("Users", "Groups", "Schemas")
        names = [name for name, _ in call.query]
        order = ["attributes", "excludedAttributes", "filter", "startIndex", "count"]
        assert names == [name for name in order if name in names]
        for operation in (call.body or {}).get("Operations", []):
            assert list(operation) == [name for name in ("op", "path", "value") if name in operation]


@pytest.mark.rule("WIRE-058")
@pytest.mark.parametrize("roles", [None, [], ()])
def test_no_roles_means_no_list_of_roles(roles: Any) -> None:
    assert "roles" not in body_of(requests.create("User", [value("userName", "a"), value("roles", roles, "Complex")]))


def test_provenance_travels_beside_the_call_and_is_never_compared() -> None:
    why = Provenance(purpose="match Ada by userName", rules=("WIRE-032",))
    call = requests.match("User", "userName", "ada", provenance=why)
    assert call.provenance is why
    assert call == requests.match("User", "userName", "ada")


def test_callers_bugs_are_refused() -> None:
    with pytest.raises(ValueError, match="without a change"):
        requests.update("User", "tp-1", [], Dialect.DEFAULT)
    with pytest.raises(ValueError, match="not linked"):
        requests.set_manager("tp-1", MANAGER_PATH, "", False, Dialect.DEFAULT)
    with pytest.raises(UserInputError):
        requests.create("User", [value("emails[", "x")])
