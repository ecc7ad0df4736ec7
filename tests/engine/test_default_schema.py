"""The schema of a new application, row by row, as the reference lists it."""

from __future__ import annotations

from typing import Any

import pytest
from lab import Lab

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
USER_ROWS = (
    ("[userPrincipalName]", "userName"),
    ('Switch([IsSoftDeleted], , "False", "True", "True", "False")', "active"),
    ("[displayName]", "displayName"),
    ("[jobTitle]", "title"),
    ("[mail]", 'emails[type eq "work"].value'),
    ("[preferredLanguage]", "preferredLanguage"),
    ("[givenName]", "name.givenName"),
    ("[surname]", "name.familyName"),
    ('Join(" ", [givenName], [surname])', "name.formatted"),
    ("[physicalDeliveryOfficeName]", 'addresses[type eq "work"].formatted'),
    ("[streetAddress]", 'addresses[type eq "work"].streetAddress'),
    ("[city]", 'addresses[type eq "work"].locality'),
    ("[state]", 'addresses[type eq "work"].region'),
    ("[postalCode]", 'addresses[type eq "work"].postalCode'),
    ("[country]", 'addresses[type eq "work"].country'),
    ("[telephoneNumber]", 'phoneNumbers[type eq "work"].value'),
    ("[mobile]", 'phoneNumbers[type eq "mobile"].value'),
    ("[facsimileTelephoneNumber]", 'phoneNumbers[type eq "fax"].value'),
    ("[mailNickname]", "externalId"),
    ("[employeeId]", f"{ENTERPRISE}:employeeNumber"),
    ("[department]", f"{ENTERPRISE}:department"),
    ("[manager]", f"{ENTERPRISE}:manager"),
)
GROUP_ROWS = (("[displayName]", "displayName"), ("[objectId]", "externalId"), ("[members]", "members"))
METADATA = {
    "EscrowBehavior": '"Default"',
    "DisableMonitoringForChanges": "false",
    "Disposition": '"Normal"',
    "IsCustomerDefined": "false",
    "ExcludeFromReporting": "false",
    "Unsynchronized": "false",
}


@pytest.mark.rule("ENG-100", "ENG-101", "ENG-102", "ENG-103")
@pytest.mark.parametrize(
    ("kind", "rows", "target", "joining"),
    [
        ("User", USER_ROWS, ENTERPRISE, "userName"),
        ("Group", GROUP_ROWS, "urn:ietf:params:scim:schemas:core:2.0:Group", "displayName"),
    ],
    ids=["users", "groups"],
)
def test_the_default_mapping_has_the_rows_of_the_reference(
    lab: Lab, kind: str, rows: tuple[tuple[str, str], ...], target: str, joining: str
) -> None:
    (rule,) = lab.sim.provisioning.get_schema(lab.app)["synchronizationRules"]
    assert (rule["name"], rule["priority"], rule["editable"]) == ("USERGROUP_OUTBOUND_USERGROUP", 1, True)
    assert (rule["sourceDirectoryName"], rule["targetDirectoryName"]) == ("Microsoft Entra ID", "customappsso")
    mapping = next(item for item in rule["objectMappings"] if item["sourceObjectName"] == kind)
    assert mapping["name"] == f"Provision Microsoft Entra ID {kind}s"
    assert (mapping["targetObjectName"], mapping["flowTypes"]) == (target, "Add,Update,Delete")
    assert (mapping["enabled"], mapping["scope"]) == (True, None)
    facts = {item["key"]: item["value"] for item in mapping["metadata"]}
    assert facts == {**METADATA, "OriginalJoiningProperty": joining}

    found = mapping["attributeMappings"]
    assert tuple((row["source"]["expression"], row["targetAttributeName"]) for row in found) == rows
    assert [row["matchingPriority"] for row in found] == [1, *[0] * (len(rows) - 1)]
    for row in found:
        assert (row["flowType"], row["flowBehavior"], row["defaultValue"]) == ("Always", "FlowWhenChanged", None)
        assert row["exportMissingReferences"] is False
        _check_source(row["source"])


def _check_source(source: dict[str, Any]) -> None:
    """Look whether name and type of a source say the same as its expression."""
    text = source["expression"]
    plain = {"Attribute": f"[{source['name']}]", "Constant": f'"{source["name"]}"'}
    if source["type"] == "Function":
        assert text.startswith(f"{source['name']}(")
    else:
        assert text in (plain[source["type"]], "")
    for part in source["parameters"]:
        assert part["key"] in ("source", "defaultValue", "switchKey", "switchValue", "separator", "source1", "source2")
        _check_source(part["value"])


@pytest.mark.rule("ENG-085", "ENG-079", "ENG-100")
def test_the_attribute_lists_of_the_default_schema_are_plain(lab: Lab) -> None:
    for side in lab.sim.provisioning.get_schema(lab.app)["directories"]:
        for item in side["objects"]:
            rows = item["attributes"]
            anchor = "id" if side["name"] == "customappsso" else "objectId"
            assert [row["name"] for row in rows if row["anchor"]] == [anchor]
            assert len({row["name"] for row in rows}) == len(rows)
            for row in rows:
                assert row["type"] in ("String", "Boolean", "DateTime", "Integer", "Reference")
                assert row["mutability"] in ("ReadWrite", "ReadOnly", "Immutable", "WriteOnly")
                assert row["flowNullValues"] is False
                assert row["defaultValue"] is None
                assert row["type"] == "Reference" or not row["referencedObjects"]
