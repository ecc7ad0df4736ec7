"""JSON of Microsoft Graph, of PowerShell, of this tool."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from entra_sim.simulator.tenants import ReadReport

Read = Callable[..., ReadReport]
Refuse = Callable[..., list[str]]

ADA = "7cc0c81b-f2a2-489a-8243-eda96da4214d"
BO = "05f9eb61-470e-426c-b631-6db6bf429063"
TEAM = "15e91f38-3651-425f-810a-56e0fb00287a"
CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#"


def page(context: str, *values: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"@odata.context": CONTEXT + context, "value": list(values), **more}


GRAPH_ADA = {
    "id": ADA,
    "userPrincipalName": "ada@contoso.example",
    "displayName": "Ada Park",
    "accountEnabled": True,
    "businessPhones": ["+44 20 7946 0102", "+44 20 7946 0103"],
    "mobilePhone": None,
    "officeLocation": "London 3",
    "faxNumber": "+44 20 7946 0999",
    "onPremisesExtensionAttributes": {"extensionAttribute1": "badge-2", "extensionAttribute2": None},
    "employeeOrgData": {"division": "Discovery", "costCenter": "R-100"},
    "proxyAddresses": ["SMTP:ada@contoso.example"],
    "extension_0123456789abcdef0123456789abcdef_level": 7,
    "assignedLicenses": [],
    "signInActivity": {"lastSignInDateTime": "2026-01-01T00:00:00Z"},
}


@pytest.mark.rule("ENG-002")
def test_a_graph_user_gets_schema_names(read: Read) -> None:
    report = read({"users.json": json.dumps(page("users", GRAPH_ADA))})
    assert dict(report.image.users[0].attributes) == {
        "objectId": ADA,
        "userPrincipalName": "ada@contoso.example",
        "displayName": "Ada Park",
        "accountEnabled": True,
        "telephoneNumber": "+44 20 7946 0102",
        "physicalDeliveryOfficeName": "London 3",
        "facsimileTelephoneNumber": "+44 20 7946 0999",
        "extensionAttribute1": "badge-2",
        "employeeOrgData.division": "Discovery",
        "employeeOrgData.costCenter": "R-100",
        "proxyAddresses": ("SMTP:ada@contoso.example",),
        "extension_0123456789abcdef0123456789abcdef_level": 7,
        "mailNickname": "ada",
    }
    assert any("only the first was taken" in note for note in report.notes)


def test_pages_of_users_and_groups_with_members_and_managers(read: Read) -> None:
    bo = {
        "id": BO,
        "userPrincipalName": "bo@contoso.example",
        "displayName": "Bo",
        "manager": {"@odata.type": "#microsoft.graph.user", "id": ADA, "displayName": "Ada Park"},
    }
    group = {
        "id": TEAM,
        "displayName": "Team",
        "groupTypes": [],
        "members": [
            {"@odata.type": "#microsoft.graph.user", "id": ADA},
            {"@odata.type": "#microsoft.graph.device", "id": "99999999-470e-426c-b631-6db6bf429063"},
            {"@odata.type": "#microsoft.graph.user", "id": BO},
        ],
    }
    files = {
        "page1.json": json.dumps(page("users", GRAPH_ADA, **{"@odata.nextLink": "https://graph.example/next"})),
        "page2.json": json.dumps(page("users", bo)),
        "groups.json": json.dumps(page("groups(members())", group)),
        "roles.json": json.dumps(
            page("appRoleAssignments", {"principalId": TEAM, "principalType": "Group", "appRoleId": ADA})
        ),
    }
    report = read(files)
    assert [user.manager for user in report.image.users] == [None, ADA]
    assert report.image.groups[0].members == (ADA, BO)
    assert [(row.principal, row.role) for row in report.image.assignments] == [(TEAM, ADA)]
    assert any("neither users nor groups" in note for note in report.notes)


def test_an_export_that_stopped_half_way_is_refused(refuse: Refuse) -> None:
    text = json.dumps(page("users", GRAPH_ADA, **{"@odata.nextLink": "https://graph.example/next"}))
    assert "the last page is missing" in refuse({"users.json": text})[0]


def test_members_that_graph_gives_in_full_become_users(read: Read) -> None:
    group = {
        "id": TEAM,
        "displayName": "Team",
        "securityEnabled": True,
        "members": [
            {
                "@odata.type": "#microsoft.graph.user",
                "id": ADA,
                "displayName": "Ada",
                "userPrincipalName": "ada@contoso.example",
            }
        ],
    }
    report = read(
        {"groups.json": json.dumps(page("groups(members())", group, {**group, "id": BO, "displayName": "B"}))}
    )
    assert [user.user_principal_name for user in report.image.users] == ["ada@contoso.example"]
    assert [group.members for group in report.image.groups] == [(ADA,), (ADA,)]


def test_twenty_expanded_members_are_pointed_out(read: Read) -> None:
    members = [
        {
            "@odata.type": "#microsoft.graph.user",
            "id": f"00000002-0000-4000-8000-{number:012x}",
            "userPrincipalName": f"u{number}@x.example",
            "displayName": "U",
        }
        for number in range(20)
    ]
    report = read({"groups.json": json.dumps(page("groups", {"id": TEAM, "displayName": "Team", "members": members}))})
    assert any("exactly 20 members" in note for note in report.notes)


def test_convertto_json_of_powershell(read: Read) -> None:
    text = json.dumps(
        [
            {
                "Id": ADA,
                "UserPrincipalName": "ada@contoso.example",
                "DisplayName": "Ada",
                "AccountEnabled": None,
                "BusinessPhones": ["1"],
                "Manager": {"DeletedDateTime": None, "Id": None},
                "OnPremisesExtensionAttributes": {"ExtensionAttribute3": "x"},
                "EmployeeHireDate": "/Date(1629379531000)/",
                "AdditionalProperties": {"extension_0123456789abcdef0123456789abcdef_site": "N"},
            },
            {
                "Id": BO,
                "UserPrincipalName": "bo@contoso.example",
                "DisplayName": "Bo",
                "Manager": {"Id": ADA, "AdditionalProperties": {"@odata.type": "#microsoft.graph.user"}},
            },
        ]
    )
    report = read({"users.json": b"\xef\xbb\xbf" + text.encode()})
    ada, bo = report.image.users
    assert ada.attributes["accountEnabled"] is True
    assert ada.attributes["telephoneNumber"] == "1"
    assert ada.attributes["extensionAttribute3"] == "x"
    assert ada.attributes["employeeHireDate"] == "2021-08-19T13:25:31Z"
    assert ada.attributes["extension_0123456789abcdef0123456789abcdef_site"] == "N"
    assert ada.manager is None
    assert bo.manager == ADA


def test_json_lines_of_mixed_records(read: Read) -> None:
    text = (
        '{"userPrincipalName": "ada@x.example", "displayName": "Ada"}\n'
        '\n{"displayName": "Team", "securityEnabled": true, "members": ["ada@x.example"]}\n'
        '{"principal": "Team"}\n'
    )
    image = read({"all.jsonl": text}).image
    assert image.groups[0].members == (image.users[0].object_id,)
    assert image.assignments[0].principal == image.groups[0].object_id


def test_a_delta_page_leaves_out_what_was_removed(read: Read) -> None:
    text = json.dumps(
        page(
            "groups",
            {"id": TEAM, "displayName": "Team", "members@delta": [{"id": ADA}, {"id": BO, "@removed": {}}]},
            {"id": BO, "@removed": {"reason": "deleted"}},
        )
    )
    report = read({"users.json": json.dumps(page("users", GRAPH_ADA)), "groups.json": text})
    assert [group.members for group in report.image.groups] == [(ADA,)]


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ('{"value": [\n  {"displayName": "Ada",\n   "accountEnabled": tru}]}', "users.json:3:", "this is not JSON"),
        (
            '{"value": [\n  {"userPrincipalName": "a@x.example", "displayName": "A"},\n'
            '  {"userPrincipalName": "b@x.example", "displayName": "B",\n   "accountEnabled": "maybe"}]}',
            "users.json:4:22:",
            "accountEnabled must be true or false, not 'maybe'",
        ),
        (
            '[{"userPrincipalName": "a@x.example",\n "displayName": "A", "businessPhones": "System.String[]"}]',
            "users.json:2:40:",
            "the export wrote the type's name",
        ),
        (
            '[{"userPrincipalName": "a@x.example", "displayName": "A", "departement": "R"}]',
            "users.json:1:74:",
            "'department'",
        ),
        (
            '[{"userPrincipalName": "a@x.example", "displayName": "A", "manager": "b@x.example"}]',
            "users.json:1:70:",
            "b@x",
        ),
        ("[1]", "users.json:1:2:", "an object is expected"),
        ("  ", "users.json", "is empty"),
    ],
)
def test_mistakes_are_told_with_line_and_column(refuse: Refuse, text: str, where: str, what: str) -> None:
    lines = refuse({"users.json": text})
    assert lines[0].startswith(where)
    assert what in lines[0]


def test_mistakes_far_apart_are_each_told_in_their_place(refuse: Refuse) -> None:
    records = [{"userPrincipalName": f"u{number}@x.example", "displayName": "U"} for number in range(9)]
    records[3]["accountEnabled"] = "perhaps"
    records[8]["accountEnabled"] = "maybe"
    text = "[" + ",\n".join(json.dumps(record) for record in records) + "]"
    lines = refuse({"users.json": text})
    assert [line.split(":")[1] for line in lines[:2]] == ["4", "9"]


def test_a_broken_line_of_json_lines_is_told_with_its_line(refuse: Refuse) -> None:
    lines = refuse({"a.jsonl": '{"userPrincipalName": "a@x.example", "displayName": "A"}\n{"userPrin\n'})
    assert lines[0].startswith("a.jsonl:2:")


def test_a_record_that_is_neither_user_nor_group_is_refused(refuse: Refuse) -> None:
    assert "neither a user nor a group" in refuse({"a.json": '[{"colour": "red"}]'})[0]
