"""`entra-sim check` as a user runs it: over HTTP, with every report and option."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import tiny_scim
from click.testing import CliRunner
from click.testing import Result
from tiny_scim import TOKEN
from tiny_scim import TinyScim

from entra_sim.cli import root
from entra_sim.scenarios.serving import Server
from entra_sim.simulator.errors import UserInputError

ROOT = Path(__file__).resolve().parents[2]


class Served:
    def __init__(self, app: TinyScim) -> None:
        self.app = app
        self.server = Server(app)
        self.url = f"{self.server.url}/scim"


@pytest.fixture
def broken() -> Iterator[Served]:
    served = Served(tiny_scim.CaseSensitiveUserName())
    yield served
    served.server.close()


def check(url: str, *words: str, environment: dict[str, str] | None = None) -> Result:
    env = {"ENTRA_SIM_TOKEN": TOKEN, "GITHUB_ACTIONS": "", **(environment or {})}
    return CliRunner().invoke(root, ["check", "--url", url, "--no-load", "--no-groups", *words], env=env)


def test_the_text_tells_what_was_sent_what_came_back_and_what_to_do(broken: Served) -> None:
    result = check(broken.url)
    assert result.exit_code == 1
    text = result.output
    assert "FAILED    Match in other case: userName is compared without case  [match-other-case]" in text
    assert "  breaks provisioning: The lookup by userName in capitals found nothing" in text
    assert "    sent   GET /scim/Users?filter=userName+eq+%22ENTRA-SIM-CHECK-" in text
    assert '    got    200 application/scim+json\n           {"schemas": ' in text
    assert "    needs  the same hit in capitals" in text
    assert "    fix    Compare userName without regard to case" in text
    assert "    rules  SRV-032, WIRE-140" in text
    assert "default dialect  does not work (1 breaking)" in text
    assert "groups           not checked (--no-groups)" in text
    assert TOKEN not in text
    assert broken.app.stores == {"Users": {}, "Groups": {}}


def test_reports_are_written_and_hold_no_secret(broken: Served, tmp_path: Path) -> None:
    page, junit = tmp_path / "out" / "check.html", tmp_path / "check.xml"
    result = check(f"{broken.url}?key=very-secret-key-123", "--report", str(page), "--junit", str(junit), "--json")
    document = json.loads(result.stdout)
    assert document["verdicts"]["default dialect"]["word"] == "breaks"
    failed = [item for item in document["checks"] if item["verdict"] == "failed"]
    assert {item["id"] for item in failed if not item["id"].startswith("validator-")} == {"match-other-case"}
    html = page.read_text(encoding="utf-8")
    assert "Match in other case" in html
    assert "<script" not in html
    assert "src=" not in html
    suites = ElementTree.parse(junit).getroot()
    failures = [case.get("name") for case in suites.iter("testcase") if case.find("failure") is not None]
    assert failures == ["match-other-case"]
    assert int(suites.get("tests", "0")) == len(document["checks"])
    for text in (result.stdout, html, junit.read_text(encoding="utf-8")):
        assert TOKEN not in text
        assert "very-secret-key-123" not in text


def test_a_cosmetic_finding_does_not_fail_by_default() -> None:
    class NumberStatus(TinyScim):
        def answer(self, method: str, path: str, query: dict[str, str], body: dict[str, Any]) -> Any:
            try:
                return super().answer(method, path, query, body)
            except tiny_scim.Refused as refused:
                return refused.status, {"schemas": [tiny_scim.ERROR], "status": refused.status}

    served = Served(NumberStatus())
    try:
        assert check(served.url).exit_code == 0
        assert check(served.url, "--fail-on", "cosmetic").exit_code == 1
    finally:
        served.server.close()


def test_annotations_come_where_the_runner_reads_them(broken: Served) -> None:
    line = (
        "::error title=Match in other case%3A userName is compared without case [match-other-case]::breaks provisioning"
    )
    assert line in check(broken.url, environment={"GITHUB_ACTIONS": "true"}).output
    assert "::error" not in check(broken.url).output
    assert line in check(broken.url, "--annotations").output


def test_accepted_deviations_come_from_a_file(broken: Served, tmp_path: Path) -> None:
    accepted = tmp_path / "accepted.yaml"
    accepted.write_text(
        "- check: match-other-case\n  reason: fixed in release 7\n  until: 2999-12-31\n", encoding="utf-8"
    )
    result = check(broken.url, "--accept", str(accepted))
    assert result.exit_code == 0, result.output
    assert "accepted: fixed in release 7 (until 2999-12-31)" in result.output


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "- check: match-other-cas\n  reason: x\n  until: 2027-01-01\n",
            ":1: there is no check 'match-other-cas'; did",
        ),
        ("- check: match\n  reason: x\n", ":1: 'until' is missing"),
        ("- check: match\n  reason: x\n  until: soon\n", ":3: 'until' is a date like 2027-01-31"),
        ("- check: match\n  reason: x\n  until: 2027-01-01\n  who: me\n", ":4: there is no 'who'"),
        ("check: match\n", ":1: write a list of entries"),
        ("- [", ":1:4: this is no YAML"),
    ],
)
def test_a_wrong_file_of_accepted_deviations_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    accepted = tmp_path / "accepted.yaml"
    accepted.write_text(text, encoding="utf-8")
    result = check("http://127.0.0.1:9/scim", "--accept", str(accepted))
    assert isinstance(result.exception, UserInputError)
    assert message in str(result.exception)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--domain", "nonsense"], "--domain nonsense: write a domain"),
        (["--schema", "missing.json"], "missing.json cannot be read"),
        (["--wait", "soon"], "'soon' is no span of time"),
        (["--token-file", "missing.txt"], "missing.txt cannot be read"),
        (["--ca-file", "missing.pem"], "missing.pem"),
    ],
)
def test_wrong_options_are_one_sentence(words: list[str], message: str) -> None:
    result = check("http://127.0.0.1:9/scim", *words)
    assert isinstance(result.exception, UserInputError)
    assert message in str(result.exception)


def test_a_target_that_is_down_is_told_in_one_finding() -> None:
    result = check("http://127.0.0.1:9/scim")
    assert result.exit_code == 1
    assert result.output.count("breaks provisioning:") == 1
    assert "No connection to the endpoint could be made." in result.output


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_does_not_wait_for_an_endpoint_that_hangs_and_still_tidies_up() -> None:
    released = threading.Event()

    class Hangs(TinyScim):
        def screen(self, environ: dict[str, Any]) -> None:
            if len(self.requests) == 60:
                process.send_signal(signal.SIGINT)
                released.wait(30)

    served = Served(Hangs())
    words = [sys.executable, "-m", "entra_sim.cli", "check", "--url", served.url, "--no-load"]
    env = {**os.environ, "ENTRA_SIM_TOKEN": TOKEN}
    process = subprocess.Popen(words, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    began = time.monotonic()
    _out, err = process.communicate(timeout=30)
    took = time.monotonic() - began
    released.set()
    served.server.close()
    assert process.returncode == 130
    assert "Stopped. What was made has been removed." in err
    assert "Traceback" not in err
    assert took < 20
    left = served.app.stores["Users"]
    assert len(left) <= 1, "only what the hanging request itself still makes may stay"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_takes_away_what_was_made_and_exits_with_130() -> None:
    class Slow(TinyScim):
        def screen(self, environ: dict[str, Any]) -> None:
            if len(self.requests) == 60:
                process.send_signal(signal.SIGINT)

    served = Served(Slow())
    words = [sys.executable, "-m", "entra_sim.cli", "check", "--url", served.url, "--no-load"]
    env = {**os.environ, "ENTRA_SIM_TOKEN": TOKEN}
    process = subprocess.Popen(words, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    began = time.monotonic()
    _out, err = process.communicate(timeout=30)
    took = time.monotonic() - began
    served.server.close()
    assert process.returncode == 130
    assert "Stopped. What was made has been removed." in err
    assert "Traceback" not in err
    assert served.app.stores == {"Users": {}, "Groups": {}}
    assert took < 20
