"""`entra-sim plan` and `entra-sim lint` as a user runs them."""

from __future__ import annotations

import base64
import copy
import csv
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from click.testing import Result

from entra_sim.cli import main
from entra_sim.simulator.service.schemas import template_schema

UPN = "userPrincipalName,displayName,department,jobTitle,accountEnabled"
PEOPLE = f"""{UPN}
ada@contoso.example,Ada Park,Research,Lead,true
grace@contoso.example,Grace Moss,Sales,Seller,true
mia@contoso.example,Mia Wolf,,Writer,true
leo@contoso.example,Leo Hart,Research,Lead,false
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "users.csv").write_text(PEOPLE, encoding="utf-8")
    (tmp_path / "now.json").write_text(json.dumps(template_schema("job")), encoding="utf-8")
    return tmp_path


def changed(folder: Path, edit: Callable[[dict[str, Any]], None], name: str = "new.json") -> str:
    document = copy.deepcopy(template_schema("job"))
    mappings = {item["sourceObjectName"]: item for item in document["synchronizationRules"][0]["objectMappings"]}
    edit(mappings["User"])
    (folder / name).write_text(json.dumps(document), encoding="utf-8")
    return name


def row(mapping: dict[str, Any], target: str) -> dict[str, Any]:
    found: dict[str, Any] = next(r for r in mapping["attributeMappings"] if r["targetAttributeName"] == target)
    return found


def expression(mapping: dict[str, Any], target: str, text: str) -> None:
    row(mapping, target)["source"] = {"expression": text, "name": "f", "type": "Function", "parameters": []}


def run(*arguments: str) -> tuple[int, str, str]:
    from entra_sim.cli import root
    from entra_sim.simulator.errors import SimulatorError

    result: Result = CliRunner().invoke(root, list(arguments))
    if isinstance(result.exception, SimulatorError):
        return result.exception.exit_code, result.stdout, str(result.exception)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def plan(*arguments: str) -> tuple[int, str, str]:
    return run("plan", "--tenant", "users.csv", "--schema", "now.json", *arguments)


def document(*arguments: str) -> dict[str, Any]:
    code, output, errors = plan("--json", *arguments)
    assert code == 0, errors
    found: dict[str, Any] = json.loads(output)
    return found


@pytest.mark.rule("ENG-125", "ENG-470")
def test_an_edited_mapping_shows_old_and_new_with_its_expression(folder: Path) -> None:
    new = changed(folder, lambda mapping: expression(mapping, "title", 'Join(", ", [jobTitle], [department])'))
    code, output, _ = plan("--scope", "all", "--change", new, "--person", "ada@contoso.example")
    assert code == 0
    assert "User ada@contoso.example: updated" in output
    assert 'title: Lead -> Lead, Research   from Join(", ", [jobTitle], [department])' in output
    whole = plan("--scope", "all", "--change", new)[1]
    assert "Saving the mappings starts an initial cycle over everybody" in whole
    assert "Initial cycle over 4 objects" in whole


@pytest.mark.rule("ENG-043", "ENG-059", "ENG-188")
def test_a_filter_says_which_clause_and_which_value_disables_whom(folder: Path) -> None:
    found = document("--scope", "all", "--change-filter", "User: department NOT EQUALS Sales")
    lines = {item["identity"]: item for item in found["objects"]}
    assert {name: item["what"] for name, item in lines.items()} == {
        "ada@contoso.example": "unchanged",
        "grace@contoso.example": "disabled",
        "mia@contoso.example": "disabled",
        "leo@contoso.example": "out of scope",
    }
    assert lines["grace@contoso.example"]["clause"].endswith("department NOT EQUALS 'Sales'")
    assert lines["grace@contoso.example"]["value"] == "Sales"
    assert "value" not in lines["mia@contoso.example"]
    assert lines["grace@contoso.example"]["staysWrong"][0]["rule"] == "ENG-188"
    blind = next(item for item in found["findings"] if item["id"] == "null-blind-clause")
    assert (blind["people"], blind["peopleCount"]) == (["mia@contoso.example"], 1)


@pytest.mark.rule("ENG-300", "ENG-302", "ENG-303")
def test_accidental_deletion_prevention_holds_and_says_from_which_number_on(folder: Path) -> None:
    options = ("--scope", "all", "--change-filter", "User: department EQUALS Nobody")
    assert "one of 2 or less would hold them" in plan(*options)[1]
    held = document(*options, "--deletion-threshold", "2")
    assert held["totals"]["held"] == {"User": 3}
    assert held["accidentalDeletionPrevention"] == {"removals": 3, "threshold": 2, "isOn": True, "trips": True}


@pytest.mark.rule("ENG-160", "ENG-162", "ENG-165")
def test_go_live_tells_taken_over_created_ambiguous_and_strays(folder: Path) -> None:
    accounts = [
        {"id": "1", "userName": "ADA@contoso.example", "title": "Boss", "active": False},
        {"id": "2", "userName": "grace", "externalId": "g1"},
        {"id": "3", "userName": "gm", "displayName": "Grace Moss"},
        {"id": "4", "userName": "gm2", "displayName": "Grace Moss"},
    ]
    (folder / "accounts.json").write_text(json.dumps({"Resources": accounts}), encoding="utf-8")

    def also_by_name(mapping: dict[str, Any]) -> None:
        row(mapping, "displayName")["matchingPriority"] = 2

    name = changed(folder, also_by_name)
    (folder / "now.json").write_text((folder / name).read_text(encoding="utf-8"), encoding="utf-8")
    found = document("--scope", "all", "--target-users", "accounts.json")
    lines = {item["identity"]: item for item in found["objects"]}
    assert {name: item["what"] for name, item in lines.items()} == {
        "ada@contoso.example": "taken over",
        "grace@contoso.example": "ambiguous",
        "mia@contoso.example": "created",
        "leo@contoso.example": "out of scope",
    }
    assert lines["ada@contoso.example"]["match"] == "userName = ADA@contoso.example"
    changes = {item["attribute"]: (item["old"], item["new"]) for item in lines["ada@contoso.example"]["changes"]}
    assert changes["title"] == ("Boss", "Lead")
    assert changes["active"] == ("False", "True")
    assert {item["name"] for item in found["strays"]} == {"grace", "gm", "gm2"}


def test_accounts_come_as_csv_and_as_lines_too(folder: Path) -> None:
    head = 'id,userName,active,"emails[type eq ""work""].value",name.givenName'
    (folder / "a.csv").write_text(f"{head}\n7,ada@contoso.example,TRUE,x@y.example,Ada\n", encoding="utf-8")
    (folder / "a.jsonl").write_text(
        '{"id":"7","userName":"ada@contoso.example"}\n\n{"id":"8","userName":"zoe"}\n', encoding="utf-8"
    )
    table = document("--scope", "all", "--target-users", "a.csv")
    assert table["totals"]["taken over"] == {"User": 1}
    lines = document("--scope", "all", "--target-users", "a.jsonl")
    assert [item["name"] for item in lines["strays"]] == ["zoe"]


@pytest.mark.rule("ENG-014", "ENG-199")
def test_a_change_against_real_accounts_shows_what_stays_wrong_and_who_is_enabled_again(folder: Path) -> None:
    accounts = [
        {"id": "1", "userName": "ada@contoso.example", "active": False},
        {
            "id": "2",
            "userName": "mia@contoso.example",
            "active": True,
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Old"},
        },
    ]
    (folder / "accounts.json").write_text(json.dumps(accounts), encoding="utf-8")
    found = document("--scope", "all", "--target-users", "accounts.json", "--restart")
    lines = {item["identity"]: item for item in found["objects"]}
    assert lines["ada@contoso.example"]["what"] == "re-enabled"
    assert lines["grace@contoso.example"]["what"] == "created"
    wrong = lines["mia@contoso.example"]["staysWrong"]
    assert [(item["rule"], "'Old'" in item["text"]) for item in wrong] == [("ENG-014", True)]


@pytest.mark.rule("ENG-440")
def test_an_expression_error_has_its_column_and_is_a_finding(folder: Path) -> None:
    new = changed(folder, lambda mapping: expression(mapping, "title", "ToUpper(CStr(CDate([jobTitle])))"))
    found = document("--scope", "all", "--change", new)
    line = next(item for item in found["objects"] if item["identity"] == "ada@contoso.example")
    assert (line["what"], line["column"]) == ("expression error", 14)
    finding = next(item for item in found["findings"] if item["id"] == "expression-fails")
    assert (finding["peopleCount"], finding["severity"]) == (3, "error")


@pytest.mark.rule("ENG-028", "ENG-150")
def test_options_change_scope_actions_and_assignments(folder: Path) -> None:
    to_all = document("--change-scope", "all")
    assert to_all["totals"]["created"] == {"User": 3}
    assert "re-evaluate nobody by themselves" in to_all["cycle"]["why"]
    assigned = document("--assign", "ada@contoso.example")
    assert assigned["cycle"]["kind"] == "incremental"
    assert [(item["identity"], item["what"]) for item in assigned["objects"]] == [("ada@contoso.example", "created")]
    off = document("--change-scope", "all", "--change-actions", "User=update")
    assert off["totals"] == {"out of scope": {"User": 1}, "left alone": {"User": 3}}


def test_gates_and_comparison_serve_a_pipeline(folder: Path) -> None:
    first = ("--scope", "all", "--change-filter", "User: department EQUALS Research", "--save", "first.json")
    code, _, errors = plan(*first, "--fail-over", "disabled=1,deleted=0")
    assert code == 1
    assert "Limit exceeded: disabled: 2, allowed 1" in errors
    assert plan(*first, "--fail-over", "disabled=2,errors=0")[0] == 0
    second = ("--scope", "all", "--change-filter", "User: department IS NOT NULL", "--against", "first.json")
    output = plan(*second)[1]
    assert "Against the saved plan: 1 fare otherwise" in output
    assert "grace@contoso.example: disabled -> unchanged" in output
    assert [item["identity"] for item in document(*second)["against"]] == ["grace@contoso.example"]


def test_the_page_asks_for_nothing_and_runs_only_its_own_script(folder: Path) -> None:
    text = PEOPLE.replace("Ada Park", "</script><script>alert(1)</script>")
    (folder / "users.csv").write_text(text, encoding="utf-8")
    assert plan("--scope", "all", "--html", "p.html", "--csv", "p.csv")[0] == 0
    page = (folder / "p.html").read_text(encoding="utf-8")
    assert not re.search(
        r"(?:src|href)=|https?://|@import|url\(", re.sub(r"<script type=.*?</script>", "", page, flags=re.S)
    )
    scripts = re.findall(r"<script>(.*?)</script>", page, re.S)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert f"sha256-{digest}" in policy[1]
    assert "default-src &#x27;none&#x27;" in policy[1]
    assert "unsafe" not in policy[1]
    data = re.search(r'id="plan">(.*?)</script>', page, re.S)
    assert data is not None
    assert json.loads(data[1])["totals"]["created"] == {"User": 3}
    rows = list(csv.DictReader((folder / "p.csv").read_text(encoding="utf-8").splitlines()))
    assert {line["what"] for line in rows} == {"created", "out of scope"}


def test_nothing_but_the_named_files_is_written(folder: Path) -> None:
    before = set(folder.rglob("*"))
    plan("--scope", "all", "--csv", "p.csv")
    assert set(folder.rglob("*")) - before == {folder / "p.csv"}


ODD_FILES = {
    "nothing.csv": "",
    "titles.csv": "Id,User name\n1,ada\n",
    "twice.csv": "userName,USERNAME\nada,bob\n",
    "graph.json": '{"value": [{"id": "1", "userPrincipalName": "ada@contoso.example"}]}',
    "cut.json": '{"Resources": [{"userName":"a"}',
    "huge.json": '[{"userName": "ada", "x": 123456789012345678901234567890}]',
    "same.jsonl": '{"id": "7", "userName": "ada"}\n{"id": "7", "userName": "bob"}\n',
}


def test_a_target_that_holds_nobody_comes_in_every_form(folder: Path) -> None:
    empty = {"a.json": "[]", "b.json": '{"Resources": []}', "c.json": '{"totalResults": 0}', "d.csv": "id,userName\n"}
    for name, text in empty.items():
        (folder / name).write_text(text, encoding="utf-8")
        found = document("--scope", "all", "--target-users", name)
        assert (found["totals"]["created"], found["strays"]) == ({"User": 3}, [])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--change", "absent.json"), "absent.json: cannot be read (No such file or directory)"),
        (("--change", "broken.json"), "broken.json: line 1, column 2: no JSON"),
        (("--change", "list.json"), "list.json: this is no synchronizationSchema"),
        (("--change", "bare.json"), "bare.json: 'synchronizationRules' must be a list"),
        (("--target-users", "broken.json"), "broken.json: line 1, column 2: no JSON"),
        (("--target-users", "nameless.json"), "nameless.json: entry 1: a user without userName"),
        (("--target-users", "nothing.csv"), "nothing.csv: the file is empty"),
        (("--target-users", "titles.csv"), "there is no column userName or displayName; rename 'User name'"),
        (("--target-users", "twice.csv"), "twice.csv: line 1: column 2, 'USERNAME', is column 1 again"),
        (("--target-users", "graph.json"), "graph.json: an export of Graph, so of the directory"),
        (("--target-users", "cut.json"), "cut.json: line 1, column 32: no JSON (Expecting ',' delimiter)"),
        (("--target-users", "huge.json"), "huge.json: entry 1: what no SCIM server sends"),
        (("--target-users", "same.jsonl"), "same.jsonl: line 2: the id '7' is there already (same.jsonl: line 1)"),
        (("--change-filter", "User: department LIKES x"), "has no operator"),
        (("--change-actions", "Robot=create"), "begin with User or Group, not 'Robot'"),
        (("--assign", "adda@contoso.example"), "did you mean 'ada@contoso.example'?"),
        (("--unassign", "ada@contoso.example"), "is not assigned in these files"),
        (("--fail-over", "disable=1"), "did you mean 'disabled'?"),
        (("--fail-over", "disabled=x"), "needs a whole number"),
        (("--against", "list.json"), "list.json: this is no plan"),
        (("--person", "nobody"), "The plan has no user or group 'nobody'."),
        (("--url", "https://tapt.example/scim/v2"), "There is no token"),
    ],
)
def test_bad_input_is_one_sentence_with_its_place(
    folder: Path, arguments: tuple[str, ...], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ENTRA_SIM_TOKEN", raising=False)
    (folder / "broken.json").write_text("{", encoding="utf-8")
    (folder / "list.json").write_text("[]", encoding="utf-8")
    (folder / "bare.json").write_text("{}", encoding="utf-8")
    (folder / "nameless.json").write_text('[{"id": "1"}]', encoding="utf-8")
    for name, text in ODD_FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    code, _, errors = plan(*arguments)
    assert code == 2
    assert sentence in errors
    assert "\n" not in errors.strip()


def test_main_shows_the_sentence_without_a_traceback(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["plan", "--tenant", "users.csv", "--schema", "absent.json"])
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("entra-sim: absent.json: cannot be read")


def test_lint_exits_with_1_when_it_finds_something(folder: Path) -> None:
    code, output, _ = run("lint", "now.json")
    assert code == 1
    assert "external-id-alias (ENG-103)" in output
    clean = changed(folder, lambda mapping: expression(mapping, "externalId", "ToLower([objectId])"))
    assert run("lint", clean)[:2] == (0, "No known trap found.\n")
    assert json.loads(run("lint", "now.json", "--json")[1])[0]["id"] == "external-id-alias"
