"""`entra-sim sync` as a user runs it, into mock Tapt over HTTP."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sync_target import PEOPLE
from sync_target import TOKEN
from sync_target import Target
from sync_target import document

from entra_sim.mock_tapt.faults import Fault
from entra_sim.scenarios.serving import Server
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.service.instance import FolderLock
from entra_sim.simulator.service.schemas import template_schema
from entra_sim.simulator.service.syncing import target_folder

ROOT = Path(__file__).resolve().parents[2]
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
Sync = Callable[..., Result]


def edit(files: Path, old: str, new: str) -> None:
    path = files / "users.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def append(files: Path, line: str) -> None:
    path = files / "users.csv"
    path.write_text(path.read_text(encoding="utf-8") + line, encoding="utf-8")


@pytest.mark.rule("ENG-150", "ENG-220", "WIRE-038", "WIRE-039")
def test_the_first_run_creates_and_the_second_sends_nothing(sync: Sync, target: Target) -> None:
    result = sync("--json")
    assert result.exit_code == 0, result.output
    counts = document(result)["counts"]
    assert (counts["create"], counts["skip"], counts["fail"]) == (4, 1, 0)
    users = target.users()
    assert set(users) == {"ada@contoso.example", "bo@contoso.example", "cy@contoso.example"}
    assert users["bo@contoso.example"][ENTERPRISE]["manager"]["value"] == users["ada@contoso.example"]["id"]
    assert target.groups() == {"Sales team": {"bo@contoso.example", "cy@contoso.example"}}
    target.requests()
    assert sync().exit_code == 0
    assert target.requests() == []


@pytest.mark.rule("ENG-151", "ENG-153", "WIRE-035")
def test_a_later_run_sends_differences_only(sync: Sync, target: Target, files: Path) -> None:
    sync()
    target.requests()
    edit(files, "Cy Orr,Sales", "Cy Orr,Legal")
    result = sync()
    assert result.exit_code == 0
    assert "0 created, 1 updated, 0 disabled" in result.output
    cy = target.users()["cy@contoso.example"]
    assert cy[ENTERPRISE]["department"] == "Legal"
    writes = [request for request in target.requests() if request[0] != "GET"]
    assert writes == [("PATCH", f"/Users/{cy['id']}")]


def test_a_dry_run_prints_the_plan_reads_and_never_writes(
    sync: Sync, target: Target, files: Path, tmp_path: Path
) -> None:
    sync()
    edit(files, "Cy Orr,Sales", "Cy Orr,Legal")
    edit(files, "bo@contoso.example,Bo Lind,Sales,ada@contoso.example,true\n", "")
    append(files, "ed@contoso.example,Ed Fox,Sales,ada@contoso.example,true\n")
    (files / "members.csv").write_text("group,member\nSales team,cy@contoso.example\n", encoding="utf-8")
    before = (target.users(), target.groups())
    stored = {path: path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()}
    target.requests()
    plan = document(sync("--dry-run", "--json"))
    assert {method for method, _path in target.requests()} == {"GET"}
    assert (target.users(), target.groups()) == before
    assert {path: path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()} == stored
    assert plan["writes"] == 0
    lines = {(item["action"], item["identity"]): item for item in plan["objects"]}
    assert lines["update", "cy@contoso.example"]["changes"] == [
        {"attribute": f"{ENTERPRISE}:department", "old": "Sales", "new": "Legal"}
    ]
    assert ("create", "ed@contoso.example") in lines
    manager = lines["update", "ed@contoso.example"]["changes"][0]
    assert manager["new"] == target.users()["ada@contoso.example"]["id"]
    (gone,) = [item for item in plan["objects"] if item["action"] == "disable"]
    assert {"attribute": "active", "old": "True", "new": "False"} in gone["changes"]
    done = document(sync("--json"))
    told = [sorted((item["action"], item["identity"]) for item in one["objects"]) for one in (plan, done)]
    assert told[0] == told[1]


def test_the_plan_as_text_says_old_new_and_why_skipped(sync: Sync, target: Target, files: Path, tmp_path: Path) -> None:
    result = sync("--dry-run")
    assert result.exit_code == 0
    assert "create    user ada@contoso.example\n            userName: " in result.output
    assert 'members: → "(new) bo@contoso.example"' in result.output
    assert re.search(r"skip      user di@contoso\.example: NotEffectivelyEntitled: .*not active", result.output)
    assert "Plan: would be 4 created" in result.output
    assert "nothing was written" in result.output
    assert target.users() == {}
    assert not (tmp_path / "data").exists()
    assert sync("--dry-run", "--har", str(tmp_path / "plan.har")).exit_code == 0
    entries = json.loads((tmp_path / "plan.har").read_text(encoding="utf-8"))["log"]["entries"]
    assert {entry["request"]["method"] for entry in entries} == {"GET"}
    sync()
    edit(files, "Cy Orr,Sales", "Cy Orr,Legal")
    assert f'            {ENTERPRISE}:department: "Sales" → "Legal"' in sync("--dry-run").output


@pytest.mark.rule("ENG-013", "WIRE-099", "WIRE-093")
def test_who_leaves_the_files_is_disabled_and_who_comes_back_is_enabled(
    sync: Sync, target: Target, files: Path
) -> None:
    sync()
    before = target.users()["cy@contoso.example"]["id"]
    line = "cy@contoso.example,Cy Orr,Sales,ada@contoso.example,true\n"
    edit(files, line, "")
    (files / "members.csv").write_text("group,member\nSales team,bo@contoso.example\n", encoding="utf-8")
    assert "1 disabled" in sync().output
    (gone,) = [user for user in target.users().values() if user["id"] == before]
    assert gone["active"] is False
    assert re.fullmatch(r"[0-9a-f]{32}cy@contoso\.example", gone["userName"])
    assert target.groups() == {"Sales team": {"bo@contoso.example"}}
    append(files, line)
    assert sync().exit_code == 0
    back = target.users()["cy@contoso.example"]
    assert (back["id"], back["active"]) == (before, True)


@pytest.mark.rule("ENG-020", "ENG-028")
def test_assignments_say_who_counts(sync: Sync, target: Target, files: Path, tmp_path: Path) -> None:
    table = tmp_path / "assignments.csv"
    table.write_text("principal\nada@contoso.example\n", encoding="utf-8")
    assert sync("--assignments", str(table)).exit_code == 0
    assert set(target.users()) == {"ada@contoso.example"}
    assert target.groups() == {}
    table.write_text("principal\nada@contoso.example\nSales team\n", encoding="utf-8")
    assert sync("--assignments", str(table)).exit_code == 0
    assert set(target.users()) == {"ada@contoso.example", "bo@contoso.example", "cy@contoso.example"}
    assert target.groups() == {"Sales team": {"bo@contoso.example", "cy@contoso.example"}}
    table.write_text("principal\nSales team\n", encoding="utf-8")
    sync("--assignments", str(table))
    assert {name: user["active"] for name, user in target.users().items()} == {
        "ada@contoso.example": False,
        "bo@contoso.example": True,
        "cy@contoso.example": True,
    }
    assert sync().exit_code == 0
    assert all(user["active"] for user in target.users().values())


def test_groups_can_be_left_out_and_taken_in_later(sync: Sync, target: Target) -> None:
    sync("--no-groups")
    assert target.groups() == {}
    sync()
    assert target.groups() == {}
    sync("--groups")
    assert target.groups() == {"Sales team": {"bo@contoso.example", "cy@contoso.example"}}


def test_a_schema_decides_what_is_mapped(sync: Sync, target: Target, tmp_path: Path) -> None:
    schema = template_schema("mine")
    for mapping in schema["synchronizationRules"][0]["objectMappings"]:
        mapping["attributeMappings"] = [
            row for row in mapping["attributeMappings"] if "department" not in row["targetAttributeName"]
        ]
    file = tmp_path / "schema.json"
    file.write_text(json.dumps(schema), encoding="utf-8")
    assert sync("--schema", str(file)).exit_code == 0
    assert all("department" not in user.get(ENTERPRISE, {}) for user in target.users().values())
    target.requests()
    assert sync("--schema", str(file)).exit_code == 0
    assert target.requests() == []
    file.write_text('{"synchronizationRules": 1}', encoding="utf-8")
    assert isinstance(sync("--schema", str(file)).exception, UserInputError)


@pytest.mark.rule("WIRE-010", "WIRE-011")
def test_the_har_file_holds_every_exchange_and_no_secret(sync: Sync, target: Target, tmp_path: Path) -> None:
    har = tmp_path / "out" / "run.har"
    result = sync("--har", str(har), "--json")
    text = har.read_text(encoding="utf-8")
    log = json.loads(text)["log"]
    assert log["version"] == "1.2"
    assert len(log["entries"]) == document(result)["requests"] == len(target.requests())
    methods = [entry["request"]["method"] for entry in log["entries"]]
    assert {"GET", "POST", "PATCH"} <= set(methods)
    assert TOKEN not in text
    assert f"Bearer ****{TOKEN[-4:]}" in text


def test_the_token_is_kept_nowhere(sync: Sync, tmp_path: Path) -> None:
    result = sync("--token", TOKEN)
    assert "others on this machine can see --token" in result.stderr
    for path in (tmp_path / "data").rglob("*"):
        assert path.is_dir() or TOKEN.encode() not in path.read_bytes()


@pytest.mark.rule("ENG-280", "WIRE-030")
def test_a_target_that_is_down_is_one_sentence_with_the_remedy(sync: Sync, target: Target) -> None:
    result = sync(url="http://127.0.0.1:9/scim")
    assert result.exit_code == 1
    assert result.stdout.strip() == (
        "http://127.0.0.1:9/scim cannot be provisioned into: No connection to the endpoint could be made. "
        "Check that it runs, and the address, then run again; nothing was written."
    )
    wrong = sync(token="wrong-token")
    assert wrong.exit_code == 1
    assert "Check the token, then run again" in wrong.stdout
    assert sync().exit_code == 0
    assert len(target.users()) == 3


@pytest.mark.rule("ENG-270", "WIRE-130")
def test_objects_that_fail_are_told_and_tried_again_by_the_next_run(sync: Sync, target: Target) -> None:
    target.tapt.faults.add(Fault(method="POST", path="/Users", nth=1, status=400, detail="no such plan"))
    result = sync()
    assert result.exit_code == 1
    assert re.search(r"failed    user \w+@contoso\.example: SystemForCross\w+: .*no such plan", result.output)
    assert "1 failed" in result.output
    assert "1 wait for a retry" in result.output
    assert len(target.users()) == 2
    again = sync()
    assert again.exit_code == 0, again.output
    assert "1 created" in again.output
    assert len(target.users()) == 3


@pytest.mark.rule("WIRE-002", "WIRE-091")
def test_the_flag_changes_the_dialect_and_keeps_the_links(sync: Sync, target: Target, files: Path) -> None:
    sync()
    edit(files, "Cy Orr,Sales,ada@contoso.example,true", "Cy Orr,Sales,ada@contoso.example,false")
    assert sync(url=f"{target.url}?aadOptscim062020").exit_code == 0
    patch = next(item for item in reversed(target.tapt.journal.exchanges()) if item.method == "PATCH")
    assert json.loads(patch.request_body)["Operations"] == [{"op": "replace", "path": "active", "value": False}]
    assert len(target.users()) == 3


def test_two_runs_at_once_are_refused(sync: Sync, target: Target, tmp_path: Path) -> None:
    lock = FolderLock(target_folder(tmp_path / "data", TenantUrl.parse(target.url)))
    try:
        result = sync()
        assert isinstance(result.exception, StateConflict)
        assert "in use by another instance" in str(result.exception)
    finally:
        lock.release()
    assert sync().exit_code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--dry-run", "--watch"], "--dry-run looks once"),
        (["--every", "never"], "'never' is no span of time"),
        (["--set", "nonsense=1"], "there is no setting 'nonsense'"),
        (["--oauth-token-endpoint", "https://login.example/t"], "needs --oauth-client-id"),
        (["--schema", "missing.json"], "missing.json cannot be read"),
        (["--har", "/dev/null/x.har"], "cannot be written"),
    ],
)
def test_wrong_options_are_one_sentence(sync: Sync, words: list[str], message: str) -> None:
    result = sync(*words)
    assert isinstance(result.exception, UserInputError), result.output
    assert message in str(result.exception)


def test_files_that_are_wrong_change_nothing(sync: Sync, target: Target, files: Path) -> None:
    sync()
    target.requests()
    edit(files, "Cy Orr,Sales,ada@contoso.example", "Cy Orr,Sales,nobody@contoso.example")
    result = sync()
    assert isinstance(result.exception, UserInputError)
    assert "users.csv:4" in str(result.exception)
    assert target.requests() == []
    assert sync("--drop-unknown-references").exit_code == 0


@pytest.mark.rule("ENG-134")
def test_oauth_client_credentials_sign_in(sync: Sync, target: Target, tmp_path: Path) -> None:
    asked: list[bytes] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        asked.append(environ["wsgi.input"].read())
        known = b"client_secret=right" in asked[-1]
        start_response("200 OK" if known else "401 no", [("Content-Type", "application/json")])
        return [json.dumps({"access_token": TOKEN, "token_type": "Bearer"} if known else {"error": "bad"}).encode()]

    server = Server(app)
    secret = tmp_path / "secret.txt"
    words = ["--oauth-token-endpoint", f"{server.url}/token", "--oauth-client-id", "me"]
    try:
        secret.write_text("right\n", encoding="utf-8")
        assert sync(*words, "--oauth-client-secret-file", str(secret), token="").exit_code == 0
        secret.write_text("wrong", encoding="utf-8")
        refused = sync(*words, "--oauth-client-secret-file", str(secret), token="")
    finally:
        server.close()
    assert len(target.users()) == 3
    assert isinstance(refused.exception, TargetError)
    assert "The token endpoint refused the client credentials" in str(refused.exception)


class Running:
    """The command as a process of its own."""

    def __init__(self, target: Target, *words: str) -> None:
        given = [sys.executable, "-m", "entra_sim.cli", "sync", "--url", target.url, *words]
        env = {**os.environ, "ENTRA_SIM_TOKEN": TOKEN}
        self._out = tempfile.TemporaryFile()  # noqa: SIM115 - open while the process goes on, to be read then
        self.process = subprocess.Popen(given, env=env, cwd=ROOT, stdout=self._out, stderr=subprocess.PIPE, text=True)

    def printed(self) -> list[str]:
        """Return the whole lines so far; the place where the process goes on writing stays."""
        written = os.pread(self._out.fileno(), os.fstat(self._out.fileno()).st_size, 0)
        return written.decode().splitlines(keepends=True)[: written.count(b"\n")]

    def stopped(self) -> tuple[str, str, float]:
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        _, err = self.process.communicate(timeout=20)
        seconds = time.monotonic() - began
        out = "".join(self.printed())
        self._out.close()
        return out, err, seconds


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    pause = threading.Event()
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        pause.wait(0.02)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.rule("ENG-156")
def test_ctrl_c_stops_cleanly_and_a_second_run_continues(sync: Sync, target: Target, tmp_path: Path) -> None:
    names = [f"user{number:03d}@contoso.example" for number in range(400)]
    big = tmp_path / "big.csv"
    lines = "".join(f"{name},{name}\n" for name in names)
    big.write_text(f"userPrincipalName,displayName\n{lines}", encoding="utf-8")
    running = Running(target, str(big), "--data", str(tmp_path / "data"))
    until(lambda: len(target.tapt.users()) > 20)
    _out, err, seconds = running.stopped()
    assert running.process.returncode == 130
    assert "Stopped. What was done is recorded; the same command continues." in err
    assert "Traceback" not in err
    assert seconds < 10
    done = len(target.users())
    assert 20 < done < 400
    target.requests()
    assert sync(paths=(str(big),)).exit_code == 0
    assert sorted(target.users()) == names
    posts = [request for request in target.requests() if request[0] == "POST"]
    assert len(posts) == 400 - done


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("workers", ["1", "4"])
def test_ctrl_c_does_not_wait_for_a_target_that_hangs(
    target: Target, files: Path, tmp_path: Path, workers: str
) -> None:
    hanging, released = threading.Event(), threading.Event()

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] == "POST" and not released.is_set():
            hanging.set()
            released.wait(30)
        return target.tapt.wsgi(environ, start_response)

    server = Server(app)
    place = ["--data", str(tmp_path / "data"), "--url", f"{server.url}/scim/v2"]
    running = Running(target, str(files), *place, "--workers", workers)
    assert hanging.wait(20)
    _out, err, seconds = running.stopped()
    released.set()
    server.close()
    assert running.process.returncode == 130
    assert "the same command continues" in err
    assert "Traceback" not in err
    assert seconds < 10  # the target would hang for 30


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.rule("ENG-124")
def test_watch_reads_the_files_anew_before_each_cycle(target: Target, files: Path, tmp_path: Path) -> None:
    running = Running(target, str(files), "--data", str(tmp_path / "data"), "--every", "1s", "--json")
    until(lambda: len(running.printed()) > 0)
    assert len(target.tapt.users()) == 3
    (files / "users.csv").write_text(PEOPLE.replace("Cy Orr,Sales", "Cy Orr,Legal"), encoding="utf-8")
    until(lambda: any(json.loads(line)["counts"]["update"] for line in running.printed()[1:]))
    assert (target.tapt.user("cy@contoso.example") or {}).get(ENTERPRISE, {}).get("department") == "Legal"
    (files / "users.csv").write_text("half a file", encoding="utf-8")
    out, err, seconds = running.stopped()
    assert running.process.returncode == 130
    assert seconds < 10
    assert "Traceback" not in err
    cycles = [json.loads(line) for line in out.splitlines()]
    assert cycles[0]["counts"]["create"] == 4
    assert any(cycle["counts"]["update"] == 1 for cycle in cycles[1:])
