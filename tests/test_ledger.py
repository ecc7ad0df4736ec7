"""The fidelity ledger: every rule in one list, generated files current, codes explained, citations counted rightly."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from entra_sim.docs.builder import bite
from entra_sim.docs.builder.bite import broken
from entra_sim.docs.builder.bite import broken_text
from entra_sim.docs.builder.bite import spots_of
from entra_sim.docs.builder.bite import spots_of_rule
from entra_sim.docs.builder.evidence import Evidence
from entra_sim.docs.builder.evidence import read_evidence
from entra_sim.docs.builder.ledger import Entry
from entra_sim.docs.builder.ledger import Ledger
from entra_sim.docs.builder.ledger import build_ledger
from entra_sim.docs.builder.ledger import without_proven
from entra_sim.docs.builder.pages import render
from entra_sim.docs.builder.references import Rule
from entra_sim.docs.builder.references import read_rules
from entra_sim.simulator import errors
from entra_sim.simulator.commands.rules import command
from entra_sim.simulator.ledger.codes import load_codes
from entra_sim.simulator.model.job import QuarantineReason
from entra_sim.simulator.model.operation import SkipReason
from entra_sim.simulator.settings import describe

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return build_ledger(ROOT)


def test_every_rule_is_in_exactly_one_list_and_every_citation_counts(ledger: Ledger) -> None:
    assert "\n".join(ledger.problems) == "", "run 'make ledger'; it says what to do"


def test_the_generated_files_are_current(ledger: Ledger) -> None:
    for name, content in render(ledger).items():
        assert (ROOT / name).read_text(encoding="utf-8") == content, f"{name} is out of date: run 'make ledger'"


@pytest.mark.parametrize(
    ("family", "count"), [("ENG", 288), ("WIRE", 106), ("SRV", 35), ("QRK", 35), ("Q", 31), ("", 46)]
)
def test_no_rule_of_the_references_is_overlooked(family: str, count: int) -> None:
    ids = [rule.id for rule in read_rules(ROOT / "docs" / "reference")]
    assert sum(rule_id.rpartition("-")[0] == family for rule_id in ids) >= count


QUESTIONS = tuple(f"Q-{number:02d}" for number in range(1, 32))
"""Section 25 of the reference of the engine, "make each a named setting"."""


def test_every_open_question_is_a_setting_with_its_default_that_the_rules_command_prints(ledger: Ledger) -> None:
    assert [rule.id for rule in read_rules(ROOT / "docs" / "reference") if rule.id.startswith("Q-")] == list(QUESTIONS)
    entries = {entry.rule.id: entry for entry in ledger.entries}
    for question in QUESTIONS:
        settings = [item for item in describe() if item.question == question]
        assert settings, f"{question} is no setting"
        assert {item.name for item in settings} <= set(entries[question].settings), question
        shown = CliRunner(catch_exceptions=False).invoke(command, [question]).output
        for item in settings:
            default = str(item.default).lower() if isinstance(item.default, bool) else f"{item.default:g}"
            assert f"\nSetting:   {item.name} = {default}: " in shown, f"{question}: run 'make ledger'"


def test_both_answers_to_every_open_question_are_tested(ledger: Ledger) -> None:
    """A test that names the setting has the other answer in it; the default is what all the rest is tested with."""
    for item in describe():
        if item.question:
            tests = [test for test in ledger.evidence.tests.get(item.question, ()) if "::" in test]
            naming = [test for test in tests if item.name in _source_of(test)]
            assert naming, f"no test of {item.question} says {item.name}: {tests}"


def _source_of(test: str) -> str:
    """Return a test function with its decorators."""
    name, *_, function = test.split("::")
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == function]
    return "\n".join(ast.unparse(node) for node in found)


def test_every_id_that_a_reference_mentions_is_defined_in_one() -> None:
    rules = read_rules(ROOT / "docs" / "reference")
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "reference").glob("*.md"))
    mentioned = set(re.findall(r"\b(?:(?:ENG|WIRE|SRV)-\d{3}|(?:QRK|Q)-\d{2})\b", text))
    assert mentioned - {rule.id for rule in rules} == set()


def test_every_rule_has_a_title_of_one_line_and_a_text() -> None:
    for rule in read_rules(ROOT / "docs" / "reference"):
        assert 8 <= len(rule.title) <= 140 or rule.document == "expressions.md", rule.id
        assert "\n" not in rule.title
        assert "**[" not in rule.title
        assert rule.text, rule.id


def test_a_row_takes_its_words_from_the_header_of_its_table() -> None:
    rules = {rule.id: rule for rule in read_rules(ROOT / "docs" / "reference")}
    assert rules["ENG-186"].lines[0] == "event (object has a link): E4 unassigned"
    assert rules["ENG-210"].lines[0].startswith("event (object has **no** link): ")
    assert "ENG-182" not in rules["ENG-181"].text
    assert rules["ENG-316"].lines[2] == "links (CDS): cleared"


def test_assumptions_stated_below_a_table_reach_the_rows_that_they_name() -> None:
    rules = {rule.id: rule for rule in read_rules(ROOT / "docs" / "reference")}
    assert rules["ENG-313"].assumed == ["a scope clears only what it names"]
    assert rules["ENG-316"].assumed == []
    assert rules["ENG-197"].assumed != []
    assert rules["ENG-182"].assumed == []


def _tree(folder: Path, test: str) -> Path:
    (folder / "tests").mkdir()
    (folder / "tests" / "test_it.py").write_text(test, encoding="utf-8")
    return folder


def test_citations_of_functions_classes_modules_and_parameters_are_counted(tmp_path: Path) -> None:
    root = _tree(
        tmp_path,
        """
import pytest
pytestmark = pytest.mark.rule("ENG-001")
ROWS = [pytest.param(1, marks=pytest.mark.rule("ENG-005"))]
@pytest.mark.rule("ENG-002")
class TestAll:
    @pytest.mark.rule("ENG-003")
    @pytest.mark.parametrize("x", [pytest.param(1, marks=[pytest.mark.rule("ENG-004")])])
    def test_one(self, x): ...
""",
    )
    evidence = read_evidence(root)
    assert evidence.problems == []
    test = "tests/test_it.py::TestAll::test_one"
    places = {rule_id: [test] for rule_id in ("ENG-002", "ENG-003", "ENG-004")}
    assert evidence.tests == places | {"ENG-001": ["tests/test_it.py", test], "ENG-005": ["tests/test_it.py"]}


@pytest.mark.parametrize(
    ("test", "problem"),
    [
        (
            '@pytest.mark.rule("E1", "E2", "E3", "E4", "E5", "E6")\ndef test_all(): ...',
            "tests/test_it.py::test_all cites 6 rules (E1, E2, E3, E4, E5, E6); at most 5 may be",
        ),
        (
            "@pytest.mark.rule(*IDS)\ndef test_all(): ...",
            "tests/test_it.py::test_all: the rule *IDS is not written out",
        ),
        ('@pytest.mark.rule("E1")\ndef helper(): ...', "tests/test_it.py::helper cites E1 but is no test"),
        (
            'if True:\n    @pytest.mark.rule("E1")\n    def test_hidden(): ...',
            "tests/test_it.py:2 cites a rule where no test stands",
        ),
    ],
    ids=["more than five", "not written out", "no test", "out of sight"],
)
def test_a_citation_that_cannot_be_counted_is_a_problem(tmp_path: Path, test: str, problem: str) -> None:
    assert read_evidence(_tree(tmp_path, test)).problems == [problem]


def test_scenarios_and_case_files_are_evidence_too(tmp_path: Path) -> None:
    root = _tree(tmp_path, 'CASES = ("cases.jsonl", "create.json")')
    (root / "tests" / "cases.jsonl").write_text('{"id": "a", "function": "Join"}\n{"function": "(grammar)"}\n')
    (root / "tests" / "create.json").write_text('{"id": "create", "source": "WIRE-050; WIRE-051"}')
    library = root / "scenarios" / "library"
    library.mkdir(parents=True)
    (library / "gone.yaml").write_text(
        "scenario: x\nrules: [ENG-168]\nsteps: [{expect: {logs: [{error: InvalidAnchor}]}}]"
    )
    evidence = read_evidence(root, codes=["InvalidAnchor", "Timeout"])
    assert evidence.tests == {
        "Join": ["tests/cases.jsonl"],
        "WIRE-050": ["tests/create.json"],
        "WIRE-051": ["tests/create.json"],
        "ENG-168": ["scenarios/library/gone.yaml"],
    }
    assert evidence.reproduced_by == {"InvalidAnchor": ["scenarios/library/gone.yaml"]}


def test_a_case_file_that_no_test_reads_proves_nothing(tmp_path: Path) -> None:
    root = _tree(tmp_path, "")
    (root / "tests" / "cases.jsonl").write_text('{"id": "a", "function": "Join"}\n')
    (problem,) = read_evidence(root).problems
    assert problem.startswith("tests/cases.jsonl holds cases that no test reads")


def test_a_guess_is_read_to_its_end_and_knows_its_rules(tmp_path: Path) -> None:
    root = _tree(tmp_path, "")
    (root / "simulator").mkdir()
    (root / "simulator" / "engine.py").write_text(
        'def decide():\n    """Return x.\n\n    Source: ENG-185,\n        ENG-186.\n    Assumed: one thing\n'
        '        and another.\n    Returns:\n        x.\n    """\n'
    )
    evidence = read_evidence(root)
    assert evidence.sources == {rule_id: ["simulator/engine.py: decide"] for rule_id in ("ENG-185", "ENG-186")}
    (guess,) = evidence.guesses
    assert guess.place == "simulator/engine.py: decide"
    assert guess.text == "One thing and another."
    assert guess.rules == ("ENG-185", "ENG-186")


def test_code_that_gives_a_rule_as_its_reason_is_code_of_the_rule(tmp_path: Path) -> None:
    root = _tree(tmp_path, "")
    (root / "simulator").mkdir()
    (root / "simulator" / "tables.py").write_text(
        'TABLE = {1: "ENG-186"}\nclass A:\n    x = "ENG-001"\n    def f(self):\n'
        '        return "ENG-188", "see ENG-002", self.settings.workers\n'
    )
    evidence = read_evidence(root, settings=["workers", "page_size"])
    assert evidence.sources == {"ENG-186": ["simulator/tables.py: TABLE"], "ENG-188": ["simulator/tables.py: f"]}
    assert evidence.readers == {"workers": ["simulator/tables.py: f"]}


def test_a_function_of_the_expression_language_is_found_by_its_name(tmp_path: Path) -> None:
    root = _tree(tmp_path, "")
    (root / "simulator" / "expressions").mkdir(parents=True)
    (root / "simulator" / "expressions" / "dates.py").write_text(
        'def date_add():\n    """Assumed: the month\'s last day."""\n'
    )
    evidence = read_evidence(root, functions=["DateAdd", "Now"])
    assert evidence.sources == {"DateAdd": ["simulator/expressions/dates.py: date_add"]}
    assert evidence.guesses[0].rules == ("DateAdd",)


def test_proven_rules_leave_the_open_list_and_nothing_else_does(tmp_path: Path) -> None:
    text = '[never]\nENG-001 = "because"\n\n[open]\nids = [\n    "ENG-001",\n    "ENG-002",\n]\n'
    evidence = read_evidence(_tree(tmp_path, '@pytest.mark.rule("ENG-001")\ndef test_it(): ...'))
    assert without_proven(text, evidence) == '[never]\nENG-001 = "because"\n\n[open]\nids = [\n    "ENG-002",\n]\n'


def test_every_code_of_the_references_is_explained() -> None:
    texts = {rule.id: rule.text for rule in read_rules(ROOT / "docs" / "reference")}
    known = {code.name for code in load_codes()}
    prefix = "SystemForCrossDomainIdentityManagement"
    wanted = set(re.findall(r"\b[A-Z]\w*[a-z][A-Z]\w+\b|\bTimeout\b|\bConflict\b", _first_cells(texts["ENG-442"])))
    wanted |= {f"{prefix}{name}" for name in ("BadResponse", "InvalidCredentials", "CredentialValidationFailure")}
    wanted -= {"BadResponse", "InvalidCredentials", "CredentialValidationFailure"}
    wanted |= set(re.findall(r"^\| (\w+)", texts["ENG-444"], re.MULTILINE)) - {"SkipReason"}
    wanted |= set(re.findall(r"^\| (\w+)", texts["ENG-280"], re.MULTILINE)) - {"reason"}
    wanted |= set(re.findall(r"\b[A-Z][a-z]\w+[A-Z]\w+", texts["ENG-443"].partition("[howto")[0]))
    assert len(wanted) > 50
    assert wanted - known == set()


def _first_cells(table: str) -> str:
    return "\n".join(line.split("|")[1] for line in table.splitlines() if line.startswith("|"))


def test_every_code_that_an_error_class_can_log_is_explained() -> None:
    classes = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.TargetError | errors.SourceDataError)
    ]
    assert len(classes) > 15
    assert {kind.code for kind in classes} - {code.name for code in load_codes()} == set()


def test_every_skip_and_quarantine_reason_of_the_model_is_explained() -> None:
    kinds = {code.name: code.kind for code in load_codes()}
    assert {reason.value for reason in SkipReason} - kinds.keys() == set()
    assert {kinds[reason.value] for reason in QuarantineReason} == {"quarantine reason"}


def test_causes_and_remedies_are_sentences_and_name_rules_and_settings_that_exist() -> None:
    ids = {rule.id for rule in read_rules(ROOT / "docs" / "reference")}
    settings = {item.name for item in describe()}
    names = [code.name for code in load_codes()]
    assert len(names) == len(set(names))
    for code in load_codes():
        for sentence in (code.cause, code.remedy):
            assert re.fullmatch(r"['A-Z].{18,}[.]", sentence, re.DOTALL), code.name
            mentioned = re.findall(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b", sentence)
            assert set(mentioned) <= settings, code.name
        assert code.rules
        assert set(code.rules) <= ids, code.name


def test_the_packaged_ledger_has_the_promised_form() -> None:
    entries = json.loads((ROOT / "simulator" / "data" / "fidelity.json").read_text(encoding="utf-8"))
    for entry in entries:
        assert {"id", "status", "title", "tests", "assumed", "setting"} <= entry.keys()
        assert entry["status"] in ("simulated", "not simulated")
        assert (entry["status"] == "simulated") == bool(entry["tests"]) == (entry["reason"] is None)


def test_the_code_of_a_rule_is_broken_in_small_ways_and_type_hints_are_left_alone(tmp_path: Path) -> None:
    source = (
        "def f(x: tuple[int, int]) -> int:\n    if x == (1, 2):\n        return True\n    return 3\n\n"
        "def g():\n    return 0\n"
    )
    (tmp_path / "a.py").write_text(source, encoding="utf-8")
    bodies = [broken(source, spot.position) for spot in spots_of(tmp_path, "a.py: f")]
    heads = [body.partition("\n\ndef g")[0].partition("\n")[2].strip() for body in bodies]
    assert sorted(heads) == sorted(
        [
            "if not x == (1, 2):\n        return True\n    return 3",
            "if x != (1, 2):\n        return True\n    return 3",
            "if x == (1,):\n        return True\n    return 3",
            "if x == (2, 2):\n        return True\n    return 3",
            "if x == (1, 3):\n        return True\n    return 3",
            "if x == (1, 2):\n        return None\n    return 3",
            "if x == (1, 2):\n        return False\n    return 3",
            "if x == (1, 2):\n        return True\n    return None",
            "if x == (1, 2):\n        return True\n    return 4",
        ]
    )


def test_of_a_table_the_rows_of_the_rule_are_broken_or_left_out(tmp_path: Path) -> None:
    source = 'TABLE = {\n    "a": (1, "ENG-001"),\n    "b": (2, "ENG-002"),\n}\n"""What is done. Source: ENG-003."""\n'
    (tmp_path / "a.py").write_text(source, encoding="utf-8")
    tables = [broken_text(source, spot) for spot in spots_of(tmp_path, "a.py: TABLE", "ENG-002")]
    assert "TABLE = {'a': (1, 'ENG-001')}" in [table.partition("\n")[0] for table in tables]
    assert "TABLE = {'a': (1, 'ENG-001'), 'b': (3, 'ENG-002')}" in [table.partition("\n")[0] for table in tables]
    assert all("'a': (1, 'ENG-001')" in table for table in tables)
    assert len(spots_of(tmp_path, "a.py: TABLE", "ENG-003")) > len(tables)  # cited below it: all rows


def test_of_a_file_of_data_the_values_are_broken_and_of_a_page_the_labels(tmp_path: Path) -> None:
    document = '{"rows": [{"name": "x", "on": true, "size": 3, "none": null}]}'
    (tmp_path / "a.json").write_text(document, encoding="utf-8")
    texts = [broken_text(document, spot) for spot in spots_of(tmp_path, "a.json")]
    assert [json.loads(text)["rows"][0] for text in texts] == [
        {"name": "x~", "on": True, "size": 3, "none": None},
        {"name": "x", "on": False, "size": 3, "none": None},
        {"name": "x", "on": True, "size": 4, "none": None},
    ]
    page = "<h1>Overview</h1><p>{{ text }}</p><button>Start provisioning</button>"
    (tmp_path / "a.html").write_text(page, encoding="utf-8")
    assert [broken_text(page, spot) for spot in spots_of(tmp_path, "a.html")] == [
        page.replace("Overview", "Overview~"),
        page.replace("Start provisioning", "Start provisioning~"),
    ]


def test_code_cites_by_ranges_below_tables_and_by_the_files_that_it_reads(tmp_path: Path) -> None:
    root = _tree(tmp_path, "")
    (root / "simulator" / "web" / "templates").mkdir(parents=True)
    (root / "simulator" / "web" / "templates" / "one.html").write_text('{% extends "two.html" %}', encoding="utf-8")
    (root / "simulator" / "web" / "templates" / "two.html").write_text("<p>Two</p>", encoding="utf-8")
    (root / "simulator" / "a.py").write_text(
        'LIMIT = 5\n"""Most.\n\nSource: ENG-001 to ENG-003.\n"""\n\ndef f():\n    """Return it. Source: ENG-009."""\n'
        '    return "data/rows.json", "one.html", "absent.html"\n'
    )
    (root / "scenarios").mkdir()
    (root / "scenarios" / "words.py").write_text('VERBS = ("edit", "ENG-009")\n')
    assert read_evidence(root).sources == {
        **{rule_id: ["simulator/a.py: LIMIT"] for rule_id in ("ENG-001", "ENG-002", "ENG-003")},
        "ENG-009": [
            "simulator/a.py: f",
            "simulator/data/rows.json",
            "simulator/web/templates/one.html",
            "simulator/web/templates/two.html",
        ],
    }


def _proven(rule_id: str, test: str) -> Entry:
    rule = Rule(id=rule_id, document="a.md", section="1")
    return Entry(rule=rule, status="simulated", tests=(test,), code=("code.py: f",), assumed="", settings=())


def test_a_rule_whose_test_notices_no_break_is_named_and_the_exit_code_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "__init__.py").touch()
    (tmp_path / "code.py").write_text("def f():\n    return 3\n", encoding="utf-8")
    (tmp_path / "test_code.py").write_text(
        "from entra_sim.code import f\n\ndef test_bites():\n    assert f() == 3\n\ndef test_sleeps():\n    f()\n",
        encoding="utf-8",
    )
    entries = (_proven("ENG-001", "test_code.py::test_bites"), _proven("ENG-002", "test_code.py::test_sleeps"))
    monkeypatch.setattr(bite, "ROOT", tmp_path)
    monkeypatch.setattr(bite, "build_ledger", lambda root: Ledger(entries=entries, evidence=Evidence(), problems=()))
    whole = CliRunner().invoke(bite.main, [])
    assert whole.exit_code == 1
    assert {"1/2", "2/2"} <= set(whole.stdout.split())
    assert "\n1 of 2 sampled rules are proven" in whole.stdout
    assert whole.stdout.endswith("Not noticed: ENG-002\n")
    assert CliRunner().invoke(bite.main, ["--only", "ENG-001"]).exit_code == 0


def test_a_change_that_makes_the_tests_hang_is_stopped_and_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "__init__.py").touch()
    (tmp_path / "code.py").write_text("def f():\n    while False:\n        pass\n", encoding="utf-8")
    (tmp_path / "test_code.py").write_text(
        "from entra_sim.code import f\n\ndef test_ends():\n    assert f() is None\n", encoding="utf-8"
    )
    entries = (_proven("ENG-001", "test_code.py::test_ends"),)
    monkeypatch.setattr(bite, "ROOT", tmp_path)
    monkeypatch.setattr(bite, "SHORTEST_LIMIT_S", 0)
    monkeypatch.setattr(bite, "TIMES_UNBROKEN", 2)
    monkeypatch.setattr(bite, "build_ledger", lambda root: Ledger(entries=entries, evidence=Evidence(), problems=()))
    whole = CliRunner().invoke(bite.main, ["--changes", "1"])
    assert whole.exit_code == 1
    assert "NONE of 1 changes noticed, 1 hung" in whole.stdout


def test_tests_that_cannot_be_loaded_prove_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "__init__.py").touch()
    (tmp_path / "code.py").write_text("def f():\n    return 3\n", encoding="utf-8")
    (tmp_path / "test_code.py").write_text("from entra_sim.code import g\n", encoding="utf-8")
    entries = (_proven("ENG-001", "test_code.py"),)
    monkeypatch.setattr(bite, "ROOT", tmp_path)
    monkeypatch.setattr(bite, "build_ledger", lambda root: Ledger(entries=entries, evidence=Evidence(), problems=()))
    whole = CliRunner().invoke(bite.main, [])
    assert whole.exit_code == 1
    assert "tests FAIL before anything is changed" in whole.stdout


def test_of_a_rule_that_only_scenarios_cite_their_tests_are_run() -> None:
    path = "scenarios/library/is-soft-deleted-can-feed-another-attribute.yaml"
    (test,) = bite._node_ids(_proven("ENG-001", path))
    name, _, case = test.removesuffix("]").partition("[")
    file, _, function = name.partition("::")
    assert (ROOT / path).stem == case
    assert f"def {function}(" in (ROOT / file).read_text(encoding="utf-8")


def test_every_simulated_rule_of_the_engine_names_the_code_that_can_be_broken(ledger: Ledger) -> None:
    simulated = [entry for entry in ledger.entries if entry.tests and entry.rule.id.startswith("ENG-")]
    assert len(simulated) > 250
    assert [entry.rule.id for entry in simulated if not spots_of_rule(ROOT, entry.rule.id, entry.code)] == []
