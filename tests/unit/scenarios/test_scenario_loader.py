"""Scenario files: what is read, and how mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from entra_sim.scenarios.expectations import NOUNS
from entra_sim.scenarios.loader import load
from entra_sim.scenarios.loader import read_scenario
from entra_sim.scenarios.model import Scenario
from entra_sim.scenarios.problems import ScenarioProblems
from entra_sim.scenarios.spans import instant_text
from entra_sim.scenarios.step_reader import read_step_text
from entra_sim.scenarios.steps import VERBS
from entra_sim.scenarios.template import template
from entra_sim.simulator.errors import UserInputError

STORY = """\
scenario: Unassigning a person disables the account
why: Access ends when the assignment ends.
rules: [ENG-186]
tenant:
  users:
    - {userPrincipalName: ada@contoso.example, displayName: Ada Park, employeeId: 0042, department: Research}
    - {userPrincipalName: bo@contoso.example, displayName: Bo, manager: ada@contoso.example}
  groups:
    - {displayName: Tapt people, members: [ada@contoso.example]}
application:
  groups: disabled
  assign: [Tapt people, {principal: bo@contoso.example, role: User}]
steps:
  - start provisioning
  - advance: 40m
  - expect:
      target users: [{userName: ada@contoso.example, active: true}]
  - unassign: Tapt people
  - expect: {requests: none, since: start}
"""


def read(text: str) -> Scenario:
    return read_scenario(text, path=Path("story.yaml"), shown_path="story.yaml")


def mistakes(text: str) -> list[str]:
    with pytest.raises(ScenarioProblems) as caught:
        read(text)
    return str(caught.value).splitlines()


def test_a_story_is_read() -> None:
    scenario = read(STORY)
    assert scenario.title == "Unassigning a person disables the account"
    assert instant_text(scenario.start) == "2026-01-05T09:00:00Z"
    assert scenario.tenant.users[0]["employeeId"] == "0042"
    assert scenario.applications[0].assign == (("Tapt people", None), ("bo@contoso.example", "User"))
    assert scenario.applications[0].name == "Tapt Integration"
    assert not scenario.applications[0].groups
    assert [step.text for step in scenario.steps] == [
        "start provisioning",
        "advance: 40m",
        "expect",
        "unassign: Tapt people",
        "expect",
    ]
    assert scenario.steps[4].expectations[0].since_start


@pytest.mark.parametrize(
    ("right", "wrong", "place", "words"),
    [
        ("why:", "wy:", "2:1", "did you mean 'why'? Allowed: application,"),
        ("department:", "departmnt:", "6:89", "did you mean 'department'?"),
        ("department:", "officeLocation:", "6:89", "calls it 'physicalDeliveryOfficeName'"),
        ("unassign: Tapt", "unassing: Tapt", "18:5", "did you mean 'unassign'?"),
        ("  - start provisioning", "  - start provisionning", "14:5", "did you mean 'start provisioning'?"),
        ("  - start provisioning", "  - unassign", "14:5", "needs something after a colon: unassign: Tapt people"),
        ("  - start provisioning", "  - start provisioning: now", "14:5", "stands alone, without a colon"),
        ("  - start provisioning", "  - {start provisioning: , advance: 1m}", "14:28", "begin a new step"),
        ("advance: 40m", "advance: forty", "15:14", "'forty' stands where a span of time such as 40m"),
        ("advance: 40m", "advance: [40m]", "15:14", "a list stands where a span"),
        ("target users:", "target user:", "17:7", "did you mean 'target users'?"),
        ("target users: [", "target users: {userName: ada, x: [", "17:22", "put [ ] round it"),
        ("groups: disabled", "groups: off", "11:11", "allowed: disabled, enabled"),
        ("[Tapt people,", "[Tapt peple,", "12:12", "no user or group 'Tapt peple'; did you mean 'Tapt people'?"),
        ("manager: ada@", "manager: eda@", "7:73", "no user 'eda@contoso.example'; did you mean 'ada@"),
        ("bo@contoso.example, displayName", "ADA@contoso.example, displayName", "7:7", "a second time; the first"),
        ("rules: [ENG-186]", "rules: [ENG186]", "3:9", "'ENG186' is no rule id"),
        ("since: start", "since: now", "19:37", "'since' can only be 'start'"),
        ("requests: none", "requests: nothing", "19:24", "needs a list or none"),
        ("why: Access ends", "settings: {workerz: 2}\nwhy: Access ends", "2:12", "did you mean 'workers'?"),
        ("why: Access ends", "settings: {workers: many}\nwhy: Access ends", "2:12", "needs a whole number"),
        ("why: Access ends", "clock: noon\nwhy: Access ends", "2:8", "an instant such as"),
    ],
)
def test_a_mistake_is_told_with_place_nearest_word_and_what_is_allowed(
    right: str, wrong: str, place: str, words: str
) -> None:
    assert right in STORY
    changed = STORY.replace(right, wrong, 1)
    if wrong.endswith("x: ["):
        changed = changed.replace("active: true}]", "active: true}]}")
    lines = mistakes(changed)
    assert lines[0].startswith(f"story.yaml:{place}: "), lines
    assert words in lines[0]


def test_all_mistakes_are_told_in_one_go_in_the_order_of_the_file() -> None:
    text = STORY.replace("department:", "dept:").replace("unassign:", "unassing:").replace("40m", "40x")
    lines = mistakes(text)
    assert [line.split(":")[1] for line in lines] == ["6", "15", "18"]


def test_missing_parts_are_named() -> None:
    assert "the scenario key 'scenario' is missing" in mistakes("steps: [start provisioning]")[0]
    assert "the scenario key 'steps' is missing" in mistakes("scenario: Nothing")[0]
    assert "begins with 'scenario: ...'" in mistakes("- start provisioning")[0]


def test_a_file_that_is_not_there_or_not_text_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserInputError, match="cannot be read: No such file"):
        load(tmp_path / "nothing.yaml", "nothing.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"scenario: Bj\xf8rn\n")
    with pytest.raises(UserInputError, match="not UTF-8 text"):
        load(tmp_path / "latin.yaml", "latin.yaml")


@pytest.mark.parametrize("name", VERBS)
def test_the_example_of_every_step_is_a_step(name: str) -> None:
    step = read_step_text(VERBS[name].example)
    assert step.verb is VERBS[name]


@pytest.mark.parametrize("name", NOUNS)
def test_the_example_of_every_expectation_is_one(name: str) -> None:
    step = read_step_text(f"expect:\n  {NOUNS[name].example}")
    assert [expectation.noun.name for expectation in step.expectations] == [name]


@pytest.mark.parametrize(
    ("clause", "words"),
    [
        ("department EQUALZ Research", "did you mean 'EQUALS'?"),
        ("department EQUALS", "needs a value after it"),
        ("department IS NULL x", "takes no value"),
        ("department", "there is no scoping operator 'department'"),
    ],
)
def test_a_wrong_scoping_clause_is_told(clause: str, words: str) -> None:
    with pytest.raises(ScenarioProblems) as caught:
        read_step_text(f"set scoping filters: {{users: [{{title: T, clauses: [{clause}]}}]}}")
    assert words in str(caught.value)


def test_clauses_are_read_with_the_longest_operator() -> None:
    step = read_step_text("set scoping filters: {users: [{title: T, clauses: [department NOT REGEX MATCH ^a b$]}]}")
    assert step.argument["users"][0]["clauses"] == (("department", "NOT REGEX MATCH", "^a b$"),)


def test_secrets_are_not_shown_in_the_text_of_a_step() -> None:
    step = read_step_text("save credentials: {url: https://x.example/scim, token: hush}")
    assert "hush" not in step.text
    assert step.argument["token"] == "hush"


def test_the_template_is_a_scenario() -> None:
    text = template(name="leaver", title='A "leaver": what happens')
    assert read(text).title == 'A "leaver": what happens'


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        ("- wait: 40m", "there is no step 'wait' here; did you mean 'advance'?"),
        ("- change user: {ada@contoso.example: {title: x}}", "did you mean 'edit user'?"),
        ("- expect: {users: none}", "there is no expectation 'users' here; did you mean 'target users'?"),
        (
            "- set scoping filters: {users: department EQUALS Sales}",
            "is needed; for example: set scoping filters: {users: [{title: Research,",
        ),
        ("- edit user: ada@contoso.example\n      department: Sales", "need a line above them that ends in a colon"),
    ],
)
def test_what_a_newcomer_writes_first_is_told_how_it_is_written(steps: str, sentence: str) -> None:
    with pytest.raises(UserInputError) as mistakes:
        read_scenario(f"scenario: A story\nsteps:\n  {steps}\n", path=Path("a.yaml"), shown_path="a.yaml")
    assert sentence in str(mistakes.value)


def test_a_step_that_stands_outside_the_steps_is_told_where_it_belongs() -> None:
    text = "scenario: A story\napplication: {scoping filter: x}\nassign: ada\nsteps: [start provisioning]\n"
    with pytest.raises(UserInputError) as mistakes:
        read_scenario(text, path=Path("a.yaml"), shown_path="a.yaml")
    assert "'set scoping filters' is a step: put it under 'steps'" in str(mistakes.value)
    assert "'assign' is a step: put it under 'steps'" in str(mistakes.value)
