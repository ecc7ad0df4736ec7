"""`run`, `scenario` and `demo` as somebody at a terminal uses them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from click.testing import Result

from entra_sim.cli import root
from entra_sim.simulator.errors import SimulatorError

STORY = """\
scenario: Ada gets an account
tenant:
  users: [{userPrincipalName: ada@contoso.example, displayName: Ada}]
application: {assign: [ada@contoso.example]}
steps:
  - start provisioning
  - expect: {target users: [{userName: ada@contoso.example, active: true}]}
"""


def entra_sim(*arguments: str) -> Result:
    result = CliRunner().invoke(root, list(arguments))
    if isinstance(result.exception, SimulatorError):
        result.exit_code = result.exception.exit_code
    return result


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_of_stories_runs_and_writes_reports(folder: Path) -> None:
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "good.yaml").write_text(STORY)
    (folder / "scenarios" / "bad.yaml").write_text(STORY.replace("active: true", "active: false"))
    result = entra_sim("run", "--junit", "out/j.xml", "--report", "out/r.html", "--transcript", "out/t")
    assert result.exit_code == 1
    assert "scenarios/bad.yaml:7:61: target users[0].active is not as expected" in result.output
    assert "expected: false" in result.output
    assert result.output.endswith("s\n")
    assert "2 scenarios: 1 passed, 1 failed" in result.output
    assert (folder / "out/j.xml").read_text().startswith("<?xml")
    assert (folder / "out/r.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert sorted(path.name for path in (folder / "out/t").iterdir()) == ["bad.transcript", "good.transcript"]


def test_a_wrong_file_is_told_with_its_place_and_exit_code_2(folder: Path) -> None:
    Path("story.yaml").write_text(STORY.replace("assign", "asign").replace("start provisioning", "start provisionin"))
    result = entra_sim("run", "story.yaml")
    assert result.exit_code == 2
    assert "story.yaml:4:15: there is no application key 'asign' here; did you mean 'assign'?" in result.output
    assert (
        "story.yaml:6:5: there is no step 'start provisionin' here; did you mean 'start provisioning'?" in result.output
    )
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run",), "there is no folder ./scenarios here"),
        (("run", "nowhere.yaml"), "there is no such file or folder"),
        (("run", "--library", "-k", "no such words"), "has 'no such words' in its name or title"),
        (("run", "--library", "--set", "workerz=2"), "did you mean 'workers'?"),
        (("run", "--library", "--set", "workers"), "write NAME=VALUE"),
        (("scenario", "words", "fly to the moon"), "no step or expectation has"),
    ],
)
def test_wrong_options_are_one_sentence(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    result = entra_sim(*arguments)
    assert result.exit_code == 2
    assert words in str(result.exception)


def test_a_stored_transcript_is_compared_and_update_accepts_it(folder: Path) -> None:
    Path("story.yaml").write_text(STORY)
    assert entra_sim("run", "story.yaml", "--update").exit_code == 0
    accepted = Path("story.transcript")
    assert b"\r" not in accepted.read_bytes()
    assert entra_sim("run", "story.yaml").exit_code == 0
    accepted.write_text(accepted.read_text().replace("Create / Success", "Create / Failure"))
    result = entra_sim("run", "story.yaml")
    assert result.exit_code == 1
    assert "the transcript is not the accepted one; --update accepts it" in result.output
    assert "+:: 2026-01-05T09:00:00Z Create / Success" in result.output


def test_fail_fast_runs_no_further_story(folder: Path) -> None:
    for name in ("a", "b", "c"):
        Path(f"{name}.yaml").write_text(STORY.replace("active: true", "active: false"))
    result = entra_sim("run", ".", "--fail-fast")
    assert "3 scenarios: 0 passed, 1 failed, 2 not run" in result.output


def test_json_is_the_only_output_when_asked_for(folder: Path) -> None:
    Path("story.yaml").write_text(STORY)
    assert json.loads(entra_sim("run", "story.yaml", "--json").output)["passed"] == 1


def test_a_new_scenario_is_valid_and_passes_as_it_is(folder: Path) -> None:
    result = entra_sim("scenario", "new", "A contractor's account is disabled: at once")
    assert result.exit_code == 0
    name = "a-contractors-account-is-disabled-at-once.yaml"
    assert name in result.output
    assert entra_sim("scenario", "validate", name).output == "1 file, no mistakes\n"
    run = entra_sim("run", name)
    assert run.exit_code == 0, run.output
    again = entra_sim("scenario", "new", "A contractor's account is disabled: at once")
    assert again.exit_code == 2
    assert "exists already" in str(again.exception)


def test_validate_tells_all_mistakes_of_all_files(folder: Path) -> None:
    Path("one.yaml").write_text(STORY.replace("steps:", "stepz:"))
    Path("two.yaml").write_text("a: [")
    result = entra_sim("scenario", "validate", ".")
    assert result.exit_code == 2
    assert "one.yaml:5:1: there is no scenario key 'stepz'" in result.output
    assert "two.yaml:" in result.output
    assert "2 files, 3 mistakes" in result.output


def test_the_schema_names_every_step_and_expectation() -> None:
    from entra_sim.scenarios.expectations import NOUNS
    from entra_sim.scenarios.steps import VERBS

    schema = json.loads(entra_sim("scenario", "schema").output)
    assert set(VERBS) < set(schema["$defs"]["step"]["anyOf"][1]["properties"])
    assert set(NOUNS) < set(schema["$defs"]["expect"]["properties"])
    assert schema["required"] == ["scenario", "steps"]


def test_the_library_is_listed_with_its_purpose() -> None:
    result = entra_sim("scenario", "list", "-k", "tutorial")
    assert "library/tapt-tutorial.yaml (guide)" in result.output
    assert "Configure Tapt for automatic user provisioning" in result.output


def test_words_are_explained() -> None:
    result = entra_sim("scenario", "words", "advance")
    assert "Let time pass" in result.output
    assert "- advance: 40m" in result.output


def python(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "entra_sim.cli", *arguments]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUNBUFFERED": "1"}


def test_the_demo_tells_the_tutorial_over_http_and_is_plain_when_piped() -> None:
    done = subprocess.run(python("demo"), capture_output=True, text=True, env=environment(), timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    for words in (
        "Mock Tapt answers at 127.0.0.1:",
        "The supplied credentials are authorized to enable provisioning",
        "Create / Success  ada.park@contoso.example",
        "401",
        "quarantine, EncounteredQuarantineException",
        "What Tapt holds now",
        "Mia O'Connor",
        "How to go on",
    ):
        assert words in done.stdout, words


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_in_the_demo_leaves_no_traceback() -> None:
    with subprocess.Popen(
        python("demo"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if "2. In Tapt" in line:
                break
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        errors = process.stderr.read()
        assert process.wait(timeout=20) == 130, rest + errors
    assert "Traceback" not in rest + errors
    assert "nothing is left running" in errors


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_in_a_parallel_run_ends_the_workers(folder: Path) -> None:
    slow = STORY.replace("  - expect", "  - advance: 5 years\n  - expect")
    for number in range(4):
        Path(f"story{number}.yaml").write_text(STORY if number == 0 else slow)
    with subprocess.Popen(
        python("run", ".", "--jobs", "2"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("ok")
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=30)
    assert process.returncode == 130, rest + errors
    assert "Traceback" not in errors
    assert "nothing is left running" in errors
