"""Whole walks: mock Tapt lenient and strict, stopping, accepting, throughput, a schema of one's own."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from collections.abc import Iterator
from datetime import UTC
from datetime import date
from datetime import datetime
from typing import Any

import pytest
import tiny_scim
from check_walk import TOKEN
from check_walk import endpoint_of
from check_walk import runner_of
from tiny_scim import TinyScim

from entra_sim.mock_tapt import Tapt
from entra_sim.scenarios.serving import Server
from entra_sim.simulator.checking.acceptance import Acceptance
from entra_sim.simulator.checking.acceptance import Acceptances
from entra_sim.simulator.checking.catalogue import all_ids
from entra_sim.simulator.checking.catalogue import catalogue
from entra_sim.simulator.checking.results import CheckReport
from entra_sim.simulator.checking.results import Severity
from entra_sim.simulator.checking.results import Verdict
from entra_sim.simulator.checking.runner import CheckOptions
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.ids import CountedIds
from entra_sim.simulator.service.schemas import template_schema

Walk = Callable[..., CheckReport]


@pytest.fixture
def make_tapt() -> Iterator[Callable[..., Tapt]]:
    made: list[Tapt] = []

    def make(*, strict: bool = False) -> Tapt:
        tapt = Tapt.open(
            now=lambda: datetime(2026, 1, 5, 9, tzinfo=UTC),
            wait=lambda seconds: None,
            new_id=CountedIds(side=1).new,
            public_url=None,
            strict=strict,
        )
        tapt.preset_token(TOKEN)
        made.append(tapt)
        return tapt

    yield make
    for tapt in made:
        tapt.close()


def not_passed(report: CheckReport) -> list[str]:
    return [result.check_id for result in report.results if result.verdict is not Verdict.PASSED]


@pytest.mark.rule("WIRE-061", "WIRE-068", "WIRE-105", "WIRE-108", "ENG-153")
@pytest.mark.parametrize("way", ["in process", "http"])
def test_mock_tapt_passes_everything(walk: Walk, make_tapt: Callable[..., Tapt], way: str) -> None:
    tapt = make_tapt()
    tapt.add_profile({"userName": "real@contoso.example"})
    before = (tapt.users(), tapt.groups())
    if way == "http":
        server = Server(tapt.wsgi)
        try:
            report = walk(f"{server.url}/scim/v2")
        finally:
            server.close()
    else:
        report = walk(tapt_app(tapt))
    assert not_passed(report) == []
    assert [verdict.word for verdict in report.verdicts] == ["works"] * 3
    passed, run = report.validator
    assert passed == run > 30
    assert (tapt.users(), tapt.groups()) == before
    assert report.leftovers == ()


def tapt_app(tapt: Tapt) -> Any:
    """Return Tapt's app under the path that the in-process endpoint uses."""

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        moved = environ["PATH_INFO"].replace("/scim/", "/scim/v2/", 1)
        return tapt.wsgi({**environ, "PATH_INFO": moved}, start_response)

    return app


@pytest.mark.rule("QRK-02", "QRK-05", "QRK-10", "QRK-12", "SRV-046")
def test_strict_mock_tapt_shows_what_the_letter_of_the_rfc_costs(walk: Walk, make_tapt: Callable[..., Tapt]) -> None:
    report = walk(tapt_app(make_tapt(strict=True)))
    breaking = {
        result.check_id
        for result in report.results
        for finding in result.findings
        if finding.severity is Severity.BREAKS
    }
    assert breaking == {
        "default-add-typed",
        "default-add-all",
        "default-manager",
        "default-disable",
        "flagged-add-typed",
        "flagged-add-all",
        "flagged-manager",
        "group-remove-default",
    }
    blocked = [result for result in report.results if result.check_id == "default-enable"]
    assert blocked[0].verdict is Verdict.BLOCKED
    assert blocked[0].why == 'an earlier step failed: Disable with the text "False"'
    assert report.fails(Severity.BREAKS)


@pytest.mark.parametrize(
    "name",
    [
        "Create a new User",
        "Filter for an existing user with a different case",
        "Patch User - Replace Attributes Verbose Request",
        "Patch User - Disable User",
        "Patch User - Remove Manager",
        "Get group by id excluding members",
        "Patch Group - Remove Member",
        "Delete the same User twice (preview)",
    ],
)
def test_the_published_validators_tests_are_there_by_name(name: str) -> None:
    assert any(name in check.validator_tests for check in catalogue(has_groups=True))


def test_every_check_has_its_own_id_rules_needs_and_fix() -> None:
    checks = catalogue(has_groups=True)
    assert len({check.check_id for check in checks}) == len(checks)
    seen: set[str] = set()
    for check in checks:
        assert check.rules, check.check_id
        assert check.needs, check.check_id
        assert check.fix, check.check_id
        assert set(check.after) <= seen, f"{check.check_id} stands before what it builds on"
        seen.add(check.check_id)


def test_without_groups_nothing_is_asked_of_groups(walk: Walk) -> None:
    server = TinyScim()
    report = walk(server, has_groups=False)
    assert not [path for _method, path in server.requests if "/Groups" in path]
    assert [verdict.word for verdict in report.verdicts] == ["works", "works", "not checked"]
    assert not report.fails(Severity.COSMETIC)


def test_every_name_that_is_made_bears_the_mark_and_the_domain(walk: Walk) -> None:
    made: list[dict[str, Any]] = []

    class Keeps(TinyScim):
        def stored(self, kind: str, resource: dict[str, Any]) -> dict[str, Any]:
            made.append({"kind": kind, **resource})
            return super().stored(kind, resource)

    walk(Keeps(), domain="people.example")
    assert len(made) > 100
    for resource in made:
        name = resource["userName" if resource["kind"] == "Users" else "displayName"]
        assert "entra-sim-check-t1-" in name.lower()
        assert resource["kind"] == "Groups" or name.endswith("@people.example")


@pytest.mark.parametrize("after", [1, 2, 40, 200, 400])
def test_whatever_moment_it_is_stopped_at_nothing_is_left(after: int) -> None:
    server = TinyScim()
    runner = runner_of(endpoint_of(server))
    server.screen = lambda environ: runner.stop() if len(server.requests) >= after else None  # type: ignore[method-assign]
    report = runner.walk()
    assert not report.is_complete
    assert len(report.results) < len(all_ids())
    assert server.stores == {"Users": {}, "Groups": {}}
    assert {verdict.word for verdict in report.verdicts} == {"unknown"}


def test_a_create_whose_answer_was_lost_is_taken_away_too() -> None:
    class LosesAnswers(TinyScim):
        def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
            answer = super().__call__(environ, start_response)
            if environ["REQUEST_METHOD"] == "POST":
                environ["entra_sim.cut"] = True
            return answer

    server = LosesAnswers()
    report = runner_of(endpoint_of(server)).walk()
    assert server.stores == {"Users": {}, "Groups": {}}
    assert any(result.verdict is Verdict.FAILED for result in report.results)


def test_what_cannot_be_removed_is_named(walk: Walk) -> None:
    class NeverDeletes(TinyScim):
        def answer(self, method: str, *rest: Any) -> Any:
            if method == "DELETE":
                raise tiny_scim.Refused(405)
            return super().answer(method, *rest)

    server = NeverDeletes()
    report = walk(server)
    left = {f"/{kind}/{name}" for kind, store in server.stores.items() for name in store}
    assert left
    assert set(report.leftovers) == left


def test_an_accepted_deviation_does_not_count_until_its_day_is_over() -> None:
    def walked(until: date) -> CheckReport:
        entries = (Acceptance(check_id="match-other-case", reason="ticket 12", until=until),)
        options = CheckOptions(domain="check.example", has_load=False, acceptances=Acceptances(entries=entries))
        return runner_of(endpoint_of(tiny_scim.CaseSensitiveUserName()), options).walk()

    valid = walked(date(2026, 1, 5))
    accepted = next(result for result in valid.results if result.check_id == "match-other-case")
    assert accepted.accepted == "ticket 12 (until 2026-01-05)"
    assert accepted.findings
    assert valid.verdicts[0].word == "works"
    assert not valid.fails(Severity.BREAKS)
    over = walked(date(2026, 1, 4))
    expired = next(result for result in over.results if result.check_id == "match-other-case")
    assert (expired.accepted, expired.expired) == ("", "was accepted until 2026-01-04: ticket 12")
    assert over.fails(Severity.BREAKS)


def test_what_cannot_be_tested_because_of_an_accepted_deviation_does_not_count_either(
    make_tapt: Callable[..., Tapt],
) -> None:
    strict = make_tapt(strict=True)
    names = ["default-disable", "default-add-typed", "default-add-all", "default-manager", "group-remove-default"]
    names += ["flagged-add-typed", "flagged-add-all", "flagged-manager"]
    entries = tuple(Acceptance(check_id=name, reason="strict", until=date(2026, 2, 1)) for name in names)
    options = CheckOptions(domain="check.example", has_load=False, acceptances=Acceptances(entries=entries))
    report = runner_of(endpoint_of(tapt_app(strict)), options).walk()
    blocked = [result for result in report.results if result.verdict is Verdict.BLOCKED and not result.validator_tests]
    assert {result.check_id for result in blocked} == {"default-enable", "default-soft-delete"}
    assert all(result.accepted == "strict (until 2026-02-01)" for result in blocked)
    assert report.verdicts[0].word == "cosmetic"


@pytest.mark.rule("SRV-006")
def test_a_limit_on_requests_is_waited_for_and_is_no_finding_of_the_walk() -> None:
    pauses: list[float] = []

    class Limits(TinyScim):
        def screen(self, environ: dict[str, Any]) -> None:
            if len(self.requests) % 10 == 0:
                raise tiny_scim.Refused(429)

    server = Limits()
    report = runner_of(endpoint_of(server), pause=pauses.append).walk()
    assert not_passed(report) == []
    assert len(pauses) > 50
    assert set(pauses) == {1.0}


@pytest.mark.rule("WIRE-042", "SRV-006")
def test_25_requests_a_second_are_sent_and_429_is_a_finding() -> None:
    class Throttles(TinyScim):
        def __init__(self) -> None:
            super().__init__()
            self.poured = 0
            self.lock = threading.Lock()

        def screen(self, environ: dict[str, Any]) -> None:
            if "-load%40" in environ["QUERY_STRING"]:
                with self.lock:
                    self.poured += 1
                if self.poured > 20:
                    raise tiny_scim.Refused(429)

    server = Throttles()
    options = CheckOptions(domain="check.example", load_s=1.0, has_groups=False)
    report = runner_of(endpoint_of(server), options).walk()
    result = report.results[-1]
    assert server.poured == 25
    assert result.check_id == "throughput"
    assert result.findings[0].what.startswith("5 of 25 requests were answered with 429 at 25 requests a second")
    assert result.findings[0].severity is Severity.LOSES


def test_a_schema_of_ones_own_is_what_is_sent() -> None:
    schema = copy.deepcopy(template_schema("check"))
    (rule,) = schema["synchronizationRules"]
    users = next(item for item in rule["objectMappings"] if item["sourceObjectName"] == "User")
    kept = {"userName", "active", "displayName", "externalId"}
    users["attributeMappings"] = [row for row in users["attributeMappings"] if row["targetAttributeName"] in kept]
    seen: list[dict[str, Any]] = []

    class Keeps(TinyScim):
        def stored(self, kind: str, resource: dict[str, Any]) -> dict[str, Any]:
            seen.append(resource)
            return super().stored(kind, resource)

    report = runner_of(endpoint_of(Keeps()), schema=schema).walk()
    by_id = {result.check_id: result for result in report.results}
    assert by_id["default-replace-typed"].verdict is Verdict.SKIPPED
    assert by_id["default-manager"].verdict is Verdict.SKIPPED
    assert by_id["default-replace-simple"].verdict is Verdict.PASSED
    assert not [item for item in seen if "emails" in item and "-v-" not in item["userName"]]


@pytest.mark.rule("WIRE-033", "ENG-160")
def test_matching_by_another_attribute_is_followed() -> None:
    schema = copy.deepcopy(template_schema("check"))
    users = next(
        item for item in schema["synchronizationRules"][0]["objectMappings"] if item["sourceObjectName"] == "User"
    )
    rows = {row["targetAttributeName"]: row for row in users["attributeMappings"]}
    rows["userName"]["source"] = {"expression": "[employeeId]", "name": "employeeId", "type": "Attribute"}
    rows["userName"]["matchingPriority"] = 0
    rows["externalId"]["matchingPriority"] = 1
    server = TinyScim()
    report = runner_of(endpoint_of(server), schema=schema).walk()
    by_id = {result.check_id: result for result in report.results}
    skipped = {result.check_id for result in report.results if result.verdict is Verdict.SKIPPED}
    assert skipped == {"default-rename", "flagged-rename", "default-soft-delete", "flagged-soft-delete", "rehire"}
    assert set(not_passed(report)) == skipped
    assert by_id["match"].verdict is Verdict.PASSED
    assert server.stores == {"Users": {}, "Groups": {}}


@pytest.mark.rule("WIRE-134", "SRV-001")
def test_an_endpoint_that_takes_any_token_is_told(walk: Walk) -> None:
    class Open(TinyScim):
        def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
            return super().__call__({**environ, "HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}, start_response)

    report = walk(Open())
    (finding,) = next(result.findings for result in report.results if result.check_id == "sign-in")
    assert finding.severity is Severity.LOSES
    assert finding.what == "A wrong token is accepted: anybody can read and change accounts."


def test_wrong_credentials_block_everything_and_say_so() -> None:
    class Refuses(TinyScim):
        def screen(self, environ: dict[str, Any]) -> None:
            raise tiny_scim.Refused(401)

    report = runner_of(endpoint_of(Refuses())).walk()
    (finding,) = report.results[0].findings
    assert "401" in finding.what
    assert finding.fix.startswith("Check the token")
    assert report.count(Verdict.BLOCKED) == len(report.results) - 1


def test_waiting_ends_with_the_first_answer_or_with_a_sentence() -> None:
    sleeps: list[float] = []
    server = TinyScim()

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        environ["entra_sim.cut"] = len(sleeps) < 3
        return server(environ, start_response)

    runner = runner_of(endpoint_of(app), monotonic=lambda: float(len(sleeps)))
    runner._pause = sleeps.append
    runner.wait_for_answer(60)
    assert len(sleeps) == 3
    sleeps.clear()
    with pytest.raises(StateConflict, match=r"did not answer within 2 s.*wait longer with --wait"):
        runner.wait_for_answer(2)


def test_servers_that_say_nonsense_are_judged_not_crashed_on(walk: Walk) -> None:
    bodies = [b"", b"<html>", b"[]", b'{"Resources": 7, "totalResults": 0}', b'{"schemas": "x", "totalResults": []}']
    for body in bodies:

        def app(_environ: dict[str, Any], start_response: Any, body: bytes = body) -> list[bytes]:
            start_response("200 OK", [("Content-Type", "text/html")])
            return [body]

        report = walk(app)
        assert report.verdicts[0].word == "breaks"
        assert "cannot read (" not in " ".join(result.why for result in report.results)
