"""What a run is told as."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from entra_sim.scenarios.loader import read_scenario
from entra_sim.scenarios.outcome import ScenarioOutcome
from entra_sim.scenarios.recorder import pretty
from entra_sim.scenarios.reports.junit import junit_xml
from entra_sim.scenarios.reports.machine import as_json
from entra_sim.scenarios.reports.page import html_page
from entra_sim.scenarios.reports.text import details
from entra_sim.scenarios.reports.text import headline
from entra_sim.scenarios.reports.text import summary
from entra_sim.scenarios.runner import run
from entra_sim.scenarios.transcript import difference

STORY = """\
scenario: %s
tenant:
  users: [{userPrincipalName: ada@contoso.example, displayName: "Ada <b>&amp;</b> \\x01"}]
application: {assign: [ada@contoso.example]}
steps:
  - start provisioning
  - advance: 40m
  - expect: {target users: [{userName: ada@contoso.example, active: %s}]}
"""


@pytest.fixture(scope="module")
def outcomes() -> list[ScenarioOutcome]:
    stories = (("It passes", "true"), ("It <fails>", "false"))
    return [
        run(read_scenario(STORY % story, path=Path(f"s/story{n}.yaml"), shown_path=f"s/story{n}.yaml"))
        for n, story in enumerate(stories)
    ]


def test_junit_xml_counts_and_names_what_failed(outcomes: list[ScenarioOutcome]) -> None:
    root = ElementTree.fromstring(junit_xml(outcomes))
    suite = root.find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "0")
    cases = suite.findall("testcase")
    assert [case.get("name") for case in cases] == ["story0", "story1"]
    failure = cases[1].find("failure")
    assert failure is not None
    assert "s/story1.yaml:8:61" in str(failure.get("message"))
    assert "expected: false" in str(failure.text)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_needs_nothing_else_and_shows_the_timeline(outcomes: list[ScenarioOutcome]) -> None:
    text = html_page(outcomes, 0.5)
    page = _Page()
    page.feed(text)
    assert all(address.startswith("#") for address in page.addresses)
    assert not {"script", "link", "iframe", "img"} & page.tags
    assert "@import" not in text
    assert "url(" not in text
    for words in ("It <fails>", "POST {target}/Users", "Create / Success  ada@contoso.example", "+ 40 min"):
        assert words in page.text, words
    assert "<fails>" not in text
    assert "What Tapt holds at the end" in page.text


def test_json_is_json(outcomes: list[ScenarioOutcome]) -> None:
    document = json.loads(json.dumps(as_json(outcomes, 1, 0.5)))
    assert (document["passed"], document["failed"], document["exitCode"]) == (1, 1, 1)
    assert document["scenarios"][1]["failure"]["expected"] == "false"
    assert document["scenarios"][0]["target"][0]["user_name"] == "ada@contoso.example"
    assert {event["kind"] for event in document["scenarios"][0]["events"]} >= {"step", "request", "log", "target"}


def test_the_terminal_says_where_and_what(outcomes: list[ScenarioOutcome]) -> None:
    assert re.fullmatch(r"ok      It passes  \(\d+\.\d\d s, simulated 40 min\)", headline(outcomes[0]))
    lines = details(outcomes[1])
    assert lines[0] == "  s/story1.yaml:8:61: target users[0].active is not as expected"
    assert lines[1:3] == ["    expected: false", "    actual:   true"]
    assert summary(outcomes, 3, 1.0) == "3 scenarios: 1 passed, 1 failed, 1 not run in 1.00 s"


def test_a_transcript_difference_is_a_short_diff() -> None:
    assert difference("a\nb\n", "a\nb\n") == ()
    assert difference("a\nb\n", "a\nc\n")[-2:] == ("-b", "+c")


def test_json_is_printed_compactly_and_in_order() -> None:
    assert pretty({"b": 1, "a": [1, 2]}) == ['{"b": 1, "a": [1, 2]}']
    assert pretty({"long": ["x" * 60, "y" * 60]}) == [
        "{",
        '  "long": [',
        f'    "{"x" * 60}",',
        f'    "{"y" * 60}"',
        "  ]",
        "}",
    ]
