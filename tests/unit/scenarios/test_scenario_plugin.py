"""The pytest plug-in, used by another project; and the examples of docs/scenarios.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from entra_sim.scenarios.loader import read_scenario
from entra_sim.scenarios.step_reader import read_step_text
from entra_sim.scenarios.word_list import markdown

pytest_plugins = ["pytester"]

DOCS = Path(__file__).parents[3] / "docs" / "scenarios.md"
STORY = """\
scenario: Ada leaves
tenant:
  users: [{userPrincipalName: ada@contoso.example, displayName: Ada}]
application: {assign: [ada@contoso.example]}
steps:
  - start provisioning
  - disable user: ada@contoso.example
  - advance: 40m
  - expect: {target users: [{userName: ada@contoso.example, active: false}]}
"""
PLUGIN = ("-p", "no:entra_sim", "-p", "entra_sim.scenarios.pytest_plugin")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)


def test_a_folder_of_scenarios_is_collected_as_tests(pytester: pytest.Pytester) -> None:
    folder = pytester.mkdir("stories")
    (folder / "leaver.yaml").write_text(STORY)
    (folder / "wrong.yaml").write_text(STORY.replace("active: false", "active: true"))
    (folder / "broken.yaml").write_text(STORY.replace("steps:", "stepz:"))
    (pytester.path / "other.yaml").write_text("not: a scenario")
    result = pytester.runpytest_subprocess(*PLUGIN, "--scenarios", "stories")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*stories/broken.yaml:5:1: there is no scenario key 'stepz' here*",
            "*stories/wrong.yaml:9:61: target users?0?.active is not as expected",
            "*expected: true",
            "*actual:   false",
        ]
    )
    assert "Traceback" not in result.stdout.str()


def test_scenarios_run_under_xdist(pytester: pytest.Pytester) -> None:
    folder = pytester.mkdir("stories")
    for number in range(4):
        (folder / f"leaver{number}.yaml").write_text(STORY)
    result = pytester.runpytest_subprocess(*PLUGIN, "--scenarios", "stories", "-n", "2")
    result.assert_outcomes(passed=4)


def test_a_folder_that_is_not_there_is_a_usage_error(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess(*PLUGIN, "--scenarios", "nowhere")
    result.stderr.fnmatch_lines(["*--scenarios nowhere: there is no such file or folder"])
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_the_python_example_of_the_documentation_runs(pytester: pytest.Pytester) -> None:
    (example,) = blocks("python")
    pytester.makepyfile(example)
    (pytester.path / "leaver.yaml").write_text(STORY)
    pytester.runpytest_subprocess(*PLUGIN).assert_outcomes(passed=2)


def test_the_yaml_examples_of_the_documentation_are_right() -> None:
    found = blocks("yaml")
    assert len(found) >= 3
    for text in found:
        if text.startswith("scenario:"):
            read_scenario(text, path=Path("docs.yaml"), shown_path="docs.yaml")
        elif text.startswith("exercise:"):
            head = STORY.partition("steps:")[0] + "steps: [start provisioning]\n"
            read_scenario(head + text, path=Path("docs.yaml"), shown_path="docs.yaml")
        elif not text.startswith("#"):
            read_step_text(text)


def test_the_documentation_explains_every_word() -> None:
    assert DOCS.read_text(encoding="utf-8").endswith(markdown())
