"""Scenarios against an endpoint that is not theirs: read over SCIM, residents left alone, tidied, nothing skipped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from click.testing import Result

from entra_sim.cli import root
from entra_sim.scenarios.session import Session
from entra_sim.scenarios.step_reader import read_step_text
from entra_sim.scenarios.world import World
from entra_sim.simulator.errors import UserInputError

STORY = """\
scenario: Ada leaves
tenant:
  users: [{userPrincipalName: ada@contoso.example, displayName: Ada}]
  groups: [{displayName: Tapt people, members: [ada@contoso.example]}]
application: {assign: [Tapt people]}
steps:
  - start provisioning
  - expect:
      target users: {exactly: [{userName: ada@contoso.example, active: true}]}
      target groups: {exactly: [{displayName: Tapt people, members: [ada@contoso.example]}]}
  - disable user: ada@contoso.example
  - advance: 40m
  - expect: {target users: [{userName: ada@contoso.example, active: false}]}
"""
NEEDS_FAULTS = STORY.replace("  - start provisioning\n", "  - fault: {status: 500, times: 1}\n  - start provisioning\n")
NEEDS_TOKEN = STORY.replace("  - expect: {", "  - expect: {tapt token: {state: active}, ")


class Endpoint:
    """Mock Tapt on a socket, used as if it were somebody's own endpoint."""

    def __init__(self, world: World) -> None:
        assert world.tapt is not None
        self.tapt = world.tapt
        self.url = world.tapt_base_url
        self.secret = str(world.tapt.generate_token().secret)
        self._session = Session(world, folder=Path())

    def perform(self, step: str) -> None:
        self._session.perform(read_step_text(step))

    def user_names(self) -> list[str]:
        return [str(user["userName"]) for user in self.tapt.users()]

    def run(self, folder: Path, story: str, *words: str, token: str | None = None) -> Result:
        (folder / "story.yaml").write_text(story, encoding="utf-8")
        files = [str(folder / "story.yaml")]
        env = {"ENTRA_SIM_TOKEN": token or self.secret}
        return CliRunner().invoke(root, ["run", *files, "--target", self.url, *words], env=env, catch_exceptions=False)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with World.open(start=datetime(2026, 1, 5, 9, tzinfo=UTC), transport="http") as world:
        yield Endpoint(world)


def test_a_story_runs_there_and_leaves_nothing(endpoint: Endpoint, tmp_path: Path) -> None:
    for _ in range(2):
        result = endpoint.run(tmp_path, STORY)
        assert result.exit_code == 0, result.output
        assert endpoint.tapt.users() == []
        assert endpoint.tapt.groups() == []


def test_a_failure_shows_what_the_endpoint_holds_and_is_tidied_too(endpoint: Endpoint, tmp_path: Path) -> None:
    result = endpoint.run(tmp_path, STORY.replace("active: false", "active: true"))
    assert result.exit_code == 1
    assert "target users[0].active is not as expected" in result.output
    assert endpoint.tapt.users() == []


def test_residents_are_hidden_and_stay_as_they_are(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.perform("add profile: {userName: kim@elsewhere.example, displayName: Kim, active: true}")
    before = endpoint.tapt.users()
    assert endpoint.run(tmp_path, STORY).exit_code == 0
    assert endpoint.tapt.users() == before


def test_a_resident_of_the_same_name_ends_the_scenario_before_it_begins(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.perform("add profile: {userName: ADA@contoso.example, displayName: The real Ada, active: true}")
    before = endpoint.tapt.users()
    result = endpoint.run(tmp_path, STORY)
    assert result.exit_code == 2
    assert "the target already holds 'ADA@contoso.example'" in result.output
    assert endpoint.tapt.users() == before


def test_a_resident_who_is_matched_on_the_way_is_not_written_to(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.perform("add profile: {userName: bo@contoso.example, displayName: The real Bo, active: true}")
    before = endpoint.tapt.users()
    later = (
        "  - create user: {userPrincipalName: bo@contoso.example, displayName: Bo}\n"
        "  - assign: bo@contoso.example\n"
        "  - advance: 40m\n"
        "  - expect: {logs: [{identity: bo@contoso.example, status: Failure}]}\n"
    )
    result = endpoint.run(tmp_path, STORY + later)
    assert result.exit_code == 0, result.output
    assert endpoint.tapt.users() == before


def test_mock_tapts_address_in_a_file_means_the_endpoint(endpoint: Endpoint, tmp_path: Path) -> None:
    story = STORY.replace(
        "steps:\n", "steps:\n  - save credentials: {url: https://tapt.example/scim/v2, token: wrong}\n"
    )
    steps = story.partition("  - expect:")[0] + "  - expect: {quarantine: {reason: '*'}, requests: [{status: 401}]}\n"
    result = endpoint.run(tmp_path, steps)
    assert result.exit_code == 0, result.output


def test_the_scenarios_dialect_goes_along(endpoint: Endpoint, tmp_path: Path) -> None:
    body = "{Operations: [{op: replace, path: active, value: false}]}"
    flagged = STORY.replace("assign:", "dialect: flagged, assign:").replace(
        "  - expect: {target", f"  - expect: {{requests: [{{method: PATCH, body: {body}}}], target"
    )
    assert endpoint.run(tmp_path, STORY).exit_code == 0
    result = endpoint.run(tmp_path, flagged)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("story", "place", "reason"),
    [
        (NEEDS_FAULTS, "story.yaml:7:5", "'fault' acts inside mock Tapt"),
        (NEEDS_TOKEN, "story.yaml:13:14", "'tapt token' cannot be read over SCIM"),
    ],
)
def test_what_needs_tapts_inside_is_named_and_counted(
    endpoint: Endpoint, tmp_path: Path, story: str, place: str, reason: str
) -> None:
    result = endpoint.run(tmp_path, story)
    assert result.exit_code == 2
    assert "n/a     Ada leaves" in result.output
    assert f"{place}: not applicable to another target: {reason}" in result.output
    assert "1 scenario: 0 passed, 1 not applicable to this target" in result.output


def test_beside_others_it_does_no_harm_and_reports_carry_it(endpoint: Endpoint, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(NEEDS_FAULTS.replace("Ada leaves", "Faults"), encoding="utf-8")
    junit = tmp_path / "junit.xml"
    words = [str(tmp_path / "other.yaml"), "--json", "--fail-fast", "--junit", str(junit)]
    result = endpoint.run(tmp_path, STORY, *words)
    report = json.loads(result.stdout)
    assert (result.exit_code, report["passed"], report["notApplicable"]) == (0, 1, 1)
    suite = ElementTree.parse(junit).getroot()[0]
    assert (suite.get("skipped"), suite.get("failures")) == ("1", "0")
    (skipped,) = suite.iter("skipped")
    assert "'fault' acts inside mock Tapt" in str(skipped.get("message"))


def test_what_cannot_be_removed_is_an_error(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.perform("fault: {method: DELETE, status: 500}")
    result = endpoint.run(tmp_path, STORY)
    assert result.exit_code == 2
    assert "the target keeps what it made: /Groups/" in result.output
    assert "(500)" in result.output


def test_options_that_do_not_fit_are_refused(endpoint: Endpoint, tmp_path: Path) -> None:
    for words, sentence in (
        (["--jobs", "2"], "scenarios would meet each other"),
        (["--http"], "--target and --http exclude each other"),
        (["--update"], "--target and --update exclude each other"),
        (["--token", "x", "--token-file", "y"], "Give --token or --token-file, not both."),
    ):
        with pytest.raises(UserInputError, match=sentence):
            endpoint.run(tmp_path, STORY, *words)
    with pytest.raises(UserInputError, match="--token-file goes with --target URL"):
        CliRunner().invoke(root, ["run", str(tmp_path), "--token-file", "x"], catch_exceptions=False)


def test_a_wrong_token_is_told_once_before_anything_runs(endpoint: Endpoint, tmp_path: Path) -> None:
    with pytest.raises(UserInputError, match="cannot be used: it answered 401; check the token"):
        endpoint.run(tmp_path, STORY, token="wrong")
