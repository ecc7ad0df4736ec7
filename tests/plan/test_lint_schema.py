"""Each trap that lint knows, in a schema that has it and in one that has not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from entra_sim.simulator.planning.lint import lint_schema
from entra_sim.simulator.planning.model import JobSettings
from entra_sim.simulator.service.schemas import template_schema
from entra_sim.simulator.tenants import DirectoryImage
from entra_sim.simulator.tenants import UserRecord


def document(edit: Callable[[dict[str, Any], dict[str, Any]], None] = lambda mapping, rows: None) -> dict[str, Any]:
    made = copy.deepcopy(template_schema("job"))
    mapping = next(m for m in made["synchronizationRules"][0]["objectMappings"] if m["sourceObjectName"] == "User")
    rows = {row["targetAttributeName"]: row for row in mapping["attributeMappings"]}
    rows["externalId"]["source"] = {"expression": "[objectId]", "name": "objectId", "type": "Attribute"}
    edit(mapping, rows)
    return made


def source(text: str) -> dict[str, Any]:
    return {"expression": text, "name": text.strip("[]"), "type": "Attribute" if text[0] == "[" else "Function"}


def ids(made: dict[str, Any], image: DirectoryImage | None = None, config: JobSettings | None = None) -> list[str]:
    return [item.id for item in lint_schema(made, image, config)]


def without_active(mapping: dict[str, Any], rows: dict[str, Any]) -> None:
    mapping["attributeMappings"].remove(rows["active"])


def match_by(target: str, text: str) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    def edit(mapping: dict[str, Any], rows: dict[str, Any]) -> None:
        rows["userName"]["matchingPriority"] = 0
        row = rows.get(target)
        if row is None:
            row = {"targetAttributeName": target}
            mapping["attributeMappings"].append(row)
        row["matchingPriority"] = 1
        row["source"] = source(text)

    return edit


def filtered(operator: str, attribute: str = "department") -> Callable[[dict[str, Any], dict[str, Any]], None]:
    def edit(mapping: dict[str, Any], rows: dict[str, Any]) -> None:
        values = [] if operator.startswith("IS") else ["Sales"]
        clause = {"sourceOperandName": attribute, "operatorName": operator, "targetOperand": {"values": values}}
        mapping["scope"] = {"groups": [{"name": "f", "clauses": [clause]}]}

    return edit


def set_source(target: str, text: str) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda mapping, rows: rows[target].update(source=source(text))


@pytest.mark.rule("ENG-043", "ENG-077", "ENG-081", "ENG-103", "ENG-192")
@pytest.mark.parametrize(
    ("edit", "found"),
    [
        (without_active, ["active-missing"]),
        (set_source("active", "[accountEnabled]"), ["active-account-enabled"]),
        (set_source("active", '"True"'), ["active-not-soft-deleted"]),
        (set_source("active", "Not([IsSoftDeleted])"), []),
        (lambda mapping, rows: rows["active"].update(flowType="ObjectAddOnly"), ["active-on-create-only"]),
        (set_source("externalId", "[mailNickname]"), ["external-id-alias"]),
        (match_by('emails[type eq "work"].value', "[mail]"), ["match-missing"]),
        (match_by("externalId", "[objectId]"), []),
        (match_by("emails", "[userPrincipalName]"), ["match-unfilterable"]),
        (match_by("active", "[accountEnabled]"), ["active-account-enabled", "match-unfilterable"]),
        (filtered("NOT EQUALS"), ["null-blind-clause"]),
        (filtered("NOT EQUALS", "userPrincipalName"), []),
        (filtered("EQUALS"), []),
        (set_source("userName", "[mail]"), ["match-missing", "required-empty"]),
        (lambda mapping, rows: None, []),
    ],
)
def test_the_document_alone_shows_the_trap(
    edit: Callable[[dict[str, Any], dict[str, Any]], None], found: list[str]
) -> None:
    findings = lint_schema(document(edit))
    assert [item.id for item in findings] == found
    assert all(item.rule and item.remedy.endswith(".") and item.place for item in findings)


@pytest.mark.rule("WIRE-124")
@pytest.mark.parametrize(
    ("target", "found"),
    [
        ('entitlements[primary eq "True"].value', ["entitlements-unsupported"]),
        ("entitlements", ["entitlements-unsupported"]),
        ("urn:contoso:User:entitlements", []),
    ],
)
def test_entitlements_are_told_to_be_unsupported(target: str, found: list[str]) -> None:
    def entitle(mapping: dict[str, Any], rows: dict[str, Any]) -> None:
        mapping["attributeMappings"].append({"targetAttributeName": target, "source": source("[department]")})

    findings = lint_schema(document(entitle))
    assert [item.id for item in findings] == found
    assert [(item.rule, item.place.endswith(target), target in item.text) for item in findings] == [
        ("WIRE-124", True, True)
    ] * len(found)


@pytest.mark.rule("ENG-106")
def test_roles_are_a_trap_only_with_sync_all() -> None:
    def roles(mapping: dict[str, Any], rows: dict[str, Any]) -> None:
        row = {"targetAttributeName": "roles", "source": source("AppRoleAssignmentsComplex([appRoleAssignments])")}
        mapping["attributeMappings"].append(row)

    made = document(roles)
    assert ids(made, config=JobSettings(document=made, sync_all=True)) == ["roles-with-sync-all"]
    assert ids(made, config=JobSettings(document=made)) == []
    assert ids(made) == []


def image(*people: dict[str, Any]) -> DirectoryImage:
    users = []
    for number, attributes in enumerate(people):
        given = {"objectId": f"id-{number}", "displayName": f"P{number}", "accountEnabled": True, **attributes}
        users.append(UserRecord(attributes={"userPrincipalName": f"p{number}@contoso.example", **given}))
    return DirectoryImage(users=tuple(users))


@pytest.mark.rule("ENG-161", "ENG-163")
def test_a_directory_proves_or_clears_what_the_document_suspects() -> None:
    made = document(match_by('emails[type eq "work"].value', "[mail]"))
    assert ids(made, image({"mail": "a@x"}, {"mail": "b@x"})) == []
    found = lint_schema(made, image({"mail": "a@x"}, {"mail": "A@X"}, {}))
    assert [(item.id, item.people_count) for item in found] == [("match-missing", 1), ("match-repeats", 2)]
    assert found[0].people == ("p2@contoso.example",)


@pytest.mark.rule("ENG-043")
def test_null_blind_clauses_are_counted_in_the_directory() -> None:
    made = document(filtered("NOT EQUALS"))
    assert ids(made, image({"department": "Research"})) == []
    found = lint_schema(made, image({"department": "Sales"}, {}, {}))
    assert [(item.id, item.people_count) for item in found] == [("null-blind-clause", 2)]


def test_expressions_are_tried_on_everybody_in_scope() -> None:
    made = document(set_source("title", "CStr(CDate([jobTitle]))"))
    found = lint_schema(made, image({"jobTitle": "2026-01-05"}, {"jobTitle": "Lead"}))
    assert [(item.id, item.severity, item.people) for item in found] == [
        ("expression-fails", "error", ("p1@contoso.example",))
    ]
    assert "(column " in found[0].text
