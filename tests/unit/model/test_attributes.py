"""The table of source attributes: names, spellings, kinds, limits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from entra_sim.simulator.model.attributes import GROUP_ATTRIBUTES
from entra_sim.simulator.model.attributes import USER_ATTRIBUTES
from entra_sim.simulator.model.attributes import AttributeType
from entra_sim.simulator.model.attributes import SourceObjectType
from entra_sim.simulator.model.attributes import nearest_attribute
from entra_sim.simulator.model.attributes import source_attribute

_SAMPLE = (
    "objectId IsSoftDeleted accountEnabled streetAddress city state postalCode country companyName department "
    "dirSyncEnabled displayName appRoleAssignments facsimileTelephoneNumber givenName jobTitle mail mailNickname "
    "manager mobile onPremisesSecurityIdentifier originalUserPrincipalName passwordProfile.password "
    "physicalDeliveryOfficeName preferredLanguage proxyAddresses surname telephoneNumber userPrincipalName employeeId"
)
SAMPLE_LISTS = _SAMPLE.split() + [f"extensionAttribute{number}" for number in range(1, 16)]

_LATER = (
    "otherMails employeeType employeeHireDate employeeLeaveDateTime createdDateTime employeeOrgData.division "
    "employeeOrgData.costCenter usageLocation onPremisesDistinguishedName onPremisesDomainName "
    "onPremisesUserPrincipalName immutableId onPremisesLastSyncDateTime netId alternativeSecurityIds "
    "showInAddressList userType onPremisesSamAccountName"
)
LATER_ROWS = _LATER.split()


@pytest.mark.rule("ENG-003")
def test_the_user_table_is_the_published_list_and_the_later_rows() -> None:
    assert sorted(row.name for row in USER_ATTRIBUTES) == sorted(SAMPLE_LISTS + LATER_ROWS)


@pytest.mark.rule("ENG-004")
def test_groups_have_the_listed_attributes_to_map_and_keep_the_rule_of_a_dynamic_group() -> None:
    offered = {row.name for row in GROUP_ATTRIBUTES if row.is_offered}
    assert offered == {
        "objectId",
        "displayName",
        "description",
        "mail",
        "mailNickname",
        "mailEnabled",
        "securityEnabled",
        "proxyAddresses",
        "onPremisesSecurityIdentifier",
        "dirSyncEnabled",
        "members",
        "appRoleAssignments",
        "IsSoftDeleted",
    }
    rule = source_attribute("membershipRule", SourceObjectType.GROUP)
    assert rule is not None
    assert not rule.is_offered


@pytest.mark.rule("ENG-002")
@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("id", "objectId"),
        ("Object Id", "objectId"),
        ("businessPhones", "telephoneNumber"),
        ("mobilePhone", "mobile"),
        ("faxNumber", "facsimileTelephoneNumber"),
        ("officeLocation", "physicalDeliveryOfficeName"),
        ("onPremisesSyncEnabled", "dirSyncEnabled"),
        ("directorySynced", "dirSyncEnabled"),
        ("onPremisesImmutableId", "immutableId"),
        ("onPremisesExtensionAttributes.extensionAttribute7", "extensionAttribute7"),
        ("User principal name", "userPrincipalName"),
        ("First name", "givenName"),
        ("MailNickName", "mailNickname"),
        ("Country/Region", "country"),
        ("StateOrProvince", "state"),
        ("alternateEmailAddress", "otherMails"),
        ("EMPLOYEEORGDATA.COSTCENTER", "employeeOrgData.costCenter"),
    ],
)
def test_every_spelling_leads_to_one_attribute(spelling: str, name: str) -> None:
    found = source_attribute(spelling)
    assert found is not None
    assert found.name == name


@pytest.mark.rule("ENG-003")
def test_a_directory_extension_keeps_its_case() -> None:
    found = source_attribute("extension_0123456789abcdef0123456789abcdef_costCentre")
    assert found is not None
    assert found.name.endswith("_costCentre")
    assert source_attribute("extension_costCentre") is None


@pytest.mark.rule("ENG-056", "ENG-057")
@pytest.mark.parametrize(
    ("name", "is_filterable"),
    [
        ("department", True),
        ("accountEnabled", True),
        ("extensionAttribute1", True),
        ("manager", False),
        ("appRoleAssignments", False),
        ("employeeHireDate", False),
        ("proxyAddresses", False),
        ("userType", False),
    ],
)
def test_what_a_scoping_filter_may_use(name: str, is_filterable: bool) -> None:
    found = source_attribute(name)
    assert found is not None
    assert found.is_filterable is is_filterable


@pytest.mark.rule("ENG-003")
@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("displayName", 256),
        ("givenName", 64),
        ("streetAddress", 1024),
        ("postalCode", 40),
        ("country", 128),
        ("city", None),
    ],
)
def test_documented_lengths(name: str, limit: int | None) -> None:
    found = source_attribute(name)
    assert found is not None
    assert found.max_length == limit


def test_a_misspelt_name_is_answered_with_the_nearest_attribute() -> None:
    assert nearest_attribute("departement") == "department"
    assert nearest_attribute("office locaton") == "physicalDeliveryOfficeName"
    assert nearest_attribute("descripton", SourceObjectType.GROUP) == "description"
    assert nearest_attribute("quux") is None


def test_no_spelling_means_two_attributes() -> None:
    for kind, rows in ((SourceObjectType.USER, USER_ATTRIBUTES), (SourceObjectType.GROUP, GROUP_ATTRIBUTES)):
        for row in rows:
            for spelling in row.spellings:
                assert source_attribute(spelling, kind) is row


def test_kinds_agree_with_a_real_job_schema() -> None:
    path = Path(__file__).parents[2] / "data" / "sample-job-schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    for directory in schema["directories"]:
        if directory["name"] != "Microsoft Entra ID":
            continue
        for published in directory["objects"]:
            for attribute in published["attributes"]:
                row = source_attribute(attribute["name"], SourceObjectType(published["name"]))
                assert row is not None, attribute["name"]
                assert row.name == attribute["name"]
                assert row.type == AttributeType(attribute["type"])
                assert row.is_multi_valued == attribute["multivalued"]
