"""Servers with one defect each: the check names it, says how bad it is, and takes away what it made."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
import tiny_scim
from check_walk import endpoint_of
from check_walk import runner_of
from tiny_scim import TinyScim

from entra_sim.scenarios.serving import Server
from entra_sim.simulator.checking.results import CheckReport
from entra_sim.simulator.checking.results import Severity
from entra_sim.simulator.checking.results import Track
from entra_sim.simulator.checking.results import Verdict

BREAKS, LOSES, COSMETIC = Severity.BREAKS, Severity.LOSES, Severity.COSMETIC

Walk = Callable[..., CheckReport]


@cache
def walked(kind: type[TinyScim]) -> tuple[TinyScim, CheckReport]:
    """Return a server of this kind and the report on it; one walk serves all tests."""
    server = kind()
    return server, runner_of(endpoint_of(server)).walk()


def failed(report: CheckReport) -> dict[str, tuple[Severity, ...]]:
    """Return the ids of the checks that failed, with the severities found, the validator's own tests left out."""
    return {
        result.check_id: tuple(finding.severity for finding in result.findings)
        for result in report.results
        if result.findings and not result.check_id.startswith("validator-")
    }


def words(report: CheckReport) -> dict[Track, str]:
    return {verdict.track: verdict.word for verdict in report.verdicts}


def test_a_server_that_does_everything_passes_everything(walk: Walk) -> None:
    server = TinyScim()
    report = walk(server)
    assert failed(report) == {}
    assert [result.check_id for result in report.results if result.verdict is not Verdict.PASSED] == []
    assert set(words(report).values()) == {"works"}
    assert server.stores == {"Users": {}, "Groups": {}}
    assert report.leftovers == ()


DEFECTS = [
    pytest.param(
        tiny_scim.HidesActive,
        {"create-minimal": (BREAKS,), "default-disable": (BREAKS,), "flagged-disable": (BREAKS,)},
        "active does not come back",
        "ENG-153",
        id="hides active",
        marks=pytest.mark.rule("ENG-153", "WIRE-037", "SRV-011"),
    ),
    pytest.param(
        tiny_scim.NotFoundOnMiss,
        {"connect": (BREAKS,)},
        "404",
        "WIRE-031",
        id="404 on a miss",
        marks=pytest.mark.rule("WIRE-031", "WIRE-138", "SRV-030"),
    ),
    pytest.param(
        tiny_scim.KeepsTextBooleans,
        {"default-disable": (LOSES,)},
        'active comes back as the text "False"',
        "QRK-02",
        id="keeps text booleans",
        marks=pytest.mark.rule("QRK-02", "SRV-012", "WIRE-090"),
    ),
    pytest.param(
        tiny_scim.ReformatsPhones,
        {"create-full": (LOSES,)},
        "comes back as '+12065550100', not as '+1 (206) 555-0100'",
        "SRV-012",
        id="reformats phone numbers",
        marks=pytest.mark.rule("WIRE-140", "SRV-012"),
    ),
    pytest.param(
        tiny_scim.CaseSensitiveUserName,
        {"match-other-case": (BREAKS,)},
        "in capitals found nothing",
        "SRV-032",
        id="compares userName with case",
        marks=pytest.mark.rule("SRV-032", "SRV-013"),
    ),
    pytest.param(
        tiny_scim.ReplacesListOnAdd,
        {"group-add-default": (LOSES,), "group-add-flagged": (LOSES,)},
        "After two more were added, 1 of the 3 members are gone",
        "WIRE-105",
        id="replaces the list on add",
        marks=pytest.mark.rule("WIRE-105", "WIRE-106", "SRV-045"),
    ),
    pytest.param(
        tiny_scim.EmptiesGroupOnRemove,
        {"group-remove-default": (LOSES,)},
        "3 of the 3 members are gone (the group is empty)",
        "WIRE-107",
        id="empties the group on remove",
        marks=pytest.mark.rule("WIRE-107", "QRK-10", "SRV-048"),
    ),
    pytest.param(
        tiny_scim.HidesDisabled,
        {"disabled-found": (BREAKS,)},
        "The lookup of a disabled person found nothing",
        "SRV-020",
        id="hides disabled people",
        marks=pytest.mark.rule("SRV-020", "ENG-169"),
    ),
    pytest.param(
        tiny_scim.TakesKeysForNames,
        {"flagged-replace-name": (LOSES,), "flagged-replace-extension": (LOSES,)},
        "name.givenName comes back as 'Ada', not as 'Grace'",
        "QRK-07",
        id="takes keys for names",
        marks=pytest.mark.rule("QRK-07", "QRK-08", "WIRE-070"),
    ),
    pytest.param(
        tiny_scim.ShortLists,
        {"create-full": (LOSES,)},
        "is sent again by the next evaluation, in which the object is found by the lookup: patched for ever",
        "WIRE-054",
        id="shows less in lists",
        marks=pytest.mark.rule("ENG-153", "WIRE-037"),
    ),
    pytest.param(
        tiny_scim.AllowsDoubles,
        {"duplicate": (BREAKS,), "group-duplicate": (LOSES,)},
        "A second user with the same userName was created",
        "SRV-013",
        id="allows doubles",
        marks=pytest.mark.rule("SRV-013", "SRV-040"),
    ),
    pytest.param(
        tiny_scim.OnlyDisablesOnDelete,
        {"delete": (BREAKS,)},
        "The deleted object is read with 200, not with 404",
        "SRV-050",
        id="only disables on delete",
        marks=pytest.mark.rule("SRV-050", "WIRE-098"),
    ),
]


@pytest.mark.parametrize(("kind", "expected", "sentence", "rule"), DEFECTS)
def test_the_check_names_the_defect(
    kind: type[TinyScim], expected: dict[str, tuple[Severity, ...]], sentence: str, rule: str
) -> None:
    server, report = walked(kind)
    found = failed(report)
    assert {name: found.get(name) for name in expected} == expected
    told = [finding for result in report.results for finding in result.findings if sentence in finding.what]
    assert told, [finding.what for result in report.results for finding in result.findings]
    assert any(rule in finding.rules for finding in told) or rule in told[0].needs
    assert all(finding.sent and finding.got and finding.needs and finding.fix for finding in told)
    if kind is not tiny_scim.OnlyDisablesOnDelete:
        assert server.stores == {"Users": {}, "Groups": {}}


UNRELATED = [
    (tiny_scim.KeepsTextBooleans, {"default-disable", "default-enable", "default-soft-delete"}),
    (tiny_scim.ReformatsPhones, {"create-full", "default-replace-typed", "flagged-replace-typed"}),
    (tiny_scim.CaseSensitiveUserName, {"match-other-case"}),
    (tiny_scim.EmptiesGroupOnRemove, {"group-remove-default"}),
    (tiny_scim.AllowsDoubles, {"duplicate", "group-duplicate"}),
]


@pytest.mark.parametrize(("kind", "allowed"), UNRELATED, ids=lambda value: getattr(value, "__name__", ""))
def test_one_defect_is_not_told_by_checks_it_has_nothing_to_do_with(kind: type[TinyScim], allowed: set[str]) -> None:
    assert set(failed(walked(kind)[1])) <= allowed


@pytest.mark.rule("ENG-162", "ENG-165")
def test_an_endpoint_that_ignores_the_filter_is_found_out_before_anything_is_written_to_strangers(walk: Walk) -> None:
    server = tiny_scim.IgnoresFilter()
    stranger = {"id": "real", "userName": "ada@customer.example", "active": True, "displayName": "Ada"}
    server.stores["Users"]["real"] = dict(stranger)
    report = walk(server)
    assert failed(report)["connect"] == (BREAKS,)
    assert server.stores["Users"] == {"real": stranger}
    assert not [request for request in server.requests if request[0] != "GET"]
    blocked = [result for result in report.results if result.verdict is Verdict.BLOCKED]
    assert len(blocked) > 60
    assert all(
        "an earlier step failed: Test connection" in result.why or "an earlier" in result.why for result in blocked
    )


def test_an_empty_endpoint_that_ignores_the_filter_is_found_out_by_its_own_people() -> None:
    _server, report = walked(tiny_scim.IgnoresFilter)
    (finding,) = next(result.findings for result in report.results if result.check_id == "create-full")
    assert finding.severity is BREAKS
    assert "the filter is ignored" in finding.what
    assert finding.fix.startswith("Apply the filter")
    assert words(report)[Track.DEFAULT] == "breaks"


@pytest.mark.rule("WIRE-012", "WIRE-013", "SRV-002")
def test_a_firewall_that_demands_a_user_agent_is_told_from_wrong_credentials(walk: Walk) -> None:
    server = Server(tiny_scim.DemandsUserAgent())
    try:
        report = walk(f"{server.url}/scim")
    finally:
        server.close()
    (finding,) = report.results[0].findings
    assert finding.what == "Without User-Agent and Accept the lookup is refused with 403, with both it succeeds."
    assert "User-Agent" in finding.fix
    assert words(report) == {Track.DEFAULT: "breaks", Track.FLAGGED: "breaks", Track.GROUPS: "breaks"}


def test_verdicts_tell_the_dialects_apart() -> None:
    _server, text_only = walked(tiny_scim.KeepsTextBooleans)
    assert words(text_only) == {Track.DEFAULT: "loses", Track.FLAGGED: "works", Track.GROUPS: "works"}
    _server, keys = walked(tiny_scim.TakesKeysForNames)
    assert (words(keys)[Track.DEFAULT], words(keys)[Track.FLAGGED]) == ("works", "loses")
    _server, groups = walked(tiny_scim.EmptiesGroupOnRemove)
    assert words(groups) == {Track.DEFAULT: "works", Track.FLAGGED: "works", Track.GROUPS: "loses"}
