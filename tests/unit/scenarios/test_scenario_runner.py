"""How a run ends: the first difference with its place, refusals, windows, exercises."""

from __future__ import annotations

from pathlib import Path

import pytest

from entra_sim.scenarios.loader import read_scenario
from entra_sim.scenarios.outcome import Outcome
from entra_sim.scenarios.outcome import ScenarioOutcome
from entra_sim.scenarios.prepared import prepared_session
from entra_sim.scenarios.runner import run
from entra_sim.scenarios.step_reader import read_step_text
from entra_sim.simulator.errors import NotFound

HEAD = """\
scenario: A story
tenant:
  users:
    - {userPrincipalName: ada@contoso.example, displayName: Ada Park}
    - {userPrincipalName: bo@contoso.example, displayName: Bo Berg}
application:
  groups: disabled
  assign: [ada@contoso.example]
steps:
"""


def outcome_of(steps: str) -> ScenarioOutcome:
    return run(read_scenario(HEAD + steps, path=Path("story.yaml"), shown_path="story.yaml"))


def test_a_wrong_expectation_shows_expected_actual_place_and_what_stood_before() -> None:
    outcome = outcome_of(
        "  - start provisioning\n"
        "  - expect:\n"
        "      target users:\n"
        "        - userName: ada@contoso.example\n"
        "          displayName: Ada Queen\n"
        "  - stop provisioning\n"
    )
    failure = outcome.failure
    assert outcome.outcome is Outcome.FAILED
    assert failure is not None
    assert failure.where == "story.yaml:14:11"
    assert failure.subject == "target users[0].displayName"
    assert (failure.expected, failure.actual) == ("Ada Queen", "Ada Park")
    assert any("POST {target}/Users" in line for line in failure.context)
    assert [step.outcome for step in outcome.steps] == [Outcome.PASSED, Outcome.FAILED, Outcome.NOT_RUN]


def test_records_count_since_the_previous_expect() -> None:
    outcome = outcome_of(
        "  - start provisioning\n"
        "  - expect: {requests: [{method: POST}]}\n"
        "  - expect: {requests: none, logs: none}\n"
        "  - expect: {requests: [{method: POST}], since: start}\n"
        "  - advance: 40m\n"
        "  - expect: {requests: [{method: POST}]}\n"
    )
    assert outcome.failure is not None
    assert outcome.failure.where.startswith("story.yaml:15:")


def test_a_refused_step_is_an_error_unless_the_story_says_so() -> None:
    wrong = outcome_of("  - allow deletes\n")
    assert wrong.outcome is Outcome.ERROR
    assert wrong.failure is not None
    assert wrong.failure.where == "story.yaml:10:5"
    assert "No deletes are held" in wrong.failure.message
    assert outcome_of("  - {allow deletes: , refused: 'No deletes are held*'}\n").outcome is Outcome.PASSED
    other = outcome_of("  - {allow deletes: , refused: 'No way'}\n")
    assert other.outcome is Outcome.FAILED
    assert other.failure is not None
    assert other.failure.expected == "No way"
    not_refused = outcome_of("  - {start provisioning: , refused: '*'}\n")
    assert not_refused.failure is not None
    assert not_refused.failure.actual == "no refusal"


def test_done_when_looks_at_what_the_step_itself_brought_about() -> None:
    good = "  - {start provisioning: , done when: {logs: [{action: Create, status: Success}]}}\n"
    assert outcome_of(good).outcome is Outcome.PASSED
    late = good + "  - {advance: 40m, done when: {logs: [{action: Create}]}}\n"
    assert outcome_of(late).outcome is Outcome.FAILED


def test_a_set_up_that_cannot_be_is_told_at_the_application() -> None:
    text = HEAD.replace("groups: disabled", "target: {url: 'no url', token: x}") + "  - start provisioning\n"
    outcome = run(read_scenario(text, path=Path("story.yaml"), shown_path="story.yaml"))
    assert outcome.outcome is Outcome.ERROR
    assert outcome.failure is not None
    assert outcome.failure.where.startswith("story.yaml:7:")


EXERCISE = (
    "  - start provisioning\n"
    "exercise:\n"
    "  task: Give Bo an account.\n"
    "  done when: {target users: [{userName: %s}]}\n"
    "  solution: [%s, {advance: 40m}]\n"
)


@pytest.mark.parametrize(
    ("done", "solution", "ends"),
    [
        ("bo@contoso.example", "{assign: bo@contoso.example}", Outcome.PASSED),
        ("bo@contoso.example", "{disable user: bo@contoso.example}", Outcome.FAILED),
        ("ada@contoso.example", "{assign: bo@contoso.example}", Outcome.FAILED),
    ],
    ids=["solved by its solution", "not solved", "solved beforehand"],
)
def test_an_exercise_is_broken_first_and_solved_by_its_solution(done: str, solution: str, ends: Outcome) -> None:
    assert outcome_of(EXERCISE % (done, solution)).outcome is ends


def test_a_transcript_holds_every_exchange_and_no_secret() -> None:
    outcome = outcome_of(
        "  - generate token\n  - save credentials: tapt\n  - start provisioning\n  - advance: 3 days\n"
    )
    text = outcome.transcript
    assert ">> 2026-01-05T09:00:00Z POST {target}/Users" in text
    assert ":: 2026-01-05T09:00:00Z Create / Success  ada@contoso.example" in text
    assert "## 2026-01-05T09:00:00Z + ada@contoso.example (active)" in text
    assert "108 cycles with nothing to do, the last at 2026-01-08T09:00:00Z" in text
    assert "tapt_" not in text
    assert "127.0.0.1" not in text


def test_a_prepared_world_stands_where_the_story_ends(tmp_path: Path) -> None:
    story = tmp_path / "story.yaml"
    story.write_text(HEAD + "  - start provisioning\n  - expect: {target users: none}\n")
    with prepared_session(story) as session:
        assert [user["userName"] for user in session.tapt.users()] == ["ada@contoso.example"]
        session.perform(read_step_text("assign: bo@contoso.example"))
        session.perform(read_step_text("advance: 40m"))
        assert len(session.tapt.users()) == 2
        with pytest.raises(NotFound, match=r"bo@contoso\.exampel"):
            session.perform(read_step_text("unassign: bo@contoso.exampel"))
    with prepared_session(story, steps=False, clock="2027-05-01") as session:
        assert session.tapt.users() == []
        assert session.world.clock.now().year == 2027


def test_people_of_a_csv_file_are_in_the_tenant(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(
        "userPrincipalName,displayName,department\n"
        "ada@contoso.example,Ada Ærlig,Research\n"
        "bo@contoso.example,Bo O'Hara,\n",
        encoding="utf-8",
    )
    text = (
        "scenario: From a file\ntenant: {csv: people.csv}\napplication: {scope: all, groups: disabled}\n"
        "steps:\n  - start provisioning\n  - expect:\n      target users:\n        exactly:\n"
        "          - {userName: ada@contoso.example, displayName: Ada Ærlig, department: Research}\n"
        "          - {userName: bo@contoso.example, displayName: Bo O'Hara, department: null}\n"
    )
    outcome = run(read_scenario(text, path=tmp_path / "story.yaml", shown_path="story.yaml"))
    assert outcome.outcome is Outcome.PASSED, outcome.failure


def test_a_skip_stands_behind_the_probe_of_its_cycle() -> None:
    change = "  - edit user: {bo@contoso.example: {city: Oslo}}\n"
    outcome = outcome_of(f"  - start provisioning\n{change}  - advance: 40m\n")
    kinds = [event.kind for event in outcome.events if event.kind in ("cycle", "request", "log")]
    assert kinds == ["cycle", "request", "request", "request", "log", "log", "cycle", "request", "log"]
