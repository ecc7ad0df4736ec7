"""`entra-sim eval` as a user meets it."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from click.testing import Result

from entra_sim import cli
from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.expressions import functions

CASES = Path(__file__).parent / "expression-cases.jsonl"


def run(*arguments: str, given: str | bytes | None = None) -> Result:
    return CliRunner().invoke(cli.root, ["eval", *arguments], input=given)


def test_a_value_is_printed() -> None:
    found = run('Join(" ", [givenName], [surname])', "-a", "givenName=Ada", "-a", "surname=Park")
    assert (found.exit_code, found.output) == (0, "Ada Park\n")


@pytest.mark.parametrize(
    ("expression", "printed"),
    [
        ("[none]", "(no value)"),
        ('""', ""),
        ('Split("a,é", ",")', '["a", "é"]'),
        ("IgnoreAttributeFlow", "(the attribute is left out of the operation)"),
        ("IgnoreObjectFlow", "(the object is left out of the operation)"),
        ("Not([x])", "True"),
        ('CDate("2025-01-05")', "1/5/2025 12:00:00 AM"),
    ],
)
def test_what_is_no_text_is_printed_in_words(expression: str, printed: str) -> None:
    assert run(expression).output == f"{printed}\n"


def test_redaction_is_said_aside() -> None:
    found = run('Redact("secret")')
    assert (found.stdout, found.stderr) == ("secret\n", "(the logs show [Redact])\n")


def test_a_mistake_is_pointed_at() -> None:
    found = run('Append([a], Swich([b], "x"))')
    assert found.exit_code == 2
    assert found.stderr.splitlines() == [
        "entra-sim: UnknownFunction: there is no function Swich; did you mean Switch? (column 13)",
        '  Append([a], Swich([b], "x"))',
        "              ^",
    ]


def test_a_mistake_names_the_signature() -> None:
    found = run("Append([a])")
    assert "  Append(source, suffix)" in found.stderr.splitlines()


def test_a_missing_comma_names_the_call_it_is_missing_in() -> None:
    assert run('Append([a] "x")').stderr.splitlines() == [
        'entra-sim: ParseError: a comma is missing before "x" in Append (column 12)',
        '  Append([a] "x")',
        "             ^",
        "  Append(source, suffix)",
    ]


def test_a_mistake_in_a_long_text_shows_its_line() -> None:
    found = run('Join("",\n  [a],\n  Mid([a], 0, 1)\n)', "-a", "a=x")
    assert found.stderr.splitlines()[1:3] == ["    Mid([a], 0, 1)", "    ^"]
    line = f'Join("{"x" * 300}", Frob(), "{"y" * 300}")'
    shown, caret = run(line).stderr.splitlines()[1:3]
    assert len(shown) < 120
    assert shown[caret.index("^") :].startswith("Frob()")


def test_the_trace_shows_the_value_of_every_node() -> None:
    found = run('IIF([a] = "x", Mid([b], 1, 2), Append([c], "!"))', "-a", "a=x", "-a", "b=hello", "--trace")
    assert found.output.splitlines() == [
        'IIF  → "he"',
        "├─ =  → True",
        '│  ├─ [a]  → "x"',
        '│  └─ "x"',
        '├─ Mid  → "he"',
        '│  ├─ [b]  → "hello"',
        "│  ├─ 1",
        "│  └─ 2",
        "└─ Append  (not evaluated)",
        "   ├─ [c]  (not evaluated)",
        '   └─ "!"',
    ]


def test_the_trace_of_a_failure_is_shown_too() -> None:
    found = run('Join("", CDate("bad"))', "--trace")
    assert found.exit_code == 2
    assert "failed: CDate: the value is no date" in found.stdout


def test_json_output() -> None:
    assert json.loads(run("Len([a])", "-a", "a=xyz", "--json").output) == {"value": 3}
    failed = run("CDate([a])", "--json")
    assert failed.exit_code == 2
    assert json.loads(failed.output)["error"] == "EvaluationError"
    traced = json.loads(run("Len([a])", "-a", "a=xyz", "--json", "--trace").output)
    assert traced["trace"]["operands"][0]["value"] == "xyz"


def test_graph_output() -> None:
    assert json.loads(run("[mail]", "--graph").output)["type"] == "Attribute"


def test_attributes_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "ada.json"
    file.write_text('{"mail": "ada@contoso.example", "tags": ["a", "b"]}', encoding="utf-8")
    assert run('Join("-", [mail], [tags])', "--attributes", str(file)).output == "ada@contoso.example-a-b\n"
    assert run("[mail]", "--attributes", str(file), "-a", "mail=other").output == "other\n"
    assert run("[mail]", "--attributes", "-", given='{"mail": "piped"}').output == "piped\n"


@pytest.mark.parametrize(("content", "sentence"), [("[1]", "JSON object"), ("{", "not JSON"), ("\xff", "not JSON")])
def test_a_wrong_file_is_one_sentence(tmp_path: Path, content: str, sentence: str) -> None:
    file = tmp_path / "wrong.json"
    file.write_bytes(content.encode("latin-1"))
    failed = run("[mail]", "--attributes", str(file)).exception
    assert isinstance(failed, SimulatorError)
    assert (failed.exit_code, sentence in str(failed)) == (2, True)


def test_no_file_and_no_user_is_one_sentence() -> None:
    assert "there is no file nowhere.json" in str(run("[mail]", "--attributes", "nowhere.json").exception)


def test_attributes_come_from_a_user_of_the_data_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    lookup: Any = types.ModuleType("entra_sim.simulator.service.lookup")
    lookup.source_attributes = lambda upn, data_dir: {"mail": f"{upn} of {data_dir}"}
    monkeypatch.setitem(sys.modules, "entra_sim.simulator.service.lookup", lookup)
    assert run("[mail]", "--attributes", "a@b.example", "--data", "d").output == "a@b.example of d\n"


def test_the_context_can_be_given() -> None:
    assert run("Now()", "--now", "2026-01-05T09:00:00Z").output == "1/5/2026 9:00:00 AM\n"
    assert run("DefaultDomain()", "--default-domain", "contoso.com").output == "contoso.com\n"
    assert run('SelectUniqueValue("a", "b")', "--taken", "A").output == "b\n"
    drawn = [run("RandomString(20, 1, 1, 1, 1)", "--seed", "x").output for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert "--now takes" in str(run("Now()", "--now", "soon").exception)
    assert "NAME=VALUE" in str(run("[a]", "-a", "novalue").exception)


def test_functions_are_listed() -> None:
    listed = run("--functions").output
    for one in functions():
        assert one.signature in listed
        assert one.meaning in listed
        assert one.example in listed


def test_one_function_is_told() -> None:
    told = run("--functions", "switch").output
    assert told.startswith("Switch(source, [defaultValue], switchValue...)\n")
    assert "gives True" in told
    assert json.loads(run("--functions", "Mid", "--json").output)[0]["parameters"][1]["type"] == "Integer"
    assert "did you mean Replace?" in str(run("--functions", "Repalce").exception)


def test_lines_in_lines_out() -> None:
    lines = [
        '{"id": 7, "expression": "Append([a], \\"!\\")", "attributes": {"a": "é"}}',
        "",
        '{"expression": "Redact([a])", "attributes": {"a": "x"}}',
        '{"expression": "IgnoreObjectFlow"}',
        '{"expression": "Append([a]", "attributes": {}}',
        '{"expression": "Now()", "context": {"now": "2021-07-02T15:33:38Z"}}',
        '{"expression": "SelectUniqueValue(\\"a\\", \\"b\\")", "context": {"target_existing": ["A", "B"]}}',
    ]
    found = run("--jsonl", given="\n".join(lines))
    outcomes = [json.loads(line) for line in found.output.splitlines()]
    assert found.exit_code == 0
    assert outcomes[:3] == [
        {"id": 7, "value": "é!"},
        {"value": "x", "log": "[Redact]"},
        {"value": None, "ignore": "object"},
    ]
    assert outcomes[3]["error"] == "ParseError"
    assert outcomes[4] == {"value": "7/2/2021 3:33:38 PM"}
    assert outcomes[5]["error"] == "NoUniqueValue"


def test_a_line_that_is_no_case_is_answered_in_its_place() -> None:
    lines = ["nonsense", "[]", '{"expression": 5}', '{"expression": "[a]", "attributes": []}', '{"expression": "[a]"}']
    lines += ['{"expression": "[a]", "context": {"now": 5}}', '{"expression": "[a]", "context": 5}']
    found = run("--jsonl", given="\n".join(lines))
    assert found.exit_code == 2
    outcomes = [json.loads(line) for line in found.output.splitlines()]
    assert [outcome.get("error") for outcome in outcomes] == [*["InputError"] * 4, None, *["InputError"] * 2]


def test_the_case_file_runs_through_the_command() -> None:
    found = run("--jsonl", given=CASES.read_bytes())
    outcomes = [json.loads(line) for line in found.output.splitlines()]
    cases = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    assert [outcome["id"] for outcome in outcomes] == [case["id"] for case in cases]
    assert [outcome.get("error") for outcome in outcomes] == [case["expect_error"] for case in cases]


def test_nothing_to_do_is_said() -> None:
    found = run()
    assert found.exit_code == 2
    assert "Give an EXPRESSION, --jsonl or --functions." in found.output


def test_a_user_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    failed = run("[mail]", "--attributes", "nobody@contoso.example", "--data", str(tmp_path)).exception
    assert isinstance(failed, SimulatorError)
    assert failed.exit_code == 2
    assert len(str(failed).splitlines()) == 1
