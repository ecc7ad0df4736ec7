"""`entra-sim why` and `entra-sim logs` over the data folder of a lab."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from click.testing import Result

from entra_sim.cli import root
from entra_sim.scenarios.world import World
from entra_sim.simulator.service.explaining import explain


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A lab where Ada is provisioned, Grace waits with a change, Mia is filtered out, Li is only in a nested group."""
    with World.open_folder(tmp_path, rate=0.0, public_url="https://tapt.example") as world:
        simulator = world.simulator
        assert world.tapt is not None
        for name in ("ada", "grace", "mia", "li"):
            upn = f"{name}@contoso.example"
            simulator.directory.create_user({"userPrincipalName": upn, "displayName": name.title(), "department": "R"})
        simulator.directory.update_user("mia@contoso.example", {"department": None})
        simulator.directory.create_group({"displayName": "Inner"}, ["li@contoso.example"])
        simulator.directory.create_group(
            {"displayName": "Outer"}, ["ada@contoso.example", "grace@contoso.example", "mia@contoso.example", "Inner"]
        )
        application = simulator.applications.create("Tapt Integration")
        simulator.applications.assign(application, "Outer")
        clause = {"attribute": "department", "operator": "NOT EQUALS", "value": "Sales"}
        simulator.provisioning.set_scoping_filters(application, "User", [{"title": "no sales", "clauses": [clause]}])
        token = world.tapt.generate_token()
        simulator.provisioning.save_credentials(application, token.url, token.secret)
        simulator.provisioning.start(application)
        world.advance(timedelta(0))
        simulator.directory.update_user("grace@contoso.example", {"jobTitle": "Lead"})
        yield tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(root, arguments)


def why(folder: Path, key: str) -> dict[str, object]:
    """Explain inside the process of the lab: the target is there only in process."""
    with World.open_folder(folder) as world:
        return explain(world.simulator, "Tapt Integration", key).as_dict()


@pytest.mark.rule("ENG-151", "ENG-153")
def test_a_waiting_change_is_told_with_the_request_that_it_causes(folder: Path) -> None:
    told = why(folder, "grace@contoso.example")
    assert told["headline"] == "User 'grace@contoso.example' will be updated."
    assert told["willBeLookedAt"] is True
    assert told["changes"] == [{"attribute": "title", "old": None, "new": "Lead"}]
    requests = told["requests"]
    assert isinstance(requests, list)
    assert [item["method"] for item in requests] == ["GET", "PATCH"]


def test_rehearsing_writes_nothing(folder: Path) -> None:
    with World.open_folder(folder) as world:
        before = world.tapt.users() if world.tapt else []
        explain(world.simulator, "Tapt Integration", "grace@contoso.example")
        assert world.tapt is not None
        assert world.tapt.users() == before
        assert len(world.simulator.queries.logs("Tapt Integration")) == 7


@pytest.mark.rule("ENG-151")
def test_nothing_changed_means_that_the_next_cycle_does_not_look(folder: Path) -> None:
    told = why(folder, "ada@contoso.example")
    assert told["willBeLookedAt"] is False
    assert "does not look at it" in str(told["timing"])
    assert any("provision it on demand" in line for line in told["advice"])  # type: ignore[attr-defined]


@pytest.mark.rule("ENG-043")
def test_the_clause_that_an_empty_value_fails_is_named(folder: Path) -> None:
    told = why(folder, "mia@contoso.example")
    assert told["clauses"] == [{"clause": "no sales.department NOT EQUALS 'Sales'", "value": None, "holds": False}]
    assert any("ENG-043" in line for line in told["advice"])  # type: ignore[attr-defined]


@pytest.mark.rule("ENG-021")
def test_a_nested_group_is_named_as_the_cause(folder: Path) -> None:
    told = why(folder, "li@contoso.example")
    assert "not assigned" in str(told["entitlement"])
    assert any("nested in 'Outer'" in line for line in told["advice"])  # type: ignore[attr-defined]


def test_why_prints_for_people(folder: Path) -> None:
    shown = run("why", "mia@contoso.example", "--data", str(folder))
    assert shown.exit_code == 0, shown.output
    assert "clause      fails: no sales.department NOT EQUALS 'Sales', the value is None" in shown.output
    missing = run("why", "nia@contoso.example", "--data", str(folder))
    assert isinstance(missing.exception, Exception)
    assert "Did you mean 'mia@contoso.example'?" in str(missing.exception)


def test_logs_filter_and_print(folder: Path) -> None:
    shown = run("logs", "--data", str(folder), "--action", "create", "--status", "success")
    created = {line.split()[-1] for line in shown.output.splitlines()}
    assert created == {"ada@contoso.example", "grace@contoso.example", "Outer"}
    skipped = run("logs", "--data", str(folder), "--code", "NotEffectivelyEntitled", "--details")
    assert "skipped  EntrySynchronizationSkip" in skipped.output
    lines = run("logs", "--data", str(folder), "--json", "--limit", "1").output.splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["provisioningStatusInfo"]["status"] in ("success", "skipped", "warning")


def test_a_search_for_an_identity_prints_the_newest_first_and_ends_at_the_limit(folder: Path) -> None:
    every = [json.loads(line)["id"] for line in run("logs", "--data", str(folder), "--json").output.splitlines()]
    found = run("logs", "--data", str(folder), "--json", "--identity", "@contoso").output.splitlines()
    ids = [json.loads(line)["id"] for line in found]
    assert len(ids) > 2
    assert ids == [entry_id for entry_id in reversed(every) if entry_id in ids]
    two = run("logs", "--data", str(folder), "--json", "--identity", "@contoso", "--limit", "2").output.splitlines()
    assert two == found[:2]
    nobody = run("logs", "--data", str(folder), "--identity", "50%_")
    assert nobody.output.startswith("No entries fit.")


@pytest.mark.rule("ENG-349")
def test_the_three_csv_files_join_by_the_change_id(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("logs", "--data", str(folder), "--csv", str(out)).exit_code == 0
    names = ("ProvisioningLogs", "ProvisioningLogs_ProvisioningSteps", "ProvisioningLogs_ModifiedProperties")
    tables = {}
    for name in names:
        with (out / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            tables[name] = list(csv.DictReader(file))
    ids = [row["Change ID"] for row in tables[names[0]]]
    assert len(ids) == len(set(ids)) == 7
    assert {row["Change ID"] for row in tables[names[1]]} == set(ids)
    assert {row["Change ID"] for row in tables[names[2]]} <= set(ids)
    created = next(row for row in tables[names[0]] if row["Identity"] == "ada@contoso.example")
    written = {row["Name"]: row["New Value"] for row in tables[names[2]] if row["Change ID"] == created["Change ID"]}
    assert written["userName"] == "ada@contoso.example"


def test_a_folder_without_state_is_refused_in_one_sentence(tmp_path: Path) -> None:
    refused = run("logs", "--data", str(tmp_path / "nothing"))
    assert "entra-sim up" in str(refused.exception)
