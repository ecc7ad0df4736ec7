"""Attribute mappings through a World: what a row sends, when, and what it leaves alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lab import DOMAIN
from lab import Lab

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.errors import UserInputError

SAMPLE = Path(__file__).parents[1] / "data" / "sample-job-schema.json"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ROLES = 'roles[primary eq "True"].value'


def _one(lab: Lab, **attributes: Any) -> Lab:
    lab.without_groups()
    lab.person("ada", **attributes)
    lab.start()
    lab.look()
    return lab


def _account(lab: Lab, name: str = "ada") -> dict[str, Any]:
    found = lab.account(name)
    assert found is not None
    return found


@pytest.mark.rule("ENG-070", "ENG-101", "ENG-103", "ENG-170")
def test_the_default_mapping_creates_a_full_account(lab: Lab) -> None:
    _one(
        lab,
        displayName="Ada Park",
        givenName="Ada",
        surname="Park",
        mail="ada.park@contoso.example",
        jobTitle="Researcher",
        preferredLanguage="en-US",
        physicalDeliveryOfficeName="18/2111",
        streetAddress="1 Road",
        city="Oslo",
        state="OS",
        postalCode="0150",
        country="Norway",
        telephoneNumber="+47 1",
        mobile="+47 2",
        facsimileTelephoneNumber="+47 3",
        employeeId="701984",
        department="Research",
    )
    account = _account(lab)

    assert account["userName"] == f"ada@{DOMAIN}"
    assert (account["displayName"], account["title"], account["active"]) == ("Ada Park", "Researcher", True)
    assert account["name"] == {"givenName": "Ada", "familyName": "Park", "formatted": "Ada Park"}
    assert [(item["type"], item["value"]) for item in account["emails"]] == [("work", "ada.park@contoso.example")]
    assert account["externalId"] == "ada"
    assert {item["type"]: item["value"] for item in account["phoneNumbers"]} == {
        "work": "+47 1",
        "mobile": "+47 2",
        "fax": "+47 3",
    }
    assert [item["locality"] for item in account["addresses"]] == ["Oslo"]
    assert account[ENTERPRISE]["department"] == "Research"
    assert account[ENTERPRISE]["employeeNumber"] == "701984"
    assert account["preferredLanguage"] == "en-US"


@pytest.mark.rule("ENG-102", "ENG-103")
def test_the_default_group_mapping_sends_the_object_id(lab: Lab) -> None:
    lab.group("Team")
    lab.start()

    group = lab.tapt.group("Team")
    assert group is not None
    assert group["externalId"] == lab.id_of("Team")


@pytest.mark.rule("ENG-071")
def test_a_row_of_type_none_writes_its_default_on_create_only(lab: Lab) -> None:
    lab.map("userType", default="staff")
    _one(lab)
    assert _account(lab)["userType"] == "staff"

    lab.tapt.edit_by_hand(f"ada@{DOMAIN}", {"userType": "vip"})
    lab.restart()
    assert _account(lab)["userType"] == "vip"


@pytest.mark.rule("ENG-072")
def test_a_default_value_is_for_creating_only(lab: Lab) -> None:
    lab.edit_row("title", default="Employee")
    lab.tapt.add_profile({"userName": f"mia@{DOMAIN}"})
    lab.person("mia")
    _one(lab)
    assert _account(lab)["title"] == "Employee"
    assert "title" not in _account(lab, "mia")  # matched, not created

    lab.edit("ada", jobTitle="Chief")
    lab.cycle()
    assert _account(lab)["title"] == "Chief"
    lab.edit("ada", jobTitle=None)
    lab.restart()
    assert _account(lab)["title"] == "Chief"


@pytest.mark.rule("ENG-073")
def test_a_row_only_during_creation_is_never_compared(lab: Lab) -> None:
    lab.edit_row("title", apply="Only during object creation")
    _one(lab, jobTitle="Junior")
    assert _account(lab)["title"] == "Junior"

    lab.edit("ada", jobTitle="Chief")
    lab.cycle()
    assert lab.writes() == []
    lab.restart()
    assert _account(lab)["title"] == "Junior"


@pytest.mark.rule("ENG-073")
def test_attribute_add_only_fills_what_is_empty_and_changes_nothing_else(lab: Lab) -> None:
    lab.edit_row("title", apply="AttributeAddOnly")
    _one(lab)
    lab.edit("ada", jobTitle="Junior")
    lab.cycle()
    assert lab.writes() == ["PATCH /Users/ada Add:title=Junior"]

    lab.edit("ada", jobTitle="Chief")
    lab.cycle()
    assert lab.writes() == []


@pytest.mark.rule("ENG-073")
@pytest.mark.parametrize(
    ("apply", "left"),
    [
        ("Always", ["c@x.example"]),
        ("ValueAddOnly", ["a@x.example", "b@x.example", "c@x.example"]),
        ("MultiValueAddOnly", ["a@x.example", "b@x.example", "c@x.example"]),
    ],
)
def test_value_add_only_adds_but_never_removes(lab: Lab, apply: str, left: list[str]) -> None:
    lab.define("urn:ietf:params:scim:schemas:extension:Tapt:2.0:User:tags", multivalued=True)
    lab.map("urn:ietf:params:scim:schemas:extension:Tapt:2.0:User:tags", source="otherMails", apply=apply)
    _one(lab, otherMails=["a@x.example", "b@x.example"])
    lab.edit("ada", otherMails=["c@x.example"])
    lab.cycle()

    sent = [item.call.body for item in lab.exchanges() if item.call.method == "PATCH"]
    assert len(sent) == 1
    operation = sent[0]["Operations"][0]
    values = [item["value"] if isinstance(item, dict) else item for item in operation["value"]]
    if apply == "Always":
        assert (operation["op"], values) == ("Replace", left)
    else:
        assert (operation["op"], values) == ("Add", ["c@x.example"])


@pytest.mark.rule("ENG-074")
@pytest.mark.parametrize(("behavior", "sent"), [("FlowWhenChanged", False), ("FlowAlways", True)])
def test_flow_always_rides_along_with_every_update(lab: Lab, behavior: str, sent: bool) -> None:
    lab.edit_row("title", flow_behavior=behavior)
    _one(lab, jobTitle="Chief")
    lab.edit("ada", city="Oslo")
    lab.cycle()

    assert ("title=Chief" in lab.writes()[0]) is sent
    lab.restart()
    assert lab.writes() == []  # nothing differs, so nothing rides


@pytest.mark.rule("ENG-075", "ENG-014", "ENG-224")
def test_a_cleared_attribute_is_never_cleared_at_the_target(lab: Lab) -> None:
    _one(lab, jobTitle="Chief", department="Research")
    lab.edit("ada", jobTitle=None, department="")
    lab.cycle()

    assert lab.writes() == []
    assert _account(lab)["title"] == "Chief"
    assert lab.log() == ["Other Skipped ada RedundantExport"]


@pytest.mark.rule("ENG-076")
def test_what_the_mapping_page_refuses(lab: Lab) -> None:
    with pytest.raises(StateConflict, match="mapped already"):
        lab.map("title", source="city")
    with pytest.raises(UserInputError, match="'id'"):
        lab.map("id", source="objectId")
    with pytest.raises(StateConflict, match="required"):
        lab.unmap("userName")
    with pytest.raises(NotFound, match="not mapped"):
        lab.unmap("nickName")
    with pytest.raises(UserInputError, match="expression"):
        lab.map("nickName", expression="Join(")


@pytest.mark.rule("ENG-077")
def test_there_is_at_least_one_matching_attribute_and_each_has_its_own_precedence(lab: Lab) -> None:
    with pytest.raises(UserInputError, match="precedence of 1"):
        lab.edit_row("userName", matching_precedence=0)
    with pytest.raises(UserInputError, match="share"):
        lab.edit_row("externalId", matching_precedence=1)


@pytest.mark.rule("ENG-078", "ENG-164")
def test_a_matching_value_with_a_quote_is_escaped_and_otherwise_left_alone(lab: Lab) -> None:
    lab.without_groups()
    lab.edit_row("displayName", matching_precedence=2)
    lab.edit_row("userName", matching_precedence=1)
    lab.person("o'neil", displayName='Neil "the Boss" O\'Neil \\ Co')
    lab.tapt.add_profile({"userName": "old@contoso.example", "displayName": 'Neil "the Boss" O\'Neil \\ Co'})
    lab.start()

    assert lab.active() == {"o'neil": True}
    asked = [dict(item.call.query).get("filter") for item in lab.exchanges()]
    assert 'displayName eq "Neil \\"the Boss\\" O\'Neil \\\\ Co"' in asked


@pytest.mark.rule("ENG-079", "ENG-080", "ENG-153")
@pytest.mark.parametrize(("exact", "writes"), [(False, []), (True, ["PATCH /Users/ada Replace:title=CHIEF"])])
def test_a_change_of_case_counts_only_for_an_exact_case_attribute(lab: Lab, exact: bool, writes: list[str]) -> None:
    lab.define("title", caseExact=exact)
    _one(lab, jobTitle="Chief")
    lab.edit("ada", jobTitle="CHIEF")
    lab.cycle()

    assert lab.writes() == writes


@pytest.mark.rule("ENG-081", "ENG-343", "ENG-444")
def test_a_required_attribute_without_a_value_skips_the_create(lab: Lab) -> None:
    lab.define("name.familyName", required=True)
    lab.without_groups()
    lab.person("ada")
    lab.start()

    entry = lab.logs()[0]
    assert (entry.action, entry.status, entry.skip_reason) == ("Create", "Skipped", "AttributeValidationFailed")
    assert [step.name for step in entry.steps] == [
        "EntryImportAdd",
        "EntrySynchronizationScoping",
        "EntrySynchronizationAdd",
        "EntrySynchronizationSkip",
    ]
    assert entry.steps[-1].details["AttributeName"] == "name.familyName"
    assert lab.writes() == []
    assert lab.escrows() == []

    lab.edit("ada", surname="Park")
    lab.cycle()
    assert lab.active() == {"ada": True}


@pytest.mark.rule("ENG-082")
def test_several_values_for_a_single_valued_target_fail(lab: Lab) -> None:
    lab.map("nickName", source="otherMails")
    lab.without_groups()
    lab.person("ada", otherMails=["a@x.example", "b@x.example"])
    lab.person("mia", otherMails=["a@x.example"])
    lab.start()

    assert lab.log() == ["Create Failure ada SchemaPropertyCanOnlyAcceptValue", "Create Success mia"]
    assert _account(lab, "mia")["nickName"] == "a@x.example"


@pytest.mark.rule("ENG-083")
def test_a_custom_attribute_goes_under_its_own_name_without_its_schema(lab: Lab) -> None:
    name = "urn:ietf:params:scim:schemas:extension:Tapt:2.0:User:badge"
    lab.map(name, source="employeeId")
    lab.without_groups()
    lab.person("ada", employeeId="77")
    lab.start()

    body = next(item.call.body for item in lab.exchanges() if item.call.method == "POST")
    assert body is not None
    assert body["urn:ietf:params:scim:schemas:extension:Tapt:2.0:User"] == {"badge": "77"}
    assert not any("Tapt" in urn for urn in body["schemas"])


@pytest.mark.rule("ENG-084")
def test_rows_with_the_same_filter_build_one_element(lab: Lab) -> None:
    _one(lab, city="Oslo", country="Norway", streetAddress="1 Road")
    address = _account(lab)["addresses"]

    assert [(item["type"], item["locality"], item["country"]) for item in address] == [("work", "Oslo", "Norway")]
    lab.edit("ada", city="Bergen")
    lab.cycle()
    assert lab.writes() == ['PATCH /Users/ada Replace:addresses[type eq "work"].locality=Bergen']


@pytest.mark.rule("ENG-085")
def test_there_is_no_photo_to_map(lab: Lab) -> None:
    document = lab.sim.provisioning.get_schema(lab.app)
    rows = [row for side in document["directories"] for item in side["objects"] for row in item["attributes"]]
    assert len(rows) > 50
    assert not [row["name"] for row in rows if "photo" in row["name"].lower()]
    assert {row["type"] for row in rows} <= {"String", "Boolean", "DateTime", "Integer", "Reference"}


@pytest.mark.rule("ENG-086", "ENG-087", "ENG-319")
def test_restoring_the_default_mappings_resets_rows_and_filters_and_synchronises_anew(lab: Lab) -> None:
    lab.unmap("title")
    lab.map("nickName", constant="x")
    lab.filter(("city", "EQUALS", "Oslo"))
    _one(lab, city="Oslo", jobTitle="Chief")
    assert "title" not in _account(lab)

    lab.sim.provisioning.restore_default_mappings(lab.app)
    assert lab.job.watermark is None
    lab.run()
    assert _account(lab)["title"] == "Chief"
    document = lab.sim.provisioning.get_schema(lab.app)
    targets = [
        row["targetAttributeName"]
        for mapping in document["synchronizationRules"][0]["objectMappings"]
        for row in mapping["attributeMappings"]
    ]
    assert "nickName" not in targets


@pytest.mark.rule("ENG-093", "Q-03", "ENG-092")
@pytest.mark.parametrize(("defect", "kind"), [(False, "R"), (True, "other")])
def test_the_documented_defect_of_switch_is_a_setting(open_lab: Callable[..., Lab], defect: bool, kind: str) -> None:
    lab = open_lab(switch_null_defect=defect)
    lab.map("userType", expression='Switch([department], "other", "Research", "R")')
    _one(lab, department="Research")
    assert _account(lab)["userType"] == "R"

    lab.edit("ada", jobTitle="Chief")
    lab.cycle()
    assert _account(lab)["userType"] == kind


@pytest.mark.rule("ENG-094")
def test_an_expression_that_ignores_the_flow_leaves_the_attribute_alone(lab: Lab) -> None:
    lab.edit_row("title", expression="IgnoreFlowIfNullOrEmpty([jobTitle])")
    _one(lab)
    assert "title" not in _account(lab)


@pytest.mark.rule("ENG-094")
def test_redacted_values_are_exported_but_not_logged(lab: Lab) -> None:
    lab.edit_row("title", expression="Redact([jobTitle])")
    lab.without_groups()
    lab.person("ada", jobTitle="Secret agent")
    lab.start()

    assert _account(lab)["title"] == "Secret agent"
    shown = {item.display_name: item.new_value for item in lab.logs()[0].modified_properties}
    assert shown["title"] == "[Redact]"


@pytest.mark.rule("ENG-095")
def test_a_result_is_converted_to_the_type_of_its_target(lab: Lab) -> None:
    lab.without_groups()
    lab.person("ada")
    lab.start()

    body = next(item.call.body for item in lab.exchanges() if item.call.method == "POST")
    assert body is not None
    assert body["active"] is True


def _with_roles(lab: Lab, expression: str, target: str = "roles") -> None:
    lab.without_groups()
    for value in ("Admin", "Editor", "Reader"):
        lab.sim.applications.add_role(lab.app, value, value)
    if target == "roles":
        lab.define("roles", type="String", multivalued=True)
    lab.map(target, expression=expression)


def _roles(lab: Lab) -> list[str]:
    """Return the role values that Tapt holds; those that came with a PATCH are JSON texts (WIRE-120)."""
    values = [item["value"] for item in _account(lab).get("roles", [])]
    return [json.loads(value)["value"] if value.startswith("{") else value for value in values]


@pytest.mark.rule("ENG-104")
def test_a_single_role_is_that_of_the_oldest_assignment(lab: Lab) -> None:
    _with_roles(lab, "SingleAppRoleAssignment([appRoleAssignments])", ROLES)
    lab.person("ada", assigned=False)
    lab.assign("ada", role="Editor")
    lab.assign("ada", role="Admin")
    lab.start()
    assert _roles(lab) == ["Editor"]

    lab.unassign("ada", role="Editor")
    lab.cycle()
    assert "Admin" in _roles(lab)
    lab.look()
    lab.edit("ada", jobTitle="Chief")
    lab.cycle()
    assert lab.writes() == ["PATCH /Users/ada Add:title=Chief"]


@pytest.mark.rule("ENG-104")
def test_a_single_role_is_a_text_in_an_attribute_that_is_not_roles(lab: Lab) -> None:
    _with_roles(lab, "SingleAppRoleAssignment([appRoleAssignments])", "userType")
    lab.person("ada", assigned=False)
    lab.assign("ada", role="Editor")
    lab.start()
    assert _account(lab)["userType"] == "Editor"
    lab.unassign("ada", role="Editor")
    lab.assign("ada", role="Admin")
    lab.cycle()
    assert _account(lab)["userType"] == "Admin"


@pytest.mark.rule("ENG-105")
@pytest.mark.parametrize(
    ("function", "after"),
    [
        ("AppRoleAssignmentsComplex", ["Admin", "Editor", "Reader"]),
        ("AssertiveAppRoleAssignmentsComplex", ["Editor", "Reader"]),
    ],
)
def test_complex_roles_add_and_assertive_roles_replace(lab: Lab, function: str, after: list[str]) -> None:
    _with_roles(lab, f"{function}([appRoleAssignments])")
    lab.person("ada", assigned=False)
    lab.assign("ada", role="Admin")
    lab.assign("ada", role="Editor")
    lab.start()
    assert sorted(_roles(lab)) == ["Admin", "Editor"]
    body = next(item.call.body for item in lab.exchanges() if item.call.method == "POST")
    assert body is not None
    assert all(role["primary"] is False for role in body["roles"])

    lab.unassign("ada", role="Admin")
    lab.assign("ada", role="Reader")
    lab.cycle()
    assert sorted(_roles(lab)) == after


@pytest.mark.rule("ENG-106")
def test_roles_do_not_work_with_sync_all_nor_on_demand(lab: Lab) -> None:
    _with_roles(lab, "SingleAppRoleAssignment([appRoleAssignments])", ROLES)
    lab.person("ada", assigned=False)
    lab.person("mia", assigned=False)
    lab.assign("ada", "mia", role="Editor")
    lab.sim.provisioning.provision_on_demand(lab.app, f"mia@{DOMAIN}")
    assert "roles" not in _account(lab, "mia")

    lab.sim.provisioning.set_scope(lab.app, "all")
    lab.start()
    assert "roles" not in _account(lab)


@pytest.mark.rule("ENG-107")
def test_a_role_of_an_assigned_group_counts_like_a_direct_one(lab: Lab) -> None:
    _with_roles(lab, "SingleAppRoleAssignment([appRoleAssignments])", ROLES)
    lab.person("ada", assigned=False)
    lab.group("Team", "ada", assigned=False)
    lab.assign("Team", role="Reader")
    lab.start()

    assert _roles(lab) == ["Reader"]


@pytest.mark.rule("ENG-090", "ENG-460")
def test_an_expression_longer_than_the_limit_is_refused(lab: Lab) -> None:
    with pytest.raises(UserInputError, match=r"10,?000"):
        lab.map("nickName", expression='"' + "x" * 10_001 + '"')


@pytest.mark.rule("ENG-320", "ENG-501", "ENG-100")
def test_the_published_sample_schema_loads_runs_and_comes_back_equal(lab: Lab) -> None:
    document = json.loads(SAMPLE.read_text(encoding="utf-8"))
    lab.sim.provisioning.put_schema(lab.app, document)
    lab.person("ada", jobTitle="Chief", assigned=False, employeeType="Contractor")
    lab.group("Team", "ada")
    lab.start()

    assert lab.sim.provisioning.get_schema(lab.app) == document
    assert lab.active() == {"ada": True}
    assert _account(lab)["title"] == "Chief"
    assert lab.members("Team") == ["ada"]
    assert not [line for line in lab.log() if "Failure" in line]


@pytest.mark.rule("ENG-320")
def test_a_schema_that_is_none_is_refused_and_the_old_one_stays(lab: Lab) -> None:
    before = lab.sim.provisioning.get_schema(lab.app)

    with pytest.raises(UserInputError, match="synchronizationSchema"):
        lab.sim.provisioning.put_schema(lab.app, {"hello": 1})
    assert lab.sim.provisioning.get_schema(lab.app) == before


def test_a_mapping_that_fails_for_one_person_loses_nobody_else(lab: Lab) -> None:
    lab.without_groups()
    lab.map("nickName", expression='FormatDateTime([extensionAttribute1], , "yyyy-MM-dd", "yyyy")')
    lab.person("ada", extensionAttribute1="no date")
    lab.person("mia", extensionAttribute1="2026-01-05")
    lab.start()

    assert [line.split()[:3] for line in lab.log()] == [["Create", "Failure", "ada"], ["Create", "Success", "mia"]]
    assert lab.active() == {"mia": True}
