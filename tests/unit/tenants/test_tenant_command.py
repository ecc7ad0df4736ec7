"""The command as a user runs it; a simulator that holds one image stands in for the directory service."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from click.testing import Result

from entra_sim.simulator.commands import tenant
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.ids import CountedIds
from entra_sim.simulator.tenants import DirectoryImage
from entra_sim.simulator.tenants import demo_tenant
from entra_sim.simulator.tenants import read_directory

PEOPLE = Path(__file__).parents[2] / "data" / "people-200.csv"


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(tenant.command, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def directory(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A directory that remembers what was imported."""
    held = SimpleNamespace(image_=demo_tenant(CountedIds().new), import_count=0)

    def import_image(image: DirectoryImage) -> SimpleNamespace:
        held.image_ = image
        held.import_count += 1
        return SimpleNamespace(ignored_assignments=0)

    service = SimpleNamespace(image=lambda: held.image_, import_image=import_image)
    opened = nullcontext(SimpleNamespace(directory=service))
    monkeypatch.setattr(tenant, "_opened", lambda data, is_made=False: opened)
    monkeypatch.setattr(tenant, "_glanced_at", lambda data: opened)
    return held


def test_new_writes_what_show_reads(tmp_path: Path) -> None:
    result = run("new", "--people", 60, "--seed", 3, "--output", tmp_path / "t")
    assert result.exit_code == 0
    assert "Wrote 60 users" in result.output
    shown = run("show", tmp_path / "t")
    assert shown.exit_code == 0
    assert "users" in shown.output.splitlines()[0]
    assert "60" in shown.output.splitlines()[0]
    assert "Contractors (by rule)" in shown.output


def test_new_is_the_same_for_the_same_seed_and_replaces_nothing_unasked(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        run("new", "--people", 30, "--seed", "x", "--output", tmp_path / name)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    with pytest.raises(UserInputError, match="is there already"):
        run("new", "--output", tmp_path / "a.json")
    assert run("new", "--people", 31, "--output", tmp_path / "a.json", "--force").exit_code == 0


def test_new_demo_tells_machines_what_it_wrote(tmp_path: Path) -> None:
    told = json.loads(run("new", "--demo", "--output", tmp_path / "demo.csv", "--json").output)
    assert (told["users"], told["groups"]) == (40, 6)
    assert [Path(file).name for file in told["files"]] == ["demo.csv", "demo.groups.csv", "demo.members.csv"]


def test_show_one_person(tmp_path: Path) -> None:
    run("new", "--demo", "--output", tmp_path / "demo.json")
    lines = run("show", tmp_path / "demo.json", "--person", "ADA.PARK@contoso.example").output.splitlines()
    assert any(line.split() == ["manager", "grace.holloway@contoso.example"] for line in lines)
    assert any("Tapt people, Research" in line for line in lines)
    group = json.loads(run("show", tmp_path / "demo.json", "--person", "sales", "--json").output)
    assert "Field sales" in group["members"]
    with pytest.raises(UserInputError, match=r"did you mean 'ada\.park@contoso\.example'"):
        run("show", tmp_path / "demo.json", "--person", "ada.prak@contoso.example")


def test_import_and_import_again(directory: SimpleNamespace) -> None:
    groups, members = PEOPLE.with_suffix(".groups.csv"), PEOPLE.with_suffix(".members.csv")
    first = run("import", PEOPLE, groups, members)
    assert "200 users added, 31 groups added." in first.output
    assert len(directory.image_.users) == 240
    again = run("import", PEOPLE, groups, members)
    assert "Nothing differs" in again.output
    assert directory.import_count == 1


def test_import_of_one_changed_cell_changes_one_user(directory: SimpleNamespace, tmp_path: Path) -> None:
    (tmp_path / "phones.csv").write_text(
        "userPrincipalName,mobile\nada.park@contoso.example,+44 7700 900999\n", encoding="utf-8"
    )
    told = json.loads(run("import", tmp_path / "phones.csv", "--json").output)
    assert told["changes"] == {"users": {"updated": 1}}
    assert told["details"][0]["attributes"] == ["mobile"]


def test_a_dry_run_and_removing_the_missing(directory: SimpleNamespace, tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text(
        "userPrincipalName,displayName\nada.park@contoso.example,Ada Park\n", encoding="utf-8"
    )
    result = run("import", tmp_path / "users.csv", "--remove-missing", "--dry-run")
    assert "Would change: 39 users removed" in result.output
    assert directory.import_count == 0
    run("import", tmp_path / "users.csv", "--remove-missing")
    assert [user.user_principal_name for user in directory.image_.users] == ["ada.park@contoso.example"]


def test_pseudonymised_import_twice_changes_nothing_the_second_time(directory: SimpleNamespace, tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("userPrincipalName,displayName\nbo@contoso.example,Bo Real\n", encoding="utf-8")
    assert "1 user added" in run("import", tmp_path / "users.csv", "--pseudonymise", "s").output
    assert "Bo Real" not in {user.attributes["displayName"] for user in directory.image_.users}
    assert "Nothing differs" in run("import", tmp_path / "users.csv", "--pseudonymise", "s").output


def test_a_mistake_imports_nothing(directory: SimpleNamespace, tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text(
        "userPrincipalName,displayName,accountEnabled\nbo@contoso.example,Bo,ja\n", encoding="utf-8"
    )
    with pytest.raises(
        UserInputError, match=r"users\.csv:2:3: column 'accountEnabled' must be true or false, not 'ja'"
    ):
        run("import", tmp_path / "users.csv")
    assert directory.import_count == 0


def test_a_mistake_leaves_no_trace_of_a_new_folder(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("userPrincipalName,accountEnabled\nbo@contoso.example,ja\n", encoding="utf-8")
    data = tmp_path / "data"
    with pytest.raises(UserInputError, match="Nothing was imported"):
        run("import", tmp_path / "users.csv", "--data", data)
    assert not data.exists()
    (tmp_path / "users.csv").write_text("userPrincipalName,displayName\nbo@contoso.example,Bo\n", encoding="utf-8")
    assert "1 user added" in run("import", tmp_path / "users.csv", "--data", data).output
    assert "Bo" in run("show", "--person", "bo@contoso.example", "--data", data).output


@pytest.mark.parametrize("form", ["csv", "json", "graph"])
def test_export_reads_back(directory: SimpleNamespace, tmp_path: Path, form: str) -> None:
    result = run("export", "--output", tmp_path / "out", "--format", form)
    assert "Wrote 40 users, 6 groups" in result.output
    assert read_directory(tmp_path / "out", new_id=CountedIds().new) == directory.image_


def test_export_from_files_without_the_people(tmp_path: Path) -> None:
    run("export", "--from", PEOPLE, "--pseudonymise", "secret", "--output", tmp_path / "safe.csv")
    text = (tmp_path / "safe.csv").read_text(encoding="utf-8")
    names: list[Any] = [
        user.attributes["displayName"] for user in read_directory(PEOPLE, new_id=CountedIds().new).users
    ]
    assert not [name for name in names if len(name) > 6 and name in text]
    assert "@contoso.example" in text


def test_help_has_examples() -> None:
    for arguments in (("--help",), ("new", "--help"), ("import", "--help"), ("export", "--help"), ("show", "--help")):
        result = run(*arguments)
        assert result.exit_code == 0
        assert "entra-sim tenant" in result.output


@pytest.mark.parametrize("stem", ["people", "users", "acme-2026"])
def test_a_folder_of_files_of_any_name_is_read_as_they_were_written(tmp_path: Path, stem: str) -> None:
    made = run("new", "--people", 12, "--output", tmp_path / f"{stem}.csv")
    assert made.exit_code == 0, made.output
    shown = run("show", tmp_path, "--json")
    assert shown.exit_code == 0, shown.output
    named = sorted(tmp_path.iterdir())
    assert json.loads(shown.output) == json.loads(run("show", *named, "--json").output)
