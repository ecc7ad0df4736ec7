"""`run --target` against a server of another maker: what it does right passes, what it does wrong fails."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from click.testing import CliRunner

from entra_sim.cli import root

TOKEN = "foreign-token-0123456789-abcdef"


def run(url: str, words: str) -> tuple[int, dict[str, Any]]:
    arguments = ["run", "--library", "-k", words, "--target", url, "--json"]
    result = CliRunner().invoke(root, arguments, env={"ENTRA_SIM_TOKEN": TOKEN})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, json.loads(result.stdout)


def total(url: str, kind: str) -> int:
    request = urllib.request.Request(f"{url}/{kind}", headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return int(json.load(answer)["totalResults"])


def test_scim2_server_passes_what_it_can_do(scim2_url: str) -> None:
    code, report = run(scim2_url, "wrong-token-quarantines")
    assert (code, report["passed"]) == (0, 1)
    code, report = run(scim2_url, "default value")
    assert (code, report["passed"]) == (0, 1)
    assert total(scim2_url, "Users") == 0


def test_scim2_servers_refusal_of_groups_fails_the_scenario(scim2_url: str) -> None:
    code, report = run(scim2_url, "a-disabled-group-mapping")
    assert code == 1
    (scenario,) = report["scenarios"]
    assert scenario["failure"]["subject"] == "target groups[0]"
    assert scenario["failure"]["actual"] == "none at all"
    assert (total(scim2_url, "Users"), total(scim2_url, "Groups")) == (0, 0)
