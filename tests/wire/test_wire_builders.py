"""The request builders against the bodies of every wire case: default mapping, comparison and builder, no engine.

What the mapping gives is compared with what the target holds by TargetPath alone; the difference goes to the builder
of the case's dialect. Creates and attribute updates are covered; references have builders of their own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from wire_cases import Case
from wire_cases import load_cases
from wire_compare import body_difference

from entra_sim.simulator.model.change import AttributeChange
from entra_sim.simulator.model.change import TargetValue
from entra_sim.simulator.scim import requests
from entra_sim.simulator.scim.paths import ENTERPRISE
from entra_sim.simulator.scim.paths import MANAGER_PATH
from entra_sim.simulator.scim.paths import TargetPath
from entra_sim.simulator.scim.profile import Dialect

HERE = Path(__file__).parent
CASES = [*load_cases(HERE / "cases"), *load_cases(HERE / "own_cases")]
SINGLE_ROLE = 'roles[primary eq "True"].value'
USER_MAPPING = {
    "userName": "userPrincipalName",
    "active": "",
    "displayName": "displayName",
    "title": "jobTitle",
    'emails[type eq "work"].value': "mail",
    "preferredLanguage": "preferredLanguage",
    "name.givenName": "givenName",
    "name.familyName": "surname",
    "name.formatted": "",
    'addresses[type eq "work"].formatted': "physicalDeliveryOfficeName",
    'addresses[type eq "work"].streetAddress': "streetAddress",
    'addresses[type eq "work"].locality': "city",
    'addresses[type eq "work"].region': "state",
    'addresses[type eq "work"].postalCode': "postalCode",
    'addresses[type eq "work"].country': "country",
    'phoneNumbers[type eq "work"].value': "telephoneNumber",
    'phoneNumbers[type eq "mobile"].value': "mobile",
    'phoneNumbers[type eq "fax"].value': "facsimileTelephoneNumber",
    "externalId": "mailNickname",
    f"{ENTERPRISE}:employeeNumber": "employeeId",
    f"{ENTERPRISE}:department": "department",
}
GROUP_MAPPING = {"displayName": "displayName", "externalId": "objectId"}
TYPES = {"active": "Boolean", "roles": "Complex"}


def mapped(case: Case, source: dict[str, Any]) -> dict[str, Any]:
    """Return what the mappings give for a directory object, in mapping order."""
    if "userPrincipalName" not in source:
        return {target: source.get(name) for target, name in GROUP_MAPPING.items()}
    is_on = source.get("accountEnabled", True) and source.get("assigned", True) and source.get("inScope", True)
    is_active = is_on and not source.get("softDeleted", False)
    values = {target: source.get(name) for target, name in USER_MAPPING.items()}
    values["active"] = "True" if is_active else "False"
    values["name.formatted"] = " ".join(source[name] for name in ("givenName", "surname") if source.get(name))
    for row in case.job.get("extraMappings", []):
        is_role = "expression" in row
        values[row["target"]] = source.get("appRoleAssignments" if is_role else row["source"])
    return values


def is_assertive(case: Case, target: str) -> bool:
    return any(
        row["target"] == target and row.get("expression", "").startswith("Assertive")
        for row in case.job.get("extraMappings", [])
    )


def differing(case: Case, values: dict[str, Any], resource: dict[str, Any]) -> list[AttributeChange]:
    changes = []
    for target, value in values.items():
        held = TargetPath.parse(target).read(resource)
        if not value or str(held).lower() == str(value).lower():
            continue
        changes.append(
            AttributeChange(
                target_path=target,
                operation="Add" if held is None else "Replace",
                old_value=held,
                new_value=value,
                type=TYPES.get(target, "String"),
                lower_case_op=is_assertive(case, target),
            )
        )
    return changes


def source_of(case: Case, object_id: str) -> dict[str, Any]:
    return next(one for one in case.directory_objects if one["objectId"] == object_id)


def is_reference(operation: dict[str, Any]) -> bool:
    return str(operation.get("path", "")).startswith(("members", MANAGER_PATH))


CREATES = [(case, one) for case in CASES for one in case.expect if one["method"] == "POST"]
UPDATES = [
    (case, one)
    for case in CASES
    for one in case.expect
    if one["method"] == "PATCH" and not is_reference(one["body"]["Operations"][0])
]


def test_there_is_something_to_compare() -> None:
    assert len(CREATES) > 12
    assert len(UPDATES) > 20


@pytest.mark.rule("WIRE-050", "WIRE-052", "WIRE-054", "WIRE-055", "WIRE-101")
@pytest.mark.parametrize(("case", "expected"), CREATES, ids=[f"{case.id}-{one['path']}" for case, one in CREATES])
def test_creates(case: Case, expected: dict[str, Any]) -> None:
    source = source_of(case, case.owner_of_body(expected["body"]))
    values = [
        TargetValue(target_path=target, value=value, type=TYPES.get(target, "String"))
        for target, value in mapped(case, source).items()
    ]
    object_type = "User" if expected["path"] == "/Users" else "Group"
    call = requests.create(object_type, values)
    assert body_difference(expected, orjson.loads(orjson.dumps(call.body))) == ""


@pytest.mark.rule("WIRE-061", "WIRE-063", "WIRE-069", "WIRE-070", "WIRE-099")
@pytest.mark.parametrize(("case", "expected"), UPDATES, ids=[f"{case.id}-{one['path']}" for case, one in UPDATES])
def test_updates(case: Case, expected: dict[str, Any]) -> None:
    collection, _, target_id = expected["path"].strip("/").partition("/")
    resource = next(one for one in case.given["target"][collection] if one["id"] == target_id)
    changes = differing(case, mapped(case, source_of(case, case.owner_of_id(target_id))), resource)
    is_flagged = case.is_flagged and case.phase != "on-demand"
    dialect = Dialect.FLAGGED if is_flagged else Dialect.DEFAULT
    call = requests.update(collection[:-1], target_id, changes, dialect)
    assert (call.method, call.path) == ("PATCH", expected["path"])
    assert body_difference(expected, orjson.loads(orjson.dumps(call.body))) == ""
