"""Servers of other makers are provisioned by `sync` and judged by `check`; what check finds is asserted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from entra_sim.cli import root

TOKEN = "foreign-token-0123456789-abcdef"
PEOPLE = """userPrincipalName,displayName,givenName,surname,mail,department,manager
ada@contoso.example,Ada Park,Ada,Park,ada@contoso.example,Research,
bo@contoso.example,Bo Lind,Bo,Lind,bo@contoso.example,Sales,ada@contoso.example
cy@contoso.example,Cy Orr,Cy,Orr,,Sales,
"""


def run(*words: str) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(root, [*words, "--json"], env={"ENTRA_SIM_TOKEN": TOKEN})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, json.loads(result.stdout)


def findings(report: dict[str, Any], severity: str) -> dict[str, str]:
    """Return check → what came back, of one severity; the validator's own tests are left out."""
    return {
        check["id"]: finding["got"]
        for check in report["checks"]
        for finding in check["findings"]
        if finding["severity"] == severity and not check["id"].startswith("validator-")
    }


def synchronized(url: str, folder: Path) -> tuple[int, dict[str, Any]]:
    files = folder / "directory"
    files.mkdir(exist_ok=True)
    (files / "users.csv").write_text(PEOPLE, encoding="utf-8")
    (files / "groups.csv").write_text("displayName\nSales\n", encoding="utf-8")
    (files / "members.csv").write_text("group,member\nSales,bo@contoso.example\n", encoding="utf-8")
    return run("sync", str(files), "--url", url, "--data", str(folder / "data"))


def failed(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(item["type"], item["identity"]) for item in result["objects"] if item["action"] == "fail"]


@pytest.mark.rule("QRK-02", "QRK-05", "QRK-12", "SRV-032", "SRV-046")
def test_scimmy_routers_is_judged(scimmy_url: str) -> None:
    code, report = run("check", "--url", scimmy_url, "--no-load")
    assert code == 1
    breaking = findings(report, "breaks")
    assert set(breaking) == {
        "match-other-case",
        "default-add-typed",
        "default-add-all",
        "default-manager",
        "default-disable",
        "flagged-add-typed",
        "flagged-add-all",
        "flagged-manager",
        "group-match",
    }
    assert "Attribute 'active' expected value type 'boolean' but found type 'string'" in breaking["default-disable"]
    assert "noTarget" in breaking["default-add-typed"]
    assert "expected complex value but found type 'string'" in breaking["flagged-manager"]
    passed = {check["id"] for check in report["checks"] if check["verdict"] == "passed"}
    assert {"flagged-disable", "flagged-enable", "create-full", "rehire", "group-remove-default"} <= passed
    assert {word["word"] for word in report["verdicts"].values()} == {"breaks"}
    assert report["leftovers"] == []


@pytest.mark.rule("QRK-02", "WIRE-090", "WIRE-091")
def test_scimmy_routers_is_provisioned(scimmy_url: str, tmp_path: Path) -> None:
    code, result = synchronized(scimmy_url, tmp_path)
    assert (code, failed(result)) == (1, [("User", "bo@contoso.example")])
    assert result["counts"]["create"] == 4
    (manager,) = [item for item in result["objects"] if item["action"] == "fail"]
    assert "expected complex value but found type 'string'" in manager["reason"]
    users = tmp_path / "directory" / "users.csv"
    users.write_text(PEOPLE.replace("cy@contoso.example,Cy Orr,Cy,Orr,,Sales,\n", ""), encoding="utf-8")
    words = ["sync", str(users.parent), "--data", str(tmp_path / "data")]
    code, refused = run(*words, "--url", scimmy_url)
    reasons = [item["reason"] for item in refused["objects"] if "cy@contoso.example" in item["identity"]]
    assert "expected value type 'boolean' but found type 'string'" in reasons[0]
    code, flagged = run(*words, "--url", f"{scimmy_url}?aadOptscim062020")
    assert flagged["counts"]["disable"] == 1


@pytest.mark.rule("QRK-05", "QRK-10", "QRK-12", "QRK-18", "SRV-013")
def test_scim2_server_is_judged(scim2_url: str) -> None:
    code, report = run("check", "--url", scim2_url, "--no-load")
    assert code == 1
    breaking = findings(report, "breaks")
    assert set(breaking) == {
        "default-add-typed",
        "default-add-all",
        "default-manager",
        "flagged-add-typed",
        "flagged-add-all",
        "flagged-manager",
        "group-create",
        "group-remove-default",
    }
    for name in ("default-add-typed", "flagged-add-typed"):
        assert '"scimType": "noTarget"' in breaking[name]
        assert "no value of 'emails' matches the path filter" in breaking[name]
    assert "Unknown extension schemas" in breaking["group-create"]
    assert "a remove operation carries no value" in breaking["group-remove-default"]
    assert set(findings(report, "loses")) == {"group-duplicate"}
    passed = {check["id"] for check in report["checks"] if check["verdict"] == "passed"}
    assert {"default-disable", "flagged-disable", "match-other-case", "group-remove-flagged"} <= passed
    assert not [check for check in report["checks"] if check["verdict"] == "cannot be tested"]
    assert report["leftovers"] == []


@pytest.mark.rule("QRK-05", "QRK-18", "WIRE-065", "WIRE-101")
def test_scim2_server_is_provisioned(scim2_url: str, tmp_path: Path) -> None:
    code, result = synchronized(scim2_url, tmp_path)
    assert code == 1
    assert result["counts"]["create"] == 3
    assert sorted(failed(result)) == [("Group", "Sales"), ("User", "bo@contoso.example")]
    users = tmp_path / "directory" / "users.csv"
    users.write_text(PEOPLE.replace("Cy,Orr,,Sales", "Cy,Orr,cy@contoso.example,Sales"), encoding="utf-8")
    code, again = run("sync", str(users), "--no-groups", "--url", scim2_url, "--data", str(tmp_path / "data"))
    reasons = {item["identity"]: item["reason"] for item in again["objects"] if item["action"] == "fail"}
    assert "noTarget" in reasons["cy@contoso.example"]
